package fabric

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

// codes are the reasons in a document, each with how many flows have it.
func codes(without map[Flow]*result.FabricMissing) map[result.FabricCode]int {
	n := make(map[result.FabricCode]int)
	for _, m := range without {
		n[m.Code]++
	}
	return n
}

// A pod that fails costs its own pairs and no more, with the reason: all others have
// their figures. The 8 pods need 7 rounds of 4 s, and one more may make up for missed
// pairs. The first begins when the last pod has come, at most 250 ms after the start.
func TestFaults(t *testing.T) {
	const bad = 3
	const round = 4 * time.Second
	for name, tt := range map[string]struct {
		disturb func(*trial)
		want    map[result.FabricCode]int // flows without figures
		node    result.FabricCode         // why the pod is not there at the end; empty: it is
	}{
		"absent": {
			func(s *trial) { s.absent[bad] = true },
			map[result.FabricCode]int{result.FabricAbsent: 14},
			result.FabricAbsent,
		},
		"late": {
			func(s *trial) {
				s.absent[bad] = true
				time.AfterFunc(5*time.Minute+2*round-time.Second, func() { s.start(bad) })
			},
			// Two rounds are missed, and one of them is made up for.
			map[result.FabricCode]int{result.FabricLate: 2},
			"",
		},
		"dead": {
			func(s *trial) { time.AfterFunc(2*round+500*time.Millisecond, func() { s.kill(bad) }) },
			map[result.FabricCode]int{result.FabricDead: 10},
			result.FabricDead,
		},
		"restarted": {
			func(s *trial) {
				time.AfterFunc(2*round+500*time.Millisecond, func() {
					s.kill(bad)
					s.start(bad)
				})
			},
			nil, "", // the one pair that it cost is made up for
		},
		"restarted unnoticed": {
			func(s *trial) {
				time.AfterFunc(2*round+500*time.Millisecond, func() {
					s.pods[bad].partition(true)
					s.pods[bad].forget()
					s.start(bad)
				})
			},
			nil, "",
		},
		"hung": {
			func(s *trial) {
				time.AfterFunc(2*round-100*time.Millisecond, func() { s.disturb(bad, func(p *pod) { p.hung = true }) })
			},
			map[result.FabricCode]int{result.FabricHung: 10},
			result.FabricHung,
		},
		"hung for a while": {
			func(s *trial) {
				time.AfterFunc(2*round-100*time.Millisecond, func() { s.disturb(bad, func(p *pod) { p.hung = true }) })
				time.AfterFunc(2*round+8*time.Second, func() { s.disturb(bad, func(p *pod) { p.hung = false }) })
			},
			nil, "",
		},
		"slow": {
			func(s *trial) { s.disturb(bad, func(p *pod) { p.delay = 6 * time.Second }) },
			// It keeps each deadline, and is left out when the rounds have waited for 20 s.
			map[result.FabricCode]int{result.FabricHung: 10},
			result.FabricHung,
		},
		"partitioned": {
			func(s *trial) { time.AfterFunc(2*round+500*time.Millisecond, func() { s.pods[bad].partition(true) }) },
			map[result.FabricCode]int{result.FabricPartitioned: 10},
			result.FabricPartitioned,
		},
		"partitioned for a moment": {
			func(s *trial) {
				time.AfterFunc(2*round-100*time.Millisecond, func() { s.pods[bad].partition(true) })
				time.AfterFunc(2*round+5*time.Second, func() { s.pods[bad].partition(false) })
			},
			nil, "",
		},
		"failing": {
			func(s *trial) {
				s.disturb(bad, func(p *pod) { p.failing = errors.New("net1: \x1b[31mthe link\nis down") })
			},
			map[result.FabricCode]int{result.FabricFailed: 14},
			"",
		},
		"refusing": {
			func(s *trial) { s.disturb(bad, func(p *pod) { p.failing = ErrRefused }) },
			map[result.FabricCode]int{result.FabricRefused: 14},
			"",
		},
		"without its rail": {
			func(s *trial) { s.disturb(bad, func(p *pod) { p.ports = nil }) },
			map[result.FabricCode]int{result.FabricNoRail: 14},
			"",
		},
	} {
		for _, mode := range []string{result.FabricPairs, result.FabricSaturate} {
			t.Run(name+", "+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := pairs(8)
					c.Mode = mode
					if mode == result.FabricSaturate { // its rounds have one phase
						c.Load.Trial = 3 * time.Second
					}
					doc := simulate(t, c, 1, tt.disturb)
					without := whole(t, c, 1, doc)
					for f, m := range without {
						if f.From != bad && f.To != bad {
							t.Errorf("%v has no figures: %s", f, m.Text)
						}
						if m.Node == nil || *m.Node != bad {
							t.Errorf("%v: the reason is about another pod: %+v", f, m)
						}
					}
					got := codes(without)
					if len(got) == 0 {
						got = nil
					}
					if name == "slow" && mode == result.FabricPairs {
						got[result.FabricHung]-- // the direction after the one that was too much
					}
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("reasons (-want +got):\n%s%s", diff, doc.Reason)
					}
					var node result.FabricCode
					if m := doc.Nodes[bad].Missing; m != nil {
						node = m.Code
					}
					if node != tt.node {
						t.Errorf("the pod at the end: %q, want %q", node, tt.node)
					}
				})
			})
		}
	}
}

// Text of a pod is shown to people.
func TestTextIsTamed(t *testing.T) {
	if got := printable("a\x1b[31mb\nc\u202ed\xff", 100); got != "a[31mbcd" {
		t.Errorf("%q", got)
	}
}

