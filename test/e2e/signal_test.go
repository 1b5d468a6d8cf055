//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
)

var stopSignals = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}

// A signal in the middle of traffic ends with exact totals and nothing left.
func TestSignalDuringTraffic(t *testing.T) {
	for _, n := range sockets("net1") {
		for _, sig := range stopSignals {
			t.Run(fmt.Sprintf("%v/%v", n, sig), func(t *testing.T) {
				pod := newPod(t, n)
				n := pod.networks[0]
				peer, a := startBoth(t, pod, "rxonly", "--mode", "txonly", "--rate", "100000", "-o", "json")
				peer.Command("start")
				peer.awaitRx(n, 1000)
				a.Signal(sig)
				begin := time.Now()
				s := peer.follow(a, n)[0]
				if took := time.Since(begin); took > 2*time.Second {
					t.Errorf("run ended %v after %v, want 2s at most", took, sig)
				}
				a.exit(settleTime, 0)
				if sent := a.runResult().Total.TxPackets; s.RxPackets != sent {
					t.Errorf("testpmd received %d, run says it sent %d", s.RxPackets, sent)
				}
			})
		}
	}
}

// The totals are printed in the table too, and a line for each second before.
func TestSignalPrintsTotals(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	n := pod.networks[0]
	peer, a := startBoth(t, pod, "rxonly", "--mode", "txonly", "--rate", "1000")
	peer.Command("start")
	peer.awaitRx(n, 2100)
	a.Signal(syscall.SIGINT)
	s := peer.follow(a, n)[0]
	a.exit(settleTime, 0)
	for _, want := range []string{"net1", "total", fmt.Sprint(s.RxPackets)} {
		if !strings.Contains(a.Stdout(), want) {
			t.Errorf("no %q in the totals:\n%s", want, a.Stdout())
		}
	}
	if lines := strings.Count(a.Stderr(), "net1 rx"); lines != 2 {
		t.Errorf("%d lines about net1 in two seconds, want 2:\n%s", lines, a.Stderr())
	}
}

// Nobody has connected yet: a vhost-user socket that the pod makes holds up
// rte_eal_init itself, which ignores signals.
func TestSignalWhileWaitingForPeer(t *testing.T) {
	for _, n := range sockets("net1") {
		for _, sig := range stopSignals {
			t.Run(fmt.Sprintf("%v/%v", n, sig), func(t *testing.T) {
				pod := newPod(t, n)
				n := pod.networks[0]
				a := startApp(t, pod, "run", "--mode", "io")
				if n.role == server {
					a.awaitListening(n)
				}
				time.Sleep(500 * time.Millisecond) // it waits now, or has failed
				if !a.Running() {
					t.Fatal("run has not waited for its peer")
				}
				a.Signal(sig)
				a.exit(2*time.Second, 0)
			})
		}
	}
}

// listen makes the network's socket as DPDK would: a stream for vhost-user,
// messages for memif.
func listen(t *testing.T, n socketNet) *net.UnixListener {
	t.Helper()
	kind := "unix"
	if n.kind == kindMemif {
		kind = "unixpacket"
	}
	l, err := net.ListenUnix(kind, &net.UnixAddr{Name: n.path, Net: kind})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A socket of a process that is dead makes way.
func TestStaleSocketIsReplaced(t *testing.T) {
	for _, n := range []socketNet{vhostUser("net1", server), memif("net1", server)} {
		t.Run(n.kind, func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			dead := listen(t, n)
			dead.SetUnlinkOnClose(false)
			dead.Close()
			peer, a := startBoth(t, pod, "rxonly", "--mode", "macswap", "-o", "json")
			want := peer.exchange(peertest.Burst, n)
			if got := a.stop(syscall.SIGTERM).Total.RxPackets; got != want {
				t.Errorf("run received %d, want %d", got, want)
			}
		})
	}
}

// A socket on which another process listens stays what it is.
func TestLiveSocketIsNotTouched(t *testing.T) {
	for _, n := range []socketNet{vhostUser("net1", server), memif("net1", server)} {
		t.Run(n.kind, func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			defer listen(t, n).Close()
			before, err := os.Lstat(n.path)
			if err != nil {
				t.Fatal(err)
			}
			a := startApp(t, pod, "run", "--mode", "io")
			code, err := a.Wait(settleTime)
			if err != nil {
				t.Fatal(err)
			}
			if text := a.Stderr(); code != 3 || !strings.Contains(text, "net1") || !strings.Contains(text, n.path) {
				t.Errorf("exit code %d, want 3 and a message about net1 and %s:\n%s", code, n.path, text)
			}
			after, err := os.Lstat(n.path)
			if err != nil || !os.SameFile(before, after) || !listening(t, n.path) {
				t.Errorf("the socket of another process is not what it was: %v", err)
			}
		})
	}
}
