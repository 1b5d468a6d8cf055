package bench

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
)

var rfc2544 = ThroughputConfig{Width: 0.005, Trial: time.Second, Validation: time.Minute}

func TestThroughput(t *testing.T) {
	for _, m := range monotonic {
		for seed := range uint64(50) {
			capacity := 1e6 * (0.05 + 9*rand.New(rand.NewPCG(seed, 9)).Float64())
			d := newDevice(m.at(capacity), 0, seed)
			got, err := Throughput(t.Context(), d.runner(), rfc2544)
			if err != nil || !got.Valid || !got.Complete || len(got.Goals) != 1 {
				t.Fatalf("%s: %+v, %v", m.name, got, err)
			}
			g := got.Goals[0]
			lower, upper := g.Lower.Mpps*1e6, g.Upper.Mpps*1e6
			// Less than a packet of a trial is no loss.
			if lower > capacity*(1+1e-4) || upper <= capacity || upper-lower > 0.005*upper*(1+1e-9) {
				t.Errorf("%s of %g: from %g to %g", m.name, capacity, lower, upper)
			}
			if g.Name != "throughput" || g.Status != result.Regular || g.DurationSumSeconds != 60 || *g.Conditional != *g.Lower {
				t.Errorf("goal %+v", g)
			}
			last := d.trials[len(d.trials)-1]
			if last.Rate != lower || last.Duration != time.Minute || got.Trials[len(got.Trials)-1].Phase != "validation" {
				t.Errorf("the last trial is %+v, want the validation of %g", last, lower)
			}
			if d.trials[0].Rate != 10e6 || got.Trials[0].Phase != "search" || d.time > 85*time.Second {
				t.Errorf("began at %g, took %s", d.trials[0].Rate, d.time)
			}
		}
	}
}

// A device that long trials get the better of: what short ones promise is not
// reported.
func TestThroughputNotValidated(t *testing.T) {
	for _, really := range []float64{4.9e6, 4e6, 1e6, 30e3, 0} {
		d := newDevice(monotonic[0].at(5e6), 0, 1)
		d.change = func(t Trial, c *Counts) error {
			if t.Duration == time.Minute && t.Rate > really {
				c.Received--
			}
			return nil
		}
		m, err := Throughput(t.Context(), d.runner(), rfc2544)
		if err != nil || !m.Valid {
			t.Fatal(m, err)
		}
		g := m.Goals[0]
		switch {
		case really == 0:
			if g.Status != result.BelowMinimum || g.Lower != nil {
				t.Errorf("%+v, want below-minimum", g)
			}
		case g.Status != result.Regular || g.Lower.Mpps*1e6 > really || g.Lower.Mpps*1e6 < 0.99*really || g.Upper.Mpps*1e6 <= really:
			t.Errorf("from %g to %g Mpps, want %g between them", g.Lower.Mpps, g.Upper.Mpps, really/1e6)
		}
		long := 0
		for _, trial := range m.Trials {
			if trial.Phase == "validation" {
				long++
			} else if long > 0 {
				t.Error("a short trial after the validation failed")
			}
		}
		if long < 2 || long > 30 {
			t.Errorf("%g: %d long trials", really, long)
		}
	}
}

func TestThroughputIrregular(t *testing.T) {
	for loss, want := range map[float64]string{0: result.AboveMaximum, 0.5: result.BelowMinimum} {
		d := newDevice(func(float64) float64 { return loss }, 0, 1)
		m, err := Throughput(t.Context(), d.runner(), rfc2544)
		if err != nil || !m.Valid || m.Goals[0].Status != want {
			t.Errorf("%+v, %v, want %s", m.Goals, err, want)
		}
		if above := want == result.AboveMaximum; (m.Goals[0].Lower != nil) != above || (m.Goals[0].Upper != nil) == above || len(d.trials) > 14 {
			t.Errorf("%+v in %d trials", m.Goals[0], len(d.trials))
		}
	}
}

