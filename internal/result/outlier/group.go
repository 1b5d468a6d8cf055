package outlier

import (
	"cmp"
	"math"
	"slices"
)

// group are nodes of one kind, such as one generation of switches.
type group struct {
	nodes []int   // ascending
	level float64 // median of their levels, as a score
}

// levels are the scores that the sides have with their better peers: a quarter of the
// peers may be bad without a change. NaN: nothing was measured.
func levels(scores Matrix, receiver bool) []float64 {
	list := make([]float64, scores.nodes)
	for node := range list {
		list[node] = upperQuartile(scores.of(side{node, receiver}))
	}
	return list
}

// split divides nodes into groups between whose levels there is a gap, best first. A
// group has at least a fifth of the nodes, and three: fewer are outliers of the next
// better group.
func split(levels []float64, gap float64) (groups []group) {
	var order []int
	for node, l := range levels {
		if !math.IsNaN(l) {
			order = append(order, node)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(levels[b], levels[a]) })
	least := max(3, (len(order)+4)/5)
	start := 0
	for i := range order {
		last := i == len(order)-1
		if !last && (i+1-start < least || levels[order[i]]-levels[order[i+1]] <= gap) {
			continue
		}
		if i+1-start >= least || groups == nil {
			groups = append(groups, group{})
		}
		g := &groups[len(groups)-1]
		g.nodes = append(g.nodes, order[start:i+1]...)
		start = i + 1
	}
	for i := range groups {
		groups[i].level = median(levels, groups[i].nodes)
		slices.Sort(groups[i].nodes)
	}
	return groups
}

func median(values []float64, indices []int) float64 {
	var list []float64
	for _, i := range indices {
		list = append(list, values[i])
	}
	return Median(list)
}
