//go:build e2e

package e2e

import (
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// freeUDPAddress is one that nobody listens on.
func freeUDPAddress(t *testing.T) string {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.LocalAddr().String()
}

// Two pods like a benchmark's: one reflects on its socket and echoes through the kernel,
// the other measures both.
func TestKernelBaseline(t *testing.T) {
	address := freeUDPAddress(t)
	var r result.Result
	var sent, reflected uint64
	if !peertest.Repeat(t, func() bool {
		reflecting, measuring := newPod(t, memif("net1", server)), newPod(t, memif("net1", client))
		measuring.networks[0].path = reflecting.networks[0].path
		measuring.writePodinfo(t)
		peer := startAppAs(t, testpeer.Options{CPUs: cpuset.New(peerCPU)}, reflecting,
			"run", "--mode", "macswap", "--udp-echo", address, "-o", "json")
		peer.awaitListening(reflecting.networks[0])
		a := startApp(t, measuring, "bench", append(quietBench, "--frame-size", "64,1518", "--rate", "500", "--kernel-baseline", address)...)
		a.measured()
		r, sent = result.Result{}, 0
		a.decode(&r)
		for _, m := range r.Measurements {
			for _, trial := range m.Trials {
				sent += trial.Sent.Packets
			}
		}
		reflected = peer.stop(syscall.SIGTERM).Total.RxPackets
		return sent == reflected && !slices.ContainsFunc(r.KernelBaseline, func(k result.KernelBaseline) bool { return k.RTT == nil })
	}) {
		// The ports' counters do not include the echo.
		t.Errorf("the reflector's port received %d, want the %d that bench sent on its own", reflected, sent)
	}
	if len(r.KernelBaseline) != 2 || len(r.Measurements) != 2 {
		t.Fatalf("%d baselines and %d measurements, want 2 each", len(r.KernelBaseline), len(r.Measurements))
	}
	for i, k := range r.KernelBaseline {
		if f := r.Measurements[i].Frame; k.Frame != f.Name || float64(k.FrameBytes) != f.Bytes {
			t.Errorf("baseline of %s, %d bytes, want a baseline of %s", k.Frame, k.FrameBytes, f)
		}
		if k.Peer != address || k.Interface != "lo" || k.Sent == 0 || k.Received == 0 || k.Received > k.Sent || k.Mpps <= 0 || k.RTT == nil {
			t.Errorf("baseline %+v", k)
		}
	}
}

// A peer that does not echo is not ready, and nothing is measured.
func TestKernelBaselineWithoutEcho(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	startDut(t, pod)
	address := freeUDPAddress(t)
	a := startApp(t, pod, "bench", append(quietBench, "--tx", "net1", "--kernel-baseline", address, "--peer-timeout", "5s")...)
	a.exit(benchTimeout, 3)
	if text := a.Stderr(); !strings.Contains(text, address) || !strings.Contains(text, "run --udp-echo") {
		t.Errorf("standard error does not name the peer and the remedy:\n%s", text)
	}
}
