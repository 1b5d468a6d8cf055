package podnet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// resolver turns facts into a Pod. It is a pure function in steps: the same
// facts, in any order, give the same Pod.
type resolver struct {
	pod      *Pod
	problems []fact.Problem
	off      string // name of a rule that tests switch off
	texts    texts

	networks     []fact.Network
	selections   []fact.Selection
	networkInfos []fact.NetworkInfo
	podNetworks  []fact.PodNetwork
	hints        []fact.ResourceHint
	deviceHints  []fact.DeviceHint
	named        []fact.NamedInterface
	memifs       []fact.MemifInterface
	afxdp        []fact.AFXDPDevice
	unknown      []fact.UnknownVariable
	routes       map[string]fact.DefaultRoute // by netdev
	host         *fact.HostNetwork
	capabilities *fact.Capabilities
	readOnlySys  *fact.ReadOnlySys
	userspace    []fact.Userspace
	allocations  []fact.Allocation
	claimed      []fact.ClaimedDevice
	lost         bool // there are networks that could not be read
	functions    map[deviceID]*fact.Function
	vdpa         map[string]fact.VDPADevice
	rdma         map[string]fact.RDMADevice
	netdevs      map[string]fact.Netdev
	sockets      map[string]fact.Socket
	machine      machine

	interfaces []*iface
	byName     map[string]*iface // those that have a name
	pending    []string          // networks that were asked for and have no status
	devices    []*device
	slab       []device // for those to come
	byID       map[deviceID]*device

	afxdpAssigned map[string]bool // netdevs of r.afxdp that are interfaces'
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

// rule is a step of the resolver. Each runs once, in the order of the list
// below. None changes an earlier rule's decision, except for a device that turns
// out to have another address.
type rule struct {
	name  string
	apply func(*resolver)
}

// rules are the resolver's steps. The first ones make interfaces and devices of the
// facts. The next ones pair the two, the strongest evidence first. The last ones fill in
// the other fields.
var rules = []rule{
	{"network status", (*resolver).addNetworks},
	{"KubeVirt network info", (*resolver).addNetworkInfos},
	{"userspace configuration", (*resolver).addUserspace},
	{"selection", (*resolver).matchSelections},
	{"GKE interfaces", (*resolver).addNamedInterfaces},
	{"OVN-Kubernetes networks", (*resolver).addPodNetworks},
	{"Calico memifs", (*resolver).addMemifs},
	{"claimed devices", (*resolver).addClaimedDevices},
	{"allocations", (*resolver).addAllocations},
	{"namespace devices", (*resolver).addNamespaceDevices},
	{"accelerators", (*resolver).setAcceleratorsAside},
	{"names", (*resolver).giveNames},

	{"claim metadata", (*resolver).pairByClaim},
	{"device-info", (*resolver).pairByDeviceInfo},
	{"guest address", (*resolver).pairGuestAddresses},
	{"AF_XDP devices", (*resolver).pairAFXDP},
	{"netdev name", (*resolver).pairByNetdevName},
	{"netdev parent", (*resolver).pairByNetdevParent},
	{"bifurcated netdev", (*resolver).pairByBifurcatedNetdev},
	{"netdev alias", (*resolver).pairByNetdevAlias},
	{"MAC address", (*resolver).pairByMAC},
	{"default route", (*resolver).setDefaultRouteAside},
	{"claim variable", (*resolver).pairByClaimVariable},
	{"selected device", (*resolver).pairBySelection},
	{"device hint", (*resolver).pairByDeviceHint},
	{"hint", (*resolver).pairByHint},
	{"last guest", (*resolver).pairLastGuest},
	{"forced", (*resolver).pairWhatIsForced},
	{"cluster network", (*resolver).keepClusterNetwork},
	{"ports", (*resolver).choosePorts},

	{"vDPA devices", (*resolver).addVDPA},
	{"netdevs", (*resolver).addNetdevs},
	{"sockets", (*resolver).addSockets},
	{"PCI details", (*resolver).addPCI},
	{"readiness", (*resolver).addProblems},
	{"bonds", (*resolver).reportBonds},
	{"unknown variables", (*resolver).addUnknownVariables},
}

// resolve makes a Pod of the facts.
func resolve(facts []fact.Fact) *resolver { return resolveWithout("", facts) }

// resolveWithout is resolve with one of the rules, or of the objections to a
// forced pairing, left out.
func resolveWithout(off string, facts []fact.Fact) *resolver {
	r := &resolver{
		off: off, afxdpAssigned: map[string]bool{},
		pod: &Pod{
			Schema:     Schema,
			Interfaces: []Interface{},
			Unassigned: []Unassigned{},
			RDMA:       []RDMADevice{},
			Hugepages:  []Hugepages{},
			Warnings:   []Warning{},
		},
	}
	r.sort(facts)
	for _, rule := range rules {
		if rule.name != off {
			rule.apply(r)
		}
	}
	r.finish()
	return r
}

// sort files the facts by kind, each kind in an order that does not depend on
// the order in which they came.
func (r *resolver) sort(facts []fact.Fact) {
	// A pod may have hundreds of networks and as many devices.
	networks, allocations := 0, 0
	for _, f := range facts {
		switch f.(type) {
		case fact.Network:
			networks++
		case fact.Allocation:
			allocations++
		}
	}
	r.networks = make([]fact.Network, 0, networks)
	r.interfaces = make([]*iface, 0, networks)
	r.byName = make(map[string]*iface, networks)
	r.allocations = make([]fact.Allocation, 0, allocations)
	r.byID = make(map[deviceID]*device, allocations)
	for _, f := range facts {
		switch f := f.(type) {
		case fact.Problem:
			r.problems = append(r.problems, f)
		case fact.Network:
			r.networks = append(r.networks, f)
		case fact.Selection:
			r.selections = append(r.selections, f)
		case fact.NetworkInfo:
			r.networkInfos = append(r.networkInfos, f)
		case fact.PodNetwork:
			r.podNetworks = append(r.podNetworks, f)
		case fact.ResourceHint:
			r.hints = append(r.hints, f)
		case fact.DeviceHint:
			r.deviceHints = append(r.deviceHints, f)
		case fact.NamedInterface:
			r.named = append(r.named, f)
		case fact.MemifInterface:
			r.memifs = append(r.memifs, f)
		case fact.AFXDPDevice:
			r.afxdp = append(r.afxdp, f)
		case fact.UnknownVariable:
			r.unknown = append(r.unknown, f)
		case fact.DefaultRoute:
			if first, known := r.routes[f.Netdev]; !known || compareOrigins(f.Origin, first.Origin) < 0 {
				set(&r.routes, f.Netdev, f)
			}
		case fact.HostNetwork:
			r.host = &f
		case fact.Capabilities:
			r.capabilities = &f
		case fact.ReadOnlySys:
			r.readOnlySys = &f
		case fact.Userspace:
			r.userspace = append(r.userspace, f)
		case fact.LostNetworks:
			r.lost = true
		case fact.Allocation:
			r.allocations = append(r.allocations, f)
		case fact.ClaimedDevice:
			r.claimed = append(r.claimed, f)
		case fact.Function:
			set(&r.functions, deviceID{f.Address, f.Auxiliary}, &f)
		case fact.VDPADevice:
			set(&r.vdpa, f.Name, f)
		case fact.RDMADevice:
			set(&r.rdma, f.Name, f)
		case fact.Netdev:
			set(&r.netdevs, f.Name, f)
		case fact.Socket:
			set(&r.sockets, f.Path, f)
		default:
			r.machine.add(f)
		}
	}
	slices.SortFunc(r.networks, func(a, b fact.Network) int { return cmp.Compare(a.Index, b.Index) })
	slices.SortFunc(r.userspace, func(a, b fact.Userspace) int {
		return cmp.Or(cmp.Compare(a.Index, b.Index), compareOrigins(a.Origin, b.Origin))
	})
	slices.SortFunc(r.selections, func(a, b fact.Selection) int {
		return cmp.Or(boolOrder(!a.Default)-boolOrder(!b.Default), cmp.Compare(a.Index, b.Index))
	})
	sortByOrigin(r.networkInfos)
	sortByOrigin(r.podNetworks)
	sortByOrigin(r.hints)
	sortByOrigin(r.deviceHints)
	slices.SortFunc(r.named, func(a, b fact.NamedInterface) int { return cmp.Compare(a.Index, b.Index) })
	slices.SortFunc(r.afxdp, func(a, b fact.AFXDPDevice) int { return cmp.Compare(a.Netdev, b.Netdev) })
	slices.SortFunc(r.allocations, compareAllocations)
	slices.SortFunc(r.claimed, compareClaims)
	r.machine.sort()
}

// set makes the map when it gets its first element.
func set[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

func sortByOrigin[F fact.Fact](facts []F) {
	slices.SortFunc(facts, func(a, b F) int { return compareOrigins(a.From(), b.From()) })
}

func compareOrigins(a, b fact.Origin) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Where, b.Where))
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// at gives a member of the text at an origin.
func (r *resolver) at(o fact.Origin, member string) fact.Origin {
	return fact.Origin{Source: o.Source, Where: r.texts.join(o.Where, member)}
}

