package measure

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/kube"
)

// configMaps is the part of kube.Client that a state needs.
type configMaps interface {
	ConfigMapData(ctx context.Context, name string) (map[string]string, error)
	ApplyConfigMap(ctx context.Context, name string, data map[string]string) error
}

var _ configMaps = (*kube.Client)(nil)

// configMapState keeps a fabric run's state in a ConfigMap. There the next coordinator
// finds it, on whatever node that pod is.
type configMapState struct {
	client configMaps
	name   string
	lines  []byte // JSON: the head, and the entries
	full   bool   // later entries are kept without their figures
}

var _ fabric.State = (*configMapState)(nil)

// stateKey is the key of the state: lines of JSON, by gzip and base64.
const stateKey = "state"

// stateTimeout is how long the API may take to write a round. All pods wait meanwhile.
const stateTimeout = 5 * time.Second

// maxStateData is how many bytes of the ConfigMap the state may take while it has
// figures. The rest is for later rounds, which are kept without figures. maxStateLines is
// how many bytes a state may unpack to.
const (
	maxStateData  = kube.MaxData - 64<<10
	maxStateLines = 256 << 20
)

var newline = []byte("\n")

// Load implements fabric.State.
func (s *configMapState) Load() (*fabric.Saved, error) {
	ctx, cancel := context.WithTimeout(context.Background(), announceTimeout)
	defer cancel()
	data, err := s.client.ConfigMapData(ctx, s.name)
	if refused, ok := errors.AsType[*kube.StatusError](err); ok && refused.Code == http.StatusNotFound {
		return nil, nil
	}
	if err != nil || data[stateKey] == "" {
		return nil, err
	}
	lines, err := unpackState(data[stateKey])
	if err != nil {
		return nil, fmt.Errorf("ConfigMap %s: %w: delete it to begin a new run", s.name, err)
	}
	saved, err := parseState(lines)
	if err != nil {
		return nil, fmt.Errorf("ConfigMap %s: %w: delete it to begin a new run", s.name, err)
	}
	s.lines = lines
	return saved, nil
}

// Begin implements fabric.State.
func (s *configMapState) Begin(h fabric.Head) error {
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	s.lines, s.full = slices.Concat(line, newline), false
	return s.write(s.lines)
}

// Append implements fabric.State. If an entry cannot be written, the next call writes it,
// too.
func (s *configMapState) Append(e fabric.Entry) error {
	for {
		if s.full {
			e.Pairs = nil
		}
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		lines := slices.Concat(s.lines, line, newline)
		err = s.write(lines)
		if errors.Is(err, errStateFull) && !s.full {
			s.full = true
			continue
		}
		if !errors.Is(err, errStateFull) {
			s.lines = lines
		}
		return err
	}
}

// errStateFull means that a ConfigMap has no room for the state.
var errStateFull = errors.New("no ConfigMap has room for the whole state")

func (s *configMapState) write(lines []byte) error {
	text, err := packState(lines)
	if err != nil {
		return err
	}
	if most := maxStateData; len(text) > most && (!s.full || len(text) > kube.MaxData) {
		return errStateFull
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	err = s.client.ApplyConfigMap(ctx, s.name, map[string]string{stateKey: text})
	if refused, ok := errors.AsType[*kube.StatusError](err); ok && refused.TooLarge() {
		return errStateFull
	}
	return err
}

func packState(lines []byte) (string, error) {
	var b bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &b)
	z := gzip.NewWriter(text)
	_, err := z.Write(lines)
	err = errors.Join(err, z.Close(), text.Close())
	return b.String(), err
}

func unpackState(text string) ([]byte, error) {
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("key %s is no state of a fabric run: %w", stateKey, err)
	}
	lines, err := io.ReadAll(io.LimitReader(z, maxStateLines+1))
	if err != nil || len(lines) > maxStateLines {
		return nil, errors.Join(fmt.Errorf("key %s is no state of a fabric run", stateKey), err)
	}
	return lines, nil
}

// parseState reads the head and the entries.
func parseState(lines []byte) (*fabric.Saved, error) {
	var saved fabric.Saved
	d := json.NewDecoder(bytes.NewReader(lines))
	if err := d.Decode(&saved.Head); err != nil || saved.Head.Run == "" {
		return nil, errors.Join(fmt.Errorf("key %s has no head of a fabric run", stateKey), err)
	}
	for {
		var e fabric.Entry
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return &saved, nil
		}
		if err != nil {
			return nil, fmt.Errorf("key %s, entry %d: %w", stateKey, len(saved.Entries)+1, err)
		}
		saved.Entries = append(saved.Entries, e)
	}
}
