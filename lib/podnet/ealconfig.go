package podnet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
)

// EALOptions are the choices that a Pod does not hold. The zero value takes
// every interface that DPDK can drive, with one queue pair each.
type EALOptions struct {
	// Interfaces are the interfaces and devices to take, each by a name that
	// Lookup knows; nil takes all that DPDK can drive, and "none" none.
	Interfaces []string
	// SkipUnusable leaves out ports that nobody named and whose devices DPDK cannot
	// drive as they are: the device is on the wrong driver, without an IOMMU, not
	// present, another container's, or not for this release. EAL would skip or
	// refuse it. Pod.LeftOut says why. An interface that is named is never left out.
	SkipUnusable bool
	// DevArgs are further options of interfaces' devices, by names as above. They
	// add to what follows from the pod, and cannot override it.
	DevArgs map[string][]eal.DevArg
	// Devices are further devices that are not the pod's. Their ports are named
	// after them.
	Devices []eal.Device
	// Queues is the number of queue pairs of each port; 0 means 1.
	Queues int
	// MTU is the largest L3 packet, in bytes, that every port has to carry, even
	// if its interface's MTU is smaller; 0 leaves the interfaces' own.
	MTU int
	// Memory is where mbufs live; empty means MemoryAuto.
	Memory MemoryMode
	// FilePrefix separates this DPDK process's runtime files from other
	// processes' files; empty means "podnet".
	FilePrefix string
	// MultiProcess lets secondary processes attach by FilePrefix; see
	// [eal.Config.MultiProcess]. It needs hugepages.
	MultiProcess bool
	// Version is the DPDK release that will parse the arguments.
	Version eal.Version
	// Extra are further EAL arguments, the user's own.
	Extra []string
}

// Port is an interface of the pod as a DPDK port.
type Port struct {
	// Interface is the interface's name; the address of a device that is on no
	// network; for one of EALOptions.Devices, the port's.
	Interface string
	Network   string // as Interface.Network; empty: none
	Kind      Kind   // empty for one of EALOptions.Devices
	// Device is the PCI address, the auxiliary device's name, or the path of the
	// socket or character device; for one of EALOptions.Devices, the port's name.
	Device string
	// MTU is the largest L3 packet that the port has to carry, in bytes: the
	// interface's MTU or that in EALOptions, whichever is larger; 0: not said, so
	// 1500.
	MTU int
	// PortName is the name by which DPDK knows the port once EAL has started:
	// rte_eth_dev_get_port_by_name. Two interfaces on one device have one port.
	PortName string
	// NotReady is why EAL will not make the port as things stand: nil, or one
	// *InterfaceError for each reason, joined.
	NotReady error
}

// EALConfig gives the EAL configuration with which a DPDK process drives the
// pod's interfaces, and the ports that it makes, in the order of the interfaces,
// of the devices that are on no network, and then of the options' own devices.
// Kernel netdevs and unknown interfaces are left out, and so is
// the default network unless it is named.
//
// The error is an *InterfaceError if DPDK cannot drive an interface that was asked for,
// or if EAL's arguments cannot express an interface that is meant for DPDK. If nothing
// is left to drive, it is ErrNoPorts with the reasons, unless "none" was asked for.
// With an error, EALConfig returns no configuration. [eal.Config.Args] reports values
// that EAL cannot express. EALConfig reads nothing but p; a device on the wrong driver
// is not an error, but in its Port's NotReady.
//
// Memory is split over the NUMA nodes of the ports' devices, or else of the CPUs, if the
// container may use memory there. MemoryMode explains how much it is.
func (p *Pod) EALConfig(o EALOptions) (eal.Config, []Port, error) {
	b := ealBuilder{pod: p, options: o}
	if err := b.build(); err != nil {
		return eal.Config{}, nil, err
	}
	return b.config, b.ports, nil
}

// ealBuilder is an EAL configuration in the making.
type ealBuilder struct {
	pod     *Pod
	options EALOptions
	config  eal.Config
	ports   []Port
	nodes   []int // NUMA nodes of the ports' devices
	onVFIO  bool  // a port is driven through vfio
}

