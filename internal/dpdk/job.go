package dpdk

import (
	"context"
	"encoding/binary"
	"errors"
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
	Verify               // count the packets with the stream's stamps, and drop all
	Generate             // generate frames with stamps
	Impair               // forward as a device with known faults
	Reflect              // send back the packets with the stream's stamps that came to Src
)

// Stream is what an lcore does with one queue.
type Stream struct {
	Mode   Mode
	Rx, Tx Queue

	// Src and Dst are the addresses that MAC writes. MACSwap answers a frame
	// that was sent to a group from Src. Reflect takes frames to Src alone, and drops
	// those that a switch has flooded.
	Src, Dst net.HardwareAddr

	// Frame is what TxOnly sends, without the FCS.
	Frame []byte
	// Rate is in packets per second; 0 sends as fast as the port takes.
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
	// Flows is how many flows Generate sends in turn, from FirstFlow on, and how many
	// flows there are in all for Verify. AllFlows is how many there are in all for
	// Generate, if its own flows are not the last ones. Vary says in which fields
	// flows differ. Verify and Reflect count these flows as the stream's own; Reflect
	// sends the others back too.
	Flows, FirstFlow, AllFlows int
	Vary                       Vary
	// Signature is in the stamps of the packets that Verify counts and Reflect sends
	// back. Verify finds reordered and duplicate packets per flow, within the stream's
	// own queue.
	Signature uint32
	// Elsewhere says that another machine sends the packets that Verify counts. Its
	// clock is another one, so there are no times, and no time can be wrong.
	Elsewhere bool
	// Payloads are the lengths, from the stamp on, of the frames that are sent to
	// Verify. By them it distinguishes a truncated frame from a damaged one.
	Payloads []int
	// VLAN is the id of the tag that Verify's frames come with; 0: none.
	VLAN int
	// Answers makes Verify keep frames that ask for a host (Job.Question). It can then
	// also send answers on the Tx queue of its own number, if no other stream sends
	// there.
	Answers bool
	// Ring, if not nil, replaces the queue's port: Generate sends to it and Verify
	// receives from it. Generate still takes the port's mbufs.
	Ring *Ring

	// Impair has a device's faults (mode Impair).
	Impair *Impairment

	firstNumber uint32 // of every flow; tests let it wrap
	earliest    uint64 // that a stamp may have been made, by the TSC; 0: when the job is
}

// Vary says in which fields flows differ. A field with n values has, in flow f, the
// template's value plus f modulo n; with 0 or 1 it is the same in all flows. If all fields
// are the same, the source port counts up. In an IPv6 address the last 32 bits vary.
type Vary struct{ SrcIP, DstIP, SrcPort, DstPort int }

// sourcePorts is how flows differ by default.
var sourcePorts = Vary{SrcPort: 1 << 16}

// wideFlows is how many flows a stamp has room for beside a number of 32 bits.
const wideFlows = 1 << 16

// MaxFlows is how many flows a stamp has room for at all, beside numbers of 28 bits.
const MaxFlows = 1 << 20

// Counters count a stream's packets so far.
type Counters struct {
	RxPackets uint64 // Verify: the stream's own, each once; Reflect: the stream's own
	RxOther   uint64 // Verify, Reflect: packets of others
	TxPackets uint64 // that the port took
	TxRefused uint64 // that the port had no room for, and that were dropped
	Offered   uint64 // TxOnly and Generate at a set rate: what the schedule asked for
	// RxBytes and TxBytes are without the FCS. They are counted for TxOnly, and for
	// streams with a port that forgets its own counters.
	RxBytes, TxBytes uint64
	// Active is how long TxOnly or Generate has been sending.
	Active time.Duration

	// Of Generate at a set rate: how many packets were offered more than 100 us after
	// their time, and how late the latest was.
	Late    uint64
	MaxLate time.Duration

	// Of Verify. If a packet comes after some thousand later packets of its flow, it
	// may be a duplicate; while any packet of the flow is missing, it counts as
	// reordered.
	Duplicates uint64 // that came once more
	Reordered  uint64 // that came after a later one of their flow
	Missing    uint64 // that have not come, below the highest of each flow

	// Of Verify: the stream's own packets that something has changed on the way. None
	// of them is in RxPackets.
	RxTruncated uint64 // shorter
	RxExtended  uint64 // longer
	// RxDamaged: with a stamp whose check is wrong or whose time is not of this trial,
	// or with a wrong UDP checksum. Until a checksum is wrong, only the first packet's
	// of each burst is added up.
	RxDamaged  uint64
	RxRetagged uint64 // in another VLAN, or with more or fewer tags
	RxTags     Tags   // of the last one retagged

	// Of Impair.
	Dropped    uint64 // by loss
	Overflowed uint64 // that found the queue full
	Duplicated uint64
	Held       uint64 // back, for reordering
}

