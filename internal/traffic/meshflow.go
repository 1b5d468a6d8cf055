package traffic

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/fabric"
	"github.com/podnet/podnet/internal/result"
)

// flow describes a task's packets. own is this pod's end.
func (m *Mesh) flow(t fabric.Task, own fabric.End) (bench.Flow, error) {
	f := bench.Flow{SrcPort: 49184, DstPort: 7, Flows: meshFlows}
	if own.Rail < 0 || own.Rail >= len(m.dp.Ports) {
		return f, fmt.Errorf("rail %d: this pod has %d", own.Rail, len(m.dp.Ports))
	}
	var err error
	if f.SrcMAC, err = stationOf(t.From); err != nil {
		return f, err
	}
	if f.DstMAC, err = stationOf(t.To); err != nil {
		return f, err
	}
	hosts := append(shared(t.From, t.To), [2]netip.Addr{benchmarking(t.From), benchmarking(t.To)})
	for _, h := range hosts {
		f.SrcIP, f.DstIP = h[0], h[1]
		if err = checkSizes(f, t.Mix); err == nil {
			break
		}
	}
	return f, err
}

// checkSizes tells whether the flow can be sent in frames of each of the sizes.
func checkSizes(f bench.Flow, m result.Mix) error {
	for _, s := range m {
		if err := f.Check(s.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// stationOf is the MAC address of an end, which another pod has told.
func stationOf(e fabric.End) (net.HardwareAddr, error) {
	mac, err := net.ParseMAC(e.Port.MAC)
	if err != nil || !bench.Unicast(mac) {
		return nil, fmt.Errorf("rail %d of %s: MAC address %q: must be a unicast address", e.Rail, e.Node, e.Port.MAC)
	}
	return mac, nil
}

// vdev is the kind of a device that the pod was not given, such as a packet socket on a
// kernel's interface. That interface has its own addresses and answers for them.
const vdev = "vdev"

// shared are the addresses of two ends in the same family.
func shared(from, to fabric.End) (list [][2]netip.Addr) {
	for _, a := range own(from) {
		for _, b := range own(to) {
			if a.Is4() == b.Is4() && a != b {
				list = append(list, [2]netip.Addr{a, b})
			}
		}
	}
	return list
}

// own are the addresses that only this rail has.
func own(e fabric.End) (list []netip.Addr) {
	if e.Port.Kind == vdev {
		return nil
	}
	for _, s := range e.Port.IPs {
		if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" && !ip.IsMulticast() && !ip.IsUnspecified() && !ip.IsLoopback() {
			list = append(list, ip.Unmap())
		}
	}
	return list
}

// benchmarking is an address that no other rail of the run has, from the range that RFC 2544
// reserves for measurements (198.18.0.0/15).
func benchmarking(e fabric.End) netip.Addr {
	n := (e.Index+1)*fabric.MaxRails + e.Rail
	return netip.AddrFrom4([4]byte{198, byte(18 + n>>16&1), byte(n >> 8), byte(n)})
}
