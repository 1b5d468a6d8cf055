package bench

import (
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/podnet/podnet/internal/result"
)

// NewHistogram makes a histogram of times in nanoseconds, to three digits.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)
}

// percents are the percentiles that are reported, if there are enough packets.
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

// distribution is the whole of a trial's round-trip times, each an encoded histogram;
// empty: not measured.
type distribution struct{ actual, scheduled string }

func newDistribution(c Counts) distribution {
	return distribution{encoded(c.RTT), encoded(c.ScheduledRTT)}
}

func encoded(h *hdrhistogram.Histogram) string {
	if h == nil || h.TotalCount() == 0 {
		return ""
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil { // of a writer into memory
		return ""
	}
	return string(b)
}

// of gives both descriptions of a trial's times with their distributions.
func (d distribution) of(t result.Trial) (actual, scheduled *result.RTT) {
	with := func(r *result.RTT, histogram string) *result.RTT {
		if r == nil {
			return nil
		}
		whole := *r
		whole.Histogram = histogram
		return &whole
	}
	return with(t.RTT, d.actual), with(t.ScheduledRTT, d.scheduled)
}

// keepTimes gives a trial that is an answer the whole distribution of its times. With the
// distributions of all trials a search's result would be many times as large.
func (r *Runner) keepTimes(answers func(result.Trial) bool) {
	for i := range r.trials {
		if t := &r.trials[i]; answers(*t) {
			t.RTT, t.ScheduledRTT = r.times[i].of(*t)
		}
	}
}

// atGoals tells of the trials whose rate is the lower bound of a goal.
func atGoals(goals []result.Goal) func(result.Trial) bool {
	return func(t result.Trial) bool {
		return slices.ContainsFunc(goals, func(g result.Goal) bool { return g.Found(t) })
	}
}
