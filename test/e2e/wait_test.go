//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
)

// newPodWithoutStatus makes a pod as it is when its container starts: kubelet
// has not written network-status yet.
func newPodWithoutStatus(t *testing.T, networks ...socketNet) *scratchPod {
	t.Helper()
	pod := newPod(t, networks...)
	write(t, filepath.Join(pod.podinfo(), "annotations"), `a="b"`)
	return pod
}

// publish gives the pod its network-status in one step.
func (p *scratchPod) publish(t *testing.T) {
	t.Helper()
	other := *p
	other.dir = t.TempDir()
	other.writePodinfo(t)
	data, err := os.ReadFile(filepath.Join(other.podinfo(), "annotations"))
	if err != nil {
		t.Fatal(err)
	}
	tmp := filepath.Join(p.podinfo(), "tmp")
	write(t, tmp, string(data))
	if err := os.Rename(tmp, filepath.Join(p.podinfo(), "annotations")); err != nil {
		t.Fatal(err)
	}
}

// The status comes late, and the socket of a client later still.
func TestWaitForStatus(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPodWithoutStatus(t, n)
			n := pod.networks[0]
			a := startApp(t, pod, "run", "--wait", "1m", "--mode", "macswap", "-o", "json")
			a.awaitWaiting()
			pod.publish(t)
			if n.role == server {
				a.awaitListening(n)
			}
			peer := peerOf(t, pod, "rxonly")
			peer.awaitLink(n)
			want := peer.exchange(peertest.Burst, n)
			if got := a.stop(syscall.SIGTERM).Total.RxPackets; got != want {
				t.Errorf("run received %d, want %d", got, want)
			}
		})
	}
}

// A signal ends the wait for the pod like the wait for a peer.
func TestSignalWhileWaitingForStatus(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]int{"run": 0, "bench": 5} {
		for _, sig := range stopSignals {
			t.Run(command+"/"+sig.String(), func(t *testing.T) {
				a := startApp(t, newPodWithoutStatus(t, memif("net1", client)), command, "--wait", "1m")
				a.awaitWaiting()
				a.Signal(sig)
				a.exit(promptly, want)
			})
		}
	}
}

// Nobody gives the pod its status, or makes its socket.
func TestWaitTimeout(t *testing.T) {
	for what, publish := range map[string]bool{"network-status": false, `interface "net1"`: true} {
		pod := newPodWithoutStatus(t, memif("net1", client))
		if publish {
			pod.publish(t)
		}
		a := startApp(t, pod, "run", "--wait", "100ms")
		a.exit(settleTime, 3)
		if text := a.Stderr(); !strings.Contains(text, "still missing after 100ms") || !strings.Contains(text, what) {
			t.Errorf("the error does not name what is missing, %s:\n%s", what, text)
		}
	}
}
