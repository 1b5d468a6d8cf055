package bench

import (
	"cmp"
	"math"
	"slices"
)

// Outcome is what a comparison comes to.
type Outcome string

// The outcomes of a comparison.
const (
	Regression   Outcome = "regression"    // slower by more than the threshold, and not by chance
	NoRegression Outcome = "no-regression" // not slower by more than the threshold, nor by chance
	Inconclusive Outcome = "inconclusive"  // too few runs, or too noisy ones, to tell
)

// Holm corrects the comparisons that decide together for their number: with many of
// them some differ by chance. It is Holm's step-down method, which holds the chance
// of any false alarm at the significance, whatever the comparisons have to do with
// each other.
func Holm(list []*Comparison) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *Comparison) int { return cmp.Compare(a.P, b.P) })
	least := 0.0
	for i, c := range sorted {
		least = max(least, min(1, c.P*float64(len(sorted)-i)))
		c.AdjustedP = least
	}
}

// Outcome tells what the comparison says of a regression by more than the
// threshold, as a part of the base. A regression needs both a ratio beyond the
// threshold and a difference that is not by chance: the medians of a handful of
// noisy runs may differ by more than the threshold with nothing behind it, and a
// difference that is certain may be too small to matter. Where the interval still
// holds ratios beyond the threshold, there may be a regression that was not seen.
func (c Comparison) Outcome(threshold float64) Outcome {
	switch {
	case c.Ratio < 1-threshold && c.High < 1 && c.AdjustedP < significance:
		return Regression
	case c.Low >= 1-threshold:
		return NoRegression
	}
	return Inconclusive
}

// Regressed tells whether the new runs are worse by more than the threshold.
func (c Comparison) Regressed(threshold float64) bool { return c.Outcome(threshold) == Regression }

// detected is how many standard errors an effect needs to be found in four of five
// cases at the significance: the quantiles of 97.5 and 80 % of Student's
// distribution with n runs per side, by the first terms of its expansion.
func detected(n float64) float64 {
	freedom := max(1, 2*n-2)
	quantile := func(z float64) float64 {
		z3 := z * z * z
		return z + (z3+z)/(4*freedom) + (5*z3*z*z+16*z3+3*z)/(96*freedom*freedom)
	}
	return quantile(1.959964) + quantile(0.841621)
}

// efficiency is that of a method beside a comparison of means: of the Mann-Whitney
// test 3/pi, of medians 2/pi.
func efficiency(method string) float64 {
	if method == MannWhitney {
		return 3 / math.Pi
	}
	return 2 / math.Pi
}

// Detectable is the least loss of rate, as a part of the base, that as many runs
// with as much noise would have found in four of five cases.
func (c Comparison) Detectable() float64 {
	n := 2 / (1/float64(c.Runs[0]) + 1/float64(c.Runs[1]))
	return min(1, detected(n)*c.spread/math.Sqrt(n*efficiency(c.Method)))
}

// maxDecide is the largest number of runs that Decides names.
const maxDecide = 10_000

// Decides is how many runs per side would find a loss of the threshold in four of
// five cases, with as much noise; 0 if no reasonable number would.
func (c Comparison) Decides(threshold float64) int {
	if threshold <= 0 {
		return 0
	}
	for n := minRuns; n <= maxDecide; n++ {
		d := Comparison{Runs: [2]int{n, n}, Method: Bootstrap, spread: c.spread}
		if n >= rankRuns {
			d.Method = MannWhitney
		}
		if d.Detectable() <= threshold {
			return n
		}
	}
	return 0
}
