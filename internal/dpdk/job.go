package dpdk

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"
)

// Mode is what a stream does with packets.
type Mode int

// The modes, in the order of enum podnet_mode.
const (
	IO       Mode = iota // forward as it is
	MAC                  // forward with the stream's addresses
	MACSwap              // forward with the frame's own addresses exchanged
	RxOnly               // count and drop
	TxOnly               // generate
	Verify               // count what carries the stream's stamps, and drop
	Generate             // generate frames with stamps
	Impair               // forward as a device with known faults
)

// Stream is what an lcore does with one queue.
type Stream struct {
	Mode   Mode
	Rx, Tx Queue

	// Src and Dst are the addresses that MAC writes. MACSwap answers a frame
	// that was sent to a group from Src.
	Src, Dst net.HardwareAddr

	// Frame is what TxOnly sends, without the FCS.
	Frame []byte
	// Rate is in packets a second; 0 sends as fast as the port takes.
	Rate float64
	// Limit is how many packets to offer at a set rate. Generate keeps to it
	// without a rate too, unless it is 0.
	Limit uint64

	// Frames are what Generate sends, a template for each size, without the FCS.
	// At StampOffset, right behind the UDP header, lies a stamp (StampLen bytes)
	// with the trial's signature, which Generate fills in.
	Frames      [][]byte
	StampOffset int
	// Pattern is a round of sizes, as indices into Frames. Packet j of flow f is
	// of the size Pattern[(f+j) mod its length].
	Pattern []int
	// Flows is how many flows Generate sends in turn, from FirstFlow on, and how
	// many there are in all for Verify. A flow's number is added to the template's
	// UDP source port.
	Flows, FirstFlow int
	// Signature is that of the stamps that Verify counts. What it tells of order
	// and of duplicates it tells of each flow, within the stream's own queue.
	Signature uint32
	// Ring, if not nil, is what Generate sends to and Verify receives from in
	// the place of the queue's port, whose mbufs Generate still takes.
	Ring *Ring

	// Impair is what is wrong with a device (mode Impair).
	Impair *Impairment

	firstNumber uint32 // of every flow; tests let it wrap
}

// Counters are what a stream has done so far.
type Counters struct {
	RxPackets uint64 // Verify: the stream's own, each once
	RxOther   uint64 // Verify: others
	TxPackets uint64 // that the port took
	TxRefused uint64 // that the port had no room for, and that were dropped
	Offered   uint64 // TxOnly and Generate at a set rate: what the schedule asked for
	// RxBytes and TxBytes are without the FCS. They are counted where a port of
	// the stream forgets its own counters, and of what TxOnly sends.
	RxBytes, TxBytes uint64
	// Active is how long TxOnly or Generate has been sending.
	Active time.Duration

	// Of Generate at a set rate: how many packets were offered more than 100 us
	// after their time, and by how much the latest was.
	Late    uint64
	MaxLate time.Duration

	// Of Verify. A packet that comes after some thousand later ones of its flow
	// cannot be told from a duplicate: while any of the flow is missing it counts
	// as reordered.
	Duplicates uint64 // that came once more
	Reordered  uint64 // that came after a later one of their flow
	Missing    uint64 // that have not come, below the highest of each flow

	// Of Impair.
	Dropped    uint64 // by loss
	Overflowed uint64 // that found the queue full
	Duplicated uint64
	Held       uint64 // back, for reordering
}

// Job is a set of streams that lcores are running.
type Job struct {
	rt      *Runtime
	hz      float64
	lcores  []Lcore
	workers []worker
	streams []Stream
	where   []place // of each stream
}

type place struct{ worker, stream int }