func (b *ealBuilder) build() error {
	p, o := b.pod, b.options
	if o.Queues < 0 || o.MTU < 0 {
		return problemf(CodeBadOption, "", "%d queue pairs and an MTU of %d: neither can be below 0", o.Queues, o.MTU)
	}
	if p.CPUs == nil || p.CPUs.Allowed.IsEmpty() {
		return problemf(CodeCPUsUnknown, "", "the pod's CPUs are not known: neither its cgroup's CPU set nor its list of allowed CPUs could be read")
	}
	b.config = eal.Config{
		Version: o.Version, CPUs: p.CPUs.Allowed.List(), FilePrefix: o.FilePrefix, MultiProcess: o.MultiProcess,
		IOVA: eal.IOVAVirtual, Extra: o.Extra,
	}
	if b.config.FilePrefix == "" {
		b.config.FilePrefix = "podnet"
	}
	selected, err := p.selectInterfaces(o.Interfaces)
	if err != nil {
		return err
	}
	if o.SkipUnusable && o.Interfaces == nil {
		selected = slices.DeleteFunc(selected, func(i *Interface) bool { return i.unusable(o.Version) })
	}
	if len(selected)+len(o.Devices)+len(b.config.PortNames()) == 0 && !slices.Contains(o.Interfaces, NoInterface) {
		return p.noPorts(o.Interfaces, o.Version)
	}
	args, err := p.devArgs(o.DevArgs, selected)
	if err != nil {
		return err
	}
	for _, i := range selected {
		if err := b.add(i, args[i.Name]); err != nil {
			return err
		}
	}
	for _, device := range o.Devices {
		b.config.Devices = append(b.config.Devices, device)
		name := device.PortName()
		b.ports = append(b.ports, Port{Interface: name, Device: name, PortName: name, MTU: o.MTU})
	}
	nodes := b.nodes
	if len(nodes) == 0 {
		nodes = p.CPUs.NUMANodes
	}
	b.config.Memory, err = p.ealMemory(o.Memory, p.CPUs.withMemory(nodes), PortsMiB(b.ports, o.Queues))
	if err == nil && b.config.Memory.NoHuge && o.MultiProcess {
		return problemf(CodeNoHugepages, "give the container hugepages, and do not ask for memory without them",
			"processes can share DPDK's memory only in hugepages")
	}
	if b.config.Memory.NoHuge && b.onVFIO {
		b.config.Memory.NoHugeMiB = min(b.config.Memory.NoHugeMiB, maxMappedMiB)
	}
	return err
}

// add adds an interface's port, and its device unless that is there already.
func (b *ealBuilder) add(i *Interface, args []eal.DevArg) error {
	asked := *i
	asked.MTU = max(i.MTU, b.options.MTU)
	if hasMAC(args) {
		asked.Problems = slices.DeleteFunc(slices.Clone(i.Problems), func(p Problem) bool { return p.Code == CodeNeedsMAC })
	}
	device, fail := asked.device(b.options.Queues, args)
	if fail != nil {
		return fail
	}
	b.ports = append(b.ports, Port{
		Interface: i.Name, Network: i.Network, Kind: i.Kind, Device: i.deviceText(),
		MTU: asked.MTU, PortName: i.portName(device), NotReady: asked.notReady(i.releaseError(b.options.Version)),
	})
	b.addDevice(device)
	if i.Kind == KindVDPA && i.VDPA.NUMANode != nil {
		b.nodes = append(b.nodes, *i.VDPA.NUMANode)
	}
	if i.Kind != KindPCI {
		return nil
	}
	b.onVFIO = b.onVFIO || i.PCI.OnVFIO()
	if i.PCI.NUMANode != nil {
		b.nodes = append(b.nodes, *i.PCI.NUMANode)
	}
	if i.PCI.NoIOMMU || slices.Contains(uioDrivers(), i.PCI.Driver) {
		b.config.IOVA = "" // such a device needs physical addresses, if EAL can have them
	}
	return b.addVFToken(i)
}

