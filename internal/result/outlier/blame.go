package outlier

import (
	"cmp"
	"math"
	"slices"
)

// A finding needs figures that are worse than expected by the floor of the figure, by the
// noise of pairs and, if it is about a node, by the noise of nodes: so many standard
// deviations.
const (
	pairNoise = 7
	nodeNoise = 5
)

// suspect is a side that may be to blame.
type suspect struct {
	side
	level float64 // median of its scores that no one else explains
	stale bool    // another side's blame changed them
}

// blame finds the sides that are bad, worst first, and leaves out the pairs that each
// explains. Whoever is cleared stays so.
func (c *centered) blame(floor float64) (blamed []side) {
	var suspects []suspect
	for node := range c.rest.nodes {
		for _, receiver := range []bool{false, true} {
			suspects = append(suspects, suspect{side: side{node, receiver}, stale: true})
		}
	}
	for {
		kept := suspects[:0]
		for _, s := range suspects {
			if !s.stale || c.isBad(&s, floor) {
				kept = append(kept, s)
			}
		}
		suspects = kept
		if len(suspects) == 0 {
			return blamed
		}
		i := worst(suspects)
		s := suspects[i]
		suspects = slices.Delete(suspects, i, i+1)
		for _, p := range c.rest.pairsOf(s.side) {
			c.open.Set(p[0], p[1], math.NaN())
			c.rest.Set(p[0], p[1], c.rest.At(p[0], p[1])-s.level)
			c.blamed.Set(p[0], p[1], max(c.blamed.At(p[0], p[1]), -s.level))
		}
		blamed = append(blamed, s.side)
		for j := range suspects {
			suspects[j].stale = suspects[j].stale || suspects[j].receiver != s.receiver
		}
	}
}

func worst(suspects []suspect) (index int) {
	for i, s := range suspects {
		if s.level < suspects[index].level {
			index = i
		}
	}
	return index
}

// isBad measures a suspect. Of one pair nobody can say whose fault it is.
func (c *centered) isBad(s *suspect, floor float64) bool {
	scores := c.open.of(s.side)
	if len(scores) < 2 {
		return false
	}
	const medianNoise = 1.2533 // of a median relative to one figure's, times the root of their number
	limit := -max(floor, pairNoise*c.pairs*medianNoise/math.Sqrt(float64(len(scores))), nodeNoise*c.nodes)
	s.level, s.stale = Median(scores), false
	return upperQuartile(scores) < limit
}

// links finds the pairs that are bad by neither of their nodes, worst first: of a node
// that is to blame those that are worse again by as much as it is. More than
// there are nodes are a pattern: something that they share, and that this package does
// not know.
func (c *centered) links(floor float64) (list []Finding) {
	limit := -max(floor, pairNoise*c.pairs)
	c.rest.each(func(from, to int, v float64) {
		if v < min(limit, -c.blamed.At(from, to)) {
			list = append(list, Finding{Kind: Link, From: from, To: to, Pairs: [][2]int{{from, to}}})
		}
	})
	score := func(f Finding) float64 { return c.rest.At(f.From, f.To) }
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(score(a), score(b)) })
	if len(list) > max(4, c.rest.nodes) {
		worst := Finding{Kind: Pattern, From: list[0].From, To: list[0].To}
		for _, f := range list {
			worst.Pairs = append(worst.Pairs, f.Pairs...)
		}
		return []Finding{worst}
	}
	return joined(list)
}

// joined makes one finding of two directions between the same nodes.
func joined(list []Finding) (short []Finding) {
	for _, f := range list {
		i := slices.IndexFunc(short, func(o Finding) bool { return o.From == f.To && o.To == f.From })
		if i < 0 {
			short = append(short, f)
			continue
		}
		short[i].Kind = BothWays
		short[i].Pairs = append(short[i].Pairs, f.Pairs...)
	}
	return short
}
