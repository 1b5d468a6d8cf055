// Package sysfs reads what the kernel says of devices, network interfaces, CPUs
// and NUMA nodes. A container sees the host's whole PCI bus, so functions are
// looked up by the names that somebody claims, and never enumerated.
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

// Devices gives the facts about the claimed names: a fact.Function for each PCI
// function and auxiliary device and a fact.Netdev for each interface, even if it is only
// that there is none, and a fact.VDPADevice for each that is there, those of the
// functions included. A fact.Function is given of what such a device is made of,
// too, and of the functions that interfaces and RDMA devices are on if DPDK can
// drive them beside the kernel. Of a bus or class that is not in the root it says
// nothing.
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
