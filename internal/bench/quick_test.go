package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// A quick search gives an answer within its time on every device, and the interval
// that it gives holds the rate as a rule.
func TestQuickSearch(t *testing.T) {
	const seeds, capacity = 200, 5e6
	preset, err := ParsePreset(QuickPreset)
	if err != nil {
		t.Fatal(err)
	}
	devices := append([]model{}, monotonic...)
	for _, ratio := range []float64{1e-7, 1e-6, 1e-5} { // random loss: no rate to find, only the time to keep
		devices = append(devices, model{fmt.Sprintf("random %g", ratio), func(x float64) float64 {
			return max(ratio, 1-1/x)
		}, 0, 0})
	}
	for _, m := range devices {
		for _, sigma := range []float64{0, 0.002, 0.01} {
			settled, near, longest := 0, 0, time.Duration(0)
			for seed := range uint64(seeds) {
				d := newDevice(m.at(capacity), sigma, seed)
				r := d.runner()
				r.MaxRate = 0
				got, err := NDR(context.Background(), r, preset.NDRConfig)
				if err != nil || !got.Valid || !got.Complete || len(got.Goals) == 0 {
					t.Fatalf("%s, seed %d: %+v, %v", m.name, seed, got.Goals, err)
				}
				longest = max(longest, d.time)
				g := got.Goals[0]
				if g.Status == result.Regular {
					settled++
				}
				if g.Lower == nil {
					continue
				}
				if *g.LeastLoss <= 0 || *g.LeastLoss > 1e-5 {
					t.Errorf("%s, seed %d: the least loss that could be seen is %g", m.name, seed, *g.LeastLoss)
				}
				if math.Abs(g.Lower.Mpps/(m.ndr*capacity/1e6)-1) < 0.01+2*sigma {
					near++
				}
			}
			t.Logf("%-10s noise %.1f %%: at most %5.2f s, %3d of %d settled, %3d near", m.name, 100*sigma, longest.Seconds(), settled, seeds, near)
			if longest > 15*time.Second {
				t.Errorf("%s, noise %g: %s of trials", m.name, sigma, longest)
			}
			if m.ndr > 0 && near < seeds*95/100 {
				t.Errorf("%s, noise %g: %d of %d are near the rate", m.name, sigma, near, seeds)
			}
		}
	}
}

// A search whose time is up says what it has, but not if no trial was valid.
func TestSearchOutOfTime(t *testing.T) {
	cfg := NDRConfig{Goals: DefaultGoals(), Trial: time.Second, Limit: 6 * time.Second}
	d := newDevice(monotonic[0].at(5e6), 0, 1)
	got, err := NDR(context.Background(), d.runner(), cfg)
	if err != nil || !got.Valid || !got.Complete {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, g := range got.Goals {
		if g.Status != result.NotSettled || g.Lower == nil || g.Upper == nil || g.Lower.Mpps >= 5.1 || g.Upper.Mpps <= 4.9 {
			t.Errorf("%s: %s, %v to %v", g.Name, g.Status, g.Lower, g.Upper)
		}
	}
	if d.time > cfg.Limit {
		t.Errorf("%s of trials", d.time)
	}
	d = newDevice(monotonic[0].at(5e6), 0, 1)
	d.change = func(_ Trial, c *Counts) error {
		c.Offered /= 2
		return nil
	}
	r := d.runner()
	got, err = NDR(context.Background(), r, cfg)
	if err != nil || got.Valid || !strings.Contains(got.Reason, "no trial was valid") || d.time > cfg.Limit {
		t.Errorf("late generator: %v, %q, %v after %s", got.Valid, got.Reason, err, d.time)
	}
	cfg.Limit = time.Second
	if _, err := NDR(context.Background(), r, cfg); err == nil || errors.Is(err, ErrGenerator) {
		t.Errorf("a limit without room for a trial: %v", err)
	}
}
