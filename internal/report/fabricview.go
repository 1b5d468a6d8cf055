package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/outlier"
)

// fabricView is a fabric document by rails and nodes.
type fabricView struct {
	result.Fabric
	labels  []string
	rails   []result.RailPair
	medians map[result.RailPair]float64
	pairs   map[result.RailPair][]*result.FabricPair // of the document, which may have a million
}

func newFabricView(f result.Fabric) fabricView {
	v := fabricView{f, f.Labels(), f.RailPairs(), f.Medians(), map[result.RailPair][]*result.FabricPair{}}
	for i := range f.Pairs {
		p := &f.Pairs[i]
		v.pairs[p.Rails()] = append(v.pairs[p.Rails()], p)
	}
	return v
}

// fraction is the part of the median that a pair has.
func (v fabricView) fraction(p *result.FabricPair) (float64, bool) {
	mpps, ok := p.Mpps()
	median := v.medians[p.Rails()]
	return mpps / median, ok && median > 0
}

// link names a pair.
func (v fabricView) link(p *result.FabricPair) string {
	return v.labels[p.From] + " -> " + v.labels[p.To]
}

// asUsual is the part of the median from which on a node or pair is listed only to fill a
// short list.
const (
	asUsual   = 0.99
	shortList = 5
)

// worst are the pairs with figures, slowest first by the part of their median, and of
// these the lossiest first.
func (v fabricView) worst(most int) []*result.FabricPair {
	type ranked struct {
		pair           *result.FabricPair
		fraction, loss float64
	}
	var list []ranked
	for i := range v.Pairs {
		p := &v.Pairs[i]
		if !p.Measured() {
			continue
		}
		r := ranked{pair: p, fraction: 1}
		if f, ok := v.fraction(p); ok {
			r.fraction = f
		}
		r.loss, _ = p.Loss()
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.fraction, b.fraction), cmp.Compare(b.loss, a.loss))
	})
	var pairs []*result.FabricPair
	for i, r := range list[:min(most, len(list))] {
		if i >= shortList && r.fraction >= asUsual {
			break
		}
		pairs = append(pairs, r.pair)
	}
	return pairs
}

// railFigures are the figures of all pairs of two rails.
type railFigures struct {
	median, least     float64 // Mpps
	loss, p50, p99    float64 // the largest loss, the median of the medians, the longest 99 %
	measured, missing int
	invalid           int
	timed             bool // there are round-trip times
}

func (v fabricView) figuresOf(r result.RailPair) (s railFigures) {
	s.median = v.medians[r]
	var medians []float64
	for _, p := range v.pairs[r] {
		mpps, ok := p.Mpps()
		if !ok {
			s.missing++
			continue
		}
		if !p.Valid {
			s.invalid++
		}
		if s.measured++; s.measured == 1 || mpps < s.least {
			s.least = mpps
		}
		loss, _ := p.Loss()
		s.loss = max(s.loss, loss)
		if us, ok := p.RTTUs(50); ok {
			medians = append(medians, us)
		}
		if us, ok := p.RTTUs(99); ok {
			s.p99 = max(s.p99, us)
		}
	}
	s.timed = medians != nil
	s.p50 = outlier.Median(medians)
	return s
}

// railLine says in a line what two rails carry.
func (v fabricView) railLine(r result.RailPair) string {
	s := v.figuresOf(r)
	if s.measured == 0 {
		return fmt.Sprintf("%s: nothing was measured", r)
	}
	text := fmt.Sprintf("%s: median %s, least %s, loss up to %s", r, result.RateText(s.median), result.RateText(s.least), lossPercent(s.loss))
	if _, known := v.medians[r]; !known {
		text = fmt.Sprintf("%s: no pair is valid; least %s, loss up to %s", r, result.RateText(s.least), lossPercent(s.loss))
	}
	if s.timed {
		text += fmt.Sprintf(", median round trip %.4g us, 99 %% up to %.4g us", s.p50, s.p99)
	}
	return text
}

// nodeFigures are the figures of a node in one role on one rail of its own.
type nodeFigures struct {
	node, rail int
	receiver   bool

	measured, missing, invalid int
	mpps, least                float64 // median and least
	fraction                   float64 // median of the parts of the median; of pairs that have one
	loss                       float64 // the largest
	p50                        float64 // median of the medians, in microseconds
	timed, compared            bool
}

// nodes are the figures of all nodes, rails and roles that pairs were planned for, by
// node, rail and role.
func (v fabricView) nodes() (list []nodeFigures) {
	type key struct {
		node, rail int
		receiver   bool
	}
	type raw struct{ mpps, fractions, p50 []float64 }
	found, values := map[key]*nodeFigures{}, map[key]*raw{}
	for i := range v.Pairs {
		p := &v.Pairs[i]
		for _, k := range []key{{p.From, p.FromRail, false}, {p.To, p.ToRail, true}} {
			n := found[k]
			if n == nil {
				n = &nodeFigures{node: k.node, rail: k.rail, receiver: k.receiver}
				found[k], values[k] = n, &raw{}
			}
			mpps, ok := p.Mpps()
			if !ok {
				n.missing++
				continue
			}
			if n.measured++; n.measured == 1 || mpps < n.least {
				n.least = mpps
			}
			if !p.Valid {
				n.invalid++
			}
			loss, _ := p.Loss()
			n.loss = max(n.loss, loss)
			of := values[k]
			of.mpps = append(of.mpps, mpps)
			if f, ok := v.fraction(p); ok {
				of.fractions = append(of.fractions, f)
			}
			if us, ok := p.RTTUs(50); ok {
				of.p50 = append(of.p50, us)
			}
		}
	}
	for k, n := range found {
		of := values[k]
		n.timed, n.compared = of.p50 != nil, of.fractions != nil
		n.mpps, n.fraction, n.p50 = outlier.Median(of.mpps), outlier.Median(of.fractions), outlier.Median(of.p50)
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b nodeFigures) int {
		role := 0
		if a.receiver != b.receiver {
			role = 1
			if b.receiver {
				role = -1
			}
		}
		return cmp.Or(a.node-b.node, a.rail-b.rail, role)
	})
	return list
}

// slowest are those with figures, the slowest first.
func slowest(list []nodeFigures, most int) []nodeFigures {
	list = slices.DeleteFunc(slices.Clone(list), func(n nodeFigures) bool { return !n.compared })
	slices.SortStableFunc(list, func(a, b nodeFigures) int {
		return cmp.Or(cmp.Compare(a.fraction, b.fraction), cmp.Compare(b.loss, a.loss))
	})
	list = list[:min(most, len(list))]
	for i, n := range list {
		if i >= shortList && n.fraction >= asUsual {
			return list[:i]
		}
	}
	return list
}

func (n nodeFigures) role() string {
	if n.receiver {
		return "receiver"
	}
	return "sender"
}
