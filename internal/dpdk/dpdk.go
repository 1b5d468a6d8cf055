// Package dpdk runs DPDK inside this process: it starts EAL, sets up ports and
// gives lcores their packet loops. It is the only package that calls C.
//
// The loops are C and run for a whole interval; Go sets them up, reads their
// counters and stops them. EAL lives on one locked thread, and all calls that
// configure it run there. A process starts it once.
//
// The package knows neither pods nor trials. Start gives a Runtime; Runtime.Port sets up
// a port, and Runtime.Run gives lcores their streams. In C, start at loop.c.
package dpdk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/privilege"
)

// ErrNoPort means that EAL started without one of the ports that it was given.
var ErrNoPort = errors.New("DPDK made no such port")

// Lcore is a logical core of EAL, a thread pinned to a CPU, as DPDK itself tells it.
// lib/eal has a type for the lcores that arguments ask for, and internal/result one for
// documents, because neither may import this package.
type Lcore struct {
	ID, CPU int
	Socket  int  // NUMA node
	Main    bool // runs EAL and Go, and polls only if it is alone
}

// Options say how to start EAL.
type Options struct {
	// Args are EAL's arguments, without the program's name, as lib/eal renders
	// them. They must be known to be valid: since 25.11 EAL ends the process
	// on one that it cannot parse.
	Args []string
	// Unlink names the files, and then the directories, to remove if DPDK aborts.
	Unlink []string
	// Log takes DPDK's log; nil discards it.
	Log *slog.Logger
	// Driver replaces DPDK, such as dpdktest's; nil: DPDK itself.
	Driver Driver
}

// Runtime is a running EAL.
type Runtime struct {
	drv    Driver
	log    *logBook
	calls  chan func()   // for the EAL thread
	ended  chan struct{} // the EAL thread is to end
	lcores []Lcore
	pools  map[string]Handle
	rings  int // made so far, for their names

	tsc0, ns0 uint64 // a moment by both clocks, to learn the TSC's frequency
}

// Start initializes EAL on a thread of its own. It can wait without end: rte_eal_init
// itself waits for the peer of a vhost-user socket that the pod makes (server=1), and
// before that no port exists. When ctx ends first, Start returns its cause and leaves the
// thread behind; the process can then only exit.
func Start(ctx context.Context, o Options) (*Runtime, error) {
	drv := o.Driver
	if drv == nil {
		var err error
		if drv, err = newDriver(); err != nil {
			return nil, err
		}
	}
	r := &Runtime{
		drv: drv, log: newLogBook(o.Log),
		calls: make(chan func()), ended: make(chan struct{}), pools: map[string]Handle{},
	}
	if err := drv.Open(o.Unlink, r.log.record); err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go func() {
		// Never unlocked, so the thread ends with this: EAL pins it to the main
		// lcore's CPU.
		runtime.LockOSThread()
		r.tsc0, r.ns0 = drv.Clock()
		if err := privilege.Raise(); err != nil {
			r.log.record('5', fmt.Sprintf("podnet: raise capabilities: %v", err))
		}
		err := drv.Init(append([]string{"testpmd-wrapper"}, o.Args...))
		if err == nil {
			r.lcores = drv.Lcores()
		}
		started <- err
		for {
			select {
			case f := <-r.calls:
				f()
			case <-r.ended:
				return
			}
		}
	}()
	var err error
	select {
	case err = <-started:
	case <-ctx.Done():
		close(r.ended)
		return nil, context.Cause(ctx)
	}
	if err != nil {
		close(r.ended)
		return nil, r.explain(fmt.Errorf("EAL did not start: %w", err))
	}
	return r, nil
}

// errEnded means that Close has ended EAL.
var errEnded = errors.New("EAL has ended")

// on runs f on the EAL thread and gives its answer, or the cause of ctx's end if that
// comes first. f may then still be running in DPDK, and the next caller waits for it too.
func on[T any](ctx context.Context, r *Runtime, f func() (T, error)) (none T, _ error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	call := func() {
		v, err := f()
		done <- answer{v, err}
	}
	select {
	case r.calls <- call:
	case <-r.ended:
		return none, errEnded
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// do is on for a call that gives no value.
func (r *Runtime) do(ctx context.Context, f func() error) error {
	_, err := on(ctx, r, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// explain adds to an error of DPDK what DPDK logged about it.
func (r *Runtime) explain(err error) error {
	r.drv.FlushLog()
	if lines := r.log.takeErrors(); lines != "" {
		return fmt.Errorf("%w (DPDK says: %s)", err, lines)
	}
	return err
}

// Lcores lists the lcores by id; the main lcore comes first.
func (r *Runtime) Lcores() []Lcore { return slices.Clone(r.lcores) }

// PollingLcores are the lcores that may run loops: all but the main one.
func (r *Runtime) PollingLcores() []Lcore {
	return slices.DeleteFunc(r.Lcores(), func(l Lcore) bool { return l.Main })
}

// Close ends EAL, once. Ports must be closed and jobs stopped. When ctx ends
// first, the thread is left behind in DPDK, and the process can only exit.
func (r *Runtime) Close(ctx context.Context) error {
	defer close(r.ended)
	return r.do(ctx, r.drv.Cleanup)
}

// Leave lets the EAL thread end when it returns from DPDK. DPDK's ports and jobs stay as
// they are, so the process can only exit.
func (r *Runtime) Leave() { close(r.ended) }

// tscHz is the TSC's frequency by CLOCK_MONOTONIC_RAW since EAL started. EAL's
// own figure is rounded to 10 MHz before 24.11, an error of up to 0.2 %.
func (r *Runtime) tscHz() float64 {
	tsc, ns := r.drv.Clock()
	for ns-r.ns0 < uint64(50*time.Millisecond) {
		time.Sleep(10 * time.Millisecond)
		tsc, ns = r.drv.Clock()
	}
	return float64(tsc-r.tsc0) / float64(ns-r.ns0) * 1e9
}

// PortInfo is a port's description of itself.
type PortInfo struct {
	Driver    string // as net_memif
	MAC       net.HardwareAddr
	Socket    int // NUMA node; -1: unknown
	MaxQueues int // pairs
	// MaxRxRing and MaxTxRing are the most descriptors of a queue; 0: unknown.
	MaxRxRing, MaxTxRing int
}
