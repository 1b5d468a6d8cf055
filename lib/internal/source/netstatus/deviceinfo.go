package netstatus

import (
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// deviceInfo reads device-info. Another value than an object says only that
// there is a device.
func (w wire) deviceInfo(into **deviceInfo, at fact.Origin, key string) error {
	info := &deviceInfo{}
	*into = info
	_, err := w.object(at, func(name []byte) error {
		var ok bool
		var err error
		switch string(name) {
		case "type":
			return w.text(&info.Type, at, key, ".type")
		case "version":
			return w.text(&info.Version, at, key, ".version")
		case "pci":
			dev := &pciDevice{}
			if ok, err = w.textMembers(at, key, ".pci", pciMember(dev)); ok {
				info.PCI = dev
			}
		case "vdpa":
			dev := &vdpaDevice{}
			if ok, err = w.textMembers(at, key, ".vdpa", vdpaMember(dev)); ok {
				info.VDPA = dev
			}
		case "vhost-user":
			dev := &vhostUser{}
			if ok, err = w.textMembers(at, key, ".vhost-user", vhostMember(dev)); ok {
				info.VhostUser = dev
			}
		case "memif":
			dev := &memif{}
			if ok, err = w.textMembers(at, key, ".memif", memifMember(dev)); ok {
				info.Memif = dev
			}
		default:
			return w.SkipValue()
		}
		return err
	}, key)
	return err
}

func pciMember(dev *pciDevice) func(name []byte) *string {
	return func(name []byte) *string {
		switch string(name) {
		case "pci-address":
			return &dev.Address
		case "vhost-net":
			return &dev.VhostNet
		case "rdma-device":
			return &dev.RDMA
		case "pf-pci-address":
			return &dev.PF
		case "representor-device":
			return &dev.Representor
		}
		return nil
	}
}

func vdpaMember(dev *vdpaDevice) func(name []byte) *string {
	return func(name []byte) *string {
		switch string(name) {
		case "parent-device":
			return &dev.Parent
		case "driver":
			return &dev.Driver
		case "path":
			return &dev.Path
		case "pci-address":
			return &dev.PCIAddress
		case "pf-pci-address":
			return &dev.PF
		case "representor-device":
			return &dev.Representor
		}
		return nil
	}
}

func vhostMember(dev *vhostUser) func(name []byte) *string {
	return func(name []byte) *string {
		switch string(name) {
		case "mode":
			return &dev.Mode
		case "path":
			return &dev.Path
		}
		return nil
	}
}

func memifMember(dev *memif) func(name []byte) *string {
	return func(name []byte) *string {
		switch string(name) {
		case "role":
			return &dev.Role
		case "path":
			return &dev.Path
		case "mode":
			return &dev.Mode
		}
		return nil
	}
}

// device reads device-info (Device Information Specification 1.1.0), which is
// the member key of the text at. It gives nil if that does not name the
// device.
func (d *decoder) device(info *deviceInfo, at fact.Origin, key string) fact.Device {
	kind := info.Type
	if kind == "" {
		if kind = d.inferType(info, at, key); kind == "" {
			return nil
		}
	}
	switch {
	case kind == typePCI && info.PCI != nil:
		return d.pci(info.PCI, detailsAt(at, key, ".pci"))
	case kind == typeVDPA && info.VDPA != nil:
		return d.vdpa(info.VDPA, detailsAt(at, key, ".vdpa"))
	case kind == typeVhostUser && info.VhostUser != nil:
		return d.vhostUser(info.VhostUser, detailsAt(at, key, ".vhost-user"))
	case kind == typeMemif && info.Memif != nil:
		return d.memif(info.Memif, detailsAt(at, key, ".memif"))
	}
	switch kind {
	case typePCI, typeVDPA, typeVhostUser, typeMemif:
		d.problem(at.At(key), fact.Malformed, "type is %s, but there is no member of that name", kind)
	default:
		d.problem(at.At(key+".type"), fact.Malformed, "%.100q is not a known type of device", kind)
	}
	return nil
}

// detailsAt makes one string of the three; there are many of them.
func detailsAt(at fact.Origin, key, member string) fact.Origin {
	return fact.Origin{Source: at.Source, Where: at.Where + key + member}
}

// inferType tells the type from the only member that has details. Not every
// plugin writes the type.
func (d *decoder) inferType(info *deviceInfo, at fact.Origin, key string) string {
	var kinds []string
	if info.PCI != nil {
		kinds = append(kinds, typePCI)
	}
	if info.VDPA != nil {
		kinds = append(kinds, typeVDPA)
	}
	if info.VhostUser != nil {
		kinds = append(kinds, typeVhostUser)
	}
	if info.Memif != nil {
		kinds = append(kinds, typeMemif)
	}
	switch len(kinds) {
	case 1:
		return kinds[0]
	case 0:
		d.problem(at.At(key), fact.Malformed, "neither a type nor details in it")
	default:
		d.problem(at.At(key), fact.Malformed, "no type, and details of more than one: %s", strings.Join(kinds, ", "))
	}
	return ""
}

func (d *decoder) pci(info *pciDevice, at fact.Origin) fact.Device {
	address := d.pciAddress(info.Address, at, ".pci-address")
	if address.IsZero() {
		if strings.TrimSpace(info.Address) == "" {
			d.problem(at, fact.Malformed, "no pci-address")
		}
		return nil
	}
	return fact.PCIDevice{
		Origin:      at,
		Address:     address,
		AddressAt:   ".pci-address",
		VhostNet:    info.VhostNet,
		PF:          d.pciAddress(info.PF, at, ".pf-pci-address"),
		RDMA:        splitList(info.RDMA),
		Representor: info.Representor,
	}
}

func (d *decoder) vdpa(info *vdpaDevice, at fact.Origin) fact.Device {
	dev := fact.VDPA{
		Origin:      at,
		Parent:      info.Parent,
		Path:        info.Path,
		PCIAddress:  d.pciAddress(info.PCIAddress, at, ".pci-address"),
		PF:          d.pciAddress(info.PF, at, ".pf-pci-address"),
		Representor: info.Representor,
	}
	if dev.Parent == "" && dev.Path == "" && info.PCIAddress == "" {
		d.problem(at, fact.Malformed, "no parent-device, nor a path or pci-address")
	}
	if dev.Path != "" && !strings.HasPrefix(dev.Path, "/") {
		// The SR-IOV device plugin before 3.5.1 writes pci/0000:65:00.3 for a node.
		d.problem(at.At(".path"), fact.Malformed, "%.200q is no path of a device node, and is not used", dev.Path)
		dev.Path = ""
	}
	switch info.Driver {
	case "vhost", "virtio":
		dev.Driver = info.Driver
	case "":
		d.problem(at, fact.Malformed, "no driver, which is vhost or virtio")
	default:
		d.problem(at.At(".driver"), fact.Malformed, "%.100q is neither vhost nor virtio", info.Driver)
	}
	return dev
}

func (d *decoder) vhostUser(info *vhostUser, at fact.Origin) fact.Device {
	dev := fact.VhostUser{Path: info.Path, PathAt: at.At(".path"), ModeAt: at.At(".mode")}
	d.checkPath(dev.Path, dev.PathAt)
	switch info.Mode {
	case fact.Client:
		dev.Mode = fact.Client
	case fact.Server:
		dev.Mode = fact.Server
	default:
		d.problem(dev.ModeAt, fact.Malformed, "%.100q is neither client nor server", info.Mode)
	}
	return dev
}

func (d *decoder) memif(info *memif, at fact.Origin) fact.Device {
	dev := fact.Memif{Path: info.Path, PathAt: at.At(".path"), RoleAt: at.At(".role"), ModeAt: at.At(".mode")}
	if !strings.HasPrefix(dev.Path, "@") {
		d.checkPath(dev.Path, dev.PathAt)
	}
	switch info.Role {
	case memifMaster, fact.Server:
		dev.Role = fact.Server
	case memifSlave, fact.Client:
		dev.Role = fact.Client
	default:
		d.problem(dev.RoleAt, fact.Malformed, "%.100q is neither master nor slave", info.Role)
	}
	switch info.Mode {
	case "":
	case memifEthernet, memifIP, memifPunt:
		dev.Mode = info.Mode
	case memifClientPunt:
		dev.Mode = memifPunt
	default:
		d.problem(dev.ModeAt, fact.Malformed, "%.100q is none of ethernet, ip and inject-punt", info.Mode)
	}
	return dev
}

// checkPath reports a socket's path that cannot be found by itself.
func (d *decoder) checkPath(path string, at fact.Origin) {
	switch {
	case path == "":
		d.problem(at, fact.Malformed, "no path")
	case !strings.HasPrefix(path, "/"):
		d.problem(at, fact.RelativePath, "%.200q is relative, to a directory that nothing in the pod names", path)
	}
}

// splitList splits a list at its commas: the SR-IOV device plugin writes all
// RDMA devices of a function into one string.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
