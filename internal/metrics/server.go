// Package metrics serves the figures of a run while it goes on, and tells
// whether it is ready and healthy.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server answers GET of /metrics in the formats of Prometheus, and of /healthz
// and /readyz in plain text.
type Server struct {
	addr    net.Addr
	stop    context.CancelFunc
	running sync.WaitGroup
	served  error
}

// closeTimeout is how long requests under way may take when the server closes.
const closeTimeout = time.Second

// Serve listens on addr, such as :9090 or [::1]:9090, and serves src, and what more
// has, until ctx ends or the server is closed; closing it is the caller's in either
// case. Port 0 is any free one. It fails if addr is not of that form, or cannot be had.
func Serve(ctx context.Context, addr string, src Source, more ...prometheus.Collector) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the rest of it says the address again
		}
		return nil, fmt.Errorf("listen on %q: %w: give HOST:PORT or :PORT of an address of this pod and a free port", addr, err)
	}
	ctx, stop := context.WithCancel(ctx)
	h := newHealth(src)
	server := &http.Server{
		Handler:           handler(src, h, more...),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		// A client's mistakes are not for the terminal that shows the run.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	s := &Server{addr: listener.Addr(), stop: stop}
	s.running.Go(func() { h.watch(ctx) })
	s.running.Go(func() { s.served = server.Serve(listener) })
	s.running.Go(func() {
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		if server.Shutdown(limit) != nil {
			server.Close()
		}
	})
	return s, nil
}

// Addr is the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// Close ends the server, after the requests under way, and may be called more
// than once. It fails if the server had ended before.
func (s *Server) Close() error {
	s.stop()
	s.running.Wait()
	if errors.Is(s.served, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve metrics: %w", s.served)
}

// handler answers from src, h and more.
func handler(src Source, h *health, more ...prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(append(more, newCollector(src))...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true,
		ErrorHandling:     promhttp.ContinueOnError, // rather some figures than none
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, strings.Join(h.complaints(), "\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		s := src.Snapshot()
		switch {
		case s.Ready:
			answer(w, "")
		case s.NotReady == "":
			answer(w, "not ready")
		default:
			answer(w, plain(s.NotReady))
		}
	})
	return mux
}

// answer says ok, or what is wrong with the status of a service that is not
// there for now.
func answer(w http.ResponseWriter, wrong string) {
	w.Header().Set("Cache-Control", "no-store")
	if wrong != "" {
		http.Error(w, wrong, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

// plain replaces what is no text: names of a pod's interfaces are in it, and a
// terminal would obey their control characters.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
