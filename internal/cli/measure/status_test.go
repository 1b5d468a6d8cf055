package measure

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/metrics"
	"github.com/podnet/podnet/internal/result"
)

// A command is ready while it forwards, and keeps its counters when it has ended.
func TestStatus(t *testing.T) {
	s := newStatus(deps{Deps: cli.Deps{Version: "v1", Program: cli.Program{DPDKVersion: "22.11.11"}}}, "macswap")
	want := metrics.Snapshot{NotReady: "DPDK has not started", Version: "v1", DPDK: "22.11.11", Method: "macswap", NoTrials: true}
	check := func(when string) {
		t.Helper()
		if diff := cmp.Diff(want, s.Snapshot()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("before")
	s.Links("")
	want.Ready, want.NotReady = true, ""
	check("ready")
	s.Links("no peer")
	want.Ready, want.NotReady = false, "no peer"
	check("alone")
	s.Links("")
	want.Ready, want.NotReady = true, ""
	l := newLive(cli.Streams{Err: t.Output()}, s)
	list := []result.Interface{{Name: "net1", Port: "net_memif0", Counters: result.Counters{RxPackets: 1, RxBytes: 64}}}
	l.Carried(time.Unix(0, 0), list)
	want.Interfaces = list
	check("counted")
	s.setEnded()
	want.Ready, want.NotReady = false, "the run has ended"
	check("ended")
}

func TestServeStatus(t *testing.T) {
	var said bytes.Buffer
	d := deps{Deps: cli.Deps{Program: cli.Program{Name: "testpmd-wrapper"}, Streams: cli.Streams{Err: &said}}}
	s := newStatus(d, "io")
	for _, address := range []string{"", "127.0.0.1:0"} {
		stop, err := (&metricsOption{address}).serveMetrics(t.Context(), d, s)
		if err != nil {
			t.Fatal(err)
		}
		stop()
	}
	if !regexp.MustCompile(`^testpmd-wrapper: serving http://127.0.0.1:[1-9][0-9]*/metrics\n$`).MatchString(said.String()) {
		t.Errorf("it says %q, want the port that it got", said.String())
	}
	for _, address := range []string{"nonsense", ":99999", "127.0.0.1"} {
		if _, err := (&metricsOption{address}).serveMetrics(t.Context(), d, s); cli.ExitCode(err) != cli.CodeUsage {
			t.Errorf("%s: %v, want a usage error", address, err)
		}
	}
}
