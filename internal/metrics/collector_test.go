package metrics

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/podnet/podnet/internal/result"
)

var update = flag.Bool("update", false, "write the golden file")

// full is a snapshot with every metric.
var full = Snapshot{
	Ready: true, Turns: map[int]uint64{1: 11, 2: 12},
	Version: "v1.2.3", DPDK: "22.11.4", Method: "ndr",
	Phase: "search", Frame: "64", Requested: 1e6, Lower: 5e5, Upper: 2e6,
	Trials: 3, Totals: []uint64{100, 99, 98, 2, 1, 4, 5, 6},
	Interfaces: []result.Interface{
		{Name: "net1", Port: "net_memif0", Counters: result.Counters{
			RxPackets: 1, RxBytes: 2, TxPackets: 3, TxBytes: 4, TxRefused: 5, RxMissed: 6, RxErrors: 7, RxNoMbuf: 8, TxErrors: 9,
		}},
		{Name: "net\"2\"\n\x1b[2J\xff", Port: "net_memif1"},
	},
}

func TestMetrics(t *testing.T) {
	src := &fake{s: full}
	status, body := ask(src, newHealth(src), "/metrics")
	if status != 200 {
		t.Errorf("status %d", status)
	}
	const name = "testdata/metrics.txt"
	if *update {
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), body); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	parser := expfmt.NewTextParser(model.LegacyValidation)
	parsed, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed) != len(families) {
		t.Errorf("%d metrics of %d: the snapshot of this test lacks some", len(parsed), len(families))
	}
	problems, err := testutil.CollectAndLint(newCollector(src))
	if err != nil {
		t.Error(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestAbsentMetrics(t *testing.T) {
	src := &fake{}
	_, body := ask(src, newHealth(src), "/metrics")
	for _, name := range []string{"podnet_phase", "per_second", "podnet_port_", "podnet_lcore_"} {
		if strings.Contains(body, name) {
			t.Errorf("nothing is known, but there is %s", name)
		}
	}
	if !strings.Contains(body, "podnet_lost_packets_total 0\n") {
		t.Errorf("no counter begins:\n%s", body)
	}
}

// A run that forwards has no trials. A count of 0 would say that none has ended yet.
func TestNoTrials(t *testing.T) {
	src := &fake{s: full}
	src.s.Method, src.s.NoTrials, src.s.Phase, src.s.Requested, src.s.Lower, src.s.Upper = "macswap", true, "", 0, 0, 0
	_, body := ask(src, newHealth(src), "/metrics")
	var got []string
	for line := range strings.Lines(body) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			got = append(got, strings.Fields(name)[0])
		}
	}
	want := []string{
		"podnet_info", "podnet_lcore_turns_total", "podnet_port_rx_bytes_total", "podnet_port_rx_errors_total",
		"podnet_port_rx_missed_packets_total", "podnet_port_rx_no_mbuf_total", "podnet_port_rx_packets_total", "podnet_port_tx_bytes_total",
		"podnet_port_tx_errors_total", "podnet_port_tx_packets_total", "podnet_port_tx_refused_packets_total",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if !strings.Contains(body, `method="macswap"`) {
		t.Errorf("the mode is missing:\n%s", body)
	}
}

func TestOpenMetrics(t *testing.T) {
	src := &fake{s: full}
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	handler(src, newHealth(src)).ServeHTTP(w, r)
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/openmetrics-text") {
		t.Errorf("Content-Type %q", kind)
	}
	if !strings.HasSuffix(w.Body.String(), "\n# EOF\n") {
		t.Error("no # EOF at the end")
	}
}

func TestTwoPortsOfOneName(t *testing.T) {
	one := result.Interface{Name: "net1", Port: "net_memif0"}
	src := &fake{s: Snapshot{Interfaces: []result.Interface{one, one}, Trials: 7}}
	status, body := ask(src, newHealth(src), "/metrics")
	if status != 200 || !strings.Contains(body, "podnet_trials_total 7\n") || strings.Count(body, "podnet_port_rx_packets_total{") != 1 {
		t.Errorf("%d\n%s", status, body)
	}
}
