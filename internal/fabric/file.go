package fabric

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/podnet/podnet/internal/outfile"
)

// FileState is a State in a file: the head, and then the entries, one per line. An entry
// is appended, so that a run of N nodes does not write N rounds N times. The line
// that a killed coordinator did not finish is ignored, and cut off.
type FileState struct {
	path string
	end  int64 // where the next line begins
}

// NewFileState keeps the state in the file of that name, which need not be there yet.
func NewFileState(path string) *FileState { return &FileState{path: path} }

// maxState is the size of the largest state that is read, in bytes.
const maxState = 512 << 20

// Load implements State. A file that is not a state is an error, and is left alone.
func (s *FileState) Load() (*Saved, error) {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxState {
		return nil, fmt.Errorf("%s: is no regular file, or larger than %d MiB, which no state is: name another file", s.path, maxState>>20)
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	saved, end, err := parseState(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: name another file, or remove it to begin a new run", s.path, err)
	}
	s.end = int64(end)
	return saved, nil
}

// parseState reads the lines that are whole; nil: there is none. It says where they end.
func parseState(data []byte) (saved *Saved, end int, err error) {
	for n := 1; ; n++ {
		line, _, whole := bytes.Cut(data[end:], []byte("\n"))
		if !whole {
			return saved, end, nil
		}
		var into any
		if saved == nil {
			saved = &Saved{}
			into = &saved.Head
		} else {
			saved.Entries = append(saved.Entries, Entry{})
			into = &saved.Entries[len(saved.Entries)-1]
		}
		if err := json.Unmarshal(line, into); err != nil {
			return nil, 0, fmt.Errorf("line %d is not of a fabric run's state: %w", n, err)
		}
		if saved.Head.Run == "" {
			return nil, 0, fmt.Errorf("line %d is not the head of a fabric run's state", n)
		}
		end += len(line) + 1
	}
}

// Begin implements State. It replaces the file as a whole.
func (s *FileState) Begin(h Head) error {
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f, err := outfile.New(s.path)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if err := f.Write(line); err != nil {
		return err
	}
	s.end = int64(len(line))
	return nil
}

// Append implements State.
func (s *FileState) Append(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	err = f.Truncate(s.end) // what a failed attempt left
	if err == nil {
		_, err = f.WriteAt(line, s.end)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		s.end += int64(len(line))
	}
	return err
}
