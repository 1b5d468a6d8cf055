package result_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

func texts(f result.Fabric) (list []string) {
	for _, o := range f.Outliers {
		list = append(list, o.Text)
	}
	return list
}

func TestFabricOutliers(t *testing.T) {
	dead := resulttest.Fabric(6, 1, 1)
	dead = resulttest.Lose(dead, 2, result.FabricDead, "fabric-2 was lost")
	starved := resulttest.Fabric(12, 1, 2, resulttest.SlowSender(3, 0, 0.5))
	for i := range starved.Pairs {
		if p := &starved.Pairs[i]; p.From == 3 {
			p.Valid, p.Reason = false, "the generator was late"
		}
	}
	lossy := resulttest.Fabric(12, 1, 3, resulttest.SlowReceiver(4, 0, 0.95))
	crowded := resulttest.Fabric(6, 1, 4, resulttest.SlowLink(1, 2, 0, 0.4))
	for i := range crowded.Nodes {
		crowded.Nodes[i].Name = "kind"
	}
	crossed := resulttest.Fabric(8, 1, 5, resulttest.SlowReceiver(6, 0, 0.4))
	for i, p := range crossed.Pairs {
		p.ToRail = 1
		crossed.Pairs[i] = p
		p.FromRail, p.ToRail, p.Received = 1, 1, crossed.Pairs[0].Received
		crossed.Pairs = append(crossed.Pairs, p)
	}
	for _, c := range []struct {
		name string
		f    result.Fabric
		want []string
	}{
		{"rails that cross", crossed.Judged(), []string{
			"node-6 is slow as receiver on rail 0 to rail 1: 40 % of the median, 0.4003 Mpps",
			"node-6 has a high loss as receiver on rail 1: 60 %; the median: 0 %",
			"node-6 has long round trips as receiver on rail 1: 2.5 times the median, 31.48 us",
		}},
		{"all equal", resulttest.Fabric(20, 2, 1), nil},
		{"slow receiver", resulttest.Fabric(20, 3, 1, resulttest.SlowReceiver(7, 2, 0.41)), []string{
			"node-7 is slow as receiver on rail 2: 41 % of the median, 0.4098 Mpps",
		}},
		{"slow sender", resulttest.Fabric(20, 1, 1, resulttest.SlowSender(7, 0, 0.41)), []string{
			"node-7 is slow as sender on rail 0: 41 % of the median, 0.4101 Mpps",
		}},
		{"a link, one node with long round trips", resulttest.Fabric(20, 1, 1, resulttest.SlowLink(3, 9, 0, 0.7), resulttest.LongTrips(5, 0, 3)), []string{
			"node-3 -> node-9 is slow on rail 0: 70 % of the median, 0.695 Mpps",
			"node-5 has long round trips as sender and as receiver on rail 0: 3.1 times the median, 38.39 us",
		}},
		{"slow rail", resulttest.Fabric(6, 2, 1, resulttest.SlowRail(1, 0.5)), []string{
			"rail 1 is slow: its median, 0.499 Mpps, is 50 % of rail 0's",
		}},
		{"two generations", resulttest.Fabric(30, 1, 1, resulttest.Generations(12, 0.4)), []string{
			"12 of 30 nodes are a group of their own on rail 0: 40 % of the others, 0.4028 Mpps. They are compared with each other: node-0, node-1, node-2, node-3, node-4, node-5, node-6, node-7, and 4 more",
		}},
		{"a dead node", dead, nil},
		{"a node whose generator is the limit", starved.Judged(), []string{
			"node-3 is slow as sender on rail 0: 50 % of the median, 0.4989 Mpps (11 of 11 pairs are not valid)",
		}},
		{"little loss", lossy, []string{
			"node-4 has a high loss as receiver on rail 0: 5.5 %; the median: 0 %",
		}},
		{"pods of one node", crowded.Judged(), []string{
			"kind (fabric-1) -> kind (fabric-2) is slow on rail 0: 40 % of the median, 0.3979 Mpps",
		}},
	} {
		if diff := cmp.Diff(c.want, texts(c.f)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestFabricVerdict(t *testing.T) {
	gates := func(f result.Fabric, change func(s *result.FabricSettings)) result.Fabric {
		change(&f.Settings)
		return f.Judged()
	}
	of := func(v float64) *float64 { return &v }
	slow := func() result.Fabric { return resulttest.Fabric(10, 1, 1, resulttest.SlowReceiver(7, 0, 0.41)) }
	stopped := resulttest.Fabric(6, 1, 1)
	stopped.Complete, stopped.Rounds.Done, stopped.Pairs[4] = false, 3, result.FabricPair{From: 0, To: 5, Missing: &result.FabricMissing{Code: result.FabricStopped}}
	late := resulttest.Fabric(6, 1, 1)
	late.Pairs[3].Valid, late.Pairs[3].Reason = false, "the generator was late"
	untimed := resulttest.Fabric(3, 1, 1)
	untimed.Pairs[0].RTT = nil
	for _, c := range []struct {
		name    string
		f       result.Fabric
		verdict string
		is      error
		says    []string
	}{
		{"equal", resulttest.Fabric(10, 2, 1), "valid", nil, nil},
		{"slow and no threshold", slow(), "valid", nil, nil},
		{"a part of the median", gates(slow(), func(s *result.FabricSettings) { s.MinFractionOfMedian = of(0.9) }), "below its thresholds", result.ErrBelow, []string{
			"rail 0: 9 of 90 pairs are below 0.9 Mpps, 0.9 of the median (--min-fraction-of-median); the worst is node-2 -> node-7 with 0.4064 Mpps",
		}},
		{"a smaller part", gates(slow(), func(s *result.FabricSettings) { s.MinFractionOfMedian = of(0.3) }), "valid", nil, nil},
		{"a rate", gates(slow(), func(s *result.FabricSettings) { s.MinMpps = of(0.9) }), "below its thresholds", result.ErrBelow, []string{"9 of 90 pairs are below 0.9 Mpps (--min-mpps)"}},
		{"loss", gates(slow(), func(s *result.FabricSettings) { s.MaxLoss = of(0.001) }), "below its thresholds", result.ErrBelow, []string{"9 of 90 pairs are above a loss of 0.001 (--max-loss); the worst is node-2 -> node-7 with a loss of 0.5936"}},
		{"round trips", gates(slow(), func(s *result.FabricSettings) { s.MaxP99Us = of(40) }), "below its thresholds", result.ErrBelow, []string{"9 of 90 pairs are above 40 us for 99 % of the round trips (--max-p99)"}},
		{"too few round trips", gates(untimed, func(s *result.FabricSettings) { s.MaxP99Us = of(40) }), "below its thresholds", result.ErrBelow, []string{"1 of 6 pairs do not have the figure that --max-p99 asks for"}},
		{"all of them", gates(slow(), func(s *result.FabricSettings) {
			s.MinFractionOfMedian, s.MinMpps, s.MaxLoss, s.MaxP99Us = of(0.9), of(0.1), of(0.7), of(1000)
		}), "below its thresholds", result.ErrBelow, []string{"--min-fraction-of-median"}},
		{"a dead node", resulttest.Lose(resulttest.Fabric(6, 1, 1), 2, result.FabricDead, "gone"), "not valid", result.ErrNotValid, []string{"10 of 30 pairs have no figures: 10 dead (node-2)"}},
		{"stopped", stopped.Judged(), "incomplete", result.ErrNotValid, []string{"the run was stopped after 3 of 5 rounds", "1 of 30 pairs have no figures: 1 stopped"}},
		{"a late generator", late.Judged(), "not valid", result.ErrNotValid, []string{"1 of 30 pairs are not valid, the first because the generator was late"}},
		{"nothing", result.Fabric{Complete: true}.Judged(), "not valid", result.ErrNotValid, []string{"no pair was planned"}},
	} {
		err := c.f.Err()
		if c.f.Verdict() != c.verdict || !errors.Is(err, c.is) || (err != nil) != (c.is != nil) {
			t.Errorf("%s: %s, %v; want %s, %v", c.name, c.f.Verdict(), err, c.verdict, c.is)
		}
		for _, says := range c.says {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v\nwant it to say %q", c.name, err, says)
			}
		}
		if n := len(c.f.Failed); n > 1 {
			t.Errorf("%s: %d thresholds are missed: %q", c.name, n, c.f.Failed)
		}
	}
}

// A pair that is not valid misses no threshold, and has no part in the median.
func TestFabricInvalidIsNoAnswer(t *testing.T) {
	f := resulttest.Fabric(6, 1, 1, resulttest.SlowReceiver(2, 0, 0.4))
	least := 0.9
	f.Settings.MinFractionOfMedian = &least
	for i := range f.Pairs {
		f.Pairs[i].Valid = f.Pairs[i].To != 2
	}
	if f = f.Judged(); len(f.Failed) != 0 || !errors.Is(f.Err(), result.ErrNotValid) {
		t.Errorf("%q, %v", f.Failed, f.Err())
	}
	for i := range f.Pairs {
		f.Pairs[i].Valid = f.Pairs[i].To == 2
	}
	if m := f.Medians()[result.RailPair{}]; m > 0.5 {
		t.Errorf("the median is %g", m)
	}
}

func TestFabricFile(t *testing.T) {
	f := resulttest.Lose(resulttest.Fabric(6, 2, 1, resulttest.SlowReceiver(3, 1, 0.4)), 2, result.FabricDead, "gone\n  \"pairs\": [")
	var b bytes.Buffer
	if err := f.Encode(&b); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines > 500 {
		t.Errorf("%d lines for %d pairs", lines, len(f.Pairs))
	}
	name := filepath.Join(t.TempDir(), "fabric.json")
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	r, got, err := result.ReadDocument(name)
	if err != nil || r != nil {
		t.Fatal(r, err)
	}
	if diff := cmp.Diff(&f, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	if err := (result.Fabric{}).Encode(&b); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("%v: %s", err, &b)
	}
	var bench bytes.Buffer
	if err := resulttest.Fixed().Encode(&bench); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, bench.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, f, err := result.ReadDocument(name); err != nil || r == nil || f != nil {
		t.Error(r, f, err)
	}
}

// A file that was not written by fabric, or was changed, is refused with its place.
func TestFabricRefused(t *testing.T) {
	six := 6
	for want, change := range map[string]func(f *result.Fabric){
		`has another schema, "podnet.fabric/v2"`:                  func(f *result.Fabric) { f.Schema = "podnet.fabric/v2" },
		"nodes[2].index is 7: must be 2":                          func(f *result.Fabric) { f.Nodes[2].Index = 7 },
		"nodes: there are 1001":                                   func(f *result.Fabric) { f.Nodes = make([]result.FabricNode, 1001) },
		"pairs[3] is from node 0 to node 6: must be two of the 6": func(f *result.Fabric) { f.Pairs[3].To = 6 },
		"pairs[3] is from node -1":                                func(f *result.Fabric) { f.Pairs[3].From = -1 },
		"pairs[0] is from node 1 to node 1":                       func(f *result.Fabric) { f.Pairs[0].From = 1 },
		"pairs[5] is from rail 16 to rail 0":                      func(f *result.Fabric) { f.Pairs[5].FromRail = 16 },
		"pairs[1]: node 0 to node 1 on rail 0 is there twice":     func(f *result.Fabric) { f.Pairs[1] = f.Pairs[0] },
		"outliers[0] is of node 6":                                func(f *result.Fabric) { f.Outliers[0].To = &six },
	} {
		f := resulttest.Fabric(6, 1, 1, resulttest.SlowReceiver(3, 0, 0.4))
		f.Pairs, f.Nodes, f.Outliers = slices.Clone(f.Pairs), slices.Clone(f.Nodes), slices.Clone(f.Outliers)
		change(&f)
		var b bytes.Buffer
		if err := f.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := result.ParseFabric(b.Bytes()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := result.ParseFabric([]byte("{")); err == nil || !strings.Contains(err.Error(), "--result-file") {
		t.Error(err)
	}
}
