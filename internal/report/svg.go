package report

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// ink is a color by its name in the page's style sheet, so that a plot is
// readable on light and on dark ground.
type ink string

// RGBA implements color.Color, for those who do not know the names.
func (ink) RGBA() (r, g, b, a uint32) { return 0, 0, 0, math.MaxUint16 }

// svg is a canvas of gonum/plot that writes SVG for a page to hold: its colors
// are the page's, it says what each mark is, and its numbers are rounded, so that
// the text is the same on every machine.
type svg struct {
	b      strings.Builder
	height vg.Length
	now    svgState
	stack  []svgState
}

type svgState struct {
	width vg.Length
	dash  []vg.Length
	color color.Color
	m     matrix
}

// matrix turns drawn coordinates into the canvas's: x' = m0 x + m2 y + m4,
// y' = m1 x + m3 y + m5.
type matrix [6]float64

// then applies o first and m after it.
func (m matrix) then(o matrix) matrix {
	return matrix{
		m[0]*o[0] + m[2]*o[1], m[1]*o[0] + m[3]*o[1],
		m[0]*o[2] + m[2]*o[3], m[1]*o[2] + m[3]*o[3],
		m[0]*o[4] + m[2]*o[5] + m[4], m[1]*o[4] + m[3]*o[5] + m[5],
	}
}

func newSVG(height vg.Length) *svg {
	s := &svg{}
	s.begin(height)
	return s
}

// begin makes it an empty canvas of that height.
func (s *svg) begin(height vg.Length) {
	*s = svg{height: height, now: svgState{m: matrix{0: 1, 3: 1}}}
	vg.Initialize(s)
}

// described draws a group of things that have a description: browsers show it
// where the mouse points.
func (s *svg) described(text string, draw func()) {
	fmt.Fprintf(&s.b, "<g><title>%s</title>", escapeXML(text))
	draw()
	s.b.WriteString("</g>\n")
}

func escapeXML(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(plain(text))) // a strings.Builder takes everything
	return b.String()
}

// at is where a point lies in the SVG, whose y grows downwards, in the form "x,y".
func (s *svg) at(p vg.Point) string {
	q := s.now.m.then(matrix{4: p.X.Points(), 5: p.Y.Points()})
	return short(vg.Points(q[4])) + "," + short(s.height-vg.Points(q[5]))
}

// short is a length to a hundredth of a point.
func short(l vg.Length) string {
	return strconv.FormatFloat(math.Round(l.Points()*100)/100+0, 'f', -1, 64) // + 0: no minus zero
}

func (s *svg) paint() string {
	if name, ok := s.now.color.(ink); ok {
		return "var(--" + string(name) + ")"
	}
	return "currentColor"
}

// The methods of vg.Canvas.

func (s *svg) SetLineWidth(w vg.Length)               { s.now.width = w }
func (s *svg) SetLineDash(d []vg.Length, _ vg.Length) { s.now.dash = d }
func (s *svg) SetColor(c color.Color)                 { s.now.color = c }
func (s *svg) Scale(x, y float64)                     { s.now.m = s.now.m.then(matrix{0: x, 3: y}) }
func (s *svg) Translate(p vg.Point) {
	s.now.m = s.now.m.then(matrix{1, 0, 0, 1, p.X.Points(), p.Y.Points()})
}

func (s *svg) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	s.now.m = s.now.m.then(matrix{cos, sin, -sin, cos, 0, 0})
}

func (s *svg) Push() { s.stack = append(s.stack, s.now) }
func (s *svg) Pop()  { s.now, s.stack = s.stack[len(s.stack)-1], s.stack[:len(s.stack)-1] }

// DrawImage does nothing: no plot has images.
func (s *svg) DrawImage(vg.Rectangle, image.Image) {}

func (s *svg) Stroke(p vg.Path) {
	if s.now.width <= 0 {
		return
	}
	var dash string
	for i, l := range s.now.dash {
		if i > 0 {
			dash += " "
		}
		dash += short(l)
	}
	if dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, dash)
	}
	fmt.Fprintf(&s.b, "<path d=\"%s\" fill=\"none\" style=\"stroke:%s\" stroke-width=\"%s\"%s/>\n", s.path(p), s.paint(), short(s.now.width), dash)
}

func (s *svg) Fill(p vg.Path) {
	fmt.Fprintf(&s.b, "<path d=\"%s\" style=\"fill:%s\"/>\n", s.path(p), s.paint())
}

// FillString writes text that is as wide as it was measured, whatever font the
// reader's machine has.
func (s *svg) FillString(f font.Face, p vg.Point, text string) {
	at := strings.Split(s.at(p), ",")
	turn := ""
	if angle := math.Atan2(s.now.m[1], s.now.m[0]); angle != 0 {
		turn = fmt.Sprintf(` transform="rotate(%s %s %s)"`, short(vg.Length(-angle*180/math.Pi)), at[0], at[1])
	}
	fmt.Fprintf(&s.b, "<text x=\"%s\" y=\"%s\" font-size=\"%s\" textLength=\"%s\" lengthAdjust=\"spacingAndGlyphs\" style=\"fill:%s\"%s>%s</text>\n",
		at[0], at[1], short(f.Font.Size), short(f.Width(text)), s.paint(), turn, escapeXML(text))
}

func (s *svg) path(p vg.Path) string {
	var b strings.Builder
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp:
			b.WriteString("M" + s.at(part.Pos))
		case vg.LineComp:
			b.WriteString("L" + s.at(part.Pos))
		case vg.ArcComp:
			s.arc(&b, part)
		case vg.CurveComp:
			b.WriteString([...]string{"L", "Q", "C"}[min(len(part.Control), 2)])
			for _, c := range part.Control {
				b.WriteString(s.at(c) + " ")
			}
			b.WriteString(s.at(part.Pos))
		case vg.CloseComp:
			b.WriteString("Z")
		}
	}
	return b.String()
}

// arc goes along an arc in quarters, for SVG has no arc that ends where it began.
func (s *svg) arc(b *strings.Builder, a vg.PathComp) {
	const steps = 4
	sweep := 0
	if a.Angle < 0 {
		sweep = 1
	}
	for i := range steps + 1 {
		sin, cos := math.Sincos(a.Start + a.Angle*float64(i)/steps)
		end := s.at(a.Pos.Add(vg.Point{X: a.Radius * vg.Length(cos), Y: a.Radius * vg.Length(sin)}))
		if i == 0 {
			b.WriteString("L" + end)
		} else {
			fmt.Fprintf(b, "A%s,%s 0 0 %d %s", short(a.Radius), short(a.Radius), sweep, end)
		}
	}
}
