package dpdk

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// StampLen is the length of a stamp in bytes: the first half of the signature's
// bytes (2), a check (2), the flow (2), the packet's number in it (4) and the time it
// was sent at (4), each in the machine's byte order. The check is over the signature,
// the rest of the stamp, and the length of the frame from the stamp on (stream.h).
const StampLen = 14

// stampSpan is how long the 32 bits of a stamp's time must last, in seconds: three
// quarters of it is the longest round-trip time.
const stampSpan = 20

// stampShift gives the unit of a stamp's time: 2^stampShift cycles of a TSC with this
// frequency, the smallest unit that lasts for stampSpan. It is 16 cycles at 3 GHz, and 1
// cycle at arm64's usual 25 MHz.
func stampShift(hz float64) int {
	shift := 0
	for hz*stampSpan > float64(uint64(1)<<(32+shift)) {
		shift++
	}
	return shift
}

// lateAfter is how long after its time a packet is late.
const lateAfter = 100 * time.Microsecond

// slack is how much time a generator can save up for catching up. A turn of its loop takes
// less.
const slack = 10 * time.Microsecond

// Limits of the loops (dpdk.h).
const (
	maxSizes   = 16
	maxPattern = 256
	headLen    = 96
	udpLen     = 8
)

// setFrames gives the stream its templates. The loops need only how each begins, because
// all bytes behind the stamp are zero.
func (c *StreamConfig) setFrames(frames [][]byte) error {
	switch {
	case len(frames) == 0 || len(frames) > maxSizes:
		return fmt.Errorf("%d frame sizes: must be 1 to %d", len(frames), maxSizes)
	case len(c.Pattern) == 0 || len(c.Pattern) > maxPattern:
		return fmt.Errorf("a round of %d frames: must be 1 to %d", len(c.Pattern), maxPattern)
	case c.StampOffset < udpLen || c.StampOffset+StampLen > headLen:
		return fmt.Errorf("a stamp at %d does not fit", c.StampOffset)
	}
	for _, size := range c.Pattern {
		if size < 0 || size >= len(frames) {
			return errors.New("the pattern names a frame that does not exist")
		}
	}
	for _, f := range frames {
		if len(f) < c.StampOffset+StampLen {
			return fmt.Errorf("a frame of %d bytes has no room for a stamp at %d", len(f), c.StampOffset)
		}
		c.Heads = append(c.Heads, f[:min(len(f), headLen)])
		c.Lens = append(c.Lens, len(f))
	}
	return nil
}

// setPayloads gives a receiver the lengths of the frames that are sent to it.
func (c *StreamConfig) setPayloads(payloads []int, vlan int) error {
	switch {
	case len(payloads) > maxSizes:
		return fmt.Errorf("%d frame sizes: must be at most %d", len(payloads), maxSizes)
	case vlan < 0 || vlan > 4094:
		return fmt.Errorf("VLAN %d: must be 1 to 4094, or 0 for none", vlan)
	}
	for _, n := range payloads {
		if n < StampLen || n > 0xffff {
			return fmt.Errorf("a payload of %d bytes has no room for a stamp", n)
		}
	}
	c.Payloads, c.VLAN = payloads, vlan
	return nil
}

// Tags are VLAN tags of a frame.
type Tags struct {
	N            int    // how many
	Outer, Inner uint16 // ids of the first two
}

// tags reads RawCounters.RxTags.
func tags(raw uint64) Tags {
	return Tags{N: int(raw >> 32), Outer: uint16(raw >> 16), Inner: uint16(raw)}
}

// Ring joins one Generate and one Verify stream in memory.
type Ring struct {
	rt *Runtime
	r  Handle
}

// NewRing makes a ring of size mbufs, a power of 2, on a NUMA node.
func (r *Runtime) NewRing(ctx context.Context, size, socket int) (*Ring, error) {
	ring, err := on(ctx, r, func() (Handle, error) {
		r.rings++
		return r.drv.NewRing(fmt.Sprintf("podnet_%d", r.rings), size, socket)
	})
	return &Ring{rt: r, r: ring}, err
}

// Free frees the ring, which no job may be using.
func (r *Ring) Free(ctx context.Context) {
	_ = r.rt.do(ctx, func() error {
		r.rt.drv.FreeRing(r.r)
		return nil
	})
}
