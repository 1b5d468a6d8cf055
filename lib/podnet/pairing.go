package podnet

import (
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// assign puts a device on an interface and says why.
func (r *resolver) assign(d *device, i *iface, at fact.Origin, why string) {
	d.assigned = true
	i.device = d
	i.id = d.id
	field := "pci.address"
	if d.id.auxiliary != "" {
		field = "pci.auxiliary"
	}
	i.Evidence = append(i.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where, Why: why})
}

// free are the devices that are on no interface and may be a network's.
func (r *resolver) free() []*device {
	var free []*device
	for _, d := range r.devices {
		if !d.assigned && d.reason == "" {
			free = append(free, d)
		}
	}
	return free
}

// pairByClaim puts a device on the interface that the metadata of its claim names. If the
// driver itself runs the CNI plugin, network-status does not have the interface, and the
// metadata makes it.
func (r *resolver) pairByClaim() {
	for n := range r.claimed {
		c := &r.claimed[n]
		if c.Interface == "" && c.MAC == "" {
			continue
		}
		i := r.interfaceOfClaim(c)
		if c.MAC != "" && i.MAC != "" && c.MAC != i.MAC {
			r.problem(orOrigin(c.MACAt, c.Origin), fact.Conflict, "%.60s, but %s says %s, which is used", c.MAC, i.mac.Where, i.MAC)
		}
		i.setMAC(c.MAC, orOrigin(c.MACAt, c.Origin))
		i.setIPs(c.IPs, orOrigin(c.IPsAt, c.Origin))
		if d := r.byID[deviceID{c.Address, c.Auxiliary}]; d != nil {
			r.assignByClaim(d, i, c)
		}
	}
}

func (r *resolver) interfaceOfClaim(c *fact.ClaimedDevice) *iface {
	i := r.byName[c.Interface]
	if i == nil && c.Interface == "" {
		i = r.only(func(i *iface) bool { return i.MAC == c.MAC })
	}
	if i == nil {
		i = &iface{origin: c.Origin}
		r.setName(i, c.Interface, orOrigin(c.InterfaceAt, c.At(".networkData.interfaceName")))
		r.interfaces = append(r.interfaces, i)
	}
	return i
}

// assignByClaim puts a device on an interface whatever network-status says, and
// reports where that says something else.
func (r *resolver) assignByClaim(d *device, i *iface, c *fact.ClaimedDevice) {
	switch {
	case i.id != deviceID{}:
		if i.id != d.id {
			r.problem(c.Origin, fact.Conflict, "%s is on interface %.100q, where %s puts %s, which is used",
				d.text(), i.label(), i.evidenceOf("pci.address").Where, i.id)
		}
		return
	case i.VDPA != nil:
		r.findParent(i)
		if id := (deviceID{i.VDPA.PCIAddress, i.VDPA.Auxiliary}); id == d.id {
			d.assigned = true // the device is the vDPA device's function
			i.device = d
			return
		}
	case i.info != nil && i.info.Address == d.id.address:
		r.assign(d, i, c.Origin, "")
		return
	}
	if i.info != nil || i.Kind != "" {
		r.problem(i.origin, fact.Conflict, "says that %.100q is on %s, but %s says %s, which is used",
			i.label(), i.deviceText(), c.Where, d.text())
		i.forgetDevice()
	}
	r.assign(d, i, c.Origin, "")
}

// pairByDeviceInfo puts devices on the networks whose device-info names them. Such a
// network keeps its device, whatever other sources say of the device. Several networks
// can have the same device.
func (r *resolver) pairByDeviceInfo() {
	for _, i := range r.interfaces {
		var id deviceID
		switch {
		case i.id != deviceID{}: // a claim's metadata says the same
			continue
		case i.info != nil:
			id.address = i.info.Address
			i.id = id
			i.note("pci.address", r.at(i.info.Origin, i.info.AddressAt))
		case i.VDPA != nil:
			r.findParent(i)
			id = deviceID{i.VDPA.PCIAddress, i.VDPA.Auxiliary}
		}
		if d := r.byID[id]; d != nil {
			d.assigned = true
			i.device = d
		}
	}
}

