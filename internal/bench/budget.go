package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// A search gives up when its invalid trials have taken longer than this many of its
// short trials, or than this many of its longest ones, whichever is more.
const (
	repeats     = 100
	longRepeats = 5
)

// errLimit means that the generator cannot offer a rate: no trial at this rate, or
// at a higher one, was ever valid.
var errLimit = errors.New("the generator was the limit")

// errTime means that a search has no time left.
var errTime = errors.New("its time is up")

// budget is the time that a search has left, for trials that have to be repeated and for
// all trials. There is one for the whole search: a machine that disturbs many trials makes
// the search longer, but only by a limited time.
type budget struct {
	left     time.Duration // for trials that are not valid
	repeated int
	limit    time.Duration // of all trials; 0: none
}

// newBudget returns the budget of a search with trials of these lengths. The search
// ends after limit, unless limit is 0.
func newBudget(short, longest, limit time.Duration) *budget {
	return &budget{left: max(repeats*short, longRepeats*longest), limit: limit}
}

// atMost is the most time that the search still takes; left is its time without a limit.
func (b *budget) atMost(r *Runner, left time.Duration) time.Duration {
	if b.limit == 0 {
		return left
	}
	return min(left, b.limit-r.spent)
}

// repeat carries out a trial until it is valid. It returns errLimit when no try was
// valid and the generator never offered the rate; ErrGenerator when the budget is
// spent or the peer is away; errTime when the time is up; and ErrStopped when ctx ends
// first.
func (b *budget) repeat(ctx context.Context, r *Runner, p Progress, t Trial) (got result.Trial, err error) {
	over, away := 0, 0 // trials in a row that show that the generator cannot, and without a peer
	for tries := 1; ; tries++ {
		if b.limit > 0 && r.spent+t.Duration > b.limit {
			return got, errTime
		}
		if got, err = r.once(ctx, p, t); err != nil || got.Valid {
			return got, err
		}
		b.left -= t.Duration
		b.repeated++
		over, away = inARow(over, beyond(got)), inARow(away, got.Limits[0].Code == result.PeerAbsent)
		switch {
		case away > retries:
			return got, fmt.Errorf("%w of the last %d at %.6g Mpps: %s", ErrGenerator, tries, t.Rate/1e6, got.Reason)
		case over > retries && t.Rate > r.kept:
			return got, fmt.Errorf("%w at %.6g Mpps: %s", errLimit, t.Rate/1e6, got.Reason)
		case b.left < 0:
			return got, fmt.Errorf("%w of the last %d at %.6g Mpps, and %d trials had to be repeated: %s; "+
				"give the generator CPUs that nothing else runs on", ErrGenerator, tries, t.Rate/1e6, b.repeated-1, got.Reason)
		}
	}
}

// inARow counts on, or begins again.
func inARow(n int, again bool) int {
	if again {
		return n + 1
	}
	return 0
}

// discarded is the share of the trials that were not valid.
func discarded(trials []result.Trial) float64 {
	n := 0
	for _, t := range trials {
		if !t.Valid {
			n++
		}
	}
	return float64(n) / float64(max(1, len(trials)))
}
