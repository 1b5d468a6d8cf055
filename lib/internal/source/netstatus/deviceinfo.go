package netstatus

import (
	"strings"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/internal/fact"
)

// memifPunt is the specification's name for a mode; the client library has
// another one.
const memifPunt = "inject-punt"

// deviceInfo reads device-info. What is no object says nothing, but that there is
// a device.
func (w wire) deviceInfo(into **nadv1.DeviceInfo, at fact.Origin, key string) error {
	info := &nadv1.DeviceInfo{}
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
			pci := &nadv1.PciDevice{}
			if ok, err = w.textMembers(at, key, ".pci", pciMember(pci)); ok {
				info.Pci = pci
			}
		case "vdpa":
			vdpa := &nadv1.VdpaDevice{}
			if ok, err = w.textMembers(at, key, ".vdpa", vdpaMember(vdpa)); ok {
				info.Vdpa = vdpa
			}
		case "vhost-user":
			vhost := &nadv1.VhostDevice{}
			if ok, err = w.textMembers(at, key, ".vhost-user", vhostMember(vhost)); ok {
				info.VhostUser = vhost
			}
		case "memif":
			memif := &nadv1.MemifDevice{}
			if ok, err = w.textMembers(at, key, ".memif", memifMember(memif)); ok {
				info.Memif = memif
			}
		default:
			return w.SkipValue()
		}
		return err
	}, key)
	return err
}

func pciMember(dev *nadv1.PciDevice) func(name []byte) *string {
	return func(name []byte) *string {
		switch string(name) {
		case "pci-address":
			return &dev.PciAddress
		case "vhost-net":
			return &dev.Vhostnet
		case "rdma-device":
			return &dev.RdmaDevice
		case "pf-pci-address":
			return &dev.PfPciAddress
		case "representor-device":
			return &dev.RepresentorDevice
		}
		return nil
	}
}

func vdpaMember(dev *nadv1.VdpaDevice) func(name []byte) *string {
	return func(name []byte) *string {
		switch string(name) {
		case "parent-device":
			return &dev.ParentDevice
		case "driver":
			return &dev.Driver
		case "path":
			return &dev.Path
		case "pci-address":
			return &dev.PciAddress
		case "pf-pci-address":
			return &dev.PfPciAddress
		case "representor-device":
			return &dev.RepresentorDevice
		}
		return nil
	}
}

