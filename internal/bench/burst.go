package bench

import (
	"cmp"
	"context"
	"errors"
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
	// Throughput, if not nil, is how to search first for the rate without loss, which
	// the buffer time is corrected by (RFC 9004).
	Throughput *ThroughputConfig
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
// at MaxRate that the path carries without loss. A burst keeps that rate: it does not
// wait for a full ring, and packets that the ring refuses count as lost. So the value
// measures the path's buffers. An error comes from the configuration, from the path or
// from the runner's End.
func Burst(ctx context.Context, r *Runner, cfg BurstConfig) (result.Measurement, error) {
	burst, err := r.bursts(ctx, cfg)
	m, err := r.measurement(err)
	m.Burst = burst
	return m, err
}

// longerBegin is how much longer than the first search's result the other searches begin.
// None begins where another one ended, or their results would depend on each other.
const longerBegin = 4

// bursts looks for the longest burst again and again. The result has the repetitions that
// came to their end; nil if there is none. It leaves out repetitions in which the generator
// could not make a burst.
func (r *Runner) bursts(ctx context.Context, cfg BurstConfig) (*result.BurstResult, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	out := &result.BurstResult{}
	if cfg.Throughput != nil {
		goal, err := r.throughput(ctx, *cfg.Throughput)
		if err != nil {
			return nil, err
		}
		out.Throughput = goal.Lower
	}
	limit := max(1, math.Floor(r.MaxRate*cfg.Longest.Seconds()))
	out.Limit = uint64(limit)
	begin := limit
	var lengths []float64
	var spoiled error
	for repeat := range cfg.Repeats {
		length, err := r.burst(ctx, cfg, begin, limit, cfg.Repeats-repeat)
		if errors.Is(err, ErrGenerator) {
			spoiled = cmp.Or(spoiled, err)
			continue
		}
		if err != nil {
			return found(out), err
		}
		if len(lengths) == 0 {
			begin = min(limit, max(1, longerBegin*length))
		}
		lengths = append(lengths, length)
		out.Lengths = append(out.Lengths, uint64(length))
		spread := result.NewSpread(lengths)
		out.Frames, out.SD, out.Least, out.Most = spread.Mean, spread.SD, uint64(spread.Least), uint64(spread.Most)
	}
	if spoiled != nil {
		return found(out), fmt.Errorf("%d of %d repetitions: %w", cfg.Repeats-len(lengths), cfg.Repeats, spoiled)
	}
	r.buffer(out)
	return out, nil
}

// found is a result that has a length; nil: it has none.
func found(b *result.BurstResult) *result.BurstResult {
	if len(b.Lengths) == 0 {
		return nil
	}
	return b
}

// buffer adds the times that a path's buffer lasts for (RFC 9004, section 6.4).
func (r *Runner) buffer(b *result.BurstResult) {
	if b.Throughput == nil || b.Least == b.Limit {
		return
	}
	implied := b.Frames / r.MaxRate * 1e3
	corrected := implied * max(0, 1-b.Throughput.Mpps*1e6/r.MaxRate)
	b.ImpliedBufferMs, b.CorrectedBufferMs = &implied, &corrected
}

// burst is the longest burst without loss in frames, 0 if even one frame is lost.
func (r *Runner) burst(ctx context.Context, cfg BurstConfig, length, limit float64, repeats int) (float64, error) {
	b := bracket{stride: 0.5}
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
