package bench

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	base, next := []float64{10, 12, 11, 13, 9}, []float64{5.5, 5, 6, 4.5, 6.5, 5.5}
	c, err := Compare(base, next, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.Runs != [2]int{5, 6} || c.Median != [2]float64{11, 5.5} || c.Ratio != 0.5 {
		t.Errorf("%+v", c)
	}
	if !(c.Low < c.Ratio && c.Ratio < c.High && c.High < 1 && c.Low > 4.5/13 && c.High < 6.5/9) {
		t.Errorf("interval %g to %g", c.Low, c.High)
	}
	again, err := Compare(base, next, 1)
	if err != nil || again != c {
		t.Errorf("the same seed gave %+v and %+v, %v", c, again, err)
	}
	if other, err := Compare(base, next, 2); err != nil || math.Abs(other.Low-c.Low) > 0.02 || math.Abs(other.High-c.High) > 0.02 {
		t.Errorf("another seed gave %+v after %+v, %v", other, c, err)
	}
	if diff := cmp.Diff([]float64{10, 12, 11, 13, 9}, base); diff != "" {
		t.Errorf("the runs were changed: %s", diff)
	}
}

func TestCompareErrors(t *testing.T) {
	five := []float64{1, 2, 3, 4, 5}
	for _, sides := range [][2][]float64{{five[:4], five}, {five, five[:4]}, {nil, nil}} {
		if _, err := Compare(sides[0], sides[1], 1); !errors.Is(err, ErrTooFew) {
			t.Errorf("%v: error %v, want ErrTooFew", sides, err)
		}
	}
	if c, err := Compare(five, make([]float64, 5), 1); err != nil || !c.Regressed(0.5) {
		t.Errorf("a path that carries nothing any more: %+v, %v", c, err)
	}
	if _, err := Compare(make([]float64, 5), five, 1); err == nil {
		t.Error("a base of 0: no error")
	}
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
		six := append([]float64{bad}, five...)
		if _, err := Compare(six, five, 1); err == nil || errors.Is(err, ErrTooFew) {
			t.Errorf("%g: error %v", bad, err)
		}
		if _, err := Compare(five, six, 1); err == nil {
			t.Errorf("%g: no error", bad)
		}
	}
}

func TestRegressed(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Comparison
		want bool
	}{
		{"slower", Comparison{Ratio: 0.9, Low: 0.88, High: 0.95}, true},
		{"slower, perhaps by chance", Comparison{Ratio: 0.9, Low: 0.8, High: 1.01}, false},
		{"slower, but by little", Comparison{Ratio: 0.99, Low: 0.985, High: 0.995}, false},
		{"at the threshold", Comparison{Ratio: 0.98, Low: 0.97, High: 0.99}, false},
		{"faster", Comparison{Ratio: 1.1, Low: 1.05, High: 1.2}, false},
	} {
		if got := tt.c.Regressed(0.02); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestCompareCoverage counts how often the interval holds the true ratio, how
// often a difference is found where there is none, and how often one of 5 % is
// found. It takes fewer resamples than Compare for the sake of time.
func TestCompareCoverage(t *testing.T) {
	const seeds = 300
	compare := func(base, next []float64, seed uint64) (c Comparison) {
		c.Ratio = median(slices.Clone(next)) / median(slices.Clone(base))
		c.Low, c.High = bootstrap(base, next, seed, 1000)
		return c
	}
	for _, disturbed := range []float64{0, 0.1} { // part of the runs that are slower by a tenth
		for _, n := range []int{5, 20} {
			covered, alarms, found := 0, 0, 0
			for seed := range uint64(seeds) {
				rng := rand.New(rand.NewPCG(seed, uint64(n)))
				runs := func(mean float64) []float64 {
					out := make([]float64, n)
					for i := range out {
						out[i] = mean * (1 + 0.01*rng.NormFloat64())
						if rng.Float64() < disturbed {
							out[i] *= 0.9
						}
					}
					return out
				}
				base := runs(10)
				c := compare(base, runs(10), seed)
				if c.Low <= 1 && 1 <= c.High {
					covered++
				}
				if c.Regressed(0) {
					alarms++
				}
				if compare(base, runs(9.5), seed).Regressed(0.02) {
					found++
				}
			}
			percent := func(n int) float64 { return 100 * float64(n) / seeds }
			t.Logf("%2d runs a side, %2.0f %% of them disturbed: the truth is in %.1f %% of the intervals, %.1f %% false alarms, %.1f %% found",
				n, 100*disturbed, percent(covered), percent(alarms), percent(found))
			if percent(covered) < 93 || percent(alarms) > 4 || disturbed == 0 && percent(found) < 98 {
				t.Error("want 93 % at least, 4 % at most, and 98 % at least of runs that are not disturbed")
			}
		}
	}
}
