//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/loops"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// The parts of our set-up that testpmd and the bare loops get, too.
const (
	memoryMiB = 128
	ringSize  = "1024"
	mbufs     = "7168" // the number that podnet takes for a port of one queue
	mbufCache = "256"
	burst     = "64"
)

// bench starts and measures the programs.
type bench struct {
	options
	cpus   cpuset.CPUSet // the last one polls
	dir    string
	loops  string // program of the bare loops
	memory memory
}

// memory is the kind of memory that both sides use.
type memory struct {
	name string   // of our --memory
	peer []string // testpmd's EAL arguments
}

func newBench(o options) (*bench, error) {
	_ = testpeer.RaisePriority() // fewer interruptions, which would cool a loop's caches
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
	if b.dir, err = os.MkdirTemp("", "benchpeers-"); err != nil {
		return nil, err
	}
	b.loops = b.path("loops")
	return b, loops.Build(".", b.loops)
}

func (b *bench) close() { os.RemoveAll(b.dir) }

// pollingCPU is the CPU that the loops run on.
func (b *bench) pollingCPU() int {
	cpus := b.cpus.List()
	return cpus[len(cpus)-1]
}

// start starts a program in a known runtime directory, in which testpmd then leaves its
// files.
func (b *bench) start(argv []string) (p *testpeer.Process, runtimeDir string, err error) {
	if runtimeDir, err = os.MkdirTemp(b.dir, "run-"); err != nil {
		return nil, "", err
	}
	p, err = testpeer.Start(runtimeDir, filepath.Base(argv[0]), argv,
		testpeer.Options{CPUs: b.cpus, Env: []string{"RUNTIME_DIRECTORY=" + runtimeDir}})
	return p, runtimeDir, err
}

// measure runs a program for the warm-up and the measurement.
func (b *bench) measure(argv []string, vdev string) (s sample, err error) {
	p, runtimeDir, err := b.start(argv)
	if err != nil {
		return s, err
	}
	defer p.Kill()
	if s, err = b.observe(p, runtimeDir, vdev); err == nil {
		err = b.end(p)
	}
	if err != nil {
		return s, fmt.Errorf("%q: %w\n%s%s", argv, err, p.Stdout(), p.Stderr())
	}
	return s, nil
}

// report runs a program for the same time, and reads the measurement from its output.
func (b *bench) report(argv []string, read func(stdout string) (float64, error)) (s sample, err error) {
	p, _, err := b.start(argv)
	if err != nil {
		return s, err
	}
	defer p.Kill()
	var workers []testpeer.Thread
	err = p.Poll(20*time.Second, func() error {
		workers, err = b.workers(p)
		return err
	})
	if err == nil {
		err = work(p, workers, b.warmup+b.duration)
	}
	if err == nil {
		err = b.end(p)
	}
	if err == nil {
		s.value, err = read(p.Stdout())
	}
	if err != nil {
		return s, fmt.Errorf("%q: %w\n%s%s", argv, err, p.Stdout(), p.Stderr())
	}
	return s, nil
}

func (b *bench) observe(p *testpeer.Process, runtimeDir, vdev string) (s sample, err error) {
	var telemetry *testpeer.Telemetry
	var id int
	var workers []testpeer.Thread
	name, _, _ := strings.Cut(vdev, ",")
	if err := p.Poll(20*time.Second, func() error {
		if telemetry, id, err = sending(telemetry, runtimeDir, name); err != nil {
			return err
		}
		workers, err = b.workers(p)
		return err
	}); err != nil {
		return s, err
	}
	defer telemetry.Close()
	s.dpdk = telemetry.Version
	driver := strings.TrimSuffix(strings.TrimRight(name, "0123456789"), "_user") // net_virtio's
	if s.driver, err = mapped(p.PID, "librte_"+driver+".so"); err != nil {
		return s, err
	}
	if err := work(p, workers, b.warmup); err != nil {
		return s, err
	}
	packets0, cpu0, err := counts(telemetry, id, workers)
	if err != nil {
		return s, err
	}
	if err := work(p, workers, b.duration); err != nil {
		return s, err
	}
	packets1, cpu1, err := counts(telemetry, id, workers)
	if err != nil {
		return s, err
	}
	if packets1 == packets0 {
		return s, errors.New("the port stands still while its loop runs")
	}
	s.value = float64((cpu1 - cpu0).Nanoseconds()) / float64(packets1-packets0)
	return s, nil
}

// sending checks whether the port of that name has sent a packet yet, and returns the
// connection with which it asked.
func sending(t *testpeer.Telemetry, runtimeDir, name string) (*testpeer.Telemetry, int, error) {
	if t == nil {
		found, err := filepath.Glob(filepath.Join(runtimeDir, "dpdk", "*"))
		if err != nil || len(found) == 0 {
			return nil, 0, errors.New("no runtime directory")
		}
		if t, err = testpeer.DialTelemetry(found[0]); err != nil {
			return nil, 0, err
		}
	}
	ports, err := t.Ports()
	if err != nil {
		return t, 0, err
	}
	id, ok := ports[name]
	if !ok {
		return t, 0, fmt.Errorf("no port %s", name)
	}
	stats, err := t.Stats(id)
	if err == nil && stats.TxPackets == 0 {
		err = errors.New("no packet was sent")
	}
	return t, id, err
}

// workers are the polling threads of the process.
func (b *bench) workers(p *testpeer.Process) (found []testpeer.Thread, err error) {
	threads, err := testpeer.Threads(p.PID)
	if err != nil {
		return nil, err
	}
	want := cpuset.New(b.pollingCPU())
	for _, t := range threads {
		if t.Worker() && t.CPUs.Equals(want) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no polling threads on CPU %s", want)
	}
	return found, nil
}

// used is the CPU time of all these threads.
func used(workers []testpeer.Thread) (sum time.Duration, err error) {
	for _, t := range workers {
		d, err := t.CPUTime()
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}

// work waits until the threads have had their CPU for that long. With a wall-clock time a
// busy machine would decide how much is measured.
func work(p *testpeer.Process, workers []testpeer.Thread, d time.Duration) error {
	begin, err := used(workers)
	if err != nil {
		return err
	}
	return p.Poll(20*d+20*time.Second, func() error {
		now, err := used(workers)
		if err == nil && now-begin < d {
			err = fmt.Errorf("the loop has run for %v of %v", now-begin, d)
		}
		return err
	})
}

// counts are the packets that the port has sent and the CPU time that the
// threads have used, at nearly the same moment.
func counts(t *testpeer.Telemetry, port int, workers []testpeer.Thread) (uint64, time.Duration, error) {
	stats, err := t.Stats(port)
	if err != nil {
		return 0, 0, err
	}
	cpu, err := used(workers)
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

// end ends a program as a user does, and fails if the program reports an error.
func (b *bench) end(p *testpeer.Process) error {
	p.Signal(syscall.SIGTERM)
	code, err := p.Wait(20 * time.Second)
	if err == nil && code != 0 && code != 128+int(syscall.SIGTERM) { // testpmd passes the signal on
		err = fmt.Errorf("exit code %d", code)
	}
	return err
}
