package podnet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// NoInterface is the name that stands for no interface: a program that wants the
// pod's CPUs and memory and no port.
const NoInterface = "none"

// Lookup finds the interfaces and devices of a name. It tries, in this order:
//
//   - "none", which stands for nothing;
//   - an interface's name, such as net1;
//   - a network's name, with its namespace or without, if one interface is on it, or
//     if a claim names it for one device;
//   - a PCI address or the name of an auxiliary device;
//   - a resource, such as openshift.io/sriov_a or OPENSHIFT_IO_SRIOV_A: all its
//     devices, ordered by address, except the one that carries the pod's default
//     network: only its own name selects it.
//
// A device that is on no network comes as an Interface without a network, whose name is
// the device's address. If nothing has the name, the error is an *InterfaceError with
// CodeNoSuchInterface; for a network with several interfaces it has CodeAmbiguous. Either
// lists the names that there are.
func (p *Pod) Lookup(name string) ([]*Interface, error) {
	if name == NoInterface {
		return nil, nil
	}
	all := make([]*Interface, len(p.Interfaces))
	for n := range p.Interfaces {
		all[n] = &p.Interfaces[n]
	}
	found := matchName(all, name, func(i *Interface) (string, string) { return i.Name, i.Network })
	if len(found) > 1 {
		return nil, interfaceErrorf(name, CodeAmbiguous, "name one of "+namesText(found), "%d interfaces are on a network of this name", len(found))
	}
	if len(found) == 1 {
		return found, nil
	}
	var others []*Interface
	for n := range p.Unassigned {
		others = append(others, p.Unassigned[n].asInterface())
	}
	found = distinct(matchName(others, name, func(i *Interface) (string, string) { return "", i.Network }))
	if len(found) > 1 {
		return nil, interfaceErrorf(name, CodeAmbiguous, "name one of "+namesText(found), "%d devices are of a network of this name", len(found))
	}
	if len(found) == 1 {
		return found, nil
	}
	all = append(all, others...)
	if found = onDevice(all, name); len(found) > 0 {
		return found, nil
	}
	found = ofResource(all, fact.ResourceKey(name))
	ports := slices.DeleteFunc(slices.Clone(found), func(i *Interface) bool { return i.Default })
	switch {
	case len(ports) > 0:
		return ports, nil
	case len(found) > 0:
		return nil, interfaceErrorf(name, CodeDefaultNetwork, "ask for it by the name of the interface or the device, if DPDK is to have it",
			"its only device carries the pod's default network, %s", namesText(found))
	}
	return nil, p.noSuchInterface(name)
}

// onDevice finds the interfaces on a device, each once.
func onDevice(all []*Interface, name string) []*Interface {
	address, err := pciaddr.Parse(name)
	return distinct(slices.DeleteFunc(slices.Clone(all), func(i *Interface) bool {
		switch {
		case i.PCI != nil && i.PCI.Auxiliary != "":
			return i.PCI.Auxiliary != name
		case i.PCI != nil:
			return err != nil || i.PCI.Address != address
		case i.VDPA != nil && i.VDPA.Auxiliary != "":
			return i.VDPA.Auxiliary != name
		case i.VDPA != nil:
			return err != nil || i.VDPA.PCIAddress != address
		}
		return i.Network != "" || i.Name != name // a device that is not even an address
	}))
}

// ofResource finds the interfaces on devices of a resource, each once.
func ofResource(all []*Interface, key string) []*Interface {
	found := slices.DeleteFunc(slices.Clone(all), func(i *Interface) bool {
		resource := ""
		switch {
		case i.PCI != nil:
			resource = i.PCI.Resource
		case i.VDPA != nil:
			resource = i.VDPA.Resource
		case i.AFXDP != nil:
			return !ofPool(i.AFXDP.Pool, key)
		}
		return resource == "" || !sameResource(resource, key)
	})
	slices.SortStableFunc(found, func(a, b *Interface) int { return pciaddr.Compare(a.address(), b.address()) })
	return distinct(found)
}

// ofPool reports whether a resource is the AF_XDP device plugin's pool. Its
// variable has the pool's name, the pod asked for PREFIX/POOL.
func ofPool(pool, key string) bool {
	return pool != "" && (sameResource(pool, key) || sameResource("afxdp_"+pool, key))
}

