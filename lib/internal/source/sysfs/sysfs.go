// Package sysfs reads what the kernel says of devices, network interfaces and
// NUMA nodes. A container sees the host's whole PCI bus, so devices are looked
// up by the names that somebody claims, and never enumerated.
package sysfs

import (
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
	"github.com/podnet/podnet/lib/pciaddr"
)

const (
	pciDevices       = "/sys/bus/pci/devices"
	auxiliaryDevices = "/sys/bus/auxiliary/devices"
	vdpaDevices      = "/sys/bus/vdpa/devices"
	netClass         = "/sys/class/net"
)

// Claims are the names to look up. They come from text that anybody may have
// written; names that are no path element are skipped.
type Claims struct {
	Functions  []pciaddr.Address
	Auxiliary  []string
	VDPA       []string // names on the vdpa bus
	Interfaces []string
}

// Devices gives the facts about what is claimed: a fact.Function for each PCI
// function and auxiliary device and a fact.Netdev for each interface, be it only
// that there is none, and a fact.VDPADevice for each that is there. Of a bus or
// class that is not in the root it says nothing.
func Devices(root rootfs.FS, claims Claims) []fact.Fact {
	r := reader{FS: root, virtfns: map[pciaddr.Address]map[pciaddr.Address]int{}}
	if len(claims.Functions) > 0 && r.Exists(pciDevices) {
		for _, address := range claims.Functions {
			r.add(r.pciFunction(address))
		}
	}
	if len(claims.Auxiliary) > 0 && r.Exists(auxiliaryDevices) {
		for _, name := range claims.Auxiliary {
			if rootfs.IsElement(name) {
				r.add(r.auxiliaryDevice(name))
			}
		}
	}
	for _, name := range claims.VDPA {
		if dev, ok := r.vdpaDevice(name); ok {
			r.add(dev)
		}
	}
	if len(claims.Interfaces) > 0 && r.Exists(netClass) {
		for _, name := range claims.Interfaces {
			if rootfs.IsElement(name) {
				r.add(r.netdev(netClass, name))
			}
		}
	}
	return r.facts
}

// reader collects facts. A file that is not there is no fact; one that cannot be
// read or understood is a problem.
type reader struct {
	rootfs.FS
	facts   []fact.Fact
	virtfns map[pciaddr.Address]map[pciaddr.Address]int // PF to VF to index, as read so far
}

func (r *reader) add(f fact.Fact) { r.facts = append(r.facts, f) }

// pciFunction reads the directory of a PCI function.
func (r *reader) pciFunction(address pciaddr.Address) fact.Function {
	dir := path.Join(pciDevices, address.String())
	f := fact.Function{Origin: origin(dir), Address: address}
	if !r.Listed(dir) {
		f.Absent = true
		return f
	}
	r.common(&f, dir)
	f.Vendor = strings.TrimPrefix(r.text(dir, "vendor"), "0x")
	f.Device = strings.TrimPrefix(r.text(dir, "device"), "0x")
	if class, err := strconv.ParseUint(r.text(dir, "class"), 0, 32); err == nil {
		f.Class = uint32(class)
	}
	if pf, err := pciaddr.Parse(r.linkBase(dir, "physfn")); err == nil {
		f.PF = pf
		f.VFIndex = r.vfIndex(pf, address)
	}
	r.iommu(&f, dir)
	r.uio(&f, dir)
	return f
}

// auxiliaryDevice reads the directory of an auxiliary device, which lies in that
// of the PCI function it is a part of.
func (r *reader) auxiliaryDevice(name string) fact.Function {
	dir := path.Join(auxiliaryDevices, name)
	f := fact.Function{Origin: origin(dir), Auxiliary: name}
	if !r.Listed(dir) {
		f.Absent = true
		return f
	}
	r.common(&f, dir)
	if target, err := r.Readlink(dir); err == nil {
		if pf, err := pciaddr.Parse(path.Base(path.Dir(target))); err == nil {
			f.PF = pf
		}
	}
	return f
}

// common reads what PCI functions and auxiliary devices both have.
func (r *reader) common(f *fact.Function, dir string) {
	f.Driver = r.linkBase(dir, "driver")
	if node, ok := r.number(dir, "numa_node"); ok && node >= 0 { // -1: not known
		f.NUMANode = &node
	}
	for _, name := range r.names(dir, "net") {
		f.Netdevs = append(f.Netdevs, r.netdev(path.Join(dir, "net"), name))
	}
	r.rdma(f, dir)
}

