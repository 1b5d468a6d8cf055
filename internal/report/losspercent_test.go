package report

import "testing"

func TestLossPercent(t *testing.T) {
	for ratio, want := range map[float64]string{0: "0 %", 0.000123: "0.012 %", 0.0996: "10 %", 0.1: "10 %", 0.996: "100 %", 1: "100 %"} {
		if got := lossPercent(ratio); got != want {
			t.Errorf("%v: %s, want %s", ratio, got, want)
		}
	}
}
