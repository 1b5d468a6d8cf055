package dpdktest

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/podnet/podnet/internal/dpdk"
)

// maxRate is how fast a generator is that has no rate, in packets a cycle.
const maxRate = 0.01 // 10 Mpps

// Wire leads from one port to another, or back to the same.
type Wire struct {
	// LoseEvery and DuplicateEvery count packets from 1; 0 is never.
	LoseEvery, DuplicateEvery uint64
	// Delay is how long a packet takes.
	Delay time.Duration
	// Swap exchanges the addresses of single frames, as a peer that reflects does.
	Swap bool
	// Peer, if set, is what single frames come back from.
	Peer []byte
}

type wire struct {
	Wire
	to    string
	count uint64
}

// flight is packets on their way.
type flight struct {
	at, delay uint64
	to        string
	load
}

// load is packets of one kind.
type load struct {
	packets, lost, duplicates uint64
	size                      uint64 // of each, bytes without the FCS
	signature                 uint32
	flow                      uint32 // the first one
	stamped                   bool
	hops                      int
}

// Connect leads what one port sends to another, or back to itself, in the place
// of where it went before.
func (f *Fake) Connect(from, to string, w Wire) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance()
	f.wires[from] = &wire{Wire: w, to: to}
}

// Cut ends the wire from a port: what it sends is lost.
func (f *Fake) Cut(from string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance()
	delete(f.wires, from)
}

// Arrive lets packets of a peer's come to the port, of that size without the FCS.
func (f *Fake) Arrive(name string, packets, size uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.advance()
	f.arrive(name, 0, load{packets: packets, size: size})
}

// Adjust changes what the loops have counted whenever it is read.
func (f *Fake) Adjust(change func(s dpdk.StreamConfig, c *dpdk.RawCounters)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adjusting = change
}

// Retime changes the times that the loops have kept whenever they are read: packets
// by cycles.
func (f *Fake) Retime(change func(s dpdk.StreamConfig, of dpdk.Times, times map[uint64]uint64) map[uint64]uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.retiming = change
}

// Streams are the streams that the lcore runs, or ran last.
func (f *Fake) Streams(lcore int) (list []dpdk.StreamConfig) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.workers[lcore]; w != nil {
		for _, s := range w.streams {
			list = append(list, s.config)
		}
	}
	return list
}

// Followed are the senders that each stream of a verifying lcore has to
// follow.
func (f *Fake) Followed(lcore int) (list [][]dpdk.StreamConfig) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w := f.workers[lcore]; w != nil {
		for _, s := range w.streams {
			if s.config.Mode == dpdk.Verify {
				list = append(list, s.senders)
			}
		}
	}
	return list
}

// Running tells how many lcores have a job.
func (f *Fake) Running() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.workers {
		if !w.ended {
			n++
		}
	}
	return n
}

// Parked tells how many streams are kept from a port that is stopped.
func (f *Fake) Parked() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.workers {
		for _, s := range w.streams {
			if s.parked && !w.ended {
				n++
			}
		}
	}
	return n
}

// Leaked tells how many workers have been launched and not been freed.
func (f *Fake) Leaked() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.launched {
		if !w.freed {
			n++
		}
	}
	return n
}

// answer is a single frame as it comes out at the end of the wire.
func (w *wire) answer(frame []byte) []byte {
	out := slices.Clone(frame)
	if w.Swap {
		copy(out, frame[6:12])
		copy(out[6:], frame[:6])
	}
	if w.Peer != nil {
		copy(out[6:12], w.Peer)
	}
	return out
}

// carry takes packets to the end of the wire.
func (w *wire) carry(l load) load {
	every := func(n uint64) uint64 {
		if n == 0 {
			return 0
		}
		return (w.count+l.packets)/n - w.count/n
	}
	lost, twice := every(w.LoseEvery), every(w.DuplicateEvery)
	w.count += l.packets
	l.packets -= lost
	l.lost += lost
	l.duplicates += min(twice, l.packets)
	return l
}

// advance moves the packets on to the present. The lock is held.
func (f *Fake) advance() {
	now, _ := f.Clock()
	for _, lcore := range slices.Sorted(maps.Keys(f.workers)) {
		w := f.workers[lcore]
		if w.ended || w.paused {
			continue
		}
		for _, s := range w.streams {
			if s.generates() && !w.txStopped {
				f.generate(s, now)
			}
		}
	}
	slices.SortStableFunc(f.flying, func(a, b flight) int { return cmp.Compare(a.at, b.at) })
	for len(f.flying) > 0 && f.flying[0].at <= now {
		next := f.flying[0]
		f.flying = f.flying[1:]
		f.arrive(next.to, next.delay, next.load)
	}
}

