package bench

import (
	"cmp"
	"math"
	"slices"
)

// grid has the loads that a search may try: steps of equal ratio from the highest load
// down. Goals that share a grid share trials. An interval of one step is as narrow as the
// goal with the least width needs.
type grid struct {
	highest float64 // packets per second
	ratio   float64 // of a load to the next one above
	top     int     // index of the highest; the lowest has 0
}

// lowest is the part of the highest load that a search does not go below.
const lowest = 1e-3

func newGrid(highest, width float64) grid {
	ratio := 1 - width
	return grid{highest: highest, ratio: ratio, top: int(math.Log(lowest) / math.Log(ratio))}
}

// load is the i-th in packets per second.
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

// sample is what a valid trial tells about its load.
type sample struct {
	loss    float64 // its loss ratio
	seconds float64 // its duration
}

// target classifies loads: it is a search goal, or an easier target on the way to one.
type target struct {
	loss   float64 // goal loss ratio
	exceed float64 // goal exceed ratio
	trial  float64 // duration of a full-length trial, in seconds
	sum    float64 // goal duration sum, in seconds
	width  int     // goal width, in steps of the grid
}

// high tells whether a trial lost more than the goal allows.
func (t target) high(s sample) bool { return s.loss > t.loss }

// full tells whether a trial is as long as the goal wants its last ones.
func (t target) full(s sample) bool { return s.seconds >= t.trial }

// classify tells the class of a load with these trials (RFC 9971, section 6.1 and appendix
// A). The class is decided as soon as the trials that are missing from the duration sum
// could not change it. Short trials can make an upper bound, but not a lower one: short
// trials with high loss count only as far as they exceed the share that the goal tolerates
// beside short trials with low loss.
func (t target) classify(samples []sample) class {
	var low, high, shortLow, shortHigh float64
	for _, s := range samples {
		switch full := t.full(s); {
		case full && t.high(s):
			high += s.seconds
		case full:
			low += s.seconds
		case t.high(s):
			shortHigh += s.seconds
		default:
			shortLow += s.seconds
		}
	}
	high += max(0, shortHigh-shortLow*t.exceed/(1-t.exceed))
	whole := max(low+high, t.sum)
	switch {
	case high > whole*t.exceed:
		return upperBound
	case whole-low <= whole*t.exceed:
		return lowerBound
	}
	return undecided
}

// margin is by how many seconds the trials with high loss outweigh those with low
// loss.
func (t target) margin(samples []sample) (seconds float64) {
	for _, s := range samples {
		if t.high(s) {
			seconds += s.seconds
		} else {
			seconds -= s.seconds
		}
	}
	return seconds
}

// share is the part of the trial time in which more was lost than the goal allows.
func (t target) share(samples []sample) float64 {
	var high, all float64
	for _, s := range samples {
		if all += s.seconds; t.high(s) {
			high += s.seconds
		}
	}
	return high / max(all, 1e-9)
}

// leans is the class of the load by its trials so far, even if they are too few to decide.
// It agrees with classify once classify has decided.
func (t target) leans(samples []sample) class {
	t.sum = 0
	return t.classify(samples)
}

// conditional is the conditional throughput at a lower bound (RFC 9971, section 6.2 and
// appendix B). Sort the full-length trials from the best on, and take as many seconds as
// the exceed ratio leaves of the duration sum: the worst trial among them forwarded it.
func (t target) conditional(load float64, samples []sample) float64 {
	var full []sample
	sum := 0.0
	for _, s := range samples {
		if t.full(s) {
			full, sum = append(full, s), sum+s.seconds
		}
	}
	slices.SortFunc(full, func(a, b sample) int { return cmp.Compare(a.loss, b.loss) })
	remaining := max(t.sum, sum) * (1 - t.exceed)
	for _, s := range full {
		if remaining -= s.seconds; remaining <= 1e-9 {
			return load * (1 - s.loss)
		}
	}
	return 0
}