// distinct drops interfaces that have an earlier one's name: a device may be listed for
// several variables.
func distinct(list []*Interface) []*Interface {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(i *Interface) bool {
		twice := seen[i.Name]
		seen[i.Name] = true
		return twice
	})
}

// address is the PCI address of the interface's function, if it has one.
func (i *Interface) address() pciaddr.Address {
	switch {
	case i.PCI != nil:
		return i.PCI.Address
	case i.VDPA != nil:
		return i.VDPA.PCIAddress
	}
	return pciaddr.Address{}
}

// asInterface gives a device that is on no network as an interface of its own.
func (u *Unassigned) asInterface() *Interface {
	i := &Interface{Name: u.ID, Kind: u.Kind, Problems: slices.Clone(u.Problems)}
	field := "pci.address"
	i.Network, i.Default, i.MAC, i.VDPA, i.AFXDP = u.Network, u.Default, u.MAC, u.VDPA, u.AFXDP
	if u.Kind == KindPCI {
		i.PCI = &PCI{Resource: u.Resource}
		if u.PCI != nil {
			pci := *u.PCI
			i.PCI = &pci
		} else if address, err := pciaddr.Parse(u.ID); err == nil {
			i.PCI.Address = address
		} else {
			i.PCI.Auxiliary = u.ID
		}
		if i.PCI.Auxiliary != "" {
			field = "pci.auxiliary"
		}
		if i.PCI.Resource == "" {
			i.PCI.Resource = u.Resource
		}
		i.PCI.NotPresent = i.PCI.NotPresent || u.Reason == CodeNotPresent
	}
	for _, e := range u.Evidence {
		if e.Field == "id" {
			e.Field = field
		}
		i.Evidence = append(i.Evidence, e)
	}
	switch u.Reason {
	case CodeAccelerator:
		i.Problems = append(i.Problems, problemf(CodeAccelerator, "", "device %s is an accelerator, a storage device or the like, not a network function", u.ID).Problem)
	case CodeMalformed:
		i.Problems = append(i.Problems, problemf(CodeMalformed, "", "%.100q is neither a PCI address nor the name of an auxiliary device", u.ID).Problem)
	}
	return i
}

// noSuchInterface is the error for a name that stands for nothing. Waiting can
// help as long as the pod's status is not complete.
func (p *Pod) noSuchInterface(name string) error {
	yet := ""
	if p.unsettled() {
		yet = " (yet)"
	}
	var have []string
	if len(p.Interfaces) > 0 {
		all := make([]*Interface, len(p.Interfaces))
		for n := range p.Interfaces {
			all[n] = &p.Interfaces[n]
		}
		have = append(have, namesText(all))
	}
	if devices := p.devicesText(); devices != "" {
		have = append(have, devices)
	}
	remedy := "it has none"
	if len(have) > 0 {
		remedy = "it has " + strings.Join(have, ", and ")
	}
	message := "the pod has no such interface" + yet
	if address, err := pciaddr.Parse(name); err == nil {
		for _, dev := range p.RDMA {
			if dev.PCI == address {
				message = "it is the function of the RDMA device " + printable(dev.Name) + ", and nothing gives it to the container for DPDK"
			}
		}
	}
	err := interfaceErrorf(name, CodeNoSuchInterface, remedy, "%s", message)
	err.Transient = yet != ""
	return err
}

// unsettled reports whether more networks may come by waiting.
func (p *Pod) unsettled() bool {
	return slices.ContainsFunc(p.Warnings, func(w Warning) bool { return w.Code == CodePending || w.Code == CodeNoStatus })
}

// maxListed is how many names an error lists.
const maxListed = 20

func namesText(list []*Interface) string {
	var texts []string
	for _, i := range list {
		texts = append(texts, printable(i.Name))
	}
	return listed(texts)
}

// devicesText lists the devices that are on no network.
func (p *Pod) devicesText() string {
	var texts []string
	for _, u := range p.Unassigned {
		text := printable(u.ID)
		if u.Resource != "" {
			text += " of " + printable(u.Resource)
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 {
		return ""
	}
	return "devices on no interface: " + listed(texts)
}

func listed(texts []string) string {
	more := ""
	if n := len(texts) - maxListed; n > 0 {
		texts, more = texts[:maxListed], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(texts, ", ") + more
}
