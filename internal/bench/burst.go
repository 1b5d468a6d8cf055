package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// BurstConfig is how to look for the longest burst.
type BurstConfig struct {
	Longest time.Duration // of the longest burst that is tried: 2 s at least by RFC 2544
	Width   float64       // how exactly its length is found, relative to it
	Repeats int           // how often it is looked for: 50 times at least by RFC 2544
}

// Check tells whether bursts can be measured.
func (c BurstConfig) Check() error {
	switch {
	case c.Longest <= 0:
		return fmt.Errorf("a longest burst of %s: must be longer than 0", c.Longest)
	case !(c.Width >= minWidth && c.Width < 1):
		return fmt.Errorf("a width of %g: must be from %g to below 1", c.Width, minWidth)
	case c.Repeats < 1:
		return fmt.Errorf("%d repetitions: must be 1 at least", c.Repeats)
	}
	return nil
}

// Burst measures RFC 2544's back-to-back value (section 26.4): the longest burst
// at MaxRate of which nothing is lost. A burst keeps that rate and does not wait
// for a ring with no room, whose refusals are losses like others: what is measured
// are the path's buffers. An error is one of the configuration, of the path or of
// the runner's End.
func Burst(ctx context.Context, r *Runner, cfg BurstConfig) (result.Measurement, error) {
	result, err := r.bursts(ctx, cfg)
	m, err := r.measurement(err)
	m.Burst = result
	return m, err
}

// bursts looks for the longest burst again and again, each time from where the
// last search ended. The result is of the repetitions that came to their end; nil
// if there is none.
func (r *Runner) bursts(ctx context.Context, cfg BurstConfig) (*result.BurstResult, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	limit := max(1, math.Floor(r.MaxRate*cfg.Longest.Seconds()))
	result := &result.BurstResult{Limit: uint64(limit)}
	length := limit
	for repeat := range cfg.Repeats {
		var err error
		if length, err = r.burst(ctx, cfg, max(1, length), limit, cfg.Repeats-repeat); err != nil {
			if repeat == 0 {
				return nil, err
			}
			return result, err
		}
		result.Lengths = append(result.Lengths, uint64(length))
		result.Frames += (length - result.Frames) / float64(len(result.Lengths))
	}
	return result, nil
}

// burst is the longest burst without loss in frames, 0 if even one frame is lost.
func (r *Runner) burst(ctx context.Context, cfg BurstConfig, length, limit float64, repeats int) (float64, error) {
	b := bracket{stride: cfg.Width}
	if length == limit { // nothing is known yet
		b.stride = 0.5
	}
	for {
		duration := time.Duration(length / r.MaxRate * 1e9)
		got, err := r.trial(ctx, Progress{Phase: "burst", Left: time.Duration(repeats) * 4 * duration},
			Trial{Rate: r.MaxRate, Duration: duration, Packets: uint64(length)})
		if err != nil {
			return 0, err
		}
		b.tried(length, got.Lost == 0)
		switch {
		case b.lower >= limit, b.near(cfg.Width), b.lower > 0 && b.upper-b.lower == 1, b.upper == 1:
			return b.lower, nil
		}
		// Whole frames, and another length than those that were tried.
		length = math.Round(b.next())
		if b.upper > 0 {
			length = min(length, b.upper-1)
		}
		length = min(max(length, b.lower+1), limit)
	}
}
