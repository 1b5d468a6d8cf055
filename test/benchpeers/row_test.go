//go:build linux

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewRow(t *testing.T) {
	samples := func(ns ...float64) (s []sample) {
		for _, v := range ns {
			s = append(s, sample{nsPerPacket: v, busy: 0.99})
		}
		s[0].busy = 0.9
		return s
	}
	w := workload{name: "io", target: 1}
	for _, tt := range []struct {
		name       string
		peer, ours []sample
		want       row
	}{
		{
			"met by the median", samples(8, 8, 10), samples(10, 8, 8),
			row{
				Workload: "io", Target: 1, Busy: 0.9, Met: true,
				Testpmd: spread{8, 8, 10}, Ours: spread{8, 8, 10}, Ratio: spread{1, 0.8, 1.25},
			},
		},
		{
			"not met", samples(6, 8), samples(8, 10),
			row{
				Workload: "io", Target: 1, Busy: 0.9,
				Testpmd: spread{7, 6, 8}, Ours: spread{9, 8, 10}, Ratio: spread{0.775, 0.75, 0.8},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, newRow(w, tt.peer, tt.ours)); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
		})
	}
}
