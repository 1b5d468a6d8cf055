package dra

import (
	"encoding/json"
	"maps"
	"net"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// device is one device of the metadata.
type device struct {
	Driver      string                     `json:"driver"`
	Name        string                     `json:"name"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
	NetworkData networkData                `json:"networkData"`
}

// networkData is what the driver tells of the device's interface. It has the members'
// names in the API, and their names in the proposal's text.
type networkData struct {
	InterfaceName   string   `json:"interfaceName"`
	IPs             []string `json:"ips"`
	Addresses       []string `json:"addresses"`
	HardwareAddress string   `json:"hardwareAddress"`
	HWAddress       string   `json:"hwAddress"`
}

// cniDeviceID is the attribute that is an address, or the name of an auxiliary
// device.
const cniDeviceID = "k8s.cni.cncf.io/deviceID"

// The attributes that have the device's address, the standard one first.
var addressKeys = []string{
	"resource.kubernetes.io/pciBusID",
	"resource.k8s.io/pciBusID",
	sriovDriver + "/pciAddress",
	cniDeviceID,
}

// reader makes a fact of a device.
type reader struct {
	device
	at       fact.Origin
	problems []fact.Fact
}

func (r *reader) problem(part string, code fact.Code, format string, args ...any) {
	r.problems = append(r.problems, fact.Problemf(r.at.At(part), code, format, args...))
}

// read is not ok for a device that has nothing to do with networks, as far as it
// says.
func (r *reader) read(claim string) (c fact.ClaimedDevice, ok bool) {
	c = fact.ClaimedDevice{Origin: r.at, Claim: claim, Driver: r.Driver, ID: r.Name}
	c.Address, c.Auxiliary = r.address()
	c.PF = r.pf()
	c.Resource = r.resource()
	r.details(&c)
	c.MAC, c.MACAt = r.mac()
	for _, member := range []struct {
		texts []string
		part  string
	}{
		{r.NetworkData.IPs, ".networkData.ips"},
		{r.NetworkData.Addresses, ".networkData.addresses"},
	} {
		ips := r.ips(member.texts, member.part)
		if len(c.IPs) == 0 && len(ips) > 0 {
			c.IPsAt = r.at.At(member.part)
		}
		c.IPs = append(c.IPs, ips...)
	}
	c.IPs = unique(c.IPs)
	ok = !c.Address.IsZero() || c.Auxiliary != "" || c.Interface != "" || c.MAC != "" || len(c.IPs) > 0
	return c, ok
}

// address finds the device's address, or its name on the auxiliary bus.
func (r *reader) address() (address pciaddr.Address, auxiliary string) {
	for _, key := range addressKeys {
		text := r.attribute(key)
		if text == "" {
			continue
		}
		a, err := pciaddr.Parse(text)
		switch {
		case err == nil && address.IsZero():
			address = a
		case err == nil && a != address:
			r.problem(attributePart(key), fact.Conflict, "%s, but another attribute says %s, which is used", a, address)
		case err != nil && key == cniDeviceID && fact.IsAuxiliary(text):
			auxiliary = text
		case err != nil:
			r.problem(attributePart(key), fact.Malformed, "%.100q is not a PCI address", text)
		}
	}
	if !address.IsZero() {
		return address, "" // an auxiliary device's attribute may be its function's
	}
	if auxiliary == "" && r.Driver == sriovDriver {
		// The driver makes the name of the address: 0000-05-10-2.
		if fields := strings.Split(r.Name, "-"); len(fields) == 4 {
			address, _ = pciaddr.Parse(strings.Join(fields[:3], ":") + "." + fields[3])
		}
	}
	return address, auxiliary
}

// details reads what the drivers' attributes say beside the address.
func (r *reader) details(c *fact.ClaimedDevice) {
	if c.Interface = strings.TrimSpace(r.NetworkData.InterfaceName); c.Interface != "" {
		c.InterfaceAt = r.at.At(".networkData.interfaceName")
	} else if name := r.attribute(interfaceKey); fact.IsInterfaceName(name) {
		c.Interface, c.InterfaceAt = name, r.at.At(attributePart(interfaceKey))
	} else if name != "" {
		r.problem(attributePart(interfaceKey), fact.Malformed, "%.100q cannot be an interface's name", name)
	}
	if key := sriovDriver + "/linkType"; strings.EqualFold(r.attribute(key), "infiniband") {
		c.InfiniBandAt = r.at.At(attributePart(key))
	}
	c.VFIndex, c.VFIndexAt = r.integer(sriovDriver + "/vfID")
	c.NUMANode, c.NUMANodeAt = r.integer("dra.net/numaNode")
}

// interfaceKey is the attribute by which the SR-IOV driver names the interface.
const interfaceKey = sriovDriver + "/interfaceName"

// integer gives an attribute's value if it is a whole number that is not
// negative.
func (r *reader) integer(key string) (*int, fact.Origin) {
	raw, found := r.Attributes[key]
	if !found {
		return nil, fact.Origin{}
	}
	var value struct {
		Int *int32 `json:"int"`
	}
	if err := json.Unmarshal(raw, &value); err != nil || value.Int == nil {
		r.problem(attributePart(key), fact.Malformed, "not a value of the form {\"int\": 1}")
		return nil, fact.Origin{}
	}
	if *value.Int < 0 {
		return nil, fact.Origin{} // as the kernel says for none
	}
	n := int(*value.Int)
	return &n, r.at.At(attributePart(key))
}

func (r *reader) pf() pciaddr.Address {
	key, text := r.attributeOf("pfPciAddress")
	if text == "" {
		return pciaddr.Address{}
	}
	address, err := pciaddr.Parse(text)
	if err != nil {
		r.problem(attributePart(key), fact.Malformed, "%.100q is not a PCI address", text)
	}
	return address
}

func (r *reader) resource() string {
	_, text := r.attributeOf("resourceName")
	return fact.ResourceKey(text)
}

// attribute gives an attribute's value if it is a string or a version, without
// the blanks around it.
func (r *reader) attribute(key string) string {
	raw, found := r.Attributes[key]
	if !found {
		return ""
	}
	var value struct {
		String  *string `json:"string"`
		Version *string `json:"version"`
	}
	err := json.Unmarshal(raw, &value)
	switch {
	case err == nil && value.String != nil:
		return strings.TrimSpace(*value.String)
	case err == nil && value.Version != nil:
		return strings.TrimSpace(*value.Version)
	}
	r.problem(attributePart(key), fact.Malformed, "not a value of the form {\"string\": \"text\"}")
	return ""
}

// attributeOf gives the attribute of this name in the CNI's domain, or else in any
// driver's.
func (r *reader) attributeOf(name string) (key, text string) {
	key = "k8s.cni.cncf.io/" + name
	if text = r.attribute(key); text != "" {
		return key, text
	}
	var keys []string
	for other := range maps.Keys(r.Attributes) {
		if other != key && path.Base(other) == name {
			keys = append(keys, other)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if text := r.attribute(key); text != "" {
			return key, text
		}
	}
	return "", ""
}

// attributePart is the place of an attribute in its device. The API allows
// shorter keys only; a longer one that is not an attribute's is cut.
func attributePart(key string) string {
	const limit = 200
	return ".attributes[" + key[:min(len(key), limit)] + "]"
}

// mac gives a hardware address its usual form, and the member that has it.
func (r *reader) mac() (string, fact.Origin) {
	part, text := ".networkData.hardwareAddress", strings.TrimSpace(r.NetworkData.HardwareAddress)
	if text == "" {
		part, text = ".networkData.hwAddress", strings.TrimSpace(r.NetworkData.HWAddress)
	}
	if text == "" {
		return "", fact.Origin{}
	}
	mac, err := net.ParseMAC(text)
	if err != nil {
		r.problem(part, fact.Malformed, "%.100q is not a hardware address", text)
		return "", fact.Origin{}
	}
	return mac.String(), r.at.At(part)
}

// ips reads addresses, with or without a prefix length.
func (r *reader) ips(texts []string, part string) []netip.Addr {
	var addrs []netip.Addr
	for i, text := range texts {
		text = strings.TrimSpace(text)
		addr, err := netip.ParseAddr(text)
		if prefix, prefixErr := netip.ParsePrefix(text); prefixErr == nil {
			addr, err = prefix.Addr(), nil
		}
		if err != nil {
			r.problem(part+"["+strconv.Itoa(i)+"]", fact.Malformed, "%.100q is not an IP address", text)
			continue
		}
		addrs = append(addrs, addr)
	}
	return addrs
}

// unique leaves out what a list has before.
func unique(addrs []netip.Addr) []netip.Addr {
	seen := make(map[netip.Addr]bool, len(addrs))
	return slices.DeleteFunc(addrs, func(a netip.Addr) bool {
		twice := seen[a]
		seen[a] = true
		return twice
	})
}
