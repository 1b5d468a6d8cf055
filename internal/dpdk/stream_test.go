//go:build cgo && !nodpdk

package dpdk

import "encoding/binary"

const signature = 0xdecade5

// headers are the headers of a test packet, beside Ethernet and UDP.
type headers struct{ vlan, v6 bool }

// udpFrame returns a UDP packet, whose stamp is empty except for its signature, and the
// offset of the stamp. Its checksum matters, its addresses do not.
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

// stampCheck is the check of a stamp.
func stampCheck(flow uint16, number, time uint32, payload int) uint16 {
	seed := uint64(signature)
	when := uint64(time)<<32 | uint64(number)
	what := uint64(flow)<<16 | uint64(uint16(payload))
	return uint16(((when^seed*0x9e3779b97f4a7c15)*0xbf58476d1ce4e5b9 + what*0x94d049bb133111eb) >> 48)
}

// stamp fills in the stamp of a frame as if it were sent at that time.
func stamp(frame []byte, at int, flow uint16, number uint32, tsc uint64) {
	time := uint32(tsc >> stampShift(shared.tscHz()))
	binary.NativeEndian.PutUint16(frame[at+2:], stampCheck(flow, number, time, len(frame)-at))
	binary.NativeEndian.PutUint16(frame[at+4:], flow)
	binary.NativeEndian.PutUint32(frame[at+6:], number)
	binary.NativeEndian.PutUint32(frame[at+10:], time)
	clear(frame[at-2 : at])
	binary.BigEndian.PutUint16(frame[at-2:], ^udpSum(frame))
}

// now reads the TSC.
func now() uint64 {
	tsc, _ := shared.drv.Clock()
	return tsc
}

// generator sends stamped frames of 64 bytes on the queue.
func generator(q Queue, flows int) Stream {
	frame, at := udpFrame(64, headers{})
	return Stream{Mode: Generate, Tx: q, Frames: [][]byte{frame}, Pattern: []int{0}, StampOffset: at, Flows: flows}
}

// verifier is the other end of a generator.
func verifier(q Queue, flows int) Stream {
	frame, at := udpFrame(64, headers{})
	return Stream{Mode: Verify, Rx: q, Signature: signature, StampOffset: at, Flows: flows, Payloads: []int{len(frame) - at}}
}
