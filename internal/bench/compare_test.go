package bench

import (
	"errors"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
	if c.Method != Bootstrap || c.P > 0.01 || c.AdjustedP != c.P {
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

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Comparison
		want Outcome
	}{
		{"slower", Comparison{Ratio: 0.9, Low: 0.88, High: 0.95, AdjustedP: 0.01}, Regression},
		{"slower, but one of many", Comparison{Ratio: 0.9, Low: 0.88, High: 0.95, P: 0.01, AdjustedP: 0.14}, Inconclusive},
		{"slower, perhaps by chance", Comparison{Ratio: 0.9, Low: 0.8, High: 1.01, AdjustedP: 0.06}, Inconclusive},
		{"slower, but by little", Comparison{Ratio: 0.99, Low: 0.985, High: 0.995, AdjustedP: 0.01}, NoRegression},
		{"slower, and perhaps by more", Comparison{Ratio: 0.99, Low: 0.97, High: 0.995, AdjustedP: 0.01}, Inconclusive},
		{"noise", Comparison{Ratio: 1.1, Low: 0.87, High: 2.13, AdjustedP: 0.9}, Inconclusive},
		{"faster", Comparison{Ratio: 1.1, Low: 1.05, High: 1.2, AdjustedP: 0.01}, NoRegression},
	} {
		if got := tt.c.Outcome(0.02); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
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
		c.Low, c.High, c.P = bootstrap(base, next, seed, 1000)
		c.AdjustedP = c.P
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
				if c.High < 1 {
					alarms++
				}
				if c := compare(base, runs(9.5), seed); c.Regressed(0.02) {
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

// noisy are n runs around a mean, with a standard deviation of sigma. A part of them
// is disturbed, and slower by a tenth.
func noisy(rng *rand.Rand, n int, mean, sigma, disturbed float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		if list[i] = mean * (1 + sigma*rng.NormFloat64()); rng.Float64() < disturbed {
			list[i] *= 0.9
		}
	}
	return list
}

// The test is held against a count of all ways to deal the runs out.
func TestMannWhitney(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 13))
		m, n := 2+rng.IntN(4), 2+rng.IntN(4)
		all := make([]float64, m+n)
		for i := range all {
			all[i] = float64(rng.IntN(8)) // with ties
		}
		u := func(chosen int) (sum float64) {
			for i := range all {
				for j := range all {
					if chosen>>i&1 == 1 && chosen>>j&1 == 0 {
						switch {
						case all[i] > all[j]:
							sum++
						case all[i] == all[j]:
							sum += 0.5
						}
					}
				}
			}
			return sum
		}
		observed := u(1<<m - 1)
		var below, above, count float64
		for chosen := range 1 << (m + n) {
			if bits.OnesCount(uint(chosen)) != m {
				continue
			}
			count++
			if v := u(chosen); v <= observed {
				below++
			}
			if u(chosen) >= observed {
				above++
			}
		}
		want := min(1, 2*min(below, above)/count)
		if got := mannWhitney(all[:m], all[m:]); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v and %v: p %g, want %g", all[:m], all[m:], got, want)
		}
	}
	// Where both can be had, the normal distribution agrees with the count.
	rng := rand.New(rand.NewPCG(1, 1))
	base, next := noisy(rng, 40, 10, 0.01, 0), noisy(rng, 40, 9.95, 0.01, 0)
	ranks := doubledRanks(slices.Concat(base, next))
	sum, total := 0, 0
	for i, r := range ranks {
		if total += r; i < len(base) {
			sum += r
		}
	}
	if exact, approx := mannWhitney(base, next), normalRanks(ranks, len(base), sum, total); math.Abs(exact-approx) > 0.002 {
		t.Errorf("exact %g, by the normal distribution %g", exact, approx)
	}
}

// The ranks of the interval agree with published tables: the critical value of U for
// 5 % and two sides, plus 1.
func TestCriticalRank(t *testing.T) {
	for sides, want := range map[[2]int]int{{5, 5}: 2, {8, 8}: 13, {10, 10}: 23, {10, 15}: 39, {20, 20}: 127} {
		if got := criticalRank(sides[0], sides[1]); got != want+1 {
			t.Errorf("%v: %d, want %d", sides, got, want+1)
		}
	}
	if exact, approx := criticalRank(40, 40), criticalRank(41, 40); approx < exact || approx > exact+30 {
		t.Errorf("%d beside %d", approx, exact)
	}
}

func TestHolm(t *testing.T) {
	list := []*Comparison{{P: 0.04}, {P: 0.01}, {P: 0.03}, {P: 0.9}}
	Holm(list)
	got := []float64{list[0].AdjustedP, list[1].AdjustedP, list[2].AdjustedP, list[3].AdjustedP}
	if diff := cmp.Diff([]float64{0.09, 0.04, 0.09, 0.9}, got, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("(-want +got) %s", diff)
	}
	Holm(nil)
}

