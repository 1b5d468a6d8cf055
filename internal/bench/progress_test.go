package bench

import (
	"testing"
	"time"
)

// The bound of the time left holds, whatever the device and the generator do.
func TestTimeLeftIsABound(t *testing.T) {
	disturbed := func(every int) func(*device) func(Trial, *Counts) error {
		return func(d *device) func(Trial, *Counts) error {
			return func(t Trial, c *Counts) error {
				if len(d.trials)%every == 0 {
					return late(1)(t, c)
				}
				return nil
			}
		}
	}
	search := NDRConfig{Goals: DefaultGoals(), Trial: time.Second, Limit: 2 * time.Minute}
	for name, tt := range map[string]struct {
		sigma   float64
		change  func(*device) func(Trial, *Counts) error
		measure func(t *testing.T, r *Runner) error
	}{
		"search": {0, nil, func(t *testing.T, r *Runner) error {
			_, err := NDR(t.Context(), r, search)
			return err
		}},
		"noisy search": {0.02, disturbed(3), func(t *testing.T, r *Runner) error {
			_, err := NDR(t.Context(), r, search)
			return err
		}},
		"latency": {0.02, disturbed(4), func(t *testing.T, r *Runner) error {
			r.Warmup = 3 * time.Second
			_, err := Latency(t.Context(), r, LatencyConfig{Search: search, Fractions: DefaultFractions(), Trial: 2 * time.Second, Rounds: 3})
			return err
		}},
		"latency, never valid": {0, disturbed(1), func(t *testing.T, r *Runner) error {
			_, err := Latency(t.Context(), r, LatencyConfig{Base: 1e6, Fractions: DefaultFractions(), Trial: 2 * time.Second})
			return err
		}},
		"loss": {0, disturbed(2), func(t *testing.T, r *Runner) error {
			_, err := Loss(t.Context(), r, LossConfig{Step: 0.1, Trial: time.Second})
			return err
		}},
		"fixed": {0, nil, func(t *testing.T, r *Runner) error {
			r.Warmup = time.Second
			_, err := Fixed(t.Context(), r, 1e6, 10*time.Second, 0)
			return err
		}},
	} {
		d := newDevice(monotonic[0].at(5e6), tt.sigma, 1)
		if tt.change != nil {
			d.change = tt.change(d)
		}
		r := d.runner()
		type told struct {
			at, most time.Duration
			phase    string
		}
		var list []told
		r.Begin = func(p Progress) { list = append(list, told{d.time, p.Most, p.Phase}) }
		if err := tt.measure(t, r); err != nil {
			t.Fatal(name, err)
		}
		if len(list) != len(d.trials) {
			t.Fatalf("%s: %d of %d trials were reported", name, len(list), len(d.trials))
		}
		for i, l := range list {
			if took := d.time - l.at; l.most < took {
				t.Errorf("%s: trial %d (%s): at most %s, and it took %s", name, i, l.phase, l.most, took)
			}
		}
	}
}
