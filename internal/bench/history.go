package bench

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Change is a place in a series of runs from which on the figures are others.
type Change struct {
	At     int     `json:"at"`     // index of the first run after it
	Before float64 `json:"before"` // median of the runs before it, from the change before
	After  float64 `json:"after"`  // median of the runs after it, to the next change
	P      float64 `json:"p"`      // chance of a change as clear in a series without a change
}

// The conditions for a change point.
const (
	minSegment   = 4    // runs on each side of it
	changeP      = 0.01 // the largest chance of one where there is none, per series
	permutations = 999
)

// Changes finds the change points of a series of runs in the order of time. It is Pettitt's
// test: it cuts the series at the place where the ranks before and after differ most. It
// keeps the cut if few permutations of the series have one as clear, and then searches both
// parts in the same way. Single disturbed runs hardly change ranks. Permutations assume
// only that runs are independent of each other. The same seed gives the same changes.
func Changes(series []float64, seed uint64) []Change {
	rng := rand.New(rand.NewPCG(seed, seed))
	var list []Change
	var split func(first, end int)
	split = func(first, end int) {
		part := series[first:end]
		if len(part) < 2*minSegment {
			return
		}
		ranks := doubledRanks(part)
		at, most := clearest(ranks)
		reached := 1
		for range permutations {
			rng.Shuffle(len(ranks), func(i, j int) { ranks[i], ranks[j] = ranks[j], ranks[i] })
			if _, c := clearest(ranks); c >= most {
				reached++
			}
		}
		p := float64(reached) / (permutations + 1)
		if p > changeP {
			return
		}
		split(first, first+at)
		list = append(list, Change{At: first + at, P: p})
		split(first+at, end)
	}
	split(0, len(series))
	for i := range list {
		first, end := 0, len(series)
		if i > 0 {
			first = list[i-1].At
		}
		if i+1 < len(list) {
			end = list[i+1].At
		}
		list[i].Before = median(slices.Clone(series[first:list[i].At]))
		list[i].After = median(slices.Clone(series[list[i].At:end]))
	}
	return list
}

// clearest is the place to cut the series at where the ranks of both parts differ
// most, and by how many standard deviations of their sum.
func clearest(ranks []int) (at int, most float64) {
	n := len(ranks)
	middle := float64(n + 1) // of doubled ranks
	sum := 0.0
	for i, r := range ranks[:n-minSegment] {
		sum += float64(r) - middle
		if before := i + 1; before >= minSegment {
			if c := math.Abs(sum) / math.Sqrt(float64(before*(n-before))); c > most {
				at, most = before, c
			}
		}
	}
	return at, most
}
