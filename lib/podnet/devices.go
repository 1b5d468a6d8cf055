package podnet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// device is a device that a device plugin or dynamic resource allocation gave to the
// container, with all their data about it.
type device struct {
	id         deviceID // zero: malformed
	malformed  string   // what was written in the place of an id
	resource   string
	resourceAt fact.Origin
	origin     fact.Origin         // of the fact that counts most
	infos      []deviceInfo        // from the one that counts most to the one that counts least
	function   *fact.Function      // nil: the root does not have its bus
	claim      *fact.ClaimedDevice // what dynamic resource allocation says first; nil: nothing
	assigned   bool
	port       bool     // a port by default, though it is on no interface
	why        string   // how it was found out that the container has it, if nothing names it
	podWide    bool     // another container of the pod may be the one that has it
	byName     bool     // too little evidence for a port by default
	reason     Code     // why it is not assigned, once that is known
	candidates []string // the interfaces that could have it
}

// text names the device to people.
func (d *device) text() string {
	if d.malformed != "" {
		return d.malformed
	}
	return d.id.String()
}

// deviceInfo is what one place says of a device beside its name.
type deviceInfo struct {
	fact.Info
	at fact.Origin
}

// compareClaims puts metadata of a claim before variables, and both before data that may
// be another container's.
func compareClaims(a, b fact.ClaimedDevice) int {
	return cmp.Or(boolOrder(a.Claim == "")-boolOrder(b.Claim == ""), boolOrder(a.PodWide)-boolOrder(b.PodWide),
		compareOrigins(a.Origin, b.Origin))
}

// compareAllocations puts the device plugin's _INFO before its list, and data about all
// devices last.
func compareAllocations(a, b fact.Allocation) int {
	if order := cmp.Or(boolOrder(a.Common)-boolOrder(b.Common), boolOrder(a.Info == nil)-boolOrder(b.Info == nil)); order != 0 {
		return order
	}
	if order := cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Index, b.Index)); order != 0 {
		return order
	}
	return compareOrigins(a.Origin, b.Origin)
}

// device gives the device of a name, which it makes if there is none yet. Facts
// come in falling strength, so the first one counts.
func (r *resolver) device(id deviceID, at fact.Origin) *device {
	d, known := r.byID[id]
	if !known {
		if len(r.slab) == 0 {
			r.slab = make([]device, max(1, len(r.allocations)))
		}
		d, r.slab = &r.slab[0], r.slab[1:]
		d.id, d.origin, d.function = id, at, r.functions[id]
		r.byID[id] = d
		r.devices = append(r.devices, d)
	}
	return d
}

// addClaimedDevices makes devices of dynamic resource allocation's facts.
func (r *resolver) addClaimedDevices() {
	for n := range r.claimed {
		c := &r.claimed[n]
		id := deviceID{c.Address, c.Auxiliary}
		if id == (deviceID{}) {
			continue // it has network data alone
		}
		_, known := r.byID[id]
		d := r.device(id, c.Origin)
		d.podWide = !known && c.PodWide
		d.infos = append(d.infos, deviceInfo{c.Info, c.Origin})
		if d.claim == nil {
			d.claim = c
		}
		if c.Resource != "" && d.resource == "" {
			d.resource, d.resourceAt = c.Resource, c.Origin
		}
	}
}

// addAllocations makes devices of device plugins' facts, and reports where a plugin's
// two variables, or two of its resources, disagree.
func (r *resolver) addAllocations() {
	for _, a := range r.allocations {
		id := deviceID{a.Address, a.Auxiliary}
		if id == (deviceID{}) {
			r.problem(a.Origin, fact.Malformed, "%.100q is neither a PCI address nor an auxiliary device", a.ID)
			r.devices = append(r.devices, &device{
				malformed: a.ID, resource: a.Resource, resourceAt: a.Origin, origin: a.Origin, reason: CodeMalformed,
			})
			continue
		}
		d := r.device(id, a.Origin)
		d.podWide = false
		switch {
		case d.resource == "" || d.resourceAt.Source != fact.Env:
			d.resource, d.resourceAt = a.Resource, a.Origin
		case d.resource != a.Resource:
			r.problem(a.Origin, fact.Conflict, "%s is in %s too, whose resource is used", d.text(), d.resourceAt.Where)
			continue
		}
		if a.Info != nil {
			d.infos = append(d.infos, deviceInfo{*a.Info, a.Origin})
		}
	}
	r.compareVariables()
}

