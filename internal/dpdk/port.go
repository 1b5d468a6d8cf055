package dpdk

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Sizes of rings and pools. A ring of 1024 is what memif has by default and
// more than most drivers need to be polled in time; the driver's own limits win.
const (
	ringSize = 1024
	// poolCaches is how many mbufs of a pool the lcores' caches can hold.
	poolCaches = 2048

	// minRoom is an mbuf's least size: most NICs receive in buffers of 2 KiB. overMTU
	// is the rest of a frame beside its L3 packet: the Ethernet header, two VLAN tags,
	// the FCS, and virtio's own header, which virtio's check counts. A frame always
	// fits into one mbuf.
	minRoom = 2048
	overMTU = 14 + 2*4 + 4 + 12
)

// xdpDriver is the driver of AF_XDP sockets.
const xdpDriver = "net_af_xdp"

// PortConfig says how a port is set up.
type PortConfig struct {
	Queues int // Rx and Tx queues each; 0 means 1
	MTU    int // bytes of the L3 packet that the port has to carry; 0 means 1500
	Mbufs  int // that frames received from the port are held in, beside what its rings need
}

// Port is an ethdev.
type Port struct {
	Name string // as EAL knows it, such as net_memif_net1
	PortInfo

	rt   *Runtime
	id   uint16
	room int // bytes of a frame that one of its mbufs holds
	// carries is the port whose mbufs the Tx queues carry; nil: pools of their own.
	carries *Port
	stopped bool // by a Restart that failed; of the EAL thread
}

// Queue is a queue pair of a port.
type Queue struct {
	Port  *Port
	Index int
}

// virtioRing is how many packets the ring of a virtio queue has room for by default. The
// device or its options can change it, and drivers do not report it.
const virtioRing = 256

// packetRing is how many frames net_af_packet has a ring for.
const packetRing = 512

// Rings are how many packets the ring of an Rx and of a Tx queue has room for.
func (p *Port) Rings() (rx, tx int) {
	ring := ringSize
	switch {
	case strings.HasPrefix(p.Driver, "net_virtio"), p.Driver == "net_vhost":
		ring = virtioRing
	case p.Driver == "net_af_packet":
		ring = packetRing
	}
	limited := func(most int) int {
		if most == 0 {
			return ring
		}
		return min(ring, most)
	}
	return limited(p.MaxRxRing), limited(p.MaxTxRing)
}

// Stats are a port's counters since it started, by rte_eth_stats_get. Bytes are
// without the FCS.
type Stats struct {
	RxPackets, RxBytes, RxMissed, RxErrors, RxNoMbuf uint64
	TxPackets, TxBytes, TxErrors                     uint64
}

// Port finds a port by name. It returns an error that wraps ErrNoPort, with what
// DPDK logged, if EAL could not make it.
func (r *Runtime) Port(ctx context.Context, name string) (*Port, error) {
	p, err := on(ctx, r, func() (_ *Port, err error) {
		p := &Port{Name: name, rt: r}
		if p.id, err = r.drv.FindPort(name); err != nil {
			return nil, fmt.Errorf("%w: %s", ErrNoPort, name)
		}
		p.PortInfo, err = r.drv.PortInfo(p.id)
		return p, err
	})
	if err != nil {
		return nil, r.explain(err)
	}
	return p, nil
}

// Forgets tells whether the port's own counters begin again when its peer hangs
// up, as memif's do (as of DPDK 24.11).
func (p *Port) Forgets() bool { return p.Driver == "net_memif" }

// Spoils tells whether closing the port may crash after Configure has failed: net_af_xdp
// then frees a queue for the second time.
func (p *Port) Spoils() bool { return p.Driver == xdpDriver }

// Configure sets up the port's queues and their pool.
func (p *Port) Configure(ctx context.Context, c PortConfig) error {
	queues := max(c.Queues, 1)
	if queues > p.MaxQueues {
		return fmt.Errorf("%d queues: %s has at most %d", queues, p.Driver, p.MaxQueues)
	}
	err := p.rt.do(ctx, func() error {
		// Mbufs for the Rx rings here, and for the Tx rings of the port that
		// forwards them.
		p.room = max(minRoom, c.MTU+overMTU)
		rx, err := p.rt.pool(rxPool(p.id), queues*(2*ringSize+p.ownMbufs())+poolCaches+c.Mbufs, p)
		if err != nil {
			return err
		}
		if err := p.rt.drv.Configure(p.id, queues, ringSize, ringSize, c.MTU, rx); err != nil {
			return err
		}
		if p.Driver != xdpDriver {
			return nil
		}
		// As of DPDK 25.11, net_af_xdp reports a queue as set up although it got no map
		// from the AF_XDP device plugin and has closed the queue's socket. Reading the
		// counters asks that socket.
		_, err = p.rt.drv.Stats(p.id)
		return err
	})
	if err != nil {
		return p.rt.explain(err)
	}
	return nil
}

