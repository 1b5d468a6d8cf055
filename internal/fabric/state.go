package fabric

import (
	"time"

	"github.com/podnet/podnet/internal/result"
)

// State keeps what a coordinator needs to go on after a restart. Its methods are not
// called at the same time.
type State interface {
	// Load gives what was kept; nil: nothing was.
	Load() (*Saved, error)
	// Begin forgets everything and keeps the head of a new run.
	Begin(Head) error
	// Append keeps one more entry. After a restart of the coordinator either the whole
	// of it is there or nothing.
	Append(Entry) error
}

// Head is what a run is.
type Head struct {
	Run     string    `json:"run"`     // its identity, random
	Job     string    `json:"job"`     // the coordinator's
	Started time.Time `json:"started"` // when the coordinator began to wait for pods
	Rounds  time.Time `json:"rounds"`  // when the first round began
	Config  Config    `json:"config"`  // a coordinator with another one begins another run
	Rails   int       `json:"rails"`   // per node that are measured
	// Nodes are the pods that were there when the first round began.
	Nodes []result.FabricNode `json:"nodes"`
}

// Entry is a step of a run: a round that has ended, or a restart of the coordinator.
type Entry struct {
	Round int `json:"round"` // from 1; 0: the coordinator was restarted, and went on
	// Pairs are the round's results. A State without room may leave them out: after a
	// restart these pairs are missing with the code "lost", and may be made up for.
	Pairs []result.FabricPair `json:"pairs,omitempty"`
	// Nodes are those about which something is new since the entry before.
	Nodes []result.FabricNode `json:"nodes,omitempty"`
}

// Saved is what a State kept.
type Saved struct {
	Head    Head
	Entries []Entry // in the order of their time
}