// compareVariables reports devices that only one of a resource's two variables
// names, if it has both.
func (r *resolver) compareVariables() {
	infos := 0
	for _, a := range r.allocations {
		if a.Info != nil {
			infos++
		}
	}
	if infos == 0 || infos == len(r.allocations) {
		return
	}
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

// setAcceleratorsAside keeps devices that do not belong to a network from being
// paired with one.
func (r *resolver) setAcceleratorsAside() {
	for _, d := range r.devices {
		if d.function != nil && !d.function.Network() {
			d.reason = CodeAccelerator
		}
	}
}

// netdevs are the device's netdevs in this network namespace.
func (d *device) netdevs() []fact.Netdev {
	if d.function == nil {
		return nil
	}
	return d.function.Netdevs
}

func (d *device) hasMAC(mac string) bool {
	return slices.ContainsFunc(d.netdevs(), func(dev fact.Netdev) bool { return dev.MAC == mac })
}

func (d *device) absent() bool { return d.function != nil && d.function.Absent }

// charDevices gives the device nodes that the device's sources say first.
func (d *device) charDevices() ([]string, fact.Origin) {
	for _, i := range d.said() {
		if len(i.CharDevices) > 0 {
			return i.CharDevices, orOrigin(i.CharDevicesAt, i.at)
		}
	}
	return nil, fact.Origin{}
}

// rdma gives the RDMA device that the device's sources say first.
func (d *device) rdma() (string, fact.Origin) {
	for _, i := range d.said() {
		if i.RDMA != "" {
			return i.RDMA, orOrigin(i.RDMAAt, i.at)
		}
	}
	return "", fact.Origin{}
}

// vfioToken gives the VF token that the device's sources say first.
func (d *device) vfioToken() (string, fact.Origin) {
	for _, i := range d.said() {
		if i.VFIOToken != "" {
			return i.VFIOToken, orOrigin(i.VFIOTokenAt, i.at)
		}
	}
	return "", fact.Origin{}
}

// said gives the sources' data about a device, which may be nil.
func (d *device) said() []deviceInfo {
	if d == nil {
		return nil
	}
	return d.infos
}

func orOrigin(at, otherwise fact.Origin) fact.Origin {
	if at == (fact.Origin{}) {
		return otherwise
	}
	return at
}

// sortDevices brings the devices into the order of the Pod.
func (r *resolver) sortDevices() {
	slices.SortFunc(r.devices, func(a, b *device) int {
		if order := cmp.Or(cmp.Compare(a.resource, b.resource), pciaddr.Compare(a.id.address, b.id.address)); order != 0 {
			return order
		}
		return cmp.Or(cmp.Compare(a.text(), b.text()), compareOrigins(a.origin, b.origin))
	})
}

// addUnassigned lists the devices that are on no interface.
func (r *resolver) addUnassigned() {
	r.sortDevices()
	for _, d := range r.devices {
		if d.assigned {
			continue
		}
		u := Unassigned{
			ID:         d.text(),
			Kind:       KindPCI,
			Resource:   d.resource,
			Candidates: nonNil(d.candidates),
			Reason:     d.reason,
			Evidence:   []Evidence{{Field: "id", Source: d.origin.Source, Where: d.origin.Where}},
		}
		u.Evidence[0].Why = d.why
		if d.claim != nil && d.claim.NetworkName != "" {
			u.Network = d.claim.NetworkName
			at := orOrigin(d.claim.NetworkNameAt, d.claim.Origin)
			u.Evidence = append(u.Evidence, Evidence{Field: "network", Source: at.Source, Where: at.Where})
		}
		u.Port = d.port
		if route, ok := r.defaultRoute(d.function); ok {
			u.Default = true
			u.Evidence = append(u.Evidence, Evidence{Field: "default", Source: route.Source, Where: route.Where})
		}
		if d.podWide {
			u.Evidence[0].Why = "the variable names the devices of all containers of the pod: another one may have it"
		}
		switch {
		case d.reason == CodeMalformed:
			u.Kind = KindUnknown
		case d.function != nil:
			u.PCI = r.describe(d.id, nil, d, "", &u.Evidence)
			if u.PCI.Driver == driverMANA && len(d.netdevs()) == 1 {
				u.MAC = d.netdevs()[0].MAC
			}
			u.Problems = append(r.problemsOf(u.PCI, d.id, d), needsMAC(u.PCI, u.MAC, d.netdevs())...)
		}
		if slices.ContainsFunc(u.Problems, func(p Problem) bool { return neverAPort(p.Code) }) {
			u.Port = false
		}
		if vdpa := r.vdpaOf(d, &u.Evidence); vdpa != nil {
			u.Kind, u.VDPA, u.Problems = KindVDPA, vdpa, nil
		}
		r.pod.Unassigned = append(r.pod.Unassigned, u)
	}
}

// addRDMA lists the RDMA devices of the functions that were claimed, and those
// whose device nodes the container has: plugins that share a function's RDMA
// device among pods name no function.
func (r *resolver) addRDMA() {
	listed := map[string]bool{}
	for id, f := range r.functions {
		if f.Unclaimed {
			continue // its RDMA device is one of those whose nodes the container has, or not the container's
		}
		for _, dev := range f.RDMA {
			listed[dev.Name] = true
			rdma := RDMADevice{Name: dev.Name, PCI: id.address, Auxiliary: id.auxiliary}
			if rdma.PCI.IsZero() {
				rdma.PCI = f.PF
			}
			rdma.note("pci", f.At("/infiniband/"+dev.Name))
			if len(f.Netdevs) > 0 {
				rdma.Netdev = f.Netdevs[0].Name
				rdma.note("netdev", f.Netdevs[0].Origin)
			}
			seen, ok := r.rdma[dev.Name]
			if ok {
				dev.CharDevices = seen.CharDevices
				rdma.addNetdev(seen)
			}
			rdma.addNodes(dev.CharDevices)
			r.pod.RDMA = append(r.pod.RDMA, rdma)
		}
	}
	for _, dev := range r.rdma {
		if listed[dev.Name] {
			continue
		}
		rdma := RDMADevice{Name: dev.Name}
		rdma.note("name", dev.Origin)
		if address, err := pciaddr.Parse(dev.Parent); err == nil {
			rdma.PCI = address
			rdma.note("pci", dev.At("/device"))
		} else if dev.Parent != "" {
			rdma.Auxiliary = dev.Parent
			rdma.note("auxiliary", dev.At("/device"))
		}
		rdma.addNetdev(dev)
		if f := r.functions[deviceID{rdma.PCI, rdma.Auxiliary}]; rdma.Netdev == "" && f != nil && len(f.Netdevs) > 0 {
			rdma.Netdev = f.Netdevs[0].Name
			rdma.note("netdev", f.Netdevs[0].Origin)
		}
		rdma.addNodes(dev.CharDevices)
		r.pod.RDMA = append(r.pod.RDMA, rdma)
	}
	slices.SortFunc(r.pod.RDMA, func(a, b RDMADevice) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), pciaddr.Compare(a.PCI, b.PCI), strings.Compare(a.Auxiliary, b.Auxiliary))
	})
}

func (d *RDMADevice) note(field string, at fact.Origin) {
	d.Evidence = append(d.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where})
}

// addNetdev takes the netdev of the device's ports, unless one is known.
func (d *RDMADevice) addNetdev(dev fact.RDMADevice) {
	if d.Netdev == "" && len(dev.Netdevs) > 0 {
		d.Netdev = dev.Netdevs[0]
		d.note("netdev", dev.At("/ports"))
	}
}

func (d *RDMADevice) addNodes(nodes []fact.CharDevice) {
	d.CharDevices = make([]CharDevice, len(nodes))
	for i, node := range nodes {
		d.CharDevices[i] = CharDevice(node)
		d.note("charDevices", fact.Origin{Source: fact.Dev, Where: node.Path})
	}
}
