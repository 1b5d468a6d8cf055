package render

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"text/template"

	"github.com/podnet/podnet/lib/podnet"
)

// functions are the functions that templates can call. docs/reference/templates.md lists
// them.
func (r *renderer) functions() template.FuncMap {
	return template.FuncMap{
		guardName: write,

		// Look-up.
		"interface":  r.interfaceDoc,
		"interfaces": r.interfaceDocs,
		"network":    r.networkDocs,
		"device":     r.deviceDoc,
		"resource":   r.resourceDocs,
		"has":        r.has,

		// Values that have to be there.
		"required": required,
		"get":      get,
		"default":  orDefault,
		"fail":     fail,
		"numa":     r.numa,
		"mtu":      r.mtu,
		"mac":      r.mac,
		"ipv4":     r.address("IPv4 address", netip.Addr.Is4, func(i *podnet.Interface) []netip.Addr { return i.IPs }),
		"ipv6":     r.address("IPv6 address", netip.Addr.Is6, func(i *podnet.Interface) []netip.Addr { return i.IPs }),
		"gateway":  r.address("gateway", netip.Addr.IsValid, func(i *podnet.Interface) []netip.Addr { return i.Gateways }),

		// CPUs and lcores.
		"cpus":       r.cpus,
		"mainCPU":    r.mainCPU,
		"workerCPUs": r.workerCPUs,
		"cpusOn":     r.cpusOn,
		"lcores":     r.lcores,
		"ranges":     ranges,
		"mask":       mask,
		"join":       join,

		// DPDK.
		"ports":     r.ports,
		"ealArgs":   r.ealArgs,
		"queues":    r.queues,
		"hugepages": r.hugepages,
		"memoryMiB": r.memoryMiB,
		"nodeMiB":   r.nodeMiB,
		"trexPairs": r.trexPairs,
		"path":      r.path,

		// Counting.
		"next":   func(n int) int { return n + 1 },
		"other":  func(n int) int { return n ^ 1 },
		"double": func(n int) int { return 2 * n },

		// RDMA.
		"rdma":      r.rdma,
		"gidIndex":  r.gidIndex,
		"rdmaPorts": rdmaPorts,

		// Quotes.
		"yaml":  quoteYAML,
		"json":  quoteJSON,
		"shell": quoteShell,
		"vpp":   quoteVPP,
	}
}

// one finds the one interface that a name stands for, or that a document is of.
func (r *renderer) one(v any) (*podnet.Interface, error) {
	var name string
	switch v := v.(type) {
	case string:
		name = v
	case map[string]any:
		name, _ = v["name"].(string)
	default:
		return nil, fmt.Errorf("want an interface or its name, not a value of type %T", v)
	}
	found, err := r.pod.Lookup(name)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, lacks(name, podnet.CodeNoSuchInterface, "it stands for no interface", "name one")
	case len(found) > 1:
		return nil, lacks(name, podnet.CodeAmbiguous, fmt.Sprintf("%d interfaces or devices have this name", len(found)),
			"name one of "+names(found)+", or range over {{interfaces}}")
	}
	return found[0], nil
}

