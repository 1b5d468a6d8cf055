package report

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/podnet/podnet/internal/result"
)

// writeOpenMetrics writes the figures as OpenMetrics text.
func writeOpenMetrics(w io.Writer, results []result.Result) error {
	for i, r := range results {
		if err := distinct(r); err != nil {
			return fmt.Errorf("result %d of %d: %w", i+1, len(results), err)
		}
	}
	return writeMetrics(w, resultCollector(results))
}

// distinct refuses a result with two measurements whose figures would have the same
// labels. The error names the first of them.
func distinct(r result.Result) error {
	type key struct {
		frame  string
		repeat int
	}
	seen := map[key]bool{}
	var first key
	again := 0
	for _, m := range r.Measurements {
		k := key{plain(m.Frame.Name), m.Repeat}
		if seen[k] {
			if again == 0 {
				first = k
			}
			again++
		}
		seen[k] = true
	}
	if again == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d measurements have the frame size and the repetition of an earlier one, the first of these %q and %d. "+
		"OpenMetrics needs them to differ: number the repetitions of a frame size (measurements[].repeat)", again, len(r.Measurements), first.frame, first.repeat)
}

// writeMetrics writes what a collector has as OpenMetrics text.
func writeMetrics(w io.Writer, c prometheus.Collector) error {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		return err
	}
	families, err := registry.Gather()
	if err != nil {
		return firstOf(err)
	}
	e := expfmt.NewEncoder(w, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, f := range families {
		f.Unit = unit(f.GetName())
		if err := e.Encode(f); err != nil {
			return err
		}
	}
	return e.(expfmt.Closer).Close() // the end mark
}

// firstOf leaves the first of many errors, and says how many there are.
func firstOf(err error) error {
	var all prometheus.MultiError
	if !errors.As(err, &all) || len(all) < 2 {
		return err
	}
	return fmt.Errorf("%w (the first of %d errors)", all[0], len(all))
}

// units are the units at the end of names, as OpenMetrics requires.
var units = []string{"packets_per_second", "packets", "seconds", "ratio", "frames"}

// unit is the unit in a name; nil if the figure has none.
func unit(name string) *string {
	for _, u := range units {
		if strings.HasSuffix(strings.TrimSuffix(name, "_total"), "_"+u) {
			return &u
		}
	}
	return nil
}

type resultCollector []result.Result

// of are the labels that distinguish one measurement's figures from another's.
var of = []string{"method", "tx", "rx", "run", "frame", "repeat"}

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

func perMeasurement(name, help string, more ...string) *prometheus.Desc {
	return described(name, help, append(append([]string{}, of...), more...)...)
}

var (
	infoDesc      = described(result.MetricInfo, "The method, and the releases of podnet and DPDK.", "version", "dpdk", "method")
	completeDesc  = described(result.MetricComplete, "1 if the run came to its end.", "method", "tx", "rx", "run")
	validDesc     = perMeasurement(result.MetricValid, "1 if the figures are the path's, not the generator's.")
	trialsDesc    = perMeasurement(result.MetricTrials, "Trials that have ended.")
	lowerDesc     = perMeasurement(result.MetricGoal, "Highest rate found for the goal: its relevant lower bound.", "goal")
	conditional   = perMeasurement(result.MetricConditional, "Conditional throughput of the goal.", "goal")
	lossDesc      = perMeasurement(result.MetricGoalLoss, "Loss that the goal allows.", "goal")
	rttDesc       = perMeasurement(result.MetricRTT, "Round-trip time that so many of 100 packets did not exceed.", "load", "percentile")
	scheduledDesc = perMeasurement(result.MetricScheduledRTT, "The same from when the packets should have been sent.", "load", "percentile")
	discardedDesc = perMeasurement(result.MetricDiscarded, "Share of the trials that were not valid.")
	lossyDesc     = perMeasurement(result.MetricLossy, "Share of the trial time at the rate found in which more was lost than the goal allows.", "goal")
	burstDesc     = perMeasurement(result.MetricBurst, "Longest burst without loss.")
	receivedDesc  = perMeasurement(result.MetricReceived, "Rate that came back in the last trial.")
	ratioDesc     = perMeasurement(result.MetricLoss, "Loss of the last trial.")
	kernelDesc    = perMeasurement(result.MetricKernel, "Rate that UDP through the kernel carried before the run, at this frame size.")
	gainDesc      = perMeasurement(result.MetricKernelGain, "How many times the kernel's rate the path carried.")
	counterDescs  = func() (list []*prometheus.Desc) {
		for _, c := range result.TrialCounters {
			list = append(list, perMeasurement(c.Name, c.Help))
		}
		return list
	}()
)

