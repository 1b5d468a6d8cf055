package bench

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/podnet/podnet/internal/result"
)

// NewHistogram makes a histogram of times in nanoseconds, to three digits.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)
}

// percents are those that are reported, as far as there are packets enough.
var percents = []float64{50, 75, 90, 95, 99, 99.9, 99.99, 99.999}

// NewRTT describes a histogram in nanoseconds; nil if it is nil or empty.
func NewRTT(h *hdrhistogram.Histogram) *result.RTT {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	us := func(ns int64) float64 { return float64(ns) / 1e3 }
	r := &result.RTT{
		Packets: uint64(h.TotalCount()), MinUs: us(h.Min()), MeanUs: h.Mean() / 1e3, MaxUs: us(h.Max()), Percentiles: []result.Percentile{},
	}
	for _, p := range percents {
		if !r.Tells(p) {
			break
		}
		r.Percentiles = append(r.Percentiles, result.Percentile{Percent: p, Us: us(h.ValueAtQuantile(p))})
	}
	return r
}
