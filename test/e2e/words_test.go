//go:build e2e

package e2e

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// A peer that refuses the connection is not reported as missing: the error quotes DPDK's
// reason.
func TestMemifOfAnotherID(t *testing.T) {
	t.Parallel()
	for option, want := range map[string]string{"id=7": "id", "secret=wrong": "secret"} {
		t.Run(option, func(t *testing.T) {
			pod := newPod(t, memif("net1", client))
			startTestpmd(t, peerCPU, "rxonly", pod.networks[0].peerVdev()+","+option)
			a := startApp(t, pod, "bench", "--tx", "net1", "--peer-timeout", "2s")
			a.exit(settleTime, 3)
			a.says("net1", "DPDK says")
			if text := strings.ToLower(a.Stderr()); !strings.Contains(text, want) {
				t.Errorf("the error does not speak of the %s:\n%s", want, text)
			}
		})
	}
}

// With --metrics :0 the command has to print the port.
func TestMetricsOnAnyPort(t *testing.T) {
	a := startPlain(t, testpeer.Options{}, "run", append(alone, "--metrics", "127.0.0.1:0")...)
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`)
	var url string
	a.await(func() error {
		if url = address.FindString(a.Stderr()); url == "" {
			return errors.New("no address yet")
		}
		return nil
	})
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	a.ends(syscall.SIGTERM, 0)
}

// A command's messages are short, appear once, and go to standard error.
func TestErrorsOfDPDK(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"no such interface":          {[]string{"bench", "--tx", "nosuch", "--memory", "none"}, 3, []string{"nosuch"}},
		"a driver that is not there": {[]string{"run", "--vdev", "net_no_such0", "--memory", "none"}, 3, []string{"net_no_such0"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := startPlain(t, testpeer.Options{}, tt.args[0], tt.args[1:]...)
			a.exit(settleTime, tt.code)
			a.says(tt.says...)
			if a.Stdout() != "" {
				t.Errorf("on standard output:\n%s", a.Stdout())
			}
			lines := strings.Split(strings.TrimSpace(a.Stderr()), "\n")
			if len(lines) != 1 || strings.ContainsRune(a.Stderr(), '\uFFFD') {
				t.Errorf("want one line:\n%s", a.Stderr())
			}
		})
	}
}
