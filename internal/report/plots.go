package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"github.com/podnet/podnet/internal/result"
)

// drawing is a plot in the page, or why there is none.
type drawing struct {
	ID, Title, Caption string
	SVG                template.HTML
	Absent             string
}

// draw renders the chart as the drawing.
func (d *drawing) draw(c *chart, caption string) {
	d.Caption = caption
	d.SVG = c.render(d.ID, d.Title, caption)
}

// frameName names frames of a size or a mix.
func frameName(f result.Frame) string {
	if f.Mix == nil && f.Name != "" && strings.Trim(f.Name, "0123456789") == "" {
		return f.Name + " bytes"
	}
	return f.Name
}

// frames are those that were measured, from small to large.
func frames(list []result.Measurement) (found []result.Frame) {
	for _, m := range list {
		if !slices.ContainsFunc(found, func(f result.Frame) bool { return f.Name == m.Frame.Name }) {
			found = append(found, m.Frame)
		}
	}
	slices.SortStableFunc(found, func(a, b result.Frame) int { return cmp.Compare(a.Bytes, b.Bytes) })
	return found
}

// drawable tells whether a value can be on a logarithmic axis. A document may
// have been written by anybody.
func drawable(list ...float64) bool {
	for _, v := range list {
		if math.IsNaN(v) || v < 1e-12 || v > 1e12 {
			return false
		}
	}
	return true
}

// extent is the range of values.
type extent struct{ least, most float64 }

func (e *extent) add(v float64) {
	if *e == (extent{}) {
		e.least, e.most = v, v
	}
	e.least, e.most = min(e.least, v), max(e.most, v)
}

// goalInk is the color of goal i.
func goalInk(i int) ink { return ink(fmt.Sprintf("goal%d", i%4)) }

var (
	dashed = []vg.Length{6, 4}
	dotted = []vg.Length{1.5, 3}
)
