package result

import (
	"fmt"
	"math"
	"slices"

	"github.com/podnet/podnet/internal/result/outlier"
)

// RailPair is a rail of the sender and one of the receiver.
type RailPair struct{ From, To int }

// String names the rails, such as rail 2.
func (r RailPair) String() string {
	if r.From == r.To {
		return fmt.Sprintf("rail %d", r.From)
	}
	return fmt.Sprintf("rail %d to rail %d", r.From, r.To)
}

// RailPairs are those that were planned, in order.
func (f Fabric) RailPairs() (list []RailPair) {
	seen := map[RailPair]bool{}
	for _, p := range f.Pairs {
		if r := p.Rails(); !seen[r] {
			seen[r] = true
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b RailPair) int {
		if a.From != b.From {
			return a.From - b.From
		}
		return a.To - b.To
	})
	return list
}

// Rails are the rails of a pair.
func (p FabricPair) Rails() RailPair { return RailPair{p.FromRail, p.ToRail} }

// Mpps is the rate that a pair stands for, in million packets per second: the one that
// was searched for, else the one that was received.
func (p FabricPair) Mpps() (mpps float64, ok bool) {
	switch {
	case p.Missing != nil:
		return 0, false
	case p.NDR != nil && p.NDR.Lower == nil:
		return 0, true
	case p.NDR != nil:
		return p.NDR.Lower.Mpps, true
	case p.Received == nil:
		return 0, false
	}
	return p.Received.Mpps, true
}

// Loss is the loss ratio of a pair.
func (p FabricPair) Loss() (ratio float64, ok bool) {
	if p.Missing != nil || p.LossRatio == nil {
		return 0, false
	}
	return *p.LossRatio, true
}

// RTTUs is a percentile of a pair's round-trip times in microseconds.
func (p FabricPair) RTTUs(percent float64) (us float64, ok bool) {
	if p.Missing != nil {
		return 0, false
	}
	return p.RTT.At(percent)
}

// Measured says that a pair has figures, valid or not.
func (p FabricPair) Measured() bool {
	_, ok := p.Mpps()
	return ok
}

// Medians are the median rates of the valid pairs of each two rails, in million packets
// per second; there is none of rails without a valid pair.
func (f Fabric) Medians() map[RailPair]float64 {
	rates := map[RailPair][]float64{}
	for _, p := range f.Pairs {
		if mpps, ok := p.Mpps(); ok && p.Valid {
			rates[p.Rails()] = append(rates[p.Rails()], mpps)
		}
	}
	medians := map[RailPair]float64{}
	for r, list := range rates {
		medians[r] = outlier.Median(list)
	}
	return medians
}

// Labels name the nodes, each by another name: where several pods are on a node, with
// the pod.
func (f Fabric) Labels() []string {
	count := map[string]int{}
	for _, n := range f.Nodes {
		count[n.Name]++
	}
	labels := make([]string, len(f.Nodes))
	taken := map[string]bool{}
	for i, n := range f.Nodes {
		label := n.Name
		if label == "" || count[label] > 1 {
			label = n.Pod
			if n.Name != "" && label != "" {
				label = n.Name + " (" + label + ")"
			}
		}
		for label == "" || taken[label] {
			label += fmt.Sprintf("#%d", i)
		}
		taken[label] = true
		labels[i] = label
	}
	return labels
}

// railPairs are the pairs of two rails.
type railPairs struct {
	rails RailPair
	pairs []*FabricPair
	nodes []int // that have such pairs, in order: a document may have many rails of few
	place []int // of each node in nodes
}

// byRails are the pairs of each two rails, in the order of RailPairs.
func (f Fabric) byRails() (list []railPairs) {
	at := map[RailPair]int{}
	for i, r := range f.RailPairs() {
		at[r] = i
		list = append(list, railPairs{rails: r})
	}
	for i := range f.Pairs {
		p := &f.Pairs[i]
		of := &list[at[p.Rails()]]
		of.pairs = append(of.pairs, p)
	}
	for i := range list {
		of := &list[i]
		of.place = make([]int, len(f.Nodes))
		for _, p := range of.pairs {
			of.place[p.From], of.place[p.To] = 1, 1
		}
		for node, there := range of.place {
			if there == 1 {
				of.place[node] = len(of.nodes)
				of.nodes = append(of.nodes, node)
			}
		}
	}
	return list
}

// matrix has a figure of each pair, by the places of its nodes.
func (r railPairs) matrix(figure func(FabricPair) (float64, bool)) outlier.Matrix {
	m := outlier.NewMatrix(len(r.nodes))
	for _, p := range r.pairs {
		if v, ok := figure(*p); ok && !math.IsInf(v, 0) {
			m.Set(r.place[p.From], r.place[p.To], v)
		}
	}
	return m
}
