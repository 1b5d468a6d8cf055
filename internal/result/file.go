package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrWrite means that a result could not be written to its file.
var ErrWrite = errors.New("the result cannot be written")

// File is a result on disk. It is replaced as a whole, so that at any moment what
// lies there is a valid document: of a run that was killed, the last that was
// written, which says that it is not complete.
type File struct{ path string }

// Create makes sure that a result can be written to that path, and leaves what
// is there alone until the first Write.
func Create(path string) (*File, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: no file is named", ErrWrite)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrWrite, path)
	}
	f, err := temporary(path)
	if err != nil {
		return nil, fmt.Errorf("%w to %s: %w: give a file in a directory that is there and may be written", ErrWrite, path, err)
	}
	return &File{path}, errors.Join(f.Close(), os.Remove(f.Name()))
}

func temporary(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
}

// Write replaces the document. If that fails the last one is still there.
func (f *File) Write(r Result) error {
	if err := f.replace(r); err != nil {
		return fmt.Errorf("%w: %w", ErrWrite, err)
	}
	return nil
}

func (f *File) replace(r Result) error {
	tmp, err := temporary(f.path)
	if err != nil {
		return err
	}
	err = r.Encode(tmp)
	if err == nil {
		err = tmp.Sync()
	}
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// MaxFile is the size in bytes of the largest result that is read.
const MaxFile = 256 << 20

// ReadFile reads a result that bench wrote, also an older or a newer one: fields
// that are not known are left out.
func ReadFile(path string) (Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return Result{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return Result{}, err
	}
	r, err := parse(data)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func parse(data []byte) (r Result, err error) {
	if len(data) > MaxFile {
		return r, fmt.Errorf("is larger than %d MiB, which no result is", MaxFile>>20)
	}
	if err := json.Unmarshal(bytes.TrimSpace(data), &r); err != nil {
		return r, fmt.Errorf("is no result of bench (give a file of --result-file or -o json): %w", err)
	}
	if r.Schema != Schema {
		return r, fmt.Errorf("has the schema %q, and %s is read", r.Schema, Schema)
	}
	return r, nil
}

// Encode writes the document as indented JSON.
func (r Result) Encode(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
