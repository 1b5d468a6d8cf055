package fabric

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// overhead is what a phase takes beside its measurement: ports are set up, packets that
// are on their way are waited for, and counts are handed in.
const overhead = time.Second

// Plan is what a run will do, before it is started.
type Plan struct {
	Nodes     int    `json:"nodes"`
	Mode      string `json:"mode"`      // pairs, ring or saturate
	Rails     string `json:"rails"`     // same or cross
	RailCount int    `json:"railCount"` // rails per node
	Rounds    int    `json:"rounds"`    // one after the other
	Pairs     int    `json:"pairs"`     // of nodes that measure each other at the same time in a round, at most
	// Phases are how many measurements follow one another in a round: directions and rails.
	Phases       int `json:"phases"`
	Measurements int `json:"measurements"` // of the whole run: ordered pairs of nodes and rails
	// PhaseSeconds is how long a phase takes: warm-up, trial, and what is around them.
	PhaseSeconds float64 `json:"phaseSeconds"`
	Seconds      float64 `json:"seconds"`      // that all rounds take without a failure
	MakeupRounds int     `json:"makeupRounds"` // that may follow for pairs that failures or late pods cost, at most
	// AtMostSeconds is how long the run can take if every phase of every round meets its
	// deadline, with the wait for pods before.
	AtMostSeconds float64 `json:"atMostSeconds"`
}

// makeupRounds is how many rounds may follow the schedule's.
func makeupRounds(rounds int) int { return max(1, rounds/8) }

// NewPlan works out what a run will do. A RailCount of 0 is planned as 1.
func NewPlan(c Config, t Timing) (Plan, error) {
	c.RailCount = max(c.RailCount, 1)
	if err := c.Check(); err != nil {
		return Plan{}, err
	}
	t = t.withDefaults()
	p := Plan{Nodes: c.Nodes, Mode: c.Mode, Rails: c.Rails, RailCount: c.RailCount, Rounds: c.RoundCount()}
	first := c.RoundPairs(0)
	p.Pairs, p.Phases = len(first), len(c.Phases(first, c.RailCount))
	p.Measurements = c.measurements(c.RailCount)
	phase := c.Load.measure() + overhead
	p.PhaseSeconds = phase.Seconds()
	p.Seconds = (phase * time.Duration(p.Rounds*p.Phases)).Seconds()
	p.MakeupRounds = makeupRounds(p.Rounds)
	worst := t.Answer + c.Load.most() + t.Grace + t.Answer
	p.AtMostSeconds = (t.Join + worst*time.Duration((p.Rounds+p.MakeupRounds)*p.Phases)).Seconds()
	return p, nil
}

// pairs is how many pairs of nodes the schedule has.
func (c Config) pairs() int {
	switch {
	case c.Mode != result.FabricRing:
		return c.Nodes * (c.Nodes - 1) / 2
	case c.Nodes == 2:
		return 1
	}
	return c.Nodes
}

// measurements are how many ordered pairs of nodes and rails there are.
func (c Config) measurements(rails int) int { return c.pairs() * 2 * len(c.Lanes(rails)) }

// Schedule lists each round's pairs of nodes by index, such as "0-5 1-4 2-3".
func (c Config) Schedule() []string {
	rounds := make([]string, c.RoundCount())
	for i := range rounds {
		var pairs []string
		for _, p := range c.RoundPairs(i) {
			pairs = append(pairs, fmt.Sprintf("%d-%d", p.A, p.B))
		}
		rounds[i] = strings.Join(pairs, " ")
	}
	return rounds
}

// WriteText writes the plan for a terminal.
func (p Plan) WriteText(w io.Writer) error {
	directions := "one direction after the other"
	if p.Mode == result.FabricSaturate {
		directions = "both directions at once"
	}
	_, err := fmt.Fprintf(w, `nodes         %d, one pod each, %s per node, rails %s
mode          %s: %s
rounds        %d, in each up to %d pairs of nodes at the same time
phases        %d per round, %v each
measurements  %d
time          %v without a failure, after all pods have come
makeup        at most %d more rounds, for pairs that failures or late pods cost
at most       %v, if every phase meets its deadline
`, p.Nodes, count(p.RailCount, "rail"), p.Rails, p.Mode, directions, p.Rounds, p.Pairs, p.Phases, seconds(p.PhaseSeconds),
		p.Measurements, seconds(p.Seconds), p.MakeupRounds, seconds(p.AtMostSeconds))
	return err
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond)
}
