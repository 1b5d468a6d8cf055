package result_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
)

func TestTargetOfMaximumIsNull(t *testing.T) {
	b, err := json.Marshal(result.NewTarget(0, 64))
	if err != nil || string(b) != `{"mpps":null,"gbpsL1":null,"gbpsL2":null}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestTrafficWithoutTime(t *testing.T) {
	if diff := cmp.Diff(result.Traffic{Packets: 3}, result.NewTraffic(3, 64, 0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := result.NewTraffic(1e6, 64, 2*time.Second)
	if got.Mpps != 0.5 || got.GbpsL1 != 0.5e6*84*8/1e9 || got.GbpsL2 != 0.5e6*64*8/1e9 {
		t.Errorf("rates %+v", got)
	}
}

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		v      float64
		digits int
		want   string
	}{
		{1.25, 1, "1.2"},
		{-3, 0, "-3"},
		{999999999999999, 0, "999999999999999"},
		{1e15, 4, "1e+15"},
		{1e308, 4, "1e+308"},
		{-1.23456e200, 0, "-1.235e+200"},
		{math.Inf(1), 2, "+Inf"},
		{math.NaN(), 2, "NaN"},
	} {
		if got := result.Decimals(c.v, c.digits); got != c.want {
			t.Errorf("%g with %d digits: %q, want %q", c.v, c.digits, got, c.want)
		}
	}
}

func TestRateText(t *testing.T) {
	for mpps, want := range map[float64]string{0: "0 Mpps", 14.88095: "14.88 Mpps", 0.1: "0.1 Mpps", 0.0155: "15.5 kpps", 0.001: "1 kpps"} {
		if got := result.RateText(mpps); got != want {
			t.Errorf("%g: %q, want %q", mpps, got, want)
		}
	}
}
