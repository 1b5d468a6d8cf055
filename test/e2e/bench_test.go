//go:build e2e

package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// benchTimeout is what a bench of two seconds may take with all that is around it.
const benchTimeout = 15 * time.Second

// quietBench are the flags of a bench that sends nothing but what it measures:
// no probe, because the destination is given, and no warm-up.
var quietBench = []string{"--dst-mac", "02:00:00:00:02:01", "--warmup", "0s", "--duration", "1s", "-o", "json"}

func TestBenchAgainstAReflector(t *testing.T) {
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			// The reflector is up before the application sends, whoever makes the socket.
			peer, a := startReflector(t, pod, "macswap", append(quietBench, "--tx", "net1", "--rx", "net1")...)
			s := peer.follow(a, n)[0]
			a.exit(settleTime, 0)
			r := a.benchResult()
			if r.Sent.Packets < 1000 || r.Sent.Packets != s.RxPackets {
				t.Errorf("bench sent %d, testpmd received %d", r.Sent.Packets, s.RxPackets)
			}
			if r.Received.Packets != s.TxPackets {
				t.Errorf("testpmd sent %d, bench received %d", s.TxPackets, r.Received.Packets)
			}
			if want := int64(r.Sent.Packets - r.Received.Packets); r.Lost != want {
				t.Errorf("lost %d of %d sent, received %d", r.Lost, r.Sent.Packets, r.Received.Packets)
			}
			if c := of(t, r.Interfaces, "net1"); c.TxPackets != s.RxPackets || c.RxPackets != s.TxPackets {
				t.Errorf("net1's counters: sent %d, received %d; testpmd's received %d, sent %d", c.TxPackets, c.RxPackets, s.RxPackets, s.TxPackets)
			}
		})
	}
}

// startReflector starts a testpmd that forwards at once and the bench that it
// serves.
func startReflector(t *testing.T, pod *scratchPod, mode string, args ...string) (*testpmd, *app) {
	t.Helper()
	if pod.networks[0].role == client {
		peer := peerOf(t, pod, mode)
		peer.Command("start")
		return peer, startApp(t, pod, "bench", args...)
	}
	a := startApp(t, pod, "bench", args...)
	for _, n := range pod.networks {
		if n.kind == kindMemif {
			a.awaitListening(n)
		}
	}
	peer := peerOf(t, pod, mode)
	peer.Command("start")
	return peer, a
}

func TestBenchThroughABridge(t *testing.T) {
	for _, networks := range [][]socketNet{
		{vhostUser("net1", client), vhostUser("net2", client)},
		{memif("net1", client), memif("net2", client)},
		{vhostUser("net1", client), memif("net2", client)},
		{vhostUser("net1", server), vhostUser("net2", server)},
	} {
		t.Run(fmt.Sprintf("%v-to-%v", networks[0], networks[1]), func(t *testing.T) {
			pod := newPod(t, networks...)
			net1, net2 := pod.networks[0], pod.networks[1]
			peer, a := startReflector(t, pod, "io", append(quietBench, "--tx", "net1", "--rx", "net2")...)
			stats := peer.follow(a, net1, net2)
			in, out := stats[0], stats[1]
			a.exit(settleTime, 0)
			r := a.benchResult()
			if r.Sent.Packets < 1000 || r.Sent.Packets != in.RxPackets {
				t.Errorf("bench sent %d, testpmd received %d", r.Sent.Packets, in.RxPackets)
			}
			if r.Received.Packets != out.TxPackets {
				t.Errorf("testpmd sent %d, bench received %d", out.TxPackets, r.Received.Packets)
			}
			if in.TxPackets != 0 || out.RxPackets != 0 {
				t.Errorf("packets went back: testpmd sent %d on net1, received %d on net2", in.TxPackets, out.RxPackets)
			}
		})
	}
}

