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
	// Append keeps a round that has ended. After a restart of the coordinator either the
	// whole of it is there or nothing.
	Append(Round) error
}

// Head is what a run is.
type Head struct {
	Run     string    `json:"run"`     // its identity, random
	Started time.Time `json:"started"` // when the coordinator began to wait for pods
	Config  Config    `json:"config"`  // a restart with another one is another run
	// Rails is how many rails per node are measured.
	Rails  int       `json:"rails"`
	Rounds time.Time `json:"rounds"` // when the first round began
}

// Round is a round that has ended.
type Round struct {
	Round int `json:"round"` // from 1
	// Pairs are what came of it. A State without room may leave them out: what
	// was measured then is missing with the code "lost", and may be made up for.
	Pairs []result.FabricPair `json:"pairs,omitempty"`
}

// Saved is what a State kept.
type Saved struct {
	Head   Head
	Rounds []Round // in the order in which they ended
}
