package result

import "github.com/podnet/podnet/internal/outfile"

// Output is a file that the user named, which each Write replaces as a whole.
type Output = outfile.File

// ErrWrite means that a result could not be written to its file.
var ErrWrite = outfile.ErrWrite

// NewOutput makes sure that the file can be written.
func NewOutput(path string) (*Output, error) { return outfile.New(path) }
