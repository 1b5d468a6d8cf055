package measure

import (
	"bytes"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/result"
)

// A search that has one bound so far has no interval from or to 0.
func TestBoundsOfSearch(t *testing.T) {
	imix := result.Frame{Name: "imix", Mix: []result.Share{{Bytes: 64, Weight: 1}}}
	for _, tt := range []struct {
		p            bench.Progress
		line, logged string
	}{
		{bench.Progress{Frame: imix, Rate: 4000, Lower: 2000, Upper: 5000}, "imix | 4 kpps | 2-5 kpps", "lowerMpps=0.002 upperMpps=0.005"},
		{bench.Progress{Frame: imix, Rate: 4000, Lower: 2000}, "imix | 4 kpps | from 2 kpps", "lowerMpps=0.002"},
		{bench.Progress{Frame: imix, Rate: 4000, Upper: 5e6}, "imix | 4 kpps | below 5 Mpps", "upperMpps=5"},
		{bench.Progress{Frame: imix, Rate: 4000}, "imix | 4 kpps", ""},
	} {
		for _, terminal := range []bool{true, false} {
			var b bytes.Buffer
			m := newMonitor(cli.Streams{Err: &b, IsTerminal: terminal}, "", &result.Result{})
			m.begin(tt.p)
			want := "\r" + tt.line + "\x1b[K"
			if terminal {
				m.draw("")
			} else {
				m.end(tt.p, []result.Trial{{Frame: "imix", Valid: true}})
				want = strings.TrimRight("lossRatio=0 "+tt.logged, " ") + "\n"
			}
			if !strings.HasSuffix(b.String(), want) {
				t.Errorf("%+v: %q, want %q at the end", tt.p, b.String(), want)
			}
			m.close()
		}
	}
}

// The directory of a history and two sides are two ways to ask.
func TestHistoryAlone(t *testing.T) {
	var w world
	cmd := newBenchCmd(w.deps())
	cmd.SetArgs([]string{"compare", "a", "b", "--history", "c"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ExecuteContext(t.Context()); cli.ExitCode(err) != cli.CodeUsage || !strings.Contains(err.Error(), "--history") {
		t.Error(err)
	}
}
