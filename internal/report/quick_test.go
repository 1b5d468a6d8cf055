package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/result"
)

// A quick search's table says how well it knows the rate.
func TestQuickUncertainty(t *testing.T) {
	rate := func(mpps float64) *result.Rate {
		r := result.NewRate(mpps*1e6, 64)
		return &r
	}
	least := 1.2e-7
	r := result.Result{Method: result.NDR, Complete: true, Valid: true, Measurements: []result.Measurement{{
		Frame: result.OneSize(64).Frame(), Complete: true, Valid: true, Goals: []result.Goal{
			{GoalSettings: result.GoalSettings{Name: "NDR"}, Status: result.Regular, Lower: rate(4.95), Upper: rate(5), LeastLoss: &least},
			{GoalSettings: result.GoalSettings{Name: "PDR"}, Status: result.NotSettled},
		},
	}}}
	const want = "NDR lies between 4.9500 and 5.0000 Mpps, which are 1 % apart, as far as short trials can tell: they show no loss below 1e-07\n"
	for _, quick := range []bool{true, false} {
		r.Settings.Quick = quick
		var b bytes.Buffer
		if err := Write(&b, "table", r); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), want) != quick {
			t.Errorf("quick %t:\n%s", quick, &b)
		}
	}
}
