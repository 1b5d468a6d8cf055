package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// ThroughputConfig is how to search for the throughput.
type ThroughputConfig struct {
	LossRatio float64       // most loss of a trial that passes; RFC 2544 wants 0
	Width     float64       // of the final interval, relative to its upper bound
	Trial     time.Duration // of a trial of the search
	// Validation is how long the final trial takes, 60 s by RFC 2544 (section 24).
	// 0: there is none.
	Validation time.Duration
}

// Check tells whether a search can be made.
func (c ThroughputConfig) Check() error {
	switch {
	case !(c.LossRatio >= 0 && c.LossRatio < 1):
		return fmt.Errorf("a loss ratio of %g: must be from 0 to below 1", c.LossRatio)
	case !(c.Width >= minWidth && c.Width < 1):
		return fmt.Errorf("a width of %g: must be from %g to below 1", c.Width, minWidth)
	case c.Trial <= 0:
		return fmt.Errorf("a trial of %s: must be longer than 0", c.Trial)
	case c.Validation != 0 && c.Validation < c.Trial:
		return fmt.Errorf("a validation of %s: must be as long as a trial (%s), or 0 for none", c.Validation, c.Trial)
	}
	return nil
}

// Throughput searches for RFC 2544's throughput (section 26.1): the highest rate
// at which a trial loses nothing. It halves the interval below the runner's
// MaxRate with trials of the search's length, and validates the rate that it found with a
// longer trial. If that fails, short trials are not long enough: the search goes on down
// from there, with trials of the validation's length only. The result is one goal; if the
// search does not come to its end, it has the bounds so far. An error comes from the
// configuration, from the path or from the runner's End.
func Throughput(ctx context.Context, r *Runner, cfg ThroughputConfig) (result.Measurement, error) {
	var goals []result.Goal
	goal, err := r.throughput(ctx, cfg)
	if goal != nil {
		goals = []result.Goal{*goal}
	}
	r.keepTimes(atGoals(goals))
	m, err := r.measurement(err)
	m.Goals = goals
	return m, err
}

// binarySearch is where a search for the throughput is.
type binarySearch struct {
	ThroughputConfig
	bracket
	phase   string
	trial   time.Duration
	top     float64 // highest rate to try, in packets per second
	limited error   // why top is below the runner's MaxRate; nil: it is not
	repeats *budget
	results map[float64][]result.Trial // valid ones at each rate
	failed  []float64                  // rates that were upper ends, from the highest down
}

func (r *Runner) throughput(ctx context.Context, cfg ThroughputConfig) (*result.Goal, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	s := &binarySearch{
		ThroughputConfig: cfg, phase: "search", trial: cfg.Trial, bracket: bracket{stride: 0.5},
		top: r.MaxRate, repeats: newBudget(cfg.Trial, cfg.Validation, 0), results: map[float64][]result.Trial{},
	}
	err := s.run(ctx, r, r.MaxRate)
	if err == nil && cfg.Validation > 0 && s.lower > 0 {
		err = s.validate(ctx, r)
	}
	goal := s.result(r)
	switch {
	case err != nil:
		goal.Status = result.NotSettled
	case goal.Status == result.AboveMaximum && s.limited != nil:
		goal.Status = result.GeneratorLimit
		err = fmt.Errorf("%w above %.6g Mpps: %w; lower --max-rate, or give the generator more lcores", ErrGenerator, s.top/1e6, s.limited)
	}
	return goal, err
}

// validate tries the rate that was found for longer, and goes on below if that fails.
func (s *binarySearch) validate(ctx context.Context, r *Runner) error {
	found := s.lower
	s.phase, s.trial = "validation", s.Validation
	passed, err := s.try(ctx, r, found)
	if err != nil || passed {
		return err
	}
	s.bracket = bracket{upper: found, stride: s.Width}
	return s.run(ctx, r, s.next())
}

// run tries rates from the given one on, until the bracket is narrow enough or
// reaches an end of the range.
func (s *binarySearch) run(ctx context.Context, r *Runner, rate float64) error {
	for {
		if _, err := s.try(ctx, r, rate); err != nil {
			return err
		}
		for s.done(r) {
			if confirmed, err := s.confirm(ctx, r); err != nil || confirmed {
				return err
			}
		}
		rate = min(s.next(), s.top)
	}
}

