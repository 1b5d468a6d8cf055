package report

import (
	"io"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/podnet/podnet/internal/result"
)

// writeFabricOpenMetrics writes the figures of rails and nodes as OpenMetrics text. There
// is none per pair: 200 nodes have 39 800 of them.
func writeFabricOpenMetrics(w io.Writer, list []result.Fabric) error {
	return writeMetrics(w, fabricCollector(list))
}

type fabricCollector []result.Fabric

var (
	perRun  = []string{"mode", "run"}
	perRail = []string{"mode", "run", "from_rail", "to_rail"}
	perNode = []string{"mode", "run", "node", "rail", "role"}

	fabricInfo     = described(result.MetricFabricInfo, "Run that was measured, and the release that did it.", "mode", "run", "rails", "frame", "version")
	fabricComplete = described(result.MetricFabricComplete, "1 if the run came to its end.", perRun...)
	fabricValid    = described(result.MetricFabricValid, "1 if all pairs have figures, and they are the path's.", perRun...)
	fabricPairs    = described(result.MetricFabricPairs, "Planned pairs by state: valid, invalid, missing, or pending while the run goes on.", append(perRun[:2:2], "state")...)
	fabricOutliers = described(result.MetricFabricOutliers, "Nodes, links, groups and rails that stand out.", append(perRun[:2:2], "kind")...)
	railMedian     = described(result.MetricFabricMedian, "Median rate of the valid pairs of the rails.", perRail...)
	nodeRate       = described(result.MetricFabricRate, "Median rate of the node's pairs in that role.", perNode...)
	nodeLeast      = described(result.MetricFabricLeast, "Least rate of the node's pairs in that role.", perNode...)
	nodeFraction   = described(result.MetricFabricFraction, "The node's rate as a part of the median of its rails.", perNode...)
	nodeLoss       = described(result.MetricFabricLoss, "Largest loss of the node's pairs in that role.", perNode...)
	nodeRTT        = described(result.MetricFabricRTT, "Median of the median round-trip times of the node's pairs in that role.", perNode...)
	nodeMeasured   = described(result.MetricFabricMeasured, "Pairs of the node in that role that have figures, valid or not.", perNode...)
	nodeInvalid    = described(result.MetricFabricInvalid, "Pairs of the node in that role whose figures are not valid.", perNode...)
	nodeMissing    = described(result.MetricFabricMissing, "Pairs of the node in that role that have no figures.", perNode...)
)

// Describe implements prometheus.Collector.
func (fabricCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		fabricInfo, fabricComplete, fabricValid, fabricPairs, fabricOutliers, railMedian,
		nodeRate, nodeLeast, nodeFraction, nodeLoss, nodeRTT, nodeMeasured, nodeInvalid, nodeMissing,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c fabricCollector) Collect(ch chan<- prometheus.Metric) {
	for i, f := range c {
		collectFabric(ch, newFabricView(f), fabricLabels(f, i+1))
	}
}

// fabricLabels are those of the nth run.
func fabricLabels(f result.Fabric, nth int) []string {
	return []string{plain(f.Settings.Mode), strconv.Itoa(nth)}
}

// FabricLive has the same figures of a run that goes on, for a metrics server: those of the
// pairs that have had their turn, and how many have not. The function shows the run so far,
// as fabric.Coordinator's SoFar does.
type FabricLive func(look func(f result.Fabric, planned int))

// Describe implements prometheus.Collector.
func (FabricLive) Describe(ch chan<- *prometheus.Desc) { fabricCollector{}.Describe(ch) }

// Collect implements prometheus.Collector.
func (show FabricLive) Collect(ch chan<- prometheus.Metric) {
	show(func(f result.Fabric, planned int) {
		run := fabricLabels(f, 1)
		collectFabric(ch, newFabricView(f), run)
		gauge(ch, fabricPairs, float64(planned-len(f.Pairs)), append(run, "pending")...)
	})
}

func collectFabric(ch chan<- prometheus.Metric, v fabricView, run []string) {
	with := func(more ...string) []string { return append(append([]string{}, run...), more...) }
	gauge(ch, fabricInfo, 1, with(plain(v.Settings.Rails), plain(v.Settings.Frame.Name), plain(v.Settings.Version))...)
	gauge(ch, fabricComplete, truth(v.Complete), run...)
	gauge(ch, fabricValid, truth(v.Valid), run...)
	n := v.Count()
	gauge(ch, fabricPairs, float64(n.Valid), with("valid")...)
	gauge(ch, fabricPairs, float64(n.Measured-n.Valid), with("invalid")...)
	gauge(ch, fabricPairs, float64(n.Missing), with("missing")...)
	kinds := map[string]int{}
	for _, o := range v.Outliers {
		kinds[plain(o.Kind)]++
	}
	for kind, n := range kinds {
		gauge(ch, fabricOutliers, float64(n), with(kind)...)
	}
	for r, median := range v.medians {
		gauge(ch, railMedian, 1e6*median, with(strconv.Itoa(r.From), strconv.Itoa(r.To))...)
	}
	names := v.metricNames()
	for _, n := range v.nodes() {
		labels := with(names[n.node], strconv.Itoa(n.rail), n.role())
		gauge(ch, nodeMeasured, float64(n.measured), labels...)
		gauge(ch, nodeInvalid, float64(n.invalid), labels...)
		gauge(ch, nodeMissing, float64(n.missing), labels...)
		if n.measured == 0 {
			continue
		}
		gauge(ch, nodeRate, 1e6*n.mpps, labels...)
		gauge(ch, nodeLeast, 1e6*n.least, labels...)
		gauge(ch, nodeLoss, n.loss, labels...)
		if n.compared {
			gauge(ch, nodeFraction, n.fraction, labels...)
		}
		if n.timed {
			gauge(ch, nodeRTT, n.p50/1e6, labels...)
		}
	}
}

// metricNames are the nodes' labels, each another one even without what cannot be printed.
func (v fabricView) metricNames() []string {
	names, taken := make([]string, len(v.labels)), map[string]bool{}
	for i, label := range v.labels {
		name := plain(label)
		for taken[name] {
			name += "#" + strconv.Itoa(i)
		}
		taken[name] = true
		names[i] = name
	}
	return names
}
