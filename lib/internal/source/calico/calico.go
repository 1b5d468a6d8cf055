// Package calico reads the annotations that ask Calico's VPP for memif
// interfaces. VPP is the server of each, on an abstract socket of the pod's
// network namespace, and the pod is the client with id 0.
package calico

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotations' keys.
const (
	// PortsKey lists the ports whose packets go to a memif beside the default
	// network's netdev.
	PortsKey = "cni.projectcalico.org/vppExtraMemifPorts"
	// PortsSpecKey describes that memif.
	PortsSpecKey = "cni.projectcalico.org/vppExtraMemifSpec"
	// InterfacesKey describes further interfaces, by their names.
	InterfacesKey = "cni.projectcalico.org/vppInterfacesSpec"
)

const (
	// Prefix is how the names of interfaces begin that VPP makes memifs.
	Prefix = "memif"
	// extraName is the name of the default network's memif, by which its socket
	// is called.
	extraName   = "memif-eth0"
	extraSocket = "@vpp/" + extraName
)

// Socket is the abstract socket of an interface.
func Socket(iface string) string { return "@" + iface }

// Parse gives a fact.MemifInterface for each memif that the annotations ask for.
func Parse(annotations map[string]fact.Text) []fact.Fact {
	d := decoder{}
	d.interfaces(annotations[InterfacesKey])
	d.extra(annotations[PortsKey], annotations[PortsSpecKey])
	return d.facts
}

// decoder collects facts.
type decoder struct{ facts []fact.Fact }

func (d *decoder) problem(at fact.Origin, format string, args ...any) {
	d.facts = append(d.facts, fact.Problemf(at, fact.Malformed, format, args...))
}

// object decodes a JSON object.
func (d *decoder) object(text string, at fact.Origin) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = errors.New("not a JSON object")
		}
		d.problem(at, "%w", err)
	}
	return members
}

// interfaces reads {"memif-eth1":{"rx":1,"tx":2,"isl3":false}}.
func (d *decoder) interfaces(text fact.Text) {
	if strings.TrimSpace(text.Value) == "" {
		return
	}
	members := d.object(text.Value, text.Origin)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !strings.HasPrefix(name, Prefix) {
			continue // a tun or tap device, with its queues
		}
		if !fact.IsInterfaceName(name) {
			d.problem(text.Origin, "%.100q cannot be an interface's name", name)
			continue
		}
		at := text.At("[" + name + "]")
		d.add(name, Socket(name), false, at, d.mode(string(members[name]), at))
	}
}

// extra reads the default network's memif.
func (d *decoder) extra(ports, spec fact.Text) {
	if strings.TrimSpace(ports.Value) == "" {
		return
	}
	mode := origin{}
	if strings.TrimSpace(spec.Value) != "" {
		mode = d.mode(spec.Value, spec.Origin)
	}
	d.add(extraName, extraSocket, true, ports.Origin, mode)
}

// origin is a text and where it was read.
type origin struct {
	text string
	at   fact.Origin
}

// mode tells whether a memif carries Ethernet frames or IP packets.
func (d *decoder) mode(text string, at fact.Origin) origin {
	members := d.object(text, at)
	raw, ok := members["isl3"]
	if !ok {
		return origin{}
	}
	var isL3 bool
	if err := json.Unmarshal(raw, &isL3); err != nil {
		d.problem(at.At(".isl3"), "neither true nor false")
		return origin{}
	}
	if isL3 {
		return origin{"ip", at.At(".isl3")}
	}
	return origin{"ethernet", at.At(".isl3")}
}

func (d *decoder) add(name, socket string, extra bool, at fact.Origin, mode origin) {
	d.facts = append(d.facts, fact.MemifInterface{Origin: at, Interface: name, Extra: extra, Memif: fact.Memif{
		Path: socket, PathAt: at, Role: fact.Client, RoleAt: at, Mode: mode.text, ModeAt: mode.at,
	}})
}
