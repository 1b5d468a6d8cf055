//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// get asks the application's server.
func get(address, path string) (code int, body string, err error) {
	r, err := http.Get("http://" + address + path)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return r.StatusCode, string(b), err
}

// metric is the value of a metric without labels.
func metric(body, name string) float64 {
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		return -1
	}
	v, _ := strconv.ParseFloat(m[1], 64)
	return v
}

// While a run waits for its peer it is alive and not ready; while it measures it
// is both, and its counters grow.
func TestMetrics(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	a := startApp(t, pod, "bench", "soak", "--tx", "net1", "--rate", "1000", "--duration", "1h", "--metrics", address)
	want := func(path string, code int) func() error {
		return func() error {
			got, body, err := get(address, path)
			if err == nil && got != code {
				err = fmt.Errorf("%s answers %d, want %d: %s", path, got, code, body)
			}
			return err
		}
	}
	check := func(f func() error) {
		t.Helper()
		if err := a.Poll(benchTimeout, f); err != nil {
			t.Fatal(err)
		}
	}
	check(want("/healthz", 200))
	check(want("/readyz", 503))

	startDut(t, pod)
	check(want("/readyz", 200))
	check(func() error {
		_, body, err := get(address, "/metrics")
		if err != nil {
			return err
		}
		for _, name := range []string{"podnet_sent_packets_total", "podnet_received_packets_total"} {
			if metric(body, name) < 100 {
				return fmt.Errorf("%s is %g, want some", name, metric(body, name))
			}
		}
		return nil
	})
	check(want("/healthz", 200))
	a.Signal(syscall.SIGTERM)
	a.exit(settleTime, 5) // it was stopped before its time
	if _, _, err := get(address, "/readyz"); err == nil {
		t.Error("the server outlived the run")
	}
}