// findParent finds out which device a vDPA device is made of, if device-info
// does not say it: from sysfs, or from the usual form of its name.
func (r *resolver) findParent(i *iface) {
	v := i.VDPA
	if !v.PCIAddress.IsZero() {
		return
	}
	dev, shown := r.vdpa[v.Parent]
	switch address := vdpaAddress(v.PCIAddress, v.Parent); {
	case shown && dev.Auxiliary != "":
		v.Auxiliary = dev.Auxiliary
		i.note("vdpa.auxiliary", dev.Origin)
	case shown && !dev.Parent.IsZero():
		v.PCIAddress = dev.Parent
		i.note("vdpa.pciAddress", dev.Origin)
	case !address.IsZero():
		v.PCIAddress = address
		parent := i.evidenceOf("vdpa.parent")
		i.note("vdpa.pciAddress", fact.Origin{Source: parent.Source, Where: parent.Where})
	}
}

// vdpaAddress is the PCI address of a vDPA device, if it is known or can be read
// from the usual form of the device's name, vdpa:<address>.
func vdpaAddress(known pciaddr.Address, name string) pciaddr.Address {
	if text, ok := strings.CutPrefix(name, "vdpa:"); ok && known.IsZero() {
		if address, err := pciaddr.Parse(text); err == nil {
			return address
		}
	}
	return known
}

// isAbsent reports whether the root has the bus of a device, and not the device.
func (r *resolver) isAbsent(id deviceID) bool {
	f, ok := r.functions[id]
	return ok && f.Absent
}

// pairGuestAddresses finds the devices of a virtual machine (Kata Containers).
// Its network-status has the host's addresses, which are not on the guest's bus,
// while the device plugin's variables were rewritten to the guest's. A netdev
// with the network's MAC address tells which is which, unless it is one of the
// hypervisor's own devices, which copy the addresses of the pod's interfaces.
func (r *resolver) pairGuestAddresses() {
	byMAC := r.devicesByMAC()
	for _, i := range r.interfaces {
		if i.info == nil || i.MAC == "" || !r.isAbsent(i.id) {
			continue
		}
		devices := byMAC[i.MAC]
		if len(devices) == 0 {
			r.pairGuestNetdev(i)
			continue
		}
		if len(devices) != 1 || devices[0].function.Vendor == virtioVendor || devices[0].assigned {
			continue
		}
		d := devices[0]
		r.dropHostAddress(i, d.text())
		dev := d.netdevs()[slices.IndexFunc(d.netdevs(), func(dev fact.Netdev) bool { return dev.MAC == i.MAC })]
		r.assign(d, i, dev.At("/address"), sameMAC)
	}
}

// pairGuestNetdev puts an interface on the function of the netdev that has its name
// and its MAC address, where the variables have the host's addresses too, as in a
// guest that keeps its devices on their kernel drivers.
func (r *resolver) pairGuestNetdev(i *iface) {
	dev := r.netdevs[i.Name]
	id := parentOf(dev)
	f := r.functions[id]
	if dev.MAC != i.MAC || f == nil || !f.Unclaimed || f.Absent || f.Vendor == virtioVendor || !f.Network() {
		return
	}
	r.dropHostAddress(i, id.String())
	i.device, i.id = nil, id
	i.Evidence = append(i.Evidence, Evidence{Field: "pci.address", Source: dev.Source, Where: dev.At("/device").Where, Why: sameMAC})
}

// dropHostAddress takes the address that device-info has from an interface.
func (r *resolver) dropHostAddress(i *iface, used string) {
	r.problem(i.info.At(i.info.AddressAt), fact.Conflict,
		"%s is not on this machine, as in a virtual machine that sees other addresses than its host; %s, whose netdev has the MAC address, is used",
		i.info.Address, used)
	if i.device != nil {
		i.device.assigned = false
	}
	i.Evidence = slices.DeleteFunc(i.Evidence, func(e Evidence) bool { return e.Field == "pci.address" })
	i.info = nil
}

