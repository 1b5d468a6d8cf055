package measure

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk"
)

func TestParseRatio(t *testing.T) {
	for s, want := range map[string]float64{"0": 0, "1": 1, "0.001": 0.001, "0.1%": 0.001, "100%": 1, "1/1000": 0.001, "0/5": 0} {
		if got, err := parseRatio(s); err != nil || got != want {
			t.Errorf("parseRatio(%q) = %g, %v, want %g", s, got, err, want)
		}
	}
	for _, s := range []string{"", "%", "-1", "2", "101%", "3/2", "1/0", "0/0", "1/x", "x", "NaN", "Inf", "1%%", "1/2%"} {
		if got, err := parseRatio(s); err == nil {
			t.Errorf("parseRatio(%q) = %g, want an error", s, got)
		}
	}
}

func TestParseChance(t *testing.T) {
	for s, want := range map[string]struct {
		ratio float64
		every uint64
	}{
		"none": {}, "every:1": {every: 1}, "every:1000": {every: 1000}, "1/8": {ratio: 0.125},
	} {
		if ratio, every, err := parseChance(s); err != nil || ratio != want.ratio || every != want.every {
			t.Errorf("parseChance(%q) = %g, %d, %v, want %+v", s, ratio, every, err, want)
		}
	}
	for _, s := range []string{"", "every:", "every:0", "every:-1", "every:1.5", "every:99999999999", "2"} {
		if _, _, err := parseChance(s); err == nil {
			t.Errorf("parseChance(%q) is no error", s)
		}
	}
}

func TestImpairment(t *testing.T) {
	plain := faultOptions{Rate: "max", QueueDepth: 256, Loss: "none", Duplicate: "none", Reorder: "none", ReorderBy: 3, Seed: 7}
	if got, err := plain.impairment(); got != nil || err != nil {
		t.Errorf("no fault: %+v, %v, want none", got, err)
	}
	all := plain
	all.Rate, all.Loss, all.Duplicate, all.Reorder = "200kpps", "every:10", "1%", "1/4"
	want := &dpdk.Impairment{Rate: 200e3, Depth: 256, LossEvery: 10, DuplicateRatio: 0.01, ReorderRatio: 0.25, ReorderBy: 3, Seed: 7}
	if got, err := all.impairment(); err != nil {
		t.Error(err)
	} else if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, change := range map[string]func(*faultOptions){
		"rate": func(o *faultOptions) { o.Rate = "fast" }, "depth": func(o *faultOptions) { o.QueueDepth = 0 },
		"delay": func(o *faultOptions) { o.Delay = -1 }, "reorder-by": func(o *faultOptions) { o.ReorderBy = 0 },
		"loss": func(o *faultOptions) { o.Loss = "some" },
	} {
		bad := plain
		change(&bad)
		if _, err := bad.impairment(); cli.ExitCode(err) != cli.CodeUsage {
			t.Errorf("%s: error %v, want one about usage", name, err)
		}
	}
}
