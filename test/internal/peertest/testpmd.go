//go:build linux

package peertest

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

// Burst is how many packets testpmd's `start tx_first` sends for each burst asked
// for, and Bursts how many of them surely fit in every ring. (Vhost-user's is the
// smallest: 256.)
const (
	Burst  = 32
	Bursts = 4
)

var prefixes atomic.Int32

// NewPrefix is a DPDK file prefix that no other process of this machine has.
func NewPrefix() string { return fmt.Sprintf("test%d-%d", os.Getpid(), prefixes.Add(1)) }

// Testpmd is a stock dpdk-testpmd, as the other side in a test.
type Testpmd struct {
	*testpeer.Process
	Telemetry *testpeer.Telemetry
	Ports     map[string]int

	t *testing.T
}

// StartTestpmd starts a dpdk-testpmd with both its lcores on a CPU, with further
// EAL arguments and in this forward mode, in which it does nothing until it gets a
// command. It is up when this returns.
func StartTestpmd(t *testing.T, cpu int, mode string, ealArgs ...string) *Testpmd {
	t.Helper()
	path, err := exec.LookPath("dpdk-testpmd")
	if err != nil {
		t.Fatal(err)
	}
	prefix := NewPrefix()
	t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(prefix)) }) // testpmd leaves it
	argv := slices.Concat(
		[]string{path, "--file-prefix", prefix, "--lcores", fmt.Sprintf("0@%d,1@%d", cpu, cpu)},
		testpeer.MemoryArgs(128), ealArgs, []string{"--"}, TestpmdArgs(mode))
	return Attach(t, Start(t, "testpmd-"+prefix, argv, testpeer.Options{}), testpeer.RuntimeDir(prefix))
}

// TestpmdArgs are testpmd's own arguments, which follow EAL's.
func TestpmdArgs(mode string) []string {
	return []string{"-i", "--no-mlockall", "--disable-link-check", "--total-num-mbufs=8192", "--forward-mode=" + mode}
}

// Attach waits until a process with this runtime directory is a testpmd that is
// up.
func Attach(t *testing.T, process *testpeer.Process, runtimeDir string) *Testpmd {
	t.Helper()
	p := &Testpmd{t: t, Process: process, Telemetry: Dial(t, process, runtimeDir)}
	// The prompt is there when all ports are started.
	p.Await("testpmd's prompt", func() error {
		if !strings.Contains(p.Stdout(), "testpmd>") {
			return errors.New("not there")
		}
		return nil
	})
	var err error
	if p.Ports, err = p.Telemetry.Ports(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Command gives a command to testpmd's prompt.
func (p *Testpmd) Command(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.Stdin, format+"\n", args...); err != nil {
		p.t.Fatalf("%s: %v", p.Name(), err)
	}
}

// Await waits until check returns nil.
func (p *Testpmd) Await(what string, check func() error) {
	p.t.Helper()
	if err := p.Poll(Patience, check); err != nil {
		p.t.Fatalf("wait for %s: %v", what, err)
	}
}

// Port is the id of a port.
func (p *Testpmd) Port(name string) int {
	p.t.Helper()
	id, ok := p.Ports[name]
	if !ok {
		p.t.Fatalf("%s has no port %s, but %v", p.Name(), name, p.Ports)
	}
	return id
}

// CheckLink fails if the port's link is down.
func (p *Testpmd) CheckLink(port string) error {
	up, err := p.Telemetry.LinkUp(p.Port(port))
	if err == nil && !up {
		err = fmt.Errorf("the link of %s is down", port)
	}
	return err
}

// AwaitLink waits until the port's other side is connected and ready.
func (p *Testpmd) AwaitLink(port string) {
	p.t.Helper()
	p.Await("the link of "+port, func() error { return p.CheckLink(port) })
}

// Stats are the counters of a port.
func (p *Testpmd) Stats(port string) testpeer.PortStats {
	p.t.Helper()
	s, err := p.Telemetry.Stats(p.Port(port))
	if err != nil {
		p.t.Fatalf("%s: %v", p.Name(), err)
	}
	return s
}

// Send lets testpmd, in mode rxonly, send at least that many packets from each of the
// ports. Stats has the exact number: a burst right after the link is up may be dropped
// without being counted, because the other side has not given its buffers yet. Send then
// sends it again.
func (p *Testpmd) Send(packets uint64, ports ...string) {
	p.t.Helper()
	const round = 250 * time.Millisecond
	before := make([]uint64, len(ports))
	for i, port := range ports {
		before[i] = p.Stats(port).TxPackets
	}
	missing := func() (most uint64) {
		for i, port := range ports {
			if sent := p.Stats(port).TxPackets - before[i]; sent < packets {
				most = max(most, packets-sent)
			}
		}
		return most
	}
	for end := time.Now().Add(Patience); missing() > 0; {
		if time.Now().After(end) {
			p.t.Fatalf("%s cannot send: %d of %d packets are missing", p.Name(), missing(), packets)
		}
		p.Command("stop")
		p.Command("start tx_first %d", min(Bursts, (missing()+Burst-1)/Burst))
		for begin := time.Now(); missing() > 0 && time.Since(begin) < round; {
			time.Sleep(time.Millisecond)
		}
	}
	for _, port := range ports {
		p.Rest(port)
	}
}

// Exchange sends at least that many packets from the port, wants as many back,
// and returns how many they were.
func (p *Testpmd) Exchange(packets uint64, port string) uint64 {
	p.t.Helper()
	p.Send(packets, port)
	p.AwaitRx(port, p.Stats(port).TxPackets)
	s := p.Rest(port)
	if s.RxPackets != s.TxPackets {
		p.t.Errorf("%s: testpmd sent %d and received %d, want as many", port, s.TxPackets, s.RxPackets)
	}
	return s.TxPackets
}

// AwaitRx waits until testpmd has received want packets on the port.
func (p *Testpmd) AwaitRx(port string, want uint64) {
	p.t.Helper()
	p.Await(fmt.Sprintf("%d packets on %s", want, port), func() error {
		if got := p.Stats(port).RxPackets; got < want {
			return fmt.Errorf("got %d", got)
		}
		return nil
	})
}

// Rest waits until the counters of the port do not change any more, and returns
// them.
func (p *Testpmd) Rest(port string) testpeer.PortStats {
	p.t.Helper()
	const quiet = 200 * time.Millisecond
	last, since := p.Stats(port), time.Now()
	p.Await("the counters to rest", func() error {
		if now := p.Stats(port); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < quiet {
			return errors.New("they change")
		}
		return nil
	})
	return last
}
