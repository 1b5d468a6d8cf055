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
			{GoalSettings: result.GoalSettings{Name: "PDR"}, Status: result.AboveMaximum, Lower: rate(5), LeastLoss: &least},
			{GoalSettings: result.GoalSettings{Name: "other"}, Status: result.NotSettled},
		},
	}}}
	const want = "NDR lies between 4.9500 and 5.0000 Mpps, which are 1 % apart, as far as short trials can tell: they show no loss below 1e-07\n" +
		"PDR is 5.0000 Mpps or more: the search has no upper bound, as far as short trials can tell: they show no loss below 1e-07\n"
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

// Repetitions have a mean, a standard deviation and an interval; one measurement has none.
func TestRepeatsInTable(t *testing.T) {
	measured := func(mpps float64) result.Measurement {
		trial := result.Trial{Valid: true}
		trial.Received.Mpps = mpps
		return result.Measurement{Frame: result.OneSize(64).Frame(), Complete: true, Valid: true, Trials: []result.Trial{trial}}
	}
	for n, want := range map[int]bool{1: false, 3: true} {
		r := result.Result{Method: result.Fixed, Complete: true, Valid: true}
		for i := range n {
			r.Measurements = append(r.Measurements, measured(4+float64(i)))
		}
		var b bytes.Buffer
		if err := Write(&b, "table", r); err != nil {
			t.Fatal(err)
		}
		words := strings.Join(strings.Fields(b.String()), " ")
		if strings.Contains(words, "64 received Mpps 3 5 1 4 6 2.5158 to 7.4842") != want {
			t.Errorf("%d repetitions:\n%s", n, &b)
		}
	}
}
