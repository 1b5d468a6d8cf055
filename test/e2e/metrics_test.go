//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
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

// metric is the value of a metric, by its name and labels; -1: there is none.
func metric(body, name string) float64 {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		return -1
	}
	v, _ := strconv.ParseFloat(m[1], 64)
	return v
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answers is a check of an answer of the application's server.
func answers(address, path string, code int) func() error {
	return func() error {
		got, body, err := get(address, path)
		if err == nil && got != code {
			err = fmt.Errorf("%s answers %d, want %d: %s", path, got, code, body)
		}
		return err
	}
}

// While a run waits for its peer it is alive and not ready; while it measures it
// is both, and its counters grow.
func TestMetrics(t *testing.T) {
	t.Parallel()
	pod := newPod(t, memif("net1", client))
	address := freeAddress(t)
	a := startApp(t, pod, "bench", "soak", "--tx", "net1", "--rate", "1000", "--duration", "1h", "--metrics", address)
	want := func(path string, code int) func() error { return answers(address, path, code) }
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

// A command is ready while it forwards, and the last counters of /metrics are the same as
// in its result.
func TestRunMetrics(t *testing.T) {
	t.Parallel()
	for _, n := range []socketNet{vhostUser("net1", client), memif("net1", client)} {
		t.Run(n.kind, func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			address := freeAddress(t)
			a := startApp(t, pod, "run", "--mode", "macswap", "--metrics", address, "-o", "json")
			check := func(f func() error) {
				t.Helper()
				if err := a.Poll(benchTimeout, f); err != nil {
					t.Fatal(err)
				}
			}
			check(answers(address, "/healthz", 200))
			check(answers(address, "/readyz", 503))

			peer := peerOf(t, pod, "rxonly")
			peer.awaitLink(n)
			check(answers(address, "/readyz", 200))
			want := peer.exchange(peertest.Bursts*peertest.Burst, n)
			labels := fmt.Sprintf("{interface=%q,port=%q}", n.name, n.port())
			check(func() error {
				_, body, err := get(address, "/metrics")
				if err != nil {
					return err
				}
				for _, name := range []string{"podnet_port_rx_packets_total", "podnet_port_tx_packets_total"} {
					if got := metric(body, name+labels); got != float64(want) {
						return fmt.Errorf("%s is %g, want %d", name, got, want)
					}
				}
				if metric(body, "podnet_trials_total") >= 0 || !strings.Contains(body, `method="macswap"`) {
					return fmt.Errorf("want the mode, and no trials:\n%s", body)
				}
				return nil
			})
			time.Sleep(2 * time.Second) // as long as an lcore that stood still would need to show
			check(answers(address, "/healthz", 200))
			if !n.final() {
				peer.Kill()
				check(answers(address, "/readyz", 503))
			}
			if got := a.stop(syscall.SIGTERM).Total; got.RxPackets != want || got.TxPackets != want {
				t.Errorf("run received %d and sent %d, want %d", got.RxPackets, got.TxPackets, want)
			}
			if _, _, err := get(address, "/readyz"); err == nil {
				t.Error("the server outlived the run")
			}
		})
	}
}
