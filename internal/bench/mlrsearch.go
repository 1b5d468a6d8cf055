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

// NDRConfig is what a search by MLRsearch is for.
type NDRConfig struct {
	// Goals are searched for at once; a trial counts for all of them.
	Goals []result.GoalSettings
	// Trial is the initial trial duration: the length of the trials that lead to a
	// goal. The trials that settle the goal have it too, unless the goal names a
	// longer one. RFC 9971 recommends the same length for both (sections 4.6.1 and 5.5).
	Trial time.Duration
	// Limit, if not 0, is how long all trials may take together, with those that look
	// for the highest rate. When it is up, the goals have the bounds found so far.
	Limit time.Duration
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
	if least := 2*maximumTime + c.Trial; c.Limit != 0 && c.Limit < least {
		return fmt.Errorf("a limit of %s: must leave time for the first trials (%s)", c.Limit, least)
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
		case !(g.TrialSeconds == 0 || g.TrialSeconds >= c.Trial.Seconds()):
			return fmt.Errorf("goal %q: a final trial of %g s: must be as long as the first trials (%s)", g.Name, g.TrialSeconds, c.Trial)
		case !(g.DurationSumSeconds >= max(g.TrialSeconds, c.Trial.Seconds()) && g.DurationSumSeconds <= maxSum.Seconds()):
			return fmt.Errorf("goal %q: a duration sum of %g s: must be from one trial (%g s) to %g s",
				g.Name, g.DurationSumSeconds, max(g.TrialSeconds, c.Trial.Seconds()), maxSum.Seconds())
		}
	}
	return nil
}

// longest is the longest trial that a goal wants.
func (c NDRConfig) longest() time.Duration {
	longest := c.Trial
	for _, g := range c.Goals {
		longest = max(longest, inSeconds(g.TrialSeconds))
	}
	return longest
}

// The limits of a goal's settings.
const (
	minWidth = 1e-5
	maxSum   = 24 * time.Hour
)

// NDR searches for the highest rates that meet the goals, by MLRsearch (RFC
// 9971), below the runner's MaxRate. Their results are in the order of the goals.
// A goal that was not settled is there with the bounds that it has. An error is
// one of the configuration, of the path or of the runner's End.
func NDR(ctx context.Context, r *Runner, cfg NDRConfig) (result.Measurement, error) {
	goals, err := r.search(ctx, cfg)
	r.keepTimes(atGoals(goals))
	m, err := r.measurement(err)
	m.Goals = goals
	return m, err
}

// search carries out a search. It returns the configuration's goals with the bounds
// found so far, or nil if the search never began. ErrGenerator means that the generator
// was too slow to settle one of them.
func (r *Runner) search(ctx context.Context, cfg NDRConfig) ([]result.Goal, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	r.limit = cfg.Limit
	defer func() { r.limit = 0 }()
	if err := r.findMaximum(ctx); err != nil {
		return nil, err
	}
	s, left := newSearch(r.MaxRate, cfg), newBudget(cfg.Trial, cfg.longest(), cfg.Limit)
	var limit error
	for g, load, seconds := s.next(); g != nil; g, load, seconds = s.next() {
		p := Progress{Phase: "search", Goal: g.settings.Name, Left: left.atMost(r, inSeconds(s.left()))}
		p.Lower, p.Upper = s.interval(g)
		got, err := left.repeat(ctx, r, p, Trial{Rate: s.grid.load(load), Duration: inSeconds(seconds)})
		switch {
		case err == nil:
			s.add(load, sample{loss: got.LossRatio, seconds: seconds})
			s.directions = max(1, len(got.Directions))
		case errors.Is(err, errTime) && len(s.samples) > 0:
			return s.results(r.Mix.Mean(), true), nil
		case errors.Is(err, errTime):
			return s.results(r.Mix.Mean(), false), fmt.Errorf("%w in %s: %s", ErrGenerator, cfg.Limit, r.trials[len(r.trials)-1].Reason)
		case errors.Is(err, errLimit):
			limit = err
			if !s.limit(load, float64(got.Offered)/seconds) {
				return s.results(r.Mix.Mean(), false), fmt.Errorf("%w: %w", ErrGenerator, limit)
			}
		default:
			return s.results(r.Mix.Mean(), false), err
		}
	}
	goals := s.results(r.Mix.Mean(), false)
	if slices.ContainsFunc(goals, func(g result.Goal) bool { return g.Status == result.GeneratorLimit }) {
		return goals, fmt.Errorf("%w above %.6g Mpps: %w; lower --max-rate, or give the generator more lcores", ErrGenerator, s.grid.load(s.top)/1e6, limit)
	}
	return goals, nil
}

func inSeconds(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// results returns the goals' results, by the loads that the duration sum has decided.
//
// cut: the time was up. Then the trials so far decide the loads that are still open.
func (s *search) results(frameBytes float64, cut bool) (list []result.Goal) {
	rate := func(pps float64) *result.Rate {
		r := result.NewRate(pps, frameBytes)
		return &r
	}
	for _, g := range s.goals {
		t := g.final()
		out := result.Goal{GoalSettings: g.settings, Lowest: rate(s.grid.load(0))}
		lower, upper := s.relevant(t.classify)
		if cut && !s.settled(g) {
			lower, upper = s.bounds(t)
		}
		out.Status = s.status(g, lower, upper)
		if lower >= 0 {
			load, share := s.grid.load(lower), t.share(s.samples[lower])
			out.Lower, out.LossyShare = rate(load), &share
			if conditional := t.conditional(load, s.samples[lower]); conditional > 0 || !cut {
				out.Conditional = rate(conditional)
			}
			out.PerDirection = rate(load / float64(s.directions))
			least := 1 / (load * s.tried(lower))
			out.LeastLoss = &least
		}
		if upper <= s.top {
			out.Upper = rate(s.grid.load(upper))
		}
		list = append(list, out)
	}
	return list
}

// status is what became of a goal with these bounds.
func (s *search) status(g *goal, lower, upper int) string {
	switch {
	case s.top < 0:
		return result.GeneratorLimit
	case !s.settled(g):
		return result.NotSettled
	case lower < 0:
		return result.BelowMinimum
	case upper <= s.top:
		return result.Regular
	case s.top < s.grid.top:
		return result.GeneratorLimit
	}
	return result.AboveMaximum
}
