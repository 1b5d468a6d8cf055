package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/yaml"
)

func TestApplyConfigMap(t *testing.T) {
	k := newCluster(t)
	c, _ := k.client(t)
	// All that JSON and YAML disagree on, and what follows it.
	hostile := "a: [b\n- \"c\" # <d>&\t\x00\x1b\u007f\u0085\u009f\u2028\ufeff\ufffe\uffff\U0001f600 \\u0041"
	data := map[string]string{"status.succeeded": "true", "status.failureReason": "", "result.json": `{"a":"` + hostile + `"}`}
	if err := c.ApplyConfigMap(t.Context(), "result", data); err != nil {
		t.Fatal(err)
	}
	calls := k.seen()
	want := []call{{
		Method: "PATCH", Path: "/api/v1/namespaces/ns-1/configmaps/result", Query: "fieldManager=testpmd-wrapper&force=true",
		ContentType: "application/apply-patch+yaml", Token: "Bearer first",
	}}
	if diff := cmp.Diff(want, calls, cmpopts.IgnoreFields(call{}, "Body")); diff != "" {
		t.Fatalf("calls (-want +got):\n%s", diff)
	}
	object := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "result", "namespace": "ns-1"}, "data": map[string]any{},
	}
	for k, v := range data {
		object["data"].(map[string]any)[k] = v
	}
	// The server reads it by this package.
	for name, parse := range map[string]func([]byte, any) error{
		"JSON": json.Unmarshal,
		"YAML": func(b []byte, v any) error { return yaml.Unmarshal(b, v) },
	} {
		var got map[string]any
		if err := parse(calls[0].Body, &got); err != nil {
			t.Fatalf("%s: %v\n%q", name, err, calls[0].Body)
		}
		if diff := cmp.Diff(object, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, name := range []string{"", "a/b", "../secrets/x", "a?b"} {
		if err := c.ApplyConfigMap(t.Context(), name, data); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
	if n := len(k.seen()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestCreateEvent(t *testing.T) {
	k := newCluster(t)
	c, _ := k.client(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone("", 3600))
	e := Event{Type: Warning, Reason: "BenchFailed", Message: "m", Pod: "bench-7", PodUID: "u-7", At: at}
	if err := c.CreateEvent(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	e.Pod, e.PodUID, e.Message = strings.Repeat("a", 230)+"."+strings.Repeat("b", 22), "", strings.Repeat("ä", 600)+"\xff"
	if err := c.CreateEvent(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	calls := k.seen()
	want := call{Method: "POST", Path: "/api/v1/namespaces/ns-1/events", ContentType: "application/json", Token: "Bearer first"}
	if diff := cmp.Diff(want, calls[0], cmpopts.IgnoreFields(call{}, "Body")); diff != "" {
		t.Fatalf("call (-want +got):\n%s", diff)
	}
	var got map[string]any
	if err := json.Unmarshal(calls[0].Body, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata":       map[string]any{"name": "bench-7.1898b293831de005", "namespace": "ns-1"},
		"involvedObject": map[string]any{"kind": "Pod", "apiVersion": "v1", "namespace": "ns-1", "name": "bench-7", "uid": "u-7"},
		"type":           "Warning", "reason": "BenchFailed", "message": "m", "count": 1.0,
		"source":         map[string]any{"component": "testpmd-wrapper"},
		"firstTimestamp": "2026-03-01T11:00:00Z", "lastTimestamp": "2026-03-01T11:00:00Z",
	}, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	var long struct {
		Metadata       struct{ Name string }
		InvolvedObject map[string]string
		Message        string
	}
	if err := json.Unmarshal(calls[1].Body, &long); err != nil {
		t.Fatal(err)
	}
	if err := CheckName(long.Metadata.Name); err != nil {
		t.Error(err)
	}
	if _, has := long.InvolvedObject["uid"]; has || len(long.Message) != MaxEventMessage || !utf8.ValidString(long.Message) {
		t.Errorf("event %+v, %d bytes of message", long, len(long.Message))
	}
	for _, pod := range []string{"", "A", "a/b"} {
		if err := c.CreateEvent(t.Context(), Event{Pod: pod}); err == nil {
			t.Errorf("%q is taken for a pod", pod)
		}
	}
}

func TestAnswers(t *testing.T) {
	fine := answer{code: 200}
	for _, tt := range []struct {
		name    string
		answers []answer
		calls   int
		slept   []time.Duration
		want    []string // in the error; nil: none
	}{
		{"created", []answer{{code: 201}}, 1, nil, nil},
		{
			"forbidden",
			[]answer{{code: 403, body: status("User \"x\" cannot patch resource\n\x1b[31m")}},
			1, nil,
			[]string{"answers 403 to patch configmaps \"result\" in namespace \"ns-1\": User \"x\" cannot patch resource", "the verb patch (and create", "manifests/components/results-configmap"},
		},
		{"unauthorized", []answer{{code: 401, body: status("Unauthorized")}}, 1, nil, []string{"401", "does not take the token"}},
		{"invalid", []answer{{code: 422, body: status("immutable")}}, 1, nil, []string{"422", "immutable"}},
		{"redirected", []answer{{code: 302}}, 1, nil, []string{"302"}},
		{"a proxy's page", []answer{{code: 404, body: "<html>\r\n" + strings.Repeat("x", 1<<20)}}, 1, nil, []string{"404", "<html>  xxx"}},
		{"failing, then fine", []answer{{code: 500}, {code: 503}, fine}, 3, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond}, nil},
		{"overloaded, then fine", []answer{{code: 429, retryAfter: "3"}, fine}, 2, []time.Duration{3 * time.Second}, nil},
		{
			"overloaded for long",
			[]answer{{code: 429, retryAfter: "99999999999999"}, {code: 429, retryAfter: "soon"}, {code: 429, retryAfter: "86400"}, fine},
			4,
			[]time.Duration{5 * time.Second, 500 * time.Millisecond, 5 * time.Second},
			nil,
		},
		{
			"failing for long",
			[]answer{{code: 500}, {code: 500}, {code: 500}, {code: 500}, {code: 500}, {code: 500}, {code: 500}, fine},
			8,
			[]time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second},
			nil,
		},
		{
			"over its quota",
			[]answer{{code: 403, body: status("configmaps \"result\" is forbidden: exceeded quota: q, requested: count/configmaps=1")}},
			1, nil,
			[]string{"count/configmaps=1$"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newCluster(t, tt.answers...)
			c, slept := k.client(t)
			err := c.ApplyConfigMap(t.Context(), "result", nil)
			if (err == nil) != (tt.want == nil) {
				t.Fatal(err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error()+"$", part) {
					t.Errorf("error %v, want it to have %q", err, part)
				}
			}
			if err != nil {
				if s, ok := errors.AsType[*StatusError](err); !ok || s.Name != "result" {
					t.Errorf("error %#v", err)
				}
				if len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\n\x1b") {
					t.Errorf("error %q", err)
				}
			}
			if diff := cmp.Diff(tt.slept, *slept, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("slept (-want +got):\n%s", diff)
			}
			if n := len(k.seen()); n != tt.calls {
				t.Errorf("%d requests, want %d", n, tt.calls)
			}
		})
	}
}

// An event whose first try was carried out, and not answered, is there once.
func TestEventTwice(t *testing.T) {
	k := newCluster(t, answer{code: 504}, answer{code: 409, body: status("already exists")})
	c, _ := k.client(t)
	e := Event{Type: Normal, Reason: "BenchPassed", Pod: "bench-7", At: time.Now()}
	if err := c.CreateEvent(t.Context(), e); err != nil {
		t.Error(err)
	}
	calls := k.seen()
	if len(calls) != 2 || string(calls[0].Body) != string(calls[1].Body) {
		t.Errorf("calls %+v", calls)
	}
	k = newCluster(t, answer{code: 409})
	c, _ = k.client(t)
	if err := c.CreateEvent(t.Context(), e); err == nil {
		t.Error("a conflict at the first try is none")
	}
}

func TestEventOfNoPod(t *testing.T) {
	k := newCluster(t)
	c, _ := k.client(t)
	err := c.CreateEvent(t.Context(), Event{Type: Normal, Reason: "BenchPassed", At: time.Now()})
	if err == nil || !strings.Contains(err.Error(), "POD_NAME") || len(k.seen()) > 0 {
		t.Errorf("error %v, %d requests", err, len(k.seen()))
	}
}

func TestForbiddenEvent(t *testing.T) {
	k := newCluster(t, answer{code: 403})
	c, _ := k.client(t)
	err := c.CreateEvent(t.Context(), Event{Type: Normal, Reason: "BenchPassed", Pod: "bench-7", At: time.Now()})
	if err == nil || !strings.Contains(err.Error(), "the verb create on events") {
		t.Error(err)
	}
}

// The token is replaced while the pod runs, also between two tries.
func TestTokenIsRotated(t *testing.T) {
	k := newCluster(t, answer{code: 500})
	c, _ := k.client(t)
	k.onCall = func() { k.mount(t, "token", "second") }
	if err := c.ApplyConfigMap(t.Context(), "result", nil); err != nil {
		t.Fatal(err)
	}
	k.onCall = nil
	k.mount(t, "token", "third")
	if err := c.ApplyConfigMap(t.Context(), "result", nil); err != nil {
		t.Fatal(err)
	}
	var tokens []string
	for _, call := range k.seen() {
		tokens = append(tokens, call.Token)
	}
	if diff := cmp.Diff([]string{"Bearer first", "Bearer second", "Bearer third"}, tokens); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	k.remove(t, "token")
	if err := c.ApplyConfigMap(t.Context(), "result", nil); !errors.Is(err, ErrNoAccount) {
		t.Errorf("error %v, want %v", err, ErrNoAccount)
	}
}

func TestUnreachable(t *testing.T) {
	k := newCluster(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	k.environ = append(k.environ, "KUBERNETES_SERVICE_PORT="+port)
	c, slept := k.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	const tries = 8 // until ctx ends
	c.sleep = func(_ <-chan struct{}, d time.Duration) {
		if *slept = append(*slept, d); len(*slept) == tries {
			cancel()
		}
	}
	err = c.ApplyConfigMap(ctx, "result", nil)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "refused") || strings.Contains(err.Error(), "https://") {
		t.Errorf("error %v", err)
	}
	if len(*slept) != tries {
		t.Errorf("slept %v", *slept)
	}
}

// The error of a try that the context has cut short is not the cause.
func TestLastWord(t *testing.T) {
	k := newCluster(t, answer{code: 500, body: status("etcd is away")}, answer{hang: true})
	c, _ := k.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	k.onCall = func() {
		if len(k.calls) == 2 {
			cancel()
		}
	}
	if err := c.ApplyConfigMap(ctx, "result", nil); err == nil || !strings.Contains(err.Error(), "etcd is away") {
		t.Errorf("error %v", err)
	}
}

// A server that the pod's certificates do not vouch for gets no token, and is not
// asked again.
func TestImpostor(t *testing.T) {
	k := newCluster(t)
	k.mount(t, "ca.crt", otherAuthority)
	c, slept := k.client(t)
	err := c.ApplyConfigMap(t.Context(), "result", nil)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "the authority in "+accountDir+"/ca.crt signed") || len(*slept) > 0 || len(k.seen()) > 0 {
		t.Errorf("error %v, slept %v, seen %d", err, *slept, len(k.seen()))
	}
}

func TestTimeout(t *testing.T) {
	k := newCluster(t, answer{hang: true}, answer{code: 200})
	c, slept := k.client(t)
	c.timeout = 2 * time.Second // enough for the second call
	if err := c.ApplyConfigMap(t.Context(), "result", nil); err != nil || len(*slept) != 1 {
		t.Errorf("error %v, slept %v", err, *slept)
	}
	// The context bounds all tries together.
	k = newCluster(t, answer{hang: true}, answer{hang: true})
	c, _ = k.client(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.ApplyConfigMap(ctx, "result", nil); !errors.Is(err, ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if n := len(k.seen()); n > 1 {
		t.Errorf("%d requests, want 1 at most", n)
	}
	// And the sleep between them.
	k = newCluster(t, answer{code: 500})
	c, _ = k.client(t)
	c.sleep, c.backoff = sleep, time.Hour
	ctx, cancel = context.WithCancel(t.Context())
	k.onCall = func() { time.AfterFunc(50*time.Millisecond, cancel) }
	if err := c.ApplyConfigMap(ctx, "result", nil); err == nil {
		t.Error("no error")
	}
}
