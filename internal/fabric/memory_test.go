package fabric

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// memListener is a network in memory, on which a test's clock rules.
type memListener struct {
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newMemListener() *memListener {
	return &memListener{incoming: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *memListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memListener) Addr() net.Addr { return memAddr{} }

// dial gives the agent's end of a new connection.
func (l *memListener) dial(ctx context.Context) (*memConn, error) {
	a, b := newMemHalf(), newMemHalf()
	select {
	case l.incoming <- &memConn{in: a, out: b}:
		return &memConn{in: b, out: a}, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// memConn is one end of a connection. Written data waits in memory, as it does in TCP's
// buffers.
type memConn struct{ in, out *memHalf }

// memHalf is one direction.
type memHalf struct {
	mu       sync.Mutex
	changed  *sync.Cond
	data     []byte
	closed   bool // nothing more will be written
	aborted  bool // the reader has closed it
	held     bool // nothing passes, as in a partition
	deadline time.Time
}

func newMemHalf() *memHalf {
	h := &memHalf{}
	h.changed = sync.NewCond(&h.mu)
	return h
}

// set changes the half and wakes who waits.
func (h *memHalf) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
	h.changed.Broadcast()
}

func (c *memConn) Read(b []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	var timer *time.Timer
	for {
		switch {
		case h.aborted:
			return 0, net.ErrClosed
		case len(h.data) > 0 && !h.held:
			n := copy(b, h.data)
			h.data = h.data[n:]
			return n, nil
		case h.closed && !h.held:
			return 0, io.EOF
		case !h.deadline.IsZero() && !time.Now().Before(h.deadline):
			return 0, os.ErrDeadlineExceeded
		case timer == nil && !h.deadline.IsZero():
			timer = time.AfterFunc(time.Until(h.deadline), func() { h.set(func() {}) })
			defer timer.Stop()
		}
		h.changed.Wait()
	}
}

func (c *memConn) Write(b []byte) (n int, err error) {
	c.out.set(func() {
		if c.out.closed || c.out.aborted && !c.out.held {
			err = net.ErrClosed
			return
		}
		c.out.data = append(c.out.data, b...)
		n = len(b)
	})
	return n, err
}

// Close ends both directions; the other end does not notice while they are held.
func (c *memConn) Close() error {
	c.out.set(func() { c.out.closed = true })
	c.in.set(func() { c.in.aborted = true })
	return nil
}

// hold lets nothing pass in either direction, or all again.
func (c *memConn) hold(held bool) {
	for _, h := range []*memHalf{c.in, c.out} {
		h.set(func() { h.held = held })
	}
}

func (c *memConn) SetReadDeadline(t time.Time) error {
	c.in.set(func() { c.in.deadline = t })
	return nil
}

func (c *memConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil } // it never waits
func (c *memConn) LocalAddr() net.Addr              { return memAddr{} }
func (c *memConn) RemoteAddr() net.Addr             { return memAddr{} }

type memAddr struct{}

func (memAddr) Network() string { return "memory" }
func (memAddr) String() string  { return "memory" }
