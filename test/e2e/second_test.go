//go:build e2e

package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// In every phase one signal ends a command within two seconds, and a second one at
// once; neither leaves a process, a socket or a runtime directory.
func TestSignalsInEveryPhase(t *testing.T) {
	t.Parallel()
	socket := func(pod *scratchPod, name string) string { return filepath.Join(pod.dir, name) }
	for _, tt := range []struct {
		phase string
		start func(t *testing.T, pod *scratchPod) *app
		codes []int // after one signal; after two 1 as well
	}{
		{"run: EAL waits for a peer", func(t *testing.T, pod *scratchPod) *app {
			a := startApp(t, pod, "run", "--memory", "none")
			a.awaitWaiting()
			return a
		}, []int{0}},
		{"bench: a probe is awaited", func(t *testing.T, _ *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "bench", "--vdev", "net_null0", "--tx", "net_null0", "--memory", "none")
			time.Sleep(late)
			return a
		}, []int{5}},
		{"bench: a search", func(t *testing.T, _ *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "bench", append([]string{"ndr"}, alone...)...)
			time.Sleep(2 * late)
			return a
		}, []int{5}},
		{"dut: it forwards", func(t *testing.T, pod *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "dut", "--memif", socket(pod, "d"), "--delay", "100ms", "--memory", "none")
			a.await(func() error { return listens(t, socket(pod, "d")) })
			return a
		}, []int{0}},
		{"dut: it waits for a server", func(t *testing.T, pod *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "dut", "--memif", "client:"+socket(pod, "d"), "--memory", "none")
			time.Sleep(late)
			return a
		}, []int{0}},
		{"check: DPDK starts", func(t *testing.T, pod *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "check", "--dry-start", "--memory", "none",
				"--vdev", "net_virtio_user0,server=1,path="+socket(pod, "c"))
			a.await(func() error { return listens(t, socket(pod, "c")) })
			return a
		}, []int{1}},
		{"exec: testpmd waits for a peer", func(t *testing.T, pod *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "exec", append([]string{
				"--interfaces", "none", "--memory", "none", "--eal-arg=--vdev=net_virtio_user0,server=1,path=" + socket(pod, "e"), "--",
			}, peertest.TestpmdArgs("rxonly")...)...)
			a.await(func() error { return listens(t, socket(pod, "e")) })
			t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(a.prefix)) }) // testpmd leaves it
			return a
		}, []int{128 + int(syscall.SIGTERM), 1}}, // testpmd ends with either
		{"wait", func(t *testing.T, _ *scratchPod) *app {
			a := startPlain(t, testpeer.Options{}, "wait", "--wait", "1m", "--podinfo", t.TempDir())
			time.Sleep(late)
			return a
		}, []int{128 + int(syscall.SIGTERM)}},
	} {
		for _, signals := range []int{1, 2} {
			t.Run(tt.phase+"/"+itoa(signals), func(t *testing.T) {
				pod := newPod(t, vhostUser("net1", server))
				a := tt.start(t, pod)
				codes := tt.codes
				a.Signal(syscall.SIGTERM)
				if signals == 2 {
					time.Sleep(300 * time.Millisecond)
					a.Signal(syscall.SIGTERM)
					codes = append(slices.Clone(codes), 1)
				}
				code, err := a.Wait(inTime)
				if err != nil || !slices.Contains(codes, code) {
					t.Errorf("exit code %d, %v, want one of %d", code, err, codes)
				}
				for end := time.Now().Add(time.Second); unix.Kill(-a.PID, 0) == nil && time.Now().Before(end); { // a child that was killed
					time.Sleep(10 * time.Millisecond)
				}
				if tt.codes[0] < 128 { // else it is another program, or has made nothing
					a.checkLeft()
					if left, _ := filepath.Glob(filepath.Join(pod.dir, "?")); len(left) > 0 {
						t.Errorf("%q are left", left)
					}
				}
			})
		}
	}
}

// listens tells, as an error, that nobody listens on the socket.
func listens(t *testing.T, path string) error {
	t.Helper()
	if !listening(t, path) {
		return errors.New("nobody listens on " + path)
	}
	return nil
}