// Describe implements prometheus.Collector.
func (resultCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range append([]*prometheus.Desc{
		infoDesc, completeDesc, validDesc, trialsDesc, lowerDesc, conditional, lossDesc, rttDesc, scheduledDesc, discardedDesc, lossyDesc, burstDesc, receivedDesc, ratioDesc, kernelDesc, gainDesc,
	}, counterDescs...) {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c resultCollector) Collect(ch chan<- prometheus.Metric) {
	seen := map[[3]string]bool{}
	for i, r := range c {
		info := [3]string{plain(r.Environment.Version), plain(r.Environment.DPDK), plain(r.Method)}
		if !seen[info] {
			seen[info] = true
			gauge(ch, infoDesc, 1, info[:]...)
		}
		run := []string{plain(r.Method), plain(r.Settings.TX), plain(r.Settings.RX), strconv.Itoa(i + 1)}
		gauge(ch, completeDesc, truth(r.Complete), run...)
		for _, m := range r.Measurements {
			labels := append(append([]string{}, run...), plain(m.Frame.Name), strconv.Itoa(m.Repeat))
			collect(ch, m, labels)
			if k := r.Kernel(m.Frame.Name); k != nil {
				gauge(ch, kernelDesc, k.Mpps*1e6, labels...)
				if times, ok := m.Gain(k); ok {
					gauge(ch, gainDesc, times, labels...)
				}
			}
		}
	}
}

func collect(ch chan<- prometheus.Metric, m result.Measurement, labels []string) {
	with := func(more ...string) []string { return append(append([]string{}, labels...), more...) }
	gauge(ch, validDesc, truth(m.Valid && m.Complete), labels...)
	counter(ch, trialsDesc, float64(len(m.Trials)), labels...)
	gauge(ch, discardedDesc, m.Discarded, labels...)
	for i, c := range result.TrialCounters {
		var sum uint64
		for _, t := range m.Trials {
			sum += c.Value(t)
		}
		counter(ch, counterDescs[i], float64(sum), labels...)
	}
	for _, g := range m.Goals {
		gauge(ch, lossDesc, g.LossRatio, with(plain(g.Name))...)
		if g.Lower != nil {
			gauge(ch, lowerDesc, g.Lower.Mpps*1e6, with(plain(g.Name))...)
		}
		if g.LossyShare != nil {
			gauge(ch, lossyDesc, *g.LossyShare, with(plain(g.Name))...)
		}
		if g.Conditional != nil {
			gauge(ch, conditional, g.Conditional.Mpps*1e6, with(plain(g.Name))...)
		}
	}
	for _, l := range m.Latency {
		labels := func(p string) []string { return with(plain(l.Load), p) }
		collectRTT(ch, rttDesc, l.RTT, labels)
		collectRTT(ch, scheduledDesc, l.ScheduledRTT, labels)
	}
	if m.Burst != nil {
		gauge(ch, burstDesc, m.Burst.Frames, labels...)
	}
	if n := len(m.Trials); n > 0 {
		last := m.Trials[n-1]
		gauge(ch, receivedDesc, last.Received.Mpps*1e6, labels...)
		gauge(ch, ratioDesc, last.LossRatio, labels...)
		if m.Latency == nil {
			labels := func(p string) []string { return with("", p) }
			collectRTT(ch, rttDesc, last.RTT, labels)
			collectRTT(ch, scheduledDesc, last.ScheduledRTT, labels)
		}
	}
}

func collectRTT(ch chan<- prometheus.Metric, d *prometheus.Desc, r *result.RTT, labels func(percentile string) []string) {
	for _, p := range r.Known() {
		gauge(ch, d, p.Us/1e6, labels(float(p.Percent))...)
	}
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
