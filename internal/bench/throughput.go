package bench

import (
	"context"
	"fmt"
	"math"
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
// MaxRate with trials of the search's length, and validates what it found with a
// longer one. If that fails, the short trials were no guide: the search goes on
// downwards from there, with trials of the validation's length only. The result
// is one goal. An error is one of the configuration, of the path or of the
// runner's End.
func Throughput(ctx context.Context, r *Runner, cfg ThroughputConfig) (result.Measurement, error) {
	goal, err := r.throughput(ctx, cfg)
	m, err := r.measurement(err)
	if goal != nil {
		m.Goals = []result.Goal{*goal}
	}
	return m, err
}

// binarySearch is where a search for the throughput is.
type binarySearch struct {
	ThroughputConfig
	bracket
	phase string
	trial time.Duration
	best  result.Trial // the one that passed at the lower bound
}

func (r *Runner) throughput(ctx context.Context, cfg ThroughputConfig) (*result.Goal, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	s := &binarySearch{ThroughputConfig: cfg, phase: "search", trial: cfg.Trial, bracket: bracket{stride: 0.5}}
	if err := s.run(ctx, r, r.MaxRate); err != nil {
		return nil, err
	}
	if cfg.Validation > 0 && s.lower > 0 {
		found := s.lower
		s.phase, s.trial = "validation", cfg.Validation
		passed, err := s.try(ctx, r, found)
		if err == nil && !passed {
			s.bracket = bracket{upper: found, stride: cfg.Width}
			err = s.run(ctx, r, s.next())
		}
		if err != nil {
			return nil, err
		}
	}
	return s.result(r), nil
}

// run tries rates from the given one on, until the bracket is as narrow as it
// has to be or at an end of what may be tried.
func (s *binarySearch) run(ctx context.Context, r *Runner, rate float64) error {
	for ; ; rate = s.next() {
		if _, err := s.try(ctx, r, rate); err != nil {
			return err
		}
		if s.near(s.Width) || s.lower >= r.MaxRate || s.lower == 0 && s.upper*(1-s.stride) < r.MaxRate*lowest {
			return nil
		}
	}
}

// try tells whether a trial at the rate passes.
func (s *binarySearch) try(ctx context.Context, r *Runner, rate float64) (passed bool, err error) {
	p := Progress{Phase: s.phase, Lower: s.lower, Upper: s.upper, Left: s.left(r)}
	got, err := r.trial(ctx, p, Trial{Rate: rate, Duration: s.trial})
	if err != nil {
		return false, err
	}
	if passed = got.LossRatio <= s.LossRatio; passed {
		s.best = got
	}
	s.tried(rate, passed)
	return passed, nil
}

// left is how long the search takes at most, if the validation does not fail once
// more.
func (s *binarySearch) left(r *Runner) time.Duration {
	upper := s.upper
	if upper == 0 {
		upper = r.MaxRate
	}
	steps := 1.0
	if !s.near(s.Width) && s.lower < r.MaxRate {
		steps += math.Ceil(math.Log2(max(1, (upper-s.lower)/(s.Width*max(s.lower, lowest*r.MaxRate)))))
	}
	left := time.Duration(steps) * s.trial
	if s.phase == "search" {
		left += s.Validation
	}
	return left
}

// result is what the search came to.
func (s *binarySearch) result(r *Runner) *result.Goal {
	g := &result.Goal{Status: result.Regular, GoalSettings: result.GoalSettings{
		Name: result.Throughput, LossRatio: s.LossRatio, DurationSumSeconds: max(s.Trial, s.Validation).Seconds(), Width: s.Width,
	}}
	rate := func(pps float64) *result.Rate {
		v := result.NewRate(pps, r.Mix.Mean())
		return &v
	}
	if s.lower > 0 {
		g.Lower, g.Conditional = rate(s.lower), rate(s.lower*(1-s.best.LossRatio))
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