func vhostMember(dev *nadv1.VhostDevice) func(name []byte) *string {
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

func memifMember(dev *nadv1.MemifDevice) func(name []byte) *string {
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
// the member key of what is at. It gives nil if that does not tell what the
// device is.
func (d *decoder) device(info *nadv1.DeviceInfo, at fact.Origin, key string) fact.Device {
	kind := info.Type
	if kind == "" {
		if kind = d.inferType(info, at, key); kind == "" {
			return nil
		}
	}
	switch {
	case kind == nadv1.DeviceInfoTypePCI && info.Pci != nil:
		return d.pci(info.Pci, detailsAt(at, key, ".pci"))
	case kind == nadv1.DeviceInfoTypeVDPA && info.Vdpa != nil:
		return d.vdpa(info.Vdpa, detailsAt(at, key, ".vdpa"))
	case kind == nadv1.DeviceInfoTypeVHostUser && info.VhostUser != nil:
		return d.vhostUser(info.VhostUser, detailsAt(at, key, ".vhost-user"))
	case kind == nadv1.DeviceInfoTypeMemif && info.Memif != nil:
		return d.memif(info.Memif, detailsAt(at, key, ".memif"))
	}
	switch kind {
	case nadv1.DeviceInfoTypePCI, nadv1.DeviceInfoTypeVDPA, nadv1.DeviceInfoTypeVHostUser, nadv1.DeviceInfoTypeMemif:
		d.problem(at.At(key), fact.Malformed, "type is %s, but there is no member of that name", kind)
	default:
		d.problem(at.At(key+".type"), fact.Malformed, "%.100q is not a known type of device", kind)
	}
	return nil
}

// detailsAt makes one string of the three, of which there are many.
func detailsAt(at fact.Origin, key, member string) fact.Origin {
	return fact.Origin{Source: at.Source, Where: at.Where + key + member}
}

// inferType tells the type from the only member that has details. Not every
// plugin writes the type.
func (d *decoder) inferType(info *nadv1.DeviceInfo, at fact.Origin, key string) string {
	var kinds []string
	if info.Pci != nil {
		kinds = append(kinds, nadv1.DeviceInfoTypePCI)
	}
	if info.Vdpa != nil {
		kinds = append(kinds, nadv1.DeviceInfoTypeVDPA)
	}
	if info.VhostUser != nil {
		kinds = append(kinds, nadv1.DeviceInfoTypeVHostUser)
	}
	if info.Memif != nil {
		kinds = append(kinds, nadv1.DeviceInfoTypeMemif)
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

func (d *decoder) pci(info *nadv1.PciDevice, at fact.Origin) fact.Device {
	address := d.pciAddress(info.PciAddress, at, ".pci-address")
	if address.IsZero() {
		if strings.TrimSpace(info.PciAddress) == "" {
			d.problem(at, fact.Malformed, "no pci-address")
		}
		return nil
	}
	return fact.PCIDevice{
		Origin:      at,
		Address:     address,
		AddressAt:   ".pci-address",
		VhostNet:    info.Vhostnet,
		PF:          d.pciAddress(info.PfPciAddress, at, ".pf-pci-address"),
		RDMA:        splitList(info.RdmaDevice),
		Representor: info.RepresentorDevice,
	}
}

func (d *decoder) vdpa(info *nadv1.VdpaDevice, at fact.Origin) fact.Device {
	dev := fact.VDPA{
		Origin:      at,
		Parent:      info.ParentDevice,
		Path:        info.Path,
		PCIAddress:  d.pciAddress(info.PciAddress, at, ".pci-address"),
		PF:          d.pciAddress(info.PfPciAddress, at, ".pf-pci-address"),
		Representor: info.RepresentorDevice,
	}
	if dev.Parent == "" && dev.Path == "" && info.PciAddress == "" {
		d.problem(at, fact.Malformed, "no parent-device, nor a path or pci-address")
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

func (d *decoder) vhostUser(info *nadv1.VhostDevice, at fact.Origin) fact.Device {
	dev := fact.VhostUser{Path: info.Path, PathAt: at.At(".path"), ModeAt: at.At(".mode")}
	d.checkPath(dev.Path, dev.PathAt)
	switch info.Mode {
	case nadv1.VhostDeviceModeClient:
		dev.Mode = fact.Client
	case nadv1.VhostDeviceModeServer:
		dev.Mode = fact.Server
	default:
		d.problem(dev.ModeAt, fact.Malformed, "%.100q is neither client nor server", info.Mode)
	}
	return dev
}

func (d *decoder) memif(info *nadv1.MemifDevice, at fact.Origin) fact.Device {
	dev := fact.Memif{Path: info.Path, PathAt: at.At(".path"), RoleAt: at.At(".role"), ModeAt: at.At(".mode")}
	if !strings.HasPrefix(dev.Path, "@") {
		d.checkPath(dev.Path, dev.PathAt)
	}
	switch info.Role {
	case nadv1.MemifDeviceRoleMaster, fact.Server:
		dev.Role = fact.Server
	case nadv1.MemitDeviceRoleSlave, fact.Client:
		dev.Role = fact.Client
	default:
		d.problem(dev.RoleAt, fact.Malformed, "%.100q is neither master nor slave", info.Role)
	}
	switch info.Mode {
	case "":
	case nadv1.MemifDeviceModeEthernet, nadv1.MemitDeviceModeIP, memifPunt:
		dev.Mode = info.Mode
	case nadv1.MemitDeviceModePunt: // so the client library, against the specification
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
