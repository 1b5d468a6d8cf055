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

// rankRuns is how many runs of each side the Mann-Whitney test takes. Below that
// the bootstrap finds more, above it the test does.
const rankRuns = 10

// resamples is how many times the bootstrap draws. The ends of its interval are
// then good to about a hundredth of its length.
const resamples = 10_000

// significance is the chance of a difference where there is none: 1 less the
// confidence of the intervals.
const significance = 0.05

// ErrTooFew means that a side has too few runs to compare.
var ErrTooFew = errors.New("too few runs")

// The tests that a comparison can rest on.
const (
	Bootstrap   = "bootstrap"
	MannWhitney = "mann-whitney"
)

// Comparison relates the figures of new runs to the figures of base runs. The larger
// figure is the better one. A figure describes a whole run: repetitions within a run
// share its pod, its node and its memory, and so vary less than runs do.
type Comparison struct {
	Runs   [2]int     `json:"runs"`   // of the base, and new
	Median [2]float64 `json:"median"` // of the base, and new
	Ratio  float64    `json:"ratio"`  // new to base: of the medians, or by Hodges and Lehmann
	Low    float64    `json:"low"`    // end of the ratio's 95 % interval
	High   float64    `json:"high"`   // other end
	Method string     `json:"method"` // bootstrap, or mann-whitney from ten runs per side
	// P is the chance of a difference as large, to either side, if there is none.
	P float64 `json:"p"`
	// AdjustedP is P after Holm's correction for the number of comparisons.
	AdjustedP float64 `json:"adjustedP"`
	spread    float64 // standard error of the ratio with one run per side, relative
}

// Compare compares two sets of runs. From ten runs per side on it tests by Mann and
// Whitney, with Hodges and Lehmann's estimate of the ratio and its interval, all
// exact. Below that the interval is the percentile bootstrap's: each side is drawn
// again from its own runs, with replacement. The same seed gives the same interval.
// It returns ErrTooFew for fewer than five runs of a side, and another error for a
// figure of the base that is not a number above 0, or a new one that is not one from
// 0 up: a path that carries nothing any more has become slower.
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
		spread: math.Hypot(deviation(base), deviation(next)),
	}
	if len(base) >= rankRuns && len(next) >= rankRuns {
		c.Method = MannWhitney
		c.P = mannWhitney(base, next)
		c.Ratio, c.Low, c.High = hodgesLehmann(base, next)
	} else {
		c.Method = Bootstrap
		c.Ratio = c.Median[1] / c.Median[0]
		c.Low, c.High, c.P = bootstrap(base, next, seed, resamples)
	}
	c.AdjustedP = c.P
	return c, nil
}

// bootstrap is the 95 % interval of the ratio of the medians, from n resamples, and
// the chance of a ratio as far from 1.
func bootstrap(base, next []float64, seed uint64, n int) (low, high, p float64) {
	rng := rand.New(rand.NewPCG(seed, seed))
	drawn := [2][]float64{make([]float64, len(base)), make([]float64, len(next))}
	ratios := make([]float64, n)
	above, below := 0, 0
	for i := range ratios {
		ratios[i] = resampled(rng, drawn[1], next) / resampled(rng, drawn[0], base)
		if ratios[i] >= 1 {
			above++
		}
		if ratios[i] <= 1 {
			below++
		}
	}
	slices.Sort(ratios)
	p = min(1, 2*float64(min(above, below)+1)/float64(n+1))
	return ratios[n*25/1000], ratios[n*975/1000-1], p
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

// deviation is the standard deviation of a side, relative to its median; by the
// median of the distances, which single disturbed runs do not move. Of few runs that
// is too small on average, which the last factor makes up for (Croux and Rousseeuw).
func deviation(values []float64) float64 {
	middle := median(slices.Clone(values))
	if middle == 0 {
		return 0
	}
	distances := make([]float64, len(values))
	for i, v := range values {
		distances[i] = math.Abs(v - middle)
	}
	n := float64(len(values))
	return 1.4826 * median(distances) / middle * n / (n - 0.8)
}