// virtioVendor is the PCI vendor of the devices that hypervisors emulate.
const virtioVendor = "1af4"

// sameMAC is why a device is put on an interface by its MAC address.
const sameMAC = "the device's netdev has the interface's MAC address"

// devicesByMAC are the devices that are on no interface, by the MAC addresses of
// their netdevs.
func (r *resolver) devicesByMAC() map[string][]*device {
	byMAC := map[string][]*device{}
	for _, d := range r.free() {
		for _, dev := range d.netdevs() {
			if dev.MAC != "" && dev.Master == "" { // a bond gives its own to its parts
				byMAC[dev.MAC] = append(byMAC[dev.MAC], d)
			}
		}
	}
	return byMAC
}

// pairByNetdevName puts a device on an open network if its netdev has the
// network's interface name.
func (r *resolver) pairByNetdevName() {
	for _, d := range r.free() {
		for _, dev := range d.netdevs() {
			if i := r.byName[dev.Name]; i != nil && i.open() {
				r.assign(d, i, dev.Origin, "the device's netdev has the interface's name")
			}
		}
	}
}

// pairByNetdevParent puts a device on an open network if the netdev of its name
// says that it belongs to the device.
func (r *resolver) pairByNetdevParent() {
	if len(r.netdevs) == 0 {
		return
	}
	byText := map[string]*device{}
	for _, d := range r.free() {
		byText[d.text()] = d
	}
	for _, i := range r.interfaces {
		dev := r.netdevs[i.Name]
		if d := byText[dev.Parent]; d != nil && dev.Parent != "" && i.open() {
			r.assign(d, i, dev.At("/device"), "the interface's netdev belongs to the device")
		}
	}
}

// pairByNetdevAlias puts a device on an open network if the network's netdev belongs to no
// device and has the device's address as its alias. vfioveth makes such veths in place of
// VFs.
func (r *resolver) pairByNetdevAlias() {
	aliases := map[deviceID][]*iface{}
	for _, i := range r.interfaces {
		dev := r.netdevs[i.Name]
		if dev.Alias == "" {
			continue
		}
		address, err := pciaddr.Parse(strings.TrimSpace(dev.Alias))
		if err == nil && dev.Parent == "" && i.open() && !i.Default {
			aliases[deviceID{address: address}] = append(aliases[deviceID{address: address}], i)
		}
	}
	for _, d := range r.free() {
		if found := aliases[d.id]; len(found) == 1 && !d.absent() && len(d.netdevs()) == 0 {
			r.assign(d, found[0], r.netdevs[found[0].Name].At("/ifalias"), "the alias of the interface's netdev is the device's address")
		}
	}
}

// pairByMAC puts a device on an open network if its netdev has the network's MAC
// address, and no other has.
func (r *resolver) pairByMAC() {
	byMAC := r.devicesByMAC()
	if len(byMAC) == 0 {
		return
	}
	open := map[string][]*iface{}
	for _, i := range r.interfaces {
		if i.open() && i.MAC != "" && !r.isOther(i) {
			open[i.MAC] = append(open[i.MAC], i)
		}
	}
	for _, d := range r.free() {
		for _, dev := range d.netdevs() {
			if open := open[dev.MAC]; len(byMAC[dev.MAC]) == 1 && len(open) == 1 && open[0].open() {
				r.assign(d, open[0], dev.At("/address"), sameMAC)
			}
		}
	}
}

// pairByClaimVariable puts a device on the only open network of the
// NetworkAttachmentDefinition that the SR-IOV driver for claims names in its
// variables.
func (r *resolver) pairByClaimVariable() {
	for _, c := range r.claimed {
		d := r.byID[deviceID{c.Address, c.Auxiliary}]
		if c.NetworkName == "" || d == nil || d.assigned || d.reason != "" {
			continue
		}
		mayHave := func(i *iface) bool { return i.open() && !r.isOther(i) && i.isNetwork("", c.NetworkName) }
		if i := r.only(mayHave); i != nil {
			r.assign(d, i, orOrigin(c.NetworkNameAt, c.Origin), "the driver's variables name the network of its only device")
		}
	}
}

