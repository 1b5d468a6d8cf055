package result_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// A figure that needs a caveat has it, and the run's own is not said again.
func TestCaveats(t *testing.T) {
	share, none := 0.22, 0.0
	searched := func(loss float64, share *float64) result.Goal {
		g := resulttest.Searched(4).Goals[0]
		g.LossRatio, g.LossyShare = loss, share
		return g
	}
	trial := func(limits ...result.Limit) (t result.Trial) {
		t.Limited(limits)
		return t
	}
	busy := trial(result.Limit{Code: result.CPUShare, Text: "lcore 1 had its CPU 49 % of the time"}, result.Limit{Code: result.Behind, Text: "it was behind"})
	changed := func(c result.Changed) result.Trial {
		t := trial()
		t.Changed = c
		return t
	}
	for _, tt := range []struct {
		name string
		m    result.Measurement
		want []string
	}{
		{"none", result.Measurement{Complete: true, Valid: true, Goals: []result.Goal{searched(0, &none)}, Trials: []result.Trial{trial()}}, nil},
		{"not valid", result.Measurement{Complete: true, Reason: "the run's"}, nil},
		{"not valid for another reason", result.Measurement{Complete: true, Reason: "its own"}, []string{"not valid: its own"}},
		{
			"lossy trials",
			result.Measurement{Complete: true, Valid: true, Goals: []result.Goal{searched(0, &share), searched(0.005, &share)}},
			[]string{"NDR: 22 % of the trials at this rate lost packets", "NDR: 22 % of the trials at this rate lost more than 0.5 %"},
		},
		{
			"thrown away",
			result.Measurement{Complete: true, Valid: true, Discarded: 0.75, Trials: []result.Trial{
				trial(), trial(result.Limit{Code: result.PollGap, Text: "a gap"}), busy, busy,
			}},
			[]string{"75 % of the trials were thrown away: lcore 1 had its CPU 49 % of the time; it was behind"},
		},
		{
			"changed",
			result.Measurement{Complete: true, Valid: true, Trials: []result.Trial{
				changed(result.Changed{RxTruncated: 1, RxRetagged: 5999, RxTags: []int{9}}), changed(result.Changed{RxExtended: 2, RxDamaged: 3, RxRetagged: 1, RxTags: []int{7}}),
			}},
			[]string{
				"1 packet came back shorter than it was sent: see what on the path has a smaller MTU or buffer",
				"2 packets came back longer than they were sent: see what on the path pads frames or adds a header",
				"3 packets came back damaged, or with a time that is not of the trial",
				"6000 packets came back in VLAN 7: give --rx-vlan 7",
			},
		},
		{
			"a tag taken off",
			result.Measurement{Complete: true, Valid: true, Trials: []result.Trial{changed(result.Changed{RxRetagged: 2})}},
			[]string{"2 packets came back without their VLAN tag: give --rx-vlan 0"},
		},
		{
			"two tags",
			result.Measurement{Complete: true, Valid: true, Trials: []result.Trial{changed(result.Changed{RxRetagged: 2, RxTags: []int{7, 9}})}},
			[]string{"2 packets came back with two VLAN tags, 7 and 9: have the path take the outer one off"},
		},
	} {
		r := result.Result{Complete: true, Reason: "the run's"}
		if diff := cmp.Diff(tt.want, r.CaveatsOf(tt.m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	r := result.Result{Complete: true, Reason: "why", Failed: []string{"64: too slow"}}
	if diff := cmp.Diff([]string{"not valid: why", "below its thresholds: 64: too slow"}, r.Caveats()); diff != "" {
		t.Errorf("of the run (-want +got):\n%s", diff)
	}
}
