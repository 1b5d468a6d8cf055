package kube

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// call is a request as the server saw it.
type call struct {
	Method, Path, Query, ContentType, Token string
	Body                                    []byte
}

// answer is what the server says to one.
type answer struct {
	code       int
	body       string
	retryAfter string
	hang       bool // until the client gives up
}

// cluster is an API server, and the root of a pod beside it.
type cluster struct {
	root    string
	environ []string

	mu      sync.Mutex
	calls   []call
	answers []answer // to the calls in turn; then 200
	onCall  func()
}

func newCluster(t *testing.T, answers ...answer) *cluster {
	t.Helper()
	k := &cluster{answers: answers}
	server := httptest.NewTLSServer(k)
	t.Cleanup(server.Close)
	host, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	k.root = t.TempDir()
	k.environ = []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port}
	k.mount(t, "token", "first\n")
	k.mount(t, "namespace", "ns-1")
	k.mount(t, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	return k
}

// mount writes a file as the kubelet does: by a link in a directory of links.
func (k *cluster) mount(t *testing.T, name, content string) {
	t.Helper()
	dir := filepath.Join(k.root, accountDir)
	version := fmt.Sprintf("..%d", time.Now().UnixNano())
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, version), 0o755),
		os.WriteFile(filepath.Join(dir, version, name), []byte(content), 0o600),
		os.Symlink(filepath.Join(accountDir, version, name), filepath.Join(dir, "next")),
		os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, name)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (k *cluster) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(k.root, accountDir, name)); err != nil {
		t.Fatal(err)
	}
}

func (k *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, call{
		r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body,
	})
	if k.onCall != nil {
		k.onCall()
	}
	a := answer{code: http.StatusOK, body: "{}"}
	if len(k.answers) > 0 {
		a, k.answers = k.answers[0], k.answers[1:]
	}
	if a.hang {
		<-r.Context().Done()
		return
	}
	if a.retryAfter != "" {
		w.Header().Set("Retry-After", a.retryAfter)
	}
	w.WriteHeader(a.code)
	_, _ = io.WriteString(w, a.body)
}

func (k *cluster) seen() []call {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

// client is of the pod, and does not sleep: it notes for how long it would.
func (k *cluster) client(t *testing.T) (c *Client, slept *[]time.Duration) {
	t.Helper()
	c, err := New(Options{Root: k.root, Environ: k.environ})
	if err != nil {
		t.Fatal(err)
	}
	slept = new([]time.Duration)
	c.sleep = func(_ <-chan struct{}, d time.Duration) { *slept = append(*slept, d) }
	return c, slept
}

func status(message string) string {
	b, _ := json.Marshal(map[string]string{"kind": "Status", "apiVersion": "v1", "message": message})
	return string(b)
}

func TestNewFails(t *testing.T) {
	long := strings.Repeat("x", 70<<10)
	for _, tt := range []struct {
		name   string
		change func(k *cluster)
		is     error
		want   string
	}{
		{"not in a pod", func(k *cluster) { k.environ = nil }, ErrNotInPod, "KUBERNETES_SERVICE_HOST"},
		{"no port", func(k *cluster) { k.environ = k.environ[:1] }, ErrNotInPod, "KUBERNETES_SERVICE_PORT"},
		{"hostile host", func(k *cluster) { k.environ[0] = "KUBERNETES_SERVICE_HOST=evil/x@" }, nil, `"evil/x@" is no address`},
		{"hostile port", func(k *cluster) { k.environ[1] = "KUBERNETES_SERVICE_PORT=1/x" }, nil, `"1/x" is no port`},
		{"no token", func(k *cluster) { k.remove(t, "token") }, ErrNoAccount, "automountServiceAccountToken: false"},
		{"no mount", func(k *cluster) { k.root = t.TempDir() }, ErrNoAccount, "automountServiceAccountToken: false"},
		{"empty token", func(k *cluster) { k.mount(t, "token", "\n") }, nil, "token: is no token"},
		{"token of two lines", func(k *cluster) { k.mount(t, "token", "a\r\nX: b") }, nil, "token: is no token"},
		{"huge token", func(k *cluster) { k.mount(t, "token", long) }, nil, "too large"},
		{"no certificate", func(k *cluster) { k.mount(t, "ca.crt", "none") }, nil, "ca.crt: has no certificate"},
		{"namespace", func(k *cluster) { k.mount(t, "namespace", "../kube-system") }, nil, `namespace "../kube-system"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newCluster(t)
			tt.change(k)
			_, err := New(Options{Root: k.root, Environ: k.environ})
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if len(k.seen()) > 0 {
				t.Error("the server was asked")
			}
		})
	}
}

// A link in the mount leads nowhere outside the root.
func TestReadsInsideTheRoot(t *testing.T) {
	k := newCluster(t)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.remove(t, "token")
	if err := os.Symlink(outside, filepath.Join(k.root, accountDir, "token")); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Root: k.root, Environ: k.environ}); !errors.Is(err, ErrNoAccount) {
		t.Errorf("error %v, want %v", err, ErrNoAccount)
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "result-1", "a.b", "0", strings.Repeat("a", 253)} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{
		"", "A", "a/b", "..", ".", "a..b", "-a", "a-", "a.-b", "a_b", "a?x=1", "a%2fb", "ä", "a\n", "ns/name", strings.Repeat("a", 254),
	} {
		if CheckName(name) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

func TestPod(t *testing.T) {
	bound := "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"kubernetes.io":{"namespace":"ns-1","pod":{"name":"bench-7","uid":"u-7"}}}`)) + ".s"
	for _, tt := range []struct {
		token string
		env   []string
		want  pod
	}{
		{"opaque", nil, pod{}},
		{"opaque", []string{"HOSTNAME=h"}, pod{Name: "h"}},
		{"a.!.c", []string{"HOSTNAME=h"}, pod{Name: "h"}},
		{bound, []string{"HOSTNAME=h"}, pod{"bench-7", "u-7"}},
		{bound, []string{"POD_NAME=bench-7"}, pod{"bench-7", "u-7"}},
		{bound, []string{"POD_NAME=other"}, pod{Name: "other"}},
		{bound, []string{"POD_NAME=other", "POD_UID=u"}, pod{"other", "u"}},
		{"opaque", []string{"POD_NAME=p", "POD_UID=u", "HOSTNAME=h"}, pod{"p", "u"}},
	} {
		k := newCluster(t)
		k.mount(t, "token", tt.token)
		k.environ = append(k.environ, tt.env...)
		c, _ := k.client(t)
		var got pod
		got.Name, got.UID = c.Pod()
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s, %q (-want +got):\n%s", tt.token, tt.env, diff)
		}
	}
}

