package bench

import (
	"math"
	"slices"

	"github.com/podnet/podnet/internal/result"
)

// search is the state of a search by MLRsearch. It also chooses the next trial, which RFC
// 9971 leaves open. Every load leans to one side after its first trial. By these leanings
// the search narrows a goal's interval, with one short trial per load. Only then does it
// repeat trials at the two ends of the interval, until the duration sum has decided both.
// When a load changes sides, the search narrows again.
type search struct {
	grid    grid
	top     int              // index of the highest load that the generator can offer
	initial float64          // duration of the trials that narrow an interval, in seconds
	samples map[int][]sample // of the valid trials at each load
	last    int              // load of the last trial; -1 before the first
	// directions is how many directions a load adds up.
	directions int
	goals      []*goal
}

// goal is a search goal and how the search for it goes.
type goal struct {
	settings result.GoalSettings
	// stages are met one after the other; the last one is the goal itself.
	stages []target
	gap    int // last distance from an end of the interval to the next load, in steps
}

// rehearsal is how much time short trials take at a load before a long one, as a part of
// the long trial. A long trial that fails wastes its time, and so many short trials find
// most of the loads that would fail.
const rehearsal = 0.4

// coarse is how many times wider than the goal's the interval of a search's first
// stage is. Each further stage halves it.
const coarse = 8

// nearly is the part of the exceed ratio from which on a lower bound is doubtful.
const nearly = 0.8

func newSearch(maxRate float64, cfg NDRConfig) *search {
	width := 1.0
	for _, g := range cfg.Goals {
		width = min(width, g.Width)
	}
	s := &search{grid: newGrid(maxRate, width), initial: cfg.Trial.Seconds(), samples: map[int][]sample{}, last: -1, directions: 1}
	s.top = s.grid.top
	for _, set := range cfg.Goals {
		set.TrialSeconds = max(set.TrialSeconds, s.initial)
		final := target{
			loss: set.LossRatio, exceed: set.ExceedRatio,
			trial: set.TrialSeconds, sum: set.DurationSumSeconds, width: s.grid.steps(set.Width),
		}
		s.goals = append(s.goals, &goal{settings: set, stages: append(s.before(final), final)})
	}
	return s
}

// before are the easier targets on the way to a goal. For a goal with long trials the
// easier target is that short ones succeed for some time. For others it is a wider
// interval.
func (s *search) before(final target) (list []target) {
	t := final
	if final.trial > s.initial {
		t.trial, t.sum = s.initial, max(s.initial, rehearsal*final.trial)
		return []target{t}
	}
	t.sum = math.Sqrt(s.initial * final.sum)
	for factor := coarse; factor > 1; factor /= 2 {
		t.width = factor * final.width
		list = append(list, t)
	}
	return list
}

// skip tells whether the stage can be left out. A wide interval helps only if chance
// decides about trials over a range of loads that is as wide. Near a sharp edge it costs
// trials.
func (s *search) skip(g *goal, t target) bool {
	if t.width == g.final().width {
		return false
	}
	lowestBad, highestGood := s.grid.top, 0
	for load, samples := range s.samples {
		share := t.share(samples)
		if share > 0 {
			lowestBad = min(lowestBad, load)
		}
		if share < 1 {
			highestGood = max(highestGood, load)
		}
	}
	return highestGood-lowestBad < coarse*g.final().width
}

// final is the target that classifies the goal's result.
func (g *goal) final() target { return g.stages[len(g.stages)-1] }

// next is the first goal that is not settled, and the load and the duration in seconds to
// try for it; nil if all goals are settled. A goal leaves bounds for the goals after it. A
// trial for another goal can open a settled goal again.
func (s *search) next() (g *goal, load int, seconds float64) {
	for _, g := range s.goals {
		if t := g.final(); s.unfinished(t) {
			return g, s.last, t.trial
		}
		for _, t := range g.stages {
			if s.skip(g, t) {
				continue
			}
			lower, upper := s.bounds(t)
			if !s.near(t, lower, upper) {
				return g, s.between(g, t, lower, upper), s.initial
			}
			if load, doubtful := s.doubtful(t, lower, coarse*g.final().width); doubtful {
				g.gap = 0
				return g, load, s.initial
			}
			if load, open := s.unconfirmed(t, lower, upper); open {
				g.gap = 0
				return g, load, t.trial
			}
		}
	}
	return nil, 0, 0
}

// unfinished tells whether the last trial was a long one that left its load undecided.
// Then one more trial decides there, and a trial elsewhere may be wasted.
func (s *search) unfinished(t target) bool {
	if s.last < 0 || t.trial <= s.initial {
		return false
	}
	samples := s.samples[s.last]
	return t.full(samples[len(samples)-1]) && t.classify(samples) == undecided
}

// add notes the outcome of a valid trial.
func (s *search) add(load int, got sample) {
	s.samples[load] = append(s.samples[load], got)
	s.last = load
}

// limit notes that the generator cannot offer a load, and how many packets per second it
// can. It returns false if not even the lowest load is left.
func (s *search) limit(load int, offered float64) bool {
	s.top = min(load-1, s.grid.below(footroom*offered))
	return s.top >= 0
}

