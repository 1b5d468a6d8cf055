package page

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// origin is where the browser finds the page: a name that only the proxy knows.
const origin = "http://report.test/"

// own are the hosts that Chromium asks by itself in spite of its flags, for updates,
// accounts and lists. These are whole names: a page might ask another host of Google's,
// such as the one of its fonts.
var own = []string{
	"accounts.google.com", "android.clients.google.com", "clients2.google.com", "clientservices.googleapis.com",
	"content-autofill.googleapis.com", "edgedl.me.gvt1.com", "mtalk.google.com", "optimizationguide-pa.googleapis.com",
	"redirector.gvt1.com", "safebrowsingohttpgateway.googleapis.com", "update.googleapis.com",
}

// browser is Chromium without a window, behind a proxy that serves only one page.
type browser struct {
	path  string
	proxy *httptest.Server

	mu    sync.Mutex
	page  string
	asked []string
}

// newBrowser starts Chromium. Without Chromium the test is skipped, unless CI requires it.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "" && os.Getenv("PODNET_REQUIRE_CHROMIUM") == "" {
			t.Skip("no chromium: scripts/deps.sh test installs it")
		}
		t.Fatalf("%v: scripts/deps.sh test installs it", err)
	}
	b := &browser{path: path}
	b.proxy = httptest.NewServer(b)
	t.Cleanup(b.proxy.Close)
	return b
}

// ServeHTTP implements http.Handler: it is the proxy.
func (b *browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method == http.MethodGet && r.URL.String() == origin {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, b.page)
		return
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if !slices.Contains(own, host) {
		b.asked = append(b.asked, r.Method+" "+r.URL.String())
	}
	http.Error(w, "this proxy leads nowhere", http.StatusForbidden)
}

// requests are the requests of the last page for anything except itself.
func (b *browser) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked)
}

// dom opens a page and gives the resulting document.
func (b *browser) dom(t *testing.T, page string, flags ...string) string {
	t.Helper()
	return b.run(t, page, append(flags, "--dump-dom")...)
}

// screenshot opens a page, and gives a PNG of its top.
func (b *browser) screenshot(t *testing.T, page string, width, height int) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "page.png")
	b.run(t, page, fmt.Sprintf("--window-size=%d,%d", width, height), "--hide-scrollbars", "--screenshot="+name)
	picture, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

func (b *browser) run(t *testing.T, page string, flags ...string) string {
	t.Helper()
	b.mu.Lock()
	b.page, b.asked = page, nil
	b.mu.Unlock()

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	home := t.TempDir()
	cmd := exec.CommandContext(ctx, b.path, append(flags,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		// No way but the proxy: neither UDP, nor loopback, nor names of its own.
		"--disable-quic", "--proxy-server="+b.proxy.Listener.Addr().String(), "--proxy-bypass-list=<-loopback>",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--user-data-dir="+home, origin)...)
	cmd.Env = append(os.Environ(), "HOME="+home)
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, &stderr)
	}
	return stdout.String()
}