// otherAuthority is a certificate that signs nothing here.
const otherAuthority = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUCAiDwhuvUyM08qPih2676brVhHswCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTIzMDkwNzM3WhgPMjEyNjEwMzAwOTA3
MzdaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
/m1edz9+ots2Ncs5gqSZQV+H1AtbMOQ9bVT6KzPi4r3WlYh6nNpqdJhiTxZOsI88
xCLXW9obd1TLYUPE60/9B6NTMFEwHQYDVR0OBBYEFIQIMUupjBmXYPP8HNiHwZ8P
doqMMB8GA1UdIwQYMBaAFIQIMUupjBmXYPP8HNiHwZ8PdoqMMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAI5GNAORQSUGamTttjPko9ZIrGXdIzFP
ykUwZ63SOrwdAiAeJDsIeNBdBvCvxz7DdWatlwy8wG/LepUr4uUUF0yuUg==
-----END CERTIFICATE-----
`

func TestRead(t *testing.T) {
	k := newCluster(t,
		answer{code: 200, body: `{"kind":"ConfigMap","data":{"spec.param.frame-size":"64"}}`},
		answer{code: 503}, // and again
		answer{code: 200, body: `{"spec":{"nodeName":"node-b"}}`},
		answer{code: 200, body: `{"spec":{}}`},
		answer{code: 200, body: `{"spec":{"nodeName":"a\u001b[2J"}}`},
		answer{code: 200, body: "no object"},
		answer{code: 403, body: status(`pods "reflector" is forbidden: User "x" cannot get resource "pods"`)},
	)
	c, _ := k.client(t)
	data, err := c.ConfigMapData(t.Context(), "params")
	if err != nil || data["spec.param.frame-size"] != "64" {
		t.Errorf("%v, %v", data, err)
	}
	if node, err := c.NodeOf(t.Context(), "reflector"); err != nil || node != "node-b" {
		t.Errorf("node %q, %v", node, err)
	}
	if node, err := c.NodeOf(t.Context(), "reflector"); err != nil || node != "" {
		t.Errorf("node %q, %v, want none yet", node, err)
	}
	for _, want := range []string{"node ", "no such object", "verb get on pods"} {
		if node, err := c.NodeOf(t.Context(), "reflector"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("node %q, %v, want %q", node, err, want)
		}
	}
	asked := len(k.seen())
	if _, err := c.ConfigMapData(t.Context(), "../secrets/x"); err == nil || len(k.seen()) != asked {
		t.Errorf("a path is taken for a name: %v", err)
	}
	for i, path := range []string{"configmaps/params", "pods/reflector"} {
		if got := k.seen()[i]; got.Method != http.MethodGet || got.Path != "/api/v1/namespaces/ns-1/"+path || got.Token != "Bearer first" || len(got.Body) != 0 {
			t.Errorf("call %+v", got)
		}
	}
}
