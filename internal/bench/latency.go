package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// LatencyConfig is at what loads to measure round-trip times.
type LatencyConfig struct {
	// Base is 100 % of the fractions, in packets per second; 0: the NDR, which Latency
	// then searches for first.
	Base float64
	// Search is how to search for the NDR; its first goal counts.
	Search NDRConfig
	// Fractions are the loads, as parts of the base rate. 0 is idle: a thousandth
	// of it, so that packets do not meet.
	Fractions []float64
	Trial     time.Duration // at each load
	Rounds    int           // how often at each load; 0 means 1. RFC 2544 wants 20
}

// DefaultFractions are no load, and light, half and heavy load.
func DefaultFractions() []float64 { return []float64{0, 0.1, 0.5, 0.9} }

// idle is the fraction that stands for no load.
const idle = 1e-3

// Check tells whether the loads can be measured.
func (c LatencyConfig) Check() error {
	switch {
	case c.Trial <= 0:
		return fmt.Errorf("a trial of %s: must be longer than 0", c.Trial)
	case c.Rounds < 0:
		return fmt.Errorf("%d rounds: must be 1 at least", c.Rounds)
	case !(c.Base >= 0):
		return fmt.Errorf("a rate of %g: must not be below 0", c.Base)
	case len(c.Fractions) == 0:
		return fmt.Errorf("no load to measure at")
	}
	for i, f := range c.Fractions {
		switch {
		case !(f >= 0 && f <= 1):
			return fmt.Errorf("a load of %g: must be from 0 to 1", f)
		case slices.Contains(c.Fractions[:i], f):
			return fmt.Errorf("a load of %g is there twice", f)
		}
	}
	if c.Base > 0 {
		return nil
	}
	return c.Search.Check()
}

// Latency measures round-trip times, once at each fraction of a rate (RFC 2544,
// section 26.2, measures them at the throughput only). An error is one of the
// configuration, of the path or of the runner's End.
func Latency(ctx context.Context, r *Runner, cfg LatencyConfig) (result.Measurement, error) {
	var goals []result.Goal
	err := cfg.Check()
	base, name := cfg.Base, fmt.Sprintf("%.6g Mpps", cfg.Base/1e6)
	if err == nil && base == 0 {
		search := cfg.Search
		search.Goals = search.Goals[:1]
		r.later = time.Duration(len(cfg.Fractions)*max(1, cfg.Rounds)) * cfg.Trial
		goals, err = r.search(ctx, search)
		r.later = 0
		if err == nil {
			name = goals[0].Name
			if goals[0].Lower != nil {
				base = goals[0].Lower.Mpps * 1e6
			}
		}
	}
	var loads []result.LoadLatency
	if err == nil && base > 0 {
		loads, err = r.loads(ctx, cfg, base, name)
	}
	m, err := r.measurement(err)
	m.Goals, m.Latency = goals, loads
	if m.Valid && base == 0 {
		m.Valid, m.Reason = false, "even the lowest rate lost packets, so there is none to take fractions of: name a rate"
	}
	return m, err
}

// loads measures at each fraction of the base rate. If no trial at a load is valid, it
// keeps and marks the load's times, and goes on with the other loads.
func (r *Runner) loads(ctx context.Context, cfg LatencyConfig, base float64, name string) (list []result.LoadLatency, spoiled error) {
	for i, fraction := range cfg.Fractions {
		load := result.LoadLatency{Load: fmt.Sprintf("%.4g%% of %s", 100*fraction, name), Fraction: fraction}
		if fraction == 0 {
			load.Load, load.Fraction = "idle", idle
		}
		rate := load.Fraction * base
		rounds := max(1, cfg.Rounds)
		left := time.Duration((len(cfg.Fractions)-i)*rounds) * cfg.Trial
		got, err := r.trial(ctx, Progress{Phase: "load", Left: left, Most: tries(left)}, Trial{Rate: rate, Duration: cfg.Trial})
		if err != nil && !errors.Is(err, ErrGenerator) {
			return list, err
		}
		if err != nil && spoiled == nil {
			spoiled = fmt.Errorf("%s: %w", load.Load, err)
		}
		load.Rate, load.Loss, load.Lateness = result.NewRate(rate, r.Mix.Mean()), got.LossRatio, got.Lateness
		load.RTT, load.ScheduledRTT = r.times[len(r.times)-1].of(got)
		load.Late, load.MaxLateUs = got.Late, got.MaxLateUs
		load.Limited, load.PDVUs = got.Reason, got.RTT.PDV()
		if err := r.rounds(ctx, &load, rounds, left, Trial{Rate: rate, Duration: cfg.Trial}, got); err != nil {
			return append(list, load), err
		}
		list = append(list, load)
	}
	return list, spoiled
}

// rounds measures a load again and again, after the first time.
func (r *Runner) rounds(ctx context.Context, load *result.LoadLatency, rounds int, left time.Duration, t Trial, got result.Trial) error {
	for round := 1; round < rounds; round++ {
		if got.RTT != nil {
			load.Rounds = append(load.Rounds, got.RTT.MeanUs)
		}
		var err error
		left := left - time.Duration(round)*t.Duration
		got, err = r.trial(ctx, Progress{Phase: "load", Left: left, Most: tries(left)}, t)
		switch {
		case errors.Is(err, ErrGenerator):
			load.Limited = got.Reason
		case err != nil:
			return err
		}
	}
	if rounds > 1 && got.RTT != nil {
		load.Rounds = append(load.Rounds, got.RTT.MeanUs)
	}
	if len(load.Rounds) > 0 {
		spread := result.NewSpread(load.Rounds)
		load.RoundsMeanUs, load.RoundsSDUs = spread.Mean, spread.SD
	}
	return nil
}
