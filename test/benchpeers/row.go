//go:build linux

package main

import (
	"fmt"
	"slices"
)

// row is the outcome of one workload. Ratios are testpmd's time over ours, pair
// by pair: above 1, ours is faster.
type row struct {
	Workload string `json:"workload"`
	Testpmd  spread `json:"testpmdNsPerPacket"`
	Ours     spread `json:"oursNsPerPacket"`
	Ratio    spread `json:"ratio"`
	// Busy is the least share of the time that a polling thread had its CPU.
	Busy   float64 `json:"busy"`
	Target float64 `json:"target"` // of the median ratio
	Met    bool    `json:"met"`
}

func newRow(w workload, peer, ours []sample) row {
	r := row{Workload: w.name, Target: w.target, Busy: 1}
	var times, ourTimes, ratios []float64
	for i := range ours {
		times = append(times, peer[i].nsPerPacket)
		ourTimes = append(ourTimes, ours[i].nsPerPacket)
		ratios = append(ratios, peer[i].nsPerPacket/ours[i].nsPerPacket)
		r.Busy = min(r.Busy, peer[i].busy, ours[i].busy)
	}
	r.Testpmd, r.Ours, r.Ratio = newSpread(times), newSpread(ourTimes), newSpread(ratios)
	r.Met = r.Ratio.Median >= r.Target
	return r
}

// spread sums up repeated measurements.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// newSpread needs at least one value.
func newSpread(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return spread{Median: (v[(n-1)/2] + v[n/2]) / 2, Min: v[0], Max: v[n-1]}
}

func (s spread) String() string { return fmt.Sprintf("%.2f (%.2f-%.2f)", s.Median, s.Min, s.Max) }
