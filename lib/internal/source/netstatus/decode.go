package netstatus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strconv"
	"strings"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/internal/fact"
)

// decode reads the annotation's value: a JSON array, or nothing at all.
func (d *decoder) decode(value string, at fact.Origin) []entry {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	var statuses []nadv1.NetworkStatus
	if err := json.Unmarshal([]byte(value), &statuses); err != nil {
		// The decoder goes on after a value of the wrong type and leaves the
		// rest half filled, so begin again, one member after the other.
		return d.decodePiecemeal(value, at)
	}
	entries := make([]entry, len(statuses))
	for i, status := range statuses {
		entries[i] = entry{at: elementAt(at, i), index: i, status: status}
	}
	return entries
}

// decodePiecemeal reads as much as it can: entries up to the first syntax error,
// and of each entry the members that have the right type.
func (d *decoder) decodePiecemeal(value string, at fact.Origin) []entry {
	dec := json.NewDecoder(strings.NewReader(value))
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		d.problem(at, fact.Malformed, "not a JSON array")
		d.facts = append(d.facts, fact.LostNetworks{Origin: at})
		return nil
	}
	var entries []entry
	for i := 0; dec.More(); i++ {
		here := elementAt(at, i)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			d.problem(here, fact.Malformed, "%w; this entry and all after it are lost", err)
			d.facts = append(d.facts, fact.LostNetworks{Origin: here})
			return entries
		}
		if e, ok := d.entry(raw, here, i); ok {
			entries = append(entries, e)
		}
	}
	if _, err := dec.Token(); err != nil {
		end := elementAt(at, len(entries))
		d.problem(end, fact.Malformed, "the JSON array is cut off")
		d.facts = append(d.facts, fact.LostNetworks{Origin: end})
	} else if dec.More() {
		d.problem(at, fact.Malformed, "more text after the JSON array, which is not used")
	}
	return entries
}

func (d *decoder) entry(raw json.RawMessage, at fact.Origin, index int) (entry, bool) {
	e := entry{at: at, index: index}
	var deviceInfo json.RawMessage
	bad, ok := d.members(raw, at, map[string]any{
		"name":        &e.status.Name,
		"interface":   &e.status.Interface,
		"ips":         &e.status.IPs,
		"mac":         &e.status.Mac,
		"mtu":         &e.status.Mtu,
		"default":     &e.status.Default,
		"gateway":     &e.status.Gateway,
		"device-info": &deviceInfo,
	})
	if !ok {
		d.facts = append(d.facts, fact.LostNetworks{Origin: at})
		return entry{}, false
	}
	e.doubtful = bad["default"]
	if len(deviceInfo) > 0 && string(deviceInfo) != "null" {
		e.status.DeviceInfo = d.deviceInfo(deviceInfo, at.At(".device-info"))
	}
	return e, true
}

func (d *decoder) deviceInfo(raw json.RawMessage, at fact.Origin) *nadv1.DeviceInfo {
	info := &nadv1.DeviceInfo{}
	d.members(raw, at, map[string]any{
		"type":       &info.Type,
		"pci":        &info.Pci,
		"vdpa":       &info.Vdpa,
		"vhost-user": &info.VhostUser,
		"memif":      &info.Memif,
	})
	return info
}

// members decodes the members of a JSON object that into names, and sets to
// their zero value those that are of the wrong type, which it reports and
// returns. It is not ok if raw is no object at all.
func (d *decoder) members(raw json.RawMessage, at fact.Origin, into map[string]any) (bad map[string]bool, ok bool) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		d.problem(at, fact.Malformed, "not a JSON object")
		return nil, false
	}
	bad = map[string]bool{}
	for name, target := range into {
		value, found := object[name]
		if !found {
			continue
		}
		if err := json.Unmarshal(value, target); err != nil {
			reflect.ValueOf(target).Elem().SetZero()
			d.problem(at.At("."+name), fact.Malformed, "%w", wrongType(err))
			bad[name] = true
		}
	}
	return bad, true
}

// wrongType says what the JSON has, rather than which Go type it does not fit.
func wrongType(err error) error {
	if typeErr, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("a JSON %s is not what belongs here", typeErr.Value)
	}
	return err
}

// addrs reads addresses, with or without a prefix length. The library that
// writes the annotation renders a gateway that is absent as "<nil>".
func (d *decoder) addrs(texts []string, at fact.Origin) []netip.Addr {
	var addrs []netip.Addr
	for i, text := range texts {
		text = strings.TrimSpace(text)
		if text == "" || text == "<nil>" {
			continue
		}
		addr, err := netip.ParseAddr(text)
		if prefix, prefixErr := netip.ParsePrefix(text); prefixErr == nil {
			addr, err = prefix.Addr(), nil
		}
		if err != nil {
			d.problem(at.At("["+strconv.Itoa(i)+"]"), fact.Malformed, "%.100q is not an IP address", text)
			continue
		}
		addrs = append(addrs, addr)
	}
	return addrs
}

// mac gives a hardware address its usual form. InfiniBand's have 20 bytes.
func (d *decoder) mac(text string, at fact.Origin) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	mac, err := net.ParseMAC(text)
	if err != nil {
		d.problem(at, fact.Malformed, "%.100q is not a hardware address", text)
		return ""
	}
	return mac.String()
}
