package podnet

import (
	"path"
	"slices"
	"strconv"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// finishInterface gives an interface what is known of its device and netdev, and
// decides its kind.
func (r *resolver) finishInterface(i *iface) {
	i.IPs = nonNil(i.IPs)
	i.Gateways = nonNil(i.Gateways)
	switch {
	case i.info != nil:
		i.PCI = r.interfacePCI(i, deviceID{address: i.info.Address})
	case i.device != nil && i.VDPA == nil:
		i.PCI = r.interfacePCI(i, i.device.id)
	case i.VDPA != nil && i.device != nil && i.VDPA.Path == "" && i.VDPA.Driver != "virtio":
		if info := i.device.info; info != nil && len(info.CharDevices) > 0 {
			i.VDPA.Path = info.CharDevices[0]
			i.note("vdpa.path", i.device.origin)
		}
	}
	r.addNetdev(i)
	if i.Kind == "" {
		i.Kind = r.kindWithoutDevice(i)
	}
	i.Evidence = nonNil(i.Evidence)
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// kindWithoutDevice tells an ordinary network from one whose device is not known.
func (r *resolver) kindWithoutDevice(i *iface) Kind {
	dev, looked := r.netdevs[i.Name]
	switch {
	case looked && !dev.Absent:
		i.note("kind", dev.Origin)
		return KindKernel
	case i.claimed, looked && dev.Absent && !i.Default:
		return KindUnknown
	}
	return KindKernel
}

// addNetdev takes from the interface's netdev what network-status does not say.
func (r *resolver) addNetdev(i *iface) {
	dev, ok := r.netdevs[i.Name]
	if !ok || dev.Absent {
		return
	}
	switch {
	case dev.MAC == "":
	case i.MAC == "":
		i.setMAC(dev.MAC, dev.At("/address"))
	case i.MAC != dev.MAC:
		r.problem(dev.At("/address"), fact.Conflict, "%.60s, but %s says %s, which is used", dev.MAC, i.mac.Where, i.MAC)
	}
	if i.MTU == 0 && dev.MTU > 0 {
		i.MTU = dev.MTU
		i.note("mtu", dev.At("/mtu"))
	}
	switch {
	case i.VDPA != nil && i.VDPA.Driver == "virtio":
		i.VDPA.Netdev = dev.Name
		i.note("vdpa.netdev", dev.Origin)
	case i.PCI != nil && !i.PCI.Address.IsZero():
		if parent, err := pciaddr.Parse(dev.Parent); err == nil && parent != i.PCI.Address {
			r.problem(dev.At("/device"), fact.Conflict, "%s is the netdev of %s, but %s says %s, which is used",
				dev.Name, parent, i.evidenceOf("pci.address").Where, i.PCI.Address)
		}
	}
}

// interfacePCI makes an interface one of a PCI device.
func (r *resolver) interfacePCI(i *iface, id deviceID) *PCI {
	i.Kind = KindPCI
	if i.info != nil {
		i.note("pci.address", i.info.At(".pci-address"))
	}
	pci, evidence := r.describe(id, i.info, i.device, i.Name)
	i.Evidence = append(i.Evidence, evidence...)
	return pci
}

// describe collects what is known of a device: from device-info, from the
// device plugin and from sysfs, each of which may be nil or have nothing. The
// interface's own netdev is preferred, if the device has several.
func (r *resolver) describe(id deviceID, info *fact.PCIDevice, d *device, netdev string) (*PCI, []Evidence) {
	pci := &PCI{Address: id.address, Auxiliary: id.auxiliary}
	var evidence []Evidence
	note := func(said bool, field string, at fact.Origin) {
		if said {
			evidence = append(evidence, Evidence{Field: "pci." + field, Source: at.Source, Where: at.Where})
		}
	}
	if d != nil {
		pci.Resource = d.resource
		note(true, "resource", d.origin)
	}
	if info != nil {
		pci.PF = info.PF
		note(!info.PF.IsZero(), "pf", info.At(".pf-pci-address"))
		pci.Representor = info.Representor
		note(info.Representor != "", "representor", info.At(".representor-device"))
	}
	f, shown := r.functions[id]
	if shown {
		r.describeFunction(pci, f, info, netdev, note)
	}
	r.addRDMANames(pci, f, info, d, note)
	if d != nil && d.info != nil {
		pci.VFIOToken = d.info.VFIOToken
		note(pci.VFIOToken != "", "vfioToken", d.origin)
		if !shown && len(d.info.CharDevices) > 0 {
			pci.CharDevices = d.info.CharDevices
			note(true, "charDevices", d.origin)
		}
	}
	return pci, evidence
}

// describeFunction adds what sysfs says.
func (r *resolver) describeFunction(
	pci *PCI, f fact.Function, info *fact.PCIDevice, netdev string, note func(said bool, field string, at fact.Origin),
) {
	pci.NotPresent = f.Absent
	note(f.Absent, "notPresent", f.Origin)
	pci.Driver, pci.Vendor, pci.Device = f.Driver, f.Vendor, f.Device
	note(f.Driver != "", "driver", f.At("/driver"))
	note(f.Vendor != "", "vendor", f.At("/vendor"))
	note(f.Device != "", "device", f.At("/device"))
	pci.NUMANode = f.NUMANode
	note(f.NUMANode != nil, "numaNode", f.At("/numa_node"))
	switch {
	case f.PF.IsZero():
	case pci.PF.IsZero():
		pci.PF = f.PF
		note(true, "pf", f.At(parentLink(f)))
	case pci.PF != f.PF:
		r.problem(f.At(parentLink(f)), fact.Conflict, "the PF is %s, but %s says %s, which is used",
			f.PF, info.At(".pf-pci-address").Where, pci.PF)
	}
	if f.VFIndex != nil {
		pci.VFIndex = f.VFIndex
		link := path.Join(path.Dir(f.Where), f.PF.String(), "virtfn"+strconv.Itoa(*f.VFIndex))
		note(true, "vfIndex", fact.Origin{Source: f.Source, Where: link})
	}
	pci.IOMMUGroup, pci.NoIOMMU = f.IOMMUGroup, f.NoIOMMU
	note(f.IOMMUGroup != nil, "iommuGroup", f.At("/iommu_group"))
	note(f.NoIOMMU, "noIOMMU", f.At("/iommu_group/name"))
	if len(f.Netdevs) > 0 {
		dev := f.Netdevs[0]
		if n := slices.IndexFunc(f.Netdevs, func(dev fact.Netdev) bool { return dev.Name == netdev }); n >= 0 {
			dev = f.Netdevs[n]
		}
		pci.Netdev = dev.Name
		note(true, "netdev", dev.Origin)
	}
	pci.CharDevices = f.CharDevices
	for _, node := range f.CharDevices {
		note(true, "charDevices", fact.Origin{Source: fact.Dev, Where: node})
	}
}

// parentLink is the link that leads to the function's PF.
func parentLink(f fact.Function) string {
	if f.Auxiliary != "" {
		return "" // its own link leads there
	}
	return "/physfn"
}

// addRDMANames takes the names of the device's RDMA devices from the first that
// has any: device-info, the device plugin, sysfs.
func (r *resolver) addRDMANames(
	pci *PCI, f fact.Function, info *fact.PCIDevice, d *device, note func(said bool, field string, at fact.Origin),
) {
	type claim struct {
		names []string
		at    fact.Origin
	}
	var claims []claim
	if info != nil && len(info.RDMA) > 0 {
		claims = append(claims, claim{info.RDMA, info.At(".rdma-device")})
	}
	if d != nil && d.info != nil && d.info.RDMA != "" {
		claims = append(claims, claim{[]string{d.info.RDMA}, d.origin.At(".rdma.rdma_dev")})
	}
	if len(f.RDMA) > 0 {
		var names []string
		for _, dev := range f.RDMA {
			names = append(names, dev.Name)
		}
		claims = append(claims, claim{names, f.At("/infiniband")})
	}
	if len(claims) == 0 {
		return
	}
	pci.RDMA = slices.Clone(claims[0].names)
	slices.Sort(pci.RDMA)
	note(true, "rdma", claims[0].at)
	for _, other := range claims[1:] {
		// Each of them is known to leave out some of several.
		if !containsAll(pci.RDMA, other.names) && !containsAll(other.names, pci.RDMA) {
			r.problem(other.at, fact.Conflict, "RDMA device %.100q, but %s says %.100q, which is used",
				other.names, claims[0].at.Where, pci.RDMA)
		}
	}
}

func containsAll(list, part []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(list, s) })
}
