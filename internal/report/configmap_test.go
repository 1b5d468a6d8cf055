package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// statusOf is the data without the document.
func statusOf(data map[string]string) map[string]string {
	delete(data, DocumentKey)
	return data
}

func TestConfigMap(t *testing.T) {
	const room = 1 << 20
	began := map[string]string{"status.startTimestamp": "2026-03-01T12:00:00Z"}
	if diff := cmp.Diff(began, ConfigMapAtStart(resulttest.Fixed())); diff != "" {
		t.Errorf("at the start (-want +got):\n%s", diff)
	}
	fixed := func(change func(map[string]string)) map[string]string {
		want := map[string]string{
			"status.startTimestamp": "2026-03-01T12:00:00Z", "status.completionTimestamp": "2026-03-01T12:00:12Z",
			"status.succeeded": "true", "status.failureReason": "",
			"status.result.method": "fixed", "status.result.complete": "true", "status.result.valid": "true",
			"status.result.frame.64.valid": "true",
			"status.result.frame.64.mpps":  "1.9998", "status.result.frame.64.lossRatio": "0.0001",
			"status.result.frame.64.rttP50Us": "30", "status.result.frame.64.rttP99Us": "270",
		}
		change(want)
		return want
	}
	below, invalid, stopped := resulttest.Fixed(), resulttest.Fixed(), resulttest.Fixed()
	below.Failed = []string{"64-byte frames: one", "64-byte frames: two"}
	invalid.Valid, invalid.Reason, invalid.Measurements[0].Valid = false, "the generator was late", false
	invalid.Measurements[0].Reason = invalid.Reason
	stopped.Complete, stopped.Valid, stopped.Reason = false, false, "it was stopped before its time"
	stopped.Measurements, stopped.Ended = nil, nil
	onNodes := resulttest.Fixed()
	onNodes.Environment.Node, onNodes.Environment.PeerNode = "node-a", "node-b"
	for _, tt := range []struct {
		name    string
		r       result.Result
		failure error
		want    map[string]string
	}{
		{"nodes of both ends", onNodes, nil, fixed(func(m map[string]string) {
			m["status.result.node"], m["status.result.peerNode"] = "node-a", "node-b"
		})},
		{"passed", resulttest.Fixed(), nil, fixed(func(map[string]string) {})},
		{"below its threshold", below, nil, fixed(func(m map[string]string) {
			m["status.succeeded"], m["status.failureReason"] = "false", "64-byte frames: one; 64-byte frames: two"
		})},
		{"not valid", invalid, nil, fixed(func(m map[string]string) {
			m["status.succeeded"], m["status.failureReason"] = "false", "not valid: the generator was late"
			m["status.result.valid"], m["status.result.frame.64.valid"] = "false", "false"
		})},
		{"failed", resulttest.Fixed(), errors.Join(errors.New("a"), errors.New("b\x1b")), fixed(func(m map[string]string) {
			m["status.succeeded"], m["status.failureReason"] = "false", "a; b\ufffd"
		})},
		{"stopped", stopped, nil, map[string]string{
			"status.startTimestamp": "2026-03-01T12:00:00Z",
			"status.succeeded":      "false", "status.failureReason": "incomplete: it was stopped before its time",
			"status.result.method": "fixed", "status.result.complete": "false", "status.result.valid": "false",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := ConfigMap(tt.r, tt.failure, room)
			var got result.Result
			if err := json.Unmarshal([]byte(data[DocumentKey]), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.r, got, cmp.Transformer("empty", func(m []result.Measurement) int { return len(m) })); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, statusOf(data)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// The figures of each method have their keys.
func TestConfigMapFigures(t *testing.T) {
	single := resulttest.NDR()
	single.Measurements = append(single.Measurements[:1:1], single.Measurements[0])
	single.Measurements[1].Repeat = 2
	odd := resulttest.NDR()
	odd.Measurements = odd.Measurements[7:]
	odd.Measurements[0].Frame.Name = "64:7+570:4"
	odd.Measurements[0].Goals[0].Name, odd.Measurements[0].Goals[1].Name = "a b", "a-b"
	for _, tt := range []struct {
		name   string
		r      result.Result
		want   map[string]string // the figures beside others
		absent []string
	}{
		{"ndr", resulttest.NDR(), map[string]string{
			"frame.64.goal.NDR.mpps": "8.411214953", "frame.64.goal.PDR.mpps": "8.611214953", "frame.64.goal.NDR.status": "regular",
			"frame.imix.goal.NDR.mpps":   "3.57260999",
			"frame.1280.goal.NDR.status": "above-maximum",
			"frame.1518.goal.NDR.mpps":   "0", "frame.1518.goal.NDR.status": "below-minimum",
		}, []string{"goal.NDR.mpps", "omitted"}},
		{"one kind of frames", single, map[string]string{
			"goal.NDR.mpps": "8.411214953", "goal.PDR.status": "regular",
			"frame.64.goal.NDR.mpps": "8.411214953", "frame.64.repeat.2.goal.NDR.mpps": "8.411214953",
		}, []string{"omitted"}},
		{"odd names", odd, map[string]string{
			"frame.64-7-570-4.goal.a-b.mpps": "3.57260999",
			"omitted":                        "4 figures without room or a key of their own",
		}, nil},
		{"kernel's path", resulttest.NDR(), map[string]string{
			"frame.64.kernel.mpps": "0.25", "frame.64.kernel.lossRatio": "0.000199960008", "frame.64.kernel.gain": "33.64485981",
			"frame.1518.kernel.mpps": "0.125",
		}, []string{"frame.1518.kernel.gain"}},
		{"latency", resulttest.Latency(), map[string]string{
			"frame.64.load.90.mpps": "1.8", "frame.64.load.90.lossRatio": "0", "frame.64.load.90.rttP50Us": "100", "frame.64.load.90.rttP99Us": "900",
			"frame.64.load.10.rttP50Us": "11.11111111",
		}, []string{"frame.64.mpps", "omitted"}},
		{"loss and burst", resulttest.Steps(), map[string]string{
			"frame.64.step.100.lossRatio": "0.25", "frame.64.step.90.mpps": "1.8", "frame.64.repeat.2.burstFrames": "1500.5",
		}, []string{"frame.64.step.90.rttP50Us", "omitted"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := ConfigMap(tt.r, nil, 1<<20)
			got := map[string]string{}
			for k := range tt.want {
				got[k] = data[ResultsPrefix+k]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, k := range tt.absent {
				if v, there := data[ResultsPrefix+k]; there {
					t.Errorf("%s is %q, want it absent", k, v)
				}
			}
		})
	}
}

var configMapKey = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

// Whatever the result and the room, the data is one that Kubernetes takes.
func TestConfigMapFits(t *testing.T) {
	big := resulttest.Soak()
	for range 3000 {
		w := big.Measurements[0].Trials[0].Windows[0]
		big.Measurements[0].Trials[0].Windows = append(big.Measurements[0].Trials[0].Windows, w)
	}
	for range 3 {
		big.Measurements[0].Trials = append(big.Measurements[0].Trials, resulttest.Trial("search", resulttest.Size(64), 2, 0))
	}
	many := resulttest.NDR()
	for i := range 1200 {
		m := many.Measurements[0]
		m.Trials = m.Trials[:1]
		m.Repeat = i + 2
		many.Measurements = append(many.Measurements, m)
	}
	before, _ := json.Marshal(big)
	for name, r := range map[string]result.Result{"big": big, "many": many, "soak": resulttest.Soak(), "ndr": resulttest.NDR()} {
		for _, most := range []int{8 << 10, 16 << 10, 32 << 10, 128 << 10, 1<<20 - 64<<10} {
			data := ConfigMap(r, errors.New(strings.Repeat("ä", 5000)), most)
			for k, v := range data {
				if !configMapKey.MatchString(k) || !utf8.ValidString(v) {
					t.Errorf("%s: %q is %.100q", name, k, v)
				}
				if k != DocumentKey && strings.ContainsAny(v, "\n\x1b") {
					t.Errorf("%s: %q is %.100q", name, k, v)
				}
			}
			if n := dataSize(data); n > most {
				t.Errorf("%s: %d bytes for at most %d", name, n, most)
			}
			if d, there := data[DocumentKey]; there != (d != "") || !there && !strings.Contains(data[OmittedKey], "the document") {
				t.Errorf("%s: the document has %d bytes, and left out is %q", name, len(d), data[OmittedKey])
			}
		}
	}
	odd := resulttest.Fixed()
	odd.Measurements[0].Trials[0].LossRatio = math.NaN()
	if document, omitted := fitted(odd, 1<<20); document != "" || !strings.Contains(omitted, "NaN") {
		t.Errorf("what JSON has not: %d bytes, left out is %q", len(document), omitted)
	}
	whole, _ := compact(big)
	windowless, _ := compact(withoutWindows(big))
	last, _ := compact(lastTrials(big))
	for _, tt := range []struct {
		most    int
		trials  int
		windows uint64 // omitted from the first that is left
		want    string
	}{
		{len(whole), 4, 2, ""},
		{len(whole) - 1, 4, 3003, "the histograms and the windows of trials, which had no room"},
		{len(windowless), 4, 3003, "the histograms and the windows of trials, which had no room"},
		{len(windowless) - 1, 1, 0, "all trials but the last of each measurement, which had no room"},
		{len(last) - 1, 0, 0, "the document, which had no room"},
	} {
		document, omitted := fitted(big, tt.most)
		if omitted != tt.want {
			t.Errorf("%d bytes: left out is %q, want %q", tt.most, omitted, tt.want)
		}
		if tt.trials == 0 {
			if document != "" {
				t.Errorf("%d bytes: there is a document", tt.most)
			}
			continue
		}
		var r result.Result
		if err := json.Unmarshal([]byte(document), &r); err != nil {
			t.Fatal(err)
		}
		trials := r.Measurements[0].Trials
		if len(trials) != tt.trials || trials[0].WindowsOmitted != tt.windows {
			t.Errorf("%d bytes: %d trials, of the first %d windows omitted", tt.most, len(trials), trials[0].WindowsOmitted)
		}
	}
	if after, _ := json.Marshal(big); string(before) != string(after) {
		t.Error("the result was changed")
	}
}

func TestLine(t *testing.T) {
	below := resulttest.Fixed()
	below.Failed = []string{"one", "two"}
	for _, tt := range []struct {
		r       result.Result
		failure error
		most    int
		want    string
	}{
		{resulttest.Fixed(), nil, 1024, "fixed, net1 <-> net2: valid; 64 received: 1.9998 Mpps, 1.3439 Gbit/s at L1, lost 200 (0.01 %)"},
		{resulttest.Fixed(), nil, 8, "fixed, n"},
		{below, nil, 1024, "fixed, net1 <-> net2: one; two"},
		{resulttest.Fixed(), fmt.Errorf("a\nb"), 1024, "fixed, net1 <-> net2: a; b"},
	} {
		got, passed := Line(tt.r, tt.failure, tt.most)
		if want := tt.failure == nil && tt.r.Failed == nil; got != tt.want || passed != want {
			t.Errorf("%q, passed %t, want %q, %t", got, passed, tt.want, want)
		}
	}
}
