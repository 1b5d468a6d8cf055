package podnet

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// addNetworks makes an interface of each entry of network-status.
func (r *resolver) addNetworks() {
	made := make([]iface, len(r.networks))
	fields := 6 // that evidence is noted of, as a rule
	if len(r.functions) > 0 {
		fields = 16
	}
	for index := range r.networks {
		n := &r.networks[index]
		if first := r.byName[n.Interface]; first != nil {
			r.problem(n.At(".interface"), fact.Conflict,
				"interface %.100q is in %s too, and this entry is not used", n.Interface, first.origin.Where)
			continue
		}
		i := &made[index]
		i.origin, i.doubtful, i.claimed = n.Origin, n.Doubtful, n.HasDeviceInfo
		i.Evidence = make([]Evidence, 0, fields)
		r.setName(i, n.Interface, r.at(n.Origin, ".interface"))
		i.setNetwork(n.Name, r.at(n.Origin, ".name"))
		if n.Default {
			i.Default = true
			i.note("default", r.at(n.Origin, ".default"))
		}
		if n.MAC != "" {
			i.setMAC(n.MAC, r.at(n.Origin, ".mac"))
		}
		if n.MTU > 0 {
			i.setMTU(n.MTU, r.at(n.Origin, ".mtu"))
		}
		if len(n.IPs) > 0 {
			i.setIPs(n.IPs, r.at(n.Origin, ".ips"))
		}
		if len(n.Gateways) > 0 {
			i.setGateways(n.Gateways, r.at(n.Origin, n.GatewayAt))
		}
		if n.DNS != nil {
			dns := DNS(*n.DNS)
			i.DNS = &dns
			i.note("dns", r.at(n.Origin, ".dns"))
		}
		if n.DeviceVersion != "" {
			i.DeviceInfoVersion = n.DeviceVersion
			i.note("deviceInfoVersion", r.at(n.Origin, n.DeviceAt+".version"))
		}
		i.setDevice(n.Device)
		if n.Device == nil {
			switch n.DeviceType {
			case "", "pci":
			case string(KindVhostUser), string(KindMemif), string(KindVDPA):
				i.userspace = true
			default:
				i.strange = true
			}
		}
		r.interfaces = append(r.interfaces, i)
	}
}

// addNetworkInfos adds KubeVirt's data. KubeVirt uses the virtual machine's name for a
// network, which no other source has, so the interface is found by its device or by its
// MAC address. If there is no such interface, for example because the reader has
// KubeVirt's file and no annotations, the entry becomes an interface of its own.
func (r *resolver) addNetworkInfos() {
	for _, n := range r.networkInfos {
		i := r.interfaceOfInfo(n)
		if i == nil && len(r.networks) > 0 {
			r.problem(n.Origin, fact.Conflict, "network-status has no network with this device or MAC address, and this entry is not used")
			continue
		}
		if i == nil {
			i = &iface{origin: n.Origin, claimed: true}
			i.setNetwork(n.Network, n.At(".network"))
			r.interfaces = append(r.interfaces, i)
		}
		i.setMAC(n.MAC, n.At(".mac"))
		i.setMTU(n.MTU, n.At(".mtu"))
		if i.Kind == "" && i.info == nil {
			i.setDevice(n.Device)
		}
	}
}

// interfaceOfInfo finds the only interface with the device of an entry of
// KubeVirt's, or else with its MAC address.
func (r *resolver) interfaceOfInfo(n fact.NetworkInfo) *iface {
	if i := r.only(func(i *iface) bool { return i.isOn(n.Device) }); i != nil {
		return i
	}
	return r.only(func(i *iface) bool { return n.MAC != "" && i.MAC == n.MAC })
}

// only gives the interface for which the condition holds, if there is exactly
// one.
func (r *resolver) only(condition func(*iface) bool) *iface {
	var found *iface
	for _, i := range r.interfaces {
		if condition(i) {
			if found != nil {
				return nil
			}
			found = i
		}
	}
	return found
}

// isOn reports whether the interface was said to be on the device.
func (i *iface) isOn(dev fact.Device) bool {
	switch dev := dev.(type) {
	case fact.PCIDevice:
		return i.info != nil && i.info.Address == dev.Address
	case fact.VDPA:
		return i.VDPA != nil && i.VDPA.Parent == dev.Parent
	case fact.VhostUser:
		return i.VhostUser != nil && i.VhostUser.Path == dev.Path
	case fact.Memif:
		return i.Memif != nil && i.Memif.Path == dev.Path
	}
	return false
}

