//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/testpeer"
)

// workload is one row: what each side is told to do.
type workload struct {
	name    string
	target  float64  // least testpmd/ours
	ourMode []string // flags of run
	peer    []string // testpmd's own arguments
}

// Frames have 64 bytes on the wire, of which testpmd does not count the FCS.
var workloads = []workload{
	{"io", 1.00, []string{"--mode", "io"}, []string{"--forward-mode=io"}},
	{"macswap", 0.98, []string{"--mode", "macswap"}, []string{"--forward-mode=macswap"}},
	{"txonly", 1.50, []string{"--mode", "txonly", "--frame-size", "64"}, []string{"--forward-mode=txonly", "--txpkts=60"}},
}

// The port of both sides, and what of our set-up testpmd has to be told.
const (
	port = "net_null0"
	vdev = port + ",size=64"

	memoryMiB = 128
	ringSize  = "1024"
	mbufs     = "4096"
	mbufCache = "256"
)

// bench starts and measures the programs.
type bench struct {
	options
	cpus   cpuset.CPUSet // the last one polls
	dir    string
	memory memory
}

// memory is what both sides live in.
type memory struct {
	name string   // of our --memory
	peer []string // testpmd's EAL arguments
}

func newBench(o options) (*bench, error) {
	_ = testpeer.RaisePriority() // what interrupts a loop cools its caches
	threads, err := testpeer.Threads(os.Getpid())
	if err != nil {
		return nil, err
	}
	cpus := threads[0].CPUs.List()
	b := &bench{options: o, cpus: cpuset.New(cpus[:min(2, len(cpus))]...)}
	b.memory = memory{name: "hugepages", peer: testpeer.MemoryArgs(memoryMiB)}
	if b.memory.peer[0] == "--no-huge" {
		b.memory.name = "none"
	}
	b.dir, err = os.MkdirTemp("", "benchpeers-")
	return b, err
}

func (b *bench) close() { os.RemoveAll(b.dir) }

// pollingCPU is the CPU that the loops run on.
func (b *bench) pollingCPU() int {
	cpus := b.cpus.List()
	return cpus[len(cpus)-1]
}

func (b *bench) ourArgs(w workload) []string {
	// The frame prefix is left to the program, whose runtime directory then goes with it.
	return append([]string{b.ours, "run", "--vdev", vdev, "--memory", b.memory.name}, w.ourMode...)
}

func (b *bench) peerArgs(w workload) []string {
	argv := []string{
		b.peer, "--no-pci", "--lcores", fmt.Sprintf("0@%d,1@%d", b.cpus.List()[0], b.pollingCPU()),
		"--vdev", vdev, "--iova-mode", "va",
	}
	argv = append(argv, b.memory.peer...)
	argv = append(argv, "--", "--auto-start", "--nb-cores=1", "--no-mlockall", "--burst="+strconv.Itoa(b.burst),
		"--rxd="+ringSize, "--txd="+ringSize, "--total-num-mbufs="+mbufs, "--mbcache="+mbufCache)
	return append(argv, w.peer...)
}

// sample is one measurement of one side.
type sample struct {
	nsPerPacket float64
	busy        float64 // share of the time for which the thread had its CPU
	dpdk        string  // release
	driver      string  // file of the port's driver
}

// measure runs a program for the warm-up and the measurement.
func (b *bench) measure(argv []string) (s sample, err error) {
	// RUNTIME_DIRECTORY makes the place of the telemetry socket known, and takes
	// what testpmd leaves behind.
	runtimeDir, err := os.MkdirTemp(b.dir, "run-")
	if err != nil {
		return s, err
	}
	p, err := testpeer.Start(runtimeDir, filepath.Base(argv[0]), argv,
		testpeer.Options{CPUs: b.cpus, Env: []string{"RUNTIME_DIRECTORY=" + runtimeDir}})
	if err != nil {
		return s, err
	}
	defer p.Kill()
	if s, err = b.observe(p, runtimeDir); err == nil {
		err = b.end(p)
	}
	if err != nil {
		return s, fmt.Errorf("%q: %w\n%s%s", argv, err, p.Stdout(), p.Stderr())
	}
	return s, nil
}

