package podnet

import (
	"errors"
	"slices"

	"github.com/podnet/podnet/lib/eal"
)

// LeftOut says why interfaces and devices of the pod are not among the ports: one
// *InterfaceError for each, in the order of the Pod. It leaves out ordinary network
// interfaces of the kernel, because nobody expects them to be ports.
func (p *Pod) LeftOut(ports []Port) []error { return p.LeftOutOn(latest, ports) }

// latest is a DPDK release that drives every device that any release drives.
const latest = eal.Version(1<<31 - 1)

// LeftOutOn is LeftOut for a DPDK release. Some devices are no ports because of the
// release.
func (p *Pod) LeftOutOn(release eal.Version, ports []Port) []error {
	return slices.DeleteFunc(p.notPorts(ports, release), func(err error) bool { return errors.Is(err, CodeKernelNetdev) })
}

// notPorts is LeftOut with the kernel's network interfaces.
func (p *Pod) notPorts(ports []Port, release eal.Version) []error {
	isPort := map[string]bool{}
	for _, port := range ports {
		isPort[port.Interface] = true
	}
	var reasons []error
	for n := range p.Interfaces {
		if i := &p.Interfaces[n]; !isPort[i.Name] {
			reasons = append(reasons, i.leftOut(release))
		}
	}
	for n := range p.Unassigned {
		switch u := &p.Unassigned[n]; {
		case isPort[u.ID]:
		case u.Port:
			reasons = append(reasons, u.asInterface().leftOut(release))
		default:
			reasons = append(reasons, u.error())
		}
	}
	return reasons
}

// PortProblems says why interfaces and devices that are meant for DPDK are not ports, or
// not ready: one *InterfaceError for each, or several that are joined.
func (p *Pod) PortProblems() []error {
	var problems []error
	add := func(i *Interface) {
		err := i.PortError()
		if err == nil {
			err = i.notReady()
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	for n := range p.Interfaces {
		if i := &p.Interfaces[n]; i.Kind != KindKernel && i.Kind != KindUnknown || len(i.Problems) > 0 {
			add(i)
		}
	}
	for n := range p.Unassigned {
		if u := &p.Unassigned[n]; u.Port || len(u.Problems) > 0 {
			add(u.asInterface())
		}
	}
	return problems
}

// leftOut says why the interface is no port.
func (i *Interface) leftOut(release eal.Version) error {
	if err := i.PortError(); err != nil {
		return err
	}
	if i.Default {
		return i.errorf(CodeDefaultNetwork, "", "it is the pod's default network, which is DPDK's only if it is asked for by name")
	}
	if err := i.notReady(i.releaseError(release)); err != nil {
		return err
	}
	return i.errorf(CodeUnclaimed, "", "it is not asked for")
}

// unusable reports whether a DPDK release cannot drive the interface's device as it is,
// so that EAL would skip or refuse it. A port that is merely not ready is not unusable:
// it may become ready.
func (i *Interface) unusable(release eal.Version) bool {
	err := i.notReady(i.releaseError(release))
	return slices.ContainsFunc([]Code{CodeWrongDriver, CodeNoIOMMU, CodeNotPresent, CodeInfiniBand, CodeAccelerator, CodeDPDKVersion, CodeOtherContainer},
		func(code Code) bool { return errors.Is(err, code) })
}

// Unusable reports whether DPDK cannot drive the device as it is on this machine, by
// whatever name a caller asks for it.
func (u *Unassigned) Unusable() bool {
	i := u.asInterface()
	return i.PortError() != nil || i.unusable(latest)
}
