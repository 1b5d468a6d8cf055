package podnet

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// iface is an Interface in the making.
type iface struct {
	Interface
	given     string      // the name that it gets where no source has one
	origin    fact.Origin // of the fact that made it
	mac       fact.Origin // of the MAC address
	clusterAt fact.Origin // that it is the cluster's own network, beside a default one of the user's; zero: it is not
	doubtful  bool        // it may be the default network
	claimed   bool        // a source says that it has a device, even if that is unusable
	requested bool        // its name is the one that was asked for, since its CNI plugin reported none
	userspace bool        // on a socket or a vDPA device, even an unusable one: never a PCI device's
	strange   bool        // device-info is of a type that nobody knows
	info      *fact.PCIDevice
	id        deviceID // the PCI function or auxiliary device that it is on; zero: none
	device    *device  // that device, if it was given to the container
	hint      *fact.ResourceHint
}

// label names the interface to people: a source may not have said its name.
func (i *iface) label() string { return cmp.Or(i.Name, i.given, i.Network) }

// note records that field rests on the fact at an origin.
func (i *iface) note(field string, at fact.Origin) {
	i.Evidence = append(i.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where})
}

// deviceText names the device that sources put the interface on.
func (i *iface) deviceText() string {
	switch {
	case i.info != nil:
		return i.info.Address.String()
	case i.VhostUser != nil:
		return strconv.Quote(i.VhostUser.Path)
	case i.Memif != nil:
		return strconv.Quote(i.Memif.Path)
	case i.VDPA != nil:
		return strconv.Quote(cmp.Or(i.VDPA.Parent, i.VDPA.Path))
	}
	return string(i.Kind)
}

// forgetDevice removes the interface's device, with the evidence for it.
func (i *iface) forgetDevice() {
	i.info, i.VhostUser, i.Memif, i.VDPA, i.Kind, i.userspace = nil, nil, nil, nil, "", false
	i.Evidence = slices.DeleteFunc(i.Evidence, func(e Evidence) bool {
		kind, _, ok := strings.Cut(e.Field, ".")
		return ok && kind != "pci"
	})
}

func (i *iface) evidenceOf(field string) Evidence {
	for _, e := range i.Evidence {
		if e.Field == field {
			return e
		}
	}
	return Evidence{}
}

// hasDevice reports whether the interface's device is known.
func (i *iface) hasDevice() bool { return i.Kind != "" || i.id != deviceID{} }

// open reports whether the interface has no device yet, and may have one that
// was given to the container.
func (i *iface) open() bool { return !i.hasDevice() && !i.userspace }

// setName gives an interface its name, by which it can be found from then on.
func (r *resolver) setName(i *iface, name string, at fact.Origin) {
	if name != "" {
		i.Name = name
		i.note("name", at)
		r.byName[name] = i
	}
}

func (i *iface) setNetwork(network string, at fact.Origin) {
	if network != "" {
		i.Network = network
		i.note("network", at)
	}
}

// setMAC takes the MAC address, unless one is known.
func (i *iface) setMAC(mac string, at fact.Origin) {
	if mac != "" && i.MAC == "" {
		i.MAC, i.mac = mac, at
		i.note("mac", at)
	}
}

// setMTU takes the MTU, unless one is known.
func (i *iface) setMTU(mtu int, at fact.Origin) {
	if mtu > 0 && i.MTU == 0 {
		i.MTU = mtu
		i.note("mtu", at)
	}
}

// setIPs takes the addresses, unless some are known.
func (i *iface) setIPs(ips []netip.Addr, at fact.Origin) {
	if len(ips) > 0 && len(i.IPs) == 0 {
		i.IPs = ips
		i.note("ips", at)
	}
}

// setGateways takes the gateways, unless some are known.
func (i *iface) setGateways(gateways []netip.Addr, at fact.Origin) {
	if len(gateways) > 0 && len(i.Gateways) == 0 {
		i.Gateways = gateways
		i.note("gateways", at)
	}
}

// setDevice takes what an annotation says of the interface's device. A PCI
// device is only kept for later, because more is known of it elsewhere.
func (i *iface) setDevice(dev fact.Device) {
	said := func(text, field string, at fact.Origin) {
		if text != "" {
			i.note(field, at)
		}
	}
	switch dev := dev.(type) {
	case fact.PCIDevice:
		i.info = &dev
	case fact.VhostUser:
		i.Kind = KindVhostUser
		i.VhostUser = &VhostUser{Path: dev.Path, Role: dev.Mode}
		said(dev.Path, "vhostUser.path", dev.PathAt)
		said(dev.DirAt.Where, "vhostUser.path", dev.DirAt)
		said(dev.Mode, "vhostUser.mode", dev.ModeAt)
	case fact.Memif:
		i.Kind = KindMemif
		i.Memif = &Memif{Path: dev.Path, Role: dev.Role, Mode: dev.Mode}
		said(dev.Path, "memif.path", dev.PathAt)
		said(dev.DirAt.Where, "memif.path", dev.DirAt)
		said(dev.Role, "memif.role", dev.RoleAt)
		said(dev.Mode, "memif.mode", dev.ModeAt)
	case fact.VDPA:
		i.Kind = KindVDPA
		i.VDPA = &VDPA{
			Parent: dev.Parent, Driver: dev.Driver, Path: dev.Path,
			PCIAddress: dev.PCIAddress, PF: dev.PF, Representor: dev.Representor,
		}
		for _, m := range []struct{ text, field, member string }{
			{dev.Parent, "vdpa.parent", ".parent-device"},
			{dev.Driver, "vdpa.driver", ".driver"},
			{dev.Path, "vdpa.path", ".path"},
			{dev.PCIAddress.String(), "vdpa.pciAddress", ".pci-address"},
			{dev.PF.String(), "vdpa.pf", ".pf-pci-address"},
			{dev.Representor, "vdpa.representor", ".representor-device"},
		} {
			if m.text != "" {
				i.note(m.field, dev.At(m.member))
			}
		}
	}
}

// isNetwork reports whether the interface is on the network of this name, with its
// namespace or without.
func (i *iface) isNetwork(namespace, name string) bool {
	if namespace != "" {
		return i.Network == namespace+"/"+name
	}
	return i.Network == name || shortName(i.Network) == name
}

// shortName is a network's name without its namespace.
func shortName(network string) string {
	if _, name, ok := strings.Cut(network, "/"); ok {
		return name
	}
	return network
}
