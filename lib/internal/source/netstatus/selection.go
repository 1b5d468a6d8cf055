package netstatus

import (
	"errors"
	"fmt"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// The annotations in which a pod asks for networks. The second, of Multus alone,
// replaces the cluster's default network and has one element.
const (
	SelectionKey      = "k8s.v1.cni.cncf.io/networks"
	DefaultNetworkKey = "v1.multus-cni.io/default-network"
)

// selection is what we use of an element in the JSON form. The client library's
// type has no deviceID, and would fail on members that podnet does not need.
type selection struct {
	Name             string
	Namespace        string
	Interface        string
	InterfaceRequest string // Interface's name before Multus 3.2
	DeviceID         string
}

func (d *decoder) selections(annotations map[string]fact.Text) {
	d.facts = append(d.facts, d.selected(annotations[SelectionKey])...)

	text := annotations[DefaultNetworkKey]
	switch facts := d.selected(text); len(facts) {
	case 0:
	case 1:
		s := facts[0].(fact.Selection)
		s.Default = true
		d.facts = append(d.facts, s)
	default:
		d.problem(text.Origin, fact.Malformed, "%d networks, and there is one default network: none is used", len(facts))
	}
}

// selected reads an annotation in either form. As Multus does, it takes for JSON
// what has one of the characters that a list of names cannot have.
func (d *decoder) selected(text fact.Text) []fact.Fact {
	value := strings.TrimSpace(text.Value)
	switch {
	case value == "":
		return nil
	case strings.ContainsAny(value, `[{"`):
		return d.selectedJSON(fact.Text{Origin: text.Origin, Value: value})
	}
	var facts []fact.Fact
	index := 0
	for item := range strings.SplitSeq(value, ",") {
		at := elementAt(text.Origin, index)
		if s, err := parseSelection(item); err != nil {
			d.problem(at, fact.Malformed, "%w", err)
		} else {
			facts = d.appendSelection(facts, s, at, index)
		}
		index++
	}
	return facts
}

// parseSelection reads one item of the short form, [namespace/]name[@interface].
// It does not check whether the names exist.
func parseSelection(item string) (selection, error) {
	var s selection
	item = strings.TrimSpace(item)
	if item == "" {
		return s, errors.New("no network here, between or behind commas")
	}
	rest, iface, named := strings.Cut(item, "@")
	if named {
		if s.Interface = strings.TrimSpace(iface); s.Interface == "" {
			return s, fmt.Errorf("%.100q has no interface behind the @", item)
		}
	}
	namespace, name, ok := strings.Cut(rest, "/")
	if !ok {
		namespace, name = "", rest
	} else if namespace = strings.TrimSpace(namespace); namespace == "" {
		return s, fmt.Errorf("%.100q has no namespace before the slash", item)
	}
	s.Namespace, s.Name = namespace, strings.TrimSpace(name)
	return s, nil
}

func (d *decoder) selectedJSON(text fact.Text) []fact.Fact {
	if strings.HasPrefix(text.Value, "{") {
		d.problem(text.Origin, fact.Malformed, "one JSON object, which Multus takes only inside an array")
		return nil
	}
	var facts []fact.Fact
	w := d.wire(text.Value)
	w.elements(text.Value, text.Origin, func(at fact.Origin, index int) error {
		var s selection
		null := w.PeekKind() == 'n'
		bad := 0 // members without which another network or interface would be meant
		ok, err := w.object(at, func(name []byte) error {
			if string(name) == "deviceID" {
				return w.text(&s.DeviceID, at, ".deviceID")
			}
			into := map[string]*string{
				"name": &s.Name, "namespace": &s.Namespace, "interface": &s.Interface, "interfaceRequest": &s.InterfaceRequest,
			}[string(name)]
			if into == nil {
				return w.SkipValue()
			}
			before := len(d.facts)
			err := w.text(into, at, ".", string(name))
			bad += len(d.facts) - before
			return err
		})
		switch {
		case err != nil:
			return err
		case null:
			d.problem(at, fact.Malformed, "null, not a JSON object")
		case ok && bad == 0:
			facts = d.appendSelection(facts, s, at, index)
		}
		return nil
	})
	return facts
}

// appendSelection appends the fact of an element whose names are names.
func (d *decoder) appendSelection(facts []fact.Fact, s selection, at fact.Origin, index int) []fact.Fact {
	if s.Interface == "" {
		s.Interface = s.InterfaceRequest
	}
	switch {
	case s.Name == "":
		d.problem(at, fact.Malformed, "no network's name")
	case !isObjectName(s.Name):
		d.problem(at, fact.Malformed, "%.100q cannot be a network's name", s.Name)
	case s.Namespace != "" && !isObjectName(s.Namespace):
		d.problem(at, fact.Malformed, "%.100q cannot be a namespace", s.Namespace)
	case s.Interface != "" && !fact.IsInterfaceName(s.Interface):
		d.problem(at, fact.Malformed, "%.100q cannot be an interface's name", s.Interface)
	default:
		facts = append(facts, fact.Selection{
			Origin: at, Index: index, Namespace: s.Namespace, Name: s.Name, Interface: s.Interface,
			DeviceID: strings.TrimSpace(s.DeviceID),
		})
	}
	return facts
}

// isObjectName reports whether Kubernetes takes name for an object's: lower case
// letters, digits, and '-' and '.' within.
func isObjectName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for i, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-', c == '.':
			if i == 0 || i == len(name)-1 {
				return false
			}
		default:
			return false
		}
	}
	return name != ""
}
