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

// family is a metric that a snapshot has no, one or several samples of.
type family struct {
	desc    *prometheus.Desc
	kind    prometheus.ValueType
	samples func(Snapshot) []sample
}

type sample struct {
	value  float64
	labels []string
}

// families are all metrics. Those that a result has too have its names.
var families = slices.Concat(trialCounters(), []family{
	{
		desc(result.MetricInfo, "What is measured, or the mode of forwarding, by which release, on which DPDK.", "version", "dpdk", "method"),
		prometheus.GaugeValue,
		func(s Snapshot) []sample { return []sample{{1, []string{s.Version, s.DPDK, s.Method}}} },
	},
	{
		desc("podnet_phase", "What the running trial is for, and what it sends.", "phase", "frame"),
		prometheus.GaugeValue,
		func(s Snapshot) []sample {
			if s.Phase == "" {
				return nil
			}
			return []sample{{1, []string{s.Phase, s.Frame}}}
		},
	},
	rate("podnet_requested_packets_per_second", "Rate of the running trial over all directions; absent at the maximum rate.",
		func(s Snapshot) float64 { return s.Requested }),
	rate("podnet_search_lower_packets_per_second", "Lower bound that the search has come to.",
		func(s Snapshot) float64 { return s.Lower }),
	rate("podnet_search_upper_packets_per_second", "Upper bound that the search has come to.",
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
	port("podnet_port_rx_packets_total", "Packets that the port received.", func(c result.Counters) uint64 { return c.RxPackets }),
	port("podnet_port_rx_bytes_total", "Bytes that the port received, on the wire.", func(c result.Counters) uint64 { return c.RxBytes }),
	port("podnet_port_rx_missed_packets_total", "Packets that the device dropped for want of Rx descriptors.",
		func(c result.Counters) uint64 { return c.RxMissed }),
	port("podnet_port_rx_errors_total", "Packets received with errors.", func(c result.Counters) uint64 { return c.RxErrors }),
	port("podnet_port_rx_no_mbuf_total", "Rx failures for want of mbufs.", func(c result.Counters) uint64 { return c.RxNoMbuf }),
	port("podnet_port_tx_packets_total", "Packets that the port took.", func(c result.Counters) uint64 { return c.TxPackets }),
	port("podnet_port_tx_bytes_total", "Bytes that the port took, on the wire.", func(c result.Counters) uint64 { return c.TxBytes }),
	port("podnet_port_tx_refused_packets_total", "Packets that the Tx rings of the port had no room for.",
		func(c result.Counters) uint64 { return c.TxRefused }),
	port("podnet_port_tx_errors_total", "Packets that the device failed to send.", func(c result.Counters) uint64 { return c.TxErrors }),
	{
		desc("podnet_lcore_turns_total", "Rounds of a polling lcore's loop since its job began.", "lcore"),
		prometheus.CounterValue,
		func(s Snapshot) (out []sample) {
			for _, h := range s.Heartbeats {
				out = append(out, sample{float64(h.Turns), []string{strconv.Itoa(h.Lcore)}})
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

// port is a counter of every port.
func port(name, help string, value func(result.Counters) uint64) family {
	return family{desc(name, help, "interface", "port"), prometheus.CounterValue, func(s Snapshot) (out []sample) {
		for _, i := range s.Interfaces {
			out = append(out, sample{float64(value(i.Counters)), []string{i.Name, i.Port}})
		}
		return out
	}}
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
