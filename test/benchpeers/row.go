//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
)

// subject is something to measure.
type subject func(*bench) (sample, error)

// sample is one measurement of one side.
type sample struct {
	value  float64 // in the unit of the row: less is better
	dpdk   string  // release; empty where none runs
	driver string  // file of the port's driver; empty where it does not matter
}

// row is a row of the table. It has two subjects that are measured in turns, and the
// least ratio of the peer's value to ours; or, without a peer, our largest value.
type row struct {
	work, against string
	unit          string
	least, most   float64
	forwards      bool // the row counts in the mean of the forwarding loops
	peer, ours    subject
	helper        func(*bench) (stop func(), err error) // the other end of both
}

// result is the outcome of a row.
type result struct {
	Work    string  `json:"work"`
	Against string  `json:"against,omitempty"`
	Unit    string  `json:"unit"`
	Peer    *spread `json:"peer,omitempty"`
	Ours    *spread `json:"ours,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"` // the peer's median divided by ours: above 1, ours is faster
	Least   float64 `json:"least,omitempty"` // limit of the ratio
	Most    float64 `json:"most,omitempty"`  // limit of our value, where there is no ratio
	Met     bool    `json:"met"`
	dpdk    string
}

func newResult(r row, peer, ours []sample) result {
	out := result{Work: r.work, Against: r.against, Unit: r.unit, Least: r.least, Most: r.most, Ours: newSpread(ours), dpdk: ours[0].dpdk}
	if r.peer == nil {
		out.Met = out.Ours.Median <= r.most
		return out
	}
	out.Peer = newSpread(peer)
	out.Ratio = out.Peer.Median / out.Ours.Median
	out.Met = out.Ratio >= r.least
	return out
}

// leastMean is the least geometric mean of the forwarding loops' ratios.
const leastMean = 1.03

func geometricMean(rows []result) result {
	sum := 0.0
	for _, r := range rows {
		sum += math.Log(r.Ratio)
	}
	out := result{Work: "forward, geometric mean of these", Against: rows[0].Against, Ratio: math.Exp(sum / float64(len(rows))), Least: leastMean}
	out.Met = out.Ratio >= leastMean
	return out
}

func (r result) String() string {
	verdict := "met"
	if !r.Met {
		verdict = "not met"
	}
	if r.Least == 0 {
		return fmt.Sprintf("%s: %v %s, at most %g: %s", r.Work, r.Ours, r.Unit, r.Most, verdict)
	}
	return fmt.Sprintf("%s: %v, %s %v %s, ratio %.3f, at least %g: %s", r.Work, r.Ours, r.Against, r.Peer, r.Unit, r.Ratio, r.Least, verdict)
}

// spread sums up repeated measurements.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// newSpread needs at least one value.
func newSpread(samples []sample) *spread {
	var v []float64
	for _, s := range samples {
		v = append(v, s.value)
	}
	slices.Sort(v)
	n := len(v)
	return &spread{Median: (v[(n-1)/2] + v[n/2]) / 2, Min: v[0], Max: v[n-1]}
}

func (s *spread) String() string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g (%.4g to %.4g)", s.Median, s.Min, s.Max)
}
