package baseline

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/net/ipv4"
)

// ErrNoAnswer means that the peer has not answered in time.
var ErrNoAnswer = errors.New("no answer")

// patience is how long one datagram is waited for.
const patience = 250 * time.Millisecond

// longAgo is a deadline that ends what waits for the socket.
var longAgo = time.Unix(1, 0)

// Client measures the way to an Echo and back, by one flow. Its methods are for
// one goroutine.
type Client struct {
	conn    *net.UDPConn
	batches *ipv4.PacketConn
	headers int                   // in bytes of a frame
	told    atomic.Pointer[error] // the last that lost has seen
}

// Counts are the results of a measurement.
type Counts struct {
	FrameBytes int           // of every packet on the wire, with the FCS
	Sent       uint64        // datagrams that the kernel took
	Received   uint64        // answers, each counted once
	Active     time.Duration // how long was sent
	// RTT has the round-trip times in nanoseconds with one datagram in flight; it
	// is empty if none came back.
	RTT *hdrhistogram.Histogram
}

// Dial asks the echo at HOST:PORT until it answers or ctx ends, which is then
// ErrNoAnswer. The host is looked up each time: its pod may come later.
// Closing the client is the caller's.
func Dial(ctx context.Context, address string) (*Client, error) {
	var last error
	for {
		c, err := dial(ctx, address)
		if err == nil {
			if err = c.hello(ctx); err == nil {
				return c, nil
			}
			c.Close()
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			if last == nil || errors.Is(last, ErrNoAnswer) {
				return nil, ErrNoAnswer
			}
			return nil, fmt.Errorf("%w: %w", ErrNoAnswer, last)
		case <-time.After(patience / 2):
		}
	}
}

func dial(ctx context.Context, address string) (*Client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	c := &Client{conn: conn.(*net.UDPConn), headers: ethernetSize + ipv6Size + udpSize}
	c.batches = ipv4.NewPacketConn(c.conn)
	if c.conn.RemoteAddr().(*net.UDPAddr).IP.To4() != nil {
		c.headers = ethernetSize + ipv4Size + udpSize
	}
	enlarge(c.conn)
	return c, nil
}

// Close ends the client.
func (c *Client) Close() error { return c.conn.Close() }

// Peer is the address that the client measures to.
func (c *Client) Peer() string { return c.conn.RemoteAddr().String() }

// Interface is the network interface that the kernel sends from; nil if it is
// not known.
func (c *Client) Interface() *net.Interface {
	local := c.conn.LocalAddr().(*net.UDPAddr).IP
	list, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range list {
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local) {
				return &i
			}
		}
	}
	return nil
}

// Measure sends datagrams for d whose frames have that size on the wire, with
// the FCS, or the smallest above it that has room for our datagram. Before,
// it takes round-trip times for a quarter of that. It returns why ctx ended, if
// that came first, and fails if the kernel refuses to send, or if ICMP says why
// nothing at all came back.
func (c *Client) Measure(ctx context.Context, frameBytes int, d time.Duration) (Counts, error) {
	payload := min(max(frameBytes-c.headers, headerSize), maxPayload)
	counts := Counts{FrameBytes: payload + c.headers, RTT: hdrhistogram.New(1, time.Minute.Nanoseconds(), 3)}
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(longAgo) })()
	c.told.Store(nil)
	err := c.times(ctx, payload, d/4, counts.RTT)
	if err == nil {
		err = c.load(ctx, payload, d, &counts)
	}
	if ctx.Err() != nil {
		return counts, context.Cause(ctx)
	}
	if told := c.told.Load(); err == nil && counts.Received == 0 && told != nil {
		err = *told
	}
	return counts, err
}

// lost tells whether an error says of a datagram that was sent before that it was
// lost: what an ICMP message reports comes with the next call on the socket. One
// that was too large for a link further on is sent in fragments from then on.
func (c *Client) lost(err error) bool {
	for _, reported := range []error{syscall.ECONNREFUSED, syscall.EMSGSIZE, syscall.EHOSTUNREACH, syscall.ENETUNREACH} {
		if errors.Is(err, reported) {
			c.told.Store(&err)
			return true
		}
	}
	return false
}

// hello fails if the echo does not answer now.
func (c *Client) hello(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(longAgo) })()
	_, err := c.ping(ctx, make([]byte, headerSize), rand.Uint32(), 0)
	return err
}

// times records round-trip times with one datagram in flight.
func (c *Client) times(ctx context.Context, payload int, d time.Duration, rtt *hdrhistogram.Histogram) error {
	session, b := rand.Uint32(), make([]byte, payload)
	begin := time.Now()
	for n := uint64(0); n == 0 || time.Since(begin) < d; n++ {
		took, err := c.ping(ctx, b, session, n)
		switch {
		case err == nil:
			_ = rtt.RecordValue(max(took.Nanoseconds(), 1)) // below the histogram's end
		case ctx.Err() != nil || !errors.Is(err, ErrNoAnswer) && !c.lost(err):
			return err
		}
	}
	return nil
}

// ping sends one datagram and waits for its answer, or returns ErrNoAnswer. It
// overwrites b.
func (c *Client) ping(ctx context.Context, b []byte, session uint32, n uint64) (time.Duration, error) {
	put(b, request, session, n)
	begin := time.Now()
	if err := c.conn.SetDeadline(begin.Add(patience)); err != nil {
		return 0, err
	}
	// If ctx ends from now on, it sets the deadline after this one.
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if _, err := c.conn.Write(b); err != nil {
		return 0, unanswered(err)
	}
	var in [bufferSize]byte
	for {
		size, err := c.conn.Read(in[:])
		if err != nil {
			return 0, unanswered(err)
		}
		if got, ok := number(in[:size], session); ok && got == n {
			return time.Since(begin), nil
		}
	}
}

// unanswered is ErrNoAnswer in the place of a deadline.
func unanswered(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrNoAnswer
	}
	return err
}
