package report

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

var about = cmpopts.EquateApprox(0, 1e-9)

func TestScales(t *testing.T) {
	loss := newLossScale(0.0003)
	for name, c := range map[string]struct {
		scale          plot.Normalizer
		least, most, v float64
		want           float64
	}{
		"logarithmic, least":   {logScale{}, 1, 100, 1, 0},
		"logarithmic, middle":  {logScale{}, 1, 100, 10, 0.5},
		"logarithmic, most":    {logScale{}, 1, 100, 100, 1},
		"logarithmic, below":   {logScale{}, 1, 100, 0.1, -0.5},
		"no loss":              {loss, 0, 1, 0, 0},
		"loss at the floor":    {loss, 0, 1, 0.0001, step},
		"loss in the middle":   {loss, 0, 1, 0.01, (1 + step) / 2},
		"everything is lost":   {loss, 0, 1, 1, 1},
		"loss below the floor": {newLossScale(1), 0, 1, 0.01, step},
	} {
		if got := c.scale.Normalize(c.least, c.most, c.v); !cmp.Equal(c.want, got, about) {
			t.Errorf("%s: %v stands at %v, want %v", name, c.v, got, c.want)
		}
	}
	for percent, want := range map[float64]float64{0: 0, 90: 1, 99: 2, 99.999: 5} {
		if got := nines(percent); !cmp.Equal(want, got, about) {
			t.Errorf("%v %% stands at %v, want %v", percent, got, want)
		}
	}
}

func TestTicks(t *testing.T) {
	for name, c := range map[string]struct {
		ticks       plot.Ticker
		least, most float64
		want        string
	}{
		"a decade":    {logTicks{}, 0.9, 12, "1 2 3 5 7 10"},
		"two decades": {logTicks{}, 0.9, 120, "1 2 5 10 20 50 100"},
		"many":        {logTicks{}, 1, 1e5, "1 10 100 1000 1e+04 1e+05"},
		"narrow":      {logTicks{fewer: true}, 0.9, 120, "1 10 100"},
		"loss":        {newLossScale(0.0003), 0, 0.1, "0 % 0.01 % 0.1 % 1 % 10 %"},
		"percentiles": {nineTicks{}, 0, 5, "0 50 90 99 99.9 99.99 99.999"},
		"sizes": {
			sizeTicks{list: []plot.Tick{{Value: 64, Label: "64"}, {Value: 65, Label: "65"}, {Value: 1518, Label: "1518"}}},
			60, 1600, "64 1518",
		},
	} {
		var labels []string
		for _, tick := range c.ticks.Ticks(c.least, c.most) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Shapes land where the transformations put them, with y growing downwards.
func TestCanvas(t *testing.T) {
	s := newSVG(100)
	var p vg.Path
	p.Move(vg.Point{X: 1, Y: 2})
	p.Line(vg.Point{X: 3, Y: 4})
	p.QuadTo(vg.Point{X: 5, Y: 6}, vg.Point{X: 7, Y: 8})
	p.Close()
	s.SetColor(ink("goal0"))
	s.Fill(p)
	s.Push()
	s.Translate(vg.Point{X: 10, Y: 20})
	s.Rotate(math.Pi / 2)
	s.Scale(2, 1)
	s.SetLineWidth(1.5)
	s.SetLineDash([]vg.Length{4, 2}, 0)
	s.Stroke(p[:2])
	s.Pop()
	s.Stroke(vg.Path{{Type: vg.MoveComp, Pos: vg.Point{X: 9}}, {Type: vg.ArcComp, Radius: 9, Angle: math.Pi}})
	s.described("<b>", func() {})
	want := `<path d="M1,98L3,96Q5,94 7,92Z" style="fill:var(--goal0)"/>
<path d="M8,78L6,74" fill="none" style="stroke:var(--goal0)" stroke-width="1.5" stroke-dasharray="4 2"/>
<path d="M9,100L9,100A9,9 0 0 0 6.36,93.64A9,9 0 0 0 0,91A9,9 0 0 0 -6.36,93.64A9,9 0 0 0 -9,100" fill="none" style="stroke:var(--goal0)" stroke-width="1"/>
<g><title>&lt;b&gt;</title></g>
`
	if diff := cmp.Diff(want, s.b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A percentile of too few packets is not drawn.
func TestRarePercentilesAreNotDrawn(t *testing.T) {
	r := resulttest.Latency()
	r.Calibration = nil
	r.Measurements[0].Latency = r.Measurements[0].Latency[:1]
	for packets, want := range map[uint64]int{1_000_000: 9, 1000: 6, 10: 1} {
		r.Measurements[0].Latency[0].RTT.Packets = packets
		if got := strings.Count(string(plotLatency("x", r).SVG), "<g>"); got != want*len(layouts) {
			t.Errorf("%d packets: %d points, want %d", packets, got, want)
		}
	}
}

// The page's style has every color that a plot uses.
func TestColorsAreDefined(t *testing.T) {
	var r result.Result
	for n := range 20 {
		m := resulttest.Latency().Measurements[0]
		m.Frame = resulttest.Size(64 + n)
		m.Goals = []result.Goal{{GoalSettings: result.GoalSettings{Name: strings.Repeat("x", n+1)}, Lower: &result.Rate{Mpps: 1}}}
		r.Measurements = append(r.Measurements, m)
		page := form(t, "html", r, resulttest.NDR(), resulttest.Latency())
		for _, part := range strings.Split(page, "var(--")[1:] {
			name, _, _ := strings.Cut(part, ")")
			if n := strings.Count(pageCSS, "--"+name+":"); n != 3 {
				t.Fatalf("%s is defined %d times, want for light, dark and print", name, n)
			}
		}
	}
}

// Of too many distributions those at the highest loads are drawn, and the others
// are counted.
func TestTooManyDistributions(t *testing.T) {
	var r result.Result
	for n := range 4 {
		m := resulttest.Latency().Measurements[0]
		m.Frame = resulttest.Size(64 + n)
		r.Measurements = append(r.Measurements, m)
	}
	list, left := distributions(r)
	var names []string
	for _, d := range list {
		names = append(names, d.name)
	}
	want := []string{"64 bytes, 90% of NDR", "65 bytes, 90% of NDR", "66 bytes, 90% of NDR", "67 bytes, 90% of NDR"}
	if diff := cmp.Diff(want, names); diff != "" || left != 8 {
		t.Errorf("%d are left, want 8 (-want +got):\n%s", left, diff)
	}
	r.Measurements = r.Measurements[:2]
	if list, left := distributions(r); len(list) != 6 || left != 0 {
		t.Errorf("%d are drawn and %d left, want all 6", len(list), left)
	}
}
