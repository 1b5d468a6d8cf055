package podnet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// addVDPA completes vDPA devices from sysfs and the device plugin. It also finds vDPA
// devices that network-status does not name: if a function of the container has a device
// on the vdpa bus, programs use the function through that device.
func (r *resolver) addVDPA() {
	for _, i := range r.interfaces {
		if i.VDPA == nil && i.info == nil {
			r.findVDPA(i)
		}
		if i.VDPA != nil {
			r.completeVDPA(i)
		}
	}
}

// vdpaOf gives the one vDPA device that is made of a device which is on no
// interface: the function is used through it.
func (r *resolver) vdpaOf(d *device, evidence *[]Evidence) *VDPA {
	i := &iface{id: d.id, device: d}
	if f := r.functions[d.id]; f != nil && len(f.VDPA) > 1 {
		return nil // which of them is the container's is not known
	}
	if r.findVDPA(i); i.VDPA == nil {
		return nil
	}
	r.completeVDPA(i)
	*evidence = append(*evidence, i.Evidence...)
	return i.VDPA
}

// completeVDPA adds sysfs's and the device plugin's data about a vDPA device.
func (r *resolver) completeVDPA(i *iface) {
	v := i.VDPA
	r.addVDPAFromSysfs(i)
	if i.device != nil {
		v.Resource = i.device.resource
		i.note("vdpa.resource", i.device.resourceAt)
	}
	if node := vhostVDPA(i.device); node != "" && v.Path == "" && v.Driver != "virtio" {
		_, at := i.device.charDevices()
		v.Path = node
		i.note("vdpa.path", at)
	}
	id := deviceID{v.PCIAddress, v.Auxiliary}
	if f, ok := r.functions[id]; ok {
		r.reportAbsence(i, id, f)
		v.NUMANode = f.NUMANode
		if f.NUMANode != nil {
			i.note("vdpa.numaNode", orOrigin(f.NUMANodeAt, f.At("/numa_node")))
		}
		if v.PF.IsZero() && !f.PF.IsZero() {
			v.PF = f.PF
			i.note("vdpa.pf", f.At(parentLink(f)))
		}
	}
}

// vhostVDPA is the node of a vDPA device that the device plugin names.
func vhostVDPA(d *device) string {
	nodes, _ := d.charDevices()
	if n := slices.IndexFunc(nodes, func(node string) bool { return strings.HasPrefix(node, "/dev/vhost-vdpa-") }); n >= 0 {
		return nodes[n]
	}
	return ""
}

// findVDPA makes an interface one of a vDPA device if its function has one, and
// says so if it has several.
func (r *resolver) findVDPA(i *iface) {
	f, ok := r.functions[i.id]
	switch {
	case i.id == (deviceID{}):
		return
	case ok && len(f.VDPA) > 0:
	case vhostVDPA(i.device) == "":
		return
	}
	i.Kind = KindVDPA
	i.VDPA = &VDPA{PCIAddress: i.id.address, Auxiliary: i.id.auxiliary}
	for n := range i.Evidence {
		i.Evidence[n].Field = strings.Replace(strings.Replace(i.Evidence[n].Field,
			"pci.address", "vdpa.pciAddress", 1), "pci.auxiliary", "vdpa.auxiliary", 1)
	}
	i.id = deviceID{}
	if f == nil || len(f.VDPA) == 0 {
		return // the device plugin names the node, and sysfs no device
	}
	if len(f.VDPA) > 1 {
		r.problem(f.Origin, fact.Conflict, "vDPA devices %.200q are made of it: nothing tells which of them is on %s", f.VDPA, i.label())
		return
	}
	i.VDPA.Parent = f.VDPA[0]
	i.note("vdpa.parent", r.vdpa[i.VDPA.Parent].Origin)
}

// addVDPAFromSysfs takes what the vdpa bus shows of a device by its name.
func (r *resolver) addVDPAFromSysfs(i *iface) {
	v := i.VDPA
	dev, ok := r.vdpa[v.Parent]
	if !ok {
		return
	}
	differ := func(field, link, here, there string) {
		if here != "" && there != "" && here != there {
			r.problem(dev.At(link), fact.Conflict, "%s %.100q, but %s says %.100q, which is used",
				field, here, i.evidenceOf("vdpa."+field).Where, there)
		}
	}
	differ("driver", "/driver", dev.Driver, v.Driver)
	differ("path", "", dev.Path, v.Path)
	differ("pciAddress", "", dev.Parent.String(), v.PCIAddress.String())
	for _, m := range []struct {
		field, value string
		target       *string
	}{
		{"driver", dev.Driver, &v.Driver},
		{"path", dev.Path, &v.Path},
		{"netdev", dev.Netdev, &v.Netdev},
	} {
		if *m.target == "" && m.value != "" {
			*m.target = m.value
			i.note("vdpa."+m.field, dev.Origin)
		}
	}
	if dev.Path != "" && cmp.Or(v.Path, dev.Path) == dev.Path {
		v.Openable = &dev.Openable
		i.note("vdpa.openable", fact.Origin{Source: fact.Dev, Where: dev.Path})
	}
}