// done tells whether there is nothing left to try.
func (s *binarySearch) done(r *Runner) bool {
	return s.near(s.Width) || s.lower >= s.top || s.lower == 0 && s.upper > 0 && s.upper*(1-s.stride) < r.MaxRate*lowest
}

// hiccups is how often a rate must fail before the search takes it for a bound. Some
// devices fail a few trials at any rate: the first such failure would otherwise confine
// the search far below the device's capacity.
const hiccups = 3

// confirm repeats the trial at the upper end, and opens the interval upwards again if one
// passes. It does not repeat a long trial, whose loss settles the rate.
func (s *binarySearch) confirm(ctx context.Context, r *Runner) (confirmed bool, err error) {
	if s.phase != "search" || s.upper == 0 {
		return true, nil
	}
	for upper := s.upper; len(s.results[upper]) < hiccups; {
		passed, err := s.try(ctx, r, upper)
		if err != nil {
			return false, err
		}
		if passed {
			s.reopen(upper)
			return false, nil
		}
	}
	return true, nil
}

// reopen makes the next higher rate that failed the upper end.
func (s *binarySearch) reopen(passed float64) {
	s.failed = slices.DeleteFunc(s.failed, func(rate float64) bool { return rate <= passed })
	s.bracket = bracket{lower: passed, stride: s.Width}
	if n := len(s.failed); n > 0 {
		s.upper = s.failed[n-1]
	}
}

// try tells whether a trial at the rate passes. Where the generator cannot offer
// the rate, it tries the highest one that it can.
func (s *binarySearch) try(ctx context.Context, r *Runner, rate float64) (passed bool, err error) {
	for {
		p := Progress{Phase: s.phase, Lower: s.lower, Upper: s.upper, Left: s.left(r)}
		got, err := s.repeats.repeat(ctx, r, p, Trial{Rate: rate, Duration: s.trial})
		switch {
		case errors.Is(err, errLimit):
			s.limited = err
			rate = footroom * min(rate, float64(got.Offered)/s.trial.Seconds())
			if s.top = rate; rate < r.MaxRate*lowest {
				return false, fmt.Errorf("%w: %w", ErrGenerator, err)
			}
			continue
		case err != nil:
			return false, err
		}
		s.results[rate] = append(s.results[rate], got)
		if passed = got.LossRatio <= s.LossRatio; !passed {
			s.failed = append(s.failed, rate)
		}
		s.tried(rate, passed)
		return passed, nil
	}
}

// left is how long the search takes at most, if the validation does not fail once
// more.
func (s *binarySearch) left(r *Runner) time.Duration {
	upper := s.upper
	if upper == 0 {
		upper = s.top
	}
	steps := 1.0
	if !s.near(s.Width) && s.lower < s.top {
		steps += math.Ceil(math.Log2(max(1, (upper-s.lower)/(s.Width*max(s.lower, lowest*r.MaxRate)))))
	}
	left := time.Duration(steps) * s.trial
	if s.phase == "search" {
		left += (hiccups-1)*s.trial + s.Validation
	}
	return left
}

// result is the search's result.
func (s *binarySearch) result(r *Runner) *result.Goal {
	g := &result.Goal{Status: result.Regular, GoalSettings: result.GoalSettings{
		Name: result.Throughput, LossRatio: s.LossRatio, DurationSumSeconds: max(s.Trial, s.Validation).Seconds(), Width: s.Width,
	}}
	rate := func(pps float64) *result.Rate {
		v := result.NewRate(pps, r.Mix.Mean())
		return &v
	}
	g.Lowest = rate(r.MaxRate * lowest)
	if s.lower > 0 {
		trials := s.results[s.lower]
		last := trials[len(trials)-1]
		share := s.lossyShare(trials)
		g.Lower, g.Conditional, g.LossyShare = rate(s.lower), rate(s.lower*(1-last.LossRatio)), &share
		g.PerDirection = rate(s.lower / float64(max(1, len(last.Directions))))
	} else {
		g.Status = result.BelowMinimum
	}
	if s.upper > 0 {
		g.Upper = rate(s.upper)
	} else {
		g.Status = result.AboveMaximum
	}
	return g
}

// lossyShare is the share of the trial time in which more was lost than is allowed.
func (s *binarySearch) lossyShare(trials []result.Trial) float64 {
	lossy, all := 0.0, 0.0
	for _, t := range trials {
		if all += t.Seconds; t.LossRatio > s.LossRatio {
			lossy += t.Seconds
		}
	}
	return lossy / max(all, 1e-9)
}
