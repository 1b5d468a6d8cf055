package dpdk

import (
	"errors"
	"fmt"
)

// Sizes of rings and pools. A ring of 1024 is what memif has by default and
// more than most drivers need to be polled in time; the driver's own limits win.
const (
	ringSize = 1024
	// poolCaches is what the lcores' caches of a pool may hold back.
	poolCaches = 2048
)

// PortConfig says how a port is set up.
type PortConfig struct {
	Queues int // Rx and Tx queues each; 0 means 1
	MTU    int // bytes of the L3 packet; 0 leaves the driver's
	Mbufs  int // that frames received from the port are held in, beside what its rings need
}

// Port is an ethdev.
type Port struct {
	Name string // as EAL knows it, such as net_memif_net1
	PortInfo

	rt     *Runtime
	id     uint16
	queues int
}

// Queue is a queue pair of a port.
type Queue struct {
	Port  *Port
	Index int
}

// Stats are a port's counters since it started, by rte_eth_stats_get. Bytes are
// without the FCS.
type Stats struct {
	RxPackets, RxBytes, RxMissed, RxErrors, RxNoMbuf uint64
	TxPackets, TxBytes, TxErrors                     uint64
}

// Port finds a port by name. It returns an error that wraps ErrNoPort, with what
// DPDK logged, if EAL could not make it.
func (r *Runtime) Port(name string) (*Port, error) {
	p := &Port{Name: name, rt: r}
	err := r.do(func() (err error) {
		if p.id, err = r.drv.findPort(name); err != nil {
			return fmt.Errorf("%w: %s", ErrNoPort, name)
		}
		p.PortInfo, err = r.drv.portInfo(p.id)
		return err
	})
	if err != nil {
		return nil, r.explain(err)
	}
	return p, nil
}

// Forgets tells whether the port's own counters begin anew when its peer hangs
// up, as memif's do (as of DPDK 24.11).
func (p *Port) Forgets() bool { return p.Driver == "net_memif" }

// Configure sets up the port's queues and their pool.
func (p *Port) Configure(c PortConfig) error {
	p.queues = max(c.Queues, 1)
	if p.queues > p.MaxQueues {
		return fmt.Errorf("%d queues: %s has at most %d", p.queues, p.Driver, p.MaxQueues)
	}
	err := p.rt.do(func() error {
		// What lies in the Rx rings here and in the Tx rings of the port that
		// it is forwarded to.
		rx, err := p.rt.pool(fmt.Sprintf("rx_%d", p.id), p.queues*2*ringSize+poolCaches+c.Mbufs, p.Socket)
		if err != nil {
			return err
		}
		return p.rt.drv.configure(p.id, p.queues, ringSize, ringSize, c.MTU, rx)
	})
	if err != nil {
		return p.rt.explain(err)
	}
	return nil
}

// Start starts the port. It fails on a memif client whose server does not
// listen, and may be called again.
func (p *Port) Start() error {
	if err := p.rt.do(func() error { return p.rt.drv.start(p.id) }); err != nil {
		return p.rt.explain(err)
	}
	return nil
}

// Close stops and closes the port, which removes a socket that it made.
func (p *Port) Close() error {
	return p.rt.do(func() error { return p.rt.drv.closePort(p.id) })
}

// LinkUp tells whether the port has a link; on a socket, whether its peer is
// connected.
func (p *Port) LinkUp() bool {
	var up bool
	err := p.rt.do(func() (err error) {
		up, err = p.rt.drv.link(p.id)
		return err
	})
	return err == nil && up
}

// Stats reads the port's counters.
func (p *Port) Stats() (s Stats, err error) {
	err = p.rt.do(func() (err error) {
		s, err = p.rt.drv.stats(p.id)
		return err
	})
	return s, err
}

// Send sends one frame (without the FCS) on the first queue, while no job uses
// it. A full ring gives an error.
func (p *Port) Send(frame []byte) error {
	if len(frame) == 0 {
		return errors.New("empty frame")
	}
	return p.rt.do(func() error {
		pool, err := p.rt.pool("control", poolCaches, p.Socket)
		if err != nil {
			return err
		}
		return p.rt.drv.send(p.id, pool, frame)
	})
}

// Receive takes one frame from the first queue, while no job uses it; nil if
// there is none.
func (p *Port) Receive() (frame []byte) {
	_ = p.rt.do(func() error {
		frame = p.rt.drv.receive(p.id)
		return nil
	})
	return frame
}

// pool makes a pool once; a port that is asked for again gets the same. It runs
// on the EAL thread.
func (r *Runtime) pool(name string, mbufs, socket int) (pool, error) {
	if p, ok := r.pools[name]; ok {
		return p, nil
	}
	p, err := r.drv.newPool(name, mbufs, socket)
	if err == nil {
		r.pools[name] = p
	}
	return p, err
}