// pairBySelection puts a device on a network whose element in the networks
// annotation asks for it. Multus heeds that only where no device plugin has the
// network's devices, so only a device that was given to this container counts.
func (r *resolver) pairBySelection() {
	for _, s := range r.selections {
		i := r.byName[selectedName(s)]
		address, err := pciaddr.Parse(s.DeviceID)
		id := deviceID{address: address}
		if err != nil {
			id = deviceID{auxiliary: s.DeviceID}
		}
		d := r.byID[id]
		if i != nil && i.open() && !r.isOther(i) && d != nil && !d.assigned && d.reason == "" {
			r.assign(d, i, s.At(".deviceID"), "the networks annotation asks for this device")
		}
	}
}

// pairByHint puts the only device that is left of a resource on the only network
// that the caller says to be of this resource.
func (r *resolver) pairByHint() {
	if len(r.hints) == 0 {
		return
	}
	byResource := map[string][]*iface{}
	for n := range r.hints {
		h := &r.hints[n]
		for _, i := range r.hinted(h.Origin, h.Network) {
			r.setHint(i, h)
			if i.hint == h && (i.open() && !r.isNetdev(i) || r.isGuest(i)) {
				i.claimed = true
				byResource[h.Resource] = append(byResource[h.Resource], i)
			}
		}
	}
	free := map[string][]*device{}
	for _, d := range r.free() {
		key := strings.ToUpper(d.resource)
		free[key] = append(free[key], d)
	}
	for _, h := range r.hints {
		open, devices := byResource[h.Resource], free[strings.ToUpper(h.Resource)]
		switch {
		case len(open) > 0 && len(devices) == 0:
			r.problem(h.Origin, fact.Conflict, "resource %.100q has no device that is free", h.Resource)
		case len(open) == 1 && len(devices) == 1 && !devices[0].absent():
			why := "hint: the caller says that the network's devices are of " + h.Resource
			if i := open[0]; r.isGuest(i) {
				r.replaceGuest(devices[0], i, i.hint.Origin, why)
			} else if i.open() {
				r.assign(devices[0], i, i.hint.Origin, why)
			}
		}
	}
}

// setHint gives a hint to an interface, and reports where it contradicts what is
// known.
func (r *resolver) setHint(i *iface, h *fact.ResourceHint) {
	switch {
	case i.hint != nil && !sameResource(i.hint.Resource, h.Resource):
		r.problem(h.Origin, fact.Conflict, "resource %.100q, but the hint for %.200q says %.100q, which is used",
			h.Resource, i.hint.Network, i.hint.Resource)
		return
	case i.device != nil && !sameResource(i.device.resource, h.Resource):
		r.problem(h.Origin, fact.Conflict, "resource %.100q, but %s on this network is of %.100q, which is used",
			h.Resource, i.device.text(), i.device.resource)
	case i.device == nil && !r.isGuest(i) && (i.hasDevice() || i.userspace || r.isNetdev(i)):
		r.problem(h.Origin, fact.Conflict, "resource %.100q, but %.100q is something else than a device of a device plugin",
			h.Resource, i.label())
	}
	if i.hint == nil {
		i.hint = h
	}
}

func sameResource(a, b string) bool { return strings.EqualFold(a, b) }

// isNetdev reports whether the root shows a netdev of the interface's name that
// belongs to a device. One that belongs to none, such as a veth or a dummy, may
// stand for a device that the kernel does not drive; only the caller can know.
func (r *resolver) isNetdev(i *iface) bool { return r.isOther(i) && r.netdevs[i.Name].Parent != "" }

// isOther reports whether the root shows a netdev of the interface's name. Asked
// of an open interface after the evidence was weighed, it means that the
// interface is something else than any of the devices.
func (r *resolver) isOther(i *iface) bool {
	dev, ok := r.netdevs[i.Name]
	return ok && !dev.Absent
}
