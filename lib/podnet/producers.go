package podnet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/calico"
)

// Interfaces that producers other than Multus and the device plugins name.

// addNamedInterfaces adds the data of the interfaces that GKE's annotations name, to the
// interfaces of network-status or as interfaces of their own.
func (r *resolver) addNamedInterfaces() {
	for _, n := range r.named {
		i := r.byName[n.Interface]
		if i == nil && n.Interface == "" {
			i = r.only(func(i *iface) bool { return i.isNetwork("", n.Network) })
		}
		if i == nil {
			i = &iface{origin: n.Origin}
			at := n.At(".interfaceName")
			if n.DefaultAt == n.Origin { // the annotation is the name itself
				at = n.Origin
			}
			r.setName(i, n.Interface, at)
			r.interfaces = append(r.interfaces, i)
		}
		if i.Network == "" {
			i.setNetwork(n.Network, n.NetworkAt)
		}
		if n.Default && !i.Default && !r.hasDefault() {
			i.Default = true
			i.note("default", n.DefaultAt)
		}
		i.setIPs(n.IPs, n.IPsAt)
	}
	if len(r.named) > 0 { // they are the status that such a cluster writes
		r.problems = slices.DeleteFunc(r.problems, func(p fact.Problem) bool { return p.Code == fact.NoStatus })
	}
}

// addMemifs adds the memifs of Calico's VPP. The netdev of a memif's name is a
// dummy that has the interface's address.
func (r *resolver) addMemifs() {
	slices.SortFunc(r.memifs, func(a, b fact.MemifInterface) int { return cmp.Compare(a.Interface, b.Interface) })
	for _, m := range r.memifs {
		i := r.byName[m.Interface]
		switch {
		case i == nil && !m.Extra:
			r.problem(m.Origin, fact.Conflict, "the pod has no interface %.100q, and this is not used", m.Interface)
			continue
		case i == nil:
			i = &iface{origin: m.Origin}
			r.setName(i, m.Interface, m.Origin)
			r.interfaces = append(r.interfaces, i)
		}
		if i.hasDevice() || i.info != nil {
			r.problem(m.Origin, fact.Conflict, "a memif, but %s says %s, which is used", i.origin.Where, i.deviceText())
			continue
		}
		i.setDevice(m.Memif)
		if m.Memif.Mode == "ip" {
			i.Problems = append(i.Problems, Problem{
				Code: CodeMemifMode, Where: m.Memif.ModeAt.Where, Remedy: "leave isl3 out, or say false, for a memif that DPDK drives",
				Message: "its memif carries IP packets (isl3), and DPDK's memif driver Ethernet frames",
			})
		}
	}
	for _, i := range r.interfaces {
		r.findMemif(i)
	}
}

// findMemif makes an interface a memif whose name asks Calico's VPP for one, and
// whose socket of that name is there.
func (r *resolver) findMemif(i *iface) {
	if i.hasDevice() || i.userspace || i.info != nil || !strings.HasPrefix(i.Name, calico.Prefix) {
		return
	}
	if s, ok := r.sockets[calico.Socket(i.Name)]; ok && s.Exists {
		i.setDevice(fact.Memif{Path: s.Path, PathAt: s.Origin, Role: fact.Client, RoleAt: s.Origin})
	}
}

// pairAFXDP puts the netdevs of the AF_XDP device plugin on the interfaces of
// their names.
func (r *resolver) pairAFXDP() {
	for n := range r.afxdp {
		dev := &r.afxdp[n]
		if i := r.byName[dev.Netdev]; i != nil && i.open() {
			i.Kind = KindAFXDP
			i.AFXDP = describeAFXDP(dev, &i.Evidence)
			r.afxdpAssigned[dev.Netdev] = true
		}
	}
}

func describeAFXDP(dev *fact.AFXDPDevice, evidence *[]Evidence) *AFXDP {
	note := func(said, field, source, where string) {
		if said != "" {
			*evidence = append(*evidence, Evidence{Field: "afXdp." + field, Source: source, Where: where})
		}
	}
	note(dev.Netdev, "netdev", dev.Source, dev.Where)
	note(dev.Pool, "pool", dev.Source, dev.Where)
	note(dev.Socket, "socket", fact.File, dev.Socket)
	note(dev.Map, "map", fact.File, dev.Map)
	return &AFXDP{Netdev: dev.Netdev, Plugin: true, Pool: dev.Pool, Socket: dev.Socket, Map: dev.Map}
}

// addUnassignedAFXDP lists the netdevs that belong to no interface.
func (r *resolver) addUnassignedAFXDP() {
	for n := range r.afxdp {
		dev := &r.afxdp[n]
		if r.afxdpAssigned[dev.Netdev] {
			continue
		}
		u := Unassigned{
			ID: dev.Netdev, Kind: KindAFXDP, Resource: dev.Pool, Candidates: []string{}, Reason: CodeUnclaimed,
			Evidence: []Evidence{{Field: "id", Source: dev.Source, Where: dev.Where}},
		}
		u.AFXDP, u.Problems = describeAFXDP(dev, &u.Evidence), pluginGone(dev)
		if seen, looked := r.netdevs[dev.Netdev]; looked && seen.Absent {
			u.Reason = CodeNotPresent
		}
		if route, ok := r.routes[dev.Netdev]; ok {
			u.Default = true
			u.Evidence = append(u.Evidence, Evidence{Field: "default", Source: route.Source, Where: route.Where})
		}
		u.Port = u.Reason == CodeUnclaimed && !u.Default && !r.networksAskedFor()
		r.pod.Unassigned = append(r.pod.Unassigned, u)
	}
}

// addUnknownVariables reports variables that name devices which no other source
// names.
func (r *resolver) addUnknownVariables() {
	for _, v := range r.unknown {
		var names []string
		for _, a := range v.Devices {
			if r.byID[deviceID{address: a.Address}] == nil {
				names = append(names, a.Address.String())
			}
		}
		if len(names) > 0 {
			r.problem(v.Origin, fact.UnknownVar, "it names PCI devices (%.200s), and podnet does not know who sets it: they are not used; if they are this container's, set PCIDEVICE_ANY to the same list", strings.Join(names, ", "))
		}
	}
}
