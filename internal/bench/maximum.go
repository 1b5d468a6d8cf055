package bench

import (
	"context"
	"fmt"
	"time"
)

// maximumTime is how long each trial takes that looks for the highest rate.
const maximumTime = time.Second

// A search begins at this multiple of the rate that the path took: above it, so that
// the answer does not lie at the edge of the range, but below it if the generator
// cannot offer more.
const (
	headroom = 1.25
	footroom = 0.95
)

// findMaximum sets MaxRate if it is 0, by a trial as fast as it goes.
func (r *Runner) findMaximum(ctx context.Context) error {
	if r.MaxRate > 0 {
		return nil
	}
	p := Progress{Phase: "maximum"}
	flat, err := r.once(ctx, p, Trial{Duration: maximumTime})
	if err != nil {
		return err
	}
	rate := flat.Sent.Mpps * 1e6
	if rate <= 0 {
		return fmt.Errorf("%w at the maximum rate: %s; see whether the path's other end is up", ErrGenerator, flat.Reason)
	}
	above, err := r.once(ctx, p, Trial{Rate: headroom * rate, Duration: maximumTime})
	if err != nil {
		return err
	}
	r.MaxRate = headroom * rate
	if !above.Valid {
		r.MaxRate = footroom * rate
	}
	return nil
}
