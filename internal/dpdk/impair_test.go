//go:build cgo && !nodpdk

package dpdk

import (
	"encoding/binary"
	"math"
	"testing"
	"time"
)

// throughDevice sends frames through a device with those faults, from one ring
// to another, and gives what came and what the device did. A machine that is busy
// may keep the device from its CPU until the generator's ring is full: then it
// tries again.
func throughDevice(t *testing.T, frames uint64, i Impairment) (j *Job, came, did Counters) {
	t.Helper()
	in, out := Queue{Port: realPort(t, "net_ring0")}, Queue{Port: realPort(t, "net_ring1")}
	tx := generator(in, 1)
	tx.Rate, tx.Limit = 50e3, frames // slow enough for the rings while three lcores share a CPU
	var sent Counters
	for range 20 {
		empty(t, in.Port)
		empty(t, out.Port)
		var last Counters
		quiet := time.Now()
		j = runUntil(t, []Stream{verifier(out, 1), tx, {Mode: Impair, Rx: in, Tx: out, Impair: &i}}, func(j *Job) bool {
			if c := j.Counters(0); c != last {
				last, quiet = c, time.Now()
			}
			tx, did := j.Counters(1), j.Counters(2)
			// The device may get no CPU for a while, so it has to have let all go.
			through := did.RxPackets == tx.TxPackets && last.RxPackets+last.Duplicates == did.TxPackets &&
				did.TxPackets+did.Dropped+did.Overflowed == did.RxPackets+did.Duplicated
			rest := 2 * time.Second
			if through {
				rest = 50 * time.Millisecond
			}
			return tx.Offered == frames && time.Since(quiet) > rest
		})
		if sent = j.Counters(1); sent.TxPackets == frames {
			return j, j.Counters(0), j.Counters(2)
		}
	}
	t.Fatalf("%d of %d frames went into the device", sent.TxPackets, frames)
	return nil, Counters{}, Counters{}
}

