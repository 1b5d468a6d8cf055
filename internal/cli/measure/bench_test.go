package measure

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

func TestParseMixes(t *testing.T) {
	for in, want := range map[string]string{
		"64": "64", "64,imix": "64 imix", "rfc2544": "64 128 256 512 1024 1280 1518", "64:1+128:3": "64:1+128:3",
	} {
		got, err := parseMixes(strings.Split(in, ","))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range got {
			names = append(names, m.String())
		}
		if diff := cmp.Diff(want, strings.Join(names, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
	for _, in := range []string{"", "big", "64:1", "64:0+128:1", "64+128:1", "64:300+128:1", "64,imix,64", strings.Repeat("64:1+", 16) + "128:1"} {
		if _, err := parseMixes(strings.Split(in, ",")); cli.ExitCode(err) != cli.CodeUsage {
			t.Errorf("%q: error %v, want one about usage", in, err)
		}
	}
}

func containsAll(s string, parts ...string) bool {
	return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(s, p) })
}

func TestMonitor(t *testing.T) {
	mpps := 1.5
	trial := result.Trial{Phase: "search", Frame: "64", Seconds: 1, Valid: true, LossRatio: 0.25}
	trial.Requested.Mpps, trial.Received.Mpps = &mpps, 1.125
	p := bench.Progress{Phase: "search", Frame: result.Frame{Name: "64"}, Rate: 1.5e6, Lower: 1e6, Upper: 2e6, Goal: "NDR", Left: 30 * time.Second, Most: time.Minute}
	show := func(terminal bool) string {
		var b bytes.Buffer
		m := newMonitor(cli.Streams{Err: &b, IsTerminal: terminal}, "", &result.Result{})
		m.begin(p)
		m.Counted(m.countsAt.Add(time.Second), bench.Counts{Received: 1_000_000, Missing: 3})
		m.end(p, []result.Trial{trial})
		if terminal {
			m.begin(bench.Progress{Phase: p.Phase, Frame: p.Frame, Rate: p.Rate})
			m.Counted(time.Now().Add(time.Second), bench.Counts{Received: 1_000_000, Missing: 3})
		}
		m.close()
		return b.String()
	}
	m := newMonitor(cli.Streams{Err: io.Discard}, "", &result.Result{})
	for _, tt := range []struct {
		phase string
		want  uint64
	}{{"search", 5}, {bench.WarmUp, 0}} {
		m.begin(bench.Progress{Phase: tt.phase})
		m.Counted(time.Now(), bench.Counts{Offered: 5})
		if got := m.Snapshot().Totals[0]; got != tt.want {
			t.Errorf("%s: %d of 5 packets are in the totals, want %d", tt.phase, got, tt.want)
		}
		m.end(bench.Progress{}, []result.Trial{{}})
	}
	want := "msg=trial phase=search frame=64 seconds=1 requestedMpps=1.5 receivedMpps=1.125 lossRatio=0.25 lowerMpps=1 upperMpps=2 goal=NDR left=30s atMost=1m0s\n"
	if diff := cmp.Diff(want, show(false)); diff != "" {
		t.Errorf("to a file (-want +got):\n%s", diff)
	}
	got := show(true)
	for _, part := range []string{"search | NDR | 64 B | 1.5 Mpps", "1-2 Mpps", "about 30s", "at most 1m0s", "search | 64 B | 1.5 Mpps | 1 Mpps back, 3 missing"} {
		if !strings.Contains(got, part) {
			t.Errorf("on a terminal: %q, want it to have %q", got, part)
		}
	}
	if strings.Contains(got, "\n") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("on a terminal: %q, want one line that is gone at the end", got)
	}
}

// If a line does not fit into 80 columns, it loses parts. The bound of the time left, the
// number of the frame size, the goal and the interval stay.
func TestMonitorFits(t *testing.T) {
	var b bytes.Buffer
	m := newMonitor(cli.Streams{Err: &b, IsTerminal: true}, "", &result.Result{})
	m.measuring(7, 7)
	p := bench.Progress{Phase: "search", Frame: result.Frame{Name: "64:7+570:4+1518:1"}, Rate: 12.345e6, Lower: 11.111e6, Upper: 13.333e6, Goal: "NDR", Left: time.Hour, Most: 10 * time.Hour}
	m.begin(p)
	m.end(p, []result.Trial{{LossRatio: 0.0123456}})
	m.Counted(m.countsAt.Add(time.Second), bench.Counts{Received: 12_345_678, Missing: 1_234_567})
	m.begin(p)
	for line := range strings.SplitSeq(b.String(), "\r") {
		line = strings.TrimSuffix(line, "\x1b[K")
		if n := len([]rune(line)); n > 79 {
			t.Errorf("%d columns: %q", n, line)
		}
		if line != "" && (!containsAll(line, "(7 of 7)", "NDR |", "11.11-13.33 Mpps", "at most 10h0m0s")) {
			t.Errorf("%q", line)
		}
	}
	if !strings.Contains(fitting([]string{"a", "", "b"}), "a | b") {
		t.Error("parts that are empty leave a gap")
	}
}
