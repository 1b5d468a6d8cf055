package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// NDRConfig is what a search by MLRsearch is for.
type NDRConfig struct {
	// Goals are searched for at once; a trial counts for all of them.
	Goals []result.GoalSettings
	// Trial is how long every trial takes: the initial and final trial duration
	// of all goals, which RFC 9971 recommends to be one (sections 4.6.1 and 5.5).
	Trial time.Duration
}

// DefaultGoals are the highest rate without loss (NDR) and with at most 0.5 %
// (PDR), with the exceed ratio and width that RFC 9971 recommends.
func DefaultGoals() []result.GoalSettings {
	return []result.GoalSettings{
		{Name: "NDR", LossRatio: 0, ExceedRatio: 0.5, DurationSumSeconds: 21, Width: 0.005},
		{Name: "PDR", LossRatio: 0.005, ExceedRatio: 0.5, DurationSumSeconds: 21, Width: 0.005},
	}
}

// Check tells whether a search can be made.
func (c NDRConfig) Check() error {
	if c.Trial <= 0 {
		return fmt.Errorf("a trial of %s: must be longer than 0", c.Trial)
	}
	if len(c.Goals) == 0 {
		return fmt.Errorf("no goal to search for")
	}
	for i, g := range c.Goals {
		switch {
		case slices.ContainsFunc(c.Goals[:i], func(o result.GoalSettings) bool { return o.Name == g.Name }):
			return fmt.Errorf("goal %q: there are two of that name", g.Name)
		case !(g.LossRatio >= 0 && g.LossRatio < 1):
			return fmt.Errorf("goal %q: a loss ratio of %g: must be from 0 to below 1", g.Name, g.LossRatio)
		case !(g.ExceedRatio >= 0 && g.ExceedRatio < 1):
			return fmt.Errorf("goal %q: an exceed ratio of %g: must be from 0 to below 1", g.Name, g.ExceedRatio)
		case !(g.Width >= minWidth && g.Width < 1):
			return fmt.Errorf("goal %q: a width of %g: must be from %g to below 1", g.Name, g.Width, minWidth)
		case !(g.DurationSumSeconds >= c.Trial.Seconds() && g.DurationSumSeconds <= maxSum.Seconds()):
			return fmt.Errorf("goal %q: a duration sum of %g s: must be from one trial (%g s) to %g s",
				g.Name, g.DurationSumSeconds, c.Trial.Seconds(), maxSum.Seconds())
		}
	}
	return nil
}

// What a goal may ask for.
const (
	minWidth = 1e-5
	maxSum   = 24 * time.Hour
)

// NDR searches for the highest rates that meet the goals, by MLRsearch (RFC
// 9971), below the runner's MaxRate. Their results are in the order of the goals.
// An error is one of the configuration, of the path or of the runner's End.
func NDR(ctx context.Context, r *Runner, cfg NDRConfig) (result.Measurement, error) {
	goals, err := r.search(ctx, cfg)
	m, err := r.measurement(err)
	m.Goals = goals
	return m, err
}

// search carries out a search and returns the goals that are settled.
func (r *Runner) search(ctx context.Context, cfg NDRConfig) ([]result.Goal, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	s := newSearch(r.MaxRate, cfg)
	var err error
	for g, load := s.next(); err == nil && g != nil; g, load = s.next() {
		p := Progress{Phase: "search", Left: time.Duration(s.left()) * cfg.Trial}
		p.Lower, p.Upper = s.interval(g)
		var got result.Trial
		if got, err = r.trial(ctx, p, Trial{Rate: s.grid.load(load), Duration: cfg.Trial}); err == nil {
			s.losses[load] = append(s.losses[load], got.LossRatio)
		}
	}
	return s.results(r.Mix.Mean()), err
}

// results are those of the goals that are settled.
func (s *search) results(frameBytes float64) (list []result.Goal) {
	rate := func(pps float64) *result.Rate {
		r := result.NewRate(pps, frameBytes)
		return &r
	}
	for _, g := range s.goals {
		if !s.settled(g) {
			continue
		}
		out := result.Goal{GoalSettings: g.settings, Status: result.Regular}
		lower, upper := s.bounds(g)
		if lower < 0 {
			out.Status = result.BelowMinimum
		} else {
			load := s.grid.load(lower)
			out.Lower, out.Conditional = rate(load), rate(g.conditional(load, s.losses[lower]))
		}
		if upper > s.grid.top {
			out.Status = result.AboveMaximum
		} else {
			out.Upper = rate(s.grid.load(upper))
		}
		list = append(list, out)
	}
	return list
}
