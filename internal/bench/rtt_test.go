package bench

import (
	"testing"

	"github.com/podnet/podnet/internal/result"
)

func TestNewRTT(t *testing.T) {
	if NewRTT(nil) != nil || NewRTT(NewHistogram()) != nil {
		t.Error("times of no packets")
	}
	h := NewHistogram()
	for us := range int64(100_000) { // 1 to 100000 us, each once
		if err := h.RecordValue((us + 1) * 1000); err != nil {
			t.Fatal(err)
		}
	}
	got := NewRTT(h)
	near := func(name string, got, want float64) {
		if got < 0.999*want || got > 1.001*want {
			t.Errorf("%s %g us, want %g", name, got, want)
		}
	}
	near("least", got.MinUs, 1)
	near("mean", got.MeanUs, 50_000)
	near("most", got.MaxUs, 100_000)
	if got.Packets != 100_000 || len(got.Percentiles) != len(percents)-1 {
		t.Errorf("%+v", got)
	}
	last := result.Percentile{}
	for _, p := range got.Percentiles {
		near("percentile", p.Us, p.Percent*1000)
		if p.Percent <= last.Percent || p.Us < last.Us {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}
	// Ten packets are beyond 99.99 %, and one is beyond 99.999.
	if last.Percent != 99.99 {
		t.Errorf("the last percentile is %g", last.Percent)
	}
	for range 9 {
		if err := h.RecordValues(1000, 100_000); err != nil {
			t.Fatal(err)
		}
	}
	if got := NewRTT(h); len(got.Percentiles) != len(percents) {
		t.Errorf("a million packets: %+v", got.Percentiles)
	}
}
