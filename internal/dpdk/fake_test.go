package dpdk

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
)

// fake is a driver with state: ports that are made by init and must be
// configured before they start, lcores that run one job at a time.
type fake struct {
	lcoreList []Lcore
	makes     map[string]PortInfo // ports that init makes
	onInit    func() error        // runs inside init, if set
	startErrs []error             // of the next starts

	logWrite   int
	args       []string
	names      []string // port ids
	configured map[uint16]bool
	started    map[uint16]bool
	sent       [][]byte
	now        uint64
	workers    map[int]*fakeWorker // by lcore
	cleaned    bool
	restarted  int
}

type fakeWorker struct {
	streams          []streamConfig
	counters         []rawCounters
	txStopped, ended bool
	freed, paused    bool
	turn             uint64
}

var (
	_ driver = (*fake)(nil)
	_ worker = (*fakeWorker)(nil)
)

func newFake(ports ...string) *fake {
	f := &fake{
		lcoreList:  []Lcore{{ID: 0, CPU: 4, Main: true}, {ID: 1, CPU: 5}, {ID: 2, CPU: 6}},
		makes:      map[string]PortInfo{},
		configured: map[uint16]bool{}, started: map[uint16]bool{},
		workers: map[int]*fakeWorker{},
	}
	for i, name := range ports {
		f.makes[name] = PortInfo{Driver: "net_fake", MAC: net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}, MaxQueues: 4}
		f.names = append(f.names, name)
	}
	return f
}

// log writes a record as DPDK's side of the pipe does.
func (f *fake) log(level byte, text string) {
	_, _ = syscall.Write(f.logWrite, append([]byte{level}, text+"\n\x00"...))
}

func (f *fake) open(logWrite int, _ []string) error {
	f.logWrite = logWrite
	return nil
}

func (f *fake) init(args []string) error {
	f.args = args
	if f.onInit != nil {
		return f.onInit()
	}
	return nil
}

func (f *fake) cleanup() error {
	if len(f.started) > 0 {
		return errors.New("ports are still up")
	}
	f.cleaned = true
	return nil
}

func (f *fake) lcores() []Lcore { return slices.Clone(f.lcoreList) }

// clock is a TSC of 1 GHz that moves a second each time it is read.
func (f *fake) clock() (tsc, nanoseconds uint64) {
	f.now += 1e9
	return f.now, f.now
}

func (f *fake) findPort(name string) (uint16, error) {
	if i := slices.Index(f.names, name); i >= 0 {
		return uint16(i), nil
	}
	return 0, syscall.ENODEV
}

func (f *fake) portInfo(port uint16) (PortInfo, error) { return f.makes[f.names[port]], nil }

func (f *fake) configure(port uint16, _, _, _, _ int, rx pool) error {
	if rx == nil {
		return syscall.EINVAL
	}
	f.configured[port] = true
	return nil
}

func (f *fake) start(port uint16) error {
	if !f.configured[port] {
		return syscall.EINVAL
	}
	if len(f.startErrs) > 0 {
		err := f.startErrs[0]
		f.startErrs = f.startErrs[1:]
		return err
	}
	f.started[port] = true
	return nil
}

func (f *fake) restart(port uint16) error {
	for lcore, w := range f.workers {
		if !w.ended && !w.paused {
			return fmt.Errorf("lcore %d is not paused", lcore)
		}
	}
	f.restarted++
	delete(f.started, port)
	return f.start(port)
}

func (f *fake) closePort(port uint16) error {
	delete(f.started, port)
	return nil
}

func (f *fake) link(port uint16) (bool, error) { return f.started[port], nil }
func (f *fake) stats(uint16) (Stats, error)    { return Stats{RxPackets: 7}, nil }
func (f *fake) prepare(pool, []byte) error     { return nil }
func (f *fake) receive(uint16) []byte          { return nil }
func (f *fake) newPool(name string, mbufs, _ int) (pool, error) {
	if mbufs <= 0 {
		return nil, syscall.ENOMEM
	}
	return name, nil
}

func (f *fake) send(_ uint16, _ pool, frame []byte) error {
	f.sent = append(f.sent, frame)
	return nil
}

func (f *fake) newWorker(streams []streamConfig, _ int) (worker, error) {
	return &fakeWorker{streams: streams, counters: make([]rawCounters, len(streams))}, nil
}

func (f *fake) launch(w worker, lcore int) error {
	if running := f.workers[lcore]; running != nil && !running.ended {
		return syscall.EBUSY
	}
	f.workers[lcore] = w.(*fakeWorker)
	return nil
}

func (f *fake) wait(int) {}

func (f *fake) newRing(name string, _, _ int) (ring, error) { return name, nil }
func (f *fake) freeRing(ring)                               {}

func (w *fakeWorker) stopTx()                     { w.txStopped = true }
func (w *fakeWorker) stop()                       { w.ended = true }
func (w *fakeWorker) pause(on bool)               { w.paused = on }
func (w *fakeWorker) read(stream int) rawCounters { return w.counters[stream] }
func (w *fakeWorker) tid() int                    { return 77 }
func (w *fakeWorker) times(_ int, record func(cycles, packets uint64)) {
	record(2000, 3) // 2 us at 1 GHz
}

func (w *fakeWorker) turns() uint64 {
	w.turn++
	return w.turn
}

func (w *fakeWorker) free() { w.freed = true }
