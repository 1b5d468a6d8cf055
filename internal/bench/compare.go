package bench

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// minRuns is how many runs a side has to have: with fewer, no interval can have a
// confidence of 95 %.
const minRuns = 5

// resamples is how many times the bootstrap draws. The ends of its interval are
// then good to about a hundredth of its length.
const resamples = 10_000

// ErrTooFew means that a side has too few runs to compare.
var ErrTooFew = errors.New("too few runs")

// Comparison is how the figures of new runs relate to those of a base. The larger
// figure is the better one.
type Comparison struct {
	Runs   [2]int     `json:"runs"`   // of the base, and new
	Median [2]float64 `json:"median"` // of the base, and new
	Ratio  float64    `json:"ratio"`  // of the medians, new to base
	Low    float64    `json:"low"`    // end of the ratio's 95 % interval
	High   float64    `json:"high"`   // other end
}

// Compare compares two sets of runs. The interval is the percentile bootstrap's:
// each side is drawn anew from its own runs, with replacement. The same seed gives
// the same interval. It returns ErrTooFew for fewer than five runs of a side, and
// another error for a figure of the base that is not a number above 0, or a new one
// that is not one from 0 up: what carries nothing any more has become slower.
func Compare(base, next []float64, seed uint64) (Comparison, error) {
	if n := min(len(base), len(next)); n < minRuns {
		return Comparison{}, fmt.Errorf("%w: %d, and %d at least must be", ErrTooFew, n, minRuns)
	}
	for _, v := range base {
		if !(v > 0) || math.IsInf(v, 1) {
			return Comparison{}, fmt.Errorf("a figure of %g in the base: must be above 0 to be compared with", v)
		}
	}
	for _, v := range next {
		if !(v >= 0) || math.IsInf(v, 1) {
			return Comparison{}, fmt.Errorf("a figure of %g: must be a number from 0 up", v)
		}
	}
	c := Comparison{
		Runs:   [2]int{len(base), len(next)},
		Median: [2]float64{median(slices.Clone(base)), median(slices.Clone(next))},
	}
	c.Ratio = c.Median[1] / c.Median[0]
	c.Low, c.High = bootstrap(base, next, seed, resamples)
	return c, nil
}

// bootstrap is the 95 % interval of the ratio of the medians, from n resamples.
func bootstrap(base, next []float64, seed uint64, n int) (low, high float64) {
	rng := rand.New(rand.NewPCG(seed, seed))
	drawn := [2][]float64{make([]float64, len(base)), make([]float64, len(next))}
	ratios := make([]float64, n)
	for i := range ratios {
		ratios[i] = resampled(rng, drawn[1], next) / resampled(rng, drawn[0], base)
	}
	slices.Sort(ratios)
	return ratios[n*25/1000], ratios[n*975/1000-1]
}

// Regressed tells whether the new runs are worse by more than the threshold, as a
// part of the base, and not by chance. Both are needed: the medians of a handful
// of noisy runs may differ by more than the threshold with nothing behind it, and
// a difference that is certain may be too small to matter.
func (c Comparison) Regressed(threshold float64) bool {
	return c.Ratio < 1-threshold && c.High < 1
}

// resampled draws as many values as there are and returns their median.
func resampled(rng *rand.Rand, drawn, values []float64) float64 {
	for i := range drawn {
		drawn[i] = values[rng.IntN(len(values))]
	}
	return median(drawn)
}

// median sorts the values in place.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
