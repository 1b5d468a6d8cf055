// Package dataplane runs DPDK on the ports of a pod: it makes way for their
// sockets, starts EAL and the ports, waits for peers, gets those back that went
// away, and leaves nothing behind when it closes.
package dataplane

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/dpdk"
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
}

// Dataplane is DPDK on ports that have started.
type Dataplane struct {
	Ports []*Port

	rt      *dpdk.Runtime
	cfg     Config
	sockets []socket
}

// Start starts EAL, sets up the ports and waits for their peers. What fails for
// want of a peer or a usable device wraps ErrNotReady.
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
	if err := d.clearTheWay(waiting); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close(context.WithoutCancel(ctx)))
		}
	}()
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
			if err := p.startWhenReady(ctx, waiting); err != nil {
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

// clearTheWay sees to the sockets before EAL starts: virtio_user gives up at once
// on a server that does not listen yet, and every driver stumbles over the socket
// that a dead process left.
func (d *Dataplane) clearTheWay(ctx context.Context) error {
	for _, s := range d.sockets {
		if s.server {
			if err := s.clear(ctx); err != nil {
				return NotReady(err)
			}
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

// startEAL starts EAL, which waits for the peers of some sockets.
func (d *Dataplane) startEAL(ctx, waiting context.Context, args []string) (err error) {
	var unlink []string
	for _, s := range d.sockets {
		if s.server && !s.abstract() {
			unlink = append(unlink, s.path)
		}
		if s.acceptsEarly {
			ctx = waiting
		}
	}
	if d.cfg.OwnPrefix {
		unlink = append(unlink, runtimeFiles(d.cfg.EAL.FilePrefix)...)
	}
	d.rt, err = dpdk.Start(ctx, dpdk.Options{Args: args, Unlink: unlink, Log: d.cfg.Log, Driver: d.cfg.Driver})
	if errors.Is(err, ErrNoPeer) {
		return NotReady(fmt.Errorf("%s: no peer connected within %s", d.accepting(), d.cfg.PeerTimeout))
	}
	return err
}

// accepting guesses at which socket rte_eal_init waits: it makes them one after
// the other, and the next only when the last has its peer.
func (d *Dataplane) accepting() socket {
	var last socket
	for _, s := range d.sockets {
		if _, err := os.Lstat(s.path); s.acceptsEarly && err == nil {
			last = s
		}
	}
	return last
}

// ethernetMTU is the MTU of Ethernet without jumbo frames, which every port has.
const ethernetMTU = 1500

// addPort sets up a port that EAL has made, and does not start it.
func (d *Dataplane) addPort(ctx context.Context, spec podnet.Port) error {
	p := &Port{Interface: spec.Interface, Queues: d.cfg.Queues}
	for _, dev := range d.cfg.EAL.Devices {
		if dev.PortName() != spec.PortName {
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
	}
	if err != nil && spec.MTU > ethernetMTU {
		err = fmt.Errorf("for an MTU of %d bytes: %w; see that the PF's MTU and the peer's are as large", spec.MTU, err)
	}
	if err != nil {
		return fmt.Errorf("interface %q: %w", spec.Interface, err)
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
	job, err := d.rt.Run(ctx, streams, lcores)
	if err != nil {
		return nil, err
	}
	if err := d.rt.Confine(d.cfg.EAL.CPUs, job.Lcores()); err != nil {
		err = errors.Join(err, job.Stop(ctx))
		job.Free()
		return nil, err
	}
	return job, nil
}

// Close ends DPDK and removes what it left behind. When ctx ends first, DPDK is
// left to itself, what it left is removed all the same, and the process can only
// exit.
func (d *Dataplane) Close(ctx context.Context) error {
	var errs []error
	for _, p := range d.Ports {
		errs = append(errs, p.Close(ctx))
	}
	if d.rt != nil {
		errs = append(errs, d.rt.Close(ctx))
	}
	for _, s := range d.sockets {
		s.remove()
	}
	if d.cfg.OwnPrefix {
		errs = append(errs, os.RemoveAll(runtimeDir(d.cfg.EAL.FilePrefix)))
	}
	return errors.Join(errs...)
}
