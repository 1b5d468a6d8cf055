package result_test

import (
	"reflect"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// The sum of two ports has every counter of both.
func TestCountersAdd(t *testing.T) {
	var a, b result.Counters
	v := reflect.ValueOf(&a).Elem()
	w := reflect.ValueOf(&b).Elem()
	for i := range v.NumField() {
		v.Field(i).SetUint(uint64(1 + i))
		w.Field(i).SetUint(1000)
	}
	sum := reflect.ValueOf(a.Add(b))
	for i := range sum.NumField() {
		if got, want := sum.Field(i).Uint(), uint64(1001+i); got != want {
			t.Errorf("%s is %d, want %d", sum.Type().Field(i).Name, got, want)
		}
	}
}

func TestOfferedMpps(t *testing.T) {
	paced := resulttest.Trial("search", resulttest.Size(64), 1.5, 0)
	most := result.Trial{Offered: 3_000_000, Seconds: 2}
	for _, tt := range []struct {
		t    result.Trial
		want float64
	}{{paced, 1.5}, {most, 1.5}, {result.Trial{Offered: 5}, 0}} {
		if got := tt.t.OfferedMpps(); got != tt.want {
			t.Errorf("%g Mpps, want %g", got, tt.want)
		}
	}
}

func TestPercentileOfRTT(t *testing.T) {
	// Ten packets are beyond 99.9 %, and one is beyond 99.99.
	r := &result.RTT{Packets: 10_000, Percentiles: []result.Percentile{{Percent: 50, Us: 10}, {Percent: 99.9, Us: 30}, {Percent: 99.99, Us: 40}}}
	for _, tt := range []struct {
		r       *result.RTT
		percent float64
		us      float64
		ok      bool
	}{{r, 50, 10, true}, {r, 99.9, 30, true}, {r, 99, 0, false}, {r, 99.99, 0, false}, {nil, 50, 0, false}} {
		if us, ok := tt.r.At(tt.percent); us != tt.us || ok != tt.ok {
			t.Errorf("%g %%: %g, %t, want %g, %t", tt.percent, us, ok, tt.us, tt.ok)
		}
	}
}

// The kernel's path is compared at the same frames, with a rate that the path was
// found to carry.
func TestGain(t *testing.T) {
	r := result.Result{KernelBaseline: []result.KernelBaseline{
		{Frame: "128", FrameBytes: 128, Mpps: 1}, {Frame: "64", FrameBytes: 64, Mpps: 0.5, MTU: 46}, {Frame: "1518", FrameBytes: 1518, MTU: 1499},
	}}
	k := r.Kernel("64")
	if k == nil || k.Mpps != 0.5 || r.Kernel("imix") != nil {
		t.Fatalf("the baseline of 64 bytes is %+v", k)
	}
	if k.Fragmented() || !r.KernelBaseline[2].Fragmented() || (result.KernelBaseline{FrameBytes: 9000}).Fragmented() {
		t.Error("fragments are reported wrongly")
	}
	paced := resulttest.FixedAt(2, 0)
	mpps := 2.0
	paced.Trials[0].Requested.Mpps = &mpps
	invalid := resulttest.FixedAt(2, 0)
	invalid.Valid = false
	for _, tt := range []struct {
		name string
		m    result.Measurement
		want float64 // 0: none
	}{
		{"the maximum rate", resulttest.FixedAt(2, 0), 4},
		{"a rate that was asked for", paced, 0},
		{"a search", resulttest.Searched(3), 6},
		{"a search that found none", resulttest.Searched(0), 0},
		{"not valid", invalid, 0},
		{"nothing measured", result.Measurement{Frame: resulttest.Size(64), Complete: true, Valid: true}, 0},
	} {
		if times, ok := tt.m.Gain(k); times != tt.want || ok != (tt.want > 0) {
			t.Errorf("%s: %g times, %t, want %g", tt.name, times, ok, tt.want)
		}
	}
	other := resulttest.FixedAt(2, 0)
	if _, ok := other.Gain(&r.KernelBaseline[0]); ok {
		t.Error("frames of 64 bytes are compared with frames of 128 bytes")
	}
}

func TestVerdictOfMeasurement(t *testing.T) {
	for want, m := range map[string]result.Measurement{
		"valid": {Complete: true, Valid: true}, "not valid": {Complete: true}, "incomplete": {},
	} {
		if got := m.Verdict(); got != want {
			t.Errorf("%+v is %q, want %q", m, got, want)
		}
	}
	if got := (result.Frame{Name: "imix", Mix: []result.Share{{}}}).String(); got != "imix frames" {
		t.Errorf("a mix is called %q", got)
	}
}
