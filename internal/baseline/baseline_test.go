package baseline

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// short is long enough to send some, and short enough for many tests.
const short = 100 * time.Millisecond

func serveEcho(t *testing.T, addr string) *Echo {
	t.Helper()
	e, err := Serve(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// serveOdd is an echo with peculiarities: it sends what reply gives for each
// datagram, and gets its bytes and size.
func serveOdd(t *testing.T, reply func(b []byte) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		conn.Close()
		running.Wait()
	})
	running.Go(func() {
		b := make([]byte, bufferSize)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			for _, out := range reply(b[:n]) {
				_, _ = conn.WriteTo(out, from)
			}
		}
	})
	return conn.LocalAddr().String()
}

// answered makes the answer to a request.
func answered(b []byte) []byte {
	out := append([]byte{}, b...)
	binary.BigEndian.PutUint32(out, answer)
	return out
}

func client(t *testing.T, addr string) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := Dial(ctx, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func measure(t *testing.T, c *Client, frame int, d time.Duration) Counts {
	t.Helper()
	counts, err := c.Measure(t.Context(), frame, d)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestMeasure(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			if l, err := net.ListenPacket("udp", addr); err != nil {
				t.Skipf("this machine has no such address: %v", err)
			} else {
				l.Close()
			}
			e := serveEcho(t, addr)
			c := client(t, e.Addr().String())
			if c.Peer() != e.Addr().String() {
				t.Errorf("the peer is %s, want %s", c.Peer(), e.Addr())
			}
			if i := c.Interface(); i == nil || i.Flags&net.FlagLoopback == 0 || i.MTU == 0 {
				t.Errorf("interface %+v, want the loopback", i)
			}
			for range 2 { // one after the other
				got := measure(t, c, 128, 3*short)
				if got.Sent < batchSize || got.Received == 0 || got.Received > got.Sent || got.Active < 3*short {
					t.Errorf("%+v: want some sent and received", got)
				}
				if got.RTT.TotalCount() == 0 || got.RTT.Min() <= 0 {
					t.Errorf("%d round-trip times, the shortest of %d ns", got.RTT.TotalCount(), got.RTT.Min())
				}
			}
		})
	}
}

// Frames are as large on the wire as those that they are compared with, as far
// as that can be.
func TestFrameSizes(t *testing.T) {
	var mu sync.Mutex
	sizes := map[int]bool{}
	addr := serveOdd(t, func(b []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		sizes[len(b)] = true
		return [][]byte{answered(b)}
	})
	c := client(t, addr)
	for frame, want := range map[int]struct{ payload, frame int }{
		64: {18, 64}, 65: {19, 65}, 512: {466, 512}, 1518: {1472, 1518},
		60: {16, 62}, 0: {16, 62}, 9000: {1472, 1518},
	} {
		mu.Lock()
		clear(sizes)
		mu.Unlock()
		got := measure(t, c, frame, short/2)
		mu.Lock()
		if got.FrameBytes != want.frame || len(sizes) != 1 || !sizes[want.payload] {
			t.Errorf("%d bytes: %d bytes on the wire, payloads %v, want %d and %d", frame, got.FrameBytes, sizes, want.frame, want.payload)
		}
		mu.Unlock()
	}
	// An IPv6 packet has no room in the smallest frame.
	six := &Client{headers: ethernetSize + ipv6Size + udpSize}
	if got := six.headers + headerSize; got != 82 {
		t.Errorf("the smallest frame over IPv6 is %d bytes, want 82", got)
	}
}

// Loss is counted as such, though the numbers that follow tell of it at once.
func TestLoss(t *testing.T) {
	requests := 0
	addr := serveOdd(t, func(b []byte) [][]byte {
		requests++
		if requests%10 == 0 {
			return nil
		}
		return [][]byte{answered(b)}
	})
	c := client(t, addr)
	// A machine that is busy makes the sockets drop some more.
	var loss float64
	for range 5 {
		var got Counts
		if err := c.load(t.Context(), 18, 5*short, &got); err != nil {
			t.Fatal(err)
		}
		if loss = 1 - float64(got.Received)/float64(got.Sent); got.Sent > 500 && loss > 0.095 && loss < 0.2 {
			return
		}
	}
	t.Errorf("the loss is %g, want 0.1, or a little more", loss)
}

