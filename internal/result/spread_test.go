package result

import (
	"math"
	"testing"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		values                 []float64
		mean, sd, lower, upper float64
	}{
		{[]float64{5}, 5, 0, 5, 5},
		{[]float64{1, 3}, 2, math.Sqrt2, 2 - 12.7062, 2 + 12.7062},
		{[]float64{1, 2, 3, 4, 5}, 3, math.Sqrt(2.5), 3 - 2.7764*math.Sqrt(0.5), 3 + 2.7764*math.Sqrt(0.5)},
	} {
		s := NewSpread(tt.values)
		for name, d := range map[string]float64{"mean": s.Mean - tt.mean, "sd": s.SD - tt.sd, "lower": s.Lower - tt.lower, "upper": s.Upper - tt.upper} {
			if math.Abs(d) > 1e-9 {
				t.Errorf("%v: %s is off by %g", tt.values, name, d)
			}
		}
		if s.Least != tt.values[0] || s.Most != tt.values[len(tt.values)-1] || s.Count != len(tt.values) {
			t.Errorf("%v: %+v", tt.values, s)
		}
	}
	// From tables: 11, 30 and 120 degrees of freedom.
	for freedom, want := range map[int]float64{11: 2.2010, 30: 2.0423, 120: 1.9799} {
		if got := student(freedom); math.Abs(got-want) > 2e-3 {
			t.Errorf("%d degrees of freedom: %g, want %g", freedom, got, want)
		}
	}
}

func TestRepeats(t *testing.T) {
	one := func(frame string, mpps float64, valid bool) Measurement {
		rate := NewRate(mpps*1e6, 64)
		return Measurement{
			Frame: Frame{Name: frame}, Complete: true, Valid: valid,
			Goals: []Goal{{GoalSettings: GoalSettings{Name: "NDR"}, Lower: &rate}, {GoalSettings: GoalSettings{Name: "PDR"}}},
		}
	}
	r := Result{Measurements: []Measurement{one("64", 4, true), one("64", 6, true), one("64", 9, false), one("128", 3, true)}}
	list := r.Repeats()
	if len(list) != 1 || list[0].Frame != "64" || list[0].Name != "NDR" || list[0].Unit != "Mpps" || list[0].Mean != 5 || list[0].Count != 2 {
		t.Errorf("%+v", list)
	}
	fixed := Measurement{Frame: Frame{Name: "64"}, Complete: true, Valid: true, Trials: []Trial{{LossRatio: 0.5}}}
	r.Measurements = []Measurement{fixed, fixed}
	if list := r.Repeats(); len(list) != 2 || list[1].Name != "loss" || list[1].Mean != 50 {
		t.Errorf("%+v", list)
	}
}
