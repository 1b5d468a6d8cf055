package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// layout is how large a plot is, in points, which are the page's pixels, and where its
// legend stands: beside the plot, or where the page is narrow below it.
type layout struct {
	class         string
	width, height vg.Length // without the legend below
	below         bool
}

// layouts are the layouts of each plot; the style sheet shows one of them.
var layouts = []layout{{class: "wide", width: 960, height: 440}, {class: "narrow", width: 400, height: 330, below: true}}

// chart is a plot with its legend beside it, and what its y axis is over it.
type chart struct {
	*plot.Plot
	over   string
	svg    *svg
	legend plot.Legend
}

func newChart(x, y string) *chart {
	c := &chart{Plot: plot.New(), over: y, svg: newSVG(0), legend: plot.NewLegend()}
	c.BackgroundColor = nil
	c.legend.Top, c.legend.Left, c.legend.Padding, c.legend.ThumbnailWidth = true, true, 7, 30
	setFont(&c.legend.TextStyle, 12, "ink")
	c.X.Label.Text = x
	for _, a := range []*plot.Axis{&c.X, &c.Y} {
		setFont(&a.Label.TextStyle, 13, "ink")
		setFont(&a.Tick.Label, 12, "muted")
		a.Label.Padding, a.Padding = 8, 0
		a.Color, a.Tick.Color = ink("axis"), ink("axis")
		a.Width, a.Tick.Width = 1, 1
		a.Tick.Length = 6
	}
	grid := draw.LineStyle{Color: ink("grid"), Width: 1}
	c.Add(&plotter.Grid{Vertical: grid, Horizontal: grid})
	return c
}

func setFont(s *text.Style, size vg.Length, color ink) {
	s.Font = font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
	s.Color = color
}

// render draws all as an SVG element per layout. The id tells it from others in the
// page.
func (c *chart) render(id, title, description string) template.HTML {
	var b strings.Builder
	for i, l := range layouts {
		if i > 0 {
			id += "-" + l.class
			b.WriteByte('\n')
		}
		height := c.layOut(l)
		fmt.Fprintf(&b,
			"<svg class=\"%s\" id=\"%s\" viewBox=\"0 0 %s %s\" role=\"img\" aria-labelledby=\"%[2]s-title %[2]s-desc\">\n"+
				"<title id=\"%[2]s-title\">%[5]s</title>\n<desc id=\"%[2]s-desc\">%[6]s</desc>\n%[7]s</svg>",
			l.class, id, short(l.width), short(height), escapeXML(title), escapeXML(description), c.svg.b.String())
	}
	return template.HTML(b.String())
}

// layOut draws all, and tells how high it is.
func (c *chart) layOut(l layout) (height vg.Length) {
	const margin = 24
	c.svg.begin(l.height)
	legend := c.legend.Rectangle(draw.NewCanvas(c.svg, l.width, l.height)).Size()
	height = l.height
	if l.below {
		height += legend.Y + margin
	}
	c.svg.begin(height)
	whole := draw.Crop(draw.NewCanvas(c.svg, l.width, height), 1, -8, 4, -4)
	style := c.X.Label.TextStyle
	style.XAlign, style.YAlign = text.XLeft, text.YTop
	whole.FillText(style, vg.Point{X: whole.Min.X, Y: whole.Max.Y}, c.over)
	whole = draw.Crop(whole, 0, 0, 0, -26)
	c.sparse(l.below)
	if l.below {
		c.Draw(draw.Crop(whole, 0, 0, legend.Y+margin, 0))
		c.legend.Draw(draw.Crop(whole, 0, 0, 0, -(whole.Size().Y - legend.Y)))
		return height
	}
	c.Draw(draw.Crop(whole, 0, -(legend.X + margin), 0, 0))
	c.legend.Draw(draw.Crop(whole, whole.Size().X-legend.X-4, 0, 0, 0))
	return height
}

