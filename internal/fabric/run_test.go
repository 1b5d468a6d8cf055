package fabric

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// pairs is a run of the mode that the tests use most.
func pairs(nodes int) Config {
	return Config{Nodes: nodes, Mode: result.FabricPairs, Rails: result.FabricSame, Load: load(time.Second)}
}

// trial is one simulated run.
type trial struct {
	t      *testing.T
	world  *world
	config Config
	listen *memListener
	state  State
	cancel []context.CancelFunc // of each pod's process
}

// simulate runs the configuration on a fabric whose pods are the caller's to disturb, and
// gives the document. It must be called in a bubble of synctest.
func simulate(t *testing.T, c Config, rails int, disturb func(*trial)) result.Fabric {
	t.Helper()
	s := &trial{t: t, world: newWorld(t, c.Nodes, rails), config: c, listen: newMemListener(), cancel: make([]context.CancelFunc, c.Nodes)}
	if disturb != nil {
		disturb(s)
	}
	for i := range s.cancel {
		if s.cancel[i] == nil {
			s.start(i)
		}
	}
	doc, err := (&Coordinator{Config: c, Token: s.world.token, State: s.state}).Run(t.Context(), s.listen)
	if err != nil {
		t.Fatal(err)
	}
	for _, cancel := range s.cancel {
		cancel()
	}
	return doc
}

// start begins a process in a pod.
func (s *trial) start(i int) {
	ctx, cancel := context.WithCancel(s.t.Context())
	s.cancel[i] = cancel
	p := s.world.pods[i]
	go func() { _ = p.agent(p.over(s.listen)).Run(ctx) }()
}

// later does something when the clock says so.
func (s *trial) later(d time.Duration, do func()) { time.AfterFunc(d, do) }

// whole checks that a document has every flow of the schedule, in order, and of each
// either exactly its own figures or a reason. It gives the flows without figures.
func whole(t *testing.T, c Config, rails int, doc result.Fabric) map[Flow]*result.FabricMissing {
	t.Helper()
	wanted := make(map[Flow]bool)
	c.flows(rails, func(f Flow) { wanted[f] = true })
	without := make(map[Flow]*result.FabricMissing)
	for _, row := range doc.Pairs {
		f := Flow{row.From, row.To, Lane{row.FromRail, row.ToRail}}
		if !wanted[f] {
			t.Fatalf("%v is not of the schedule, or there twice", f)
		}
		delete(wanted, f)
		if row.Missing != nil {
			if row.Missing.Text == "" || row.Missing.Code == "" {
				t.Errorf("%v: the reason is %+v", f, *row.Missing)
			}
			without[f] = row.Missing
			continue
		}
		n := packets(f)
		if row.Offered != n || row.Sent != n || row.Arrived == nil || *row.Arrived != n || *row.LossRatio != 0 || !row.Valid ||
			c.Mode != result.FabricSaturate && (row.Returned == nil || *row.Returned != n) {
			t.Fatalf("%v: has figures that are not its own: %+v", f, row)
		}
	}
	if len(wanted) > 0 {
		t.Errorf("%d flows are not in the document", len(wanted))
	}
	if doc.Valid != (len(without) == 0) || !doc.Complete || (doc.Reason == "") != doc.Valid {
		t.Errorf("complete %v, valid %v, %q, with %d flows missing", doc.Complete, doc.Valid, doc.Reason, len(without))
	}
	return without
}

// took is how long the rounds of a run took, and planned how long they were to take.
func took(t *testing.T, doc result.Fabric) (is, planned time.Duration) {
	t.Helper()
	if doc.Rounds.Started == nil || doc.Ended == nil {
		t.Fatal("no round began, or none ended")
	}
	return doc.Ended.Sub(*doc.Rounds.Started), seconds(doc.Rounds.PlannedSeconds)
}

func TestModes(t *testing.T) {
	for _, mode := range []string{result.FabricPairs, result.FabricRing, result.FabricSaturate} {
		for _, which := range []string{result.FabricSame, result.FabricCross} {
			for _, n := range []int{2, 3, 6, 7} {
				synctest.Test(t, func(t *testing.T) {
					const rails = 2
					c := pairs(n)
					c.Mode, c.Rails = mode, which
					doc := simulate(t, c, rails, nil)
					if without := whole(t, c, rails, doc); len(without) > 0 {
						t.Errorf("%s of %d, rails %s: %v", mode, n, which, without)
					}
					if is, planned := took(t, doc); is > planned {
						t.Errorf("%s of %d, rails %s: took %v, planned %v", mode, n, which, is, planned)
					}
				})
			}
		}
	}
}
