package podnet

import (
	"net/netip"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// addNetworks makes an interface of each entry of network-status.
func (r *resolver) addNetworks() {
	names := map[string]fact.Origin{}
	for _, n := range r.networks {
		if n.Interface != "" {
			if first, twice := names[n.Interface]; twice {
				r.problem(n.At(".interface"), fact.Conflict,
					"interface %.100q is that of %s too, and this entry is not used", n.Interface, first.Where)
				continue
			}
			names[n.Interface] = n.Origin
		}
		i := &iface{origin: n.Origin, doubtful: n.Doubtful, claimed: n.HasDeviceInfo}
		i.Name, i.Network, i.Default = n.Interface, n.Name, n.Default
		i.noteIf(n.Interface != "", "name", n.At(".interface"))
		i.noteIf(n.Name != "", "network", n.At(".name"))
		i.noteIf(n.Default, "default", n.At(".default"))
		if n.MAC != "" {
			i.setMAC(n.MAC, n.At(".mac"))
		}
		if n.MTU != 0 {
			i.MTU = n.MTU
			i.note("mtu", n.At(".mtu"))
		}
		i.setAddrs(n.IPs, n.At(".ips"), n.Gateways, n.At(".gateway"))
		i.setDevice(n.Device)
		r.interfaces = append(r.interfaces, i)
	}
}

// addUserspace adds what the Userspace CNI says: to the interface of that name
// or network, or as an interface of its own. Every time the plugin runs it adds
// an entry, so of several for one interface the last is the one that lives.
func (r *resolver) addUserspace() {
	type subject struct{ iface, network string }
	about := func(u fact.Userspace) subject {
		if u.Interface != "" {
			return subject{iface: u.Interface}
		}
		return subject{network: u.Name}
	}
	last := map[subject]fact.Userspace{}
	for _, u := range r.userspace {
		last[about(u)] = u
	}
	for _, u := range r.userspace {
		if live := last[about(u)]; live.Index != u.Index {
			r.problem(u.Origin, fact.Stale, "overtaken by %s, which is used", live.Where)
			continue
		}
		i := r.interfaceOf(u)
		i.userspace, i.claimed = true, true
		if i.Name == "" && u.Interface != "" {
			i.Name = u.Interface
			i.note("name", u.At(".ifName"))
		}
		if i.Network == "" && u.Name != "" {
			i.Network = u.Name
			i.note("network", u.At(".name"))
		}
		if len(i.IPs) == 0 {
			i.setAddrs(u.IPs, u.At(".ipResult.ips"), nil, fact.Origin{})
		}
		if len(i.Gateways) == 0 {
			i.setAddrs(nil, fact.Origin{}, u.Gateways, u.At(".ipResult.ips"))
		}
		if i.hasDevice() {
			r.compareSockets(i, u)
			continue
		}
		i.setDevice(u.Device)
	}
}

// interfaceOf finds the interface that an entry of the Userspace CNI is about.
// The plugin does not tell network-status the interface's name in every version;
// then the network's name has to do, if it is that of one network only.
func (r *resolver) interfaceOf(u fact.Userspace) *iface {
	var named []*iface
	for _, i := range r.interfaces {
		if u.Interface != "" && i.Name == u.Interface {
			return i
		}
		_, short, _ := strings.Cut(i.Network, "/")
		if i.Name == "" && u.Name != "" && (i.Network == u.Name || short == u.Name) {
			named = append(named, i)
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	i := &iface{origin: u.Origin}
	r.interfaces = append(r.interfaces, i)
	return i
}

// compareSockets reports where device-info, which counts, and the Userspace CNI
// differ.
func (r *resolver) compareSockets(i *iface, u fact.Userspace) {
	differ := func(at fact.Origin, what, here, there string) {
		if here != "" && here != there {
			r.problem(at, fact.Conflict, "%s %.200q, but device-info of %s says %.200q, which is used",
				what, here, i.origin.Where, there)
		}
	}
	switch dev := u.Device.(type) {
	case fact.VhostUser:
		if i.VhostUser == nil {
			r.problem(u.Origin, fact.Conflict, "a vhost-user socket, but device-info of %s says %s, which is used",
				i.origin.Where, i.Kind)
			return
		}
		differ(dev.PathAt, "path", dev.Path, i.VhostUser.Path)
		differ(dev.ModeAt, "mode", dev.Mode, i.VhostUser.Mode)
	case fact.Memif:
		if i.Memif == nil {
			r.problem(u.Origin, fact.Conflict, "a memif socket, but device-info of %s says %s, which is used",
				i.origin.Where, i.Kind)
			return
		}
		differ(dev.PathAt, "path", dev.Path, i.Memif.Path)
		differ(dev.RoleAt, "role", dev.Role, i.Memif.Role)
	}
}

func (i *iface) hasDevice() bool { return i.Kind != "" || i.info != nil }

func (i *iface) setMAC(mac string, at fact.Origin) {
	i.MAC, i.mac = mac, at
	i.note("mac", at)
}

func (i *iface) setAddrs(ips []netip.Addr, ipsAt fact.Origin, gateways []netip.Addr, gatewaysAt fact.Origin) {
	if len(ips) > 0 {
		i.IPs = ips
		i.note("ips", ipsAt)
	}
	if len(gateways) > 0 {
		i.Gateways = gateways
		i.note("gateways", gatewaysAt)
	}
}

// setDevice takes what an annotation says of the interface's device. A PCI
// device is only kept for later, because more is known of it elsewhere.
func (i *iface) setDevice(dev fact.Device) {
	switch dev := dev.(type) {
	case fact.PCIDevice:
		i.info = &dev
	case fact.VhostUser:
		i.Kind = KindVhostUser
		i.VhostUser = &VhostUser{Path: dev.Path, Mode: dev.Mode}
		i.noteIf(dev.Path != "", "vhostUser.path", dev.PathAt)
		i.noteIf(dev.DirAt != fact.Origin{}, "vhostUser.path", dev.DirAt)
		i.noteIf(dev.Mode != "", "vhostUser.mode", dev.ModeAt)
	case fact.Memif:
		i.Kind = KindMemif
		i.Memif = &Memif{Path: dev.Path, Role: dev.Role, Mode: dev.Mode}
		i.noteIf(dev.Path != "", "memif.path", dev.PathAt)
		i.noteIf(dev.DirAt != fact.Origin{}, "memif.path", dev.DirAt)
		i.noteIf(dev.Role != "", "memif.role", dev.RoleAt)
		i.noteIf(dev.Mode != "", "memif.mode", dev.ModeAt)
	case fact.VDPA:
		i.Kind = KindVDPA
		i.VDPA = &VDPA{Parent: dev.Parent, Driver: dev.Driver, Path: dev.Path, PCIAddress: dev.PCIAddress}
		i.noteIf(dev.Parent != "", "vdpa.parent", dev.At(".parent-device"))
		i.noteIf(dev.Driver != "", "vdpa.driver", dev.At(".driver"))
		i.noteIf(dev.Path != "", "vdpa.path", dev.At(".path"))
		i.noteIf(!dev.PCIAddress.IsZero(), "vdpa.pciAddress", dev.At(".pci-address"))
	}
}

func (i *iface) noteIf(said bool, field string, at fact.Origin) {
	if said {
		i.note(field, at)
	}
}