// addDevice adds a device unless it is there. For a function with several ports it joins
// the ports of all interfaces in one device.
func (b *ealBuilder) addDevice(device eal.Device) {
	n := slices.IndexFunc(b.config.Devices, func(d eal.Device) bool { return samePort(d, device) })
	if n < 0 {
		b.config.Devices = append(b.config.Devices, device)
		return
	}
	first, isPCI := b.config.Devices[n].(eal.PCI)
	if other, ok := device.(eal.PCI); isPCI && ok {
		for _, mac := range other.MACs {
			if !slices.Contains(first.MACs, mac) {
				first.MACs = append(slices.Clone(first.MACs), mac)
			}
		}
		b.config.Devices[n] = first
	}
}

// samePort reports whether two interfaces are on one device and ask for it with the same
// arguments. Otherwise EAL's renderer says that they clash.
func samePort(a, b eal.Device) bool {
	switch a := a.(type) {
	case eal.PCI:
		b, ok := b.(eal.PCI)
		return ok && a.Address == b.Address && slices.Equal(a.Args, b.Args) && (len(a.MACs) > 0) == (len(b.MACs) > 0)
	case eal.Auxiliary:
		b, ok := b.(eal.Auxiliary)
		return ok && a.Name == b.Name && slices.Equal(a.Args, b.Args)
	}
	return false
}

func (b *ealBuilder) addVFToken(i *Interface) error {
	token := i.PCI.VFIOToken
	if token == "" {
		return nil
	}
	if b.config.VFIOToken != "" && b.config.VFIOToken != token {
		return i.errorf(CodeVFToken, "EAL takes one token: choose interfaces whose PF has the same",
			"its VF token differs from %s's", b.config.VFIOTokenOrigin.Interface)
	}
	b.config.VFIOToken, b.config.VFIOTokenOrigin = token, i.origin("pci.vfioToken")
	return nil
}

// selectInterfaces finds the interfaces of these names, in the order of the pod; without
// names, all that are for DPDK. The default network has to be named, even if it is
// offloaded to a VF: the pod reaches kubelet, DNS and the API server through it.
func (p *Pod) selectInterfaces(names []string) ([]*Interface, error) {
	if names == nil {
		return p.defaultPorts(), nil
	}
	if slices.Contains(names, NoInterface) && len(distinctTexts(names)) > 1 {
		return nil, interfaceErrorf(NoInterface, CodeBadOption, "leave it out, or give it alone", "it stands for no interface, and others are asked for")
	}
	asked := map[string]*Interface{}
	for _, name := range names {
		found, err := p.Lookup(name)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			asked[i.Name] = i
		}
	}
	var selected []*Interface
	for n := range p.Interfaces {
		if i := asked[p.Interfaces[n].Name]; i != nil {
			selected = append(selected, i)
			delete(asked, i.Name)
		}
	}
	return append(selected, slices.SortedFunc(maps.Values(asked), byAddress)...), nil
}

func distinctTexts(texts []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(texts)))
}

func byAddress(a, b *Interface) int {
	if order := pciaddr.Compare(a.address(), b.address()); order != 0 {
		return order
	}
	return strings.Compare(a.Name, b.Name)
}

// defaultPorts are the interfaces, and the devices that are on no network, that
// are for DPDK if no name says otherwise.
func (p *Pod) defaultPorts() []*Interface {
	var selected, devices []*Interface
	for n := range p.Interfaces {
		i := &p.Interfaces[n]
		if _, err := i.device(0, nil); !i.Default && (err == nil || !i.isLeftOut(err)) {
			selected = append(selected, i)
		}
	}
	for n := range p.Unassigned {
		if p.Unassigned[n].Port {
			devices = append(devices, p.Unassigned[n].asInterface())
		}
	}
	slices.SortFunc(devices, byAddress)
	return append(selected, distinct(devices)...)
}

