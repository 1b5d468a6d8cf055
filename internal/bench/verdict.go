package bench

import (
	"cmp"
	"math"
	"slices"
)

// Outcome is the outcome of a comparison.
type Outcome string

// The outcomes of a comparison.
const (
	Regression   Outcome = "regression"    // slower by more than the threshold, and not by chance
	NoRegression Outcome = "no-regression" // not slower by more than the threshold, nor by chance
	Inconclusive Outcome = "inconclusive"  // too few runs, or too noisy ones, to tell
)

// Holm corrects comparisons that decide together, because among many some differ by
// chance. It is Holm's step-down method. It keeps the chance of any false alarm at the
// significance, even if the comparisons depend on each other.
func Holm(list []*Comparison) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *Comparison) int { return cmp.Compare(a.P, b.P) })
	least := 0.0
	for i, c := range sorted {
		least = max(least, min(1, c.P*float64(len(sorted)-i)))
		c.AdjustedP = least
	}
}

// Outcome tells whether the comparison shows a regression by more than the threshold, as a
// part of the base. A regression needs both a ratio beyond the threshold and a difference
// that is not by chance. The medians of a few noisy runs can differ by more than the
// threshold by chance, and a certain difference can be too small to matter. If the interval
// contains ratios beyond the threshold, there may be a regression that was not seen.
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

// efficiency is how a method's efficiency relates to a comparison of means: 3/pi for
// the Mann-Whitney test, 2/pi for medians.
func efficiency(method string) float64 {
	if method == MannWhitney {
		return 3 / math.Pi
	}
	return 2 / math.Pi
}

// Detectable is the least loss of rate, as a part of the base, that the same number of runs
// with the same noise would find in four of five cases.
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
