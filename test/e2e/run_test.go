//go:build e2e

package e2e

import (
	"fmt"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// sockets are the four ways in which a pod can be given a socket.
func sockets(name string) []socketNet {
	return []socketNet{vhostUser(name, client), vhostUser(name, server), memif(name, client), memif(name, server)}
}

func (n socketNet) String() string { return n.kind + "-" + n.role }

// startBoth starts `run` on the pod and a testpmd as the other side, whoever makes
// the sockets first, and returns when all links are up. The networks are all of
// one role.
func startBoth(t *testing.T, pod *scratchPod, peerMode string, args ...string) (*testpmd, *app) {
	t.Helper()
	var peer *testpmd
	var a *app
	if pod.networks[0].role == client {
		peer = peerOf(t, pod, peerMode)
		a = startApp(t, pod, "run", args...)
	} else {
		a = startApp(t, pod, "run", args...)
		for _, n := range pod.networks {
			a.awaitListening(n)
			if n.kind == kindVhostUser {
				break // EAL makes the next when this one has its peer
			}
		}
		peer = peerOf(t, pod, peerMode)
	}
	peer.awaitLink(pod.networks...)
	return peer, a
}

func TestRunReflects(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"io", "mac", "macswap"} {
		for _, n := range sockets("net1") {
			t.Run(mode+"/"+n.String(), func(t *testing.T) {
				pod := newPod(t, n)
				n := pod.networks[0]
				peer, a := startBoth(t, pod, "rxonly", "--mode", mode, "-o", "json")
				peer.Command("set txpkts 60")
				want := peer.exchange(peertest.Bursts*peertest.Burst, n)
				got := a.stop(syscall.SIGTERM)
				c := counters{RxPackets: want, RxBytes: want * 64, TxPackets: want, TxBytes: want * 64}
				if diff := cmp.Diff(runResult{
					Schema: "podnet.run/v1", Mode: mode, Seconds: got.Seconds, Lcores: got.Lcores, Total: c,
					Interfaces: []interfaceResult{{Name: "net1", Port: n.port(), MAC: n.mac, counters: c}},
				}, got, cmp.AllowUnexported(interfaceResult{})); diff != "" {
					t.Errorf("run (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRunCountsWhatItDrops(t *testing.T) {
	t.Parallel()
	for _, n := range sockets("net1") {
		t.Run(n.String(), func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			peer, a := startBoth(t, pod, "rxonly", "--mode", "rxonly", "-o", "json")
			peer.send(1000, n)
			sent := peer.stats(n).TxPackets
			if got := a.stop(syscall.SIGTERM).Total; got.RxPackets != sent || got.TxPackets != 0 {
				t.Errorf("run received %d and sent %d, want the %d that testpmd sent and 0", got.RxPackets, got.TxPackets, sent)
			}
		})
	}
}

// generate lets the pod send to a testpmd until the application ends, by itself or because
// of during, and wants both to have counted the same: sent reports whether the application
// says that it sent so many packets. It returns testpmd's counters.
//
// A ring ends with the application. On a busy machine testpmd may not get the CPU in time
// to take the last packets out of it: then generate sends again.
func generate(t *testing.T, net socketNet, during func(*testpmd, *app), sent func(*app, uint64) bool, args ...string) (testpeer.PortStats, *app) {
	t.Helper()
	var s testpeer.PortStats
	var a *app
	if !peertest.Repeat(t, func() bool {
		pod := newPod(t, net)
		var peer *testpmd
		peer, a = startBoth(t, pod, "rxonly", append([]string{"--mode", "txonly"}, args...)...)
		defer peer.Kill()
		peer.Command("start")
		if during != nil {
			during(peer, a)
		}
		s = peer.follow(a, pod.networks[0])[0]
		a.exit(settleTime, 0)
		return sent(a, s.RxPackets)
	}) {
		t.Errorf("testpmd received %d packets, which is not how many run says that it sent:\n%s", s.RxPackets, a.Stdout())
	}
	return s, a
}

// sentSoMany reports whether run says in JSON that it sent so many packets.
func sentSoMany(a *app, packets uint64) bool {
	return packets > 0 && a.runResult().Total.TxPackets == packets
}

func TestRunGenerates(t *testing.T) {
	for _, n := range sockets("net1") {
		for _, rate := range []string{"max", "20000"} {
			t.Run(n.String()+"/"+rate, func(t *testing.T) {
				_, a := generate(t, n, nil, sentSoMany, "--rate", rate, "--duration", "500ms", "-o", "json")
				r := a.runResult()
				got := r.Total
				if pps, err := strconv.ParseFloat(rate, 64); err == nil && float64(got.TxPackets+got.TxRefused) > 1.1*pps*r.Seconds {
					t.Errorf("run sent %d and was refused %d in %g s, want %.0f a second at most", got.TxPackets, got.TxRefused, r.Seconds, pps)
				}
			})
		}
	}
}

// Frame sizes are those on the wire; DPDK's counters are without the FCS.
func TestFrameSizes(t *testing.T) {
	for _, n := range []socketNet{vhostUser("net1", client), memif("net1", client)} {
		for _, size := range []int{64, 65, 512, 1518} {
			t.Run(fmt.Sprintf("%s/%d", n.kind, size), func(t *testing.T) {
				s, a := generate(t, n, nil, sentSoMany, "-o", "json",
					"--rate", "2000", "--duration", "300ms", "--frame-size", strconv.Itoa(size))
				if s.RxPackets == 0 || s.RxBytes != s.RxPackets*uint64(size-4) {
					t.Errorf("testpmd received %d packets of %d bytes in all, want %d a packet", s.RxPackets, s.RxBytes, size-4)
				}
				if got := a.runResult().Total; got.TxPackets != s.RxPackets || got.TxBytes != s.RxPackets*uint64(size) {
					t.Errorf("run sent %d packets of %d bytes in all, want %d of %d", got.TxPackets, got.TxBytes, s.RxPackets, s.RxPackets*uint64(size))
				}
			})
		}
	}
}

// Two sockets of each kind, in network-status in another order than on the
// command line. Each carries another number of packets, so a port that was
// taken for another shows.
func TestRunMapsPortsToInterfaces(t *testing.T) {
	pod := newPod(t, memif("net4", client), vhostUser("net1", client), memif("net2", client), vhostUser("net3", client))
	// Forwarding goes between the first and the second, the third and the fourth.
	order, pairs := "net1,net2,net3,net4", map[string]string{"net1": "net2", "net2": "net1", "net3": "net4", "net4": "net3"}
	peers := make(map[string]*testpmd)
	for _, n := range pod.networks {
		peers[n.name] = startTestpmd(t, peerCPU, "rxonly", n.peerVdev())
	}
	a := startApp(t, pod, "run", "-o", "json", "--mode", "macswap", "--interfaces", order)
	for _, n := range pod.networks {
		peers[n.name].awaitLink(n)
	}
	// All receive before the first sends, so that no packet is dropped for lack of room.
	for _, n := range pod.networks {
		peers[n.name].Command("start")
	}
	sent := make(map[string]uint64)
	for i, n := range pod.networks {
		peers[n.name].send(uint64(i+1)*peertest.Bursts*peertest.Burst, n)
		sent[n.name] = peers[n.name].stats(n).TxPackets
	}
	for _, n := range pod.networks {
		peers[n.name].awaitRx(n, sent[pairs[n.name]])
	}
	stats := make(map[string]testpeer.PortStats)
	for _, n := range pod.networks {
		stats[n.name] = peers[n.name].rest(n)
	}
	got := a.stop(syscall.SIGINT)
	var names string
	for i, iface := range got.Interfaces {
		if i > 0 {
			names += ","
		}
		names += iface.Name
	}
	if names != order {
		t.Errorf("interfaces in the result: %s, want the command line's order %s", names, order)
	}
	for _, n := range pod.networks {
		s, c := stats[n.name], of(t, got.Interfaces, n.name)
		want := counters{RxPackets: sent[n.name], TxPackets: sent[pairs[n.name]]}
		if c.RxPackets != want.RxPackets || c.TxPackets != want.TxPackets || s.TxPackets != want.RxPackets || s.RxPackets != want.TxPackets {
			t.Errorf("%s: run received %d, sent %d; testpmd sent %d, received %d; want %d, %d", n.name,
				c.RxPackets, c.TxPackets, s.TxPackets, s.RxPackets, want.RxPackets, want.TxPackets)
		}
		if c.MAC != n.mac || c.Port != n.port() {
			t.Errorf("%s is port %s with MAC address %s, want %s and %s", n.name, c.Port, c.MAC, n.port(), n.mac)
		}
	}
}

// Two sockets of each kind that the pod makes; vhost-user's peers come in the
// reverse of the order in which EAL accepts them.
func TestServersAcceptPeersInReverseOrder(t *testing.T) {
	t.Parallel()
	pod := newPod(t, vhostUser("net1", server), vhostUser("net2", server), memif("net3", server), memif("net4", server))
	a := startApp(t, pod, "run", "-o", "json", "--mode", "macswap", "--interfaces", "net1,net3,net2,net4")
	peers := make(map[string]*testpmd)
	for _, i := range []int{1, 0, 3, 2} {
		n := pod.networks[i]
		if n.kind == kindMemif {
			a.awaitListening(n) // testpmd's memif does not try again
		}
		peers[n.name] = startTestpmd(t, peerCPU, "rxonly", n.peerVdev())
	}
	for _, n := range pod.networks {
		peers[n.name].awaitLink(n)
		peers[n.name].Command("start")
	}
	for _, n := range pod.networks {
		peers[n.name].send(peertest.Burst, n)
	}
	stats := make(map[string]testpeer.PortStats)
	for _, n := range pod.networks {
		stats[n.name] = peers[n.name].rest(n)
	}
	for _, c := range a.stop(syscall.SIGTERM).Interfaces {
		if s := stats[c.Name]; c.RxPackets != s.TxPackets || c.TxPackets != s.RxPackets || c.TxPackets == 0 {
			t.Errorf("%s received %d and sent %d; testpmd sent %d and received %d", c.Name, c.RxPackets, c.TxPackets, s.TxPackets, s.RxPackets)
		}
	}
}

// Testpmd generates on both sockets as fast as it can and takes what comes back,
// while the pod forwards from each to the other.
func TestRunForwardsBothWaysAtOnce(t *testing.T) {
	for _, make := range []func(name, role string) socketNet{vhostUser, memif} {
		t.Run(make("", client).kind, func(t *testing.T) {
			if !peertest.Repeat(t, func() bool { return forwardsBothWays(t, make("net1", client), make("net2", client)) }) {
				t.Error("each time packets were still in a ring when run ended")
			}
		})
	}
}

// forwardsBothWays has run forward between two networks, and wants all that it took to be
// passed on or refused. It reports whether the rings were empty in the end: on a busy
// machine run may not get the CPU in time to take the last packets out of them.
func forwardsBothWays(t *testing.T, networks ...socketNet) (empty bool) {
	t.Helper()
	pod := newPod(t, networks...)
	net1, net2 := pod.networks[0], pod.networks[1]
	peer, a := startBoth(t, pod, "flowgen", "--mode", "io", "-o", "json")
	defer peer.Kill()
	peer.Command("start")
	for _, n := range pod.networks {
		peer.awaitRx(n, 100_000)
	}
	// The packets that are still on their way arrive at a port that only receives.
	peer.Command("stop")
	peer.Command("set fwd rxonly")
	peer.Command("start")
	s1, s2 := peer.rest(net1), peer.rest(net2)
	got := a.stop(syscall.SIGTERM)
	c1, c2 := of(t, got.Interfaces, "net1"), of(t, got.Interfaces, "net2")
	empty = true
	for _, way := range []struct {
		name                          string
		sent, taken, passed, received uint64
		refused                       uint64
	}{
		{"net1 to net2", s1.TxPackets, c1.RxPackets, c2.TxPackets, s2.RxPackets, c2.TxRefused},
		{"net2 to net1", s2.TxPackets, c2.RxPackets, c1.TxPackets, s1.RxPackets, c1.TxRefused},
	} {
		says := fmt.Sprintf("%s: testpmd sent %d, run received %d, sent %d and dropped %d, testpmd received %d",
			way.name, way.sent, way.taken, way.passed, way.refused, way.received)
		if way.taken != way.passed+way.refused || way.sent < way.taken || way.passed < way.received {
			t.Errorf("%s: these must add up", says)
		}
		if way.sent != way.taken || way.passed != way.received {
			t.Log(says)
			empty = false
		}
	}
	return empty
}