// matchSelections finds the interface of each network that the pod asked for.
// It names interfaces that network-status leaves unnamed, and reports networks
// that have no interface yet.
func (r *resolver) matchSelections() {
	if len(r.selections) == 0 {
		return
	}
	taken := map[*iface]bool{}
	var rest []fact.Selection
	for _, s := range r.selections {
		name := selectedName(s)
		if i := r.byName[name]; i != nil && !taken[i] && (!strings.Contains(i.Network, "/") || i.isNetwork(s.Namespace, s.Name)) {
			taken[i] = true
		} else {
			rest = append(rest, s)
		}
	}
	if len(rest) == 0 {
		return
	}
	byNetwork := map[string][]*iface{}
	for _, i := range r.interfaces {
		if !taken[i] {
			byNetwork[shortName(i.Network)] = append(byNetwork[shortName(i.Network)], i)
		}
	}
	// One that names its namespace has less to choose from.
	slices.SortStableFunc(rest, func(a, b fact.Selection) int { return boolOrder(a.Namespace == "") - boolOrder(b.Namespace == "") })
	wanted := map[string]int{}
	for _, s := range rest {
		wanted[s.Name]++
	}
	var missing []fact.Selection
	for _, s := range rest {
		candidates := byNetwork[s.Name]
		n := 0
		for n < len(candidates) && (taken[candidates[n]] || !candidates[n].isNetwork(s.Namespace, s.Name)) {
			n++
		}
		if n == len(candidates) {
			missing = append(missing, s)
			continue
		}
		i := candidates[n]
		taken[i] = true
		// Two unnamed interfaces of one network cannot be distinguished.
		if name := selectedName(s); i.Name == "" && len(candidates) == 1 && wanted[s.Name] == 1 && r.byName[name] == nil && name != "" {
			at := s.Origin
			if s.Interface != "" {
				at = s.At(".interface")
			}
			r.setName(i, name, at)
			i.requested = true
			i.Evidence[len(i.Evidence)-1].Why = "the name that was asked for, of the only interface on the network"
		}
	}
	slices.SortFunc(missing, func(a, b fact.Selection) int { return cmp.Compare(a.Index, b.Index) })
	for _, s := range missing {
		r.addMissing(s)
	}
}

// addMissing handles a selected network that has no interface. Multus writes
// network-status once, when it has attached all networks. A network that is not in it then
// stays without an entry: its CNI plugin's result has no interfaces. Before that, and for
// a network that is attached to the running pod, the status is pending.
func (r *resolver) addMissing(s fact.Selection) {
	switch {
	case s.Default && r.hasDefault():
		return // under the name of its CNI configuration
	case !r.hasStatus() || s.Later:
		r.problem(s.Origin, fact.Pending, "network %.200q is asked for, and has no status (yet)", selectionLabel(s))
		if !s.Default {
			r.pending = append(r.pending, selectionLabel(s))
		}
		return
	}
	i := &iface{origin: s.Origin, claimed: !s.Default}
	i.Default, i.requested = s.Default, true
	if name := selectedName(s); r.byName[name] == nil {
		r.setName(i, name, s.Origin)
	}
	i.setNetwork(selectionLabel(s), s.Origin)
	i.Evidence[len(i.Evidence)-1].Why = "the pod asks for it, and network-status has no entry for it, as for a CNI plugin that reports no interface"
	r.interfaces = append(r.interfaces, i)
}

// hasStatus reports whether network-status is there, even with nothing in it
// that can be used.
func (r *resolver) hasStatus() bool {
	return len(r.networks) > 0 || r.lost || slices.ContainsFunc(r.problems, func(p fact.Problem) bool { return p.Code == fact.NoNetworks })
}

// selectedName is the name that the interface of a selected network gets: the
// one that was asked for, or Multus' own. The default network's is the
// runtime's business.
func selectedName(s fact.Selection) string {
	if s.Interface != "" || s.Default {
		return s.Interface
	}
	return "net" + strconv.Itoa(s.Index+1)
}

func selectionLabel(s fact.Selection) string {
	if s.Namespace != "" {
		return s.Namespace + "/" + s.Name
	}
	return s.Name
}

func (r *resolver) hasDefault() bool {
	for _, i := range r.interfaces {
		if i.Default {
			return true
		}
	}
	return false
}

// addPodNetworks adds OVN-Kubernetes' addresses and routes where network-status has none.
// The MAC address identifies OVN-Kubernetes' interface. An interface without one is
// identified by its network, or by being the pod's default.
func (r *resolver) addPodNetworks() {
	for _, n := range r.podNetworks {
		i := r.interfaceOfPodNetwork(n)
		if i == nil {
			continue
		}
		if n.Cluster {
			i.clusterAt = n.At(".role")
		}
		i.setMAC(n.MAC, n.At(".mac_address"))
		i.setMTU(n.MTU, n.At(".mtu"))
		i.setIPs(n.IPs, n.IPsAt)
		i.setGateways(n.Gateways, n.GatewaysAt)
		for _, route := range n.Routes {
			i.Routes = append(i.Routes, Route(route))
		}
		if len(n.Routes) > 0 {
			i.note("routes", n.At(".routes"))
		}
	}
}

func (r *resolver) interfaceOfPodNetwork(n fact.PodNetwork) *iface {
	if i := r.only(func(i *iface) bool { return n.MAC != "" && i.MAC == n.MAC }); i != nil {
		return i
	}
	return r.only(func(i *iface) bool {
		if i.MAC != "" && n.MAC != "" {
			return false
		}
		return i.Network != "" && i.Network == n.Network || i.Default && n.Primary
	})
}
