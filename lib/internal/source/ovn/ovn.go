// Package ovn reads the annotation in which OVN-Kubernetes tells the addresses
// that it gave the pod on each of its networks.
package ovn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// Key is the annotation's key. Its value is a JSON object with a member for each
// network.
const Key = "k8s.ovn.org/pod-networks"

// defaultNetwork is the name of the cluster's own network.
const defaultNetwork = "default"

// maxName is the length of the longest network name: a namespace, a slash and an
// object's name.
const maxName = 63 + 1 + 253

// Parse gives one fact.PodNetwork for each network of the annotation, ordered by
// name.
func Parse(annotations map[string]fact.Text) []fact.Fact {
	text, found := annotations[Key]
	if !found || strings.TrimSpace(text.Value) == "" {
		return nil
	}
	d := decoder{}
	var networks map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text.Value), &networks); err != nil {
		d.problem(text.Origin, "%w", wrongType(err))
		return d.facts
	}
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		if len(name) > maxName {
			d.problem(text.Origin, "%.100q is too long for the name of a network", name)
			continue
		}
		d.network(name, networks[name], text.At("["+name+"]"))
	}
	return d.facts
}

// decoder collects facts.
type decoder struct{ facts []fact.Fact }

func (d *decoder) problem(at fact.Origin, format string, args ...any) {
	d.facts = append(d.facts, fact.Problemf(at, fact.Malformed, format, args...))
}

func (d *decoder) network(name string, raw json.RawMessage, at fact.Origin) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		d.problem(at, "%w", wrongType(err))
		return
	}
	if m == nil {
		return // null
	}
	n := fact.PodNetwork{Origin: at, Network: name}
	n.MAC = d.mac(m["mac_address"], at)
	n.MTU = d.mtu(m["mtu"], at)
	n.IPs, n.IPsAt = d.addrs(m, "ip_addresses", "ip_address", at)
	n.Gateways, n.GatewaysAt = d.addrs(m, "gateway_ips", "gateway_ip", at)
	n.Routes = d.routes(m["routes"], at)
	n.Primary, n.Cluster = d.role(name, m["role"], at)
	d.facts = append(d.facts, n)
}

// role tells whether the pod's default route leads here, or did before a user's
// network took that from the cluster's own. Before roles, it was the latter's.
func (d *decoder) role(name string, raw json.RawMessage, at fact.Origin) (primary, cluster bool) {
	role, ok := d.text(raw, at, ".role")
	switch role {
	case "":
		return ok && name == defaultNetwork, false
	case "primary":
		return true, false
	case "infrastructure-locked":
		return false, true
	case "secondary":
	default:
		d.problem(at.At(".role"), "%.100q is none of primary, secondary and infrastructure-locked", role)
	}
	return false, false
}

// mac gives a hardware address its usual form.
func (d *decoder) mac(raw json.RawMessage, at fact.Origin) string {
	text, _ := d.text(raw, at, ".mac_address")
	if text == "" {
		return ""
	}
	mac, err := net.ParseMAC(text)
	if err != nil {
		d.problem(at.At(".mac_address"), "%.100q is not a hardware address", text)
		return ""
	}
	return mac.String()
}

func (d *decoder) mtu(raw json.RawMessage, at fact.Origin) int {
	var mtu int
	if !d.decode(raw, &mtu, at, ".mtu") {
		return 0
	}
	if mtu < 0 || mtu > math.MaxInt32 {
		d.problem(at.At(".mtu"), "%d is not an MTU", mtu)
		return 0
	}
	return mtu
}

// addrs reads the addresses of a list, or of the member that there was before
// networks could have more than one. It says which of the two it was.
func (d *decoder) addrs(
	m map[string]json.RawMessage, plural, singular string, at fact.Origin,
) (addrs []netip.Addr, from fact.Origin) {
	var list []json.RawMessage
	d.decode(m[plural], &list, at, "."+plural)
	add := func(raw json.RawMessage, part string) {
		text, _ := d.text(raw, at, part)
		if text == "" {
			return
		}
		addr, err := netip.ParseAddr(text)
		if prefix, prefixErr := netip.ParsePrefix(text); prefixErr == nil {
			addr, err = prefix.Addr(), nil
		}
		if err != nil {
			d.problem(at.At(part), "%.100q is not an IP address", text)
			return
		}
		addrs = append(addrs, addr)
	}
	for i, raw := range list {
		add(raw, "."+plural+"["+strconv.Itoa(i)+"]")
	}
	from = at.At("." + plural)
	if len(list) == 0 {
		add(m[singular], "."+singular)
		from = at.At("." + singular)
	}
	if len(addrs) == 0 {
		return nil, fact.Origin{}
	}
	return addrs, from
}

func (d *decoder) routes(raw json.RawMessage, at fact.Origin) []fact.Route {
	var list []json.RawMessage
	d.decode(raw, &list, at, ".routes")
	var routes []fact.Route
	for i, raw := range list {
		here := at.At(".routes[" + strconv.Itoa(i) + "]")
		var m map[string]json.RawMessage
		if !d.decode(raw, &m, here, "") {
			continue
		}
		if route, ok := d.route(m, here); ok {
			routes = append(routes, route)
		}
	}
	return routes
}

// route reads one route. One whose gateway cannot be read is of no use: without
// a gateway it would be another route.
func (d *decoder) route(m map[string]json.RawMessage, at fact.Origin) (route fact.Route, ok bool) {
	destination, okDest := d.text(m["dest"], at, ".dest")
	gateway, okGateway := d.text(m["nextHop"], at, ".nextHop")
	if !okDest || !okGateway {
		return fact.Route{}, false
	}
	var err error
	if route.Destination, err = netip.ParsePrefix(destination); err != nil {
		d.problem(at.At(".dest"), "%.100q is not a destination of the form address/length", destination)
		return fact.Route{}, false
	}
	if gateway == "" {
		return route, true
	}
	if route.Gateway, err = netip.ParseAddr(gateway); err != nil {
		d.problem(at.At(".nextHop"), "%.100q is not an IP address", gateway)
		return fact.Route{}, false
	}
	return route, true
}

// text reads a string, less the blanks around it. One that is absent or null is
// empty, and no problem.
func (d *decoder) text(raw json.RawMessage, at fact.Origin, part string) (text string, ok bool) {
	if len(raw) > 0 && !d.decode(raw, &text, at, part) {
		return "", false
	}
	return strings.TrimSpace(text), true
}

// decode reads a member, and reports one of the wrong type. It is not ok if there
// is nothing to read.
func (d *decoder) decode(raw json.RawMessage, into any, at fact.Origin, part string) bool {
	if len(raw) == 0 {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		d.problem(at.At(part), "%w", wrongType(err))
		return false
	}
	return true
}

// wrongType says what the JSON has, rather than which Go type it does not fit.
func wrongType(err error) error {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("a JSON %.100s does not belong here", typeErr.Value)
	}
	return err
}
