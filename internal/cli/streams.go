package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams are where a command reads and writes. Results go to Out; errors,
// hints, logs and live figures go to Err.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// IsTerminal says that Err is a terminal, where a line may be redrawn.
	IsTerminal bool
}

// SystemStreams are the streams of the process.
func SystemStreams() Streams {
	return Streams{
		In:         os.Stdin,
		Out:        os.Stdout,
		Err:        os.Stderr,
		IsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
}
