package podnet

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// hints are the caller's hints as facts.
func hints(hints map[string]string) []fact.Fact {
	var facts []fact.Fact
	for _, network := range slices.Sorted(maps.Keys(hints)) {
		f, err := parseHint(network, hints[network])
		if err != nil {
			f = fact.Problemf(fact.Origin{Source: fact.Hint, Where: network}, fact.Malformed, "%w", err)
		}
		facts = append(facts, f)
	}
	return facts
}

// The forms of a hint that name no resource and no device.
const (
	hintVhostUser = string(KindVhostUser) + ":" // + path,role
	hintMemif     = string(KindMemif) + ":"     // + path, and a role if it is not the client's
)

// parseHint reads a hint: a resource, in Kubernetes' notation or the device
// plugin's, or a device by its address or auxiliary name, or a socket, or a way
// to use the interface's netdev.
func parseHint(network, hint string) (fact.Fact, error) {
	at := fact.Origin{Source: fact.Hint, Where: network}
	h := fact.DeviceHint{Origin: at, Network: network}
	switch address, err := pciaddr.Parse(hint); {
	case hint == string(KindAFXDP):
		h.AFXDP = true
	case hint == string(KindAFPacket):
		h.AFPacket = true
	case strings.HasPrefix(hint, hintVhostUser):
		path, role := cutRole(strings.TrimPrefix(hint, hintVhostUser))
		if role == "" || path == "" {
			return nil, fmt.Errorf("%.200q is not of the form vhost-user:PATH,server or vhost-user:PATH,client, as seen from the container", hint)
		}
		h.Device = fact.VhostUser{Path: path, PathAt: at, Mode: role, ModeAt: at}
	case strings.HasPrefix(hint, hintMemif):
		path, role := cutRole(strings.TrimPrefix(hint, hintMemif))
		if path == "" || path == "@" {
			return nil, fmt.Errorf("%.200q is not of the form memif:PATH or memif:@NAME, with or without ,client or ,server", hint)
		}
		if role == "" {
			role = fact.Client // of the two, the one that a program in a pod is
		}
		h.Device = fact.Memif{Path: path, PathAt: at, Role: role, RoleAt: at}
	case err == nil && strings.Contains(hint, ":"):
		h.Address = address
	case fact.IsAuxiliary(hint):
		h.Auxiliary = hint
	default:
		return fact.ResourceHint{Origin: at, Network: network, Resource: fact.ResourceKey(hint)}, nil
	}
	return h, nil
}

// cutRole cuts ",client" or ",server" off a hint.
func cutRole(text string) (rest, role string) {
	for _, role := range []string{fact.Client, fact.Server} {
		if rest, ok := strings.CutSuffix(text, ","+role); ok {
			return rest, role
		}
	}
	return text, ""
}

// hinted are the interfaces that a hint is about. It reports a hint about none.
func (r *resolver) hinted(at fact.Origin, network string) []*iface {
	found := matchName(r.interfaces, network, (*iface).names)
	switch {
	case len(found) > 0:
	case slices.ContainsFunc(r.pending, func(label string) bool { return label == network || shortName(label) == network }):
		r.problem(at, fact.Conflict, "the network has no status (yet), and the hint is used once it has one")
	default:
		r.problem(at, fact.Conflict, "the pod has no network of this name")
	}
	return found
}

// pairByDeviceHint takes the caller's word for an interface's device, where
// nothing else names it.
func (r *resolver) pairByDeviceHint() {
	for n := range r.deviceHints {
		h := &r.deviceHints[n]
		if h.AFXDP || h.AFPacket {
			r.addHintedNetdev(h)
		}
		found := r.hinted(h.Origin, h.Network)
		switch {
		case len(found) == 0:
		case len(found) > 1:
			r.problem(h.Origin, fact.Conflict, "%d interfaces are on a network of this name: name one of them", len(found))
		default:
			r.useHint(found[0], h)
		}
	}
}

// addHintedNetdev makes an interface of a netdev that the caller wants to drive
// and that no source names, as where no Multus writes a status. One that carries
// the default route is the default network.
func (r *resolver) addHintedNetdev(h *fact.DeviceHint) {
	dev, looked := r.netdevs[h.Network]
	if !looked || dev.Absent || len(matchName(r.interfaces, h.Network, (*iface).names)) > 0 {
		return
	}
	i := &iface{origin: h.Origin}
	r.setName(i, dev.Name, dev.Origin)
	if route, ok := r.routes[dev.Name]; ok && !r.hasDefault() {
		i.Default = true
		i.note("default", route.Origin)
	}
	r.interfaces = append(r.interfaces, i)
}

func (r *resolver) useHint(i *iface, h *fact.DeviceHint) {
	const why = "hint: the caller says so"
	id := deviceID{h.Address, h.Auxiliary}
	d := r.byID[id]
	switch {
	case i.id != deviceID{} && i.id == id:
	case !i.open() && !r.isGuest(i):
		r.problem(h.Origin, fact.Conflict, "%.100q is on %s, which is used", i.label(), i.whereabouts())
	case h.Device != nil:
		i.setDevice(h.Device)
	case h.AFXDP, h.AFPacket:
		r.useNetdev(i, h)
	case d == nil:
		r.problem(h.Origin, fact.Conflict, "%s is no device that this container was given", id)
	case d.assigned:
		r.problem(h.Origin, fact.Conflict, "%s is on another network", id)
	case d.absent():
		r.problem(h.Origin, fact.Conflict, "%s is not on this machine", id)
	case r.isNetdev(i):
		r.problem(h.Origin, fact.Conflict, "%.100q is the netdev of another device", i.label())
	case r.isGuest(i):
		r.replaceGuest(d, i, h.Origin, why)
	default:
		r.assign(d, i, h.Origin, why)
	}
}

// whereabouts tells people what carries the interface.
func (i *iface) whereabouts() string {
	if i.id != (deviceID{}) {
		return i.id.String()
	}
	if text := i.deviceText(); text != "" {
		return text
	}
	return "something else"
}

// useNetdev makes an interface one that DPDK drives by its kernel netdev.
func (r *resolver) useNetdev(i *iface, h *fact.DeviceHint) {
	dev, looked := r.netdevs[i.Name]
	switch {
	case i.Name == "" || looked && dev.Absent:
		r.problem(h.Origin, fact.Conflict, "%.100q has no netdev in this network namespace", i.label())
	case dev.OtherType != 0:
		r.problem(h.Origin, fact.Conflict, "%.100q is a netdev of type %d, which is not Ethernet: DPDK cannot drive it", i.label(), dev.OtherType)
	case h.AFXDP:
		i.Kind, i.AFXDP = KindAFXDP, &AFXDP{Netdev: i.Name}
		i.note("afXdp.netdev", h.Origin)
	default:
		i.Kind, i.AFPacket = KindAFPacket, &AFPacket{Netdev: i.Name}
		i.note("afPacket.netdev", h.Origin)
	}
}