// devArgs gives the caller's options by the interfaces that they are for.
func (p *Pod) devArgs(byName map[string][]eal.DevArg, selected []*Interface) (map[string][]eal.DevArg, error) {
	args := map[string][]eal.DevArg{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		found, err := p.Lookup(name)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, interfaceErrorf(name, CodeBadOption, "name an interface", "device arguments are given for no interface")
		}
		for _, i := range found {
			if args[i.Name] != nil {
				return nil, i.errorf(CodeBadOption, "give all of them for one name", "device arguments are given for two of its names")
			}
			if !slices.ContainsFunc(selected, func(s *Interface) bool { return s.Name == i.Name }) {
				return nil, i.errorf(CodeBadOption, "leave them out, or ask for the interface too", "device arguments are given for it, and it is none of the ports")
			}
			args[i.Name] = byName[name]
		}
	}
	// Two interfaces on one device have one port.
	for _, i := range selected {
		for _, other := range selected {
			if args[i.Name] == nil && args[other.Name] != nil && i.Kind == KindPCI && other.Kind == KindPCI && i.deviceText() == other.deviceText() {
				args[i.Name] = args[other.Name]
			}
		}
	}
	return args, nil
}

// noPorts says of each of the pod's interfaces and devices why it is no port.
func (p *Pod) noPorts(asked []string, release eal.Version) error {
	err := problemf(CodeNoPorts, "", "nothing to drive")
	err.Transient = p.unsettled()
	if asked != nil {
		err.Message += ": no interface is asked for"
		err.Remedy = fmt.Sprintf("name one, or %q for lcores and memory alone", NoInterface)
		return err
	}
	if len(p.Interfaces) == 0 && len(p.Unassigned) == 0 {
		err.Message += ": the pod has no interface"
		torn := p.unread()
		if len(torn) > 0 {
			err.Message += fmt.Sprintf(" that could be read (%v)", torn[0].Err())
		}
		err.Remedy = fmt.Sprintf("name %q for lcores and memory alone", NoInterface)
		if len(torn) > 0 || slices.ContainsFunc(p.Warnings, func(w Warning) bool { return w.Code == CodeNoAnnotations }) {
			err.Remedy = "see that a Downward API volume has its annotations, or " + err.Remedy
		}
		return err
	}
	reasons := p.notPorts(nil, release)
	// Nobody expects the default network's netdev to be a port.
	others := slices.DeleteFunc(slices.Clone(reasons), func(err error) bool {
		e, ok := errors.AsType[*InterfaceError](err)
		return ok && e.Code == CodeKernelNetdev && p.isDefault(e.Interface)
	})
	if len(others) > 0 {
		reasons = others
	}
	err.Err = errors.Join(reasons...)
	for n, reason := range reasons {
		if n == maxListed {
			err.Message += fmt.Sprintf("; and %d more", len(reasons)-n)
			break
		}
		err.Message += separator(n) + strings.ReplaceAll(reason.Error(), "\n", "; ")
	}
	return err
}

func (p *Pod) isDefault(name string) bool {
	return slices.ContainsFunc(p.Interfaces, func(i Interface) bool { return i.Name == name && i.Default })
}

func separator(n int) string {
	if n == 0 {
		return ": "
	}
	return "; "
}

// error says why the device is no port unless it is asked for.
func (u *Unassigned) error() error {
	i := u.asInterface()
	if why := i.PortError(); why != nil {
		return why
	}
	if i.unusable(latest) {
		return i.notReady()
	}
	remedy := "ask for it by its address"
	if u.Kind == KindAFXDP {
		remedy = "ask for it by its name"
	}
	if u.Default {
		return interfaceErrorf(u.ID, CodeDefaultNetwork, remedy+", if DPDK is to have it",
			"its netdev carries the default route: it is the pod's default network")
	}
	if u.Resource != "" {
		remedy += " or its resource " + printable(u.Resource)
	}
	message := "it is on no network"
	if u.Reason == CodeAmbiguous && len(u.Candidates) > 0 {
		message += ", and could belong to " + printable(strings.Join(u.Candidates, ", "))
	}
	return interfaceErrorf(u.ID, u.Reason, remedy, "%s", message)
}
