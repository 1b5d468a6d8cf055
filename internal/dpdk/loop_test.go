//go:build cgo && !nodpdk

package dpdk

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/kernel"
)

// The tests here run DPDK's own virtual devices: net_ring loops what it sends
// back to itself, net_null receives without end. EAL starts once a process, so
// they share it.
var (
	shared      *Runtime
	sharedPorts = map[string]*Port{}
)

const testCPU = 0

var testArgs = "--no-huge -m 192 --no-pci --no-telemetry --lcores (0-3)@0 --file-prefix podnet-dpdk-test " +
	"--vdev net_ring0 --vdev net_ring1 --vdev net_null0,size=60 " +
	"--vdev net_memif0,role=client,id=0,socket=" + memifSocket + ",socket-abstract=no"

// realPort gives a started port of the running EAL.
func realPort(t testing.TB, name string) *Port {
	t.Helper()
	if shared == nil {
		r, err := Start(context.Background(), Options{Args: strings.Fields(testArgs), Log: dpdkLogger()})
		if err != nil {
			t.Fatal(err)
		}
		shared = r
	}
	if p, ok := sharedPorts[name]; ok {
		return p
	}
	p, err := shared.Port(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Configure(t.Context(), PortConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	sharedPorts[name] = p
	return p
}

// runUntil runs the streams until done says so.
func runUntil(t *testing.T, streams []Stream, done func(j *Job) bool) *Job {
	t.Helper()
	j, err := shared.Run(t.Context(), streams, shared.PollingLcores())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); !done(j); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("not done in time; counters of the first stream: %+v", j.Counters(0))
			break
		}
	}
	if err := j.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	t.Cleanup(j.Free)
	return j
}

// empty takes what is left in the port's ring.
func empty(t *testing.T, p *Port) {
	for left := p.Receive(t.Context()); left != nil; left = p.Receive(t.Context()) {
		continue
	}
}

// testFrame is a frame from 02:..:0a to dst with the word at offset 42.
func testFrame(dst string, word uint64) []byte {
	mac, _ := net.ParseMAC(dst)
	frame := append(append([]byte{}, mac...), 2, 0, 0, 0, 0, 10, 8, 0)
	frame = append(frame, make([]byte, 46)...)
	binary.NativeEndian.PutUint64(frame[42:], word)
	return frame
}

func TestForwardedFrames(t *testing.T) {
	in, out := realPort(t, "net_ring0"), realPort(t, "net_ring1")
	own := net.HardwareAddr{2, 0, 0, 0, 0, 0xee}
	to := net.HardwareAddr{2, 0, 0, 0, 0, 0xdd}
	unicast := testFrame("02:00:00:00:00:01", 9)
	group := testFrame("ff:ff:ff:ff:ff:ff", 9)
	withMACs := func(frame []byte, macs string) []byte {
		b := bytes.Clone(frame)
		copy(b, macs)
		return b
	}
	sender := string(unicast[6:12])
	for _, tt := range []struct {
		name       string
		mode       Mode
		impaired   bool
		send, want []byte
	}{
		{"io", IO, false, unicast, unicast},
		{"mac", MAC, false, unicast, withMACs(unicast, string(to)+string(own))},
		{"macswap", MACSwap, false, unicast, withMACs(unicast, sender+string(unicast[:6]))},
		{"macswap of a broadcast", MACSwap, false, group, withMACs(group, sender+string(own))},
		{"impaired io", IO, true, unicast, unicast},
		{"impaired mac", MAC, true, unicast, withMACs(unicast, string(to)+string(own))},
		{"impaired macswap", MACSwap, true, group, withMACs(group, sender+string(own))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// More than a prefetch distance, less than a burst.
			const frames = 7
			for range frames {
				if err := in.Send(t.Context(), tt.send); err != nil {
					t.Fatal(err)
				}
			}
			s := Stream{Mode: tt.mode, Rx: Queue{Port: in}, Tx: Queue{Port: out}, Src: own, Dst: to}
			if tt.impaired {
				s.Mode, s.Impair = Impair, &Impairment{Mode: tt.mode, Depth: 256}
			}
			runUntil(t, []Stream{s}, func(j *Job) bool { return j.Counters(0).TxPackets == frames })
			got := out.Receive(t.Context())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
			empty(t, out)
		})
	}
}

