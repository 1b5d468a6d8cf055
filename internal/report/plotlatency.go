package report

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/podnet/podnet/internal/result"
)

// distribution has round-trip times, with the frames and the load that they belong to.
type distribution struct {
	name        string
	rtt         *result.RTT
	frame, load int // which of those there are
}

// distributions are the round-trip times at the loads. A search has them at the rate that
// it found for its first goal, other methods have the last trial's. If there are too many
// to distinguish, distributions keeps those at each frame size's highest load, and counts
// the others.
func distributions(r result.Result) (list []distribution, left int) {
	var highest []distribution
	for i, f := range frames(r.Measurements) {
		for _, m := range r.Measurements {
			if m.Frame.Name != f.Name {
				continue
			}
			name := frameName(f)
			if m.Repeat > 1 {
				name += fmt.Sprintf(" (%d)", m.Repeat)
			}
			before := len(list)
			for n, l := range m.Latency {
				if l.RTT != nil {
					list = append(list, distribution{name + ", " + l.Load, l.RTT, i, n})
				}
			}
			if t, at := typical(m); m.Latency == nil && t != nil {
				list = append(list, distribution{name + at, t.RTT, i, 0})
			}
			if n := len(list); n > before && m.Repeat <= 1 {
				highest = append(highest, list[n-1])
			}
		}
	}
	if len(list) <= ramp {
		return list, 0
	}
	highest = highest[:min(len(highest), ramp)]
	return highest, len(list) - len(highest)
}

// typical is the trial whose round-trip times stand for the measurement, and at
// which rate it was.
func typical(m result.Measurement) (found *result.Trial, at string) {
	for i, t := range m.Trials {
		if t.RTT == nil || !t.Valid {
			continue
		}
		if len(m.Goals) > 0 {
			if g := m.Goals[0]; g.Lower == nil || t.OfferedMpps() > g.Lower.Mpps*1.0001 || found != nil && t.OfferedMpps() < found.OfferedMpps() {
				continue
			}
			at = " at " + m.Goals[0].Name
		}
		found = &m.Trials[i]
	}
	return found, at
}

// loadDashes tell loads apart where colors tell frame sizes.
var loadDashes = [][]vg.Length{nil, {6, 3}, {2, 2}, {8, 3, 2, 3}}

// far is how many times shorter than the path's a ring's times may be. Shorter ones are
// not drawn, or they would take more of the axis than the path's.
const far = 30

// plotLatency draws the percentiles of the round-trip times.
func plotLatency(id string, r result.Result) drawing {
	d := drawing{ID: id, Title: "Latency percentiles"}
	c := newChart("percentile of the packets, %", "round-trip time, µs")
	list, left := distributions(r)
	sizes := len(frames(r.Measurements))
	var times extent
	for i, one := range list {
		nth, n, dashes := one.frame, sizes, loadDashes[one.load%len(loadDashes)]
		if sizes == 1 {
			nth, n, dashes = i, len(list), nil
		}
		s := c.percentiles(one, &times)
		s.glyph = shaped(nth, ordered(nth, n))
		s.glyph.Radius = 3
		s.line = draw.LineStyle{Color: s.glyph.Color, Width: 1.8, Dashes: dashes}
	}
	if times == (extent{}) {
		d.Absent = "No round-trip times were measured."
		return d
	}
	caption := "The time that so many percent of the packets did not exceed, from the packets' own timestamps."
	ring := distribution{name: "ring in memory"}
	if r.Calibration != nil {
		ring.rtt = &r.Calibration.TimestampError
	}
	switch p50, ok := ring.rtt.At(50); {
	case ring.rtt == nil:
	case ok && p50 > 0 && p50*far < times.least:
		caption += fmt.Sprintf(" A ring in memory in place of the path takes %.3g µs, far below.", p50)
	default:
		s := c.percentiles(ring, &times)
		s.line = draw.LineStyle{Color: ink("muted"), Width: 1.4, Dashes: dotted}
		caption += " The dotted line is a ring in memory in place of the path, before the run."
	}
	fit(&c.Y, times.least, times.most)
	c.X.Min, c.X.Max, c.X.Tick.Marker = 0, nines(99.999), nineTicks{}
	if left > 0 {
		caption += fmt.Sprintf(" %d more are in the document.", left)
	}
	d.draw(c, caption)
	return d
}

// percentiles adds a distribution, from its least time on.
func (c *chart) percentiles(one distribution, times *extent) *series {
	s := &series{svg: c.svg}
	add := func(percent, us float64) {
		if percent < 0 || percent >= 100 || !drawable(us) {
			return
		}
		times.add(us)
		s.points = append(s.points, point{nines(percent), us, fmt.Sprintf("%s: %g %% within %.4g µs", one.name, percent, us)})
	}
	add(0, one.rtt.MinUs)
	for _, p := range one.rtt.Known() {
		add(p.Percent, p.Us)
	}
	if len(s.points) > 0 {
		c.Add(s)
		c.name(one.name, s)
	}
	return s
}
