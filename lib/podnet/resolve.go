package podnet

import (
	"cmp"
	"slices"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// resolver turns facts into a Pod. It is a pure function in steps: the same
// facts, in any order, give the same Pod.
type resolver struct {
	pod      *Pod
	problems []fact.Problem

	networks    []fact.Network
	userspace   []fact.Userspace
	allocations []fact.Allocation
	lost        bool // there are networks that could not be read
	functions   map[deviceID]fact.Function
	vdpaParents map[string]fact.VDPADevice
	netdevs     map[string]fact.Netdev
	machine     machine

	interfaces []*iface
	devices    []*device
}

// deviceID names a device that a network can have: one of the two is set.
type deviceID struct {
	address   pciaddr.Address
	auxiliary string
}

func (id deviceID) String() string {
	if id.auxiliary != "" {
		return id.auxiliary
	}
	return id.address.String()
}

// iface is an Interface in the making.
type iface struct {
	Interface
	origin    fact.Origin // of the fact that made it
	mac       fact.Origin // of the MAC address
	doubtful  bool        // it may be the default network
	claimed   bool        // a source says that it has a device, be it unusable
	userspace bool        // of the Userspace CNI: never a PCI device's
	info      *fact.PCIDevice
	device    *device
}

// label names the interface to people: a source may not have said its name.
func (i *iface) label() string { return cmp.Or(i.Name, i.Network) }

// note records that field rests on the fact at an origin.
func (i *iface) note(field string, at fact.Origin) {
	i.Evidence = append(i.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where})
}

// resolve makes a Pod of the facts.
func resolve(facts []fact.Fact) *resolver {
	r := &resolver{
		pod: &Pod{
			Schema:     Schema,
			Interfaces: []Interface{},
			Unassigned: []Unassigned{},
			RDMA:       []RDMADevice{},
			Hugepages:  []Hugepages{},
			Warnings:   []Warning{},
		},
		functions:   map[deviceID]fact.Function{},
		vdpaParents: map[string]fact.VDPADevice{},
		netdevs:     map[string]fact.Netdev{},
	}
	r.sort(facts)

	r.addNetworks()
	r.addUserspace()
	r.addDevices()
	r.pairByDeviceInfo()
	r.pairByEvidence()
	r.pairWhatIsForced()
	r.finish()
	return r
}

// sort files the facts by kind, each kind in an order that does not depend on
// the order in which they came.
func (r *resolver) sort(facts []fact.Fact) {
	for _, f := range facts {
		switch f := f.(type) {
		case fact.Problem:
			r.problems = append(r.problems, f)
		case fact.Network:
			r.networks = append(r.networks, f)
		case fact.Userspace:
			r.userspace = append(r.userspace, f)
		case fact.LostNetworks:
			r.lost = true
		case fact.Allocation:
			r.allocations = append(r.allocations, f)
		case fact.Function:
			r.functions[deviceID{f.Address, f.Auxiliary}] = f
		case fact.VDPADevice:
			r.vdpaParents[f.Name] = f
		case fact.Netdev:
			r.netdevs[f.Name] = f
		default:
			r.machine.add(f)
		}
	}
	slices.SortFunc(r.networks, func(a, b fact.Network) int { return cmp.Compare(a.Index, b.Index) })
	slices.SortFunc(r.userspace, func(a, b fact.Userspace) int { return cmp.Compare(a.Index, b.Index) })
	r.machine.sort()
	slices.SortFunc(r.allocations, func(a, b fact.Allocation) int { return compareOrigins(a.Origin, b.Origin) })
}

func compareOrigins(a, b fact.Origin) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Where, b.Where))
}

func (r *resolver) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	r.problems = append(r.problems, fact.Problemf(at, code, format, args...))
}

// finish puts the Pod together.
func (r *resolver) finish() {
	slices.SortStableFunc(r.interfaces, func(a, b *iface) int {
		return boolOrder(!a.Default) - boolOrder(!b.Default)
	})
	r.addUnassigned()
	for _, i := range r.interfaces {
		r.finishInterface(i)
		r.pod.Interfaces = append(r.pod.Interfaces, i.Interface)
	}
	r.addRDMA()
	r.addCPUs()
	r.addHugepages()

	slices.SortFunc(r.problems, func(a, b fact.Problem) int {
		return cmp.Or(compareOrigins(a.Origin, b.Origin),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Err.Error(), b.Err.Error()))
	})
	// What was found out of a device on two interfaces was found out twice.
	r.problems = slices.CompactFunc(r.problems, func(a, b fact.Problem) bool {
		return a.Origin == b.Origin && a.Code == b.Code && a.Err.Error() == b.Err.Error()
	})
	for _, p := range r.problems {
		r.pod.Warnings = append(r.pod.Warnings,
			Warning{Code: string(p.Code), Source: p.Source, Where: p.Where, Message: p.Err.Error()})
	}
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}
