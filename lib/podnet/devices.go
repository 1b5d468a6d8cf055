package podnet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// device is a device that the device plugin gave to the container, by all that
// its variables say of it.
type device struct {
	id         deviceID // zero: malformed
	text       string   // id, or what was written in its place
	resource   string
	origin     fact.Origin    // of the fact that counts: that of _INFO, if there is one
	info       *fact.Info     // nil: there is none
	function   *fact.Function // nil: the root does not have its bus
	assigned   bool
	reason     Reason   // why it is not assigned, once that is known
	candidates []string // the interfaces that could have it
}

// addDevices makes devices of the allocations, and reports where the plugin's
// two variables, or two of its resources, disagree.
func (r *resolver) addDevices() {
	byID := map[deviceID]*device{}
	for _, a := range r.allocations {
		id := deviceID{a.Address, a.Auxiliary}
		if id == (deviceID{}) {
			r.addMalformed(a)
			continue
		}
		d, known := byID[id]
		if !known {
			d = &device{id: id, text: id.String(), resource: a.Resource, origin: a.Origin}
			if f, ok := r.functions[id]; ok {
				d.function = &f
				if !f.Network() {
					d.reason = ReasonAccelerator
				}
			}
			byID[id] = d
			r.devices = append(r.devices, d)
		}
		if a.Resource != d.resource {
			r.problem(a.Origin, fact.Conflict, "%s is in %s too, whose resource is used", d.text, d.origin.Where)
			continue
		}
		if a.Info != nil && d.info == nil {
			d.info, d.origin = a.Info, a.Origin
		}
	}
	r.compareVariables()
	slices.SortFunc(r.devices, func(a, b *device) int {
		return cmp.Or(cmp.Compare(a.resource, b.resource),
			pciaddr.Compare(a.id.address, b.id.address), cmp.Compare(a.text, b.text), compareOrigins(a.origin, b.origin))
	})
}

func (r *resolver) addMalformed(a fact.Allocation) {
	r.problem(a.Origin, fact.Malformed, "%.100q is neither a PCI address nor an auxiliary device", a.ID)
	r.devices = append(r.devices, &device{text: a.ID, resource: a.Resource, origin: a.Origin, reason: ReasonMalformed})
}

// compareVariables reports devices that only one of a resource's two variables
// names, if it has both.
func (r *resolver) compareVariables() {
	type variable struct {
		resource string
		info     bool
	}
	named := map[variable]map[deviceID]bool{}
	for _, a := range r.allocations {
		v := variable{a.Resource, a.Info != nil}
		if named[v] == nil {
			named[v] = map[deviceID]bool{}
		}
		named[v][deviceID{a.Address, a.Auxiliary}] = true
	}
	for _, a := range r.allocations {
		other := named[variable{a.Resource, a.Info == nil}]
		if other != nil && !other[deviceID{a.Address, a.Auxiliary}] {
			name := "PCIDEVICE_" + a.Resource
			if a.Info == nil {
				name += "_INFO"
			}
			r.problem(a.Origin, fact.Conflict, "%.100q is not in %s", a.ID, name)
		}
	}
}

// addUnassigned lists the devices that are on no interface.
func (r *resolver) addUnassigned() {
	for _, d := range r.devices {
		if d.assigned {
			continue
		}
		u := Unassigned{
			ID:         d.text,
			Kind:       KindPCI,
			Resource:   d.resource,
			Candidates: append([]string{}, d.candidates...),
			Reason:     d.reason,
			Evidence:   []Evidence{{Field: "id", Source: d.origin.Source, Where: d.origin.Where}},
		}
		switch {
		case d.reason == ReasonMalformed:
			u.Kind = KindUnknown
		case d.function != nil:
			pci, evidence := r.describe(d.id, nil, d, "")
			u.PCI, u.Evidence = pci, append(u.Evidence, evidence...)
		}
		r.pod.Unassigned = append(r.pod.Unassigned, u)
	}
}

// addRDMA lists the RDMA devices of the functions that were claimed.
func (r *resolver) addRDMA() {
	for id, f := range r.functions {
		for _, dev := range f.RDMA {
			rdma := RDMADevice{Name: dev.Name, PCI: id.address, CharDevices: []CharDevice{}}
			if rdma.PCI.IsZero() {
				rdma.PCI = f.PF
			}
			if len(f.Netdevs) > 0 {
				rdma.Netdev = f.Netdevs[0].Name
			}
			for _, node := range dev.CharDevices {
				rdma.CharDevices = append(rdma.CharDevices, CharDevice(node))
			}
			r.pod.RDMA = append(r.pod.RDMA, rdma)
		}
	}
	slices.SortFunc(r.pod.RDMA, func(a, b RDMADevice) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), pciaddr.Compare(a.PCI, b.PCI))
	})
}
