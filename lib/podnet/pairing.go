package podnet

import (
	"maps"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// pairByDeviceInfo puts devices on the networks whose device-info names them.
// Such a network stays with its device, whatever else is said of that; one
// device may be that of several networks.
func (r *resolver) pairByDeviceInfo() {
	byID := map[deviceID]*device{}
	for _, d := range r.devices {
		byID[d.id] = d
	}
	delete(byID, deviceID{}) // those are malformed
	for _, i := range r.interfaces {
		var id deviceID
		switch {
		case i.info != nil:
			id.address = i.info.Address
		case i.VDPA != nil:
			r.findParent(i)
			id.address = i.VDPA.PCIAddress
		}
		if id == (deviceID{}) {
			continue
		}
		if d, ok := byID[id]; ok {
			d.assigned = true
			i.device = d
		}
		if f, ok := r.functions[id]; ok && f.Absent {
			r.problem(f.Origin, fact.NotPresent, "%s, the device of %s, is not on this machine", id, i.label())
		}
	}
}

// findParent finds out which PCI function a vDPA device is made of, if
// device-info does not say it: from sysfs, or from the usual form of its name.
func (r *resolver) findParent(i *iface) {
	v := i.VDPA
	if !v.PCIAddress.IsZero() {
		return
	}
	if dev, ok := r.vdpaParents[v.Parent]; ok && !dev.Parent.IsZero() {
		v.PCIAddress = dev.Parent
		i.note("vdpa.pciAddress", dev.Origin)
		return
	}
	text, ok := strings.CutPrefix(v.Parent, "vdpa:")
	if address, err := pciaddr.Parse(text); ok && err == nil {
		v.PCIAddress = address
		parent := i.evidenceOf("vdpa.parent")
		i.note("vdpa.pciAddress", fact.Origin{Source: parent.Source, Where: parent.Where})
	}
}

func (i *iface) evidenceOf(field string) Evidence {
	for _, e := range i.Evidence {
		if e.Field == field {
			return e
		}
	}
	return Evidence{}
}

// assign puts a device on an interface and says why.
func (r *resolver) assign(d *device, i *iface, at fact.Origin, why string) {
	d.assigned = true
	i.device = d
	field := "pci.address"
	if d.id.auxiliary != "" {
		field = "pci.auxiliary"
	}
	i.Evidence = append(i.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where, Why: why})
}

// open reports whether an interface has no device yet, and may have one of the
// device plugin's.
func (i *iface) open() bool { return !i.hasDevice() && i.device == nil && !i.userspace }

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

// pairByEvidence puts a device on an open network if its netdev has the
// network's interface name, or, where no other has it, the network's MAC address.
func (r *resolver) pairByEvidence() {
	for _, d := range r.free() {
		if d.function == nil {
			continue
		}
		for _, i := range r.interfaces {
			if !i.open() || i.Name == "" {
				continue
			}
			if dev, ok := d.netdev(i.Name); ok {
				r.assign(d, i, dev.Origin, "the device's netdev has the interface's name")
			} else if dev := r.netdevs[i.Name]; dev.Parent != "" && dev.Parent == d.text {
				r.assign(d, i, dev.At("/device"), "the interface's netdev belongs to the device")
			}
		}
	}
	byMAC := map[string][]*device{}
	for _, d := range r.free() {
		for _, mac := range d.macs() {
			byMAC[mac] = append(byMAC[mac], d)
		}
	}
	for _, mac := range slices.Sorted(maps.Keys(byMAC)) {
		var open []*iface
		for _, i := range r.interfaces {
			if i.open() && i.MAC == mac && !r.isOther(i) {
				open = append(open, i)
			}
		}
		if devices := byMAC[mac]; mac != "" && len(devices) == 1 && len(open) == 1 {
			dev := devices[0].function.Netdevs[slices.Index(devices[0].macs(), mac)]
			r.assign(devices[0], open[0], dev.At("/address"), "the device's netdev has the interface's MAC address")
		}
	}
}

func (d *device) netdev(name string) (fact.Netdev, bool) {
	for _, dev := range d.function.Netdevs {
		if dev.Name == name {
			return dev, true
		}
	}
	return fact.Netdev{}, false
}

// macs gives the MAC address of each of the device's netdevs.
func (d *device) macs() []string {
	if d.function == nil {
		return nil
	}
	macs := make([]string, len(d.function.Netdevs))
	for n, dev := range d.function.Netdevs {
		macs[n] = dev.MAC
	}
	return macs
}

// isOther reports whether the root shows a netdev of the interface's name. Asked
// of an open interface after the evidence was weighed, it means that the
// interface is something else than any of the devices.
func (r *resolver) isOther(i *iface) bool {
	dev, ok := r.netdevs[i.Name]
	return ok && !dev.Absent
}

// pairWhatIsForced puts the only device that is left on the only network that is
// left, unless there is reason to doubt that it is the only one. Every other
// device stays unassigned.
func (r *resolver) pairWhatIsForced() {
	free := r.free()
	if len(free) == 0 {
		return
	}
	var open []*iface
	doubt := r.lost
	for _, i := range r.interfaces {
		if i.open() && !i.Default && !r.isOther(i) {
			open = append(open, i)
			doubt = doubt || i.doubtful
		}
	}
	if d := free[0]; len(free) == 1 && len(open) == 1 && !doubt && !d.absent() && d.fits(open[0]) {
		r.assign(d, open[0], d.origin, "forced: the only device left, and the only network left without one")
		return
	}
	for _, d := range free {
		for _, i := range open {
			if d.fits(i) {
				i.claimed = true
				d.candidates = append(d.candidates, i.label())
			}
		}
		switch {
		case d.absent():
			d.reason = ReasonNotPresent
			r.problem(d.origin, fact.NotPresent, "%s is not on this machine", d.text)
		case len(d.candidates) > 0 || r.lost:
			d.reason = ReasonAmbiguous
		default:
			d.reason = ReasonUnclaimed
		}
	}
}

func (d *device) absent() bool { return d.function != nil && d.function.Absent }

// fits reports whether nothing speaks against a device being an interface's. A
// device whose netdev is in this network namespace under another name, or with
// another MAC address, is another interface's.
func (d *device) fits(i *iface) bool {
	if d.function == nil || len(d.function.Netdevs) == 0 {
		return true
	}
	if i.Name != "" {
		return false // a netdev of that name would have been evidence
	}
	return i.MAC == "" || slices.Contains(d.macs(), i.MAC)
}
