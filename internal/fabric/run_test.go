package fabric

import (
	"context"
	"errors"
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
	*world
	t      *testing.T
	config Config
	state  State
	job    string
	cancel []context.CancelFunc // of each pod's process
	absent map[int]bool         // pods that are not started with the others
	// progress, if not nil, looks at the coordinator when it tells of its progress.
	progress func(*Coordinator, Progress)
}

// simulate runs the configuration on a fabric whose pods are the caller's to disturb, and
// gives the document. It must be called in a bubble of synctest.
func simulate(t *testing.T, c Config, rails int, disturb func(*trial)) result.Fabric {
	t.Helper()
	s := &trial{world: newWorld(t, c.Nodes, rails), t: t, config: c, cancel: make([]context.CancelFunc, c.Nodes), absent: make(map[int]bool)}
	if disturb != nil {
		disturb(s)
	}
	for i := range s.pods {
		if !s.absent[i] {
			s.start(i)
		}
	}
	defer s.stop()
	return s.coordinate(t.Context())
}

// coordinate runs a coordinator.
func (s *trial) coordinate(ctx context.Context) result.Fabric {
	c := &Coordinator{Config: s.config, Token: s.token, State: s.state, Job: s.job}
	if s.progress != nil {
		c.Progress = func(p Progress) { s.progress(c, p) }
	}
	doc, err := c.Run(ctx, s.listen())
	if err != nil {
		s.t.Fatal(err)
	}
	return doc
}

// start begins a process in a pod.
func (s *trial) start(i int) {
	ctx, cancel := context.WithCancel(s.t.Context())
	s.mu.Lock()
	s.cancel[i] = cancel
	s.mu.Unlock()
	go func() { _ = s.pods[i].agent().Run(ctx) }()
}

// kill ends a pod's process.
func (s *trial) kill(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel[i]()
}

// disturb changes a pod's faults.
func (s *trial) disturb(i int, change func(*pod)) {
	p := s.pods[i]
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// stop ends all processes.
func (s *trial) stop() {
	for i := range s.pods {
		if s.cancel[i] != nil {
			s.kill(i)
		}
	}
}

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

// A run whose pods have more rails than a document has room for ends before its first round.
func TestTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, MaxNodes, 3)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- w.pods[0].agent().Run(ctx) }()
		_, err := (&Coordinator{Config: pairs(MaxNodes), Token: w.token}).Run(ctx, w.listen())
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v, want that the matrix is too large", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the pod: %v, want that it ended with the run", err)
		}
	})
}
