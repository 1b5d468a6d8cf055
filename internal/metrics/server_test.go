package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// fake is a source whose answers the test chooses.
type fake struct {
	mu    sync.Mutex
	s     Snapshot
	asked int // how often
}

func (f *fake) Snapshot() Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.s
}

func (f *fake) set(s Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.s = s
}

// serve starts a server that ends with the test.
func serve(t *testing.T, addr string, src Source) *Server {
	t.Helper()
	s, err := Serve(t.Context(), addr, src)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// get asks a server, and gives the status and the body.
func get(t *testing.T, addr net.Addr, path string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + addr.String() + path)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(body)
}

func TestServe(t *testing.T) {
	for _, addr := range []string{":0", "127.0.0.1:0", "localhost:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			if l, err := net.Listen("tcp", addr); err != nil {
				t.Skipf("this machine has no such address: %v", err)
			} else {
				l.Close()
			}
			s := serve(t, addr, &fake{s: Snapshot{Ready: true}})
			for path, want := range map[string]struct {
				status int
				body   string
			}{
				"/healthz":              {200, "ok\n"},
				"/readyz":               {200, "ok\n"},
				"/metrics":              {200, "podnet_trials_total 0\n"},
				"/":                     {404, ""},
				"/debug/pprof/":         {404, ""},
				"/metrics/../metrics/x": {404, ""},
			} {
				status, body := get(t, s.Addr(), path)
				if status != want.status || !strings.Contains(body, want.body) {
					t.Errorf("%s: %d %q, want %d and %q", path, status, body, want.status, want.body)
				}
			}
		})
	}
}

func TestServeWatches(t *testing.T) {
	src := &fake{}
	serve(t, "127.0.0.1:0", src)
	for range 3000 {
		src.mu.Lock()
		asked := src.asked
		src.mu.Unlock()
		if asked > 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("nobody looks at the heartbeats between requests")
}

func TestOnlyGet(t *testing.T) {
	s := serve(t, "127.0.0.1:0", &fake{})
	resp, err := http.Post("http://"+s.Addr().String()+"/metrics", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", resp.Status)
	}
}

func TestServeErrors(t *testing.T) {
	taken := serve(t, "127.0.0.1:0", &fake{}).Addr().String()
	_, err := Serve(t.Context(), taken, &fake{})
	if !errors.Is(err, syscall.EADDRINUSE) || strings.Count(err.Error(), taken) != 1 {
		t.Errorf("a taken address, to be named once: %v", err)
	}
	for _, addr := range []string{taken, "9090", "[::1", ":99999", "host:http:80"} {
		s, err := Serve(t.Context(), addr, &fake{})
		if err == nil {
			s.Close()
			t.Errorf("Serve(%q): no error", addr)
			continue
		}
		if !strings.Contains(err.Error(), fmt.Sprintf("%q", addr)) || !strings.Contains(err.Error(), "give HOST:PORT") {
			t.Errorf("Serve(%q): the error does not tell the address or the remedy: %v", addr, err)
		}
	}
}

// ours gives the stacks of goroutines that a server started.
func ours() string {
	stacks := make([]byte, 1<<20)
	var out []string
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, "metrics.Serve") || strings.Contains(stack, "net/http.(*conn).serve") {
			out = append(out, stack)
		}
	}
	return strings.Join(out, "\n\n")
}

func TestClose(t *testing.T) {
	for _, how := range []string{"closed", "context has ended"} {
		t.Run(how, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, err := Serve(ctx, "127.0.0.1:0", &fake{})
			if err != nil {
				t.Fatal(err)
			}
			kept := http.Client{Transport: &http.Transport{}}
			resp, err := kept.Get("http://" + s.Addr().String() + "/healthz")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			defer kept.CloseIdleConnections()
			if ours() == "" {
				t.Error("a running server has no goroutines: the test looks for the wrong ones")
			}
			if how == "closed" {
				err = s.Close()
			} else {
				cancel()
				s.running.Wait()
			}
			if err := errors.Join(err, s.Close(), s.Close()); err != nil {
				t.Errorf("Close: %v", err)
			}
			if c, err := net.Dial("tcp", s.Addr().String()); err == nil {
				c.Close()
				t.Error("the server still listens")
			}
			// net/http ends a connection's goroutine soon, but later.
			for range 3000 {
				if ours() == "" {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("goroutines are left:\n%s", ours())
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	src := &fake{s: Snapshot{Ready: true}}
	s := serve(t, "127.0.0.1:0", src)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for i := range 10 {
				src.set(Snapshot{Ready: true, Turns: map[int]uint64{1: uint64(i)}})
				for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
					if status, body := get(t, s.Addr(), path); status != http.StatusOK {
						t.Errorf("%s: %d %s", path, status, body)
					}
				}
			}
		})
	}
	clients.Wait()
}
