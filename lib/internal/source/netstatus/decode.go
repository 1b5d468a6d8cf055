package netstatus

import (
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The members that the wire types have, and the names that the standard's text
// has for them in places.
const (
	gatewayKey      = ".gateway"
	gatewaySpecKey  = ".default-route"
	deviceKey       = ".device-info"
	deviceSampleKey = ".device"
)

// entries reads the annotation's value: a JSON array, or nothing at all.
func (d *decoder) entries(text fact.Text) {
	if strings.TrimSpace(text.Value) == "" {
		return
	}
	w := d.wire(text.Value)
	lost := w.elements(text.Value, text.Origin, w.entry)
	if lost.Where != "" {
		d.facts = append(d.facts, fact.LostNetworks{Origin: lost})
	}
}

// entry reads a network status.
func (w wire) entry(at fact.Origin, index int) error {
	e := entry{gatewayKey: gatewayKey, deviceKey: deviceKey}
	var gateway, device bool // said under the usual name
	ok, err := w.network(at, func(name []byte) error {
		switch string(name) {
		case "name":
			return w.text(&e.Name, at, ".name")
		case "interface":
			return w.text(&e.Interface, at, ".interface")
		case "mac":
			return w.text(&e.MAC, at, ".mac")
		case "ips":
			return w.texts(&e.IPs, at, ".ips")
		case "mtu":
			return w.number(&e.MTU, at, ".mtu")
		case "default":
			ok, err := w.boolean(&e.Default, at, ".default")
			e.doubtful = !ok
			return err
		case "dns":
			return w.dns(&e.DNS, at)
		case "gateway":
			if gateway = w.PeekKind() != 'n'; !gateway {
				return w.SkipValue()
			}
			e.gatewayKey = gatewayKey
			return w.texts(&e.Gateways, at, gatewayKey)
		case "default-route":
			if gateway || w.PeekKind() != '[' {
				return w.SkipValue()
			}
			e.gatewayKey = gatewaySpecKey
			return w.texts(&e.Gateways, at, gatewaySpecKey)
		case "device-info":
			if device = w.PeekKind() != 'n'; !device {
				return w.SkipValue()
			}
			e.deviceKey = deviceKey
			return w.deviceInfo(&e.DeviceInfo, at, deviceKey)
		case "device":
			if device || w.PeekKind() != '{' {
				return w.SkipValue()
			}
			e.deviceKey = deviceSampleKey
			return w.deviceInfo(&e.DeviceInfo, at, deviceSampleKey)
		}
		return w.SkipValue()
	})
	if ok {
		w.d.network(e, at, index)
	}
	return err
}

// network is object for one that stands for a network: one is lost if there is no
// object.
func (w wire) network(at fact.Origin, member func(name []byte) error) (ok bool, err error) {
	null := w.PeekKind() == 'n'
	ok, err = w.object(at, member)
	switch {
	case ok, err != nil:
	case null:
		w.d.lose(at, "null, not a JSON object")
	default:
		w.d.facts = append(w.d.facts, fact.LostNetworks{Origin: at})
	}
	return ok, err
}

func (w wire) dns(into *fact.DNS, at fact.Origin) error {
	*into = fact.DNS{}
	_, err := w.object(at, func(name []byte) error {
		switch string(name) {
		case "nameservers":
			return w.texts(&into.Nameservers, at, ".dns.nameservers")
		case "domain":
			return w.text(&into.Domain, at, ".dns.domain")
		case "search":
			return w.texts(&into.Search, at, ".dns.search")
		case "options":
			return w.texts(&into.Options, at, ".dns.options")
		}
		return w.SkipValue()
	}, ".dns")
	return err
}
