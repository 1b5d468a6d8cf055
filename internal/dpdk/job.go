package dpdk

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// Mode is what a stream does with packets.
type Mode int

// The modes, in the order of enum podnet_mode.
const (
	IO      Mode = iota // forward as it is
	MAC                 // forward with the stream's addresses
	MACSwap             // forward with the frame's own addresses exchanged
	RxOnly              // count and drop
	TxOnly              // generate
	Verify              // count what carries the signature, and drop
)

// Stream is what an lcore does with one queue.
type Stream struct {
	Mode   Mode
	Rx, Tx Queue

	// Src and Dst are the addresses that MAC writes. MACSwap answers a frame
	// that was sent to a group from Src.
	Src, Dst net.HardwareAddr

	// Signature is what Verify looks for at SignatureOffset bytes.
	Signature       uint64
	SignatureOffset int

	// Frame is what TxOnly sends, without the FCS.
	Frame []byte
	// Rate is in packets a second; 0 sends as fast as the port takes.
	Rate float64
	// Limit is how many packets to offer at a set rate.
	Limit uint64
}

// Counters are what a stream has done so far.
type Counters struct {
	RxPackets uint64 // Verify: with the signature
	RxOther   uint64 // Verify: without
	TxPackets uint64 // that the port took
	TxRefused uint64 // that the port had no room for, and that were dropped
	Offered   uint64 // TxOnly at a set rate: what the schedule asked for
	// RxBytes and TxBytes are without the FCS. They are counted where a port of
	// the stream forgets its own counters, and of what TxOnly sends.
	RxBytes, TxBytes uint64
	// Active is how long TxOnly has been sending.
	Active time.Duration
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

// prepare translates a stream, and writes its frame into the mbufs of the Tx
// queue's own pool. It runs on the EAL thread.
func (r *Runtime) prepare(s Stream, hz float64) (streamConfig, error) {
	c := streamConfig{
		mode: s.Mode, srcMAC: s.Src, dstMAC: s.Dst,
		signature: s.Signature, signatureOffset: s.SignatureOffset,
		packetsPerCycle: s.Rate / hz, limit: s.Limit, frameLen: len(s.Frame),
	}
	if s.Rx.Port != nil {
		c.rxPort, c.rxQueue = s.Rx.Port.id, uint16(s.Rx.Index)
		c.countBytes = s.Rx.Port.Forgets()
	}
	if s.Tx.Port != nil {
		c.txPort, c.txQueue = s.Tx.Port.id, uint16(s.Tx.Index)
		c.countBytes = c.countBytes || s.Tx.Port.Forgets()
	}
	if s.Mode != TxOnly {
		return c, nil
	}
	// No receiver may share this pool: it would write over the prepared frames.
	name := fmt.Sprintf("tx_%d_%d", c.txPort, c.txQueue)
	p, err := r.pool(name, ringSize+poolCaches, s.Tx.Port.Socket)
	if err != nil {
		return c, err
	}
	c.pool = p
	return c, r.drv.prepare(p, s.Frame)
}

// Counters reads the counters of the stream with that index.
func (j *Job) Counters(stream int) Counters {
	at := j.where[stream]
	c := j.workers[at.worker].read(at.stream)
	out := Counters{
		RxPackets: c.rxPackets, RxOther: c.rxOther,
		TxPackets: c.txPackets, TxRefused: c.txRefused, Offered: c.offered,
		RxBytes: c.rxBytes, TxBytes: c.txBytes,
	}
	if s := j.streams[stream]; s.Mode == TxOnly {
		out.TxBytes = c.txPackets * uint64(len(s.Frame))
	}
	if c.begin != 0 {
		end := c.end
		if end == 0 {
			end, _ = j.rt.drv.clock()
		}
		out.Active = time.Duration(float64(end-c.begin) / j.hz * 1e9)
	}
	return out
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
