//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// testpmdBurst is how many packets `start tx_first` sends for each burst asked for,
// and bursts how many of them surely fit in every ring. (Vhost-user's is the
// smallest: 256.)
const (
	testpmdBurst = 32
	bursts       = 4
)

var prefixes atomic.Int32

// newPrefix is a DPDK file prefix that no other process of this machine has.
func newPrefix() string { return fmt.Sprintf("e2e%d-%d", os.Getpid(), prefixes.Add(1)) }

// testpmd is a stock dpdk-testpmd, as the host's side of the pod's sockets.
type testpmd struct {
	*testpeer.Process
	t         *testing.T
	telemetry *testpeer.Telemetry
	ports     map[string]int
}

// startTestpmd starts a dpdk-testpmd on a CPU with these vdevs and this forward
// mode, which does nothing until it gets a command. It is up when this returns.
func startTestpmd(t *testing.T, cpu int, mode string, vdevs ...string) *testpmd {
	t.Helper()
	prefix := newPrefix()
	argv := []string{"--no-pci", "--file-prefix", prefix, "--lcores", fmt.Sprintf("0@%d,1@%d", cpu, cpu)}
	argv = append(argv, testpeer.MemoryArgs(128)...)
	for _, vdev := range vdevs {
		argv = append(argv, "--vdev", vdev)
	}
	return startTestpmdWith(t, prefix, argv, mode)
}

// startTestpmdWith starts a dpdk-testpmd with EAL arguments, among them the file
// prefix.
func startTestpmdWith(t *testing.T, prefix string, ealArgs []string, mode string) *testpmd {
	t.Helper()
	path, err := exec.LookPath("dpdk-testpmd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(prefix)) }) // testpmd leaves it
	argv := slices.Concat([]string{path}, ealArgs, []string{"--"}, testpmdArgs(mode))
	return attach(t, start(t, "testpmd-"+prefix, argv, testpeer.Options{}), prefix)
}

// testpmdArgs are testpmd's own arguments, after those of EAL.
func testpmdArgs(mode string) []string {
	return []string{"-i", "--no-mlockall", "--disable-link-check", "--total-num-mbufs=8192", "--forward-mode=" + mode}
}

// attach waits until a process is a testpmd that is up.
func attach(t *testing.T, process *testpeer.Process, prefix string) *testpmd {
	t.Helper()
	p := &testpmd{t: t, Process: process, telemetry: dial(t, process, testpeer.RuntimeDir(prefix))}
	// The prompt is there when all ports are started.
	p.await("testpmd's prompt", func() error {
		if !strings.Contains(p.Stdout(), "testpmd>") {
			return errors.New("not there")
		}
		return nil
	})
	var err error
	if p.ports, err = p.telemetry.Ports(); err != nil {
		t.Fatal(err)
	}
	return p
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

// command gives a command to testpmd's prompt.
func (p *testpmd) command(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.Stdin, format+"\n", args...); err != nil {
		p.t.Fatalf("%s: %v", p.Name(), err)
	}
}

// await waits until check has no objection.
func (p *testpmd) await(what string, check func() error) {
	p.t.Helper()
	if err := p.Poll(settleTime, check); err != nil {
		p.t.Fatalf("wait for %s: %v", what, err)
	}
}

func (p *testpmd) port(n socketNet) int {
	p.t.Helper()
	id, ok := p.ports[n.peerPort()]
	if !ok {
		p.t.Fatalf("%s has no port %s, but %v", p.Name(), n.peerPort(), p.ports)
	}
	return id
}

// awaitLink waits until the other side of the network is connected and ready.
func (p *testpmd) awaitLink(networks ...socketNet) {
	p.t.Helper()
	for _, n := range networks {
		p.await("the link of "+n.peerPort(), func() error { return p.checkLink(n) })
	}
}

func (p *testpmd) checkLink(n socketNet) error {
	up, err := p.telemetry.LinkUp(p.port(n))
	if err == nil && !up {
		err = fmt.Errorf("the link of %s is down", n.peerPort())
	}
	return err
}

func (p *testpmd) stats(n socketNet) testpeer.PortStats {
	p.t.Helper()
	s, err := p.telemetry.Stats(p.port(n))
	if err != nil {
		p.t.Fatalf("%s: %v", p.Name(), err)
	}
	return s
}

// send has testpmd, in mode rxonly, send at least that many packets to each of the
// networks. How many it is in the end is for stats to say: a burst that comes as
// soon as the link is up may be dropped, uncounted, because the other side has not
// given its buffers yet, and is then sent again.
func (p *testpmd) send(packets uint64, networks ...socketNet) {
	p.t.Helper()
	const round = 250 * time.Millisecond
	before := make([]uint64, len(networks))
	for i, n := range networks {
		before[i] = p.stats(n).TxPackets
	}
	missing := func() (most uint64) {
		for i, n := range networks {
			if sent := p.stats(n).TxPackets - before[i]; sent < packets {
				most = max(most, packets-sent)
			}
		}
		return most
	}
	for end := time.Now().Add(settleTime); missing() > 0; {
		if time.Now().After(end) {
			p.t.Fatalf("%s cannot send: %d of %d packets are missing", p.Name(), missing(), packets)
		}
		p.command("stop")
		p.command("start tx_first %d", min(bursts, (missing()+testpmdBurst-1)/testpmdBurst))
		for begin := time.Now(); missing() > 0 && time.Since(begin) < round; {
			time.Sleep(time.Millisecond)
		}
	}
	for _, n := range networks {
		p.rest(n)
	}
}

// exchange sends at least that many packets to the network, wants as many back,
// and returns how many they were.
func (p *testpmd) exchange(packets uint64, n socketNet) uint64 {
	p.t.Helper()
	p.send(packets, n)
	p.awaitRx(n, p.stats(n).TxPackets)
	s := p.rest(n)
	if s.RxPackets != s.TxPackets {
		p.t.Errorf("%s: testpmd sent %d and received %d, want as many", n.name, s.TxPackets, s.RxPackets)
	}
	return s.TxPackets
}

// awaitRx waits until testpmd has received want packets on the network's port.
func (p *testpmd) awaitRx(n socketNet, want uint64) {
	p.t.Helper()
	p.await(fmt.Sprintf("%d packets on %s", want, n.peerPort()), func() error {
		if got := p.stats(n).RxPackets; got < want {
			return fmt.Errorf("got %d", got)
		}
		return nil
	})
}

// rest waits until the counters of testpmd's ports do not change any more, and
// returns those of the network's port.
func (p *testpmd) rest(n socketNet) testpeer.PortStats {
	p.t.Helper()
	const quiet = 200 * time.Millisecond
	last, since := p.stats(n), time.Now()
	p.await("the counters to rest", func() error {
		if now := p.stats(n); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < quiet {
			return errors.New("they change")
		}
		return nil
	})
	return last
}

// follow watches the counters of the networks' ports until the application ends,
// and returns the last ones: memif forgets its own when the other side goes.
func (p *testpmd) follow(a *app, networks ...socketNet) []testpeer.PortStats {
	p.t.Helper()
	last := make([]testpeer.PortStats, len(networks))
	look := func() bool {
		for i, n := range networks {
			s, err := p.telemetry.Stats(p.port(n))
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
