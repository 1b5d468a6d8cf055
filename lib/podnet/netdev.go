package podnet

import (
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// addNetdevs fills in fields from the interfaces' netdevs that no other source has.
func (r *resolver) addNetdevs() {
	for _, i := range r.interfaces {
		if dev, ok := r.netdevs[i.Name]; ok && !dev.Absent {
			r.addNetdev(i, dev)
		}
	}
}

func (r *resolver) addNetdev(i *iface, dev fact.Netdev) {
	// A bond gives its parts its own address.
	if dev.MAC != "" && i.MAC != "" && i.MAC != dev.MAC && dev.Master == "" {
		r.problem(dev.At("/address"), fact.Conflict, "%.60s, but %s says %s, which is used", dev.MAC, i.mac.Where, i.MAC)
	}
	i.setMAC(dev.MAC, dev.At("/address"))
	if dev.MTU > 0 && i.MTU > 0 && dev.MTU != i.MTU {
		r.problem(dev.At("/mtu"), fact.MTU, "%d bytes, but %s says %d, which is used: frames of the larger size do not pass where the smaller one counts",
			dev.MTU, i.evidenceOf("mtu").Where, i.MTU)
	}
	i.setMTU(dev.MTU, dev.At("/mtu"))
	switch {
	case i.VDPA != nil:
		if i.VDPA.Driver == "virtio" && i.VDPA.Netdev == "" {
			i.VDPA.Netdev = dev.Name
			i.note("vdpa.netdev", dev.Origin)
		}
	case !i.id.address.IsZero():
		if parent, err := pciaddr.Parse(dev.Parent); err == nil && parent != i.id.address {
			r.problem(dev.At("/device"), fact.Conflict, "%s is the netdev of %s, but %s says %s, which is used",
				dev.Name, parent, i.evidenceOf("pci.address").Where, i.id.address)
		}
	}
}
