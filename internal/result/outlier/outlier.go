package outlier

import "slices"

// Kind is what stands out.
type Kind string

// The kinds of findings. The nodes of a group are of another kind than the others, and
// are compared with each other.
const (
	Sender   Kind = "sender"    // a node is bad to most receivers
	Receiver Kind = "receiver"  // a node is bad from most senders
	Node     Kind = "node"      // both
	Link     Kind = "link"      // one pair, by neither of its nodes
	BothWays Kind = "both-ways" // one pair in both directions
	Pattern  Kind = "pattern"   // many pairs, by no node
	Group    Kind = "group"     // many nodes in both roles
)

// Finding is something that stands out.
type Finding struct {
	Kind Kind
	// From and To are the nodes of a link. Both are the node of a finding about one; a
	// pattern has its worst pair here, and a group -1.
	From, To int
	Nodes    []int   // of a group, ascending
	Value    float64 // median of the figures that it is about
	// Expected is the median of all pairs; where there are groups, of the pairs between the
	// same two groups. For a group it is the best group's figure.
	Expected float64
	Pairs    [][2]int // that Value rests on, as sender and receiver; nil for a group
}

// Find tells what stands out: groups first, then nodes and links, the worst of each
// first. A node is blamed if three quarters of its pairs are bad that no worse node
// explains, and if these are two at least. Each of its peers has one such pair, and none
// of them is blamed.
func Find(m Matrix, f Figure) []Finding {
	scores, ok := f.scores(m)
	if !ok {
		return nil
	}
	c := center(scores, f.floor(), f.gap())
	var list []Finding
	for i, g := range c.groups {
		if i > 0 {
			list = append(list, Finding{
				Kind: Group, From: -1, To: -1, Nodes: g.nodes, Value: f.figure(g.level), Expected: f.figure(c.groups[0].level),
			})
		}
	}
	rest := nodesOf(c.rest, c.blame(f.floor()))
	rest = append(rest, c.links(f.floor())...)
	for _, finding := range rest {
		var values, expected []float64
		for _, p := range finding.Pairs {
			values = append(values, m.At(p[0], p[1]))
			expected = append(expected, f.figure(c.expected.At(p[0], p[1])))
		}
		finding.Value, finding.Expected = Median(values), Median(expected)
		list = append(list, finding)
	}
	return list
}

// nodesOf makes a finding of each node that is to blame, in one role or in both.
func nodesOf(m Matrix, blamed []side) (list []Finding) {
	for _, s := range blamed {
		kind := Sender
		if s.receiver {
			kind = Receiver
		}
		i := slices.IndexFunc(list, func(o Finding) bool { return o.From == s.node })
		if i < 0 {
			i = len(list)
			list = append(list, Finding{Kind: kind, From: s.node, To: s.node})
		} else {
			list[i].Kind = Node
		}
		list[i].Pairs = append(list[i].Pairs, m.pairsOf(s)...)
	}
	return list
}
