package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// LossConfig is at what rates to measure the loss.
type LossConfig struct {
	Step  float64       // between two rates, as a part of MaxRate: at most 0.1
	Trial time.Duration // at each rate
}

// Check tells whether the steps can be made.
func (c LossConfig) Check() error {
	switch {
	case !(c.Step >= 0.001 && c.Step <= 0.1):
		return fmt.Errorf("a step of %g: must be from 0.001 to 0.1", c.Step)
	case c.Trial <= 0:
		return fmt.Errorf("a trial of %s: must be longer than 0", c.Trial)
	}
	return nil
}

// Loss measures RFC 2544's frame loss rate (section 26.3): the loss at MaxRate
// and, step by step, at lower rates, until two trials in a row lose nothing. An
// error is one of the configuration, of the path or of the runner's End.
func Loss(ctx context.Context, r *Runner, cfg LossConfig) (result.Measurement, error) {
	steps, err := r.steps(ctx, cfg)
	r.keepTimes(func(t result.Trial) bool { return t.Phase == stepPhase && t.Valid })
	m, err := r.measurement(err)
	m.Steps = steps
	return m, err
}

// stepPhase marks the trials whose loss ratios are the steps of the result.
const stepPhase = "step"

// steps measures the loss at each rate. If no trial at a rate is valid, it keeps and marks
// the rate, and goes on with the others.
func (r *Runner) steps(ctx context.Context, cfg LossConfig) (list []result.LossStep, spoiled error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	without := 0
	for fraction := 1.0; without < 2 && fraction > cfg.Step/2; fraction = 1 - float64(len(list))*cfg.Step {
		rate := fraction * r.MaxRate
		left := time.Duration(fraction/cfg.Step+0.5) * cfg.Trial
		got, err := r.trial(ctx, Progress{Phase: stepPhase, Left: left, Most: tries(left)}, Trial{Rate: rate, Duration: cfg.Trial})
		if err != nil && !errors.Is(err, ErrGenerator) {
			return list, err
		}
		spoiled = cmp.Or(spoiled, err)
		list = append(list, result.LossStep{
			Fraction: fraction, Rate: result.NewRate(rate, r.Mix.Mean()), LossRatio: got.LossRatio, Limited: got.Reason,
		})
		if without++; got.Lost > 0 || !got.Valid {
			without = 0
		}
	}
	return list, spoiled
}
