package dpdk

import (
	"math/bits"
	"time"
)

// Impairment has the faults of a device that forwards frames. It drops, doubles or holds
// back a frame that comes; the frame then takes Delay, and then waits for its turn to be
// forwarded at Rate.
type Impairment struct {
	Mode  Mode    // IO, MAC or MACSwap
	Rate  float64 // that is forwarded at most, packets per second; 0: no limit
	Depth int     // frames that may wait for their turn; more are dropped
	Delay time.Duration

	// Each fault strikes by chance, or every n-th frame that comes, counted from
	// 1; 0 is never.
	LossRatio, DuplicateRatio, ReorderRatio float64
	LossEvery, DuplicateEvery, ReorderEvery uint64
	// ReorderBy is how many later frames overtake a frame that is held back. If no
	// frame comes for 50 ms, the device releases all that it holds back.
	ReorderBy int
	// Seed starts the random numbers that the chances come from.
	Seed uint64
}

// letGoAfter is how long after the last arrival the device releases the frames that it
// holds back. It is longer than a sender usually stands still because others have its CPU.
const letGoAfter = 50 * time.Millisecond

// A device that delays has room, beside its queue, for the frames that arrive during the
// delay at this rate, and for at most maxDelayed.
const (
	delayedRate = 2e6
	maxDelayed  = 1 << 15
)

// capacity is how many frames may wait, a power of 2.
func (i *Impairment) capacity() int {
	rate := delayedRate
	if i.Rate > 0 {
		rate = min(rate, i.Rate)
	}
	n := i.Depth + ringSize + min(int(i.Delay.Seconds()*rate), maxDelayed)
	return 1 << bits.Len(uint(n-1))
}

// Mbufs is how many frames the device holds at most. The pool of its port needs so many
// mbufs more.
func (i *Impairment) Mbufs() int { return i.capacity() + 2*i.ReorderBy }

func (i *Impairment) config(hz float64) ImpairConfig {
	c := ImpairConfig{
		Mode: i.Mode, Depth: i.Depth, ReorderBy: i.ReorderBy, Capacity: i.capacity(), Seed: i.Seed,
		Delay: uint64(i.Delay.Seconds() * hz), Idle: uint64(letGoAfter.Seconds() * hz),
		Loss:      Fault{i.LossEvery, i.LossRatio},
		Duplicate: Fault{i.DuplicateEvery, i.DuplicateRatio},
		Reorder:   Fault{i.ReorderEvery, i.ReorderRatio},
	}
	if i.Rate > 0 {
		c.Gap = hz / i.Rate
	}
	return c
}
