package baseline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/net/ipv4"
)

// Echo answers each request of a Client with a datagram of the same size to the
// same address, and nothing else.
type Echo struct {
	conn    *net.UDPConn
	stop    context.CancelFunc
	running sync.WaitGroup
	failed  error
}

// Serve listens on a UDP address, such as :7000 or 10.0.0.5:7000, and answers until
// ctx ends or the echo is closed; closing it is the caller's in either case. Port
// 0 is any free one. It fails if addr is not of that form, or cannot be had.
func Serve(ctx context.Context, addr string) (*Echo, error) {
	packets, err := new(net.ListenConfig).ListenPacket(ctx, "udp", addr)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the rest of it says the address again
		}
		return nil, fmt.Errorf("listen on UDP %q: %w: give HOST:PORT or :PORT of an address of this pod and a free port", addr, err)
	}
	ctx, stop := context.WithCancel(ctx)
	e := &Echo{conn: packets.(*net.UDPConn), stop: stop}
	enlarge(e.conn)
	context.AfterFunc(ctx, func() { e.conn.Close() })
	e.running.Go(func() { e.failed = serve(ipv4.NewPacketConn(e.conn)) })
	return e, nil
}

// Addr is the address that the echo listens on.
func (e *Echo) Addr() net.Addr { return e.conn.LocalAddr() }

// Close ends the echo, and may be called more than once. It fails if the echo
// had ended before.
func (e *Echo) Close() error {
	e.stop()
	e.running.Wait()
	if e.failed != nil {
		return fmt.Errorf("answer on UDP %s: %w", e.Addr(), e.failed)
	}
	return nil
}

// serve answers until the socket is closed.
func serve(conn *ipv4.PacketConn) error {
	in, out := newBatch(bufferSize), newBatch(0)
	for {
		n, err := conn.ReadBatch(in, 0)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		answers := 0
		for _, m := range in[:n] {
			b := m.Buffers[0][:m.N]
			if !is(b, request) {
				continue
			}
			binary.BigEndian.PutUint32(b, answer)
			out[answers].Buffers[0], out[answers].Addr = b, m.Addr
			answers++
		}
		for left := out[:answers]; len(left) > 0; {
			n, err := conn.WriteBatch(left, 0)
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			left = left[max(n, 1):] // one that cannot be sent is lost
		}
	}
}