func TestFaultsByCount(t *testing.T) {
	const frames, every = 10_000, 100
	for _, tt := range []struct {
		name string
		i    Impairment
		want Counters // received, and what the device says
	}{
		{"none", Impairment{}, Counters{RxPackets: frames}},
		{"loss", Impairment{LossEvery: every}, Counters{RxPackets: frames - 100, Missing: 99, Dropped: 100}}, // the last is not known to be missing
		{"duplicates", Impairment{DuplicateEvery: every}, Counters{RxPackets: frames, Duplicates: 100, Duplicated: 100}},
		// Nothing comes that could overtake the last.
		{"reordering", Impairment{ReorderEvery: every, ReorderBy: 3}, Counters{RxPackets: frames, Reordered: 99, Held: 100}},
		{"reordering by far", Impairment{ReorderEvery: every, ReorderBy: 1020}, Counters{RxPackets: frames, Reordered: 99, Held: 100}},
		{
			"reordering and duplicates",
			Impairment{ReorderEvery: every, ReorderBy: 500, DuplicateEvery: 1000, LossEvery: 1001},
			// Each 1000th goes through at once, and later once more.
			Counters{RxPackets: frames - 9, Missing: 9, Reordered: 90, Held: 100, Duplicates: 10, Duplicated: 10, Dropped: 9},
		},
		{
			"duplicates from afar",
			Impairment{ReorderEvery: 1000, ReorderBy: 1020, DuplicateEvery: 1000},
			Counters{RxPackets: frames, Held: 10, Duplicates: 10, Duplicated: 10},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.i.Depth = 256
			_, came, did := throughDevice(t, frames, tt.i)
			got := Counters{
				RxPackets: came.RxPackets, Duplicates: came.Duplicates, Reordered: came.Reordered, Missing: came.Missing,
				Dropped: did.Dropped, Duplicated: did.Duplicated, Held: did.Held, Overflowed: did.Overflowed,
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// A device that is to end sends what waits in it, and takes no more.
func TestDeviceThatEnds(t *testing.T) {
	in, out := Queue{Port: realPort(t, "net_ring0")}, Queue{Port: realPort(t, "net_ring1")}
	empty(t, in.Port)
	empty(t, out.Port)
	const frames = 100
	tx := generator(in, 1)
	tx.Limit = frames
	i := Impairment{Depth: 256, Delay: 500 * time.Millisecond, ReorderEvery: 10, ReorderBy: 1000}
	stopped := false
	j := runUntil(t, []Stream{tx, {Mode: Impair, Rx: in, Tx: out, Impair: &i}}, func(j *Job) bool {
		if did := j.Counters(1); did.RxPackets == frames && !stopped {
			stopped = true
			j.StopTx()
			if err := in.Port.Send(t.Context(), tx.Frames[0]); err != nil { // which stays
				t.Error(err)
			}
		}
		return stopped && j.Counters(1).Waiting() == 0
	})
	if did := j.Counters(1); did.TxPackets != frames || did.RxPackets != frames {
		t.Errorf("the device received %d and sent %d, want %d", did.RxPackets, did.TxPackets, frames)
	}
}

// A frame that is held back goes right behind those that overtake it.
func TestHeldFrameIsLetGo(t *testing.T) {
	in, out := Queue{Port: realPort(t, "net_ring0")}, Queue{Port: realPort(t, "net_ring1")}
	empty(t, in.Port)
	empty(t, out.Port)
	tx := generator(in, 1)
	tx.Limit = 12
	i := Impairment{Depth: 256, ReorderEvery: 5, ReorderBy: 3}
	runUntil(t, []Stream{tx, {Mode: Impair, Rx: in, Tx: out, Impair: &i}}, func(j *Job) bool { return j.Counters(1).TxPackets == tx.Limit })
	// Out of 0 1 2 3 5 6 7 4 8 10 11 9 Receive gives the first of every four.
	for _, want := range []uint32{0, 5, 8} {
		if got := binary.NativeEndian.Uint32(out.Port.Receive(t.Context())[tx.StampOffset+6:]); got != want {
			t.Errorf("number %d, want %d", got, want)
		}
	}
}

// The same seed strikes the same frames, about as many as the chance says.
func TestFaultsByChance(t *testing.T) {
	const frames, ratio = 20_000, 0.1
	run := func(seed uint64) (lost uint64) {
		_, came, did := throughDevice(t, frames, Impairment{Depth: 256, LossRatio: ratio, Seed: seed})
		if came.RxPackets+did.Dropped != frames {
			t.Errorf("%d came and %d were dropped, want %d together", came.RxPackets, did.Dropped, frames)
		}
		return did.Dropped
	}
	first, again, other := run(1), run(1), run(2)
	if first != again || first == other {
		t.Errorf("dropped %d, with the same seed %d, with another %d", first, again, other)
	}
	if sigma := math.Sqrt(frames * ratio * (1 - ratio)); math.Abs(float64(first)-frames*ratio) > 5*sigma {
		t.Errorf("dropped %d of %d, want about %g", first, frames, frames*ratio)
	}
}

func TestDelay(t *testing.T) {
	const delay = 2 * time.Millisecond
	j, came, _ := throughDevice(t, 2000, Impairment{Depth: 256, Delay: delay})
	if came.RxPackets != 2000 {
		t.Errorf("%d of 2000 frames came", came.RxPackets)
	}
	j.Times(0, RTT, func(ns, packets int64) {
		if least := delay.Nanoseconds(); ns < least-least/500 {
			t.Errorf("%d packets took %d ns, and the delay alone is %d", packets, ns, least)
		}
	})
}

// A device whose peer takes nothing keeps what waits, drops what finds no room,
// and gives back all mbufs in the end.
func TestDeviceWithoutTaker(t *testing.T) {
	in, out := realPort(t, "net_null0"), realPort(t, "net_ring1")
	for range 3 { // more than the port has mbufs for, if they were kept
		i := Impairment{Depth: 256, ReorderEvery: 2, ReorderBy: 3}
		j := runUntil(t, []Stream{{Mode: Impair, Rx: Queue{Port: in}, Tx: Queue{Port: out}, Impair: &i}},
			func(j *Job) bool { return j.Counters(0).Overflowed > 1000 })
		c := j.Counters(0)
		if waiting := c.RxPackets - c.TxPackets - c.Overflowed; c.TxRefused != 0 || waiting > uint64(i.Mbufs()) {
			t.Errorf("%+v: %d neither sent nor dropped, and %d can wait", c, waiting, i.Mbufs())
		}
		j.Free()
		empty(t, out)
	}
}

// A device that forwards slower than frames come has them wait, then drops them.
func TestForwardingRate(t *testing.T) {
	const frames, rate, depth = 5000, 10e3, 100
	begin := time.Now()
	_, came, did := throughDevice(t, frames, Impairment{Rate: rate, Depth: depth})
	took := time.Since(begin)
	if came.RxPackets+did.Overflowed != frames || did.Overflowed == 0 {
		t.Errorf("%d came and %d overflowed, want %d together and some overflowed", came.RxPackets, did.Overflowed, frames)
	}
	if most := rate*took.Seconds() + 1; float64(came.RxPackets) > most {
		t.Errorf("%d frames came in %s, which is faster than %g a second", came.RxPackets, took, rate)
	}
	if came.RxPackets < depth {
		t.Errorf("%d frames came, fewer than wait in the queue", came.RxPackets)
	}
}
