// Package gke reads the annotations in which Google Kubernetes Engine tells the
// interfaces of a pod on several networks.
package gke

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotations' keys.
const (
	InterfacesKey = "networking.gke.io/interfaces"
	DefaultKey    = "networking.gke.io/default-interface"
	PodIPsKey     = "networking.gke.io/pod-ips"
)

// maxInterfaces limits what is taken of a list.
const maxInterfaces = 1024

// Parse gives one fact.NamedInterface for each interface of the annotations.
func Parse(annotations map[string]fact.Text) []fact.Fact {
	d := decoder{}
	interfaces := d.interfaces(annotations[InterfacesKey])
	ips := d.podIPs(annotations[PodIPsKey])
	standard := annotations[DefaultKey]
	name := strings.TrimSpace(standard.Value)
	if name != "" && !fact.IsInterfaceName(name) {
		d.problem(standard.Origin, "%.100q cannot be an interface's name", name)
		name = ""
	}
	found := false
	for n := range interfaces {
		i := &interfaces[n]
		if i.Interface != "" && i.Interface == name {
			i.Default, i.DefaultAt, found = true, standard.Origin, true
		}
		for _, ip := range ips {
			if ip.network == i.Network && i.Network != "" {
				i.IPs, i.IPsAt = append(i.IPs, ip.addr), orOrigin(i.IPsAt, ip.at)
			}
		}
		d.facts = append(d.facts, *i)
	}
	if name != "" && !found {
		d.facts = append(d.facts, fact.NamedInterface{
			Origin: standard.Origin, Index: len(interfaces), Interface: name, Default: true, DefaultAt: standard.Origin,
		})
	}
	return d.facts
}

func orOrigin(at, otherwise fact.Origin) fact.Origin {
	if at.IsZero() {
		return otherwise
	}
	return at
}

// decoder collects facts.
type decoder struct{ facts []fact.Fact }

func (d *decoder) problem(at fact.Origin, format string, args ...any) {
	d.facts = append(d.facts, fact.Problemf(at, fact.Malformed, format, args...))
}

// list decodes an annotation that is a JSON list of objects.
func (d *decoder) list(text fact.Text) []map[string]json.RawMessage {
	if strings.TrimSpace(text.Value) == "" {
		return nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal([]byte(text.Value), &elements); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = errors.New("not a JSON list")
		}
		d.problem(text.Origin, "%w", err)
		return nil
	}
	if len(elements) > maxInterfaces {
		d.problem(text.Origin, "%d elements, of which the first %d are used", len(elements), maxInterfaces)
		elements = elements[:maxInterfaces]
	}
	objects := make([]map[string]json.RawMessage, len(elements))
	for n, raw := range elements {
		if err := json.Unmarshal(raw, &objects[n]); err != nil || objects[n] == nil {
			d.problem(element(text.Origin, n), "not a JSON object")
		}
	}
	return objects
}

func element(at fact.Origin, n int) fact.Origin { return at.At("[" + strconv.Itoa(n) + "]") }

// text reads a member that is a string.
func (d *decoder) text(object map[string]json.RawMessage, name string, at fact.Origin) string {
	raw, ok := object[name]
	if !ok {
		return ""
	}
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		d.problem(at.At("."+name), "not a string")
	}
	if text == nil {
		return ""
	}
	return strings.TrimSpace(*text)
}

// interfaces reads [{"interfaceName":"eth1","network":"blue"}].
func (d *decoder) interfaces(text fact.Text) []fact.NamedInterface {
	var interfaces []fact.NamedInterface
	for n, object := range d.list(text) {
		if object == nil {
			continue
		}
		at := element(text.Origin, n)
		i := fact.NamedInterface{Origin: at, Index: n, Interface: d.text(object, "interfaceName", at), Network: d.text(object, "network", at)}
		if i.Network != "" {
			i.NetworkAt = at.At(".network")
		}
		switch {
		case i.Interface == "" && i.Network == "":
			d.problem(at, "neither an interface's name nor a network's")
		case i.Interface != "" && !fact.IsInterfaceName(i.Interface):
			d.problem(at.At(".interfaceName"), "%.100q cannot be an interface's name", i.Interface)
		default:
			interfaces = append(interfaces, i)
		}
	}
	return interfaces
}

// podIP is an address that the pod has on a network.
type podIP struct {
	network string
	addr    netip.Addr
	at      fact.Origin
}

// podIPs reads [{"networkName":"blue","ip":"10.0.0.2"}].
func (d *decoder) podIPs(text fact.Text) []podIP {
	var ips []podIP
	for n, object := range d.list(text) {
		if object == nil {
			continue
		}
		at := element(text.Origin, n)
		ip := podIP{network: d.text(object, "networkName", at), at: at.At(".ip")}
		value := d.text(object, "ip", at)
		addr, ok := fact.ParseAddr(value)
		if !ok {
			d.problem(at.At(".ip"), "%w", fmt.Errorf("%.100q is not an IP address", value))
			continue
		}
		ip.addr = addr
		ips = append(ips, ip)
	}
	return ips
}