func (b *bench) observe(p *testpeer.Process, runtimeDir string) (s sample, err error) {
	var telemetry *testpeer.Telemetry
	var id int
	var worker testpeer.Thread
	if err := p.Poll(10*time.Second, func() error {
		if telemetry == nil {
			found, err := filepath.Glob(filepath.Join(runtimeDir, "dpdk", "*"))
			if err != nil || len(found) == 0 {
				return errors.New("no runtime directory")
			}
			if telemetry, err = testpeer.DialTelemetry(found[0]); err != nil {
				return err
			}
		}
		ports, err := telemetry.Ports()
		if err != nil {
			return err
		}
		var ok bool
		if id, ok = ports[port]; !ok {
			return fmt.Errorf("no port %s", port)
		}
		stats, err := telemetry.Stats(id)
		if err != nil {
			return err
		}
		if stats.TxPackets == 0 {
			return errors.New("no packet was sent")
		}
		worker, err = b.worker(p)
		return err
	}); err != nil {
		return s, err
	}
	defer telemetry.Close()
	s.dpdk = telemetry.Version
	if s.driver, err = mapped(p.PID, "librte_net_null.so"); err != nil {
		return s, err
	}

	if err := work(p, worker, b.warmup); err != nil {
		return s, err
	}
	begin := time.Now()
	packets0, cpu0, err := counts(telemetry, id, worker)
	if err != nil {
		return s, err
	}
	if err := work(p, worker, b.duration); err != nil {
		return s, err
	}
	packets1, cpu1, err := counts(telemetry, id, worker)
	if err != nil {
		return s, err
	}
	if packets1 == packets0 {
		return s, errors.New("the port stands still while its loop runs")
	}
	s.nsPerPacket = float64((cpu1 - cpu0).Nanoseconds()) / float64(packets1-packets0)
	s.busy = float64(cpu1-cpu0) / float64(time.Since(begin))
	return s, nil
}

// worker is the one polling thread of the process.
func (b *bench) worker(p *testpeer.Process) (found testpeer.Thread, err error) {
	threads, err := testpeer.Threads(p.PID)
	if err != nil {
		return found, err
	}
	want := cpuset.New(b.pollingCPU())
	n := 0
	for _, t := range threads {
		if t.Worker() && t.CPUs.Equals(want) {
			found = t
			n++
		}
	}
	if n != 1 {
		return found, fmt.Errorf("%d polling threads on CPU %s, want 1", n, want)
	}
	return found, nil
}

// work waits until the thread has had its CPU for that long. By the clock alone,
// a busy machine would decide how much is measured.
func work(p *testpeer.Process, worker testpeer.Thread, d time.Duration) error {
	begin, err := worker.CPUTime()
	if err != nil {
		return err
	}
	return p.Poll(10*d+10*time.Second, func() error {
		now, err := worker.CPUTime()
		if err == nil && now-begin < d {
			err = fmt.Errorf("the loop has run for %v of %v", now-begin, d)
		}
		return err
	})
}

// counts are the packets that the port has sent and the CPU time that the
// thread has used, at nearly the same moment.
func counts(t *testpeer.Telemetry, port int, worker testpeer.Thread) (uint64, time.Duration, error) {
	stats, err := t.Stats(port)
	if err != nil {
		return 0, 0, err
	}
	cpu, err := worker.CPUTime()
	return stats.TxPackets, cpu, err
}

// mapped is the path of a shared library that the process uses.
func mapped(pid int, library string) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if i := strings.IndexByte(line, '/'); i >= 0 && strings.Contains(line[i:], library) {
			return strings.TrimSpace(line[i:]), nil
		}
	}
	return "", fmt.Errorf("it does not use %s", library)
}

// end ends a program as a user does, and wants it to have nothing to complain of.
func (b *bench) end(p *testpeer.Process) error {
	p.Signal(syscall.SIGTERM)
	code, err := p.Wait(10 * time.Second)
	if err == nil && code != 0 && code != 128+int(syscall.SIGTERM) { // testpmd passes the signal on
		err = fmt.Errorf("exit code %d", code)
	}
	return err
}