// ownMbufs is how many mbufs the driver keeps per queue, whatever the size of its rings.
// net_af_xdp fills the kernel's fill ring with 4096 before any packet comes. As many again
// are on their way up or down, and it also copies frames that it sends into mbufs of this
// pool.
func (p *Port) ownMbufs() int {
	if p.Driver == xdpDriver {
		return 3 * 4096
	}
	return 0
}

// Start starts the port. It fails on a memif client whose server does not
// listen, and may be called again.
func (p *Port) Start(ctx context.Context) error {
	if err := p.rt.do(ctx, func() error {
		err := p.rt.drv.StartPort(p.id)
		p.stopped = p.stopped && err != nil
		return err
	}); err != nil {
		return p.rt.explain(err)
	}
	return nil
}

// ClosesLast tells whether the port has to be closed after the ports of other drivers:
// closing it holds EAL's interrupt thread for good, and the other drivers need it.
func (p *Port) ClosesLast() bool { return p.Driver == "net_memif" }

// Close stops and closes the port, which removes a socket that it made.
func (p *Port) Close(ctx context.Context) error {
	return p.rt.do(ctx, func() error { return p.rt.drv.ClosePort(p.id) })
}

// LinkUp tells whether the port has a link; on a socket, whether its peer is
// connected.
func (p *Port) LinkUp(ctx context.Context) (bool, error) {
	return on(ctx, p.rt, func() (bool, error) { return p.rt.drv.Link(p.id) })
}

// LinkSpeed is the link's speed as the driver reports it, in bits per second; 0: it does
// not. Drivers of virtual devices make the speed up.
func (p *Port) LinkSpeed(ctx context.Context) (float64, error) {
	mbps, err := on(ctx, p.rt, func() (uint64, error) { return p.rt.drv.LinkSpeed(p.id) })
	return float64(mbps) * 1e6, err
}

// Explain adds DPDK's errors since the port's start to an error about the port.
func (p *Port) Explain(err error) error { return p.rt.explain(err) }

// Stats reads the port's counters.
func (p *Port) Stats(ctx context.Context) (Stats, error) {
	return on(ctx, p.rt, func() (Stats, error) {
		s, err := p.rt.drv.Stats(p.id)
		if p.Driver == igbVFDriver {
			s.RxBytes -= min(s.RxBytes, fcs*s.RxPackets)
			s.TxBytes -= min(s.TxBytes, fcs*s.TxPackets)
		}
		return s, err
	})
}

// igbVFDriver is the driver of igb's VFs. Unlike the driver of their PFs and all others,
// it includes the FCS in its byte counters.
const (
	igbVFDriver = "net_e1000_igb_vf"
	fcs         = 4
)

// Carries says that the port will send the packets that from receives, as in a forwarder.
// Send then takes its mbufs from the same pool, because the driver may free the mbufs of a
// Tx queue as if all came from one pool (MBUF_FAST_FREE).
func (p *Port) Carries(from *Port) { p.carries = from }

// Send sends one frame (without the FCS) on the first queue, while no job uses
// it. A full ring gives an error.
func (p *Port) Send(ctx context.Context, frame []byte) error {
	if len(frame) == 0 {
		return errors.New("empty frame")
	}
	return p.rt.do(ctx, func() error {
		var pool Handle
		if p.carries != nil {
			pool = p.rt.pools[rxPool(p.carries.id)]
		}
		if pool == nil {
			var err error
			if pool, err = p.rt.txPool(p, 0); err != nil {
				return err
			}
		}
		if p.stopped {
			return errStopped
		}
		return p.rt.drv.Send(p.id, pool, frame)
	})
}

// Receive takes one frame from the first queue, while no job uses it; nil if
// there is none.
func (p *Port) Receive(ctx context.Context) []byte {
	frame, _ := on(ctx, p.rt, func() ([]byte, error) {
		if p.stopped {
			return nil, errStopped
		}
		return p.rt.drv.Receive(p.id), nil
	})
	return frame
}

// errStopped means that a Restart has failed: a driver must not be called then.
var errStopped = errors.New("the port is stopped: its peer does not answer")

// rxPool is the name of the pool that a port receives into.
func rxPool(port uint16) string { return fmt.Sprintf("rx_%d", port) }

// txPool is the pool of a Tx queue that sends our own frames. No receiver shares it,
// because a receiver would write over the prepared frames.
func (r *Runtime) txPool(p *Port, queue int) (Handle, error) {
	return r.pool(fmt.Sprintf("tx_%d_%d", p.id, queue), ringSize+poolCaches, p)
}

// pool makes a pool for a port once; a port that is asked for again gets the same.
// It runs on the EAL thread.
func (r *Runtime) pool(name string, mbufs int, p *Port) (Handle, error) {
	if pool, ok := r.pools[name]; ok {
		return pool, nil
	}
	pool, err := r.drv.NewPool(name, mbufs, max(minRoom, p.room), p.Socket)
	if err == nil {
		r.pools[name] = pool
	}
	return pool, err
}
