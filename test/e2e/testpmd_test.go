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

// testpmdBurst is how many packets `start tx_first` sends for each burst asked for.
const testpmdBurst = 32

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
	if err := testpeer.Poll(settleTime, func() error {
		if !p.Running() {
			return testpeer.Permanent(fmt.Errorf("%s has ended", p.Name()))
		}
		return check()
	}); err != nil {
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
		p.await("the link of "+n.peerPort(), func() error {
			up, err := p.telemetry.LinkUp(p.port(n))
			if err == nil && !up {
				err = errors.New("down")
			}
			return err
		})
	}
}

func (p *testpmd) stats(n socketNet) testpeer.PortStats {
	p.t.Helper()
	s, err := p.telemetry.Stats(p.port(n))
	if err != nil {
		p.t.Fatalf("%s: %v", p.Name(), err)
	}
	return s
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
	const quiet = 100 * time.Millisecond
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
	look := func() {
		for i, n := range networks {
			if s := p.stats(n); s.RxPackets >= last[i].RxPackets && s.TxPackets >= last[i].TxPackets {
				last[i] = s
			}
		}
	}
	for end := time.Now().Add(benchTimeout); a.Running(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("%s still runs after %v", a.Name(), benchTimeout)
		}
		look()
	}
	look()
	return last
}
