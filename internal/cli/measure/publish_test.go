package measure

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/result/resulttest"
)

// fakeCluster is an API server that keeps what is written to it.
type fakeCluster struct {
	root    string
	environ []string

	mu      sync.Mutex
	params  map[string]string   // of the ConfigMap params; nil: there is none
	data    []map[string]string // of the ConfigMap, at every write
	events  []fakeEvent
	refuses func(write int) int // gives the HTTP status of the ConfigMap's n-th write, from 0
	noEvent bool
}

type fakeEvent struct{ Type, Reason, Message, Pod string }

func newFakeCluster(t *testing.T) *fakeCluster {
	t.Helper()
	k := &fakeCluster{root: t.TempDir(), refuses: func(int) int { return http.StatusOK }}
	server := httptest.NewTLSServer(k)
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	k.environ = []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port, "HOSTNAME=bench-7"}
	dir := filepath.Join(k.root, "var/run/secrets/kubernetes.io/serviceaccount")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"token": "t", "namespace": "ns-1",
		"ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func (k *fakeCluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		k.read(w, r.URL.Path)
		return
	}
	var object struct {
		Data                  map[string]string
		Type, Reason, Message string
		InvolvedObject        struct{ Name string }
	}
	if err := json.NewDecoder(r.Body).Decode(&object); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "PATCH /api/v1/namespaces/ns-1/configmaps/result":
		k.data = append(k.data, object.Data)
		w.WriteHeader(k.refuses(len(k.data) - 1))
	case "POST /api/v1/namespaces/ns-1/events":
		if k.noEvent {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		k.events = append(k.events, fakeEvent{object.Type, object.Reason, object.Message, object.InvolvedObject.Name})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// read answers for the ConfigMap of parameters and for the pod at the other end.
func (k *fakeCluster) read(w http.ResponseWriter, path string) {
	var object any
	switch {
	case path == "/api/v1/namespaces/ns-1/configmaps/params" && k.params != nil:
		object = map[string]any{"data": k.params}
	case path == "/api/v1/namespaces/ns-1/pods/reflector":
		object = map[string]any{"spec": map[string]string{"nodeName": "node-b"}}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(object)
}

// options gives a run in a pod of the cluster that has no port to drive.
func (k *fakeCluster) options(f *world) benchOptions {
	o := benchOptions{
		deps: f.deps(),
		driveOptions: driveOptions{
			PodOptions: cli.PodOptions{Root: k.root, Podinfo: "/etc/podnetinfo"}, EALOptions: cli.EALOptions{Queues: 1},
		},
		flowOptions:    flowOptions{SrcIP: "198.18.0.1", DstIP: "198.18.0.2", Flows: 1},
		publishOptions: publishOptions{ResultConfigMap: "result", Events: true},
		FrameSizes:     []string{"64"}, Repeat: 1, Output: "json",
	}
	o.Env = k.environ
	return o
}

// measured is a session that has measured m; the rest is not done.
func (k *fakeCluster) measured(f *world, o benchOptions, m ...result.Measurement) *session {
	s := &session{benchOptions: &o, method: newFixed(), plan: plan{mixes: make([]result.Mix, 1)}}
	s.begin()
	s.result.Measurements = m
	s.monitor = newMonitor(f.deps().Streams, "", &s.result)
	return s
}

func TestPublish(t *testing.T) {
	least := 2.0
	invalid := resulttest.FixedAt(1, 0)
	invalid.Valid, invalid.Reason = false, "the generator was late"
	for _, tt := range []struct {
		name    string
		m       []result.Measurement
		minimum *float64
		failure error
		code    int
		reason  string // in the ConfigMap; empty: it succeeded
	}{
		{"passed", []result.Measurement{resulttest.FixedAt(1, 0)}, nil, nil, cli.CodeDone, ""},
		{"below its threshold", []result.Measurement{resulttest.FixedAt(1, 0)}, &least, nil, cli.CodeBelow, "below the 2 of --min-mpps"},
		{"not valid", []result.Measurement{invalid}, nil, nil, cli.CodeInvalid, "not valid: the generator was late"},
		{"stopped", nil, nil, nil, cli.CodeInvalid, "incomplete: 0 of 1 measurements were made"},
		{"failed", nil, nil, cli.NotReady(errors.New("no peer")), cli.CodeNotReady, "no peer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newFakeCluster(t)
			var f world
			s := k.measured(&f, k.options(&f), tt.m...)
			s.result.Settings.MinMpps = tt.minimum
			ctx, stop := context.WithCancel(t.Context())
			if err := s.announce(ctx); err != nil {
				t.Fatal(err)
			}
			stop() // as the pod's deletion does: the result is written all the same
			if err := s.end(ctx, tt.failure); cli.ExitCode(err) != tt.code {
				t.Errorf("%v, code %d, want %d", err, cli.ExitCode(err), tt.code)
			}
			if len(k.data) != 2 || len(k.events) != 1 {
				t.Fatalf("%d writes and %d events, want 2 and 1; %s", len(k.data), len(k.events), &f.err)
			}
			begun, ended, event := k.data[0], k.data[1], k.events[0]
			if diff := cmp.Diff(map[string]string{report.StartedKey: s.result.Started.Format(time.RFC3339)}, begun); diff != "" {
				t.Errorf("at the start (-want +got):\n%s", diff)
			}
			wantEvent := fakeEvent{"Normal", "BenchPassed", event.Message, "bench-7"}
			succeeded := "true"
			if tt.reason != "" {
				wantEvent.Type, wantEvent.Reason, succeeded = "Warning", "BenchFailed", "false"
			}
			if diff := cmp.Diff(wantEvent, event); diff != "" || !strings.Contains(event.Message, tt.reason) {
				t.Errorf("event %q (-want +got):\n%s", event.Message, diff)
			}
			reason := ended[report.FailureKey]
			if ended[report.SucceededKey] != succeeded || (reason == "") != (tt.reason == "") || !strings.Contains(reason, tt.reason) ||
				ended[report.CompletedKey] == "" {
				t.Errorf("at the end: %q", ended)
			}
			var document result.Result
			if err := json.Unmarshal([]byte(ended[report.DocumentKey]), &document); err != nil || document.Ended == nil {
				t.Errorf("document %q: %v", ended[report.DocumentKey], err)
			}
			if f.err.Len() > 0 {
				t.Errorf("on stderr: %s", &f.err)
			}
		})
	}
}

// If the API refuses a write, the command fails before anything starts, and if it refuses
// at the end of a run, then there.
func TestPublishRefused(t *testing.T) {
	k := newFakeCluster(t)
	k.refuses = func(int) int { return http.StatusForbidden }
	var f world
	err := benchRun(t.Context(), k.options(&f), newFixedForTest(t))
	if cli.ExitCode(err) != cli.CodeNotReady || !strings.HasPrefix(err.Error(), "--result-configmap: ConfigMap result: the Kubernetes API answers 403") {
		t.Errorf("%v, code %d", err, cli.ExitCode(err))
	}
	if len(k.data) != 1 || len(k.events) != 1 || k.events[0].Reason != "BenchFailed" || !strings.Contains(k.events[0].Message, "403") {
		t.Errorf("%d writes and the events %q, want 1 and BenchFailed", len(k.data), k.events)
	}
	for _, tt := range []struct {
		mpps float64
		code int
	}{{3, cli.CodeFailed}, {1, cli.CodeBelow}} {
		k = newFakeCluster(t)
		k.noEvent = true
		k.refuses = func(write int) int { return []int{http.StatusOK, http.StatusUnprocessableEntity}[write] }
		f = world{}
		s := k.measured(&f, k.options(&f), resulttest.FixedAt(tt.mpps, 0))
		least := 2.0
		s.result.Settings.MinMpps = &least
		if err := s.announce(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := s.end(t.Context(), nil)
		if cli.ExitCode(err) != tt.code || !strings.Contains(err.Error(), "--result-configmap: ConfigMap result: the Kubernetes API answers 422") {
			t.Errorf("%g Mpps: %v, code %d, want %d", tt.mpps, err, cli.ExitCode(err), tt.code)
		}
		if !strings.Contains(f.err.String(), "testpmd-wrapper: warning: --events: event Bench") || !strings.Contains(f.err.String(), "403") {
			t.Errorf("%g Mpps: on stderr %q", tt.mpps, &f.err)
		}
	}
}

// If other keys leave no room, the short result is written. If a result cannot be written,
// the event does not say that the run passed.
func TestPublishWithoutRoom(t *testing.T) {
	for _, tt := range []struct {
		name   string
		codes  []int // of the writes
		code   int
		reason string // of the event
	}{
		{"for the document", []int{http.StatusOK, http.StatusRequestEntityTooLarge, http.StatusOK}, cli.CodeDone, "BenchPassed"},
		{"for anything", []int{http.StatusOK, http.StatusRequestEntityTooLarge, http.StatusRequestEntityTooLarge}, cli.CodeFailed, "BenchFailed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newFakeCluster(t)
			k.refuses = func(write int) int { return tt.codes[write] }
			var f world
			m := resulttest.FixedAt(1, 0)
			for range 1000 {
				m.Trials = append(m.Trials, m.Trials[0])
			}
			s := k.measured(&f, k.options(&f), m)
			if err := s.announce(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.end(t.Context(), nil); cli.ExitCode(err) != tt.code {
				t.Errorf("%v, code %d, want %d", err, cli.ExitCode(err), tt.code)
			}
			if len(k.data) != 3 || k.data[2][report.SucceededKey] != "true" || len(k.data[2][report.DocumentKey]) > littleRoom ||
				k.data[2][report.OmittedKey] == "" || len(k.data[1][report.DocumentKey]) <= littleRoom {
				t.Errorf("%d writes, the last of %q", len(k.data), k.data[len(k.data)-1])
			}
			if len(k.events) != 1 || k.events[0].Reason != tt.reason {
				t.Errorf("events %q, want %s", k.events, tt.reason)
			}
		})
	}
}

// Once it gets a signal, a run has little time left to write its result.
func TestPublishing(t *testing.T) {
	const run = 100 * time.Second // less than publishTimeout
	for name, tt := range map[string]struct {
		stopped bool
		want    time.Duration
	}{"at its end": {false, publishTimeout}, "stopped": {true, run + stoppedTimeout}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				begin := time.Now()
				bounded, cancel := publishing(ctx)
				defer cancel()
				time.Sleep(run)
				if tt.stopped {
					stop()
				}
				<-bounded.Done()
				if got := time.Since(begin); got != tt.want {
					t.Errorf("ends after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// An error about the result file goes where the last run's result stands.
func TestPublishUnwritable(t *testing.T) {
	k := newFakeCluster(t)
	var f world
	o := k.options(&f)
	o.ResultFile = filepath.Join(t.TempDir(), "none", "result.json")
	err := benchRun(t.Context(), o, newFixedForTest(t))
	if cli.ExitCode(err) != cli.CodeFailed || !strings.HasPrefix(err.Error(), "--result-file") {
		t.Errorf("%v, code %d", err, cli.ExitCode(err))
	}
	if len(k.data) != 2 || k.data[1][report.SucceededKey] != "false" || !strings.Contains(k.data[1][report.FailureKey], "--result-file") {
		t.Errorf("written: %q", k.data)
	}
}

// A run that gets a signal before DPDK starts says so. If the signal comes during the
// announcement, the error does not blame the API.
func TestPublishStopped(t *testing.T) {
	stop := errors.New("told to stop")
	k := newFakeCluster(t)
	var f world
	o := k.options(&f)
	o.Wait = time.Hour
	s := k.measured(&f, o)
	if err := s.announce(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	if err := s.end(ctx, s.drive(ctx)); !errors.Is(err, stop) || cli.ExitCode(err) != cli.CodeFailed {
		t.Errorf("%v, code %d", err, cli.ExitCode(err))
	}
	if n := len(k.data); n != 2 || !strings.Contains(k.data[n-1][report.FailureKey], "told to stop") {
		t.Errorf("written: %q", k.data)
	}

	k = newFakeCluster(t)
	if err := benchRun(ctx, k.options(&f), newFixedForTest(t)); !errors.Is(err, stop) || cli.ExitCode(err) != cli.CodeFailed {
		t.Errorf("stopped at once: %v, code %d", err, cli.ExitCode(err))
	}
	// The start may have been written, or not.
	if len(k.data) != 1 || k.data[0][report.FailureKey] == "" || len(k.events) != 1 {
		t.Errorf("stopped at once: written %q, events %q", k.data, k.events)
	}
}

// newFixedForTest is the method with its flags at their defaults.
func newFixedForTest(t *testing.T) *method {
	t.Helper()
	m := newFixed()
	cmd := newMethodCmd(deps{}, m)
	if err := cmd.ParseFlags(nil); err != nil {
		t.Fatal(err)
	}
	return m
}