// At a set rate the number of packets is known beforehand. Warm-up and probes,
// which the reflector counts too, are in no count of the result.
func TestBenchCountsOnlyItsOwnPackets(t *testing.T) {
	const rate, seconds = 500, 1 // slow enough for every ring to last while others have the CPU
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			peer, a := startReflector(t, pod, "macswap", "--tx", "net1", "--rx", "net1",
				"--rate", fmt.Sprint(rate), "--warmup", "500ms", "--duration", fmt.Sprintf("%ds", seconds), "-o", "json")
			s := peer.follow(a, n)[0]
			a.exit(settleTime, 0)
			r := a.benchResult()
			const want = rate * seconds
			if r.Sent.Packets != want || r.Received.Packets != want || r.Lost != 0 || !r.Valid {
				t.Errorf("sent %d, received %d, lost %d, valid %t (%s); want %d, %d, 0, true",
					r.Sent.Packets, r.Received.Packets, r.Lost, r.Valid, r.Reason, want, want)
			}
			if c := of(t, r.Interfaces, "net1"); c.TxPackets != want || c.RxPackets != want {
				t.Errorf("net1 counts %d sent, %d received, want %d each", c.TxPackets, c.RxPackets, want)
			}
			const warmup = rate / 2
			if probes := int64(s.RxPackets) - want - warmup; probes < 1 || probes > 100 {
				t.Errorf("testpmd received %d: %d more than the trial's %d and the warm-up's %d, want a few probes", s.RxPackets, probes, want, warmup)
			}
		})
	}
}

// Foreign packets on the wire are not taken for the measurement's.
func TestBenchIgnoresForeignPackets(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	peer := peerOf(t, pod, "txonly") // generates its own, and leaves bench's where they are
	peer.Command("start")
	a := startApp(t, pod, "bench", append(quietBench, "--tx", "net1", "--rx", "net1", "--rate", "500")...)
	a.exit(benchTimeout, 0)
	r := a.benchResult()
	if r.Sent.Packets != 500 || r.Received.Packets != 0 || r.Lost != 500 {
		t.Errorf("bench sent %d, received %d, lost %d, want 500, 0, 500", r.Sent.Packets, r.Received.Packets, r.Lost)
	}
	if c := of(t, r.Interfaces, "net1"); c.RxPackets < 1000 {
		t.Errorf("net1 received %d packets of testpmd, want 1000 at least", c.RxPackets)
	}
}

// Between two sockets of the pod lies a real Open vSwitch: what it counts is what
// bench counts.
func TestBenchThroughOVS(t *testing.T) {
	for _, rate := range []string{"2000", "max"} {
		t.Run(rate, func(t *testing.T) {
			pod := newPod(t, vhostUser("net1", server), vhostUser("net2", server))
			ovs := startOVS(t, pod.networks[0], pod.networks[1])
			a := startApp(t, pod, "bench", append(quietBench, "--tx", "net1", "--rx", "net2", "--rate", rate)...)
			got := ovs.follow(a)
			a.exit(settleTime, 0)
			r := a.benchResult()
			if r.Sent.Packets < 1000 || r.Received.Packets < 1000 {
				t.Errorf("sent %d, received %d, want 1000 at least", r.Sent.Packets, r.Received.Packets)
			}
			want := map[string]ovsStats{"net1": {rxPackets: r.Sent.Packets}, "net2": {txPackets: r.Received.Packets}}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(ovsStats{})); diff != "" {
				t.Errorf("OVS (-what bench says +what OVS says):\n%s", diff)
			}
		})
	}
}

// A bench that is interrupted says what it measured until then, and that this
// is not what was asked for.
func TestBenchInterrupted(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	n := pod.networks[0]
	peer := peerOf(t, pod, "macswap")
	peer.Command("start")
	a := startApp(t, pod, "bench", append(quietBench, "--tx", "net1", "--rx", "net1", "--rate", "10000", "--duration", "1m")...)
	peer.awaitRx(n, 1000)
	a.Signal(syscall.SIGINT)
	s := peer.follow(a, n)[0]
	a.exit(settleTime, 5)
	if r := a.benchResult(); r.Valid || r.Sent.Packets != s.RxPackets || r.Received.Packets != s.TxPackets {
		t.Errorf("valid %t, sent %d, received %d; testpmd received %d, sent %d", r.Valid, r.Sent.Packets, r.Received.Packets, s.RxPackets, s.TxPackets)
	}
}
