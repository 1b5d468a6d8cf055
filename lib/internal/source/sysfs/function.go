package sysfs

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// pciFunction reads the directory of a PCI function.
func (r *reader) pciFunction(address pciaddr.Address) fact.Function {
	name := address.String()
	dir, entries, ok := r.list(pciDevices + "/" + name)
	f := fact.Function{Origin: origin(dir), Address: address}
	if !ok {
		f.Absent = true
		return f
	}
	r.common(&f, dir, name, entries)
	if entries.has("numa_node") {
		f.NUMANode, f.NUMANodeAt = r.numaNode(dir)
	}
	if entries.has("vendor") {
		f.Vendor = r.id(dir, "vendor")
	}
	if entries.has("device") {
		f.Device = r.id(dir, "device")
	}
	if entries.has("class") {
		f.Class, _ = r.hex(6, dir, "class")
	}
	if entries.has("physfn") {
		if base := r.linkBase(dir, "physfn"); base != "" {
			pf, err := pciaddr.Parse(base)
			if err != nil {
				r.malformed(dir+"/physfn", "leads to %.100q, which is not a PCI function", base)
			} else {
				f.PF, f.VFIndex = pf, r.vfIndex(pf, address)
			}
		}
	}
	if entries.has("iommu_group") {
		r.iommu(&f, dir)
	}
	for _, m := range []struct{ subdir, prefix, nodes string }{
		{"vfio-dev", "vfio", "/dev/vfio/devices/"}, // iommufd's, beside the group's
		{"uio", "uio", "/dev/"},
	} {
		if !entries.has(m.subdir) {
			continue
		}
		for _, name := range r.names(dir, m.subdir) {
			if _, ok := index(name, m.prefix); ok && r.Exists(m.nodes+name) {
				f.CharDevices = append(f.CharDevices, m.nodes+name)
			}
		}
	}
	r.infiniBand(&f, dir)
	return f
}

// infiniBand finds out whether the function's ports are InfiniBand's. Its class
// says so of most; a ConnectX that can be either has one class for both.
func (r *reader) infiniBand(f *fact.Function, dir string) {
	const class, netdevType = 0x0207, "32" // PCI's and ARPHRD_INFINIBAND
	if f.Class>>8 == class {
		f.InfiniBandAt = origin(dir + "/class")
		return
	}
	if !f.Bifurcated() {
		return
	}
	for _, dev := range f.RDMA {
		ports := dir + "/infiniband/" + dev.Name + "/ports"
		for _, port := range r.names(ports) {
			file := ports + "/" + port + "/link_layer"
			switch r.text(file) {
			case "InfiniBand":
				f.InfiniBandAt = origin(file)
			case "Ethernet":
				f.InfiniBandAt = fact.Origin{}
				return
			}
		}
	}
	for _, dev := range f.Netdevs {
		if strings.Count(dev.MAC, ":") == 5 || !f.InfiniBandAt.IsZero() {
			continue
		}
		if file := dev.Where + "/type"; r.text(file) == netdevType {
			f.InfiniBandAt = origin(file)
		}
	}
}

// auxiliaryDevice reads the directory of an auxiliary device. It lies in its PCI
// function's directory.
func (r *reader) auxiliaryDevice(name string) fact.Function {
	dir, entries, ok := r.list(auxiliaryDevices + "/" + name)
	f := fact.Function{Origin: origin(dir), Auxiliary: name}
	if !ok {
		f.Absent = true
		return f
	}
	r.common(&f, dir, name, entries)
	if target, err := r.Readlink(dir); err == nil {
		f.PF = ancestor(target)
	}
	// A part is on the node of the whole, which alone has a file that says so.
	if !f.PF.IsZero() {
		f.NUMANode, f.NUMANodeAt = r.numaNode(pciDevices + "/" + f.PF.String())
	}
	return f
}

// ancestor gives the PCI function nearest above a device, by the link to its
// directory; zero if there is none.
func ancestor(target string) pciaddr.Address {
	for dir := path.Dir(target); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if pf, err := pciaddr.Parse(path.Base(dir)); err == nil {
			return pf
		}
	}
	return pciaddr.Address{}
}

