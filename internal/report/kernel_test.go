package report

import (
	"math"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// A gain compares the same frames, and of a rate that the path was found to
// carry.
func TestGain(t *testing.T) {
	kernel := result.KernelBaseline{Interface: "eth0", Frame: "64", FrameBytes: 64, Mpps: 0.5}
	at := func(rate result.Target, mpps float64) result.Measurement {
		return result.Measurement{Frame: resulttest.Size(64), Complete: true, Valid: true, Trials: []result.Trial{
			{Received: result.Traffic{Rate: result.Rate{Mpps: 99}}}, {Requested: rate, Received: result.Traffic{Rate: result.Rate{Mpps: mpps}}},
		}}
	}
	searched := func(lower *result.Rate) result.Measurement {
		m := at(result.NewTarget(1e6, 64), 1)
		m.Goals = []result.Goal{{GoalSettings: result.GoalSettings{Name: "NDR"}, Lower: lower}, {Lower: &result.Rate{Mpps: 77}}}
		return m
	}
	change := func(m result.Measurement, f func(*result.Measurement)) result.Measurement {
		f(&m)
		return m
	}
	most := result.Target{}
	for name, tt := range map[string]struct {
		m      result.Measurement
		kernel result.KernelBaseline
		want   string
	}{
		"trial at the maximum rate": {at(most, 18.5), kernel, "0.5000 Mpps; fast path: 18.5000 Mpps, 37 times"},
		"slower than the kernel":    {at(most, 0.05), kernel, "0.5000 Mpps; fast path: 0.0500 Mpps, 0.1 times"},
		"search":                    {searched(&result.Rate{Mpps: 2.2}), kernel, "0.5000 Mpps; fast path, NDR: 2.2000 Mpps, 4.4 times"},
		"search without a rate":     {searched(nil), kernel, "0.5000 Mpps"},
		"rate that was asked for":   {at(result.NewTarget(1e6, 64), 1), kernel, "0.5000 Mpps"},
		"not valid":                 {change(at(most, 1), func(m *result.Measurement) { m.Valid = false }), kernel, "0.5000 Mpps"},
		"not complete":              {change(at(most, 1), func(m *result.Measurement) { m.Complete = false }), kernel, "0.5000 Mpps"},
		"nothing measured":          {change(at(most, 1), func(m *result.Measurement) { m.Trials = nil }), kernel, "0.5000 Mpps"},
		"loss":                      {change(at(most, 1), func(m *result.Measurement) { m.Steps = []result.LossStep{{}} }), kernel, "0.5000 Mpps"},
		"burst":                     {change(at(most, 1), func(m *result.Measurement) { m.Burst = &result.BurstResult{} }), kernel, "0.5000 Mpps"},
		"loads":                     {change(at(most, 1), func(m *result.Measurement) { m.Latency = []result.LoadLatency{{}} }), kernel, "0.5000 Mpps"},
		"loads of an NDR": {
			change(searched(&result.Rate{Mpps: 2}), func(m *result.Measurement) { m.Latency = []result.LoadLatency{{}} }), kernel,
			"0.5000 Mpps; fast path, NDR: 2.0000 Mpps, 4 times",
		},
		"other size":  {at(most, 1), result.KernelBaseline{Frame: "64", FrameBytes: 82, Mpps: 0.5}, "0.5000 Mpps of 82-byte frames"},
		"none back":   {at(most, 1), result.KernelBaseline{Frame: "64", FrameBytes: 64}, "0.0000 Mpps"},
		"no number":   {at(most, 1), result.KernelBaseline{Frame: "64", FrameBytes: 64, Mpps: math.NaN()}, "NaN Mpps"},
		"a mix":       {change(at(most, 1), func(m *result.Measurement) { m.Frame.Bytes = 64.4 }), kernel, "0.5000 Mpps; fast path: 1.0000 Mpps, 2 times"},
		"another mix": {change(at(most, 1), func(m *result.Measurement) { m.Frame.Bytes = 64.6 }), kernel, "0.5000 Mpps of 64-byte frames"},
	} {
		r := result.Result{KernelBaseline: []result.KernelBaseline{{Frame: "128", FrameBytes: 128, Mpps: 1}, tt.kernel}}
		list := compared(r, tt.m)
		if got := list[len(list)-1].Text; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if list := compared(result.Result{KernelBaseline: []result.KernelBaseline{{Frame: "128"}}}, at(most, 1)); len(list) != 1 {
		t.Errorf("frames that the kernel was not measured at have %d figures, want their own", len(list))
	}
}
