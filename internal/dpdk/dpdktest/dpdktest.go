// Package dpdktest is a DPDK in memory, for tests of the packages above internal/dpdk: a
// dpdk.Driver with state. EAL's arguments make its ports. They must be configured before
// they start, have peers that come and go, and are joined by wires. Each lcore runs one
// job, whose packets go by the clock. A test can make every call fail or hang, and in a
// bubble of testing/synctest hours take no time. It does not run the C loops, so it
// proves nothing about them. Start at New and Fake.Connect.
package dpdktest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/podnet/podnet/internal/dpdk"
)

// Call is a call that a hook can be put on.
type Call string

// The calls, by their names in DPDK.
const (
	Init        Call = "init"
	Cleanup     Call = "cleanup"
	Configure   Call = "configure"
	StartPort   Call = "start"
	RestartPort Call = "restart"
	ClosePort   Call = "close"
	Link        Call = "link"
	Stats       Call = "stats"
	Send        Call = "send"
	Receive     Call = "receive"
	NewRing     Call = "ring"
	NewWorker   Call = "worker"
	Launch      Call = "launch"
	Wait        Call = "wait"
	Grace       Call = "grace"
)

// Hook runs before a call is carried out, which its error makes fail. It is given
// the name of the port that the call is about, if any, and may block, or change
// the fake.
type Hook func(port string) error

// Fake is the driver. Its methods may be called from any goroutine.
type Fake struct {
	mu       sync.Mutex
	began    time.Time
	lcores   []dpdk.Lcore
	hooks    map[Call]Hook
	released chan struct{}

	log       func(level byte, text string)
	unlink    []string
	args      []string
	cleaned   bool
	confined  []int
	ports     []*port // by id
	settings  map[string]*setting
	pools     map[string]int // mbufs
	workers   map[int]*worker
	launched  []*worker // in order, those that have ended too
	wires     map[string]*wire
	flying    []flight
	adjusting func(s dpdk.StreamConfig, c *dpdk.RawCounters)
	retiming  func(s dpdk.StreamConfig, of dpdk.Times, times map[uint64]uint64) map[uint64]uint64
}

var _ dpdk.Driver = (*Fake)(nil)

// New makes a driver with these lcores; without any, with a main lcore on CPU 4
// and two that poll, on the CPUs 5 and 6.
func New(lcores ...dpdk.Lcore) *Fake {
	if len(lcores) == 0 {
		lcores = []dpdk.Lcore{{ID: 0, CPU: 4, Main: true}, {ID: 1, CPU: 5}, {ID: 2, CPU: 6}}
	}
	return &Fake{
		began: time.Now(), lcores: lcores, released: make(chan struct{}),
		hooks: map[Call]Hook{}, settings: map[string]*setting{}, pools: map[string]int{},
		workers: map[int]*worker{}, wires: map[string]*wire{},
	}
}

// On puts a hook on a call, in the place of any that it has; nil: none.
func (f *Fake) On(c Call, h Hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hooks[c] = h
}

// Hang makes a call hang until Release.
func (f *Fake) Hang(c Call) {
	f.On(c, func(string) error {
		<-f.released
		return nil
	})
}

// Release ends all that hangs. It may be called once.
func (f *Fake) Release() { close(f.released) }

// Fail is a hook of a call that fails n times.
func Fail(n int, err error) Hook {
	return func(string) error {
		if n--; n >= 0 {
			return err
		}
		return nil
	}
}

// hook runs a call's hook.
func (f *Fake) hook(c Call, port string) error {
	f.mu.Lock()
	h := f.hooks[c]
	f.mu.Unlock()
	if h == nil {
		return nil
	}
	return h(port)
}

// Log logs a line as DPDK does, at a level from '1' (emergency) to '8' (debug).
func (f *Fake) Log(level byte, text string) {
	f.mu.Lock()
	log := f.log
	f.mu.Unlock()
	log(level, text)
}

// Args are the arguments that EAL got, with the program's name.
func (f *Fake) Args() []string { return get(f, func() []string { return f.args }) }

// Unlink is what is removed if DPDK aborts.
func (f *Fake) Unlink() []string { return get(f, func() []string { return f.unlink }) }

// CleanedUp tells whether EAL has ended.
func (f *Fake) CleanedUp() bool { return get(f, func() bool { return f.cleaned }) }

// Confined are the CPUs that Go was left; nil: all.
func (f *Fake) Confined() []int { return get(f, func() []int { return f.confined }) }

// Mbufs is how many a pool has; 0: there is no such pool.
func (f *Fake) Mbufs(pool string) int { return get(f, func() int { return f.pools[pool] }) }

func get[T any](f *Fake, value func() T) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	return value()
}

// Open implements dpdk.Driver.
func (f *Fake) Open(unlink []string, log func(level byte, text string)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unlink, f.log = unlink, log
	return nil
}

// FlushLog implements dpdk.Driver.
func (f *Fake) FlushLog() {}

// Init implements dpdk.Driver: it makes a port of each -a and --vdev.
func (f *Fake) Init(args []string) error {
	f.mu.Lock()
	f.args = args
	f.mu.Unlock()
	if err := f.hook(Init, ""); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, arg := range args {
		if vdev, ok := strings.CutPrefix(arg, "--vdev="); ok {
			f.makePort(vdev)
		} else if i > 0 && (args[i-1] == "-a" || args[i-1] == "--vdev") {
			f.makePort(arg)
		}
	}
	return nil
}

// Cleanup implements dpdk.Driver.
func (f *Fake) Cleanup() error {
	if err := f.hook(Cleanup, ""); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.ports {
		if p.started {
			return fmt.Errorf("port %s is still up", p.name)
		}
	}
	f.cleaned = true
	return nil
}

// Lcores implements dpdk.Driver.
func (f *Fake) Lcores() []dpdk.Lcore { return slices.Clone(f.lcores) }

// Clock implements dpdk.Driver: a TSC of 1 GHz that begins with the fake.
func (f *Fake) Clock() (tsc, nanoseconds uint64) {
	now := uint64(time.Since(f.began))
	return now, now
}

// Confine implements dpdk.Driver.
func (f *Fake) Confine(cpus []int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.confined = cpus
	return nil
}

// NewPool implements dpdk.Driver.
func (f *Fake) NewPool(name string, mbufs, _, _ int) (dpdk.Handle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if mbufs <= 0 {
		return nil, syscall.ENOMEM
	}
	f.pools[name] = mbufs
	return name, nil
}

// Prepare implements dpdk.Driver.
func (f *Fake) Prepare(pool dpdk.Handle, frame []byte) error {
	if pool == nil || len(frame) == 0 {
		return syscall.EINVAL
	}
	return nil
}

// ring is the handle of one.
type ring struct{ name string }

// NewRing implements dpdk.Driver.
func (f *Fake) NewRing(name string, size, _ int) (dpdk.Handle, error) {
	if err := f.hook(NewRing, ""); err != nil {
		return nil, err
	}
	if size&(size-1) != 0 {
		return nil, errors.New("a ring's size must be a power of 2")
	}
	return &ring{name}, nil
}

// FreeRing implements dpdk.Driver.
func (f *Fake) FreeRing(dpdk.Handle) {}

// cutArg splits the argument of a device into the device's name and its options.
func cutArg(arg string) (name, options string) {
	name, options, _ = strings.Cut(arg, ",")
	return name, "," + options + ","
}
