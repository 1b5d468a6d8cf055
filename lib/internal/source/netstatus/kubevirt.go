package netstatus

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotations in which KubeVirt tells a virtual machine's launcher of its
// networks' devices, the newer one and the older one.
const (
	NetworkInfoKey   = "kubevirt.io/network-info"
	NetworkPCIMapKey = "kubevirt.io/network-pci-map"
)

func (d *decoder) networkInfo(annotations map[string]fact.Text) {
	if text := annotations[NetworkInfoKey]; !blank(text.Value) {
		d.virtualInterfaces(text)
	}
	if text := annotations[NetworkPCIMapKey]; !blank(text.Value) {
		d.virtualPCIMap(text)
	}
}

// blank reports whether an annotation says nothing.
func blank(value string) bool {
	value = strings.TrimSpace(value)
	return value == "" || value == "null"
}

// virtualInterfaces reads {"interfaces":[{"network":..,"deviceInfo":{..},"mac":..}]}.
func (d *decoder) virtualInterfaces(text fact.Text) {
	w := d.wire(text.Value)
	ok, err := w.object(text.Origin, func(name []byte) error {
		if string(name) != "interfaces" {
			return w.SkipValue()
		}
		at := text.At(".interfaces")
		switch w.PeekKind() {
		case 'n':
			return w.SkipValue()
		case '[':
		default:
			d.facts = append(d.facts, fact.LostNetworks{Origin: at})
			return w.wrong(at)
		}
		if _, err := w.ReadToken(); err != nil {
			return err
		}
		for index := 0; w.PeekKind() != ']'; index++ {
			if err := w.virtualInterface(elementAt(at, index), index); err != nil {
				return err
			}
		}
		_, err := w.ReadToken()
		return err
	})
	switch {
	case err != nil:
		d.lose(text.Origin, "%w; the text behind it is lost", err)
	case !ok:
		d.facts = append(d.facts, fact.LostNetworks{Origin: text.Origin})
	}
}

func (w wire) virtualInterface(at fact.Origin, index int) error {
	n := fact.NetworkInfo{Origin: at, Index: index}
	var mac string
	var info *deviceInfo
	key := ""
	ok, err := w.network(at, func(name []byte) error {
		switch string(name) {
		case "network":
			return w.text(&n.Network, at, ".network")
		case "mac":
			return w.text(&mac, at, ".mac")
		case "mtu":
			return w.number(&n.MTU, at, ".mtu")
		case "deviceInfo", "device-info": // the second so in the proposal's text
			if w.PeekKind() == 'n' || key == ".deviceInfo" {
				return w.SkipValue()
			}
			key = "." + string(name)
			return w.deviceInfo(&info, at, key)
		}
		return w.SkipValue()
	})
	switch {
	case !ok:
		return err
	case n.Network == "" && mac == "" && info == nil:
		w.d.lose(at, "nothing in it that tells a network")
		return nil
	}
	if n.MTU < 0 {
		w.d.problem(at.At(".mtu"), fact.Malformed, "%d is not an MTU", n.MTU)
		n.MTU = 0
	}
	n.MAC = w.d.mac(mac, at)
	if info != nil {
		n.Device = w.d.device(info, at, key)
	}
	w.d.facts = append(w.d.facts, n)
	return nil
}

// virtualPCIMap reads {"<network>":"<address>"}, in the order of the names.
func (d *decoder) virtualPCIMap(text fact.Text) {
	w := d.wire(text.Value)
	addresses := map[string]string{}
	ok, err := w.object(text.Origin, func(member []byte) error {
		name, before := string(member), len(d.facts)
		var address string
		if err := w.text(&address, text.Origin, "."+place(name)); err != nil {
			return err
		}
		if len(d.facts) > before {
			d.facts = append(d.facts, fact.LostNetworks{Origin: text.At("." + place(name))})
			return nil
		}
		addresses[name] = address
		return nil
	})
	switch {
	case err != nil:
		d.lose(text.Origin, "%w; the text behind it is lost", err)
	case !ok:
		d.facts = append(d.facts, fact.LostNetworks{Origin: text.Origin})
	}
	for i, network := range slices.Sorted(maps.Keys(addresses)) {
		at := text.At("." + place(network))
		n := fact.NetworkInfo{Origin: at, Index: i, Network: network}
		if address := d.pciAddress(addresses[network], at, ""); !address.IsZero() {
			n.Device = fact.PCIDevice{Origin: at, Address: address}
		}
		d.facts = append(d.facts, n)
	}
}

// place is a name as the part of a place, where it cannot be long, nor look like
// anything else.
func place(name string) string {
	if isObjectName(name) {
		return name
	}
	return fmt.Sprintf("%.100q", name)
}
