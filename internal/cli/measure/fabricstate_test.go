package measure

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/kube"
	"github.com/podnet/podnet/internal/result"
)

// configMapsInMemory keep ConfigMaps as the API server does.
type configMapsInMemory struct {
	maps map[string]map[string]string
	fail error // of the next write
}

func (c *configMapsInMemory) ConfigMapData(_ context.Context, name string) (map[string]string, error) {
	if c.maps[name] == nil {
		return nil, &kube.StatusError{Code: 404}
	}
	return c.maps[name], nil
}

func (c *configMapsInMemory) ApplyConfigMap(_ context.Context, name string, data map[string]string) error {
	if err := c.fail; err != nil {
		c.fail = nil
		return err
	}
	n := 0
	for _, v := range data {
		n += len(v)
	}
	if n > kube.MaxData {
		return &kube.StatusError{Code: 422, Message: "Too long"}
	}
	c.maps[name] = maps.Clone(data)
	return nil
}

func newState(c *configMapsInMemory) *configMapState {
	return &configMapState{client: c, name: "state"}
}

// The state serves the coordinator's next pod.
func TestConfigMapState(t *testing.T) {
	c := &configMapsInMemory{maps: map[string]map[string]string{}}
	s := newState(c)
	if saved, err := s.Load(); saved != nil || err != nil {
		t.Fatalf("%+v, %v where nothing is kept", saved, err)
	}
	head := fabric.Head{Run: "r", Rails: 1, Config: fabric.Config{Nodes: 3}}
	if err := s.Begin(head); err != nil {
		t.Fatal(err)
	}
	entries := []fabric.Entry{
		{Round: 1, Pairs: []result.FabricPair{{From: 0, To: 1, Valid: true}}},
		{Round: 2, Nodes: []result.FabricNode{{Index: 2, Name: "n", Rails: []result.FabricRail{}}}},
	}
	c.fail = errors.New("the API is away")
	if err := s.Append(entries[0]); err == nil {
		t.Error("a round that was not written is called kept")
	}
	if err := s.Append(entries[1]); err != nil {
		t.Fatal(err)
	}
	again := newState(c)
	saved, err := again.Load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&fabric.Saved{Head: head, Entries: entries}, saved); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
	if err := again.Append(fabric.Entry{Round: 3}); err != nil {
		t.Fatal(err)
	}
	if saved, err := newState(c).Load(); err != nil || len(saved.Entries) != 3 {
		t.Errorf("%+v, %v, want 3 entries", saved, err)
	}
}

// A run that is too large for a ConfigMap is kept without the figures of the later
// rounds.
func TestConfigMapStateFull(t *testing.T) {
	c := &configMapsInMemory{maps: map[string]map[string]string{}}
	s := newState(c)
	if err := s.Begin(fabric.Head{Run: "r"}); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 150<<10) // which nothing packs
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	const rounds = 12
	for round := range rounds {
		e := fabric.Entry{Round: round + 1, Pairs: []result.FabricPair{{Reason: hex.EncodeToString(noise)}}}
		noise[0]++
		for i := range noise {
			noise[i] ^= byte(i>>3) * byte(round+1)
		}
		if err := s.Append(e); err != nil {
			t.Fatalf("round %d: %v", round+1, err)
		}
	}
	saved, err := newState(c).Load()
	if err != nil {
		t.Fatal(err)
	}
	with := 0
	for i, e := range saved.Entries {
		if e.Round != i+1 {
			t.Errorf("entry %d is of round %d", i+1, e.Round)
		}
		if e.Pairs != nil {
			with++
		}
	}
	if len(saved.Entries) != rounds || with == 0 || with == rounds {
		t.Errorf("%d entries, %d with figures, want %d entries, and figures in some of them", len(saved.Entries), with, rounds)
	}
}

func TestConfigMapStateDamaged(t *testing.T) {
	good, err := packState([]byte(`{"run":"r"}` + "\n{"))
	if err != nil {
		t.Fatal(err)
	}
	headless, err := packState([]byte("{}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"x", "AAAA", good[:len(good)-8], good, headless} {
		c := &configMapsInMemory{maps: map[string]map[string]string{"state": {stateKey: text}}}
		if saved, err := newState(c).Load(); err == nil || !strings.Contains(err.Error(), "delete it to begin a new run") {
			t.Errorf("%.20q: %+v, %v", text, saved, err)
		}
	}
}
