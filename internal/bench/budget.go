package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// repeats is how many trials that are not valid a search puts up with.
const repeats = 40

// errLimit means that the generator cannot offer a rate: no trial at this rate, or
// at a higher one, was ever valid.
var errLimit = errors.New("the generator was the limit")

// errTime means that a search has no time left.
var errTime = errors.New("its time is up")

// budget is what a search has left: trials to repeat, and time. There is one for the
// whole search, so that a machine that disturbs many trials makes the search
// longer, but only so much.
type budget struct {
	repeats int
	limit   time.Duration // of all trials; 0: none
}

// atMost is how long it still takes at most, if it would take so long otherwise.
func (b *budget) atMost(r *Runner, left time.Duration) time.Duration {
	if b.limit == 0 {
		return left
	}
	return min(left, b.limit-r.spent)
}

// repeat carries out a trial until it is valid. It returns errLimit when it never
// became valid, and the generator never offered as much; ErrGenerator when the
// budget is spent; errTime when the time is; and ErrStopped when ctx ends first.
func (b *budget) repeat(ctx context.Context, r *Runner, p Progress, t Trial) (got result.Trial, err error) {
	for tries := 1; ; tries++ {
		if b.limit > 0 && r.spent+t.Duration > b.limit {
			return got, errTime
		}
		if got, err = r.once(ctx, p, t); err != nil || got.Valid {
			return got, err
		}
		b.repeats--
		switch {
		case tries > retries && t.Rate > r.kept:
			return got, fmt.Errorf("%w at %.6g Mpps: %s", errLimit, t.Rate/1e6, got.Reason)
		case b.repeats < 0:
			return got, fmt.Errorf("%w of the last %d at %.6g Mpps, and %d trials had to be repeated: %s; "+
				"give the generator CPUs that nothing else runs on", ErrGenerator, tries, t.Rate/1e6, repeats, got.Reason)
		}
	}
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
