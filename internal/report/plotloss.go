package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg/draw"

	"github.com/podnet/podnet/internal/result"
)

// plotLoss draws the loss of every trial against the rate that it offered.
func plotLoss(id string, r result.Result) drawing {
	d := drawing{ID: id, Title: "Loss against rate"}
	c := newChart("offered rate, Mpps", "lost of offered")
	sizes := frames(r.Measurements)
	var rates, losses extent
	trials := 0
	spoiled := &series{svg: c.svg, glyph: draw.GlyphStyle{Color: ink("muted"), Radius: 4, Shape: cross{}}}
	var kinds []*series
	for i, f := range sizes {
		s := &series{svg: c.svg, glyph: shaped(i, ordered(i, len(sizes)))}
		for _, m := range r.Measurements {
			if m.Frame.Name != f.Name {
				continue
			}
			for _, t := range m.Trials {
				rate, loss := t.OfferedMpps(), min(max(t.LossRatio, 0), 1)
				if !drawable(rate) {
					continue
				}
				trials++
				rates.add(rate)
				if loss > 0 {
					losses.add(loss)
				}
				kind, says := s, fmt.Sprintf("%s, %s at %.5g Mpps: lost %d of %d (%.4g %%)", frameName(f), t.Phase, rate, t.Lost, t.Offered, 100*t.LossRatio)
				if !t.Valid {
					kind, says = spoiled, says+"; not valid: "+t.Reason
				}
				kind.points = append(kind.points, point{rate, loss, says})
			}
		}
		kinds = append(kinds, s)
	}
	if trials == 0 {
		d.Absent = "No trial has ended, so there is no loss to plot."
		return d
	}
	for _, g := range r.Settings.Goals {
		if g.LossRatio > 0 && g.LossRatio < 1 {
			losses.add(g.LossRatio)
		}
	}
	if losses == (extent{}) {
		losses.add(1e-3)
	}
	scale := newLossScale(losses.least)
	c.Y.Min, c.Y.Max, c.Y.Scale, c.Y.Tick.Marker = 0, max(math.Pow(10, math.Ceil(math.Log10(losses.most))), scale.floor*10), scale, scale
	fit(&c.X, rates.least, rates.most)

	for i, s := range kinds {
		c.Add(s)
		c.name(frameName(sizes[i]), s)
	}
	if len(spoiled.points) > 0 {
		c.Add(spoiled)
		c.name("not valid", spoiled)
	}
	c.goals(r)
	d.draw(c, fmt.Sprintf("Every mark is a trial, %d in all. The lowest line is no loss at all; above it the axis is logarithmic.", trials))
	return d
}

// goals draws what the goals allow, and of a single measurement where they ended.
func (c *chart) goals(r result.Result) {
	for _, g := range r.Settings.Goals {
		if g.LossRatio > 0 && g.LossRatio < 1 {
			c.reference(fmt.Sprintf("%s: %.4g %%", g.Name, 100*g.LossRatio), dashed, point{x: c.X.Min, y: g.LossRatio}, point{x: c.X.Max, y: g.LossRatio})
		}
	}
	if len(r.Measurements) != 1 {
		return
	}
	for i, g := range r.Measurements[0].Goals {
		if g.Lower != nil && drawable(g.Lower.Mpps) {
			line := draw.LineStyle{Color: goalInk(i), Width: 1.4, Dashes: dotted}
			s := &series{svg: c.svg, line: line, points: []point{{x: g.Lower.Mpps}, {x: g.Lower.Mpps, y: c.Y.Max}}}
			c.Add(s)
			c.name(fmt.Sprintf("%s: %.4g Mpps", g.Name, g.Lower.Mpps), s)
		}
	}
}
