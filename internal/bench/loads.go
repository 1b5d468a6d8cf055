package bench

import (
	"math"
	"slices"
)

// grid is the loads that a search may try: steps of equal ratio from the highest
// down. Goals that share a grid share trials, and an interval of one step is as
// narrow as the narrowest of them needs.
type grid struct {
	highest float64 // packets a second
	ratio   float64 // of a load to the next one above
	top     int     // index of the highest; the lowest has 0
}

// lowest is the part of the highest load that a search does not go below.
const lowest = 1e-3

func newGrid(highest, width float64) grid {
	ratio := 1 - width
	return grid{highest: highest, ratio: ratio, top: int(math.Log(lowest) / math.Log(ratio))}
}

// load is the i-th in packets a second.
func (g grid) load(i int) float64 { return g.highest * math.Pow(g.ratio, float64(g.top-i)) }

// below is the highest load that is not above the rate, or the lowest.
func (g grid) below(rate float64) int {
	if rate <= g.load(0) {
		return 0
	}
	return min(g.top, g.top-int(math.Ceil(math.Log(rate/g.highest)/math.Log(g.ratio)-1e-9)))
}

// steps is how many steps have at most the relative width, but 1.
func (g grid) steps(width float64) int {
	return max(1, int(math.Log(1-width)/math.Log(g.ratio)+1e-9))
}

// class is what a load is to a goal (RFC 9971, section 4.7.2).
type class int

const (
	undecided class = iota
	lowerBound
	upperBound
)

// target is what a load is classified by: a search goal with its duration sum in
// trials, all of which have the same length.
type target struct {
	loss   float64 // goal loss ratio
	exceed float64 // goal exceed ratio
	sum    float64 // goal duration sum, in trials
	width  int     // goal width, in steps of the grid
}

// classify tells what a load with these loss ratios is (RFC 9971, section 6.1 and
// appendix A, for trials that are all of full length). It is decided as soon as
// no result of the trials missing from the duration sum could change it.
func (t target) classify(losses []float64) class {
	high := 0.0
	for _, l := range losses {
		if l > t.loss {
			high++
		}
	}
	whole := max(float64(len(losses)), t.sum)
	low := float64(len(losses)) - high
	switch {
	case high > whole*t.exceed:
		return upperBound
	case whole-low <= whole*t.exceed:
		return lowerBound
	}
	return undecided
}

// leans is what the trials so far make of the load, whether they are enough to
// decide or not. It agrees with classify where that is decided.
func (t target) leans(losses []float64) class {
	t.sum = 0
	return t.classify(losses)
}

// conditional is the conditional throughput at a lower bound (RFC 9971, section
// 6.2 and appendix B): what the trial forwarded that is the worst of the best,
// as many as the exceed ratio leaves of the duration sum.
func (t target) conditional(load float64, losses []float64) float64 {
	count := max(t.sum, float64(len(losses))) * (1 - t.exceed)
	n := max(1, int(math.Ceil(count-1e-9)))
	if n > len(losses) {
		return 0
	}
	sorted := slices.Sorted(slices.Values(losses))
	return load * (1 - sorted[n-1])
}
