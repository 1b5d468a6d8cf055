package baseline

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// window is how many datagrams may be in flight. It covers many round-trip
	// times at a kernel's rate, and yet fits into a socket's buffer of the
	// default size: without it, whoever sends takes the CPU's time from whoever
	// has to receive, and most datagrams would be dropped there without room for them.
	window = 4 * batchSize
	// stalled is after how long without an answer what is in flight is given up.
	stalled = 10 * time.Millisecond
	// quiet is how long no answer may have come after the sending has ended.
	quiet = 200 * time.Millisecond
)

// flight is the datagrams of one measurement.
type flight struct {
	session uint32
	payload int
	issued  atomic.Uint64 // numbers below it may have been sent
	passed  atomic.Uint64 // one above the highest number that has come back
	counted atomic.Uint64 // numbers that have come back
	// progress is sent to when a number has come back, unless it is full.
	progress chan struct{}
}

// load sends for d as fast as the kernel and the window let it, and counts what
// comes back.
func (c *Client) load(ctx context.Context, payload int, d time.Duration, counts *Counts) error {
	f := &flight{session: rand.Uint32(), payload: payload, progress: make(chan struct{}, 1)}
	begin := time.Now()
	if err := errors.Join(c.conn.SetReadDeadline(time.Time{}), c.conn.SetWriteDeadline(begin.Add(d))); err != nil {
		return err
	}
	if ctx.Err() != nil { // what ends it from now on sets the deadline after this one
		return context.Cause(ctx)
	}
	received := make(chan error, 1)
	go func() { received <- c.receive(f) }()
	sent, err := c.send(ctx, f, begin.Add(d))
	counts.Sent, counts.Active = sent, time.Since(begin)
	if err == nil {
		f.settle(ctx, sent)
	}
	if end := c.conn.SetReadDeadline(longAgo); end != nil {
		return end
	}
	lost := <-received
	// More than was sent has not come from an echo.
	counts.Received = min(f.counted.Load(), sent)
	if err != nil {
		return err
	}
	return lost
}

// send sends until end, and returns how many datagrams the kernel took.
func (c *Client) send(ctx context.Context, f *flight, end time.Time) (sent uint64, err error) {
	batch := newBatch(f.payload)
	var lost uint64 // numbers below it are given up
	timer := time.NewTimer(0)
	defer timer.Stop()
	for time.Now().Before(end) && ctx.Err() == nil {
		if sent+batchSize-max(f.passed.Load(), lost) > window {
			timer.Reset(stalled)
			select {
			case <-f.progress:
			case <-timer.C:
				lost = sent
			case <-ctx.Done():
			}
			continue
		}
		for i := range batch {
			put(batch[i].Buffers[0], request, f.session, sent+uint64(i))
		}
		f.issued.Store(sent + batchSize)
		n, err := c.batches.WriteBatch(batch, 0)
		sent += uint64(max(n, 0))
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return sent, nil
		case errors.Is(err, syscall.ENOBUFS), c.lost(err): // the queue of the interface is full, or the peer away
			time.Sleep(time.Millisecond)
		case err != nil:
			return sent, err
		}
	}
	return sent, nil
}

// receive counts answers until the deadline of reading.
func (c *Client) receive(f *flight) error {
	batch := newBatch(bufferSize)
	var seen bitmap
	for {
		n, err := c.batches.ReadBatch(batch, 0)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if c.lost(err) {
			continue
		}
		if err != nil {
			return err
		}
		before, passed := f.counted.Load(), f.passed.Load()
		now := before
		for _, m := range batch[:n] {
			number, ok := number(m.Buffers[0][:m.N], f.session)
			if ok && m.N == f.payload && number < f.issued.Load() && seen.add(number) {
				now++
				passed = max(passed, number+1)
			}
		}
		if now == before {
			continue
		}
		f.passed.Store(passed)
		f.counted.Store(now)
		select {
		case f.progress <- struct{}{}:
		default:
		}
	}
}

// settle waits until all that was sent has come back, or no more comes.
func (f *flight) settle(ctx context.Context, sent uint64) {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for f.counted.Load() < sent {
		select {
		case <-f.progress:
			timer.Reset(quiet)
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// bitmap is a set of numbers from 0 on.
type bitmap []uint64

// add tells whether n is new.
func (b *bitmap) add(n uint64) bool {
	for uint64(len(*b)) <= n/64 {
		*b = append(*b, 0)
	}
	word, bit := &(*b)[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
