package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// nodes are the elements of a page, all of them.
func nodes(t *testing.T, page string) (list []*html.Node) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			list = append(list, n)
		}
	}
	return list
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// count is how many elements of a name lie below one with that id.
func elements(list []*html.Node, id, name string) (n int) {
	for _, e := range list {
		if attribute(e, "id") != id {
			continue
		}
		for d := range e.Descendants() {
			if d.Type == html.ElementNode && d.Data == name {
				n++
			}
		}
	}
	return n
}

func TestPagePlotsWhatThereIs(t *testing.T) {
	for name, want := range map[string][]string{
		"ndr": {"throughput", "loss", "latency"}, "latency": {"loss", "latency"}, "soak": {"loss"},
	} {
		list := nodes(t, form(t, "html", resulttest.Samples()[name]))
		for _, plot := range []string{"throughput", "loss", "latency"} {
			svgs := elements(list, "run1-"+plot+"-figure", "svg")
			if got := svgs == len(layouts); got != slices.Contains(want, plot) {
				t.Errorf("%s: %d plots of %s", name, svgs, plot)
			}
			if sentences := elements(list, "run1-"+plot+"-figure", "p"); (svgs > 0) == (sentences > 0) {
				t.Errorf("%s: neither a plot of %s nor why there is none", name, plot)
			}
		}
	}
}

func TestEveryTrialIsDrawn(t *testing.T) {
	r := resulttest.NDR()
	trials := 0
	for _, m := range r.Measurements {
		trials += len(m.Trials)
	}
	list := nodes(t, form(t, "html", r))
	if marks := elements(list, "run1-loss", "g"); marks != trials {
		t.Errorf("%d marks, want one for each of %d trials", marks, trials)
	}
	// Two goals at eight sizes, without the rate that was not found.
	if marks := elements(list, "run1-throughput", "g"); marks != 15 {
		t.Errorf("%d rates are drawn, want 15", marks)
	}
}

// The page works by itself, for everybody, and nothing in a result is markup.
func TestPageStandsAlone(t *testing.T) {
	list := nodes(t, form(t, "html", resulttest.Soak(), resulttest.NDR(), resulttest.NDR()))
	ids := map[string]bool{}
	for _, n := range list {
		if id := attribute(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("two elements have the id %s", id)
			}
			ids[id] = true
		}
	}
	for _, n := range list {
		if slices.Contains([]string{"script", "img", "iframe", "object", "embed", "base", "form"}, n.Data) {
			t.Errorf("there is an element %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			case (a.Key == "src" || a.Key == "href") && a.Val != "data:,":
				t.Errorf("%s refers to %q", n.Data, a.Val)
			}
		}
		if n.Data == "style" && n.FirstChild != nil && (strings.Contains(n.FirstChild.Data, "url(") || strings.Contains(n.FirstChild.Data, "@import")) {
			t.Error("the style loads something")
		}
		if n.Data != "svg" {
			continue
		}
		for id := range strings.FieldsSeq(attribute(n, "aria-labelledby")) {
			if !ids[id] {
				t.Errorf("no element has the id %s, by which a plot is labeled", id)
			}
		}
		if attribute(n, "role") != "img" || attribute(n, "aria-labelledby") == "" {
			t.Error("a plot has no label")
		}
	}
}

// A document may have any numbers.
func TestPageOfOddResults(t *testing.T) {
	odd := []float64{0, -1, 1e-300, 1e300, math.Inf(1), math.NaN(), math.MaxFloat64}
	results := []result.Result{{}, {Measurements: []result.Measurement{{}}}}
	for _, v := range odd {
		for _, w := range odd {
			rate := result.Rate{Mpps: v, GbpsL1: w, GbpsL2: v}
			rtt := result.RTT{Packets: 1 << 40, MinUs: w, MaxUs: v, Percentiles: []result.Percentile{
				{Percent: v, Us: w}, {Percent: 50, Us: v}, {Percent: 100, Us: 1}, {Percent: 99, Us: w},
			}}
			r := result.Result{Settings: result.Settings{Goals: []result.GoalSettings{{LossRatio: v}, {LossRatio: w}}}, Calibration: &result.Calibration{Ceiling: rate, TimestampError: rtt}}
			for i, bytes := range []float64{v, w, 64} {
				r.Measurements = append(r.Measurements, result.Measurement{
					Frame: result.Frame{Bytes: bytes, Name: strings.Repeat("ä", i)},
					Goals: []result.Goal{{Lower: &rate}, {Lower: &rate}, {}},
					Trials: []result.Trial{
						{Requested: result.Target{Mpps: &v}, LossRatio: w, Valid: true, RTT: &rtt},
						{Offered: 1 << 63, Seconds: v, LossRatio: v, RTT: &rtt, Valid: true},
						{},
					},
				})
			}
			results = append(results, r)
		}
	}
	for _, n := range nodes(t, form(t, "html", results...)) {
		for _, a := range n.Attr {
			if n.Namespace == "svg" && (strings.Contains(a.Val, "NaN") || strings.Contains(a.Val, "Inf")) {
				t.Fatalf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}