// vfIndex finds N in the PF's link virtfnN to the VF.
func (r *reader) vfIndex(pf, vf pciaddr.Address) *int {
	indexes, ok := r.virtfns[pf]
	if !ok {
		indexes = map[pciaddr.Address]int{}
		dir := path.Join(pciDevices, pf.String())
		for _, name := range r.names(dir) {
			number, ok := strings.CutPrefix(name, "virtfn")
			if !ok {
				continue
			}
			index, err := strconv.Atoi(number)
			if err != nil {
				continue
			}
			if address, err := pciaddr.Parse(r.linkBase(dir, name)); err == nil {
				indexes[address] = index
			}
		}
		r.virtfns[pf] = indexes
	}
	if index, ok := indexes[vf]; ok {
		return &index
	}
	return nil
}

// iommu reads the function's IOMMU group, and finds the device node by which
// vfio gives access to it. Without an IOMMU the node is called noiommu-N on the
// host, and the device plugin gives it to the container as N.
func (r *reader) iommu(f *fact.Function, dir string) {
	group, err := strconv.Atoi(r.linkBase(dir, "iommu_group"))
	if err != nil {
		return
	}
	f.IOMMUGroup = &group
	name := strconv.Itoa(group)
	f.NoIOMMU = r.text("/sys/kernel/iommu_groups", name, "name") == "vfio-noiommu"
	nodes := []string{"/dev/vfio/" + name}
	if f.NoIOMMU {
		nodes = append(nodes, "/dev/vfio/noiommu-"+name)
	}
	for _, node := range nodes {
		if r.Exists(node) {
			f.CharDevices = append(f.CharDevices, node)
		}
	}
}

// uio finds the device nodes of a function on one of the uio drivers.
func (r *reader) uio(f *fact.Function, dir string) {
	if !strings.Contains(f.Driver, "uio") {
		return
	}
	for _, name := range r.names(dir, "uio") {
		if node := "/dev/" + name; r.Exists(node) {
			f.CharDevices = append(f.CharDevices, node)
		}
	}
}

// rdma reads the function's RDMA devices. The number in uverbsN is not that in
// the RDMA device's name, so each uverbsN says whose it is.
func (r *reader) rdma(f *fact.Function, dir string) {
	names := r.names(dir, "infiniband")
	if len(names) == 0 {
		return
	}
	nodes := map[string][]fact.CharDevice{}
	for _, verbs := range r.names(dir, "infiniband_verbs") {
		owner := r.text(dir, "infiniband_verbs", verbs, "ibdev")
		if owner == "" && len(names) == 1 {
			owner = names[0]
		}
		node := "/dev/infiniband/" + verbs
		nodes[owner] = append(nodes[owner], fact.CharDevice{Path: node, Openable: r.Openable(node)})
		if r.Exists(node) {
			f.CharDevices = append(f.CharDevices, node)
		}
	}
	for _, name := range names {
		f.RDMA = append(f.RDMA, fact.RDMA{Name: name, CharDevices: nodes[name]})
	}
}

// netdev reads a directory of /sys/class/net, or of a device's own net.
func (r *reader) netdev(parent, name string) fact.Netdev {
	dir := path.Join(parent, name)
	dev := fact.Netdev{Origin: origin(dir), Name: name}
	if !r.Listed(dir) {
		dev.Absent = true
		return dev
	}
	dev.MAC = strings.ToLower(r.text(dir, "address"))
	dev.MTU, _ = r.number(dir, "mtu")
	dev.Parent = r.linkBase(dir, "device")
	return dev
}

// vdpaDevice finds the PCI function that a device on the vdpa bus is made of.
func (r *reader) vdpaDevice(name string) (fact.VDPADevice, bool) {
	if !rootfs.IsElement(name) {
		return fact.VDPADevice{}, false
	}
	dir := path.Join(vdpaDevices, name)
	target, err := r.Readlink(dir)
	if err != nil {
		return fact.VDPADevice{}, false
	}
	dev := fact.VDPADevice{Origin: origin(dir), Name: name}
	dev.Parent, _ = pciaddr.Parse(path.Base(path.Dir(target))) // zero: an auxiliary device's
	return dev, true
}