// What is not an answer of this measurement, and what comes once more, does not
// count.
func TestOnlyAnswersCount(t *testing.T) {
	edit := func(b []byte, f func([]byte)) []byte {
		out := answered(b)
		f(out)
		return out
	}
	for name, tt := range map[string]struct {
		reply func(b []byte) [][]byte
		some  bool // answers are among it
	}{
		"twice":      {func(b []byte) [][]byte { return [][]byte{answered(b), answered(b)} }, true},
		"unanswered": {func([]byte) [][]byte { return nil }, false},
		"request": {func(b []byte) [][]byte {
			return [][]byte{b}
		}, false},
		"other magic": {func(b []byte) [][]byte {
			return [][]byte{edit(b, func(b []byte) { b[0]++ })}
		}, false},
		"other session": {func(b []byte) [][]byte {
			return [][]byte{edit(b, func(b []byte) { b[4]++ })}
		}, false},
		"number not sent": {func(b []byte) [][]byte {
			return [][]byte{edit(b, func(b []byte) { b[8]++ })}
		}, false},
		"shorter": {func(b []byte) [][]byte { return [][]byte{answered(b)[:len(b)-1]} }, false},
		"cut":     {func(b []byte) [][]byte { return [][]byte{answered(b)[:headerSize-1]} }, false},
		"empty":   {func([]byte) [][]byte { return [][]byte{{}} }, false},
		"longer":  {func(b []byte) [][]byte { return [][]byte{append(answered(b), 0)} }, false},
		"huge":    {func([]byte) [][]byte { return [][]byte{make([]byte, 4*bufferSize)} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := dial(t.Context(), serveOdd(t, tt.reply))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var got Counts
			if err := c.load(t.Context(), 18, 2*short, &got); err != nil {
				t.Fatal(err)
			}
			if got.Sent == 0 || (got.Received > 0) != tt.some || got.Received > got.Sent {
				t.Errorf("%d of %d came back, want some: %t", got.Received, got.Sent, tt.some)
			}
		})
	}
}

// The echo answers requests with as much as it got, and nothing else.
func TestEcho(t *testing.T) {
	e := serveEcho(t, "127.0.0.1:0")
	conn, err := net.Dial("udp", e.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := make([]byte, 1<<16)
	datagram := func(size int, magic uint32) []byte {
		b := make([]byte, max(size, headerSize))
		put(b, magic, 7, 8)
		return b[:size]
	}
	for _, b := range [][]byte{
		{},
		datagram(headerSize-1, request), datagram(18, answer), datagram(18, 0), datagram(maxPayload+1, request),
		datagram(bufferSize, request), datagram(4*bufferSize, request),
	} {
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	// Answers come in the order of their requests, so that one to those would be
	// the first.
	for _, size := range []int{headerSize, 18, maxPayload} {
		if _, err := conn.Write(datagram(size, request)); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := number(in[:n], 7); n != size || !ok || got != 8 {
			t.Errorf("%d bytes came back for %d: %x", n, size, in[:min(n, 32)])
		}
	}
}

func TestNoAnswer(t *testing.T) {
	silent := serveOdd(t, func([]byte) [][]byte { return nil })
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, addr := range []string{silent, closed.LocalAddr().String(), "nobody.invalid:7000"} {
		ctx, cancel := context.WithTimeout(t.Context(), short)
		c, err := Dial(ctx, addr)
		cancel()
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: %v, want no answer", addr, err)
		}
	}
}

// A peer that comes late is waited for.
func TestPeerComesLate(t *testing.T) {
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := closed.LocalAddr().String()
	closed.Close()
	came := make(chan struct{})
	go func() {
		defer close(came)
		time.Sleep(2 * patience)
		e, err := Serve(t.Context(), addr)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { e.Close() })
	}()
	client(t, addr)
	<-came
}

func TestCancel(t *testing.T) {
	why := errors.New("told to stop")
	for name, addr := range map[string]string{
		"echo":   serveEcho(t, "127.0.0.1:0").Addr().String(),
		"silent": serveOdd(t, func([]byte) [][]byte { return nil }),
	} {
		for _, after := range []time.Duration{0, short} {
			c, err := dial(t.Context(), addr)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			if after == 0 {
				cancel(why)
			} else {
				time.AfterFunc(after, func() { cancel(why) })
			}
			for _, f := range []func() error{
				func() error { _, err := c.Measure(ctx, 64, time.Hour); return err },
				func() error { return c.load(ctx, 18, time.Hour, &Counts{}) },
			} {
				if err := f(); err != nil && !errors.Is(err, why) {
					t.Errorf("%s, after %s: %v, want the reason to stop", name, after, err)
				}
			}
			c.Close()
		}
	}
}

