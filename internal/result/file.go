package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// File is a result on disk.
type File struct{ out *Output }

// Create makes sure that a result can be written to that path, as NewOutput does.
func Create(path string) (*File, error) {
	out, err := NewOutput(path)
	if err != nil {
		return nil, err
	}
	return &File{out}, nil
}

// Write replaces the document.
func (f *File) Write(r Result) error {
	var b bytes.Buffer
	if err := r.Encode(&b); err != nil {
		return fmt.Errorf("%w: %w", ErrWrite, err)
	}
	return f.out.Write(b.Bytes())
}

// MaxFile is the size in bytes of the largest result that is read.
const MaxFile = 256 << 20

// ReadFile reads a result of bench, even of an older or newer release: it ignores unknown
// fields.
func ReadFile(path string) (Result, error) {
	data, err := readFile(path)
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
		return r, fmt.Errorf("is larger than %d MiB, and no result is so large", MaxFile>>20)
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
