package podnet

import (
	"slices"

	"github.com/podnet/podnet/lib/internal/fact"
)

// isGuest reports whether the interface's device-info has an address that is not on this
// machine and that nothing else names. That happens in a virtual machine, where devices
// have other addresses than on the host.
func (r *resolver) isGuest(i *iface) bool {
	return i.info != nil && i.device == nil && r.isAbsent(i.id)
}

// guests are the networks whose device is not on this machine. They may have one
// under another address, as in a virtual machine.
func (r *resolver) guests() []*iface {
	var guests []*iface
	for _, i := range r.interfaces {
		if r.isGuest(i) {
			guests = append(guests, i)
		}
	}
	return guests
}

// replaceGuest puts a device on an interface in the place of the one whose
// address is the host's.
func (r *resolver) replaceGuest(d *device, i *iface, at fact.Origin, why string) {
	r.problem(i.info.At(i.info.AddressAt), fact.Conflict,
		"%s is not on this machine, as in a virtual machine that sees other addresses than its host; %s is used: %s", i.info.Address, d.text(), why)
	i.Evidence = slices.DeleteFunc(i.Evidence, func(e Evidence) bool { return e.Field == "pci.address" })
	i.info = nil
	r.assign(d, i, at, why)
}

// pairLastGuest puts the only device that is left on the only network whose
// device is not on this machine, if no other network lacks one.
func (r *resolver) pairLastGuest() {
	guests, free := r.guests(), r.free()
	if len(guests) != 1 || len(free) != 1 || len(r.openNetworks()) > 0 {
		return
	}
	i, d := guests[0], free[0]
	for _, doubt := range doubts {
		if doubt.name != guestDoubt && doubt.name != r.off && doubt.holds(r, d, i) {
			return
		}
	}
	if r.holds(objections, d, i) {
		return
	}
	r.replaceGuest(d, i, d.origin, "forced: the only device left, and the only network whose device is not on this machine")
}
