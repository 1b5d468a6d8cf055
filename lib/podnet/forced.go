package podnet

import (
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// objection is a reason why a device and a network are not paired by being the
// last of their kind.
type objection struct {
	name string
	// holds reports whether it speaks against the pair; either may be nil, which
	// asks whether it speaks against any pair of the other.
	holds func(*resolver, *device, *iface) bool
}

// objections are all that can speak against a forced pairing.
var objections = []objection{
	{"the default network takes no device", func(_ *resolver, _ *device, i *iface) bool {
		return i != nil && i.Default
	}},
	{"the network is a kernel netdev", func(r *resolver, _ *device, i *iface) bool {
		return i != nil && r.isOther(i)
	}},
	{"the device has a netdev of another name", func(_ *resolver, d *device, i *iface) bool {
		return d != nil && i != nil && len(d.netdevs()) > 0 && i.Name != "" &&
			(i.MAC == "" || !d.hasMAC(i.MAC))
	}},
	{"the device has a netdev of another address", func(_ *resolver, d *device, i *iface) bool {
		return d != nil && i != nil && len(d.netdevs()) > 0 && i.MAC != "" && !d.hasMAC(i.MAC)
	}},
	{"the hint names another resource", func(_ *resolver, d *device, i *iface) bool {
		return d != nil && i != nil && i.hint != nil && !sameResource(i.hint.Resource, d.resource)
	}},
}

// guestDoubt is the name of the doubt that does not speak against pairing with the
// network that raises it.
const guestDoubt = "a network's device is under another address"

// doubts are the reasons not to pair even the last device and the last network: there may
// be others.
var doubts = []objection{
	{"networks that could not be read", func(r *resolver, _ *device, _ *iface) bool { return r.lost }},
	{"networks without a status", func(r *resolver, _ *device, _ *iface) bool { return len(r.pending) > 0 }},
	{"the network may be the default one", func(_ *resolver, _ *device, i *iface) bool { return i.doubtful }},
	{"the network's device is of an unknown type", func(_ *resolver, _ *device, i *iface) bool { return i.strange }},
	{"the device is absent", func(_ *resolver, d *device, _ *iface) bool { return d.absent() }},
	{"the claimed device may be no network's", func(_ *resolver, d *device, _ *iface) bool {
		return d.claim != nil && d.claim.Claim != "" && d.claim.Interface == "" && (d.function == nil || d.function.Class == 0) &&
			!strings.HasPrefix(d.claim.Driver, "sriovnetwork.")
	}},
	{guestDoubt, func(r *resolver, d *device, _ *iface) bool {
		return len(d.netdevs()) == 0 && len(r.guests()) > 0
	}},
	{"the device may be another container's", func(_ *resolver, d *device, _ *iface) bool { return d.podWide }},
}

// holds asks a list of objections.
func (r *resolver) holds(list []objection, d *device, i *iface) bool {
	for _, o := range list {
		if o.name != r.off && o.holds(r, d, i) {
			return true
		}
	}
	return false
}

// pairWhatIsForced puts the only device that is left on the only network that is
// left, unless something speaks against it. Every other device stays unassigned,
// with the networks that could have it.
func (r *resolver) pairWhatIsForced() {
	free, open := r.free(), r.openNetworks()
	if len(free) == 1 && len(open) == 1 && !r.holds(objections, free[0], open[0]) && !r.holds(doubts, free[0], open[0]) {
		r.assign(free[0], open[0], free[0].origin, "forced: the only device left, and the only network left without one")
		return
	}
	r.giveReasons(free, open)
}

// openNetworks are the networks that lack a device and that nothing keeps from
// having one.
func (r *resolver) openNetworks() []*iface {
	var open []*iface
	for _, i := range r.interfaces {
		if i.open() && !r.holds(objections, nil, i) {
			open = append(open, i)
		}
	}
	return open
}

// giveReasons says of each device that is left why it is on no network.
func (r *resolver) giveReasons(free []*device, open []*iface) {
	guests := r.guests()
	lists := map[candidateKey][]string{}
	for _, d := range free {
		key := candidateKey{resource: d.resource}
		if len(d.netdevs()) > 0 {
			key.device = d
		}
		if _, done := lists[key]; !done {
			lists[key] = r.candidates(d, open, guests)
		}
		d.candidates = lists[key]
		switch {
		case d.absent():
			d.reason = CodeNotPresent
			r.problem(d.origin, fact.NotPresent, "%s is not on this machine", d.text())
		case len(d.candidates) > 0 || r.lost:
			d.reason = CodeAmbiguous
		default:
			d.reason = CodeUnclaimed
		}
	}
}

// standIns are the networks whose netdev belongs to no device and looks as if it
// stood for one: its CNI plugin reported no interface, or left a second netdev
// beside it, as vfioveth does.
func (r *resolver) standIns() []*iface {
	var found []*iface
	for _, i := range r.interfaces {
		dev, looked := r.netdevs[i.Name]
		if looked && !dev.Absent && dev.Parent == "" && i.open() && !i.Default && (i.requested || dev.StandIn || isAddress(dev.Alias)) {
			found = append(found, i)
		}
	}
	return found
}

func isAddress(text string) bool {
	_, err := pciaddr.Parse(strings.TrimSpace(text))
	return err == nil
}

// candidateKey tells devices apart for which different networks come into
// question.
type candidateKey struct {
	resource string
	device   *device // nil: any without a netdev
}

// candidates names the networks that could have the device.
func (r *resolver) candidates(d *device, open, guests []*iface) []string {
	var names []string
	for _, i := range open {
		if !r.holds(objections, d, i) {
			i.claimed = true
			names = append(names, i.label())
		}
	}
	if len(d.netdevs()) == 0 {
		for _, i := range r.standIns() {
			if !d.absent() && (i.hint == nil || sameResource(i.hint.Resource, d.resource)) {
				names = append(names, i.label())
			}
		}
		names = append(names, r.pending...)
		for _, i := range guests {
			if !d.absent() {
				names = append(names, i.label())
			}
		}
	}
	return slices.Clip(names)
}
