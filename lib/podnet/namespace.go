package podnet

import (
	"path"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// The pod's network namespace as evidence: a netdev in it is the pod's, and DPDK
// can drive some netdevs' functions beside the kernel.

// namespaceIsPods reports whether the netdevs that the root shows are the pod's
// own. On the node's network they are the node's.
func (r *resolver) namespaceIsPods() bool { return r.host == nil }

// privileged reports whether the container can open every device node of the
// machine, so that an open one proves nothing.
func (r *resolver) privileged() bool { return r.capabilities != nil && r.capabilities.All() }

// besideKernel gives the node by which DPDK can drive a function that no source
// names, beside the kernel.
func besideKernel(f *fact.Function) (node string, ok bool) {
	if !f.Unclaimed || !f.Bifurcated() || !f.InfiniBandAt.IsZero() {
		return "", false
	}
	for _, dev := range f.RDMA {
		for _, node := range dev.CharDevices {
			if strings.HasPrefix(node.Path, uverbs) && node.Openable {
				return node.Path, true
			}
		}
	}
	return "", false
}

// uverbs begins the paths of the device nodes that drive RDMA devices.
const uverbs = "/dev/infiniband/uverbs"

// addNamespaceDevices makes devices of the functions that DRANET and similar drivers give
// to a pod without an annotation or a variable: their netdev is in the pod's network
// namespace, and the container can open their RDMA device's node. A function with an
// interface's netdev is that interface's.
func (r *resolver) addNamespaceDevices() {
	if !r.namespaceIsPods() {
		return
	}
	for id, f := range r.functions {
		node, ok := besideKernel(f)
		if !ok || len(f.Netdevs) == 0 || r.byID[id] != nil ||
			slices.ContainsFunc(f.Netdevs, func(dev fact.Netdev) bool { return r.byName[dev.Name] != nil }) {
			continue
		}
		d := r.device(id, f.Netdevs[0].Origin)
		d.reason = CodeUnclaimed
		d.why = "its netdev is in the pod's network namespace, and the container can open " + node
		if r.privileged() {
			d.byName = true
			d.why += ", as a privileged one can any: it is no port unless it is asked for"
		}
	}
}

// pairByBifurcatedNetdev puts an interface on the function of its netdev, which
// no other source names, if DPDK can drive it beside the kernel.
func (r *resolver) pairByBifurcatedNetdev() {
	if !r.namespaceIsPods() {
		return
	}
	for _, i := range r.interfaces {
		dev := r.netdevs[i.Name]
		if dev.Parent == "" || !i.open() {
			continue
		}
		id, field := parentOf(dev), "pci.auxiliary"
		if id.auxiliary == "" {
			field = "pci.address"
		}
		f := r.functions[id]
		if f == nil {
			continue
		}
		if node, ok := besideKernel(f); ok {
			i.id = id
			i.Evidence = append(i.Evidence, Evidence{
				Field: field, Source: dev.Source, Where: dev.At("/device").Where,
				Why: "DPDK can drive the function of the interface's netdev beside the kernel: the container can open " + node,
			})
		}
	}
}

// parentOf is the device that a netdev belongs to.
func parentOf(dev fact.Netdev) deviceID {
	if dev.Parent == "" {
		return deviceID{}
	}
	if address, err := pciaddr.Parse(dev.Parent); err == nil {
		return deviceID{address: address}
	}
	return deviceID{auxiliary: dev.Parent}
}

// carriesDefaultRoute reports whether a netdev of a function carries the
// namespace's default route: it is the default network by another name.
func (r *resolver) carriesDefaultRoute(f *fact.Function) bool {
	_, ok := r.defaultRoute(f)
	return ok
}

func (r *resolver) defaultRoute(f *fact.Function) (fact.DefaultRoute, bool) {
	if f != nil {
		for _, dev := range f.Netdevs {
			if route, ok := r.routes[dev.Name]; ok {
				return route, true
			}
		}
	}
	return fact.DefaultRoute{}, false
}

// setDefaultRouteAside keeps a device that carries the default route from being
// taken for another network's: it is the default network by another name, as by
// OVN's hardware offload.
func (r *resolver) setDefaultRouteAside() {
	for _, d := range r.free() {
		if r.carriesDefaultRoute(d.function) {
			d.reason = CodeUnclaimed
		}
	}
}

// networksAskedFor reports whether the pod asked for networks beside its default
// one, as far as podnet can see.
func (r *resolver) networksAskedFor() bool {
	return r.lost || len(r.pending) > 0 || slices.ContainsFunc(r.problems, annotationsLost) ||
		slices.ContainsFunc(r.selections, func(s fact.Selection) bool { return !s.Default }) ||
		slices.ContainsFunc(r.interfaces, func(i *iface) bool { return !i.Default && i.clusterAt.IsZero() })
}

// annotationsLost reports whether a problem keeps the annotations from being read.
func annotationsLost(p fact.Problem) bool {
	return p.Source == fact.DownwardAPI && p.Code == fact.Unreadable && path.Base(p.Where) == "annotations"
}

// keepClusterNetwork marks the cluster's own network as a default network too, if a user's
// network has the default route and both are on devices. Otherwise DPDK would take the
// device that carries kubelet's probes.
func (r *resolver) keepClusterNetwork() {
	for _, i := range r.interfaces {
		if !i.clusterAt.IsZero() && !i.Default && i.hasDevice() {
			i.Default = true
			i.note("default", i.clusterAt)
		}
	}
}

// choosePorts makes ports of the devices that are on no network, if the pod asked for no
// network: then the container was given them to drive.
func (r *resolver) choosePorts() {
	if r.networksAskedFor() {
		return
	}
	for _, d := range r.devices {
		if d.assigned || d.reason != CodeUnclaimed || d.podWide || d.byName {
			continue
		}
		if route, ok := r.defaultRoute(d.function); ok {
			r.problem(route.Origin, fact.DefaultNetwork, "the default route leads through %s, the netdev of %s, which is a port only if it is asked for by name", route.Netdev, d.text())
			continue
		}
		d.port = true
	}
}

// reportBonds warns of interfaces for DPDK whose netdevs are parts of a bond.
func (r *resolver) reportBonds() {
	slaves := map[string]*iface{} // by the bond and the PF
	for _, i := range r.interfaces {
		dev := r.netdevs[i.Name]
		if dev.Master == "" || i.id == (deviceID{}) {
			continue
		}
		r.problem(dev.At("/master"), fact.BondMember, "%s is a part of %.20q: while DPDK drives %s, its packets do not reach %.20q", dev.Name, dev.Master, i.id, dev.Master)
		if i.PCI == nil || i.PCI.PF.IsZero() {
			continue
		}
		key := dev.Master + " " + i.PCI.PF.String()
		if other := slaves[key]; other != nil {
			r.problem(dev.At("/master"), fact.BondMember, "%s and %s, both parts of %.20q, are VFs of one PF, %s: if its port fails, both do",
				other.Name, i.Name, dev.Master, i.PCI.PF)
			continue
		}
		slaves[key] = i
	}
}