// generate sends what is due. The lock is held.
func (f *Fake) generate(s *stream, now uint64) {
	rate := cmp.Or(s.config.PacketsPerCycle, maxRate)
	due := uint64(rate * float64(now-s.c.Begin))
	if limit := s.config.Limit; limit > 0 && due >= limit {
		due = limit
		if s.c.End == 0 {
			s.c.End = s.c.Begin + uint64(math.Round(float64(limit-1)/rate)) // when the last is sent
		}
	}
	l := load{packets: due - s.due, size: uint64(s.size()), signature: s.config.Signature, flow: s.config.FirstFlow, stamped: s.config.Mode == dpdk.Generate}
	s.due = due
	if s.config.PacketsPerCycle > 0 {
		s.c.Offered = due
	}
	if s.config.Ring != nil {
		s.c.TxPackets += l.packets
		f.receive(f.receiver(func(r *stream) bool { return r.config.Ring == s.config.Ring && r.config.Mode == dpdk.Verify }), 0, l)
		return
	}
	f.send(s, l)
}

// send lets a stream's packets go out on its port. The lock is held.
func (f *Fake) send(s *stream, l load) {
	p := f.ports[s.config.TxPort]
	if !p.linked {
		s.c.TxRefused += l.packets
		return
	}
	s.c.TxPackets += l.packets
	if s.config.CountBytes {
		s.c.TxBytes += l.packets * l.size
	}
	p.stats.TxPackets += l.packets
	p.stats.TxBytes += l.packets * l.size
	w := f.wires[p.name]
	if w == nil || l.packets == 0 || l.hops > len(f.ports) {
		return
	}
	l.hops++
	l = w.carry(l)
	if w.Delay == 0 {
		f.arrive(w.to, 0, l)
		return
	}
	now, _ := f.Clock()
	f.flying = append(f.flying, flight{at: now + uint64(w.Delay), delay: uint64(w.Delay), to: w.to, load: l})
}

// arrive lets packets come to a port. The lock is held.
func (f *Fake) arrive(name string, delay uint64, l load) {
	p := f.named(name)
	if p == nil || !p.linked {
		return
	}
	id := uint16(slices.Index(f.ports, p))
	r := f.receiver(func(r *stream) bool { return r.receives() && r.config.RxPort == id })
	if r == nil {
		p.stats.RxMissed += l.packets
		return
	}
	p.stats.RxPackets += l.packets
	p.stats.RxBytes += l.packets * l.size
	f.receive(r, delay, l)
}

// receiver is the stream of a running job that fits; nil: none. The lock is held.
func (f *Fake) receiver(fits func(*stream) bool) *stream {
	for _, lcore := range slices.Sorted(maps.Keys(f.workers)) {
		w := f.workers[lcore]
		if i := slices.IndexFunc(w.streams, fits); i >= 0 && !w.ended {
			return w.streams[i]
		}
	}
	return nil
}

// expects tells whether packets are of the flows that a stream counts.
func (s *stream) expects(l load) bool {
	return l.flow-s.config.FirstFlow < uint32(max(s.config.Flows, 1))
}

// receive counts packets where they are taken. The lock is held.
func (f *Fake) receive(r *stream, delay uint64, l load) {
	switch {
	case r == nil:
		return
	case (r.config.Mode == dpdk.Verify || r.config.Mode == dpdk.Reflect) && (!l.stamped || l.signature != r.config.Signature):
		r.c.RxOther += l.packets
		return
	case r.config.Mode == dpdk.Verify && !r.expects(l):
		r.c.RxOther += l.packets
		return
	case r.config.Mode == dpdk.Reflect && !r.expects(l):
		r.c.RxOther += l.packets
	default:
		r.c.RxPackets += l.packets
	}
	if r.config.CountBytes {
		r.c.RxBytes += l.packets * l.size
	}
	switch r.config.Mode {
	case dpdk.Verify:
		r.c.Duplicates += l.duplicates
		r.c.Missing += l.lost
		if l.packets > 0 {
			r.times[delay] += l.packets
		}
	case dpdk.IO, dpdk.MAC, dpdk.MACSwap, dpdk.Impair, dpdk.Reflect:
		l.packets += l.duplicates
		l.duplicates = 0
		f.send(r, l)
	}
}
