//go:build e2e

package e2e

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
)

// comeback is how soon packets must flow after a peer has returned, with a third of a CPU,
// or how soon the command must say that they cannot.
const comeback = 15 * time.Second

// late is how long a peer stays away. A command that does not wait for it has failed by
// then.
const late = time.Second

func TestPeerStartsLate(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			a := startApp(t, pod, "run", "--mode", "macswap", "-o", "json")
			a.awaitWaiting()
			if n.role == server {
				a.awaitListening(n)
			}
			peer := peerOf(t, pod, "rxonly")
			peer.awaitLink(n)
			want := peer.exchange(peertest.Burst, n)
			if got := a.stop(syscall.SIGINT).Total; got.RxPackets != want || got.TxPackets != want {
				t.Errorf("run received %d and sent %d, want %d each", got.RxPackets, got.TxPackets, want)
			}
		})
	}
}

func TestBenchWaitsForALatePeer(t *testing.T) {
	t.Parallel()
	pod := newPod(t, vhostUser("net1", client))
	n := pod.networks[0]
	a := startApp(t, pod, "bench", "--tx", "net1", "--rx", "net1", "--rate", "500", "--duration", "1s", "--warmup", "0s", "--peer-timeout", "0s", "-o", "json")
	a.awaitWaiting()
	peer := peerOf(t, pod, "macswap")
	peer.awaitLink(n)
	time.Sleep(late) // the probe has to wait for a peer that does not answer yet, too
	peer.Command("start")
	// A generator that is held up at the end of its time sends fewer.
	if r := a.measured(); r.Sent.Packets == 0 || r.Sent.Packets != 500 && r.Valid || r.Received.Packets != r.Sent.Packets {
		t.Errorf("sent %d, received %d, want 500 each", r.Sent.Packets, r.Received.Packets)
	}
}

// final reports whether DPDK cannot get a peer back on this kind of socket: as a client
// virtio_user does not connect a second time. There the command ends and says so; on the
// others packets must flow again.
func (n socketNet) final() bool { return n.kind == kindVhostUser && n.role == client }

func TestPeerIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			killAndRestartPeer(t, newPod(t, n))
		})
	}
}

func killAndRestartPeer(t *testing.T, pod *scratchPod) {
	t.Helper()
	n := pod.networks[0]
	peer, a := startBoth(t, pod, "rxonly", "--mode", "macswap", "-o", "json")
	before := peer.exchange(peertest.Burst, n)

	peer.Kill()
	if n.final() {
		a.exit(comeback, 1)
		if text := a.Stderr(); !strings.Contains(text, "net1") || !strings.Contains(text, "hung up") {
			t.Errorf("run does not say that net1's peer has hung up:\n%s", text)
		}
		return
	}
	if n.role == client {
		// DPDK does not remove the socket of a dead server, so whoever starts the server
		// again has to.
		if err := os.Remove(n.path); err != nil {
			t.Fatal(err)
		}
	}
	peer = peerOf(t, pod, "rxonly")
	returned := time.Now()
	if err := a.Poll(comeback, func() error { return peer.checkLink(n) }); err != nil {
		t.Fatal(err)
	}
	const want = 1000
	after := peer.exchange(want, n)
	if took := time.Since(returned); took > comeback {
		t.Errorf("%d packets each way took %v after the peer's return, want %v at most", want, took, comeback)
	}
	if got := a.stop(syscall.SIGTERM).Total; got.RxPackets != before+after || got.TxPackets != before+after {
		t.Errorf("run received %d and sent %d, want %d: %d each way with the first peer and %d with the second",
			got.RxPackets, got.TxPackets, before+after, before, after)
	}
}

// If a peer dies in the middle of traffic, the command keeps its totals.
func TestPeerIsKilledDuringTraffic(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			peer, a := startBoth(t, pod, "flowgen", "--mode", "macswap", "-o", "json")
			peer.Command("start")
			peer.awaitRx(n, 10_000)
			peer.Kill()
			if n.final() {
				a.exit(comeback, 1)
			} else {
				time.Sleep(200 * time.Millisecond) // for the driver to notice
				a.Signal(syscall.SIGTERM)
				a.exit(promptly, 0)
			}
			if got := a.runResult().Total; got.RxPackets < 10_000 || got.TxPackets < 10_000 {
				t.Errorf("run received %d and sent %d, want 10000 each at least", got.RxPackets, got.TxPackets)
			}
		})
	}
}

func TestNoPeer(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		for _, command := range [][]string{{"run", "--mode", "io"}, {"bench", "--tx", "net1"}} {
			t.Run(n.String()+"/"+command[0], func(t *testing.T) {
				pod := newPod(t, n)
				begin := time.Now()
				a := startApp(t, pod, command[0], append(command[1:], "--peer-timeout", "1s")...)
				a.exit(promptly, 3)
				if took := time.Since(begin); took < time.Second {
					t.Errorf("gave up after %v, want no sooner than 1s", took)
				}
				if text := a.Stderr(); !strings.Contains(text, "net1") {
					t.Errorf("standard error does not name net1:\n%s", text)
				}
			})
		}
	}
}

// If one of two peers comes, the error names the other's interface.
func TestNoSecondPeer(t *testing.T) {
	t.Parallel()
	pod := newPod(t, vhostUser("net1", server), vhostUser("net2", server))
	a := startApp(t, pod, "run", "--mode", "io", "--peer-timeout", "10s")
	net1 := pod.networks[0]
	startTestpmd(t, peerCPU, "rxonly", net1.peerVdev())
	a.exit(10*time.Second+promptly, 3)
	last := lastLine(a.Stderr())
	if !strings.Contains(last, "net2") || strings.Contains(last, "net1") {
		t.Errorf("want a message about net2 and not net1: %s", last)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
