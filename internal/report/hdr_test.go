package report

import (
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// spiked is so many round-trip times of that many nanoseconds, with their histogram.
func spiked(t *testing.T, ns, n int64) *result.RTT {
	t.Helper()
	h := hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)
	if err := h.RecordValues(ns, n); err != nil {
		t.Fatal(err)
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return &result.RTT{Packets: uint64(n), Histogram: string(b)}
}

// readLog reads a log as anybody's reader does.
func readLog(t *testing.T, text string) (list []*hdrhistogram.Histogram) {
	t.Helper()
	reader := hdrhistogram.NewHistogramLogReader(strings.NewReader(text))
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			return list
		}
		list = append(list, h)
	}
}

// Logs have a histogram per load, or per rate found, with its tag; they merge.
func TestHDRLog(t *testing.T) {
	latency := resulttest.Latency()
	for i := range latency.Measurements[0].Latency {
		l := &latency.Measurements[0].Latency[i]
		l.RTT, l.ScheduledRTT = spiked(t, 1000, 10), spiked(t, int64(2000*(i+1)), int64(100*(i+1)))
	}
	search := resulttest.NDR()
	search.Measurements = search.Measurements[:1]
	m := &search.Measurements[0]
	m.Trials = nil
	for range 3 {
		trial := resulttest.Trial("search", m.Frame, m.Goals[0].Lower.Mpps, 0)
		trial.Requested.Mpps = &m.Goals[0].Lower.Mpps
		trial.RTT, trial.ScheduledRTT = spiked(t, 500, 7), nil
		m.Trials = append(m.Trials, trial)
	}
	m.Trials[1].Valid = false
	list := readLog(t, form(t, "hdr", latency, search))
	var got []string
	sum := hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)
	for _, h := range list {
		got = append(got, h.Tag())
		if dropped := sum.Merge(h); dropped > 0 {
			t.Errorf("%s: %d do not merge", h.Tag(), dropped)
		}
	}
	if want := "64/10%_of_NDR 64/50%_of_NDR 64/90%_of_NDR 64/NDR"; strings.Join(got, " ") != want {
		t.Fatalf("tags %q, want %q", got, want)
	}
	if n := sum.TotalCount(); n != 100+200+300+14 {
		t.Errorf("%d packets together, want 614", n)
	}
	if n, most := list[1].TotalCount(), list[1].Max(); n != 200 || most < 4000 || most > 4003 {
		t.Errorf("at half the load: %d packets, %d ns at most", n, most)
	}
	if start := list[3].StartTimeMs(); start < 0 || list[3].EndTimeMs() < start {
		t.Errorf("from %d to %d ms", start, list[3].EndTimeMs())
	}
}

// A malformed histogram is an error, and a hostile name adds no lines to the log.
func TestHDRLogOfHostileResult(t *testing.T) {
	r := resulttest.Fixed()
	trial := &r.Measurements[0].Trials[0]
	trial.ScheduledRTT = spiked(t, 1000, 5)
	r.Measurements[0].Frame.Name = "64,1,1\nTag=x"
	r.Reason, r.Valid = "why\n1,2,3,HIST", false
	if list := readLog(t, form(t, "hdr", r)); len(list) != 1 || list[0].TotalCount() != 5 || strings.ContainsAny(list[0].Tag(), ", \n") {
		t.Errorf("%d histograms: %v", len(list), list)
	}
	for _, text := range []string{"x", "SElTVEYA", trial.ScheduledRTT.Histogram[:40]} {
		trial.ScheduledRTT.Histogram = text
		if err := Write(&strings.Builder{}, "hdr", r); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
