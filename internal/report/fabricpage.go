package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"html/template"
	"image/color"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/result"
)

// The page of a fabric. Its policy allows one script, by its hash. The pictures and tables
// need no script.
var (
	//go:embed fabric.html
	fabricHTML string
	//go:embed fabric.css
	fabricCSS string
	//go:embed fabric.js
	fabricJS string

	fabricPage = template.Must(template.Must(page.Clone()).New("fabric").Parse(fabricHTML))
)

// fabricSection is a fabric in the page.
type fabricSection struct {
	ID, Title, Verdict, State string
	Fabric                    result.Fabric
	Head                      []string
	Facts                     []fact
	Rails                     []railSection
	Grids                     []grid
	Details                   []grid
	Settings                  []fact
	Data                      fabricData
}

// railSection is the heat map of two rails.
type railSection struct {
	ID, Name, Line string
	Light          template.URL
	Dark           template.Srcset
	Nodes          int
	Matrix         *grid // of few nodes
	Absent         bool  // there is no map
}

// fabricData is the data that the script shows. Figures are little-endian 32-bit floats in
// base64, by sender and receiver; NaN: there is none.
type fabricData struct {
	Labels []string   `json:"labels"`
	Rails  []railData `json:"rails"`
	Light  []string   `json:"light"` // colors, from good to bad
	Dark   []string   `json:"dark"`
	// Missing are the colors of a pair without figures, on light and dark ground.
	Missing [2]string `json:"missing"`
}

type railData struct {
	Name   string            `json:"name"`
	Median float64           `json:"median"` // Mpps; 0: no pair is valid
	Trip   float64           `json:"trip"`   // median of the median round trips, in microseconds
	Mpps   string            `json:"mpps"`
	Loss   string            `json:"loss,omitempty"`
	P50    string            `json:"p50,omitempty"`
	P99    string            `json:"p99,omitempty"`
	Notes  map[string]string `json:"notes,omitempty"` // why a pair has no valid figures, by sender * nodes + receiver
	More   int               `json:"more,omitempty"`  // pairs whose reasons have no room
}

// Bounds of a page that a browser loads: reasons, and cells of maps, such as 8 rails of
// 1000 nodes have.
var (
	maxNotes = 2000
	maxCells = 8_000_000
)

// mapsOf is how many rails of so many nodes have a map.
func mapsOf(nodes int) int { return maxCells / max(1, nodes*nodes) }

func writeFabricHTML(w io.Writer, list []result.Fabric) error {
	sum := sha256.Sum256([]byte(fabricJS))
	data := struct {
		Title    string
		CSS      template.CSS
		JS       template.JS
		Hash     string
		Sections []fabricSection
	}{
		Title: "Fabric results", CSS: template.CSS(pageCSS + fabricCSS), JS: template.JS(fabricJS),
		Hash: base64.StdEncoding.EncodeToString(sum[:]),
	}
	for i, f := range list {
		data.Sections = append(data.Sections, fabricSectionOf("run"+strconv.Itoa(i+1), f))
	}
	if len(list) == 1 {
		data.Title = fabricTitle(list[0])
	}
	return fabricPage.Execute(w, data)
}

func fabricSectionOf(id string, f result.Fabric) fabricSection {
	v := newFabricView(f)
	s := fabricSection{
		ID: id, Title: fabricTitle(f), Verdict: f.Verdict(), State: "good", Fabric: f, Head: fabricHead(f, worstListed)[1:],
		Settings: fabricSettingsList(f), Data: v.data(),
		Facts: []fact{{"started", moment(f.Started)}},
	}
	switch {
	case !f.Complete || !f.Valid:
		s.State = "open"
	case len(f.Failed) > 0:
		s.State = "bad"
	}
	if f.Ended != nil {
		s.Facts = append(s.Facts, fact{"took", f.Ended.Sub(f.Started).Round(time.Second).String()})
	}
	c := f.Count()
	s.Facts = append(s.Facts, fact{"nodes", strconv.Itoa(len(f.Nodes))}, fact{"pairs", strconv.Itoa(c.Planned)},
		fact{"rounds", fmt.Sprintf("%d of %d, and %d more", f.Rounds.Done, f.Rounds.Planned, f.Rounds.Makeup)})
	for i, r := range v.rails {
		of := railSection{ID: fmt.Sprintf("%s-rail%d", id, i), Name: r.String(), Line: strings.TrimPrefix(v.railLine(r), r.String()+": "), Nodes: len(f.Nodes)}
		if of.Absent = i >= mapsOf(len(f.Nodes)); of.Absent {
			s.Rails = append(s.Rails, of)
			continue
		}
		if len(f.Nodes) <= matrixNodes {
			of.Matrix = v.matrixGrid(r)
		} else {
			of.Light, of.Dark = v.heatMap(r)
		}
		s.Rails = append(s.Rails, of)
	}
	s.Grids = tables(v.worstGrid(), v.slowestGrid())
	s.Details = tables(v.nodeGrid())
	return s
}

// tables leaves out those without rows.
func tables(list ...grid) (some []grid) {
	for _, g := range list {
		if len(g.Rows) > 0 {
			some = append(some, g.tidy())
		}
	}
	return some
}

