// Package sysfs reads the kernel's data about devices, network interfaces, CPUs and NUMA
// nodes. A container sees the host's whole PCI bus, so the package looks functions up by
// the names that other sources claim, and never lists the bus.
package sysfs

import (
	"slices"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

const (
	pciDevices       = "/sys/bus/pci/devices"
	auxiliaryDevices = "/sys/bus/auxiliary/devices"
	vdpaDevices      = "/sys/bus/vdpa/devices"
	netClass         = "/sys/class/net"
)

// Claims are the names to look up, some of them more than once. They come from
// text that anybody may have written; names that are not a path element are skipped.
type Claims struct {
	Functions  []pciaddr.Address
	Auxiliary  []string
	VDPA       []string // names on the vdpa bus
	Interfaces []string
	// RDMA has the names of the devices whose RDMA nodes the container has.
	RDMA []string
}

// Devices gives the facts about the claimed names: a fact.Function for each PCI function
// and auxiliary device and a fact.Netdev for each interface, even if the fact is only
// that it is absent; and a fact.VDPADevice for each vDPA device that is there, the
// functions' own included. It also gives a fact.Function for the parent of each vDPA
// device, and for functions below interfaces and RDMA devices that DPDK can drive beside
// the kernel. It gives no facts about a bus or class that the root does not have.
func Devices(root rootfs.FS, claims Claims) []fact.Fact {
	r := reader{
		FS: root, read: map[string]bool{}, devices: map[string]fact.Netdev{},
		devicesClaimed: len(claims.Functions)+len(claims.Auxiliary) > 0,
	}
	vdpa := slices.Clone(claims.VDPA)
	if len(claims.Functions) > 0 && r.Exists(pciDevices) {
		for _, address := range distinct(claims.Functions) {
			r.read[address.String()] = true
			f := r.pciFunction(address)
			vdpa = append(vdpa, f.VDPA...)
			r.add(f)
		}
	}
	if len(claims.Auxiliary) > 0 && r.Exists(auxiliaryDevices) {
		for _, name := range distinct(claims.Auxiliary) {
			if rootfs.IsElement(name) {
				r.read[name] = true
				f := r.auxiliaryDevice(name)
				vdpa = append(vdpa, f.VDPA...)
				r.add(f)
			}
		}
	}
	for _, name := range distinct(vdpa) {
		if rootfs.IsElement(name) {
			r.vdpaDevice(name)
		}
	}
	if len(claims.Interfaces) > 0 && r.Exists(netClass) {
		for _, name := range distinct(claims.Interfaces) {
			if rootfs.IsElement(name) {
				dev := r.classNetdev(name)
				r.add(dev)
				r.ofNetdev(dev)
			}
		}
	}
	r.ofRDMA(claims.RDMA)
	return r.facts
}

// distinct gives each name once, in the order of the first.
func distinct[T comparable](names []T) []T {
	seen := make(map[T]bool, len(names))
	var first []T
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			first = append(first, name)
		}
	}
	return first
}

// reader collects facts. A file that is not there is no fact; one that cannot be
// read or understood is a problem. The rest is what was read once and serves
// several devices.
type reader struct {
	rootfs.FS
	facts   []fact.Fact
	devices map[string]fact.Netdev       // netdevs of functions and auxiliary devices, by name
	read    map[string]bool              // functions and auxiliary devices
	virtfns map[pciaddr.Address]*virtfns // by PF
	vdpa    map[string][]string          // names on the vdpa bus, by the parent's name; nil: not listed yet
	classes map[string][]string          // entries of the classes of RDMA device nodes
	guids   map[string][]string          // IPoIB netdevs, by the GUID in their address; nil: not listed yet
	nodes   *bool                        // the root has /dev; nil: not looked yet

	devicesClaimed bool // some device was given to the container
}

func (r *reader) add(f fact.Fact) { r.facts = append(r.facts, f) }
