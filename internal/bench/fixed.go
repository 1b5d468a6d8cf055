// Package bench measures what a path carries. It knows the path only by an
// interface: what sends and counts packets is given to it.
package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/report"
)

// Trial is one interval of sending.
type Trial struct {
	Flow     Flow
	Rate     float64 // packets a second; 0 is as fast as it goes
	Duration time.Duration
}

// Counts are what a trial counted. All packets that were on their way when the
// sending ended have arrived or are lost.
type Counts struct {
	Offered  uint64        // what the schedule asked for; at the maximum rate what was sent
	Sent     uint64        // what the port took
	Refused  uint64        // what the port had no room for
	Received uint64        // this trial's packets that came back
	Other    uint64        // packets that came and were not this trial's
	Active   time.Duration // how long packets were sent
}

// Path carries trials.
type Path interface {
	Trial(ctx context.Context, t Trial) (Counts, error)
}

// Fixed measures at one rate after a warm-up at the same rate. If ctx ends
// before the trial does, the result covers what was measured and is not valid.
func Fixed(ctx context.Context, p Path, t Trial, warmup time.Duration) (report.Result, error) {
	if warmup > 0 {
		w := t
		w.Duration = warmup
		if _, err := p.Trial(ctx, w); err != nil {
			return report.Result{}, fmt.Errorf("warm-up: %w", err)
		}
	}
	c, err := p.Trial(ctx, t)
	if err != nil {
		return report.Result{}, err
	}
	r := Summarize(t, c)
	r.WarmupSeconds = warmup.Seconds()
	if ctx.Err() != nil {
		r.Valid, r.Reason = false, "it was stopped before its time"
	}
	return r, nil
}

// maxLateness is how much of its schedule a generator may fail to offer before
// the trial says more of the generator than of the path.
const maxLateness = 0.001

// Summarize turns a trial's counts into a result.
func Summarize(t Trial, c Counts) report.Result {
	size := t.Flow.FrameSize
	r := report.Result{
		Schema:     report.ResultSchema,
		FrameBytes: size,
		Seconds:    c.Active.Seconds(),
		Requested:  report.NewTarget(t.Rate, size),
		Sent:       report.NewTraffic(c.Sent, size, c.Active),
		Received:   report.NewTraffic(c.Received, size, c.Active),
		TxRefused:  c.Refused,
		RxOther:    c.Other,
		Valid:      true,
	}
	if c.Received < c.Offered {
		r.Lost = c.Offered - c.Received
		r.LossRatio = float64(r.Lost) / float64(c.Offered)
	}
	asked := t.Rate * t.Duration.Seconds()
	switch {
	case c.Sent == 0:
		r.Valid, r.Reason = false, "nothing could be sent"
	case c.Received > c.Offered:
		r.Valid, r.Reason = false, fmt.Sprintf("%d packets came back more than were sent: the path duplicates", c.Received-c.Offered)
	case float64(c.Offered) < asked*(1-maxLateness):
		r.Valid, r.Reason = false, fmt.Sprintf("the generator offered %d of %.0f packets in time: it was the limit, not the path", c.Offered, asked)
	}
	return r
}