// A load, too, ends when its context ends.
func TestCancelDuringLoad(t *testing.T) {
	c := client(t, serveEcho(t, "127.0.0.1:0").Addr().String())
	ctx, cancel := context.WithCancel(t.Context())
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetDeadline(longAgo) })()
	time.AfterFunc(short, cancel)
	var counts Counts
	if err := c.load(ctx, 18, time.Hour, &counts); err != nil {
		t.Errorf("%d sent, %v", counts.Sent, err)
	}
}

// What ICMP says of one datagram is its loss, and the others are measured.
func TestReportedLosses(t *testing.T) {
	icmp, err := net.Dial("ip4:icmp", "127.0.0.2")
	if errors.Is(err, syscall.EPERM) {
		t.Skip("a raw socket takes CAP_NET_RAW")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer icmp.Close()
	for name, code := range map[string]byte{"too large for a link": 4, "refused by a firewall": 13} {
		t.Run(name, func(t *testing.T) {
			// An address for this test alone: the kernel keeps the MTU that it learns.
			c := client(t, serveEcho(t, "127.0.0.2:0").Addr().String())
			local, remote := c.conn.LocalAddr().(*net.UDPAddr), c.conn.RemoteAddr().(*net.UDPAddr)
			b := []byte{3, code, 0, 0, 0, 0, 0xff, 0xff, 0x45, 19: 0} // destination unreachable, and the IPv4 header
			b[17] = syscall.IPPROTO_UDP
			b = append(append(b, local.IP.To4()...), remote.IP.To4()...)
			b = binary.BigEndian.AppendUint16(b, uint16(local.Port))
			b = binary.BigEndian.AppendUint16(b, uint16(remote.Port))
			b = append(b, 0, 8, 0, 0)
			binary.BigEndian.PutUint16(b[2:], checksum(b))

			var sending sync.WaitGroup
			defer sending.Wait()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			sending.Go(func() {
				for ctx.Err() == nil {
					if _, err := icmp.Write(b); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(time.Millisecond)
				}
			})
			if got := measure(t, c, 64, 3*short); got.Received == 0 || got.Received > got.Sent {
				t.Errorf("%d of %d came back, want some", got.Received, got.Sent)
			}
			if c.told.Load() == nil {
				t.Error("the kernel has not passed it on")
			}
		})
	}
}

// checksum is the internet's (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// A peer that starts again costs what was sent meanwhile.
func TestPeerComesBack(t *testing.T) {
	first, err := Serve(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := first.Addr().String()
	c := client(t, address)
	first.Close()
	time.AfterFunc(short, func() {
		second, err := Serve(t.Context(), address)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { second.Close() })
	})
	if got := measure(t, c, 64, 10*short); got.Received == 0 {
		t.Errorf("none of %d came back", got.Sent)
	}
}

func TestPeerGoes(t *testing.T) {
	e := serveEcho(t, "127.0.0.1:0")
	c := client(t, e.Addr().String())
	e.Close()
	if _, err := c.Measure(t.Context(), 64, short); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v, want that the peer has gone", err)
	}
}

func TestServeErrors(t *testing.T) {
	taken := serveEcho(t, "127.0.0.1:0").Addr().String()
	for _, addr := range []string{taken, "7000", "[::1", ":99999"} {
		e, err := Serve(t.Context(), addr)
		if err == nil {
			e.Close()
			t.Errorf("Serve(%q): no error", addr)
			continue
		}
		if !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "give HOST:PORT") {
			t.Errorf("Serve(%q): the error does not tell the address or the remedy: %v", addr, err)
		}
	}
}

func TestEchoEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e, err := Serve(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	e.running.Wait()
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Error(err)
	}
	l, err := net.ListenPacket("udp", e.Addr().String())
	if err != nil {
		t.Fatalf("the echo still has its port: %v", err)
	}
	l.Close()
}

func TestBitmap(t *testing.T) {
	var b bitmap
	for _, n := range []uint64{0, 63, 64, 1000, 65} {
		if !b.add(n) || b.add(n) {
			t.Errorf("%d is not new once", n)
		}
	}
}
