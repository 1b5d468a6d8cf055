package result_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

func TestGates(t *testing.T) {
	least, most := 1.0, 0.001
	invalid := resulttest.FixedAt(0.1, 1)
	invalid.Valid = false
	for _, tt := range []struct {
		name string
		m    result.Measurement
		want []string
	}{
		{"search above", resulttest.Searched(1), nil},
		{"search below", resulttest.Searched(0.9), []string{"NDR is 0.9 Mpps"}},
		{"search without a bound", resulttest.Searched(0), []string{"NDR is 0 Mpps"}},
		{"trial above", resulttest.FixedAt(1, 0.001), nil},
		{"trial below", resulttest.FixedAt(0.9, 0), []string{"the received rate is 0.9 Mpps"}},
		{"lossy trial", resulttest.FixedAt(2, 0.002), []string{"the loss is 0.002"}},
		{"no answer", invalid, nil},
	} {
		got := result.Result{
			Settings:     result.Settings{Gates: result.Gates{MinMpps: &least, MaxLoss: &most}},
			Measurements: []result.Measurement{tt.m},
		}.Judged(1).Failed
		if len(got) != len(tt.want) || len(got) == 1 && !strings.Contains(got[0], tt.want[0]) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := (result.Result{Measurements: []result.Measurement{resulttest.FixedAt(0, 1)}}).Judged(1).Failed; got != nil {
		t.Errorf("without thresholds: %q", got)
	}
}

// A frame size's own threshold takes the place of that for all.
func TestGatesOfFrame(t *testing.T) {
	all, own, loss := 2.0, 0.5, 0.01
	settings := result.Settings{
		Gates:      result.Gates{MinMpps: &all},
		FrameGates: []result.FrameGates{{Frame: "64", Gates: result.Gates{MinMpps: &own}}, {Frame: "imix", Gates: result.Gates{MaxLoss: &loss}}},
	}
	measured := func(name string, mpps, loss float64) result.Measurement {
		m := resulttest.FixedAt(mpps, loss)
		m.Frame.Name = name
		return m
	}
	for _, tt := range []struct {
		m    result.Measurement
		want string // part of the missed threshold's text; empty: it misses none
	}{
		{measured("64", 1, 0), ""},
		{measured("64", 0.4, 0), "below the 0.5 of --min-mpps"},
		{measured("128", 1, 0.5), "below the 2 of --min-mpps"},
		{measured("imix", 1, 0), "below the 2 of --min-mpps"},
		{measured("imix", 2, 0.02), "above the 0.01 of --max-loss"},
		{measured("imix", 2, 0.01), ""},
	} {
		got := result.Result{Settings: settings, Measurements: []result.Measurement{tt.m}}.Judged(1).Failed
		if tt.want == "" && got != nil || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
			t.Errorf("%s at %g Mpps, %g lost: %q, want %q", tt.m.Frame.Name, tt.m.Trials[0].Received.Mpps, tt.m.Trials[0].LossRatio, got, tt.want)
		}
	}
}

// A run's verdict is in its fields, in words and in its error.
func TestJudged(t *testing.T) {
	least := 2.0
	good := resulttest.FixedAt(3, 0)
	slow := resulttest.FixedAt(1, 0)
	invalid, partial := resulttest.FixedAt(1, 0), resulttest.FixedAt(1, 0)
	invalid.Valid, invalid.Reason = false, "the generator was late"
	partial.Complete, partial.Valid, partial.Reason = false, false, "it was stopped"
	unsettled := resulttest.FixedAt(1, 0)
	unsettled.Complete = false
	const missed = "64-byte frames: the received rate is 1 Mpps, below the 2 of --min-mpps"
	for _, tt := range []struct {
		name            string
		list            []result.Measurement
		planned         int
		complete, valid bool
		reason, verdict string
		err             error
		text            string
	}{
		{"passed", []result.Measurement{good, good}, 2, true, true, "", "valid", nil, ""},
		{
			"two below",
			[]result.Measurement{slow, good, slow},
			3, true, true, "", "below its thresholds",
			result.ErrBelow, missed + "\n" + missed,
		},
		{
			"one not valid",
			[]result.Measurement{slow, invalid},
			2, true, false, "the generator was late", "not valid",
			result.ErrNotValid, "not valid: the generator was late",
		},
		{
			"stopped in the second",
			[]result.Measurement{good, partial},
			2, false, false, "it was stopped", "incomplete",
			result.ErrNotValid, "not valid: it was stopped",
		},
		{
			"stopped after the first",
			[]result.Measurement{good},
			2, false, false, "1 of 2 measurements were made", "incomplete",
			result.ErrNotValid, "not valid: 1 of 2 measurements were made",
		},
		{
			"stopped without a reason",
			[]result.Measurement{unsettled},
			1, false, false, "1 of 1 measurements were made", "incomplete",
			result.ErrNotValid, "not valid: 1 of 1 measurements were made",
		},
		{
			"nothing measured", nil, 1, false, false, "0 of 1 measurements were made", "incomplete",
			result.ErrNotValid, "not valid: 0 of 1 measurements were made",
		},
	} {
		before := result.Result{Settings: result.Settings{Gates: result.Gates{MinMpps: &least}}, Measurements: tt.list, Reason: "of before", Failed: []string{"of before"}}
		r := before.Judged(tt.planned)
		if r.Complete != tt.complete || r.Valid != tt.valid || r.Reason != tt.reason || r.Verdict() != tt.verdict {
			t.Errorf("%s: complete %t, valid %t, reason %q, verdict %q", tt.name, r.Complete, r.Valid, r.Reason, r.Verdict())
		}
		err := r.Err()
		if !errors.Is(err, tt.err) || err != nil && err.Error() != tt.text {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.text)
		}
		if errors.Is(err, result.ErrBelow) && errors.Is(err, result.ErrNotValid) {
			t.Errorf("%s: the error is of both kinds", tt.name)
		}
		if before.Reason != "of before" {
			t.Errorf("%s: the result before was changed", tt.name)
		}
	}
}