// RxChanged is how many of the stream's own packets something has changed on the way.
func (c Counters) RxChanged() uint64 {
	return c.RxTruncated + c.RxExtended + c.RxDamaged + c.RxRetagged
}

// Waiting is how many packets an Impair stream has taken and has still to send.
func (c Counters) Waiting() uint64 {
	in, out := c.RxPackets+c.Duplicated, c.TxPackets+c.Dropped+c.Overflowed
	return in - min(in, out) // they are not read all at once
}

// Job is a set of streams that lcores are running.
type Job struct {
	rt      *Runtime
	hz      float64
	lcores  []Lcore
	workers []Worker
	streams []Stream
	where   []place // of each stream
	loose   bool    // the loops may still run
}

type place struct{ worker, stream int }

// Run starts the streams on the lcores, dealt out in turn. Lcores that get none
// stay idle.
func (r *Runtime) Run(ctx context.Context, streams []Stream, lcores []Lcore) (*Job, error) {
	if len(streams) == 0 || len(lcores) == 0 {
		return nil, errors.New("a job needs a stream and an lcore")
	}
	hz := r.tscHz()
	j, err := on(ctx, r, func() (*Job, error) {
		j := &Job{rt: r, hz: hz, streams: streams, lcores: lcores[:min(len(lcores), len(streams))]}
		if launched, err := j.launch(); err != nil {
			for _, w := range j.workers {
				w.Stop()
			}
			for _, l := range j.lcores[:launched] {
				r.drv.Wait(l.ID)
			}
			j.Free()
			return nil, err
		}
		return j, nil
	})
	if err != nil {
		return nil, r.explain(err)
	}
	return j, nil
}

// launch deals the streams out and starts the lcores' loops; launched is how many
// have started when it fails. It runs on the EAL thread.
func (j *Job) launch() (launched int, err error) {
	perLcore := make([][]StreamConfig, len(j.lcores))
	dealt := deal(j.streams, j.lcores)
	for i, s := range j.streams {
		c, err := j.rt.prepare(s, j.hz)
		if err != nil {
			return 0, err
		}
		w := dealt[i]
		j.where = append(j.where, place{w, len(perLcore[w])})
		perLcore[w] = append(perLcore[w], c)
		if !together(perLcore[w][0].Mode, s.Mode) {
			return 0, errors.New("the streams of an lcore must be of one mode, or generate and verify: give the job more lcores")
		}
	}
	for i, l := range j.lcores {
		w, err := j.rt.drv.NewWorker(perLcore[i], l.Socket)
		if err != nil {
			return 0, err
		}
		j.workers = append(j.workers, w)
	}
	if err := j.follow(); err != nil {
		return 0, err
	}
	for _, s := range j.streams {
		for _, p := range []*Port{s.Rx.Port, s.Tx.Port} {
			for _, w := range j.workers {
				if p != nil && p.stopped {
					w.Park(p.id, true)
				}
			}
		}
	}
	for i, l := range j.lcores {
		if err := j.rt.drv.Launch(j.workers[i], l.ID); err != nil {
			return i, err
		}
	}
	return len(j.lcores), nil
}

// follow tells the streams that verify which streams send to them.
func (j *Job) follow() error {
	for v, verify := range j.streams {
		for g, generate := range j.streams {
			if verify.Mode != Verify || generate.Mode != Generate || signatureOf(generate) != verify.Signature {
				continue
			}
			rx, tx := j.where[v], j.where[g]
			if err := j.workers[rx.worker].Follow(rx.stream, j.workers[tx.worker], tx.stream); err != nil {
				return err
			}
		}
	}
	return nil
}

// signatureOf reads the signature from the templates of a stream that generates.
func signatureOf(s Stream) uint32 { return binary.NativeEndian.Uint32(s.Frames[0][s.StampOffset:]) }

// together tells whether an lcore can run streams of both modes.
func together(a, b Mode) bool {
	stamps := func(m Mode) bool { return m == Generate || m == Verify }
	return a == b || stamps(a) && stamps(b)
}