// common reads what PCI functions and auxiliary devices both have.
func (r *reader) common(f *fact.Function, dir, name string, entries listing) {
	if entries.has("driver") {
		f.Driver = r.linkBase(dir, "driver")
	}
	if entries.has("net") {
		f.Netdevs = r.netdevs(dir + "/net")
	}
	for n := range f.Netdevs {
		if port, ok := r.devPort(f, f.Netdevs[n].Where); ok {
			f.Netdevs[n].Port = &port
		}
	}
	for _, entry := range entries.names {
		if _, ok := index(entry, "virtio"); ok {
			f.Netdevs = append(f.Netdevs, r.netdevs(dir+"/"+entry+"/net")...)
		}
	}
	if entries.has("infiniband") {
		r.functionRDMA(f, dir, entries)
	}
	if f.Bifurcated() {
		f.NodesSeen = r.nodesSeen()
	}
	f.VDPA = r.vdpaOf(name)
}

// devPort reads which of the function's ports a netdev is of.
func (r *reader) devPort(f *fact.Function, netdev string) (int, bool) {
	if !f.ManyPorts() {
		return 0, false
	}
	port, ok := r.number(netdev, "dev_port")
	return port, ok && port >= 0
}

// nodesSeen reports whether the root shows device nodes at all. A copy of a few
// files may not.
func (r *reader) nodesSeen() bool {
	if r.nodes == nil {
		seen := r.Exists("/dev")
		r.nodes = &seen
	}
	return *r.nodes
}

// numaNode reads the node that a device is on; nil: it is on none, or the
// firmware does not say.
func (r *reader) numaNode(dir string) (*int, fact.Origin) {
	if node, ok := r.number(dir, "numa_node"); ok && node >= 0 {
		return &node, origin(dir + "/numa_node")
	}
	return nil, fact.Origin{}
}

// id reads a vendor's or device's number.
func (r *reader) id(dir, name string) string {
	if n, ok := r.hex(4, dir, name); ok {
		return fmt.Sprintf("%04x", n)
	}
	return ""
}

// iommu reads the function's IOMMU group, and finds the device node by which
// vfio gives access to it. Without an IOMMU the node is called noiommu-N on the
// host, and the device plugin gives it to the container as N.
func (r *reader) iommu(f *fact.Function, dir string) {
	name := r.linkBase(dir, "iommu_group")
	if name == "" {
		return
	}
	group, ok := index(name, "")
	if !ok {
		r.malformed(dir+"/iommu_group", "leads to %.100q, which is not a number", name)
		return
	}
	f.IOMMUGroup = &group
	name = strconv.Itoa(group)
	f.NoIOMMU = r.text("/sys/kernel/iommu_groups/"+name+"/name") == "vfio-noiommu"
	nodes := []string{"/dev/vfio/" + name}
	if f.NoIOMMU {
		nodes = append(nodes, "/dev/vfio/noiommu-"+name)
	}
	found := len(f.CharDevices)
	for _, node := range nodes {
		if r.Exists(node) {
			f.CharDevices = append(f.CharDevices, node)
		}
	}
	if found == len(f.CharDevices) && r.Exists("/dev/vfio") {
		f.NodeMissing = nodes[0]
	}
}

// virtfns are a PF's links to its VFs, in the order of their numbers. Each is
// read when it is looked at; a PF may have hundreds.
type virtfns struct {
	dir     string
	numbers []int
	targets []pciaddr.Address // zero: not read yet, or no VF's
}

// vfIndex finds N in the PF's link virtfnN to the VF.
func (r *reader) vfIndex(pf, vf pciaddr.Address) *int {
	links, ok := r.virtfns[pf]
	if !ok {
		links = &virtfns{dir: pciDevices + "/" + pf.String()}
		for _, name := range r.names(links.dir) {
			if number, ok := index(name, "virtfn"); ok {
				links.numbers = append(links.numbers, number)
			}
		}
		slices.Sort(links.numbers)
		links.targets = make([]pciaddr.Address, len(links.numbers))
		if r.virtfns == nil {
			r.virtfns = map[pciaddr.Address]*virtfns{}
		}
		r.virtfns[pf] = links
	}
	target := func(i int) pciaddr.Address {
		if links.targets[i].IsZero() {
			base := r.linkBase(links.dir, "virtfn"+strconv.Itoa(links.numbers[i]))
			links.targets[i], _ = pciaddr.Parse(base)
		}
		return links.targets[i]
	}
	// The addresses of a PF's VFs ascend with their numbers, so a few of the links
	// are enough to find one.
	low, high := 0, len(links.numbers)
	for low < high {
		middle := (low + high) / 2
		switch order := pciaddr.Compare(target(middle), vf); {
		case order == 0:
			return &links.numbers[middle]
		case order < 0:
			low = middle + 1
		default:
			high = middle
		}
	}
	for i := range links.numbers {
		if target(i) == vf {
			return &links.numbers[i]
		}
	}
	return nil
}