func TestFullRingRefuses(t *testing.T) {
	in, out := realPort(t, "net_null0"), realPort(t, "net_ring1")
	j := runUntil(t, []Stream{{Mode: IO, Rx: Queue{Port: in}, Tx: Queue{Port: out}}},
		func(j *Job) bool { return j.Counters(0).TxRefused > 0 })
	if c := j.Counters(0); c.RxPackets != c.TxPackets+c.TxRefused {
		t.Errorf("%d received, %d sent and %d refused: some are lost", c.RxPackets, c.TxPackets, c.TxRefused)
	}
	empty(t, out)
}

func TestRxOnlyCounts(t *testing.T) {
	p := realPort(t, "net_null0")
	j := runUntil(t, []Stream{{Mode: RxOnly, Rx: Queue{Port: p}}},
		func(j *Job) bool { return j.Counters(0).RxPackets > 10_000 })
	s, err := p.Stats(t.Context())
	if err != nil || s.RxPackets < j.Counters(0).RxPackets {
		t.Errorf("the port counts %d packets (%v), the loop %d", s.RxPackets, err, j.Counters(0).RxPackets)
	}
	list := j.Threads()
	if len(list) != 1 || list[0].CPU != testCPU {
		t.Fatalf("threads %v, want one on CPU %d", list, testCPU)
	}
	if used, ok := kernel.ThreadTime(list[0].TID); !ok || used == 0 {
		t.Errorf("CPU time %s, %t, want some", used, ok)
	}
}

func TestVersion(t *testing.T) {
	if v := Version(); !strings.Contains(v, ".") || strings.Contains(v, "DPDK") {
		t.Errorf("version %q, want a form such as 22.11.11", v)
	}
}

func TestMissingPortIsNamed(t *testing.T) {
	realPort(t, "net_ring0")
	if _, err := shared.Port(t.Context(), "net_memif_net9"); err == nil || !strings.Contains(err.Error(), "net_memif_net9") {
		t.Errorf("error %v should name the port", err)
	}
}

func TestConfineGo(t *testing.T) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	if all.Count() < 2 {
		t.Skip("needs two CPUs")
	}
	var cpus []int
	for cpu := range 1024 {
		if all.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	if err := confineGo(slices.Delete(slices.Clone(cpus), 1, 2)); err != nil {
		t.Fatal(err)
	}
	want := all
	want.Clear(cpus[1])
	defer func() { _ = confineGo(cpus) }()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	own, _ := os.ReadFile("/proc/self/comm")
	for _, task := range tasks {
		comm, err := os.ReadFile("/proc/self/task/" + task.Name() + "/comm")
		if err != nil || !bytes.Equal(comm, own) {
			continue
		}
		var got unix.CPUSet
		var tid int
		for _, c := range task.Name() {
			tid = tid*10 + int(c-'0')
		}
		if err := unix.SchedGetaffinity(tid, &got); err == nil && got.IsSet(cpus[1]) {
			t.Errorf("thread %d may run on the polling CPU: %v", tid, got)
		}
	}
}

// Memory that does not suffice is said with what to do about it.
func TestPoolThatDoesNotFit(t *testing.T) {
	realPort(t, "net_ring0") // starts EAL
	_, err := on(t.Context(), shared, func() (Handle, error) { return shared.drv.NewPool("too_large", 1<<22, minRoom, 0) })
	if err == nil || !strings.Contains(err.Error(), "4194304 mbufs does not fit") || !strings.Contains(err.Error(), "--queues") {
		t.Errorf("%v, want an error that says how many and the remedy", err)
	}
}
