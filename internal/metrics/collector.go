package metrics

import (
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/podnet/podnet/internal/result"
)

// collector makes the metrics of a scrape from one snapshot, so that they belong
// together.
type collector struct{ src Source }

func newCollector(src Source) prometheus.Collector { return collector{src} }

// family is a metric with its samples in a snapshot: none, one or several.
type family struct {
	desc    *prometheus.Desc
	kind    prometheus.ValueType
	samples func(Snapshot) []sample
}

type sample struct {
	value  float64
	labels []string
}

// families are all metrics. A metric that a result has too has the same name there.
var families = slices.Concat(trialCounters(), portCounters(), []family{
	{
		desc(result.MetricInfo, "The method of measurement or the mode of forwarding, the release, and the DPDK.", "version", "dpdk", "method"),
		prometheus.GaugeValue,
		func(s Snapshot) []sample { return []sample{{1, []string{s.Version, s.DPDK, s.Method}}} },
	},
	{
		desc(result.MetricPhase, "The phase of the running trial, and its frames.", "phase", "frame"),
		prometheus.GaugeValue,
		func(s Snapshot) []sample {
			if s.Phase == "" {
				return nil
			}
			return []sample{{1, []string{s.Phase, s.Frame}}}
		},
	},
	rate(result.MetricRequested, "Rate of the running trial over all directions; absent at the maximum rate.",
		func(s Snapshot) float64 { return s.Requested }),
	rate(result.MetricSearchLower, "Lower bound that the search has come to.",
		func(s Snapshot) float64 { return s.Lower }),
	rate(result.MetricSearchUpper, "Upper bound that the search has come to.",
		func(s Snapshot) float64 { return s.Upper }),
	{
		desc(result.MetricTrials, "Trials that have ended."),
		prometheus.CounterValue,
		func(s Snapshot) []sample {
			if s.NoTrials {
				return nil
			}
			return []sample{{value: float64(s.Trials)}}
		},
	},
	{
		desc(result.MetricLcoreTurns, "Rounds of a polling lcore's loop since its job began.", "lcore"),
		prometheus.CounterValue,
		func(s Snapshot) (out []sample) {
			for lcore, turns := range s.Turns {
				out = append(out, sample{float64(turns), []string{strconv.Itoa(lcore)}})
			}
			return out
		},
	},
})

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// trialCounters are the counters that add up over trials.
func trialCounters() (out []family) {
	for i, c := range result.TrialCounters {
		out = append(out, family{desc(c.Name, c.Help), prometheus.CounterValue, func(s Snapshot) []sample {
			switch {
			case s.NoTrials:
				return nil
			case i >= len(s.Totals):
				return []sample{{value: 0}}
			}
			return []sample{{value: float64(s.Totals[i])}}
		}})
	}
	return out
}

// rate is a gauge that is absent at 0, which stands for no such rate.
func rate(name, help string, value func(Snapshot) float64) family {
	return family{desc(name, help), prometheus.GaugeValue, func(s Snapshot) []sample {
		if v := value(s); v > 0 {
			return []sample{{value: v}}
		}
		return nil
	}}
}

// portCounters are the counters of every port.
func portCounters() (out []family) {
	for _, c := range result.PortCounters {
		out = append(out, family{desc(c.Name, c.Help, "interface", "port"), prometheus.CounterValue, func(s Snapshot) (out []sample) {
			for _, i := range s.Interfaces {
				out = append(out, sample{float64(c.Value(i.Counters)), []string{i.Name, i.Port}})
			}
			return out
		}})
	}
	return out
}

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range families {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c.src.Snapshot()
	for _, f := range families {
		for _, v := range f.samples(s) {
			for i := range v.labels {
				v.labels[i] = plain(v.labels[i]) // a label that is not UTF-8 has no metric
			}
			ch <- prometheus.MustNewConstMetric(f.desc, f.kind, v.value, v.labels...)
		}
	}
}