// texts makes the many short texts of evidence in few pieces of memory.
type texts struct{ strings.Builder }

func (t *texts) join(a, b string) string {
	if t.Cap()-t.Len() < len(a)+len(b) {
		const least, most = 512, 32 << 10
		piece := min(max(least, 2*t.Cap()), most)
		t.Builder = strings.Builder{}
		t.Grow(max(piece, len(a)+len(b)))
	}
	start := t.Len()
	t.WriteString(a)
	t.WriteString(b)
	return t.String()[start:]
}

func (r *resolver) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	r.problems = append(r.problems, fact.Problemf(at, code, format, args...))
}

// finish puts the Pod together.
func (r *resolver) finish() {
	r.giveNames()
	r.addUnassigned()
	r.addUnassignedAFXDP()
	r.pod.Interfaces = make([]Interface, 0, len(r.interfaces))
	for _, i := range r.interfaces {
		if i.Kind == "" {
			i.Kind = r.kindWithoutDevice(i)
		}
		if i.Name == "" {
			i.Name, i.Unnamed = i.given, true
		}
		i.IPs, i.Gateways, i.Evidence = nonNil(i.IPs), nonNil(i.Gateways), nonNil(i.Evidence)
		r.pod.Interfaces = append(r.pod.Interfaces, i.Interface)
	}
	r.addRDMA()
	r.addLabels()
	r.addCPUs()
	r.addHugepages()
	r.addWarnings()
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

// addWarnings makes a warning of each problem.
func (r *resolver) addWarnings() {
	slices.SortFunc(r.problems, func(a, b fact.Problem) int {
		return cmp.Or(compareOrigins(a.Origin, b.Origin),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Err.Error(), b.Err.Error()))
	})
	// A device on two interfaces gives the same problem twice.
	r.problems = slices.CompactFunc(r.problems, func(a, b fact.Problem) bool {
		return a.Origin == b.Origin && a.Code == b.Code && a.Err.Error() == b.Err.Error()
	})
	for _, p := range r.problems {
		r.pod.Warnings = append(r.pod.Warnings,
			Warning{Code: Code(p.Code), Source: p.Source, Where: p.Where, Message: p.Err.Error()})
	}
}
