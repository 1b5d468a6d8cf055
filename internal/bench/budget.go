package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/podnet/podnet/internal/result"
)

// repeats is how many trials that are not valid a search puts up with.
const repeats = 40

// errLimit means that the generator cannot offer a rate: no trial at this rate, or
// at a higher one, was ever valid.
var errLimit = errors.New("the generator was the limit")

// budget is what a search has left to repeat trials with. There is one for the
// whole search, so that a machine that disturbs many trials makes the search
// longer, but only so much.
type budget int

// repeat carries out a trial until it is valid. It returns errLimit when it never
// became valid, and the generator never offered as much; ErrGenerator when the
// budget is spent; and ErrStopped when ctx ends first.
func (b *budget) repeat(ctx context.Context, r *Runner, p Progress, t Trial) (result.Trial, error) {
	for tries := 1; ; tries++ {
		got, err := r.once(ctx, p, t)
		if err != nil || got.Valid {
			return got, err
		}
		*b--
		switch {
		case tries > retries && t.Rate > r.kept:
			return got, fmt.Errorf("%w at %.6g Mpps: %s", errLimit, t.Rate/1e6, got.Reason)
		case *b < 0:
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
