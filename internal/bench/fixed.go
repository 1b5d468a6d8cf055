package bench

import (
	"context"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// Fixed measures one trial at one rate in packets per second, 0 for as fast as it
// goes. A window that is not 0 makes it a soak: the trial is then cut into windows
// of this length, and the windows with loss are reported. The trial is never repeated:
// even an invalid one is the answer. An error is the path's.
func Fixed(ctx context.Context, r *Runner, rate float64, d, window time.Duration) (result.Measurement, error) {
	p := Progress{Phase: "measurement", Left: d, Most: d}
	got, err := r.once(ctx, p, Trial{Rate: rate, Duration: d, Window: window})
	r.keepTimes(func(result.Trial) bool { return true })
	m, err := r.measurement(err)
	if m.Valid && !got.Valid {
		m.Valid, m.Reason = false, got.Reason
	}
	return m, err
}

// partial makes what reports a trial after each of its windows.
func (r *Runner) partial(p Progress, t Trial, started time.Time) func(Counts) error {
	return func(c Counts) error {
		got := Summarize(t, c)
		got.Phase, got.Started = p.Phase, started
		got.Limited([]result.Limit{{Code: result.Stopped, Text: "it has not come to its end"}})
		// Packets that have not come yet may still be on their way.
		got.Lost = c.Missing
		if c.Offered > 0 {
			got.LossRatio = float64(got.Lost) / float64(c.Offered)
		}
		return r.Partial(append(slices.Clip(r.trials), got))
	}
}