// sparse makes the horizontal axis have fewer labels, or as many as there is room for
// beside the legend.
func (c *chart) sparse(fewer bool) {
	switch m := c.X.Tick.Marker.(type) {
	case logTicks:
		m.fewer = fewer
		c.X.Tick.Marker = m
	case sizeTicks:
		m.fewer = fewer
		c.X.Tick.Marker = m
	}
}

// name adds an entry to the legend.
func (c *chart) name(text string, s *series) {
	const most = 26
	text = plain(text)
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most-1]) + "…"
	}
	c.legend.Add(text, s)
}

// point is a place in a plot, with the text that it shows under the mouse.
type point struct {
	x, y float64
	says string
}

// series is points of one kind, joined by a line if it has a width.
type series struct {
	svg    *svg
	line   draw.LineStyle
	glyph  draw.GlyphStyle
	points []point
	lone   []point // not on the line
}

// Plot implements plot.Plotter.
func (s *series) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	at := func(q point) vg.Point { return vg.Point{X: x(q.x), Y: y(q.y)} }
	if s.line.Width > 0 {
		line := make([]vg.Point, len(s.points))
		for i, q := range s.points {
			line[i] = at(q)
		}
		c.StrokeLines(s.line, c.ClipLinesXY(line)...)
	}
	if s.glyph.Shape == nil {
		return
	}
	for _, list := range [][]point{s.points, s.lone} {
		for _, q := range list {
			s.svg.described(q.says, func() { c.DrawGlyphNoClip(s.glyph, at(q)) })
		}
	}
}

// Thumbnail implements plot.Thumbnailer.
func (s *series) Thumbnail(c *draw.Canvas) {
	middle := c.Center()
	if s.line.Width > 0 {
		c.StrokeLine2(s.line, middle.X-12, middle.Y, middle.X+12, middle.Y)
	}
	c.DrawGlyphNoClip(s.glyph, middle)
}

// polygon is a glyph: a filled regular polygon, its first corner at that angle.
type polygon struct {
	corners int
	first   float64
}

// DrawGlyph implements draw.GlyphDrawer.
func (g polygon) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	r := s.Radius * 1.2 // to look as large as a circle
	var p vg.Path
	for i := range g.corners {
		sin, cos := math.Sincos(g.first + 2*math.Pi*float64(i)/float64(g.corners))
		q := at.Add(vg.Point{X: r * vg.Length(cos), Y: r * vg.Length(sin)})
		if i == 0 {
			p.Move(q)
		} else {
			p.Line(q)
		}
	}
	p.Close()
	c.Fill(p)
}

// cross is a glyph of two strokes.
type cross struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (cross) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	line := draw.LineStyle{Color: s.Color, Width: 1.8}
	r := s.Radius
	c.StrokeLine2(line, at.X-r, at.Y-r, at.X+r, at.Y+r)
	c.StrokeLine2(line, at.X-r, at.Y+r, at.X+r, at.Y-r)
}

var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, polygon{4, math.Pi / 4}, polygon{3, math.Pi / 2}, polygon{4, 0}, polygon{3, -math.Pi / 2},
}

// ramp is how many colors the page has for things that have an order.
const ramp = 8

// ordered is the color of thing i of n that have an order, as frame sizes have,
// and shaped the shape that tells it apart without color.
func ordered(i, n int) ink {
	if n <= 1 {
		return "ramp1"
	}
	return ink(fmt.Sprintf("ramp%d", i*(ramp-1)/(n-1)))
}

func shaped(i int, color ink) draw.GlyphStyle {
	return draw.GlyphStyle{Color: color, Radius: 4, Shape: shapes[i%len(shapes)]}
}

// reference is a line that nothing measured is on, as a limit.
func (c *chart) reference(name string, dashes []vg.Length, points ...point) {
	s := &series{svg: c.svg, line: draw.LineStyle{Color: ink("muted"), Width: 1.4, Dashes: dashes}, points: points}
	c.Add(s)
	c.name(name, s)
}
