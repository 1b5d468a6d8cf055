package bench

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

var (
	hostMAC   = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	routerMAC = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

func question(t *testing.T, vlan uint16, list ...gopacket.SerializableLayer) []byte {
	t.Helper()
	etherType := layers.EthernetTypeARP
	if _, ok := list[0].(*layers.IPv6); ok {
		etherType = layers.EthernetTypeIPv6
	}
	link := []gopacket.SerializableLayer{&layers.Ethernet{SrcMAC: routerMAC, DstMAC: layers.EthernetBroadcast, EthernetType: etherType}}
	if vlan != 0 {
		link[0].(*layers.Ethernet).EthernetType = layers.EthernetTypeDot1Q
		link = append(link, &layers.Dot1Q{VLANIdentifier: vlan, Type: etherType})
	}
	frame := serialized(append(link, list...))
	if frame == nil {
		t.Fatal("the question cannot be made")
	}
	return frame
}

func whoHas(target string) *layers.ARP {
	return &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
		SourceHwAddress: routerMAC, SourceProtAddress: []byte{198, 18, 1, 254}, DstHwAddress: make([]byte, 6), DstProtAddress: netip.MustParseAddr(target).AsSlice(),
	}
}

func solicitation(t *testing.T, target string, hops uint8, from string) []gopacket.SerializableLayer {
	t.Helper()
	ip := &layers.IPv6{
		Version: 6, NextHeader: layers.IPProtocolICMPv6, HopLimit: hops, SrcIP: net.ParseIP(from), DstIP: net.ParseIP("ff02::1:ff00:2"),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborSolicitation, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	return []gopacket.SerializableLayer{ip, icmp, &layers.ICMPv6NeighborSolicitation{TargetAddress: net.ParseIP(target)}}
}

var hosts = Neighbor{MAC: hostMAC, Addresses: []Addresses{
	{netip.MustParseAddr("198.18.1.2"), 254}, {netip.MustParseAddr("2001:db8:1::2"), 1},
}}

func TestNeighborAnswersARP(t *testing.T) {
	for _, vlan := range []uint16{0, 7} {
		got := gopacket.NewPacket(hosts.Answer(question(t, vlan, whoHas("198.18.1.3"))), layers.LayerTypeEthernet, gopacket.Default)
		eth, _ := got.LinkLayer().(*layers.Ethernet)
		arp, _ := got.Layer(layers.LayerTypeARP).(*layers.ARP)
		if eth == nil || arp == nil {
			t.Fatalf("VLAN %d: %v", vlan, got)
		}
		if !bytes.Equal(eth.DstMAC, routerMAC) || !bytes.Equal(eth.SrcMAC, hostMAC) || arp.Operation != layers.ARPReply ||
			!bytes.Equal(arp.SourceHwAddress, hostMAC) || !bytes.Equal(arp.SourceProtAddress, []byte{198, 18, 1, 3}) ||
			!bytes.Equal(arp.DstHwAddress, routerMAC) || !bytes.Equal(arp.DstProtAddress, []byte{198, 18, 1, 254}) {
			t.Errorf("VLAN %d: %v", vlan, got)
		}
		if tag, _ := got.Layer(layers.LayerTypeDot1Q).(*layers.Dot1Q); (tag != nil) != (vlan != 0) || tag != nil && tag.VLANIdentifier != vlan {
			t.Errorf("VLAN %d: tag %v", vlan, tag)
		}
		if len(got.Data()) < MinFrame-fcs {
			t.Errorf("VLAN %d: %d bytes", vlan, len(got.Data()))
		}
	}
}

func TestNeighborAnswersSolicitations(t *testing.T) {
	reply := hosts.Answer(question(t, 0, solicitation(t, "2001:db8:1::2", 255, "fe80::1")...))
	got := gopacket.NewPacket(reply, layers.LayerTypeEthernet, gopacket.Default)
	na, _ := got.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
	ip, _ := got.NetworkLayer().(*layers.IPv6)
	if na == nil || ip == nil {
		t.Fatalf("%v", got)
	}
	if na.Flags != 0x60 || !na.TargetAddress.Equal(net.ParseIP("2001:db8:1::2")) || len(na.Options) != 1 ||
		na.Options[0].Type != layers.ICMPv6OptTargetAddress || !bytes.Equal(na.Options[0].Data, hostMAC) ||
		ip.HopLimit != 255 || !ip.DstIP.Equal(net.ParseIP("fe80::1")) || !ip.SrcIP.Equal(na.TargetAddress) {
		t.Errorf("%v", got)
	}
	icmp := ip.Payload
	pseudo := append(append([]byte{}, ip.SrcIP...), ip.DstIP...)
	pseudo = append(pseudo, 0, 0, byte(len(icmp)>>8), byte(len(icmp)), 0, 0, 0, byte(layers.IPProtocolICMPv6))
	if sum := onesSum(uint32(onesSum(0, pseudo)), icmp); sum != 0xffff {
		t.Errorf("the checksum adds up to %#x", sum)
	}
}

func TestNeighborKeepsSilent(t *testing.T) {
	reply := whoHas("198.18.1.2")
	reply.Operation = layers.ARPReply
	for name, frame := range map[string][]byte{
		"another address":              question(t, 0, whoHas("198.18.1.1")),
		"the address after the last":   question(t, 0, whoHas("198.18.2.0")),
		"a reply":                      question(t, 0, reply),
		"cut":                          question(t, 0, whoHas("198.18.1.2"))[:30],
		"nothing":                      nil,
		"another IPv6 address":         question(t, 0, solicitation(t, "2001:db8:1::3", 255, "fe80::1")...),
		"from another link":            question(t, 0, solicitation(t, "2001:db8:1::2", 254, "fe80::1")...),
		"duplicate address detection":  question(t, 0, solicitation(t, "2001:db8:1::2", 255, "::")...),
		"a solicitation that is short": question(t, 0, solicitation(t, "2001:db8:1::2", 255, "fe80::1")...)[:60],
	} {
		if got := hosts.Answer(frame); got != nil {
			t.Errorf("%s: answered by %x", name, got)
		}
	}
	if frame, _, err := testFlow().Frame(64, 1); err != nil || IsQuestion(frame) {
		t.Errorf("a packet of a flow is taken for a question: %v", err)
	}
}

// Whatever is on the wire is nothing to panic of.
func FuzzNeighbor(f *testing.F) {
	f.Add([]byte{})
	f.Add(append(bytes.Repeat([]byte{0xff}, 12), 8, 6, 0, 1, 8, 0, 6, 4, 0, 1))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if got := hosts.Answer(frame); got != nil && !bytes.Equal(got[6:12], hostMAC) {
			t.Errorf("answered %x by %x", frame, got)
		}
	})
}
