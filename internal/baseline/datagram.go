// Package baseline measures what UDP through the kernel carries, for a fast path
// to be compared with: a client that sends and counts, and the echo at its peer,
// both on ordinary sockets.
package baseline

import (
	"encoding/binary"
	"net"

	"golang.org/x/net/ipv4"
)

// A datagram begins with its magic number (4 bytes), that of the session (4) and
// its own (8), big endian; the rest is zero. A request and its answer differ in
// the magic number alone: an echo that answered answers would keep another one
// busy for ever.
const (
	request    uint32 = 0x706e7571 // pnuq
	answer     uint32 = 0x706e7561 // pnua
	headerSize        = 16
)

// Lengths in bytes.
const (
	ethernetSize = 14 + 4 // with the FCS
	ipv4Size     = 20
	ipv6Size     = 40
	udpSize      = 8
	// maxPayload is that of the largest IPv4 packet on Ethernet.
	maxPayload = 1500 - ipv4Size - udpSize
	// bufferSize has room for more, so that what is too large shows.
	bufferSize = 2048
)

const (
	// batchSize is how many datagrams one call of the kernel takes or gives.
	batchSize = 64
	// socketBuffer is what is asked for; the kernel gives what net.core.rmem_max
	// and wmem_max allow.
	socketBuffer = 4 << 20
)

func put(b []byte, magic, session uint32, number uint64) {
	binary.BigEndian.PutUint32(b, magic)
	binary.BigEndian.PutUint32(b[4:], session)
	binary.BigEndian.PutUint64(b[8:], number)
}

// is tells whether b is our datagram of that kind.
func is(b []byte, magic uint32) bool {
	return len(b) >= headerSize && len(b) <= maxPayload && binary.BigEndian.Uint32(b) == magic
}

// number tells the number of an answer in the session.
func number(b []byte, session uint32) (n uint64, ok bool) {
	if !is(b, answer) || binary.BigEndian.Uint32(b[4:]) != session {
		return 0, false
	}
	return binary.BigEndian.Uint64(b[8:]), true
}

// newBatch makes a batch of datagrams of that size.
func newBatch(size int) []ipv4.Message {
	batch := make([]ipv4.Message, batchSize)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, size)}
	}
	return batch
}

// enlarge asks for large buffers. A smaller buffer loses datagrams, and the
// measurement shows it.
func enlarge(c *net.UDPConn) {
	_ = c.SetReadBuffer(socketBuffer)
	_ = c.SetWriteBuffer(socketBuffer)
}
