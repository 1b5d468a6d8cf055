// Package netstatus reads the annotations that tell a pod's networks: the
// network-status annotation, in which the multi-network CNI plugin reports them
// and their devices, the networks annotation, in which the pod asked for them
// (Kubernetes Network Custom Resource Definition De-facto Standard, sections 5
// and 4), and KubeVirt's own form of the first.
package netstatus

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotation's key, and the one that Multus before 3.4.1 wrote alone and
// before 4.0 wrote too.
const (
	Key       = "k8s.v1.cni.cncf.io/network-status"
	LegacyKey = "k8s.v1.cni.cncf.io/networks-status"
)

// Parse gives the facts in a pod's annotations: one fact.Network for each entry
// of network-status that can be read, one fact.Selection for each network that
// the pod asked for, and one fact.NetworkInfo for each of KubeVirt's.
func Parse(annotations map[string]fact.Text) []fact.Fact {
	d := decoder{}
	d.status(annotations)
	d.selections(annotations)
	d.networkInfo(annotations)
	return d.facts
}

// decoder collects facts.
type decoder struct{ facts []fact.Fact }

func (d *decoder) problem(at fact.Origin, code fact.Code, format string, args ...any) {
	d.facts = append(d.facts, fact.Problemf(at, code, format, args...))
}

// lose reports networks that cannot be read.
func (d *decoder) lose(at fact.Origin, format string, args ...any) {
	d.problem(at, fact.Malformed, format, args...)
	d.facts = append(d.facts, fact.LostNetworks{Origin: at})
}

func elementAt(at fact.Origin, index int) fact.Origin {
	return fact.Origin{Source: at.Source, Where: at.Where + "[" + strconv.Itoa(index) + "]"}
}

// status reads network-status, under the one key or the other.
func (d *decoder) status(annotations map[string]fact.Text) {
	text, found := annotations[Key]
	legacy, foundLegacy := annotations[LegacyKey]
	asked := strings.TrimSpace(annotations[SelectionKey].Value) != ""
	there := found || foundLegacy
	if asked {
		found, foundLegacy = found && !isEmpty(text), foundLegacy && !isEmpty(legacy)
	}
	switch {
	case !found && !foundLegacy:
		why := "no such annotation, and no " + SelectionKey + ": the pod asks for no network beside its default one"
		switch {
		case there:
			why = "it is empty (yet): Multus writes a list once it has attached the networks"
		case asked:
			why = "no such annotation (yet): kubelet writes it a while after the container has started"
		}
		d.problem(fact.Origin{Source: fact.Annotation, Where: Key}, fact.NoStatus, "%s", why)
		return
	case !found:
		text = legacy
	case foundLegacy && !sameJSON(text.Value, legacy.Value):
		d.problem(legacy.Origin, fact.Conflict, "differs from %s, which is used", Key)
	}
	if text.Lost {
		d.facts = append(d.facts, fact.LostNetworks{Origin: text.Origin})
		return
	}
	before := len(d.facts)
	d.entries(text)
	if len(d.facts) == before {
		d.problem(text.Origin, fact.NoNetworks, "no networks in it")
	}
}

// isEmpty reports whether an annotation has no text. Where networks are asked for
// that is not a status: it stands there before Multus writes its list, which has the
// default network at least, or after it has taken the networks down.
func isEmpty(text fact.Text) bool { return !text.Lost && strings.TrimSpace(text.Value) == "" }

func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var compactA, compactB bytes.Buffer
	return json.Compact(&compactA, []byte(a)) == nil && json.Compact(&compactB, []byte(b)) == nil &&
		bytes.Equal(compactA.Bytes(), compactB.Bytes())
}

// network makes a fact of an entry, and reports what in it makes no sense.
func (d *decoder) network(e entry, at fact.Origin, index int) {
	if e.Name == "" && e.Interface == "" && e.MAC == "" && len(e.IPs) == 0 && e.DeviceInfo == nil {
		d.lose(at, "nothing in it that tells a network")
		return
	}
	n := fact.Network{
		Origin:        at,
		Index:         index,
		Name:          e.Name,
		Interface:     e.Interface,
		Default:       e.Default,
		MAC:           d.mac(e.MAC, at),
		MTU:           e.MTU,
		IPs:           d.addrs(e.IPs, at, ".ips"),
		Gateways:      d.addrs(e.Gateways, at, e.gatewayKey),
		DNS:           dns(e.DNS),
		HasDeviceInfo: e.DeviceInfo != nil,
		Doubtful:      e.doubtful,
	}
	if e.MTU < 0 {
		n.MTU = 0
		d.problem(at.At(".mtu"), fact.Malformed, "%d is not an MTU", e.MTU)
	}
	if len(n.Gateways) > 0 {
		n.GatewayAt = e.gatewayKey
	}
	if e.DeviceInfo != nil {
		n.DeviceAt, n.DeviceType, n.DeviceVersion = e.deviceKey, e.DeviceInfo.Type, e.DeviceInfo.Version
		n.Device = d.device(e.DeviceInfo, at, e.deviceKey)
	}
	d.facts = append(d.facts, n)
}

// dns gives what the CNI plugin said, which writes an empty object for nothing.
func dns(said fact.DNS) *fact.DNS {
	if len(said.Nameservers) == 0 && said.Domain == "" && len(said.Search) == 0 && len(said.Options) == 0 {
		return nil
	}
	return &said
}
