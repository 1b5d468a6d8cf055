//go:build cgo && !nodpdk

package dpdk

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// The tests here run DPDK's own virtual devices: net_ring loops what it sends
// back to itself, net_null receives without end. EAL starts once a process, so
// they share it.
var (
	shared      *Runtime
	sharedPorts = map[string]*Port{}
)

const (
	testCPU  = 0
	testArgs = "--no-huge -m 192 --no-pci --no-telemetry --lcores (0-1)@0 --file-prefix podnet-dpdk-test " +
		"--vdev net_ring0 --vdev net_ring1 --vdev net_null0,size=60"
)

// realPort gives a started port of the running EAL.
func realPort(t *testing.T, name string) *Port {
	t.Helper()
	if shared == nil {
		r, err := Start(t.Context(), Options{Args: strings.Fields(testArgs)})
		if err != nil {
			t.Fatal(err)
		}
		shared = r
	}
	if p, ok := sharedPorts[name]; ok {
		return p
	}
	p, err := shared.Port(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Configure(PortConfig{}); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	sharedPorts[name] = p
	return p
}

// runUntil runs the streams until done says so.
func runUntil(t *testing.T, streams []Stream, done func(j *Job) bool) *Job {
	t.Helper()
	j, err := shared.Run(streams, shared.PollingLcores())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); !done(j); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("not done in time; counters of the first stream: %+v", j.Counters(0))
			break
		}
	}
	if err := j.Stop(); err != nil {
		t.Error(err)
	}
	t.Cleanup(j.Free)
	return j
}

// empty takes what is left in the port's ring.
func empty(p *Port) {
	for left := p.Receive(); left != nil; left = p.Receive() {
		continue
	}
}

// testFrame is a frame from 02:..:0a to dst with the signature at offset 42.
func testFrame(dst string, signature uint64) []byte {
	mac, _ := net.ParseMAC(dst)
	frame := append(append([]byte{}, mac...), 2, 0, 0, 0, 0, 10, 8, 0)
	frame = append(frame, make([]byte, 46)...)
	binary.NativeEndian.PutUint64(frame[42:], signature)
	return frame
}

func TestGeneratedFramesArrive(t *testing.T) {
	p := realPort(t, "net_ring0")
	q := Queue{Port: p}
	const limit = 100_000
	for _, rate := range []float64{5e6, 2e5} {
		j := runUntil(t, []Stream{
			{Mode: Verify, Rx: q, Signature: 42, SignatureOffset: 42},
			{Mode: TxOnly, Tx: q, Frame: testFrame("02:00:00:00:00:01", 42), Rate: rate, Limit: limit},
		}, func(j *Job) bool {
			tx := j.Counters(1)
			return tx.Offered == limit && j.Counters(0).RxPackets == tx.TxPackets
		})
		rx, tx := j.Counters(0), j.Counters(1)
		if tx.TxPackets+tx.TxRefused != limit {
			t.Errorf("at %g/s: %d sent and %d refused, want %d together", rate, tx.TxPackets, tx.TxRefused, limit)
		}
		if rx.RxPackets != tx.TxPackets || rx.RxOther != 0 {
			t.Errorf("at %g/s: %d received and %d others, want %d", rate, rx.RxPackets, rx.RxOther, tx.TxPackets)
		}
		if least := time.Duration((limit - 1) / rate * float64(time.Second)); tx.Active < least {
			t.Errorf("at %g/s: took %s, and %s is the least", rate, tx.Active, least)
		}
	}
}

func TestMaximumRateWaitsForTheRing(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	var stopped time.Time
	j := runUntil(t, []Stream{
		{Mode: Verify, Rx: q, Signature: 43, SignatureOffset: 42},
		{Mode: TxOnly, Tx: q, Frame: testFrame("02:00:00:00:00:01", 43)},
	}, func(j *Job) bool {
		if stopped.IsZero() && j.Counters(0).RxPackets >= 1_000_000 {
			j.StopTx()
			stopped = time.Now()
		}
		// A burst may be on its way into the ring yet.
		return !stopped.IsZero() && time.Since(stopped) > 50*time.Millisecond &&
			j.Counters(0).RxPackets == j.Counters(1).TxPackets
	})
	if tx := j.Counters(1); tx.TxRefused != 0 || tx.Active == 0 {
		t.Errorf("generator: %+v, want nothing refused and a time", tx)
	}
}

func TestVerifyTellsOthersApart(t *testing.T) {
	q := Queue{Port: realPort(t, "net_ring0")}
	const limit = 1000
	j := runUntil(t, []Stream{
		{Mode: Verify, Rx: q, Signature: 1, SignatureOffset: 42},
		{Mode: TxOnly, Tx: q, Frame: testFrame("02:00:00:00:00:01", 2), Rate: 1e5, Limit: limit},
	}, func(j *Job) bool { return j.Counters(0).RxOther == limit })
	if rx := j.Counters(0); rx.RxPackets != 0 {
		t.Errorf("%d packets of another trial were counted", rx.RxPackets)
	}
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
		send, want []byte
	}{
		{"io", IO, unicast, unicast},
		{"mac", MAC, unicast, withMACs(unicast, string(to)+string(own))},
		{"macswap", MACSwap, unicast, withMACs(unicast, sender+string(unicast[:6]))},
		{"macswap of a broadcast", MACSwap, group, withMACs(group, sender+string(own))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// More than a prefetch distance, less than a burst.
			const frames = 7
			for range frames {
				if err := in.Send(tt.send); err != nil {
					t.Fatal(err)
				}
			}
			runUntil(t, []Stream{{Mode: tt.mode, Rx: Queue{Port: in}, Tx: Queue{Port: out}, Src: own, Dst: to}},
				func(j *Job) bool { return j.Counters(0).TxPackets == frames })
			got := out.Receive()
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
			empty(out)
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
	empty(out)
}

func TestRxOnlyCounts(t *testing.T) {
	p := realPort(t, "net_null0")
	j := runUntil(t, []Stream{{Mode: RxOnly, Rx: Queue{Port: p}}},
		func(j *Job) bool { return j.Counters(0).RxPackets > 10_000 })
	s, err := p.Stats()
	if err != nil || s.RxPackets < j.Counters(0).RxPackets {
		t.Errorf("the port counts %d packets (%v), the loop %d", s.RxPackets, err, j.Counters(0).RxPackets)
	}
	if used := j.CPUTime(); len(used) != 1 || used[0].CPU != testCPU {
		t.Errorf("CPU time of %v, want one lcore on CPU %d", used, testCPU)
	}
}

func TestVersion(t *testing.T) {
	if v := Version(); !strings.Contains(v, ".") || strings.Contains(v, "DPDK") {
		t.Errorf("version %q, want a form such as 22.11.11", v)
	}
}

func TestMissingPortIsNamed(t *testing.T) {
	realPort(t, "net_ring0")
	if _, err := shared.Port("net_memif_net9"); err == nil || !strings.Contains(err.Error(), "net_memif_net9") {
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
	if err := ConfineGo(cpus, []Lcore{{CPU: cpus[1]}}); err != nil {
		t.Fatal(err)
	}
	want := all
	want.Clear(cpus[1])
	defer func() { _ = ConfineGo(cpus, nil) }()
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
