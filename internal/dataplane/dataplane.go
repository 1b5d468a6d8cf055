// Package dataplane runs DPDK on the ports of a pod: it makes way for their sockets,
// starts EAL and the ports, waits for peers, reconnects peers that went away, and leaves
// nothing behind when it closes. It decides neither which ports there are (lib/podnet)
// nor which packets they carry (internal/traffic). Start at Start and Keep.
package dataplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Config says what to start.
type Config struct {
	EAL         eal.Config
	Ports       []podnet.Port // in the order in which Dataplane has them
	Queues      int
	Mbufs       int           // of each port, beside what its rings need
	PeerTimeout time.Duration // how long to wait for peers; 0: for ever
	AwaitPeers  bool          // a port without a peer is an error
	OwnPrefix   bool          // the file prefix is this process's alone
	Log         *slog.Logger  // takes DPDK's log; nil discards it
	Driver      dpdk.Driver   // nil: DPDK itself
	// AtOnce takes what removes the dataplane's files, for a process that ends
	// without closing it, until the function that it gives is called; nil: nobody does.
	AtOnce func(remove func()) (done func())
}

// Dataplane is DPDK on ports that have started.
type Dataplane struct {
	Ports []*Port

	rt      *dpdk.Runtime
	cfg     Config
	sockets []socket
	files   files
	spoiled bool   // by a driver that may crash when its port is closed
	kept    func() // the files are removed, and not to be at once any more
}