// prepare translates a stream, and writes its frame into the mbufs of the Tx
// queue's own pool. It runs on the EAL thread.
func (r *Runtime) prepare(s Stream, hz float64) (StreamConfig, error) {
	c := StreamConfig{
		Mode: s.Mode, SrcMAC: s.Src, DstMAC: s.Dst,
		PacketsPerCycle: s.Rate / hz, Limit: s.Limit, FrameLen: len(s.Frame),
		Signature: s.Signature, StampShift: stampShift(hz), StampOffset: s.StampOffset, Flows: max(s.Flows, 1),
		FirstFlow: uint32(s.FirstFlow), FirstNumber: s.firstNumber, Earliest: s.earliest,
		Pattern: s.Pattern, LateCycles: lateAfter.Seconds() * hz, SlackCycles: uint64(slack.Seconds() * hz),
		Vary: s.Vary, Wide: max(s.AllFlows, s.FirstFlow+s.Flows) > wideFlows, Answers: s.Answers, Elsewhere: s.Elsewhere,
	}
	if c.Vary == (Vary{}) {
		c.Vary = sourcePorts
	}
	if s.Ring != nil {
		c.Ring = s.Ring.r
	}
	if s.Impair != nil {
		c.Impair = s.Impair.config(hz)
	}
	if s.Rx.Port != nil {
		c.RxPort, c.RxQueue = s.Rx.Port.id, uint16(s.Rx.Index)
		c.CountBytes = s.Rx.Port.Forgets()
	}
	if s.Tx.Port != nil {
		c.TxPort, c.TxQueue = s.Tx.Port.id, uint16(s.Tx.Index)
		c.CountBytes = c.CountBytes || s.Tx.Port.Forgets()
	}
	if s.Mode == Verify {
		if s.Answers {
			var err error
			c.TxPort, c.TxQueue = c.RxPort, c.RxQueue
			if c.Pool, err = r.txPool(s.Rx.Port, s.Rx.Index); err != nil {
				return c, err
			}
		}
		return c, c.setPayloads(s.Payloads, s.VLAN)
	}
	if s.Mode != TxOnly && s.Mode != Generate {
		return c, nil
	}
	p, err := r.txPool(s.Tx.Port, s.Tx.Index)
	if err != nil {
		return c, err
	}
	c.Pool = p
	if s.Mode == TxOnly {
		return c, r.drv.Prepare(p, s.Frame)
	}
	if err := c.setFrames(s.Frames); err != nil {
		return c, err
	}
	return c, r.drv.Prepare(p, make([]byte, slices.Max(c.Lens)))
}

// Counters reads the counters of the stream with that index.
func (j *Job) Counters(stream int) Counters {
	at := j.where[stream]
	c := j.workers[at.worker].Read(at.stream)
	out := Counters{
		RxPackets: c.RxPackets, RxOther: c.RxOther,
		RxTruncated: c.RxTruncated, RxExtended: c.RxExtended, RxDamaged: c.RxDamaged,
		RxRetagged: c.RxRetagged, RxTags: tags(c.RxTags),
		TxPackets: c.TxPackets, TxRefused: c.TxRefused, Offered: c.Offered,
		RxBytes: c.RxBytes, TxBytes: c.TxBytes,
		Late: c.Late, MaxLate: j.duration(c.MaxLate),
		Duplicates: c.Duplicates, Reordered: c.Reordered, Missing: c.Missing,
		Dropped: c.Dropped, Overflowed: c.Overflowed, Duplicated: c.Duplicated, Held: c.Held,
	}
	if s := j.streams[stream]; s.Mode == TxOnly {
		out.TxBytes = c.TxPackets * uint64(len(s.Frame))
	}
	if c.Begin != 0 {
		end := c.End
		if end == 0 {
			end, _ = j.rt.drv.Clock()
		}
		out.Active = j.duration(end - c.Begin)
		if s := j.streams[stream]; s.Rate > 0 && c.End != 0 && c.Offered == s.Limit {
			// As many packets are as many intervals of the schedule.
			out.Active += time.Duration(1e9 / s.Rate)
		}
	}
	return out
}

// duration is how long so many cycles take.
func (j *Job) duration(cycles uint64) time.Duration {
	return time.Duration(float64(cycles) / j.hz * 1e9)
}

// Punctuality is how well a stream's lcore has kept up so far.
type Punctuality struct {
	// Backlog is the most packets of Generate at a set rate that were due at once.
	Backlog uint64
	// RefusedCatchingUp counts packets that the port refused from bursts that caught up
	// with the schedule, although it had room before such a burst.
	RefusedCatchingUp uint64
	// Gap is the longest time between two polls of Verify or Reflect.
	Gap time.Duration
}

