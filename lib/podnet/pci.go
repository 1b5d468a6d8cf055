package podnet

import (
	"path"
	"slices"
	"strconv"

	"github.com/podnet/podnet/lib/internal/fact"
)

// addPCI fills in the PCI field of interfaces on PCI functions and auxiliary devices.
func (r *resolver) addPCI() {
	for _, i := range r.interfaces {
		if i.id == (deviceID{}) {
			continue
		}
		i.Kind = KindPCI
		i.PCI = r.describe(i.id, i.info, i.device, i.Name, &i.Evidence)
		if f, ok := r.functions[i.id]; ok {
			r.reportAbsence(i, i.id, f)
		}
	}
}

// reportAbsence warns of a device that evidence gives to an interface and that
// is not on the machine.
func (r *resolver) reportAbsence(i *iface, id deviceID, f *fact.Function) {
	if f.Absent {
		r.problem(f.Origin, fact.NotPresent, "%s, the device of %s, is not on this machine", id, i.label())
	}
}

// description collects what is known of a device, with the evidence.
type description struct {
	*PCI
	evidence *[]Evidence
}

func (d description) note(said bool, field string, at fact.Origin) {
	if said {
		*d.evidence = append(*d.evidence, Evidence{Field: field, Source: at.Source, Where: at.Where})
	}
}

// describe collects what is known of a device: from device-info, from what gave
// the device to the container and from sysfs; each can be nil or empty. It appends to
// the caller's evidence. If the device has several netdevs, the interface's own is
// preferred.
func (r *resolver) describe(id deviceID, device *fact.PCIDevice, d *device, netdev string, evidence *[]Evidence) *PCI {
	to := description{&PCI{Address: id.address, Auxiliary: id.auxiliary}, evidence}
	if d != nil {
		to.Resource = d.resource
		to.note(d.resource != "", "pci.resource", d.resourceAt)
		if d.claim != nil {
			to.Claim = d.claim.Claim
			to.note(to.Claim != "", "pci.claim", d.claim.Origin)
		}
	}
	if device != nil {
		to.PF, to.Representor, to.VhostNet = device.PF, device.Representor, device.VhostNet
		if !device.PF.IsZero() {
			to.note(true, "pci.pf", device.At(".pf-pci-address"))
		}
		if device.Representor != "" {
			to.note(true, "pci.representor", device.At(".representor-device"))
		}
		if device.VhostNet != "" {
			to.note(true, "pci.vhostNet", device.At(".vhost-net"))
		}
	}
	pfAt := fact.Origin{}
	switch {
	case !to.PF.IsZero():
		pfAt = device.At(".pf-pci-address")
	case d != nil && d.claim != nil && !d.claim.PF.IsZero():
		to.PF, pfAt = d.claim.PF, d.claim.Origin
		to.note(true, "pci.pf", pfAt)
	}
	f, shown := r.functions[id]
	if shown {
		r.describeFunction(to, f, pfAt, netdev)
	}
	if d != nil && d.claim != nil && !shown {
		describeClaim(to, d.claim)
	}
	r.addRDMANames(to, f, device, d)
	token, at := d.vfioToken()
	to.VFIOToken = token
	to.note(token != "", "pci.vfioToken", at)
	if !shown {
		nodes, at := d.charDevices()
		to.CharDevices = nodes
		to.note(len(nodes) > 0, "pci.charDevices", at)
	}
	return to.PCI
}

// describeClaim adds the claim driver's data where sysfs is not visible.
func describeClaim(to description, c *fact.ClaimedDevice) {
	to.VFIndex, to.NUMANode = c.VFIndex, c.NUMANode
	to.note(c.VFIndex != nil, "pci.vfIndex", c.VFIndexAt)
	to.note(c.NUMANode != nil, "pci.numaNode", c.NUMANodeAt)
}