// Start starts EAL, sets up the ports and waits for their peers. An error
// about a missing peer or device wraps ErrNotReady.
func Start(ctx context.Context, c Config) (_ *Dataplane, err error) {
	args, err := c.EAL.Args()
	if err != nil {
		return nil, err
	}
	d := &Dataplane{cfg: c}
	for _, dev := range c.EAL.Devices {
		if s, ok := socketOf(dev); ok {
			d.sockets = append(d.sockets, s)
		}
	}
	waiting, cancel := Awaiting(ctx, c.PeerTimeout)
	defer cancel()
	defer func() {
		if err == nil {
			return
		}
		if failed := d.Close(context.WithoutCancel(ctx)); !errors.Is(failed, ErrStuck) { // as the start was
			err = errors.Join(err, failed)
		}
	}()
	if d.kept = func() {}; c.AtOnce != nil {
		d.kept = c.AtOnce(func() { _ = d.files.remove() })
	}
	if err := d.clearTheWay(waiting); err != nil {
		return nil, err
	}
	rundir.LetGroupConnect() // for good: DPDK makes sockets in threads of its own, too
	if err := d.startEAL(ctx, waiting, args); err != nil {
		return nil, err
	}
	for _, spec := range c.Ports {
		if err := d.addPort(ctx, spec); err != nil {
			return nil, err
		}
	}
	// Servers first: where both ends are ours, a client waits for one.
	for _, clients := range []bool{false, true} {
		for _, p := range d.Ports {
			if isClient := p.socket != nil && !p.socket.server; isClient != clients {
				continue
			}
			err := p.startWhenReady(ctx, waiting)
			d.files.note()
			if err != nil {
				return nil, err
			}
		}
	}
	if c.AwaitPeers {
		for _, p := range d.Ports {
			if err := p.awaitLink(waiting); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

// clearTheWay sees to what DPDK expects before EAL starts: virtio_user gives up at
// once on a server that does not listen yet, every driver stumbles over the socket
// that a dead process left, and every process leaves files.
func (d *Dataplane) clearTheWay(ctx context.Context) (err error) {
	if d.cfg.OwnPrefix {
		if err := d.files.own(d.cfg.EAL.FilePrefix); err != nil {
			return NotReady(err)
		}
	}
	claimed := map[string]bool{}
	for _, s := range d.sockets {
		if !s.server || claimed[s.path] {
			continue
		}
		claimed[s.path] = true
		if s.abstract() {
			err = s.clear(ctx)
		} else {
			err = d.files.claim(ctx, s)
		}
		if err != nil {
			return NotReady(err)
		}
	}
	for _, s := range d.sockets {
		if s.connectsEarly {
			if err := s.await(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// startEAL starts EAL, which waits for the peers of some sockets. Told to stop, it
// lets EAL finish if that takes no longer than an orderly end: what EAL still makes
// after it was left could not be removed.
func (d *Dataplane) startEAL(ctx, waiting context.Context, args []string) (err error) {
	own, done := Orderly(ctx)
	defer done()
	starting, giveUp := context.WithCancelCause(own)
	defer giveUp(nil)
	if slices.ContainsFunc(d.sockets, socket.early) {
		stop := context.AfterFunc(waiting, func() {
			if cause := context.Cause(waiting); errors.Is(cause, ErrNoPeer) {
				giveUp(cause)
			}
		})
		defer stop()
	}
	for _, s := range d.sockets {
		if s.kind == podnet.KindMemif {
			args = append(args, "--log-level=pmd.net.memif:info") // why a peer refuses it
		}
	}
	d.rt, err = dpdk.Start(starting, dpdk.Options{Args: args, Unlink: d.files.names(), Log: d.cfg.Log, Driver: d.cfg.Driver})
	d.files.note()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, ErrNoPeer):
		return NotReady(fmt.Errorf("%s: no peer connected and answered within %s: see that the peer runs, or raise --peer-timeout", d.stuck(), d.cfg.PeerTimeout))
	}
	return err
}

// stuck says at which sockets rte_eal_init may be waiting. It sees to them one after
// the other: it makes a socket and waits for a peer, or connects and waits for
// answers, and a socket that it has made shows that it is done with those before.
func (d *Dataplane) stuck() string {
	var at []string
	for _, s := range d.sockets {
		_, err := os.Lstat(s.path)
		switch {
		case s.acceptsEarly && err != nil && len(at) > 0:
			return strings.Join(at, ", or ")
		case s.acceptsEarly:
			at = []string{s.String()}
		case s.connectsEarly:
			at = append(at, s.String())
		}
	}
	return strings.Join(at, ", or ")
}

// ethernetMTU is the MTU of Ethernet without jumbo frames, which every port has.
const ethernetMTU = 1500

// addPort sets up a port that EAL has made, and does not start it.
func (d *Dataplane) addPort(ctx context.Context, spec podnet.Port) error {
	p := &Port{Interface: spec.Interface, Queues: d.cfg.Queues}
	for _, dev := range d.cfg.EAL.Devices {
		if !eal.HasPort(dev, spec.PortName) {
			continue
		}
		p.Device = dev
		if s, ok := socketOf(dev); ok {
			p.socket = &s
		}
	}
	var err error
	if p.Port, err = d.rt.Port(ctx, spec.PortName); errors.Is(err, dpdk.ErrNoPort) {
		return NotReady(fmt.Errorf("interface %q: %w: %s", spec.Interface, err, likelyCause(p.Device)))
	}
	if err == nil {
		err = p.Configure(ctx, dpdk.PortConfig{Queues: d.cfg.Queues, MTU: spec.MTU, Mbufs: d.cfg.Mbufs})
		d.files.note()
		d.spoiled = d.spoiled || err != nil && p.Spoils()
	}
	if err != nil && spec.MTU > ethernetMTU {
		err = fmt.Errorf("for an MTU of %d bytes: %w; see that the PF's MTU and the peer's are as large", spec.MTU, err)
	}
	if err != nil {
		err = fmt.Errorf("interface %q: %w", spec.Interface, err)
		if dev, ok := p.Device.(eal.AFXDP); ok && dev.Plugin {
			err = NotReady(fmt.Errorf("%w: %s", err, likelyCause(dev)))
		}
		return err
	}
	d.Ports = append(d.Ports, p)
	return nil
}

// EAL is what EAL was started with.
func (d *Dataplane) EAL() eal.Config { return d.cfg.EAL }

// Lcores lists the lcores by id; the main lcore comes first.
func (d *Dataplane) Lcores() []dpdk.Lcore { return d.rt.Lcores() }

// NewRing makes a ring of size mbufs, a power of 2, on a NUMA node.
func (d *Dataplane) NewRing(ctx context.Context, size, socket int) (*dpdk.Ring, error) {
	return d.rt.NewRing(ctx, size, socket)
}

// Run starts the streams, on lcores of the ports' NUMA nodes first, and keeps Go
// off the CPUs that poll.
func (d *Dataplane) Run(ctx context.Context, streams []dpdk.Stream) (*dpdk.Job, error) {
	return d.run(ctx, streams, d.Polling(), nil)
}

// RunOn starts the streams on some of the polling lcores, beside what others run, and
// keeps Go off the CPUs of them all.
func (d *Dataplane) RunOn(ctx context.Context, streams []dpdk.Stream, lcores []dpdk.Lcore) (*dpdk.Job, error) {
	return d.run(ctx, streams, lcores, d.Polling())
}

// Polling are the lcores that poll. Lcores on the ports' NUMA nodes come first.
func (d *Dataplane) Polling() []dpdk.Lcore {
	remote := func(l dpdk.Lcore) int {
		for _, p := range d.Ports {
			if p.Socket < 0 || p.Socket == l.Socket {
				return 0
			}
		}
		return 1
	}
	lcores := d.rt.PollingLcores()
	slices.SortStableFunc(lcores, func(a, b dpdk.Lcore) int { return remote(a) - remote(b) })
	return lcores
}

// run starts the streams on lcores. busy are those whose CPUs Go is to keep off; nil:
// the job's.
func (d *Dataplane) run(ctx context.Context, streams []dpdk.Stream, lcores, busy []dpdk.Lcore) (*dpdk.Job, error) {
	job, err := d.rt.Run(ctx, streams, lcores)
	if err != nil {
		return nil, err
	}
	if busy == nil {
		busy = job.Lcores()
	}
	if err := d.rt.Confine(d.cfg.EAL.CPUs, busy); err != nil {
		err = errors.Join(err, job.Stop(ctx))
		job.Free()
		return nil, err
	}
	return job, nil
}

// closeTimeout is how long DPDK may take to close, at most. It waits for answers of
// vhost-user's peers, and one that stands still never gives them. A busy machine may
// take longer; then too the end of the process closes the rest.
const closeTimeout = time.Second

// Close ends DPDK, when ctx ends or after closeTimeout, and removes what
// it left behind. If it wraps ErrStuck, or if somebody's file has taken the place of
// a socket, the process has to exit: DPDK is left to itself.
func (d *Dataplane) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, closeTimeout, ErrStuck)
	defer cancel()
	err := d.end(ctx)
	defer d.kept()
	return errors.Join(err, d.files.remove())
}

// end ends DPDK, or leaves it to itself if its drivers would remove files of others,
// or crash.
func (d *Dataplane) end(ctx context.Context) error {
	if d.rt == nil {
		return nil
	}
	if d.spoiled || d.files.lost() {
		d.rt.Leave()
		return nil
	}
	var errs []error
	ports := slices.SortedStableFunc(slices.Values(d.Ports), func(a, b *Port) int { return last(a) - last(b) })
	for _, p := range ports {
		err := p.Close(ctx)
		if err == nil {
			continue
		}
		err = fmt.Errorf("interface %q: %w", p.Interface, err)
		if ctx.Err() != nil {
			d.rt.Leave()
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, d.rt.Close(ctx))...)
}

func last(p *Port) int {
	if p.ClosesLast() {
		return 1
	}
	return 0
}
