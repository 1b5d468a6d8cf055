package dpdktest

import (
	"encoding/binary"
	"maps"
	"os"
	"slices"
	"syscall"

	"github.com/podnet/podnet/internal/dpdk"
)

// worker is what one lcore runs.
type worker struct {
	f                        *Fake
	streams                  []*stream
	txStopped, ended, paused bool
	freed                    bool
	turn                     uint64
}

type stream struct {
	config dpdk.StreamConfig
	c      dpdk.RawCounters
	parked bool
	due    uint64            // what the schedule has asked for
	times  map[uint64]uint64 // packets by their round-trip time
	// senders are those that it has to follow.
	senders []dpdk.StreamConfig
}

func (s *stream) generates() bool {
	return s.config.Mode == dpdk.TxOnly || s.config.Mode == dpdk.Generate
}

func (s *stream) receives() bool { return !s.generates() && s.config.Ring == nil }

// size is a frame's, without the FCS.
func (s *stream) size() int {
	if s.config.Mode == dpdk.Generate {
		return s.config.Lens[0]
	}
	return s.config.FrameLen
}

// NewWorker implements dpdk.Driver.
func (f *Fake) NewWorker(streams []dpdk.StreamConfig, _ int) (dpdk.Worker, error) {
	if err := f.hook(NewWorker, ""); err != nil {
		return nil, err
	}
	w := &worker{f: f}
	for _, s := range streams {
		if s.Mode == dpdk.Generate {
			s.Signature = signatureOf(s)
		}
		w.streams = append(w.streams, &stream{config: s, times: map[uint64]uint64{}})
	}
	return w, nil
}

// Launch implements dpdk.Driver.
func (f *Fake) Launch(dw dpdk.Worker, lcore int) error {
	if err := f.hook(Launch, ""); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if running := f.workers[lcore]; running != nil && !running.ended {
		return syscall.EBUSY
	}
	f.advance()
	w := dw.(*worker)
	now, _ := f.Clock()
	for _, s := range w.streams {
		if s.generates() {
			s.c.Begin = now
		}
	}
	f.workers[lcore] = w
	f.launched = append(f.launched, w)
	return nil
}

// Grace implements dpdk.Driver: no loop is ever in the middle of a turn.
func (f *Fake) Grace() error { return f.hook(Grace, "") }

// Wait implements dpdk.Driver.
func (f *Fake) Wait(int) { _ = f.hook(Wait, "") }

// locked moves the packets on, and then runs change.
func (w *worker) locked(change func()) {
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	w.f.advance()
	change()
}

func (w *worker) StopTx() { w.locked(w.stopTx) }

func (w *worker) stopTx() {
	w.txStopped = true
	for _, s := range w.streams {
		if s.generates() && s.c.End == 0 {
			s.c.End, _ = w.f.Clock()
		}
	}
}

func (w *worker) Stop() {
	w.locked(func() {
		w.stopTx()
		w.ended = true
	})
}

func (w *worker) Pause(on bool) { w.locked(func() { w.paused = on }) }

// Park implements dpdk.Worker.
func (w *worker) Park(port uint16, on bool) {
	w.locked(func() {
		for _, s := range w.streams {
			sends := s.config.Mode != dpdk.RxOnly && s.config.Mode != dpdk.Verify
			if s.config.Ring == nil && (s.receives() && s.config.RxPort == port || sends && s.config.TxPort == port) {
				s.parked = on
			}
		}
	})
}

// Bursts implements dpdk.Worker. The fake sends each packet by itself.
func (w *worker) Bursts(i int) (list []uint64) {
	w.locked(func() { list = []uint64{0, w.streams[i].c.Offered} })
	return list
}

// Question implements dpdk.Worker.
func (w *worker) Question(i int) (frame []byte) {
	w.locked(func() {
		if s := w.streams[i]; s.config.Answers {
			p := w.f.ports[s.config.RxPort]
			frame, p.question = p.question, nil
		}
	})
	return frame
}

// Answer implements dpdk.Worker.
func (w *worker) Answer(i int, frame []byte) bool {
	w.locked(func() {
		p := w.f.ports[w.streams[i].config.TxPort]
		p.sent = append(p.sent, slices.Clone(frame))
	})
	return true
}

func (w *worker) Turns() (n uint64) {
	w.locked(func() {
		w.turn++
		n = w.turn
	})
	return n
}

func (w *worker) Read(i int) (c dpdk.RawCounters) {
	w.locked(func() {
		s := w.streams[i]
		c = s.c
		if w.f.adjusting != nil {
			w.f.adjusting(s.config, &c)
		}
	})
	return c
}

// Follow implements dpdk.Worker. The fake's packets are sent when they are due.
func (w *worker) Follow(i int, sender dpdk.Worker, from int) error {
	w.locked(func() { w.streams[i].senders = append(w.streams[i].senders, sender.(*worker).streams[from].config) })
	return nil
}

// Times implements dpdk.Worker.
func (w *worker) Times(i int, of dpdk.Times, record func(cycles, packets uint64)) {
	var times map[uint64]uint64
	w.locked(func() {
		s := w.streams[i]
		times = maps.Clone(s.times)
		if of == dpdk.Lateness || of == dpdk.Gaps {
			times = map[uint64]uint64{0: s.c.Offered}
		}
		if w.f.retiming != nil {
			times = w.f.retiming(s.config, of, times)
		}
	})
	for _, cycles := range slices.Sorted(maps.Keys(times)) {
		record(cycles, times[cycles])
	}
}

// TID is a thread that there is: the process's first.
func (w *worker) TID() int { return os.Getpid() }

func (w *worker) Free() { w.locked(func() { w.freed = true }) }

// signatureOf is the signature in the templates of a stream that generates.
func signatureOf(s dpdk.StreamConfig) uint32 {
	return binary.NativeEndian.Uint32(s.Heads[0][s.StampOffset:])
}