// Punctuality reads the punctuality of the stream with that index.
func (j *Job) Punctuality(stream int) Punctuality {
	at := j.where[stream]
	c := j.workers[at.worker].Read(at.stream)
	return Punctuality{Backlog: c.MaxBacklog, RefusedCatchingUp: c.RefusedLate, Gap: j.duration(c.MaxGap)}
}

// Bursts tells how often a Generate stream at a set rate sent so many packets at once,
// by their number.
func (j *Job) Bursts(stream int) []uint64 {
	at := j.where[stream]
	return j.workers[at.worker].Bursts(at.stream)
}

// Question takes the next frame that came to a Verify stream with Answers and asked
// for a host: ARP, or a neighbor solicitation; nil: there is none.
func (j *Job) Question(stream int) []byte {
	at := j.where[stream]
	return j.workers[at.worker].Question(at.stream)
}

// Answer lets a stream that generates, or one with Answers, send a frame of at most 64
// bytes, or 96 where its own packets are IPv6; false: it has too many to send still.
func (j *Job) Answer(stream int, frame []byte) bool {
	at := j.where[stream]
	return j.workers[at.worker].Answer(at.stream, frame)
}

// Lcore is the lcore that runs the stream with that index.
func (j *Job) Lcore(stream int) Lcore { return j.lcores[j.where[stream].worker] }

// Times gives times of a stream in nanoseconds, ascending, each with the number of
// packets. Round-trip times are exact to a thousandth and lateness to a sixteenth, and
// neither to less than a stamp's unit of time. Packets from a stream of another job, or
// from one that sends as fast as it goes, have no round-trip times by the schedule.
func (j *Job) Times(stream int, of Times, record func(ns, packets int64)) {
	at := j.where[stream]
	j.workers[at.worker].Times(at.stream, of, func(cycles, packets uint64) {
		record(j.duration(cycles).Nanoseconds(), int64(packets))
	})
}

// Threads are the threads of the job's lcores, as they are now.
func (j *Job) Threads() []Thread {
	out := make([]Thread, len(j.workers))
	for i, w := range j.workers {
		out[i] = Thread{Lcore: j.lcores[i], TID: w.TID(), Turns: w.Turns()}
	}
	return out
}

// Thread is the thread that polls on an lcore. internal/kernel reads how much of its CPU
// the thread had, by the TID.
type Thread struct {
	Lcore
	TID   int    // the kernel's number; 0 until it has begun to run
	Turns uint64 // how often it has served all its streams
}

// StopTx ends the generating; receiving goes on. An Impair stream takes no more
// packets, and sends those that wait in it (Counters.Waiting).
func (j *Job) StopTx() {
	for _, w := range j.workers {
		w.StopTx()
	}
}

// Lcores are the lcores that the job runs on.
func (j *Job) Lcores() []Lcore { return j.lcores }

// Restart makes a port that has lost its peer connect again, because memif clients do not
// do it by themselves. The job's loops pause meanwhile, and keep their counters. If
// Restart fails, the port is stopped. Its streams then move nothing until a later Restart
// succeeds, because a stopped port's driver must not be called.
func (j *Job) Restart(ctx context.Context, p *Port) error {
	return j.rt.do(ctx, func() error {
		for _, w := range j.workers {
			w.Pause(true)
			defer w.Pause(false)
		}
		if err := j.rt.drv.Grace(); err != nil {
			return err
		}
		err := j.rt.drv.RestartPort(p.id)
		p.stopped = err != nil
		for _, w := range j.workers {
			w.Park(p.id, p.stopped)
		}
		if err != nil {
			return j.rt.explain(err)
		}
		return nil
	})
}

// Stop ends the job's loops and waits for them. The counters can be read
// afterwards; Free releases them.
func (j *Job) Stop(ctx context.Context) error {
	for _, w := range j.workers {
		w.Stop()
	}
	err := j.rt.do(ctx, func() error {
		for i := range j.workers {
			j.rt.drv.Wait(j.lcores[i].ID)
		}
		return nil
	})
	j.loose = err != nil
	return err
}

// Free releases the job's memory, after Stop. Loops that did not end in Stop keep theirs.
func (j *Job) Free() {
	if j.loose {
		return
	}
	for _, w := range j.workers {
		w.Free()
	}
	j.workers = nil
}
