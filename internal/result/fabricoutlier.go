package result

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/result/outlier"
)

// fabricMetric is a figure of pairs that outliers are looked for in.
type fabricMetric struct {
	name   string // in the document
	figure outlier.Figure
	of     func(FabricPair) (float64, bool)
	is     string // what a node or pair with a bad figure is
	said   func(o FabricOutlier, of string) string
}

// fabricMetrics are all of them, in the order of the outliers. A slow pair is not listed
// again for its loss and its round trips, which most often have the same cause.
var fabricMetrics = []fabricMetric{
	{"mpps", outlier.Rate, FabricPair.Mpps, "is slow", func(o FabricOutlier, of string) string {
		return fmt.Sprintf("%.2g %% of %s, %s", 100*o.Value/o.Expected, of, RateText(o.Value))
	}},
	{"lossRatio", outlier.Loss, FabricPair.Loss, "has a high loss", func(o FabricOutlier, of string) string {
		return fmt.Sprintf("%.2g %%; %s: %.2g %%", 100*o.Value, of, 100*o.Expected)
	}},
	{
		"rttP50Us", outlier.RoundTrip,
		func(p FabricPair) (float64, bool) { return p.RTTUs(50) },
		"has long round trips",
		func(o FabricOutlier, of string) string {
			return fmt.Sprintf("%.2g times %s, %.4g us", o.Value/o.Expected, of, o.Value)
		},
	},
}

// FabricRailKind is the kind of an outlier that is a rail. Package outlier has the other
// kinds.
const FabricRailKind = "rail"

// slowRail is the part of the fastest rail's median below which a rail is named.
const slowRail = 0.9

// outliers finds what stands out, of all pairs that have figures. Those that are not
// valid are counted: a node whose generator is the limit stands out too.
func (f Fabric) outliers() []FabricOutlier {
	labels := f.Labels()
	found := make([][]FabricOutlier, len(fabricMetrics))
	for _, r := range f.byRails() {
		valid := r.matrix(func(p FabricPair) (float64, bool) { return 0, p.Valid })
		slow := outlier.NewMatrix(len(r.nodes))
		for i, metric := range fabricMetrics {
			m := r.matrix(metric.of)
			m.Except(slow)
			findings := outlier.Find(m, metric.figure)
			grouped := slices.ContainsFunc(findings, func(f outlier.Finding) bool { return f.Kind == outlier.Group })
			for _, finding := range findings {
				if metric.figure == outlier.Rate {
					slow.Cover(finding)
				}
				o := r.outlier(finding, metric.name)
				for _, p := range finding.Pairs {
					if math.IsNaN(valid.At(p[0], p[1])) {
						o.Invalid++
					}
				}
				o.Text = metric.text(o, r.rails, labels, grouped)
				found[i] = append(found[i], o)
			}
		}
	}
	return append(f.slowRails(), slices.Concat(found...)...)
}

// outlier is a finding in the document's terms.
func (r railPairs) outlier(f outlier.Finding, metric string) FabricOutlier {
	o := FabricOutlier{
		Kind: string(f.Kind), Metric: metric, FromRail: r.rails.From, ToRail: r.rails.To,
		Value: f.Value, Expected: f.Expected, Fraction: fraction(f.Value, f.Expected), Pairs: len(f.Pairs),
	}
	for _, place := range f.Nodes {
		o.Nodes = append(o.Nodes, r.nodes[place])
	}
	if f.Kind == outlier.Group {
		return o
	}
	from, to := r.nodes[f.From], r.nodes[f.To]
	if f.Kind != outlier.Receiver {
		o.From = &from
	}
	if f.Kind != outlier.Sender {
		o.To = &to
	}
	return o
}

func fraction(value, expected float64) *float64 {
	v := value / expected
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// slowRails finds the rails that are slower than the fastest.
func (f Fabric) slowRails() (list []FabricOutlier) {
	pairs, medians := f.RailPairs(), f.Medians()
	var fastest RailPair
	for _, r := range pairs {
		if medians[r] > medians[fastest] {
			fastest = r
		}
	}
	for _, r := range pairs {
		median, known := medians[r]
		if best := medians[fastest]; known && median < slowRail*best {
			list = append(list, FabricOutlier{
				Kind: FabricRailKind, Metric: "mpps", FromRail: r.From, ToRail: r.To, Value: median, Expected: best, Fraction: fraction(median, best),
				Text: fmt.Sprintf("%s is slow: its median, %s, is %.2g %% of %s's", r, RateText(median), 100*median/best, fastest),
			})
		}
	}
	return list
}

// text says what stands out.
func (m fabricMetric) text(o FabricOutlier, rails RailPair, labels []string, grouped bool) string {
	of := "the median"
	if grouped {
		of = "the median of its group"
	}
	var text string
	switch outlier.Kind(o.Kind) {
	case outlier.Group:
		return fmt.Sprintf("%d of %d nodes are a group of their own on %s: %s. They are compared with each other: %s",
			len(o.Nodes), len(labels), rails, m.said(o, "the others"), some(o.Nodes, labels))
	case outlier.Sender:
		text = fmt.Sprintf("%s %s as sender on %s", labels[*o.From], m.is, rails)
	case outlier.Receiver:
		text = fmt.Sprintf("%s %s as receiver on %s", labels[*o.To], m.is, rails)
	case outlier.Node:
		text = fmt.Sprintf("%s %s as sender and as receiver on %s", labels[*o.From], m.is, rails)
	case outlier.Link:
		text = fmt.Sprintf("%s -> %s %s on %s", labels[*o.From], labels[*o.To], m.is, rails)
	case outlier.BothWays:
		text = fmt.Sprintf("%s <-> %s %s both ways on %s", labels[*o.From], labels[*o.To], m.is, rails)
	default:
		text = fmt.Sprintf("%d pairs on %s share something that %s, such as a rack or an uplink, and no node explains them; the worst is %s -> %s",
			o.Pairs, rails, m.is, labels[*o.From], labels[*o.To])
	}
	text += ": " + m.said(o, of)
	if o.Invalid > 0 {
		text += fmt.Sprintf(" (%d of %d pairs are not valid)", o.Invalid, o.Pairs)
	}
	return text
}

// some names a few nodes.
func some(nodes []int, labels []string) string {
	const most = 8
	var names []string
	for i, n := range nodes {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(nodes)-most))
			break
		}
		names = append(names, labels[n])
	}
	return strings.Join(names, ", ")
}
