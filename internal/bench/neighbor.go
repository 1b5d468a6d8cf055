package bench

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Addresses are IP addresses that follow one another.
type Addresses struct {
	First netip.Addr
	Count int
}

// Has tells whether the address is one of them.
func (a Addresses) Has(ip netip.Addr) bool {
	if ip.BitLen() != a.First.BitLen() {
		return false
	}
	from, to := a.First.As16(), ip.As16()
	if [12]byte(from[:12]) != [12]byte(to[:12]) {
		return false
	}
	low := func(ip [16]byte) uint32 { return binary.BigEndian.Uint32(ip[12:]) }
	return low(to) >= low(from) && low(to)-low(from) < uint32(a.Count)
}

// Neighbor stands for the hosts that packets come from and go to, so that a router
// finds them: it answers ARP (RFC 826) and neighbor solicitations (RFC 4861).
type Neighbor struct {
	MAC       net.HardwareAddr
	Addresses []Addresses
}

// IsQuestion tells whether a frame may be for a Neighbor, at little cost.
func IsQuestion(frame []byte) bool {
	at := 12
	for len(frame) >= at+4 && binary.BigEndian.Uint16(frame[at:]) == uint16(layers.EthernetTypeDot1Q) {
		at += vlanLen
	}
	if len(frame) < at+2 {
		return false
	}
	switch binary.BigEndian.Uint16(frame[at:]) {
	case uint16(layers.EthernetTypeARP):
		return true
	case uint16(layers.EthernetTypeIPv6):
		icmp := at + 2 + ipv6Len
		return len(frame) > icmp && frame[at+2+6] == byte(layers.IPProtocolICMPv6) && frame[icmp] == layers.ICMPv6TypeNeighborSolicitation
	}
	return false
}

// Answer gives the frame that answers a question, without the FCS; nil: it is none, or
// not for these addresses.
func (n Neighbor) Answer(frame []byte) []byte {
	if !IsQuestion(frame) {
		return nil
	}
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	from, ok := p.LinkLayer().(*layers.Ethernet)
	if !ok {
		return nil
	}
	link := []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: n.MAC, DstMAC: from.SrcMAC, EthernetType: from.EthernetType}}
	if tag, ok := p.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q); ok {
		link = append(link, &layers.Dot1Q{VLANIdentifier: tag.VLANIdentifier, Type: tag.Type})
	}
	if arp, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP); ok {
		return n.answerARP(link, arp)
	}
	ip, isIP := p.NetworkLayer().(*layers.IPv6)
	ask, isAsk := p.Layer(layers.LayerTypeICMPv6NeighborSolicitation).(*layers.ICMPv6NeighborSolicitation)
	const hops = 255 // which no router passes on
	if !isIP || !isAsk || ip.HopLimit != hops {
		return nil
	}
	return n.answerSolicitation(link, ip, ask)
}

func (n Neighbor) has(address []byte) bool {
	ip, ok := netip.AddrFromSlice(address)
	if !ok {
		return false
	}
	for _, a := range n.Addresses {
		if a.Has(ip) {
			return true
		}
	}
	return false
}

func (n Neighbor) answerARP(link []gopacket.SerializableLayer, ask *layers.ARP) []byte {
	if ask.Operation != layers.ARPRequest || ask.AddrType != layers.LinkTypeEthernet || ask.Protocol != layers.EthernetTypeIPv4 ||
		len(ask.SourceHwAddress) != 6 || len(ask.SourceProtAddress) != 4 || !n.has(ask.DstProtAddress) {
		return nil
	}
	return serialized(append(link, &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPReply,
		SourceHwAddress: n.MAC, SourceProtAddress: ask.DstProtAddress, DstHwAddress: ask.SourceHwAddress, DstProtAddress: ask.SourceProtAddress,
	}))
}

func (n Neighbor) answerSolicitation(link []gopacket.SerializableLayer, from *layers.IPv6, ask *layers.ICMPv6NeighborSolicitation) []byte {
	if !n.has(ask.TargetAddress) || from.SrcIP.IsUnspecified() { // somebody looks whether an address is free
		return nil
	}
	const solicitedOverride = 0x60
	ip := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolICMPv6, HopLimit: 255, SrcIP: ask.TargetAddress, DstIP: from.SrcIP}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborAdvertisement, 0)}
	if icmp.SetNetworkLayerForChecksum(ip) != nil {
		return nil
	}
	return serialized(append(link, ip, icmp, &layers.ICMPv6NeighborAdvertisement{
		Flags: solicitedOverride, TargetAddress: ask.TargetAddress,
		Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: n.MAC}},
	}))
}

// serialized is a frame of at least the shortest length; nil if it cannot be made.
func serialized(list []gopacket.SerializableLayer) []byte {
	buffer := gopacket.NewSerializeBuffer()
	if gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, list...) != nil {
		return nil
	}
	frame := buffer.Bytes()
	return append(frame, make([]byte, max(0, MinFrame-fcs-len(frame)))...)
}
