package bench

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/podnet/podnet/internal/result"
)

// Frame sizes on the wire, with the FCS, that can be sent: Ethernet's, without
// jumbo frames. A VLAN tag may come on top of the largest.
const (
	MinFrame = 64
	MaxFrame = 1518
	fcs      = 4
)

// Flow is the UDP packets that are sent over and over.
type Flow struct {
	SrcMAC, DstMAC   net.HardwareAddr
	VLAN             int // 802.1Q id; 0: untagged
	SrcIP, DstIP     netip.Addr
	SrcPort, DstPort uint16
	// Flows is how many flows there are, told apart by source ports that count
	// up from SrcPort; 0 means 1.
	Flows int
}

// Lengths of headers in bytes.
const (
	ethernetLen = 14
	vlanLen     = 4
	ipv4Len     = 20
	ipv6Len     = 40
	udpLen      = 8
	// StampLen is the length of the stamp at the start of the UDP payload, by
	// which a receiver knows a packet: the signature of the trial (4 bytes), the
	// flow's index (2), the packet's number in the flow (4) and the time it was
	// sent at (4). The dataplane fills in all but the signature.
	StampLen     = 14
	signatureLen = 4
)

// Frame builds a packet of size bytes on the wire, without the FCS, of the first
// flow. At stampOffset lies the stamp, all zero but for the signature, and right
// before it the UDP header.
func (f Flow) Frame(size int, signature uint32) (frame []byte, stampOffset int, err error) {
	if err := f.Check(size); err != nil {
		return nil, 0, err
	}
	if len(f.SrcMAC) != 6 || len(f.DstMAC) != 6 {
		return nil, 0, fmt.Errorf("MAC addresses %q and %q: must have six octets", f.SrcMAC, f.DstMAC)
	}
	size -= fcs
	etherType := uint16(0x0800)
	ipLen := ipv4Len
	if f.SrcIP.Is6() {
		etherType, ipLen = 0x86dd, ipv6Len
	}
	frame = append(frame, f.DstMAC...)
	frame = append(frame, f.SrcMAC...)
	if f.VLAN != 0 {
		frame = binary.BigEndian.AppendUint16(frame, 0x8100)
		frame = binary.BigEndian.AppendUint16(frame, uint16(f.VLAN))
	}
	frame = binary.BigEndian.AppendUint16(frame, etherType)
	l3 := len(frame)
	frame = append(frame, make([]byte, size-l3)...)
	ip, udp := frame[l3:l3+ipLen], frame[l3+ipLen:]

	if f.SrcIP.Is6() {
		ip[0] = 6 << 4
		binary.BigEndian.PutUint16(ip[4:], uint16(len(udp)))
		ip[6], ip[7] = 17, 64 // UDP, hop limit
		copy(ip[8:], f.SrcIP.AsSlice())
		copy(ip[24:], f.DstIP.AsSlice())
	} else {
		ip[0] = 4<<4 | ipv4Len/4
		binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(udp)))
		ip[8], ip[9] = 64, 17 // TTL, UDP
		copy(ip[12:], f.SrcIP.AsSlice())
		copy(ip[16:], f.DstIP.AsSlice())
		binary.BigEndian.PutUint16(ip[10:], ^onesSum(0, ip))
	}
	binary.BigEndian.PutUint16(udp, f.SrcPort)
	binary.BigEndian.PutUint16(udp[2:], f.DstPort)
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	binary.NativeEndian.PutUint32(udp[udpLen:], signature)
	binary.BigEndian.PutUint16(udp[6:], udpChecksum(f.SrcIP, f.DstIP, udp))
	return frame, l3 + ipLen + udpLen, nil
}

// Check tells whether the flow can be sent in frames of size bytes on the wire,
// apart from its MAC addresses, which may be learned later.
func (f Flow) Check(size int) error {
	most := MaxFrame
	if f.VLAN != 0 {
		most += vlanLen
	}
	switch {
	case size < MinFrame || size > most:
		return fmt.Errorf("frame size %d: must be %d to %d bytes on the wire, with the FCS", size, MinFrame, most)
	case f.VLAN < 0 || f.VLAN > 4094:
		return fmt.Errorf("VLAN %d: must be 1 to 4094, or 0 for none", f.VLAN)
	case !f.SrcIP.IsValid() || !f.DstIP.IsValid() || f.SrcIP.Is4() != f.DstIP.Is4():
		return fmt.Errorf("addresses %s and %s: must both be IPv4 or both IPv6", f.SrcIP, f.DstIP)
	case f.Flows < 0 || int(f.SrcPort)+max(f.Flows, 1)-1 > 65535:
		return fmt.Errorf("%d flows from port %d: the source ports must end at 65535", f.Flows, f.SrcPort)
	}
	if least := f.headers() + StampLen + fcs; size < least {
		return fmt.Errorf("frame size %d: the headers and the stamp alone need %d bytes", size, least)
	}
	return nil
}

// Frames builds one packet for each size of the mix.
func (f Flow) Frames(m result.Mix, signature uint32) (frames [][]byte, stampOffset int, err error) {
	for _, s := range m {
		var frame []byte
		if frame, stampOffset, err = f.Frame(s.Bytes, signature); err != nil {
			return nil, 0, err
		}
		frames = append(frames, frame)
	}
	return frames, stampOffset, nil
}

// headers is the length of all headers.
func (f Flow) headers() int {
	n := ethernetLen + ipv4Len + udpLen
	if f.SrcIP.Is6() {
		n += ipv6Len - ipv4Len
	}
	if f.VLAN != 0 {
		n += vlanLen
	}
	return n
}

// udpChecksum is RFC 768's, whose zero is sent as all ones.
func udpChecksum(src, dst netip.Addr, udp []byte) uint16 {
	sum := onesSum(17+uint32(len(udp)), src.AsSlice())
	sum = onesSum(uint32(sum), dst.AsSlice())
	sum = ^onesSum(uint32(sum), udp)
	if sum == 0 {
		return 0xffff
	}
	return sum
}

// onesSum adds 16-bit words in ones' complement (RFC 1071).
func onesSum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