// TestCompareFigures prints how often comparisons are right, and fails if they get
// worse: with no difference, with one of 3 % beside disturbed runs, and with fourteen
// rows without a difference.
func TestCompareFigures(t *testing.T) {
	const seeds = 300
	percent := func(n int) float64 { return 100 * float64(n) / seeds }
	covered, alarms, found := 0, 0, 0
	for seed := range uint64(seeds) {
		rng := rand.New(rand.NewPCG(seed, 14))
		base := noisy(rng, 10, 10, 0.01, 0)
		c, err := Compare(base, noisy(rng, 10, 10, 0.01, 0), seed)
		if err != nil || c.Method != MannWhitney {
			t.Fatal(c, err)
		}
		if c.Low <= 1 && 1 <= c.High {
			covered++
		}
		if c.P < significance {
			alarms++
		}
		if (c.P < significance) != (c.Low > 1 || c.High < 1) {
			t.Errorf("seed %d: p %g, but an interval from %g to %g", seed, c.P, c.Low, c.High)
		}
		d, err := Compare(noisy(rng, 10, 10, 0.01, 0.1), noisy(rng, 10, 9.7, 0.01, 0.1), seed)
		if err != nil {
			t.Fatal(err)
		}
		if d.Regressed(0) {
			found++
		}
	}
	t.Logf("ten runs per side: the truth is in %.1f %% of the intervals, %.1f %% differ by chance; 3 %% found in %.1f %%", percent(covered), percent(alarms), percent(found))
	if percent(covered) < 93 || percent(alarms) > 7 || percent(found) < 85 {
		t.Error("want 93 % at least, 7 % at most, and 85 % at least")
	}
	for _, n := range []int{5, 10} {
		family, single := 0, 0
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 15))
			var rows []*Comparison
			for range 14 {
				base, next := noisy(rng, n, 10, 0.02, 0), noisy(rng, n, 10, 0.02, 0)
				c := Comparison{}
				if n < rankRuns {
					c.Ratio = median(slices.Clone(next)) / median(slices.Clone(base))
					c.Low, c.High, c.P = bootstrap(base, next, seed, 1000)
					c.AdjustedP = c.P
				} else {
					c, _ = Compare(base, next, seed)
				}
				rows = append(rows, &c)
			}
			regressed := func() bool {
				return slices.ContainsFunc(rows, func(c *Comparison) bool { return c.Regressed(0.02) })
			}
			if regressed() {
				single++
			}
			if Holm(rows); regressed() {
				family++
			}
		}
		t.Logf("fourteen rows, %d runs per side, noise 2 %%, threshold 2 %%: some row alarms in %.1f %%, with Holm's correction in %.1f %%", n, percent(single), percent(family))
		// The bootstrap of few runs is no exact test.
		if percent(family) > 5 && n >= rankRuns || percent(family) > 8 {
			t.Error("want 5 % at most, with few runs 8 %")
		}
	}
}

// The effect that a comparison says it could have seen is the one that it finds in
// four of five cases.
func TestDetectable(t *testing.T) {
	const seeds = 400
	for _, n := range []int{5, 10, 20} {
		found := 0
		sum := 0.0
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 16))
			c, err := Compare(noisy(rng, n, 10, 0.02, 0), noisy(rng, n, 10, 0.02, 0), 1)
			if err != nil {
				t.Fatal(err)
			}
			sum += c.Detectable()
		}
		effect := sum / seeds
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 17))
			base, next := noisy(rng, n, 10, 0.02, 0), noisy(rng, n, 10*(1-effect), 0.02, 0)
			c := Comparison{}
			if n < rankRuns {
				c.Low, c.High, c.P = bootstrap(base, next, seed, 1000)
			} else if c, _ = Compare(base, next, seed); c.P >= significance {
				continue
			}
			if c.High < 1 {
				found++
			}
		}
		share := float64(found) / seeds
		t.Logf("%2d runs per side, noise 2 %%: %.1f %% could be seen, and is in %.0f %%", n, 100*effect, 100*share)
		if share < 0.65 || share > 0.97 {
			t.Error("want about 80 %")
		}
	}
	c := Comparison{Runs: [2]int{5, 5}, spread: 0.02 * math.Sqrt2, Method: Bootstrap}
	if got := c.Decides(0.02); got < 12 || got > 20 {
		t.Errorf("%d runs decide about a loss as large as the noise", got)
	}
	if c.Decides(0) != 0 || c.Decides(1e-9) != 0 || c.Decides(0.5) != minRuns {
		t.Errorf("%d, %d, %d", c.Decides(0), c.Decides(1e-9), c.Decides(0.5))
	}
}
