package dpdk

import (
	"math/bits"
	"time"
)

// Impairment is what a device does to the frames that it forwards. A frame that
// comes is dropped or doubled or held back, then takes Delay, then waits for its
// turn to be forwarded at Rate.
type Impairment struct {
	Mode  Mode    // IO, MAC or MACSwap
	Rate  float64 // that is forwarded at most, packets per second; 0: no limit
	Depth int     // frames that may wait for their turn; more are dropped
	Delay time.Duration

	// Each fault strikes by chance, or every n-th frame that comes, counted from
	// 1; 0 is never.
	LossRatio, DuplicateRatio, ReorderRatio float64
	LossEvery, DuplicateEvery, ReorderEvery uint64
	// ReorderBy is how many later frames have come when one that is held back
	// is let go. When no frame comes for 50 ms all are.
	ReorderBy int
	// Seed is what the chances are drawn from.
	Seed uint64
}

// letGoAfter is how long without an arrival nothing is held back any more: longer
// than a sender usually stands still because others have its CPU.
const letGoAfter = 50 * time.Millisecond

// What a device that delays has to hold beside its queue, at most: what comes in
// the delay at this rate.
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

// Mbufs is how many frames the device holds at most: what the pool of its port
// needs in addition.
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