func TestThroughputTolerant(t *testing.T) {
	cfg := rfc2544
	cfg.LossRatio, cfg.Validation = 0.005, 0
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	m, err := Throughput(t.Context(), d.runner(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := m.Goals[0]
	if g.Lower.Mpps < 5 || g.Upper.Mpps < 5/0.995 || g.Conditional.Mpps >= g.Lower.Mpps || g.Conditional.Mpps < 4.99 || g.DurationSumSeconds != 1 {
		t.Errorf("from %g to %g, conditional %g", g.Lower.Mpps, g.Upper.Mpps, g.Conditional.Mpps)
	}
}

// One early hiccup of the device must not confine the search to the rates below it.
func TestThroughputHiccups(t *testing.T) {
	worst, seconds := 1.0, 0.0
	for seed := range uint64(400) {
		d := newDevice(failing(0.05, seed), 0, seed)
		m, err := Throughput(t.Context(), d.runner(), rfc2544)
		if err != nil || !m.Valid || m.Goals[0].Lower == nil {
			t.Fatal(m, err)
		}
		worst = min(worst, m.Goals[0].Lower.Mpps/5)
		seconds += d.time.Seconds()
	}
	t.Logf("5 %% of the trials fail: worst throughput %.3f of the capacity, %.0f s on average", worst, seconds/400)
	if worst < 0.9 {
		t.Errorf("worst throughput %.3f of the capacity", worst)
	}
}

func TestThroughputGeneratorTooSlow(t *testing.T) {
	for _, capacity := range []float64{5e6, 20e6} {
		d := newDevice(monotonic[0].at(capacity), 0, 1)
		d.change = late(8e6)
		m, err := Throughput(t.Context(), d.runner(), rfc2544)
		if err != nil || len(m.Goals) != 1 || m.Goals[0].Lower == nil {
			t.Fatal(m, err)
		}
		want, status := 0.95*8, result.GeneratorLimit
		if capacity < 8e6 {
			want, status = 5, result.Regular
		}
		if g := m.Goals[0]; g.Status != status || math.Abs(g.Lower.Mpps/want-1) > 0.006 || m.Valid != (status == result.Regular) {
			t.Errorf("%s, %g Mpps, valid %v (%s); want %s, %g", g.Status, g.Lower.Mpps, m.Valid, m.Reason, status, want)
		}
	}
}

func TestThroughputEnds(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 10))
		likely := rng.Float64()
		d := newDevice(func(float64) float64 {
			if rng.Float64() < likely {
				return 0
			}
			return rng.Float64()
		}, 0, seed)
		m, err := Throughput(t.Context(), d.runner(), rfc2544)
		if err != nil || !m.Complete || len(d.trials) > 60 {
			t.Errorf("seed %d: %d trials, %v", seed, len(d.trials), err)
		}
	}
}

func TestThroughputStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(Trial, *Counts) error {
		if len(d.trials) == 3 {
			cancel()
		}
		return nil
	}
	m, err := Throughput(ctx, d.runner(), rfc2544)
	if err != nil || m.Complete || m.Valid || len(m.Goals) != 1 || m.Goals[0].Status != result.NotSettled || len(m.Trials) != 3 || m.Trials[2].Valid {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestThroughputConfigCheck(t *testing.T) {
	for want, change := range map[string]func(*ThroughputConfig){
		"loss ratio of 1":   func(c *ThroughputConfig) { c.LossRatio = 1 },
		"width of 0":        func(c *ThroughputConfig) { c.Width = 0 },
		"trial of 0s":       func(c *ThroughputConfig) { c.Trial = 0 },
		"validation of 1ms": func(c *ThroughputConfig) { c.Validation = time.Millisecond },
	} {
		c := rfc2544
		change(&c)
		if _, err := Throughput(t.Context(), newDevice(nil, 0, 1).runner(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
