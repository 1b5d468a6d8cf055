package dpdk

import (
	"errors"
	"fmt"
	"time"
)

// StampLen is the length of a stamp in bytes: the signature (4), the flow (2),
// the packet's number in it (4) and the time it was sent at, in 16 cycles of the
// TSC (4), each in the machine's byte order.
const StampLen = 14

// lateAfter is how long after its time a packet is late.
const lateAfter = 100 * time.Microsecond

// Limits of the loops (dpdk.h).
const (
	maxSizes   = 16
	maxPattern = 256
	headLen    = 96
	udpLen     = 8
)

// setFrames gives the stream its templates, of which the loops need how they
// begin: all behind the stamp is zero.
func (c *streamConfig) setFrames(frames [][]byte) error {
	switch {
	case len(frames) == 0 || len(frames) > maxSizes:
		return fmt.Errorf("%d frame sizes: must be 1 to %d", len(frames), maxSizes)
	case len(c.pattern) == 0 || len(c.pattern) > maxPattern:
		return fmt.Errorf("a round of %d frames: must be 1 to %d", len(c.pattern), maxPattern)
	case c.stampOffset < udpLen || c.stampOffset+StampLen > headLen:
		return fmt.Errorf("a stamp at %d does not fit", c.stampOffset)
	}
	for _, size := range c.pattern {
		if size < 0 || size >= len(frames) {
			return errors.New("the pattern names a frame that there is not")
		}
	}
	for _, f := range frames {
		if len(f) < c.stampOffset+StampLen {
			return fmt.Errorf("a frame of %d bytes has no room for a stamp at %d", len(f), c.stampOffset)
		}
		c.heads = append(c.heads, f[:min(len(f), headLen)])
		c.lens = append(c.lens, len(f))
	}
	return nil
}

// Ring joins one Generate and one Verify stream in memory.
type Ring struct {
	rt *Runtime
	r  ring
}

// NewRing makes a ring of size mbufs, a power of 2, on a NUMA node.
func (r *Runtime) NewRing(size, socket int) (*Ring, error) {
	ring := &Ring{rt: r}
	err := r.do(func() (err error) {
		r.rings++
		ring.r, err = r.drv.newRing(fmt.Sprintf("podnet_%d", r.rings), size, socket)
		return err
	})
	return ring, err
}

// Free frees the ring, which no job may be using.
func (r *Ring) Free() {
	_ = r.rt.do(func() error {
		r.rt.drv.freeRing(r.r)
		return nil
	})
}
