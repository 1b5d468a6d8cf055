//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// benchTimeout is how long a bench of two seconds may take, with its start and end.
const benchTimeout = time.Minute

// quietBench are the flags of a bench that sends only the measured packets: no probe,
// because the destination is given, and no warm-up.
var quietBench = []string{"--dst-mac", "02:00:00:00:02:01", "--warmup", "0s", "--duration", "1s", "-o", "json"}

// reflected lets a bench send to a testpmd, which forwards in this mode, until both have
// counted the same on bench's networks. It may take several runs: packets that testpmd has
// left in its rings, without CPU, are lost when bench ends.
func reflected(t *testing.T, mode string, networks []socketNet, args ...string) (in, out testpeer.PortStats, r benchResult) {
	t.Helper()
	if !peertest.Repeat(t, func() bool {
		pod := newPod(t, slices.Clone(networks)...)
		peer, a := startReflector(t, pod, mode, args...)
		defer peer.Kill()
		stats := peer.follow(a, pod.networks...)
		in, out, r = stats[0], stats[len(stats)-1], a.measured()
		return r.Sent.Packets == in.RxPackets && r.Received.Packets == out.TxPackets
	}) {
		t.Errorf("bench sent %d, testpmd received %d and sent %d, bench received %d",
			r.Sent.Packets, in.RxPackets, out.TxPackets, r.Received.Packets)
	}
	return in, out, r
}

func TestBenchAgainstAReflector(t *testing.T) {
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			// The reflector is up before the application sends, whoever makes the socket.
			s, _, r := reflected(t, "macswap", []socketNet{n}, append(quietBench, "--tx", "net1", "--rx", "net1")...)
			if r.Sent.Packets < 1000 {
				t.Errorf("bench sent %d", r.Sent.Packets)
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
			in, out, r := reflected(t, "io", networks, append(quietBench, "--tx", "net1", "--rx", "net2")...)
			if r.Sent.Packets < 1000 {
				t.Errorf("bench sent %d", r.Sent.Packets)
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
			r := a.measured()
			const want = rate * seconds
			if r.Sent.Packets != want || r.Received.Packets != want || r.Lost != 0 {
				t.Errorf("sent %d, received %d, lost %d (%s); want %d, %d, 0", r.Sent.Packets, r.Received.Packets, r.Lost, r.Reason, want, want)
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
	r := a.measured()
	if r.Sent.Packets != 500 || r.Received.Packets != 0 || r.Lost != 500 {
		t.Errorf("bench sent %d, received %d, lost %d, want 500, 0, 500", r.Sent.Packets, r.Received.Packets, r.Lost)
	}
	if c := of(t, r.Interfaces, "net1"); c.RxPackets < 1000 {
		t.Errorf("net1 received %d packets of testpmd, want 1000 at least", c.RxPackets)
	}
}

// Between two sockets of the pod is a real Open vSwitch. It has to count the same as bench.
func TestBenchThroughOVS(t *testing.T) {
	for _, rate := range []string{"2000", "max"} {
		t.Run(rate, func(t *testing.T) {
			var r benchResult
			var want, got map[string]ovsStats
			peertest.Repeat(t, func() bool {
				pod := newPod(t, vhostUser("net1", server), vhostUser("net2", server))
				ovs := startOVS(t, pod.networks[0], pod.networks[1])
				defer ovs.stop()
				a := startApp(t, pod, "bench", append(quietBench, "--tx", "net1", "--rx", "net2", "--rate", rate)...)
				got = ovs.follow(a)
				r = a.measured()
				want = map[string]ovsStats{"net1": {rxPackets: r.Sent.Packets}, "net2": {txPackets: r.Received.Packets}}
				// OVS may have set up its queues late, or forwarded nothing for a while.
				return maps.Equal(want, got) && r.Received.Packets >= 1000
			})
			if r.Sent.Packets < 1000 || r.Received.Packets < 1000 {
				t.Errorf("sent %d, received %d, want 1000 at least", r.Sent.Packets, r.Received.Packets)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(ovsStats{})); diff != "" {
				t.Errorf("OVS (-what bench says +what OVS says):\n%s", diff)
			}
		})
	}
}

// A bench that is interrupted reports its measurements until then, and that they are not
// complete.
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
