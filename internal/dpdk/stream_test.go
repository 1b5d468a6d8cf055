//go:build cgo && !nodpdk

package dpdk

import "encoding/binary"

const signature = 0xdecade5

// headers are those of a test packet, beside Ethernet and UDP.
type headers struct{ vlan, v6 bool }

// udpFrame is a UDP packet with an empty stamp but for its signature, and where
// the stamp lies. What matters is its checksum, not its addresses.
func udpFrame(size int, h headers) (frame []byte, stamp int) {
	const fcs = 4
	frame = make([]byte, size-fcs)
	l3 := 14
	if h.vlan {
		binary.BigEndian.PutUint16(frame[12:], 0x8100)
		l3 += 4
	}
	ip, udp := frame[l3:], 20
	if h.v6 {
		udp = 40
		binary.BigEndian.PutUint16(frame[l3-2:], 0x86dd)
		ip[0], ip[6] = 6<<4, 17
		binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-udp))
		ip[8], ip[24] = 0x20, 0x21
	} else {
		binary.BigEndian.PutUint16(frame[l3-2:], 0x0800)
		ip[0], ip[9] = 0x45, 17
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
		ip[12], ip[16] = 198, 199
	}
	u := ip[udp:]
	binary.BigEndian.PutUint16(u, 4000)
	binary.BigEndian.PutUint16(u[2:], 7)
	binary.BigEndian.PutUint16(u[4:], uint16(len(u)))
	binary.NativeEndian.PutUint32(u[udpLen:], signature)
	binary.BigEndian.PutUint16(u[6:], ^udpSum(frame))
	return frame, l3 + udp + udpLen
}

// udpSum adds a packet's UDP and its pseudo header up, as a receiver does (RFC
// 768, RFC 8200).
func udpSum(frame []byte) uint16 {
	ip := frame[14:]
	if binary.BigEndian.Uint16(frame[12:]) == 0x8100 {
		ip = frame[18:]
	}
	addresses, udp := ip[12:20], ip[20:]
	if ip[0]>>4 == 6 {
		addresses, udp = ip[8:40], ip[40:]
	}
	sum := uint32(17 + len(udp))
	for _, b := range [][]byte{addresses, udp} {
		for i, v := range b {
			if i%2 == 0 {
				sum += uint32(v) << 8
			} else {
				sum += uint32(v)
			}
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// generator sends stamped frames of 64 bytes on the queue.
func generator(q Queue, flows int) Stream {
	frame, at := udpFrame(64, headers{})
	return Stream{Mode: Generate, Tx: q, Frames: [][]byte{frame}, Pattern: []int{0}, StampOffset: at, Flows: flows}
}

// verifier is the other end of a generator.
func verifier(q Queue, flows int) Stream {
	_, at := udpFrame(64, headers{})
	return Stream{Mode: Verify, Rx: q, Signature: signature, StampOffset: at, Flows: flows}
}
