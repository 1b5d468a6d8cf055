package result

import (
	"fmt"
	"math"
	"slices"
)

// Spread is how figures that were measured several times differ.
type Spread struct {
	Frame string  `json:"frame"` // name of the frames
	Name  string  `json:"name"`  // of the figure, as NDR or loss
	Unit  string  `json:"unit"`  // of the figure: Mpps, us, % or frames
	Count int     `json:"count"` // how often it was measured
	Mean  float64 `json:"mean"`  // of the figures
	SD    float64 `json:"sd"`    // standard deviation, of a sample; 0 of one figure
	Least float64 `json:"min"`   // smallest of the figures
	Most  float64 `json:"max"`   // largest of the figures
	Lower float64 `json:"lower"` // end of the 95 % confidence interval of the mean, by Student's distribution; the mean itself of one figure
	Upper float64 `json:"upper"` // its other end
}

// NewSpread describes figures. There has to be at least one.
func NewSpread(values []float64) Spread {
	s := Spread{Count: len(values), Least: slices.Min(values), Most: slices.Max(values)}
	for _, v := range values {
		s.Mean += v / float64(len(values))
	}
	for _, v := range values {
		s.SD += (v - s.Mean) * (v - s.Mean)
	}
	s.Lower, s.Upper = s.Mean, s.Mean
	if s.Count < 2 {
		s.SD = 0
		return s
	}
	s.SD = math.Sqrt(s.SD / float64(s.Count-1))
	half := student(s.Count-1) * s.SD / math.Sqrt(float64(s.Count))
	s.Lower, s.Upper = s.Mean-half, s.Mean+half
	return s
}

// students are the 97.5 % quantiles of Student's distribution with 1, 2, ... degrees of
// freedom.
var students = []float64{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281}

// student is the 97.5 % quantile with so many degrees of freedom: of many by the first
// terms of its expansion around the normal distribution's.
func student(freedom int) float64 {
	if freedom <= len(students) {
		return students[freedom-1]
	}
	const z = 1.959964
	n := float64(freedom)
	return z + (z*z*z+z)/(4*n) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*n*n) +
		(3*math.Pow(z, 7)+19*math.Pow(z, 5)+17*z*z*z-15*z)/(384*n*n*n)
}

// Repeats are the spreads of the figures of frame sizes that were measured several
// times, of the measurements that are complete and valid, in the order of the first.
func (r Result) Repeats() (list []Spread) {
	type key struct{ frame, name, unit string }
	var keys []key
	values := map[key][]float64{}
	add := func(m Measurement, name, unit string, v float64) {
		k := key{m.Frame.Name, name, unit}
		if values[k] == nil {
			keys = append(keys, k)
		}
		values[k] = append(values[k], v)
	}
	for _, m := range r.Measurements {
		if m.Complete && m.Valid {
			m.each(func(name, unit string, v float64) { add(m, name, unit, v) })
		}
	}
	for _, k := range keys {
		if len(values[k]) < 2 {
			continue
		}
		s := NewSpread(values[k])
		s.Frame, s.Name, s.Unit = k.frame, k.name, k.unit
		list = append(list, s)
	}
	return list
}

// each gives the figures of a measurement that its repetitions can be compared by.
func (m Measurement) each(f func(name, unit string, v float64)) {
	for _, g := range m.Goals {
		if g.Lower != nil {
			f(g.Name, "Mpps", g.Lower.Mpps)
		}
	}
	for _, l := range m.Latency {
		if p50, ok := l.RTT.At(50); ok {
			f("median round trip at "+l.Load, "us", p50)
		}
	}
	for _, s := range m.Steps {
		f(fmt.Sprintf("loss at %.4g %%", 100*s.Fraction), "%", 100*s.LossRatio)
	}
	if m.Burst != nil {
		f("burst", "frames", m.Burst.Frames)
	}
	if t := m.Measured(); t != nil && m.Latency == nil && m.Steps == nil && m.Burst == nil {
		f("received", "Mpps", t.Received.Mpps)
		f("loss", "%", 100*t.LossRatio)
		if p50, ok := t.RTT.At(50); ok {
			f("median round trip", "us", p50)
		}
	}
}
