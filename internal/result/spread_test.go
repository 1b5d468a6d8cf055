package result

import (
	"errors"
	"math"
	"strings"
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
	if list := r.Judged(2).Repetitions; len(list) != 2 || list[1].Name != "loss" || list[1].Mean != 50 {
		t.Errorf("%+v", list)
	}
}

// At every load that was measured the 99th percentile has to be low enough, by the
// schedule where there is one.
func TestMaxP99(t *testing.T) {
	rtt := func(p99 float64) *RTT { return &RTT{Packets: 1e6, Percentiles: []Percentile{{50, 1}, {99, p99}}} }
	most := 50.0
	m := Measurement{Frame: Frame{Name: "64"}, Complete: true, Valid: true, Latency: []LoadLatency{
		{Load: "10%", RTT: rtt(49)}, {Load: "50%", RTT: rtt(51)}, {Load: "90%", RTT: rtt(1), ScheduledRTT: rtt(99)}, {Load: "100%"},
	}}
	r := Result{Settings: Settings{Gates: Gates{MaxP99Us: &most}}, Measurements: []Measurement{m}}.Judged(1)
	if len(r.Failed) != 3 {
		t.Fatalf("%q", r.Failed)
	}
	for i, want := range []string{"at 50% are up to 51 us", "at 90% are up to 99 us", "nothing came back at 100%"} {
		if !strings.Contains(r.Failed[i], want) {
			t.Errorf("%q, want %q", r.Failed[i], want)
		}
	}
	few := rtt(1)
	few.Packets = 9
	r.Measurements = []Measurement{{Complete: true, Valid: true, Trials: []Trial{{RTT: few}}}}
	if r = r.Judged(1); r.Failed != nil || !errors.Is(r.Err(), ErrNotValid) || !strings.Contains(r.Reason, "9 packets are too few") {
		t.Errorf("too few packets to tell: failed %q, %v", r.Failed, r.Err())
	}
	fixed := Measurement{Complete: true, Valid: true, Trials: []Trial{{RTT: rtt(51)}}}
	// A size that misses its threshold is reported even if another size cannot tell.
	r.Measurements = append(r.Measurements, fixed)
	if r = r.Judged(2); len(r.Failed) != 2 || !errors.Is(r.Err(), ErrBelow) {
		t.Errorf("one missed, one unknown: failed %q, %v", r.Failed, r.Err())
	}
	r.Measurements = []Measurement{fixed}
	if r = r.Judged(1); len(r.Failed) != 1 {
		t.Errorf("%q", r.Failed)
	}
	fixed.Valid = false
	r.Measurements = []Measurement{fixed}
	if r = r.Judged(1); len(r.Failed) != 0 {
		t.Errorf("not valid: %q", r.Failed)
	}
}
