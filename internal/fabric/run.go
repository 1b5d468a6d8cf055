package fabric

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// run is a coordinator's way through the schedule.
type run struct {
	*Coordinator
	timing Timing
	config Config // the coordinator's
	head   Head
	roster *roster
	ids    uint64 // the last task's

	mu      sync.RWMutex        // of rows, and of head.Rails: others look at them while the run goes on
	rows    []result.FabricPair // of all flows that were tried
	index   map[Flow]int        // into rows
	madeUp  map[Pair]bool       // pairs that had a second chance
	done    int                 // rounds of the schedule that have ended
	makeups int                 // further ones
	resumed int
	waited  bool // for pods that had gone all at once, and did not come back
}

// nextID is the identity of the next task.
func (r *run) nextID() uint64 {
	r.ids++
	return r.ids
}

// randomID is where the identities of tasks begin, so that a restarted coordinator does
// not use the same ones again.
func randomID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:]) >> 8
}

// makeupShare is by how many percent makeup rounds may lengthen a run's planned time.
// Deadlines that the run has waited for count as well.
const makeupShare = 25

// schedule goes through the rounds that are left, and makes up for missed pairs.
func (r *run) schedule(ctx context.Context) {
	plan := r.plan()
	perRound := seconds(plan.Seconds) / time.Duration(plan.Rounds)
	left := perRound * time.Duration(plan.Rounds-r.done)
	end := time.Now().Add(left + left*makeupShare/100) // of the time to make up
	for r.done < r.config.RoundCount() && ctx.Err() == nil {
		r.blackout(ctx)
		round := r.done + 1
		if r.round(ctx, round, r.config.RoundPairs(r.done), nil) {
			r.done++
		}
	}
	there := func(i int) bool { s, _ := r.roster.find(i); return s != nil }
	for limit := makeupRounds(r.config.RoundCount()); r.makeups < limit && ctx.Err() == nil; {
		if r.makeups > 0 && time.Now().Add(perRound).After(end) {
			return
		}
		pairs, only := r.makeup(there)
		if len(pairs) == 0 {
			return
		}
		round := r.config.RoundCount() + r.makeups + 1
		if r.round(ctx, round, pairs, only) {
			r.makeups++
		}
	}
}

// round measures pairs; of their flows only those, if it is not nil. It is not over, and
// nothing of it is kept, if ctx ends meanwhile.
func (r *run) round(ctx context.Context, round int, pairs []Pair, only map[Flow]bool) bool {
	var rows []result.FabricPair
	for _, flows := range r.config.Phases(pairs, r.head.Rails) {
		if only != nil {
			flows = slices.DeleteFunc(flows, func(f Flow) bool { return !only[f] })
		}
		rows = append(rows, r.phase(ctx, round, flows)...)
		if ctx.Err() != nil {
			return false
		}
	}
	r.take(rows)
	r.keep(Entry{Round: round, Pairs: rows, Nodes: r.roster.nodes(true)})
	r.tell(Progress{Round: round, Pairs: rows})
	return true
}

// take puts rows in the place of earlier ones of the same flows.
func (r *run) take(rows []result.FabricPair) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		f := Flow{row.From, row.To, Lane{row.FromRail, row.ToRail}}
		at, known := r.index[f]
		if !known {
			r.index[f] = len(r.rows)
			r.rows = append(r.rows, row)
			continue
		}
		r.rows[at] = row
	}
}

// keep writes down what a restart needs. Without it the run goes on.
func (r *run) keep(e Entry) {
	if r.State == nil {
		return
	}
	if err := r.State.Append(e); err != nil {
		r.Log.Warn("a restart of the coordinator would repeat this round: its state cannot be kept", "round", e.Round, "error", err)
	}
}

// gather waits until enough pods are there, of those that ever were, but no longer than d.
func (r *run) gather(ctx context.Context, d time.Duration, enough func(now, ever int) bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		now, ever := r.roster.present()
		if enough(now, ever) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-r.roster.changed:
		}
	}
}

// blackout waits when most pods have gone at once: then it is the coordinator's
// own network that has failed, and rounds without pods would be over in no time.
func (r *run) blackout(ctx context.Context) {
	if now, ever := r.roster.present(); 2*now >= ever {
		r.waited = false
		return
	}
	if !r.waited {
		r.waited = true
		r.Log.Warn("most pods have gone at once: waiting for them to come back", "for", r.timing.Rejoin)
		r.gather(ctx, r.timing.Rejoin, func(now, ever int) bool { return now == ever })
	}
}

// resume continues a run from its kept state.
func (r *run) resume(saved *Saved) error {
	r.head = saved.Head
	if r.head.Rails < 1 || r.head.Rails > MaxRails {
		return fmt.Errorf("the kept state has %d rails: remove it to begin a new run", r.head.Rails)
	}
	for _, node := range r.head.Nodes {
		r.roster.restore(node)
	}
	for n, e := range saved.Entries {
		if e.Round < 0 || e.Round > r.config.RoundCount()+makeupRounds(r.config.RoundCount()) {
			return fmt.Errorf("the kept state: entry %d is of round %d, which there is not: remove it to begin a new run", n+1, e.Round)
		}
		for _, row := range e.Pairs {
			if row.From < 0 || row.From >= r.config.Nodes || row.To < 0 || row.To >= r.config.Nodes {
				return fmt.Errorf("the kept state: entry %d has a pair of %d and %d, which there is not: remove it to begin a new run", n+1, row.From, row.To)
			}
		}
		for _, node := range e.Nodes {
			r.roster.restore(node)
		}
		switch {
		case e.Round == 0:
			r.resumed++
			continue
		case e.Round > r.config.RoundCount():
			r.makeups++
			for _, row := range e.Pairs {
				r.madeUp[Pair{min(row.From, row.To), max(row.From, row.To)}] = true
			}
		default:
			r.done = max(r.done, e.Round)
			if e.Pairs == nil {
				e.Pairs = r.lostRound(e.Round)
			}
		}
		r.take(e.Pairs)
	}
	r.resumed++
	r.keep(Entry{})
	return nil
}

// lostRound are the rows of a round whose figures were not kept.
func (r *run) lostRound(round int) (rows []result.FabricPair) {
	for _, flows := range r.config.Phases(r.config.RoundPairs(round-1), r.head.Rails) {
		for _, f := range flows {
			rows = append(rows, result.FabricPair{
				From: f.From, To: f.To, FromRail: f.Lane.From, ToRail: f.Lane.To, Round: round,
				Missing: &result.FabricMissing{Code: result.FabricLost, Text: "the coordinator was restarted, and the figures were not kept"},
			})
		}
	}
	return rows
}
