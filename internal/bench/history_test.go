package bench

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 18))
	var series []float64
	for i, n := range []int{15, 20, 10} {
		series = append(series, noisy(rng, n, []float64{10, 9, 9.7}[i], 0.005, 0)...)
	}
	got := Changes(series, 1)
	if len(got) != 2 || got[0].At != 15 || got[1].At != 35 {
		t.Fatalf("%+v, want changes at 15 and 35", got)
	}
	for i, want := range [][2]float64{{10, 9}, {9, 9.7}} {
		if c := got[i]; math.Abs(c.Before-want[0]) > 0.05 || math.Abs(c.After-want[1]) > 0.05 || c.P > changeP {
			t.Errorf("%+v, want from %g to %g", c, want[0], want[1])
		}
	}
	for _, short := range [][]float64{nil, {1}, {1, 1, 1, 9, 9, 9}} {
		if got := Changes(short, 1); got != nil {
			t.Errorf("%v: %+v", short, got)
		}
	}
	if got := Changes(make([]float64, 40), 1); got != nil {
		t.Errorf("all the same: %+v", got)
	}
}

// TestChangesFigures prints how often a change is found where there is none, and how
// often one of 3 % is found in its place, and fails if that gets worse.
func TestChangesFigures(t *testing.T) {
	const seeds = 200
	for _, n := range []int{20, 50} {
		for _, disturbed := range []float64{0, 0.1} {
			alarms, found, placed := 0, 0, 0
			for seed := range uint64(seeds) {
				rng := rand.New(rand.NewPCG(seed, 19))
				if Changes(noisy(rng, n, 10, 0.01, disturbed), seed) != nil {
					alarms++
				}
				series := append(noisy(rng, n/2, 10, 0.01, disturbed), noisy(rng, n/2, 9.7, 0.01, disturbed)...)
				for _, c := range Changes(series, seed) {
					if c.At >= n/2-2 && c.At <= n/2+2 {
						placed++
						break
					}
				}
				if Changes(series, seed) != nil {
					found++
				}
			}
			percent := func(n int) float64 { return 100 * float64(n) / seeds }
			t.Logf("%d runs, noise 1 %%, %2.0f %% of them disturbed: %.1f %% false alarms; a change of 3 %% is found in %.1f %%, within two runs of its place in %.1f %%",
				n, 100*disturbed, percent(alarms), percent(found), percent(placed))
			least := 85.0
			if disturbed > 0 && n < 50 { // a disturbed run differs by more than the change
				least = 55
			}
			if percent(alarms) > 3 || percent(found) < least || percent(placed) < least-5 {
				t.Errorf("want 3 %% at most, and %.0f %% at least", least)
			}
		}
	}
}
