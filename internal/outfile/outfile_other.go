//go:build !unix

// Package outfile writes files that the user named, each as a whole.
package outfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrWrite means that the text could not be written to its file.
var ErrWrite = errors.New("the output cannot be written")

// File is a file that the user named for us to write.
type File struct{ path string }

// New takes a file as it is, or a name that no file has yet.
func New(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w to %q: it is not a regular file", ErrWrite, path)
	}
	return &File{path}, nil
}

// Write replaces the file's text.
func (f *File) Write(text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(f.path), ".podnet-*")
	if err != nil {
		return fmt.Errorf("%w to %q: %w", ErrWrite, f.path, err)
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("%w to %q: %w", ErrWrite, f.path, errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}
