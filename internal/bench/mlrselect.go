package bench

import (
	"math"
	"slices"

	"github.com/podnet/podnet/internal/result"
)

// search is where a search by MLRsearch is, and what it tries next, which RFC
// 9971 leaves open. Every load that has been tried leans to one side after its
// first trial already. By these leanings the search narrows a goal's interval,
// with one trial a load; only at its two ends it then repeats trials until the
// duration sum has decided. When a load changes sides, it narrows again.
type search struct {
	grid   grid
	losses map[int][]float64 // loss ratios of the trials at each load
	goals  []*goal
}

// goal is a search goal and how the search for it goes.
type goal struct {
	settings result.GoalSettings
	target
	gap int // last distance from an end of the interval to the next load, in steps
}

func newSearch(maxRate float64, cfg NDRConfig) *search {
	width := 1.0
	for _, g := range cfg.Goals {
		width = min(width, g.Width)
	}
	s := &search{grid: newGrid(maxRate, width), losses: map[int][]float64{}}
	for _, set := range cfg.Goals {
		s.goals = append(s.goals, &goal{settings: set, target: target{
			loss: set.LossRatio, exceed: set.ExceedRatio,
			sum:   set.DurationSumSeconds / cfg.Trial.Seconds(),
			width: s.grid.steps(set.Width),
		}})
	}
	return s
}

// next is the first goal that is not settled and the load to try for it; nil if
// all are. Goals leave bounds for those after them. One that was settled may open
// again by a trial for another.
func (s *search) next() (*goal, int) {
	for _, g := range s.goals {
		if lower, upper := s.bounds(g); !s.near(g, lower, upper) {
			return g, s.between(g, lower, upper)
		} else if load, ok := s.unconfirmed(g, lower, upper); ok {
			g.gap = 0
			return g, load
		}
	}
	return nil, 0
}

// bounds are the goal's relevant bounds by the loads' leanings: the lowest load
// that fails, and the highest one below that does not. No lower bound is -1, no
// upper bound is one above the highest load.
func (s *search) bounds(g *goal) (lower, upper int) {
	lower, upper = -1, s.grid.top+1
	for load, losses := range s.losses {
		if g.leans(losses) == upperBound {
			upper = min(upper, load)
		}
	}
	for load := range s.losses {
		if load < upper {
			lower = max(lower, load)
		}
	}
	return lower, upper
}

// near tells whether the bounds are as near to each other as the goal wants, or
// at an end of the grid.
func (s *search) near(g *goal, lower, upper int) bool {
	switch {
	case lower < 0:
		return upper == 0
	case upper > s.grid.top:
		return lower == s.grid.top
	}
	return upper-lower <= g.width
}

// between is a new load between bounds that are not near.
func (s *search) between(g *goal, lower, upper int) int {
	top := s.grid.top
	if lower < 0 && upper > top { // nothing has been tried
		return top
	}
	// Away from a bound in strides that double: it may be good already.
	g.gap = min(max(2*g.width, 2*g.gap), top)
	switch {
	case lower < 0:
		// What it forwarded of too much is often what it can.
		return max(0, min(upper-g.gap, s.forwarded(g, upper)))
	case upper > top:
		return min(top, lower+g.gap)
	}
	return min(lower+g.gap, (lower+upper)/2)
}

// forwarded is the load at which the goal would take what was forwarded of this
// one.
func (s *search) forwarded(g *goal, load int) int {
	losses := slices.Sorted(slices.Values(s.losses[load]))
	median := losses[(len(losses)-1)/2]
	return s.grid.below(s.grid.load(load) * (1 - median) / (1 - g.loss))
}

// unconfirmed is the bound that needs another trial: the lower one first, as it
// would make the other one void (RFC 9971, section 5.3.4).
func (s *search) unconfirmed(g *goal, bounds ...int) (load int, ok bool) {
	for _, load := range bounds {
		if load >= 0 && load <= s.grid.top && g.classify(s.losses[load]) == undecided {
			return load, true
		}
	}
	return 0, false
}

// settled tells whether the goal needs no more trials.
func (s *search) settled(g *goal) bool {
	lower, upper := s.bounds(g)
	_, open := s.unconfirmed(g, lower, upper)
	return s.near(g, lower, upper) && !open
}

// interval is what the goal's rate lies between so far, in packets a second; 0:
// not known.
func (s *search) interval(g *goal) (lower, upper float64) {
	l, u := s.bounds(g)
	if l >= 0 {
		lower = s.grid.load(l)
	}
	if u <= s.grid.top {
		upper = s.grid.load(u)
	}
	return lower, upper
}

// left is how many trials it takes at most to narrow the intervals and to decide
// on their ends, if no load changes sides.
func (s *search) left() int {
	sum := 0.0
	for _, g := range s.goals {
		if s.settled(g) {
			continue
		}
		lower, upper := s.bounds(g)
		sum += math.Log2(max(1, float64(upper-lower)/float64(g.width)))
		for _, load := range []int{lower, upper} {
			sum += max(0, math.Ceil(g.sum)-float64(len(s.losses[load])))
		}
	}
	return int(math.Ceil(sum))
}
