package traffic

import (
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
)

// DUT is a device under test.
type DUT struct {
	// Bridge connects the first and the second port of a kind, the third and the
	// fourth, and so on. A last port without a partner reflects; without Bridge all do.
	Bridge bool
	Kinds  []int            // how many ports of each kind follow one another
	Faults *dpdk.Impairment // of each port; nil: none
}

// Streams makes one for each port.
func (d *DUT) Streams(dp *dataplane.Dataplane) []Stream {
	var out []Stream
	for i, rx := range dp.Ports {
		to, mode := d.partner(i)
		tx := dp.Ports[to]
		s := Stream{rx: i, tx: to, Stream: dpdk.Stream{
			Mode: mode, Src: tx.MAC, Rx: dpdk.Queue{Port: rx.Port}, Tx: dpdk.Queue{Port: tx.Port},
		}}
		if d.Faults != nil {
			own := *d.Faults
			own.Mode, s.Mode = mode, dpdk.Impair
			own.Seed += uint64(i) // or ports would have the same faults at the same frames
			s.Impair = &own
		}
		out = append(out, s)
	}
	return out
}

// partner is the port that the i-th port's frames go out on, and how.
func (d *DUT) partner(i int) (to int, mode dpdk.Mode) {
	if !d.Bridge {
		return i, dpdk.MACSwap
	}
	first := 0
	for _, n := range d.Kinds {
		if i < first+n {
			if to := first + ((i - first) ^ 1); to < first+n {
				return to, dpdk.IO
			}
			break
		}
		first += n
	}
	return i, dpdk.MACSwap
}

// Mixed tells whether some ports are bridged and others reflect. A usual lcore loop does
// one of the two. The loop of a device with faults can do both, even if no fault is set.
func (d *DUT) Mixed() bool {
	ports, alone := 0, 0
	for _, n := range d.Kinds {
		ports += n
		alone += n % 2
	}
	return d.Bridge && alone > 0 && ports > alone
}
