package dra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// versions are the API versions of the metadata, which have one shape.
var versions = map[string]bool{
	"metadata.resource.k8s.io/v1alpha1": true,
	"metadata.resource.k8s.io/v1beta1":  true,
	"metadata.resource.k8s.io/v1":       true,
}

// claimMetadata is one object of a metadata file.
type claimMetadata struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Requests []struct {
		Name    string   `json:"name"`
		Devices []device `json:"devices"`
	} `json:"requests"`
}

// file reads one metadata file. Its driver rewrites it in place, so that what is
// read may be cut off, for as long as that takes.
func (w *walker) file(name, claim string) {
	const (
		attempts = 4
		pause    = 5 * time.Millisecond
	)
	at := fact.Origin{Source: fact.File, Where: name}
	for attempt := 1; ; attempt++ {
		data, err := w.root.ReadFile(name, rootfs.MaxAnnotations)
		if err != nil {
			w.lost(at, fact.Unreadable, fact.WithoutPath(err))
			return
		}
		m, err := decodeStream(data)
		switch {
		case err == nil:
			w.devices(m, claim, at)
			return
		case !errors.Is(err, errCut) || attempt == attempts:
			w.lost(at, fact.Malformed, err)
			return
		}
		time.Sleep(pause)
	}
}

// lost reports metadata that cannot be read. Its devices may be any network's.
func (w *walker) lost(at fact.Origin, code fact.Code, err error) {
	w.facts = append(w.facts, fact.Problemf(at, code, "%w", err), fact.LostNetworks{Origin: at})
}

// errCut means that the text ends, or is no JSON any more, before an object that
// can be used.
var errCut = errors.New("not a stream of JSON objects")

// decodeStream reads a stream of JSON objects that say the same, each in another
// version of the API, the newest first. It takes the first that it knows.
func decodeStream(data []byte) (claimMetadata, error) {
	stream := json.NewDecoder(bytes.NewReader(data))
	var last error
	for objects := 0; ; objects++ {
		var raw json.RawMessage
		err := stream.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF) && objects == 0:
			return claimMetadata{}, fmt.Errorf("%w: the file is empty", errCut)
		case errors.Is(err, io.EOF):
			return claimMetadata{}, fmt.Errorf("no metadata that can be read: %w", last)
		case err != nil:
			return claimMetadata{}, fmt.Errorf("%w: %w", errCut, err)
		}
		var m claimMetadata
		switch err := json.Unmarshal(raw, &m); {
		case err != nil:
			last = wrongType(err)
		case m.Kind != "DeviceMetadata" || !versions[m.APIVersion]:
			last = fmt.Errorf("kind %.100q of version %.100q is not known", m.Kind, m.APIVersion)
		default:
			return m, nil
		}
	}
}

// devices makes facts of the devices of all requests.
func (w *walker) devices(m claimMetadata, claim string, at fact.Origin) {
	if m.Metadata.Name != "" {
		claim = m.Metadata.Name
	}
	for i, request := range m.Requests {
		for j, dev := range request.Devices {
			r := reader{
				device: dev,
				at:     at.At("#requests[" + strconv.Itoa(i) + "].devices[" + strconv.Itoa(j) + "]"),
			}
			claimed, ok := r.read(claim + "/" + request.Name)
			w.facts = append(w.facts, r.problems...)
			id := identityOf(claimed)
			if !ok || w.seen[id] {
				continue
			}
			if w.seen == nil {
				w.seen = map[identity]bool{}
			}
			w.seen[id] = true
			w.facts = append(w.facts, claimed)
		}
	}
}

// wrongType says what the JSON has, rather than which Go type it does not fit.
func wrongType(err error) error {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("a JSON %.100s does not belong in %.100q", typeErr.Value, typeErr.Field)
	}
	return err
}
