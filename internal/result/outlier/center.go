package outlier

// centered is a matrix of scores around what is expected of each pair.
type centered struct {
	rest     Matrix // scores less what is expected, and less what blamed nodes explain
	open     Matrix // the same, without the pairs of blamed nodes
	blamed   Matrix // how bad a blamed node of a pair is, as a score above 0; 0: none is
	expected Matrix // as scores
	groups   []group
	pairs    float64 // standard deviation of the noise of pairs
	nodes    float64 // and of the nodes' levels
}

// block are the pairs from one group to another.
type block struct{ from, to int }

// center takes from each score the median of its block: of the pairs between nodes that
// are not bad themselves, since of three nodes a slow one has part in most pairs. A node
// belongs to a group by the better of its roles.
func center(scores Matrix, floor, gap float64) centered {
	sending, receiving := levels(scores, false), levels(scores, true)
	better := make([]float64, scores.nodes)
	for node := range better {
		better[node] = upperQuartile(known([]float64{sending[node], receiving[node]}))
	}
	c := centered{rest: scores.clone(), expected: scores.clone(), blamed: Matrix{scores.nodes, make([]float64, len(scores.cells))}, groups: split(better, gap)}
	of := make([]int, scores.nodes)
	sends, receives := make([]bool, scores.nodes), make([]bool, scores.nodes) // as its group does
	var noise []float64
	sound := func(l []float64, nodes []int, is []bool) {
		limit := median(l, nodes) - floor
		var good []int
		for _, node := range nodes {
			if is[node] = l[node] >= limit; is[node] {
				good = append(good, node)
			}
		}
		middle := median(l, good)
		for _, node := range good {
			noise = append(noise, l[node]-middle)
		}
	}
	for i, g := range c.groups {
		sound(sending, g.nodes, sends)
		sound(receiving, g.nodes, receives)
		for _, node := range g.nodes {
			of[node] = i
		}
	}
	all, good := map[block][]float64{}, map[block][]float64{}
	scores.each(func(from, to int, v float64) {
		b := block{of[from], of[to]}
		all[b] = append(all[b], v)
		if sends[from] && receives[to] {
			good[b] = append(good[b], v)
		}
	})
	middle := map[block]float64{}
	for b, values := range all {
		if len(good[b]) > 0 {
			values = good[b]
		}
		middle[b] = Median(values)
	}
	var residues []float64
	scores.each(func(from, to int, v float64) {
		expected := middle[block{of[from], of[to]}]
		c.expected.Set(from, to, expected)
		c.rest.Set(from, to, v-expected)
		if sends[from] && receives[to] {
			residues = append(residues, v-expected)
		}
	})
	c.open = c.rest.clone()
	c.pairs, c.nodes = spread(residues), spread(noise)
	return c
}