// describeFunction adds sysfs's data.
func (r *resolver) describeFunction(to description, f *fact.Function, pfAt fact.Origin, netdev string) {
	to.NotPresent = f.Absent
	if f.Absent {
		to.note(true, "pci.notPresent", f.Origin)
		return
	}
	to.Driver, to.Vendor, to.Device = f.Driver, f.Vendor, f.Device
	to.note(f.Driver != "", "pci.driver", f.At("/driver"))
	to.note(f.Vendor != "", "pci.vendor", f.At("/vendor"))
	to.note(f.Device != "", "pci.device", f.At("/device"))
	to.NUMANode = f.NUMANode
	to.note(f.NUMANode != nil, "pci.numaNode", orOrigin(f.NUMANodeAt, f.At("/numa_node")))
	switch {
	case f.PF.IsZero():
	case to.PF.IsZero():
		to.PF = f.PF
		to.note(true, "pci.pf", f.At(parentLink(f)))
	case to.PF != f.PF:
		r.problem(f.At(parentLink(f)), fact.Conflict, "the PF is %s, but %s says %s, which is used",
			f.PF, pfAt.Where, to.PF)
	}
	if f.VFIndex != nil {
		to.VFIndex = f.VFIndex
		link := path.Join(path.Dir(f.Where), f.PF.String(), "virtfn"+strconv.Itoa(*f.VFIndex))
		to.note(true, "pci.vfIndex", fact.Origin{Source: f.Source, Where: link})
	}
	to.IOMMUGroup, to.NoIOMMU = f.IOMMUGroup, f.NoIOMMU
	to.note(f.IOMMUGroup != nil, "pci.iommuGroup", f.At("/iommu_group"))
	to.note(f.NoIOMMU, "pci.noIOMMU", f.At("/iommu_group/name"))
	if len(f.Netdevs) > 0 {
		dev := f.Netdevs[0]
		if n := slices.IndexFunc(f.Netdevs, func(dev fact.Netdev) bool { return dev.Name == netdev }); n >= 0 {
			dev = f.Netdevs[n]
		}
		to.Netdev, to.DevPort = dev.Name, dev.Port
		to.note(true, "pci.netdev", dev.Origin)
		to.note(dev.Port != nil, "pci.devPort", dev.At("/dev_port"))
	}
	to.CharDevices = f.CharDevices
	for _, node := range f.CharDevices {
		to.note(true, "pci.charDevices", fact.Origin{Source: fact.Dev, Where: node})
	}
}

// parentLink is the link that leads to the function's PF.
func parentLink(f *fact.Function) string {
	if f.Auxiliary != "" {
		return "" // its own link leads there
	}
	return "/physfn"
}

// addRDMANames takes the names of the device's RDMA devices from the first that
// has any: device-info, what gave the device to the container, sysfs.
func (r *resolver) addRDMANames(to description, f *fact.Function, device *fact.PCIDevice, d *device) {
	type claim struct {
		names []string
		at    fact.Origin
	}
	var claims []claim
	if device != nil && len(device.RDMA) > 0 {
		claims = append(claims, claim{device.RDMA, device.At(".rdma-device")})
	}
	if name, at := d.rdma(); name != "" {
		claims = append(claims, claim{[]string{name}, at})
	}
	if f != nil && len(f.RDMA) > 0 {
		var names []string
		for _, dev := range f.RDMA {
			names = append(names, dev.Name)
		}
		claims = append(claims, claim{names, f.At("/infiniband")})
	}
	if len(claims) == 0 {
		return
	}
	to.RDMA = slices.Clone(claims[0].names)
	slices.Sort(to.RDMA)
	to.note(true, "pci.rdma", claims[0].at)
	for _, other := range claims[1:] {
		// Each of them is known to leave out some of several.
		if !containsAll(to.RDMA, other.names) && !containsAll(other.names, to.RDMA) {
			r.problem(other.at, fact.Conflict, "RDMA device %.100q, but %s says %.100q, which is used",
				other.names, claims[0].at.Where, to.RDMA)
		}
	}
}

func containsAll(list, part []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(list, s) })
}