// Run starts the streams on the lcores, dealt out in turn. Lcores that get none
// stay idle.
func (r *Runtime) Run(streams []Stream, lcores []Lcore) (*Job, error) {
	if len(streams) == 0 || len(lcores) == 0 {
		return nil, errors.New("a job needs a stream and an lcore")
	}
	j := &Job{rt: r, hz: r.tscHz(), streams: streams, lcores: lcores[:min(len(lcores), len(streams))]}
	perLcore := make([][]streamConfig, len(j.lcores))
	err := r.do(func() error {
		for i, s := range streams {
			c, err := r.prepare(s, j.hz)
			if err != nil {
				return err
			}
			w := i % len(j.lcores)
			j.where = append(j.where, place{w, len(perLcore[w])})
			perLcore[w] = append(perLcore[w], c)
			if !together(perLcore[w][0].mode, s.Mode) {
				return errors.New("the streams of an lcore must be of one mode, or generate and verify: give the job more lcores")
			}
		}
		for i, l := range j.lcores {
			w, err := r.drv.newWorker(perLcore[i], l.Socket)
			if err != nil {
				return err
			}
			j.workers = append(j.workers, w)
		}
		for i, l := range j.lcores {
			if err := r.drv.launch(j.workers[i], l.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(r.explain(err), j.Stop())
	}
	return j, nil
}

// together tells whether an lcore can run streams of both modes.
func together(a, b Mode) bool {
	stamps := func(m Mode) bool { return m == Generate || m == Verify }
	return a == b || stamps(a) && stamps(b)
}

// prepare translates a stream, and writes its frame into the mbufs of the Tx
// queue's own pool. It runs on the EAL thread.
func (r *Runtime) prepare(s Stream, hz float64) (streamConfig, error) {
	c := streamConfig{
		mode: s.Mode, srcMAC: s.Src, dstMAC: s.Dst,
		packetsPerCycle: s.Rate / hz, limit: s.Limit, frameLen: len(s.Frame),
		signature: s.Signature, stampOffset: s.StampOffset, flows: max(s.Flows, 1),
		firstFlow: uint32(s.FirstFlow), firstNumber: s.firstNumber,
		pattern: s.Pattern, lateCycles: lateAfter.Seconds() * hz,
	}
	if s.Ring != nil {
		c.ring = s.Ring.r
	}
	if s.Impair != nil {
		c.impair = s.Impair.config(hz)
	}
	if s.Rx.Port != nil {
		c.rxPort, c.rxQueue = s.Rx.Port.id, uint16(s.Rx.Index)
		c.countBytes = s.Rx.Port.Forgets()
	}
	if s.Tx.Port != nil {
		c.txPort, c.txQueue = s.Tx.Port.id, uint16(s.Tx.Index)
		c.countBytes = c.countBytes || s.Tx.Port.Forgets()
	}
	if s.Mode != TxOnly && s.Mode != Generate {
		return c, nil
	}
	// No receiver may share this pool: it would write over the prepared frames.
	name := fmt.Sprintf("tx_%d_%d", c.txPort, c.txQueue)
	p, err := r.pool(name, ringSize+poolCaches, s.Tx.Port.Socket)
	if err != nil {
		return c, err
	}
	c.pool = p
	if s.Mode == TxOnly {
		return c, r.drv.prepare(p, s.Frame)
	}
	if err := c.setFrames(s.Frames); err != nil {
		return c, err
	}
	return c, r.drv.prepare(p, make([]byte, slices.Max(c.lens)))
}

// Counters reads the counters of the stream with that index.
func (j *Job) Counters(stream int) Counters {
	at := j.where[stream]
	c := j.workers[at.worker].read(at.stream)
	out := Counters{
		RxPackets: c.rxPackets, RxOther: c.rxOther,
		TxPackets: c.txPackets, TxRefused: c.txRefused, Offered: c.offered,
		RxBytes: c.rxBytes, TxBytes: c.txBytes,
		Late: c.late, MaxLate: j.duration(c.maxLate),
		Duplicates: c.duplicates, Reordered: c.reordered, Missing: c.missing,
		Dropped: c.dropped, Overflowed: c.overflowed, Duplicated: c.duplicated, Held: c.held,
	}
	if s := j.streams[stream]; s.Mode == TxOnly {
		out.TxBytes = c.txPackets * uint64(len(s.Frame))
	}
	if c.begin != 0 {
		end := c.end
		if end == 0 {
			end, _ = j.rt.drv.clock()
		}
		out.Active = j.duration(end - c.begin)
	}
	return out
}

// duration is how long so many cycles take.
func (j *Job) duration(cycles uint64) time.Duration {
	return time.Duration(float64(cycles) / j.hz * 1e9)
}

// RTT gives the round-trip times of what a Verify stream has received, in
// nanoseconds, to a thousandth and to 16 cycles of the TSC, ascending, each with
// the number of packets.
func (j *Job) RTT(stream int, record func(ns, packets int64)) {
	at := j.where[stream]
	j.workers[at.worker].times(at.stream, func(cycles, packets uint64) {
		record(j.duration(cycles).Nanoseconds(), int64(packets))
	})
}

// Turns is how often each of the job's lcores has served all its streams.
func (j *Job) Turns() []uint64 {
	out := make([]uint64, len(j.workers))
	for i, w := range j.workers {
		out[i] = w.turns()
	}
	return out
}

// Threads are the threads of the job's lcores.
func (j *Job) Threads() []Thread {
	out := make([]Thread, len(j.workers))
	for i, w := range j.workers {
		out[i] = Thread{Lcore: j.lcores[i], TID: w.tid()}
	}
	return out
}

// Thread is an lcore and the kernel's id of its thread.
type Thread struct {
	Lcore
	TID int
}

// StopTx ends the generating; receiving goes on.
func (j *Job) StopTx() {
	for _, w := range j.workers {
		w.stopTx()
	}
}

// Lcores are the lcores that the job runs on.
func (j *Job) Lcores() []Lcore { return j.lcores }

// CPUTime is what the thread of each of the job's lcores has used of its CPU.
func (j *Job) CPUTime() []LcoreTime {
	out := make([]LcoreTime, len(j.workers))
	for i, w := range j.workers {
		out[i] = LcoreTime{Lcore: j.lcores[i], Used: threadTime(w.tid())}
	}
	return out
}

// LcoreTime is the CPU time of an lcore's thread since the thread began.
type LcoreTime struct {
	Lcore
	Used time.Duration
}

// Restart makes a port connect again that has lost its peer, as memif clients
// do not by themselves. The job's loops pause meanwhile, and keep their counters.
func (j *Job) Restart(p *Port) error {
	return j.rt.do(func() error {
		for _, w := range j.workers {
			w.pause(true)
			defer w.pause(false)
		}
		for _, w := range j.workers {
			// The turn that was under way, and one that saw the pause.
			for done := w.turns() + 2; w.turns() < done; {
				time.Sleep(100 * time.Microsecond)
			}
		}
		return j.rt.drv.restart(p.id)
	})
}

// Stop ends the job's loops and waits for them. The counters can be read
// afterwards; Free releases them.
func (j *Job) Stop() error {
	for _, w := range j.workers {
		w.stop()
	}
	return j.rt.do(func() error {
		for i := range j.workers {
			j.rt.drv.wait(j.lcores[i].ID)
		}
		return nil
	})
}

// Free releases the job's memory, after Stop.
func (j *Job) Free() {
	for _, w := range j.workers {
		w.free()
	}
	j.workers = nil
}
