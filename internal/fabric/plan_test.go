package fabric

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

// load is a fixed one, of short trials.
func load(trial time.Duration) Load {
	return Load{Mix: result.OneSize(64), Rate: "1kpps", Trial: trial}
}

func TestPlan(t *testing.T) {
	c := Config{Nodes: 100, Mode: result.FabricPairs, Rails: result.FabricSame, RailCount: 2, Load: load(4 * time.Second)}
	got, err := NewPlan(c, Timing{})
	if err != nil {
		t.Fatal(err)
	}
	want := Plan{
		Nodes: 100, Mode: "pairs", Rails: "same", RailCount: 2, Rounds: 99, Pairs: 50, Phases: 4, Measurements: 19800,
		PhaseSeconds: 5, Seconds: 99 * 4 * 5, MakeupRounds: 12, AtMostSeconds: 300 + 111*4*34,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var b strings.Builder
	if err := got.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	const text = `nodes         100, one pod each, 2 rails per node, rails same
mode          pairs: one direction after the other
rounds        99, in each up to 50 pairs of nodes at the same time
phases        4 per round, 5s each
measurements  19800
time          33m0s without a failure, after all pods have come
makeup        at most 12 more rounds, for pairs that failures or late pods cost
at most       4h16m36s, if every phase meets its deadline
`
	if diff := cmp.Diff(text, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The plan counts what the schedule has.
func TestPlanCounts(t *testing.T) {
	for _, mode := range []string{result.FabricPairs, result.FabricRing, result.FabricSaturate} {
		for _, rails := range []string{result.FabricSame, result.FabricCross} {
			for n := 2; n < 12; n++ {
				c := Config{Nodes: n, Mode: mode, Rails: rails, RailCount: 3, Load: load(time.Second)}
				p, err := NewPlan(c, Timing{})
				if err != nil {
					t.Fatal(err)
				}
				flows := 0
				c.flows(3, func(Flow) { flows++ })
				if p.Measurements != flows {
					t.Errorf("%s of %d, rails %s: %d measurements, the schedule has %d", mode, n, rails, p.Measurements, flows)
				}
			}
		}
	}
}

func TestConfigRefused(t *testing.T) {
	good := Config{Nodes: 6, Mode: result.FabricPairs, Rails: result.FabricSame, Load: load(time.Second)}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Config){
		"1 nodes":        func(c *Config) { c.Nodes = 1 },
		"1001 nodes":     func(c *Config) { c.Nodes = MaxNodes + 1 },
		`mode "star"`:    func(c *Config) { c.Mode = "star" },
		`rails "both"`:   func(c *Config) { c.Rails = "both" },
		"17 rails":       func(c *Config) { c.RailCount = MaxRails + 1 },
		"no frame size":  func(c *Config) { c.Load.Mix = nil },
		"no rate":        func(c *Config) { c.Load.Rate = "" },
		"trials of 0s":   func(c *Config) { c.Load.Trial = 0 },
		"a warm-up of -": func(c *Config) { c.Load.Warmup = -1 },
		"at most 200000": func(c *Config) { c.Nodes, c.RailCount = MaxNodes, 3 },
		"sends one way":  func(c *Config) { c.Mode, c.Load.NDR = result.FabricSaturate, true },
	} {
		c := good
		spoil(&c)
		if _, err := NewPlan(c, Timing{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestSchedule(t *testing.T) {
	for _, tc := range []struct {
		nodes int
		mode  string
		want  []string
	}{
		{6, result.FabricPairs, []string{"0-5 1-4 2-3", "1-5 2-0 3-4", "2-5 3-1 4-0", "3-5 4-2 0-1", "4-5 0-3 1-2"}},
		{2, result.FabricRing, []string{"0-1"}},
	} {
		if got := (Config{Nodes: tc.nodes, Mode: tc.mode}).Schedule(); !slices.Equal(got, tc.want) {
			t.Errorf("%d nodes, %s: %q, want %q", tc.nodes, tc.mode, got, tc.want)
		}
	}
}
