//go:build e2e

package e2e

import (
	"errors"
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

// After a signal in the middle of traffic a command ends with exact totals, and leaves
// nothing behind.
func TestSignalDuringTraffic(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		for _, sig := range stopSignals {
			t.Run(fmt.Sprintf("%v/%v", n, sig), func(t *testing.T) {
				var signaled time.Time
				generate(t, n, func(peer *testpmd, a *app) {
					peer.awaitRx(a.pod.networks[0], 1000)
					a.Signal(sig)
					signaled = time.Now()
				}, func(a *app, received uint64) bool {
					if took := time.Since(signaled); took > promptly {
						t.Errorf("run ended %v after %v, want %v at most", took, sig, promptly)
					}
					return sentSoMany(a, received)
				}, "--rate", "100000", "-o", "json")
			})
		}
	}
}

// The totals are printed in the table too, and a line for each second before.
func TestSignalPrintsTotals(t *testing.T) {
	_, a := generate(t, memif("net1", client), func(_ *testpmd, a *app) {
		if err := a.Poll(settleTime, func() error {
			if !strings.Contains(a.Stderr(), "net1 rx") {
				return errors.New("no line about the first second")
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		a.Signal(syscall.SIGINT)
	}, func(a *app, received uint64) bool {
		return strings.Contains(a.Stdout(), fmt.Sprint(received))
	}, "--rate", "1000")
	for _, want := range []string{"net1", "total"} {
		if !strings.Contains(a.Stdout(), want) {
			t.Errorf("no %q in the totals:\n%s", want, a.Stdout())
		}
	}
	if lines, most := strings.Count(a.Stderr(), "net1 rx"), int(time.Since(a.started).Seconds()); lines > most {
		t.Errorf("%d lines about net1 in %d seconds, want one per second:\n%s", lines, most, a.Stderr())
	}
}

// Nobody has connected yet: a vhost-user socket that the pod makes holds up
// rte_eal_init itself, which ignores signals.
func TestSignalWhileWaitingForPeer(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		for _, sig := range stopSignals {
			t.Run(fmt.Sprintf("%v/%v", n, sig), func(t *testing.T) {
				pod := newPod(t, n)
				n := pod.networks[0]
				a := startApp(t, pod, "run", "--mode", "io")
				if n.role == server {
					a.awaitListening(n)
				}
				a.awaitWaiting()
				a.Signal(sig)
				a.exit(promptly, 0)
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
	t.Parallel()
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
