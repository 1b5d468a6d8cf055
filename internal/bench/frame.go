package bench

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/podnet/podnet/internal/result"
)

// Frame sizes on the wire, with the FCS, that can be sent. A VLAN tag may come on
// top of the largest.
const (
	MinFrame = 64
	MaxFrame = 9018 // a jumbo frame, of an MTU of 9000 bytes
	fcs      = 4

	// EthernetMTU is what every port has without being asked.
	EthernetMTU = 1500
)

// MTU is what a port needs for frames of size bytes, in bytes of the L3 packet.
func MTU(size int) int { return size - ethernetLen - fcs }

// Flow is the UDP packets that are sent over and over.
type Flow struct {
	SrcMAC, DstMAC net.HardwareAddr
	VLAN           int // 802.1Q id; 0: untagged
	// RxVLAN is the id of the tag that packets come back with, 0 for none; nil: VLAN.
	RxVLAN           *int
	SrcIP, DstIP     netip.Addr
	SrcPort, DstPort uint16
	// Flows is how many flows there are; 0 means 1. Vary are the fields by which they
	// differ, which count up from those above; none: the source port.
	Flows int
	Vary  []Field
}

// Lengths of headers in bytes.
const (
	ethernetLen = 14
	vlanLen     = 4
	ipv4Len     = 20
	ipv6Len     = 40
	udpLen      = 8
	// StampLen is the length of the stamp at the start of the UDP payload, by
	// which a receiver knows a packet: the signature of the trial (2 bytes, and
	// 2 of a check), the flow's index (2), the packet's number in the flow (4) and the
	// time it was sent at (4). A frame is built with all 4 bytes of the signature,
	// and the dataplane fills in the rest.
	StampLen     = 14
	signatureLen = 4
)

// Frame builds a packet of size bytes on the wire, without the FCS, of the first
// flow. At stampOffset lies the stamp, all zero except the signature, and right
// before it the UDP header.
func (f Flow) Frame(size int, signature uint32) (frame []byte, stampOffset int, err error) {
	if err := f.Check(size); err != nil {
		return nil, 0, err
	}
	if len(f.SrcMAC) != 6 || len(f.DstMAC) != 6 {
		return nil, 0, fmt.Errorf("MAC addresses %q and %q: must have six octets", f.SrcMAC, f.DstMAC)
	}
	stampOffset = f.headers()
	payload := make(gopacket.Payload, size-fcs-stampOffset)
	binary.NativeEndian.PutUint32(payload, signature)

	udp := &layers.UDP{SrcPort: layers.UDPPort(f.SrcPort), DstPort: layers.UDPPort(f.DstPort)}
	network, etherType, err := f.network(udp)
	if err != nil {
		return nil, 0, err
	}
	ethernet := &layers.Ethernet{DstMAC: f.DstMAC, SrcMAC: f.SrcMAC, EthernetType: etherType}
	headers := []gopacket.SerializableLayer{ethernet}
	if f.VLAN != 0 {
		ethernet.EthernetType = layers.EthernetTypeDot1Q
		headers = append(headers, &layers.Dot1Q{VLANIdentifier: uint16(f.VLAN), Type: etherType})
	}
	buffer := gopacket.NewSerializeBuffer()
	err = gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		append(headers, network, udp, payload)...)
	return buffer.Bytes(), stampOffset, err
}

// network is the IP header, which the checksum of UDP covers a part of.
func (f Flow) network(udp *layers.UDP) (gopacket.SerializableLayer, layers.EthernetType, error) {
	const hops = 64
	if f.SrcIP.Is6() {
		ip := &layers.IPv6{
			Version: 6, NextHeader: layers.IPProtocolUDP, HopLimit: hops, SrcIP: f.SrcIP.AsSlice(), DstIP: f.DstIP.AsSlice(),
		}
		return ip, layers.EthernetTypeIPv6, udp.SetNetworkLayerForChecksum(ip)
	}
	ip := &layers.IPv4{
		Version: 4, Protocol: layers.IPProtocolUDP, TTL: hops, SrcIP: f.SrcIP.AsSlice(), DstIP: f.DstIP.AsSlice(),
	}
	return ip, layers.EthernetTypeIPv4, udp.SetNetworkLayerForChecksum(ip)
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
	case f.RxVLAN != nil && (*f.RxVLAN < 0 || *f.RxVLAN > 4094):
		return fmt.Errorf("VLAN %d of received packets: must be 1 to 4094, or 0 for none", *f.RxVLAN)
	case !f.SrcIP.IsValid() || !f.DstIP.IsValid() || f.SrcIP.Is4() != f.DstIP.Is4():
		return fmt.Errorf("addresses %s and %s: must both be IPv4 or both IPv6", f.SrcIP, f.DstIP)
	case f.Flows < 0 || f.Flows > MaxFlows:
		return fmt.Errorf("%d flows: must be 1 to %d", f.Flows, MaxFlows)
	}
	if _, err := f.Values(); err != nil {
		return err
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

// Arrives is the VLAN that packets come back in, 0 for none, and where their stamp
// lies then that was sent at this offset.
func (f Flow) Arrives(stampOffset int) (vlan, offset int) {
	if f.RxVLAN == nil {
		return f.VLAN, stampOffset
	}
	if f.VLAN != 0 {
		stampOffset -= vlanLen
	}
	if *f.RxVLAN != 0 {
		stampOffset += vlanLen
	}
	return *f.RxVLAN, stampOffset
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