func names(list []*podnet.Interface) string {
	const most = 20
	var texts []string
	for _, i := range list {
		texts = append(texts, fmt.Sprintf("%.100q", i.Name))
	}
	if len(texts) > most {
		texts = append(texts[:most], fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(texts, ", ")
}

// lacks is the error about an interface.
func lacks(name string, code podnet.Code, message, remedy string) error {
	return &podnet.InterfaceError{Interface: name, Problem: podnet.Problem{
		Code: code, Message: message, Remedy: remedy, Transient: code.Transient(),
	}}
}

func documents(list []*podnet.Interface) ([]any, error) {
	docs := []any{}
	for _, i := range list {
		doc, err := document(i)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

func (r *renderer) interfaceDoc(name any) (any, error) {
	i, err := r.one(name)
	if err != nil {
		return nil, err
	}
	return document(i)
}

// interfaceDocs gives all interfaces of these names; without names, those that
// DPDK gets.
func (r *renderer) interfaceDocs(asked ...string) ([]any, error) {
	if len(asked) == 0 {
		dpdk, err := r.dpdk()
		if err != nil {
			return nil, err
		}
		for _, port := range dpdk.ports {
			asked = append(asked, port.Interface)
		}
	}
	var all []*podnet.Interface
	for _, name := range asked {
		found, err := r.pod.Lookup(name)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return documents(all)
}

// networkDocs gives the interfaces on a network, at least one.
func (r *renderer) networkDocs(name string) ([]any, error) {
	var found []*podnet.Interface
	for n := range r.pod.Interfaces {
		i := &r.pod.Interfaces[n]
		_, short, _ := strings.Cut(i.Network, "/")
		if name != "" && (i.Network == name || short == name) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return nil, lacks(name, podnet.CodeNoSuchInterface, "no interface of the pod is on a network of this name", "see what there is with inspect")
	}
	return documents(found)
}

// deviceDoc gives the interface, or the device on no network, of a PCI address.
func (r *renderer) deviceDoc(address string) (any, error) {
	i, err := r.one(address)
	if err != nil {
		return nil, err
	}
	if i.PCI == nil && i.VDPA == nil {
		return nil, lacks(address, podnet.CodeNoSuchInterface, "it is not the address of a PCI device", "use interface for other names")
	}
	return document(i)
}

// resourceDocs gives the devices of a resource, at least one.
func (r *renderer) resourceDocs(name string) ([]any, error) {
	found, err := r.pod.Lookup(name)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(found, func(i *podnet.Interface) bool { return i.PCI == nil && i.VDPA == nil }) || len(found) == 0 {
		return nil, lacks(name, podnet.CodeNoSuchInterface, "it is not a resource with devices", "use interface for other names")
	}
	return documents(found)
}

// has reports whether a name stands for something.
func (r *renderer) has(name string) bool {
	found, err := r.pod.Lookup(name)
	return err == nil && len(found) > 0
}

// required gives a value, or fails with the message.
func required(message string, v any) (any, error) {
	if v == nil || v == "" {
		return nil, missing(message, "")
	}
	return v, nil
}

// get gives a member of a document by its path, or nil if there is none.
func get(doc any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, ok := doc.(map[string]any)
		if !ok {
			return nil
		}
		doc = object[name]
	}
	return doc
}

// orDefault gives v, or d in its place if the pod has none.
func orDefault(d, v any) any {
	if v == nil || v == "" {
		return d
	}
	return v
}

// fail ends with a message.
func fail(message string) (Text, error) { return Text{}, missing(message, "") }

func (r *renderer) numa(v any) (int, error) {
	i, err := r.one(v)
	if err != nil {
		return 0, err
	}
	switch {
	case i.PCI != nil && i.PCI.NUMANode != nil:
		return *i.PCI.NUMANode, nil
	case i.VDPA != nil && i.VDPA.NUMANode != nil:
		return *i.VDPA.NUMANode, nil
	}
	return 0, lacks(i.Name, podnet.CodeMissing, "the NUMA node of its device is not known", "use get and default")
}

func (r *renderer) mtu(v any) (int, error) {
	i, err := r.one(v)
	if err == nil && i.MTU == 0 {
		err = lacks(i.Name, podnet.CodeMissing, "its MTU is not known", "set mtu in its network, or use get and default")
	}
	if err != nil {
		return 0, err
	}
	return i.MTU, nil
}

func (r *renderer) mac(v any) (string, error) {
	i, err := r.one(v)
	if err == nil && i.MAC == "" {
		err = lacks(i.Name, podnet.CodeMissing, "its MAC address is not known", "see that the network's status has it")
	}
	if err != nil {
		return "", err
	}
	return i.MAC, nil
}

// address gives a function for the first of an interface's addresses that is of
// a kind.
func (r *renderer) address(what string, is func(netip.Addr) bool, of func(*podnet.Interface) []netip.Addr) func(any) (string, error) {
	return func(v any) (string, error) {
		i, err := r.one(v)
		if err != nil {
			return "", err
		}
		list := of(i)
		if n := slices.IndexFunc(list, is); n >= 0 {
			return list[n].String(), nil
		}
		return "", lacks(i.Name, podnet.CodeMissing, "it has no "+what, "")
	}
}