// bounds are the target's relevant bounds by the loads' leanings: the lowest load
// that fails, and the highest one below that does not. No lower bound is -1, no
// upper bound is one above the highest load.
func (s *search) bounds(t target) (lower, upper int) { return s.relevant(t.leans) }

// relevant are the relevant bounds (RFC 9971, sections 4.8.1 and 4.8.2) among
// the loads as they are classified: the lowest upper bound and the highest lower
// bound below it.
func (s *search) relevant(classify func([]sample) class) (lower, upper int) {
	lower, upper = -1, s.top+1
	for load, samples := range s.samples {
		if classify(samples) == upperBound {
			upper = min(upper, load)
		}
	}
	for load, samples := range s.samples {
		if load < upper && classify(samples) == lowerBound {
			lower = max(lower, load)
		}
	}
	return lower, upper
}

// near tells whether the bounds are as near to each other as the goal wants, or
// at an end of the grid.
func (s *search) near(t target, lower, upper int) bool {
	switch {
	case lower < 0:
		return upper == 0
	case upper > s.top:
		return lower == s.top
	}
	return upper-lower <= t.width
}

// between is a new load between bounds that are not near.
func (s *search) between(g *goal, t target, lower, upper int) int {
	if lower < 0 && upper > s.top { // nothing has been tried
		return s.top
	}
	// Away from a bound in strides that double: it may be good already.
	g.gap = min(max(2*t.width, 2*g.gap), s.grid.top)
	switch {
	case lower < 0:
		// The rate that a path forwards under too much load is often its capacity.
		return max(0, min(upper-g.gap, s.forwarded(t, upper)))
	case upper > s.top:
		return min(s.top, lower+g.gap)
	}
	return min(lower+g.gap, (lower+upper)/2)
}

// forwarded is the load that equals the rate forwarded at this load, with the goal's loss
// on top.
func (s *search) forwarded(t target, load int) int {
	losses := make([]float64, 0, len(s.samples[load]))
	for _, got := range s.samples[load] {
		losses = append(losses, got.loss)
	}
	slices.Sort(losses)
	return s.grid.below(s.grid.load(load) * (1 - losses[(len(losses)-1)/2]) / (1 - t.loss))
}

// doubtful tells whether the lower bound fails nearly as often as the goal allows,
// and the load to try then: one clearly below, unless there is one already. A device
// that fails more often than is allowed, but at any load, would sooner or later
// pass at a load that is tried again and again.
func (s *search) doubtful(t target, lower, below int) (load int, doubtful bool) {
	if lower < below || s.tried(lower) < math.Sqrt(s.initial*t.sum) || t.share(s.samples[lower]) <= nearly*t.exceed {
		return 0, false
	}
	for load := range s.samples {
		if load <= lower-below/2 && load >= lower-below*3/2 {
			return 0, false
		}
	}
	return lower - below, true
}

// tried is how many seconds the trials at the load took.
func (s *search) tried(load int) (seconds float64) {
	for _, got := range s.samples[load] {
		seconds += got.seconds
	}
	return seconds
}

// unconfirmed is the bound that needs another trial. If both do, it is the bound with the
// weaker evidence: that bound is more likely to change sides, and trials at the other one
// would then be wasted. With long trials it is the lower one (RFC 9971, section 5.3.4).
func (s *search) unconfirmed(t target, lower, upper int) (load int, open bool) {
	undecidedAt := func(load int) bool {
		return load >= 0 && load <= s.top && t.classify(s.samples[load]) == undecided
	}
	switch {
	case !undecidedAt(lower):
		return upper, undecidedAt(upper)
	case !undecidedAt(upper), t.trial > s.initial:
		return lower, true
	case -t.margin(s.samples[lower]) > t.margin(s.samples[upper]):
		return upper, true
	}
	return lower, true
}

// settled tells whether the goal needs no more trials.
func (s *search) settled(g *goal) bool {
	t := g.final()
	lower, upper := s.bounds(t)
	_, open := s.unconfirmed(t, lower, upper)
	return s.near(t, lower, upper) && !open
}

// interval is what the goal's rate lies between so far, in packets per second; 0:
// not known.
func (s *search) interval(g *goal) (lower, upper float64) {
	l, u := s.bounds(g.final())
	if l >= 0 {
		lower = s.grid.load(l)
	}
	if u <= s.top {
		upper = s.grid.load(u)
	}
	return lower, upper
}

// left is the most seconds that the search still takes to narrow the intervals and to
// decide their ends, if no load changes sides.
func (s *search) left() (seconds float64) {
	for _, g := range s.goals {
		if s.settled(g) {
			continue
		}
		lower, upper := s.bounds(g.final())
		seconds += s.initial * math.Ceil(math.Log2(max(1, float64(upper-lower)/float64(g.final().width))))
		for _, load := range []int{lower, upper} {
			for _, t := range g.stages {
				tried := 0.0
				for _, got := range s.samples[load] {
					if t.full(got) {
						tried += got.seconds
					}
				}
				seconds += t.trial * math.Ceil(max(0, t.sum-tried)/t.trial)
			}
		}
	}
	return seconds
}
