//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// testpmd is a stock dpdk-testpmd as the host's side of the pod's sockets.
type testpmd struct {
	*peertest.Testpmd
	t *testing.T
}

// startTestpmd starts a dpdk-testpmd on a CPU with these vdevs and this forward
// mode, which does nothing until it gets a command. It is up when this returns.
func startTestpmd(t *testing.T, cpu int, mode string, vdevs ...string) *testpmd {
	t.Helper()
	argv := []string{"--no-pci"}
	for _, vdev := range vdevs {
		argv = append(argv, "--vdev", vdev)
	}
	return &testpmd{peertest.StartTestpmd(t, cpu, mode, argv...), t}
}

// peerOf starts a dpdk-testpmd as the other side of all networks of the pod.
func peerOf(t *testing.T, pod *scratchPod, mode string) *testpmd {
	t.Helper()
	var vdevs []string
	for _, n := range pod.networks {
		vdevs = append(vdevs, n.peerVdev())
	}
	return startTestpmd(t, peerCPU, mode, vdevs...)
}

// The same methods as peertest.Testpmd has, with a network in place of its port.

func (p *testpmd) checkLink(n socketNet) error { return p.CheckLink(n.peerPort()) }

func (p *testpmd) stats(n socketNet) testpeer.PortStats {
	p.t.Helper()
	return p.Stats(n.peerPort())
}

func (p *testpmd) rest(n socketNet) testpeer.PortStats {
	p.t.Helper()
	return p.Rest(n.peerPort())
}

func (p *testpmd) exchange(packets uint64, n socketNet) uint64 {
	p.t.Helper()
	return p.Exchange(packets, n.peerPort())
}

func (p *testpmd) awaitRx(n socketNet, want uint64) {
	p.t.Helper()
	p.AwaitRx(n.peerPort(), want)
}

func (p *testpmd) awaitLink(networks ...socketNet) {
	p.t.Helper()
	for _, n := range networks {
		p.AwaitLink(n.peerPort())
	}
}

func (p *testpmd) send(packets uint64, networks ...socketNet) {
	p.t.Helper()
	var ports []string
	for _, n := range networks {
		ports = append(ports, n.peerPort())
	}
	p.Send(packets, ports...)
}

// follow watches the counters of the networks' ports until the application ends,
// and returns the last ones: memif forgets its own when the other side goes.
func (p *testpmd) follow(a *app, networks ...socketNet) []testpeer.PortStats {
	p.t.Helper()
	last := make([]testpeer.PortStats, len(networks))
	look := func() bool {
		for i, n := range networks {
			s, err := p.Telemetry.Stats(p.Port(n.peerPort()))
			if err != nil {
				// Memif's driver may crash when the other side goes in the
				// middle of a burst.
				return false
			}
			if s.RxPackets >= last[i].RxPackets && s.TxPackets >= last[i].TxPackets {
				last[i] = s
			}
		}
		return true
	}
	for end := time.Now().Add(benchTimeout); look() && a.Running(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s still runs after %v", a.Name(), benchTimeout)
		}
	}
	return last
}
