// Package netstatus reads the network-status annotation, in which the
// multi-network CNI plugin reports the pod's networks and their devices
// (Kubernetes Network Custom Resource Definition De-facto Standard, section 5).
package netstatus

import (
	"bytes"
	"encoding/json"
	"strconv"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotation's key, and the one that Multus before 3.4.1 wrote alone and
// before 4.0 wrote too.
const (
	Key       = nadv1.NetworkStatusAnnot
	LegacyKey = "k8s.v1.cni.cncf.io/networks-status"
)

// Parse gives the facts in a pod's annotations: one fact.Network for each entry
// of network-status that can be read.
func Parse(annotations map[string]string) []fact.Fact {
	value, found := annotations[Key]
	legacy, foundLegacy := annotations[LegacyKey]
	at := fact.Origin{Source: fact.Annotation, Where: Key}
	var facts []fact.Fact
	switch {
	case !found && !foundLegacy:
		return []fact.Fact{fact.Problemf(at, fact.NoStatus,
			"no such annotation (yet): kubelet writes it a while after the container has started")}
	case !found:
		at.Where, value = LegacyKey, legacy
	case foundLegacy && !sameJSON(value, legacy):
		facts = append(facts, fact.Problemf(fact.Origin{Source: fact.Annotation, Where: LegacyKey}, fact.Conflict,
			"differs from %s, which is used", Key))
	}

	d := decoder{}
	for _, e := range d.decode(value, at) {
		if e.empty() {
			d.problem(e.at, fact.Malformed, "nothing in it that tells a network")
			d.facts = append(d.facts, fact.LostNetworks{Origin: e.at})
			continue
		}
		network := d.network(e)
		d.facts = append(d.facts, network)
	}
	if len(d.facts) == 0 {
		d.problem(at, fact.NoNetworks, "no networks in it")
	}
	return append(facts, d.facts...)
}

func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var compactA, compactB bytes.Buffer
	return json.Compact(&compactA, []byte(a)) == nil && json.Compact(&compactB, []byte(b)) == nil &&
		bytes.Equal(compactA.Bytes(), compactB.Bytes())
}

// decoder collects facts, which are problems until the last step.
type decoder struct{ facts []fact.Fact }

func (d *decoder) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	d.facts = append(d.facts, fact.Problemf(at, code, format, args...))
}

// entry is one network status as it was written.
type entry struct {
	at       fact.Origin
	index    int
	status   nadv1.NetworkStatus
	doubtful bool
}

// empty reports whether the entry is null, {} or of members that we do not know.
func (e entry) empty() bool {
	s := e.status
	return s.Name == "" && s.Interface == "" && s.Mac == "" && len(s.IPs) == 0 && s.DeviceInfo == nil
}

func elementAt(at fact.Origin, index int) fact.Origin {
	return at.At("[" + strconv.Itoa(index) + "]")
}

// network makes a fact of an entry, and reports what in it makes no sense.
func (d *decoder) network(e entry) fact.Network {
	n := fact.Network{
		Origin:        e.at,
		Index:         e.index,
		Name:          e.status.Name,
		Interface:     e.status.Interface,
		Default:       e.status.Default,
		MAC:           d.mac(e.status.Mac, e.at.At(".mac")),
		IPs:           d.addrs(e.status.IPs, e.at.At(".ips")),
		Gateways:      d.addrs(e.status.Gateway, e.at.At(".gateway")),
		HasDeviceInfo: e.status.DeviceInfo != nil,
		Doubtful:      e.doubtful,
	}
	if e.status.Mtu < 0 {
		d.problem(e.at.At(".mtu"), fact.Malformed, "%d is not an MTU", e.status.Mtu)
	} else {
		n.MTU = e.status.Mtu
	}
	if e.status.DeviceInfo != nil {
		n.Device = d.device(e.status.DeviceInfo, e.at.At(".device-info"))
	}
	return n
}
