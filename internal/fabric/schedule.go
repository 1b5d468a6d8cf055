package fabric

import "github.com/podnet/podnet/internal/result"

// Pair is two pods that measure each other.
type Pair struct{ A, B int }

// Flow is one direction of a pair, over one rail of each.
type Flow struct {
	From, To int
	Lane     Lane
}

// RoundCount is how many rounds the schedule has.
func (c Config) RoundCount() int {
	even := c.Nodes%2 == 0
	switch {
	case c.Mode != result.FabricRing && even:
		return c.Nodes - 1
	case c.Mode != result.FabricRing:
		return c.Nodes
	case c.Nodes == 2:
		return 1
	case even:
		return 2
	}
	return 3 // the last pod has a neighbor in each of the other two
}

// RoundPairs are the pairs of a round, which counts from 0. No pod is in two of them,
// and all rounds together have each pair of the mode once.
func (c Config) RoundPairs(round int) []Pair {
	if c.Mode == result.FabricRing {
		return ring(c.Nodes, round)
	}
	return circle(c.Nodes, round)
}

// circle is a round of the circle method: one pod stays in the middle, the others sit
// around it and move by one place from round to round; each is paired with the one
// across, and the one in the middle with the one at the top. With an odd number
// nobody is in the middle, and the one at the top has no partner.
func circle(nodes, round int) []Pair {
	seats := nodes - 1 + nodes%2
	seat := func(i int) int { return (round + i + seats) % seats }
	var pairs []Pair
	if nodes%2 == 0 {
		pairs = append(pairs, Pair{seat(0), nodes - 1})
	}
	for k := 1; k <= seats/2; k++ {
		pairs = append(pairs, Pair{seat(k), seat(-k)})
	}
	return pairs
}

// ring is every second edge of the ring, from the edge of the round's number on. With
// an odd number of pods the edge that closes the ring has a round of its own.
func ring(nodes, round int) []Pair {
	if round == 2 {
		return []Pair{{nodes - 1, 0}}
	}
	var pairs []Pair
	for i := round; i+nodes%2 < nodes; i += 2 {
		pairs = append(pairs, Pair{i, (i + 1) % nodes})
	}
	return pairs
}

// Lanes are the rails that the two pods of a pair are measured over, one after the other.
func (c Config) Lanes(rails int) []Lane {
	var lanes []Lane
	for shift := range rails {
		if shift > 0 && c.Rails != result.FabricCross {
			break
		}
		for r := range rails {
			lanes = append(lanes, Lane{r, (r + shift) % rails})
		}
	}
	return lanes
}

// Phases divides a round into phases, which follow one another. All flows of a phase run
// at the same time: one direction of each pair, or in the mode saturate both.
func (c Config) Phases(pairs []Pair, rails int) [][]Flow {
	var phases [][]Flow
	for _, lane := range c.Lanes(rails) {
		var there, back []Flow
		for _, p := range pairs {
			there = append(there, Flow{p.A, p.B, lane})
			back = append(back, Flow{p.B, p.A, Lane{lane.To, lane.From}})
		}
		if c.Mode == result.FabricSaturate {
			phases = append(phases, append(there, back...))
		} else {
			phases = append(phases, there, back)
		}
	}
	return phases
}

// flows are all that the schedule has, in the order of its rounds.
func (c Config) flows(rails int, each func(Flow)) {
	for round := range c.RoundCount() {
		for _, phase := range c.Phases(c.RoundPairs(round), rails) {
			for _, f := range phase {
				each(f)
			}
		}
	}
}
