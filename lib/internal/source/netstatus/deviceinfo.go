package netstatus

import (
	"strings"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// device reads device-info (Device Information Specification 1.1.0). It gives
// nil if that does not tell what the device is.
func (d *decoder) device(info *nadv1.DeviceInfo, at fact.Origin) fact.Device {
	kind := info.Type
	if kind == "" {
		if kind = d.inferType(info, at); kind == "" {
			return nil
		}
	}
	switch {
	case kind == nadv1.DeviceInfoTypePCI && info.Pci != nil:
		return d.pci(info.Pci, at.At(".pci"))
	case kind == nadv1.DeviceInfoTypeVDPA && info.Vdpa != nil:
		return d.vdpa(info.Vdpa, at.At(".vdpa"))
	case kind == nadv1.DeviceInfoTypeVHostUser && info.VhostUser != nil:
		return d.vhostUser(info.VhostUser, at.At(".vhost-user"))
	case kind == nadv1.DeviceInfoTypeMemif && info.Memif != nil:
		return d.memif(info.Memif, at.At(".memif"))
	}
	switch kind {
	case nadv1.DeviceInfoTypePCI, nadv1.DeviceInfoTypeVDPA, nadv1.DeviceInfoTypeVHostUser, nadv1.DeviceInfoTypeMemif:
		d.problem(at, fact.Malformed, "type is %s, but there is no member of that name", kind)
	default:
		d.problem(at.At(".type"), fact.Malformed, "%.100q is not a known type of device", kind)
	}
	return nil
}

// inferType tells the type from the only member that has details. Not every
// plugin writes the type.
func (d *decoder) inferType(info *nadv1.DeviceInfo, at fact.Origin) string {
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
		d.problem(at, fact.Malformed, "neither a type nor details in it")
	default:
		d.problem(at, fact.Malformed, "no type, and details of more than one: %s", strings.Join(kinds, ", "))
	}
	return ""
}

func (d *decoder) pci(info *nadv1.PciDevice, at fact.Origin) fact.Device {
	address := d.address(info.PciAddress, at.At(".pci-address"))
	if address.IsZero() {
		if info.PciAddress == "" {
			d.problem(at, fact.Malformed, "no pci-address")
		}
		return nil
	}
	return fact.PCIDevice{
		Origin:      at,
		Address:     address,
		PF:          d.address(info.PfPciAddress, at.At(".pf-pci-address")),
		RDMA:        splitList(info.RdmaDevice),
		Representor: info.RepresentorDevice,
	}
}

func (d *decoder) vdpa(info *nadv1.VdpaDevice, at fact.Origin) fact.Device {
	dev := fact.VDPA{
		Origin:     at,
		Parent:     info.ParentDevice,
		Path:       info.Path,
		PCIAddress: d.address(info.PciAddress, at.At(".pci-address")),
	}
	switch info.Driver {
	case "vhost", "virtio":
		dev.Driver = info.Driver
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
	case nadv1.MemifDeviceModeEthernet, nadv1.MemitDeviceModeIP, "inject-punt":
		dev.Mode = info.Mode
	case nadv1.MemitDeviceModePunt: // so the client library, against the specification
		dev.Mode = "inject-punt"
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

// address reads a PCI address that may be absent.
func (d *decoder) address(text string, at fact.Origin) pciaddr.Address {
	text = strings.TrimSpace(text)
	if text == "" {
		return pciaddr.Address{}
	}
	address, err := pciaddr.Parse(text)
	if err != nil {
		d.problem(at, fact.Malformed, "%.100q is not a PCI address", text)
	}
	return address
}

// splitList splits a list at its commas: the SR-IOV device plugin writes all
// RDMA devices of a function into one string.
func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
