package report

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
)

// logScale is a logarithmic axis of values above zero.
type logScale struct{}

// Normalize implements plot.Normalizer.
func (logScale) Normalize(least, most, v float64) float64 {
	return math.Log(max(v/least, 1e-9)) / math.Log(most/least)
}

// logTicks label 1, 2 and 5 of each power of ten, more where there is room, and
// less where there is not.
type logTicks struct{ fewer bool }

// Ticks implements plot.Ticker.
func (l logTicks) Ticks(least, most float64) (ticks []plot.Tick) {
	labeled := []float64{1, 2, 5}
	span := most / least
	if l.fewer {
		span *= span
	}
	switch {
	case span < 20:
		labeled = []float64{1, 2, 3, 5, 7}
	case span > 1e4:
		labeled = []float64{1}
	}
	for e := math.Floor(math.Log10(least)); e <= math.Log10(most); e++ {
		for digit := 1.0; digit < 10; digit++ {
			t := plot.Tick{Value: digit * math.Pow(10, e)}
			if t.Value < least || t.Value > most {
				continue
			}
			if slices.Contains(labeled, digit) {
				t.Label = strconv.FormatFloat(t.Value, 'g', 4, 64)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// wide is from which ratio of largest to least an axis is logarithmic.
const wide = 4

// fit gives the axis a range with values from least to most, which are above
// zero: logarithmic if they lie far apart, and with some room on both sides.
func fit(a *plot.Axis, least, most float64) {
	if most/least < wide {
		room := (most - least) * 0.08
		if most == least {
			room = most * 0.1
		}
		a.Min, a.Max = least-room, most+room
		return
	}
	room := math.Pow(most/least, 0.04)
	a.Min, a.Max, a.Scale, a.Tick.Marker = least/room, most*room, logScale{}, logTicks{}
}

// lossScale is an axis of loss ratios: logarithmic from its floor upwards, with
// no loss at all a step below.
type lossScale struct{ floor float64 }

// step is how much of the axis lies between no loss and the floor.
const step = 0.12

// newLossScale makes a scale for loss ratios; least is the lowest one above zero.
func newLossScale(least float64) lossScale {
	return lossScale{math.Pow(10, math.Floor(math.Log10(min(max(least, 1e-12), 0.01))))}
}

// Normalize implements plot.Normalizer.
func (s lossScale) Normalize(_, most, v float64) float64 {
	if v <= 0 {
		return 0
	}
	return step + (1-step)*logScale{}.Normalize(s.floor, most, v)
}

// Ticks implements plot.Ticker.
func (s lossScale) Ticks(_, most float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 0, Label: "0 %"}}
	for v := s.floor; v <= most*1.001; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v*100, 'g', 3, 64) + " %"})
	}
	return ticks
}

// nines is where a percentile stands on an axis that gives as much room to each
// nine: 90 at 1, 99 at 2, 99.9 at 3.
func nines(percent float64) float64 { return -math.Log10(1 - percent/100) }

// nineTicks label the percentiles that are reported.
type nineTicks struct{}

// Ticks implements plot.Ticker.
func (nineTicks) Ticks(float64, float64) (ticks []plot.Tick) {
	for _, percent := range []float64{0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999} {
		t := plot.Tick{Value: nines(percent)}
		if percent != 75 && percent != 95 {
			t.Label = strconv.FormatFloat(percent, 'g', -1, 64)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// sizeTicks label sizes of frames and mixes of them, those that would run into
// another without a label.
type sizeTicks struct {
	list  []plot.Tick
	fewer bool
}

// Ticks implements plot.Ticker.
func (s sizeTicks) Ticks(least, most float64) []plot.Tick {
	ticks := slices.Clone(s.list)
	last, apart := math.Inf(-1), 0.045
	if s.fewer {
		apart *= 2
	}
	for i, t := range ticks {
		if at := (logScale{}).Normalize(least, most, t.Value); at-last > apart {
			last = at
		} else {
			ticks[i].Label = ""
		}
	}
	return ticks
}
