package metrics

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// ask gives the status and the body of a handler's answer.
func ask(src Source, h *health, path string) (int, string) {
	w := httptest.NewRecorder()
	handler(src, h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestHealth(t *testing.T) {
	type step struct {
		wait   time.Duration  // since the step before
		beats  map[int]uint64 // from then on
		status int            // right after; 0: nobody asks
		body   string
	}
	beats := func(turns ...uint64) map[int]uint64 {
		out := map[int]uint64{}
		for i, n := range turns {
			out[len(turns)-i] = n // from the last to the first
		}
		return out
	}
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"no job", []step{{0, nil, 200, "ok\n"}, {time.Hour, nil, 200, "ok\n"}}},
		{"a job begins", []step{{0, beats(0, 0), 200, "ok\n"}, {999 * ms, beats(0, 0), 200, "ok\n"}}},
		{
			"all move",
			[]step{{0, beats(1, 1), 200, "ok\n"}, {900 * ms, beats(2, 2), 200, "ok\n"}, {900 * ms, beats(3, 3), 200, "ok\n"}, {900 * ms, beats(4, 4), 200, "ok\n"}},
		},
		{
			"all stand still, and move again",
			[]step{
				{0, beats(7, 7), 200, "ok\n"},
				{1300 * ms, beats(7, 7), 503, "lcore 1 has stood still for 1.3s\nlcore 2 has stood still for 1.3s\n"},
				{ms, beats(8, 8), 200, "ok\n"},
			},
		},
		{
			"one stands still, and nobody asks until then",
			[]step{{0, beats(7, 7), 0, ""}, {700 * ms, beats(8, 7), 0, ""}, {700 * ms, beats(9, 7), 503, "lcore 1 has stood still for 1.4s\n"}},
		},
		{
			"it moves, and nobody asks until it has stood still",
			[]step{{0, beats(7), 0, ""}, {600 * ms, beats(8), 0, ""}, {1300 * ms, beats(8), 503, "lcore 1 has stood still for 1.15s\n"}},
		},
		{
			"a job ends while an lcore stands still, and the next one begins with as many turns",
			[]step{
				{0, beats(7), 200, "ok\n"},
				{1500 * ms, beats(7), 503, "lcore 1 has stood still for 1.5s\n"},
				{300 * ms, nil, 200, "ok\n"},
				{300 * ms, beats(7), 200, "ok\n"},
			},
		},
		{
			"the next job's lcore counts from the start",
			[]step{{0, beats(7), 200, "ok\n"}, {900 * ms, beats(0), 200, "ok\n"}, {900 * ms, beats(0), 200, "ok\n"}, {300 * ms, beats(0), 503, "lcore 1 has stood still for 1.2s\n"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				src := &fake{}
				h := newHealth(src)
				src.set(Snapshot{Turns: tt.steps[0].beats})
				go h.watch(ctx)
				for i, s := range tt.steps {
					time.Sleep(s.wait)
					src.set(Snapshot{Turns: s.beats})
					synctest.Wait()
					if s.status == 0 {
						continue
					}
					if status, body := ask(src, h, "/healthz"); status != s.status || body != s.body {
						t.Errorf("step %d: %d %q, want %d %q", i, status, body, s.status, s.body)
					}
				}
			})
		})
	}
}

func TestReady(t *testing.T) {
	for _, tt := range []struct {
		s      Snapshot
		status int
		body   string
	}{
		{Snapshot{Ready: true}, 200, "ok\n"},
		{Snapshot{}, 503, "not ready\n"},
		{Snapshot{NotReady: "DPDK has not started"}, 503, "DPDK has not started\n"},
		{Snapshot{NotReady: "interface \"\x1b[2Jnet\xff1\":\nno link"}, 503, "interface \"�[2Jnet�1\":\nno link\n"},
	} {
		src := &fake{s: tt.s}
		if status, body := ask(src, newHealth(src), "/readyz"); status != tt.status || body != tt.body {
			t.Errorf("%+v: %d %q, want %d %q", tt.s, status, body, tt.status, tt.body)
		}
	}
}