// When most pods are cut off at once, the rounds wait for them.
func TestBlackout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pairs(8)
		doc := simulate(t, c, 1, func(s *trial) {
			all := func(held bool) func() {
				return func() {
					for _, p := range s.pods[1:] {
						p.partition(held)
					}
				}
			}
			time.AfterFunc(6500*time.Millisecond, all(true))
			time.AfterFunc(35*time.Second, all(false))
		})
		// One round has failed, and is made up for.
		if without := whole(t, c, 1, doc); len(without) > 0 {
			t.Errorf("%d flows are missing: %v", len(without), codes(without))
		}
	})
}

// A coordinator that is killed goes on after its last whole round.
func TestCoordinatorRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pairs(8)
		s := &trial{world: newWorld(t, c.Nodes, 1), t: t, config: c, cancel: make([]context.CancelFunc, c.Nodes)}
		path := filepath.Join(t.TempDir(), "state")
		for i := range s.pods {
			s.start(i)
		}
		defer s.stop()
		for _, after := range []time.Duration{5 * time.Second, 41 * time.Second} {
			s.state = NewFileState(path)
			ctx, cancel := context.WithTimeout(t.Context(), after)
			doc := s.coordinate(ctx)
			cancel()
			s.kill(0) // it is the same process
			if doc.Complete || doc.Valid || doc.Reason == "" {
				t.Errorf("a coordinator that was killed says complete %v, valid %v, %q", doc.Complete, doc.Valid, doc.Reason)
			}
			time.Sleep(20 * time.Second)
			s.start(0)
			if after == 5*time.Second {
				s.kill(5) // does not come back, and what it had measured stays
			}
		}
		s.state = NewFileState(path)
		began := time.Now()
		doc := s.coordinate(t.Context())
		without := whole(t, c, 1, doc)
		if got := codes(without); len(got) != 1 || got[result.FabricDead] != len(without) || len(without) != 12 {
			t.Errorf("missing: %v", got)
		}
		if doc.Rounds.Resumed != 2 || doc.Rounds.Done != 7 {
			t.Errorf("resumed %d times, %d rounds done", doc.Rounds.Resumed, doc.Rounds.Done)
		}
		if n := doc.Nodes[5]; n.Missing == nil || n.Name != "node-5" || n.Joined == nil {
			t.Errorf("the pod that was killed: %+v", n)
		}
		if n := doc.Nodes[0]; n.Restarts != 2 || n.Reconnects != 0 {
			t.Errorf("the coordinator's pod: %d restarts, %d reconnects", n.Restarts, n.Reconnects)
		}
		if n := doc.Nodes[1]; n.Restarts != 0 || n.Reconnects != 2 {
			t.Errorf("a pod that stayed: %d restarts, %d reconnects", n.Restarts, n.Reconnects)
		}
		// Three rounds of seven are done: one by the first coordinator, and two by the second,
		// which waited for the pod that had been killed.
		if rounds := doc.Ended.Sub(began); rounds > 4*4*time.Second+lastWait {
			t.Errorf("the rest took %v: rounds that were done have been repeated", rounds)
		}
	})
}

// A coordinator that is killed in the first round waits for the pods of that round.
func TestRestartInFirstRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pairs(8)
		s := &trial{world: newWorld(t, c.Nodes, 1), t: t, config: c, cancel: make([]context.CancelFunc, c.Nodes)}
		s.state = NewFileState(filepath.Join(t.TempDir(), "state"))
		for i := range s.pods {
			s.start(i)
		}
		defer s.stop()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		s.coordinate(ctx)
		cancel()
		doc := s.coordinate(t.Context())
		if without := whole(t, c, 1, doc); len(without) > 0 || doc.Rounds.Resumed != 1 {
			t.Errorf("%v, resumed %d times", codes(without), doc.Rounds.Resumed)
		}
	})
}

// lossy is a State that keeps no figures, such as one in a small ConfigMap.
type lossy struct{ saved *Saved }

func (l *lossy) Load() (*Saved, error) { return l.saved, nil }
func (l *lossy) Begin(h Head) error    { l.saved = &Saved{Head: h}; return nil }
func (l *lossy) Append(e Entry) error {
	e.Pairs = nil
	l.saved.Entries = append(l.saved.Entries, e)
	return nil
}

func TestLostFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pairs(8)
		s := &trial{world: newWorld(t, c.Nodes, 1), t: t, config: c, cancel: make([]context.CancelFunc, c.Nodes), state: &lossy{}}
		for i := range s.pods {
			s.start(i)
		}
		defer s.stop()
		ctx, cancel := context.WithTimeout(t.Context(), 13*time.Second)
		s.coordinate(ctx)
		cancel()
		without := whole(t, c, 1, s.coordinate(t.Context()))
		// Three rounds of eight flows; three pairs of them fit into the round that makes up.
		if diff := cmp.Diff(map[result.FabricCode]int{result.FabricLost: 18}, codes(without)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// The state of another configuration's run, or of another Job's, is not gone on with.
func TestOtherRunBeginsAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for _, next := range []struct {
		nodes   int
		job     string
		resumed int
	}{{4, "a", 0}, {3, "a", 0}, {3, "b", 0}, {3, "b", 1}} {
		synctest.Test(t, func(t *testing.T) {
			c := pairs(next.nodes)
			doc := simulate(t, c, 1, func(s *trial) { s.state, s.job = NewFileState(path), next.job })
			if without := whole(t, c, 1, doc); len(without) > 0 || doc.Rounds.Resumed != next.resumed {
				t.Errorf("%+v: %v, resumed %d times", next, codes(without), doc.Rounds.Resumed)
			}
		})
	}
}
