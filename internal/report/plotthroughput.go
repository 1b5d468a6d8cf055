package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/podnet/podnet/internal/result"
)

// speeds are the Ethernet speeds whose frame rates are drawn, in Gbit/s.
var speeds = []float64{10, 25, 40, 100, 200, 400}

// lineDashes tell their lines apart.
var lineDashes = [][]vg.Length{{12, 3}, {5, 4}, {10, 3, 2, 3}}

// plotThroughput draws the rates that were found against the frame size, beside the limits
// of the line and the generator, as RFC 2544 requires (section 26.1).
func plotThroughput(id string, r result.Result) drawing {
	d := drawing{ID: id, Title: "Throughput against frame size"}
	c := newChart("frame size, bytes", "Mpps")
	var bytes, rates, bits extent
	var sizes sizeTicks
	lines := map[string]*series{}
	var names []string // of the lines, in their order
	var mixed, repeated bool
	for _, f := range frames(r.Measurements) {
		list := found(r.Measurements, f)
		if len(list) == 0 {
			continue
		}
		bytes.add(f.Bytes)
		sizes.list = append(sizes.list, plot.Tick{Value: f.Bytes, Label: sizeLabel(f)})
		for _, one := range list {
			s := lines[one.name]
			if s == nil {
				s = &series{svg: c.svg, glyph: shaped(len(names), goalInk(len(names)))}
				s.line = draw.LineStyle{Color: s.glyph.Color, Width: 1.8}
				lines[one.name], names = s, append(names, one.name)
			}
			slices.SortFunc(one.points, func(a, b point) int { return cmp.Compare(a.y, b.y) })
			mixed, repeated = mixed || f.Mix != nil, repeated || len(one.points) > 1
			middle := len(one.points) / 2
			if f.Mix == nil {
				s.points = append(s.points, one.points[middle])
				one.points = slices.Delete(one.points, middle, middle+1)
			}
			s.lone = append(s.lone, one.points...)
		}
	}
	switch {
	case len(names) == 0:
		d.Absent = "No rate was found, so there is none to plot: the tables say what was measured."
		return d
	case len(sizes.list) == 1 && names[0] == received:
		d.Absent = "One frame size was measured, and no rate was searched for: the tables say it all."
		return d
	}
	for _, s := range lines {
		for _, q := range slices.Concat(s.points, s.lone) {
			rates.add(q.y)
			bits.add(gbpsL1(q.x, q.y))
		}
	}
	ceiling := r.Calibration != nil && drawable(r.Calibration.Ceiling.Mpps)
	// A ceiling far away would flatten what was measured.
	above := ceiling && r.Calibration.Ceiling.Mpps > wide*rates.most
	if ceiling && !above {
		rates.add(r.Calibration.Ceiling.Mpps)
	}
	fit(&c.Y, rates.least, rates.most)
	room := max(1.05, math.Pow(bytes.most/bytes.least, 0.04))
	c.X.Min, c.X.Max, c.X.Scale, c.X.Tick.Marker = bytes.least/room, bytes.most*room, logScale{}, sizes
	for _, name := range names {
		c.Add(lines[name])
		c.name(name, lines[name])
	}
	if ceiling && !above {
		most := r.Calibration.Ceiling.Mpps
		c.reference("generator's ceiling", dotted, point{x: c.X.Min, y: most}, point{x: c.X.Max, y: most})
	}
	c.ethernet(bits)
	caption := "The highest rate that met each goal, beside what Ethernet and the generator can carry."
	if names[0] == received {
		caption = "The rate that came back, beside what Ethernet and the generator can carry."
	}
	if above {
		caption += fmt.Sprintf(" The generator alone does %.4g Mpps, far above.", r.Calibration.Ceiling.Mpps)
	}
	if mixed {
		caption += " A mix of sizes stands at its mean, off the line."
	}
	if repeated {
		caption += " The line goes through the middle one of the repetitions."
	}
	d.draw(c, caption)
	return d
}

// ethernet draws the frame rates of Ethernet at the speeds within the measured range, and
// at the next speed above.
func (c *chart) ethernet(measured extent) {
	for i, speed := range speeds {
		if speed < measured.least || i > 0 && speeds[i-1] >= measured.most {
			continue
		}
		const steps = 64
		var line []point
		for step := range steps + 1 {
			bytes := c.X.Min * math.Pow(c.X.Max/c.X.Min, float64(step)/steps)
			line = append(line, point{x: bytes, y: speed / gbpsL1(bytes, 1)})
		}
		c.reference(fmt.Sprintf("%g Gbit/s Ethernet", speed), lineDashes[i%len(lineDashes)], line...)
	}
}

// gbpsL1 is what so many Mpps are in Gbit/s on the wire.
func gbpsL1(bytes, mpps float64) float64 { return result.NewRate(mpps*1e6, bytes).GbpsL1 }

func sizeLabel(f result.Frame) string {
	switch {
	case f.Mix == nil:
		return fmt.Sprintf("%.4g", f.Bytes)
	case f.Name == "imix":
		return f.Name
	}
	return "mix"
}

// rates are the rates that repetitions found for a goal.
type rates struct {
	name   string
	points []point
}

// received names the rate that came back, if there was no goal.
const received = "received"

// found has the rates for frames of a size, goal by goal. A single trial has the rate that
// came back. It leaves out measurements that are not valid: their rates are not the
// path's.
func found(list []result.Measurement, f result.Frame) (all []rates) {
	for _, m := range list {
		if m.Frame.Name != f.Name || !m.Valid || !m.Complete {
			continue
		}
		goals := m.Goals
		if n := len(m.Trials); goals == nil && m.Latency == nil && m.Steps == nil && m.Burst == nil && n > 0 {
			goals = []result.Goal{{GoalSettings: result.GoalSettings{Name: received}, Lower: &m.Trials[n-1].Received.Rate}}
		}
		for _, g := range goals {
			if g.Lower == nil || !drawable(g.Lower.Mpps, f.Bytes) {
				continue
			}
			says := fmt.Sprintf("%s, %s: %.5g Mpps, %.4g Gbit/s at L1", frameName(f), g.Name, g.Lower.Mpps, g.Lower.GbpsL1)
			if n := note(g); n != "" {
				says += ", " + n
			}
			i := slices.IndexFunc(all, func(r rates) bool { return r.name == g.Name })
			if i < 0 {
				i, all = len(all), append(all, rates{name: g.Name})
			}
			all[i].points = append(all[i].points, point{f.Bytes, g.Lower.Mpps, says})
		}
	}
	return all
}