func (v fabricView) matrixGrid(r result.RailPair) *grid {
	unit := v.unit(r)
	g := grid{Caption: unit.name + " on " + r.String() + ", from the row's node to the column's", Text: 1, Head: []string{"from"}}
	for _, label := range v.labels {
		g.Head = append(g.Head, plain(label))
	}
	cells := map[[2]int]string{}
	for _, p := range v.pairs[r] {
		cells[[2]int{p.From, p.To}] = unit.pair(p)
	}
	for from, label := range v.labels {
		row := []string{label}
		for to := range v.labels {
			row = append(row, cells[[2]int{from, to}])
		}
		g.add(row...)
	}
	return &g
}

func (v fabricView) worstGrid() grid {
	g := grid{Caption: "Slowest pairs", Text: 3, Head: []string{"from", "to", "rails", "of the median", "rate", "lost", "50 % µs", "99 % µs", "remarks"}}
	for _, p := range v.worst(worstListed) {
		part := ""
		if f, ok := v.fraction(p); ok {
			part = wholePercent(f)
		}
		mpps, _ := p.Mpps()
		remark := ""
		if !p.Valid {
			remark = "not valid: " + p.Reason
		}
		g.add(v.labels[p.From], v.labels[p.To], p.Rails().String(), part, result.RateText(mpps), lossText(p), trip(p, 50), trip(p, 99), remark)
	}
	return g
}

func (v fabricView) slowestGrid() grid {
	return v.nodesGrid("Slowest nodes", slowest(v.nodes(), worstListed))
}

func (v fabricView) nodeGrid() grid { return v.nodesGrid("All nodes", v.nodes()) }

func (v fabricView) nodesGrid(caption string, list []nodeFigures) grid {
	g := grid{Caption: caption, Text: 3, Head: []string{"node", "role", "rail", "of the median", "median", "least", "loss up to", "median round trip µs", "measured", "missing", "remarks"}}
	for _, n := range list {
		part, trip, remark := "", "", ""
		mpps, least, loss := "", "", ""
		if n.compared {
			part = wholePercent(n.fraction)
		}
		if n.timed {
			trip = tenths(n.p50)
		}
		if n.measured > 0 {
			mpps, least, loss = result.RateText(n.mpps), result.RateText(n.least), lossPercent(n.loss)
		}
		if m := v.Nodes[n.node].Missing; m != nil {
			remark = string(m.Code)
		}
		g.add(v.labels[n.node], n.role(), strconv.Itoa(n.rail), part, mpps, least, loss, trip, strconv.Itoa(n.measured), strconv.Itoa(n.missing), remark)
	}
	return g
}

// fabricSettingsList describes the settings in words.
func fabricSettingsList(f result.Fabric) []fact {
	s := f.Settings
	list := []fact{
		{"mode", s.Mode},
		{"rails", fmt.Sprintf("%d per node, %s", s.RailCount, s.Rails)},
		{"load", s.Rate},
		{"searched for", yes(s.NDR)},
		{"frames", s.Frame.String()},
		{"trial", seconds(s.TrialSeconds)},
		{"warm-up", seconds(s.WarmupSeconds)},
	}
	for _, t := range s.Thresholds() {
		list = append(list, fact{"threshold", t})
	}
	return filled(append(list, fact{"testpmd-wrapper", s.Version}))
}

// data is the data that the script shows.
func (v fabricView) data() fabricData {
	d := fabricData{Labels: []string{}, Rails: []railData{}, Missing: [2]string{hexColor(missingLight), hexColor(missingDark)}}
	for _, label := range v.labels {
		d.Labels = append(d.Labels, plain(label))
	}
	for i := range heatLight {
		d.Light, d.Dark = append(d.Light, hexColor(heatLight[i])), append(d.Dark, hexColor(heatDark[i]))
	}
	for _, r := range v.rails[:min(len(v.rails), mapsOf(len(v.labels)))] {
		d.Rails = append(d.Rails, v.railData(r))
	}
	return d
}

func hexColor(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func (v fabricView) railData(r result.RailPair) railData {
	s := v.figuresOf(r)
	d := railData{Name: r.String(), Median: finite(v.medians[r]), Notes: map[string]string{}}
	if s.timed {
		d.Trip = finite(s.p50)
	}
	pairs := v.pairs[r]
	d.Mpps = v.floats(pairs, (*result.FabricPair).Mpps)
	d.Loss = v.floats(pairs, (*result.FabricPair).Loss)
	if s.timed {
		d.P50 = v.floats(pairs, func(p *result.FabricPair) (float64, bool) { return p.RTTUs(50) })
		d.P99 = v.floats(pairs, func(p *result.FabricPair) (float64, bool) { return p.RTTUs(99) })
	}
	for _, p := range pairs {
		if p.Valid && p.Measured() {
			continue
		}
		if len(d.Notes) == maxNotes {
			d.More++
			continue
		}
		note := "not valid: " + p.Reason
		if p.Missing != nil {
			note = string(p.Missing.Code) + ": " + p.Missing.Text
		}
		d.Notes[strconv.Itoa(p.From*len(v.Nodes)+p.To)] = plain(string(cut(note, 300)))
	}
	return d
}

func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

func (v fabricView) floats(pairs []*result.FabricPair, figure func(*result.FabricPair) (float64, bool)) string {
	n := len(v.Nodes)
	values := make([]float32, n*n)
	for i := range values {
		values[i] = float32(math.NaN())
	}
	for _, p := range pairs {
		if f, ok := figure(p); ok {
			values[p.From*n+p.To] = float32(f)
		}
	}
	b := make([]byte, 0, 4*len(values))
	for _, f := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}
