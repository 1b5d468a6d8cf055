package appnetutil

import (
	"cmp"
	"net/netip"
	"strings"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
)

func interfaceData(i *podnet.Interface) *InterfaceData {
	data := &InterfaceData{
		DeviceType: INTERFACE_TYPE_UNKNOWN,
		NetworkStatus: nadv1.NetworkStatus{
			Name:      i.Network,
			Interface: i.Name,
			IPs:       texts(i.IPs),
			Mac:       i.MAC,
			Mtu:       i.MTU,
			Default:   i.Default,
			Gateway:   texts(i.Gateways),
		},
	}
	if i.Unnamed { // app-netutil leaves it empty, as its source does
		data.NetworkStatus.Interface = ""
	}
	if i.DNS != nil {
		data.NetworkStatus.DNS = nadv1.DNS(*i.DNS)
	}
	switch i.Kind {
	case podnet.KindKernel, podnet.KindAFXDP, podnet.KindAFPacket: // a netdev, however DPDK drives it
		data.DeviceType = INTERFACE_TYPE_HOST
	}
	info := deviceInfo(i)
	if info == nil {
		return data
	}
	data.NetworkStatus.DeviceInfo = info
	data.DeviceType = info.Type
	if i.PCI != nil && (i.PCI.Resource != "" || i.PCI.Claim != "") {
		data.DeviceType = INTERFACE_TYPE_SRIOV
	}
	return data
}

// deviceInfo is the device of an interface; nil: it has none, an unknown
// one, or an auxiliary device, for which device-info has no type.
func deviceInfo(i *podnet.Interface) *nadv1.DeviceInfo {
	version := cmp.Or(i.DeviceInfoVersion, nadv1.DeviceInfoVersion)
	switch {
	case i.PCI != nil && !i.PCI.Address.IsZero():
		return &nadv1.DeviceInfo{
			Type:    nadv1.DeviceInfoTypePCI,
			Version: version,
			Pci: &nadv1.PciDevice{
				PciAddress:        i.PCI.Address.String(),
				Vhostnet:          i.PCI.VhostNet,
				RdmaDevice:        strings.Join(i.PCI.RDMA, ","),
				PfPciAddress:      i.PCI.PF.String(),
				RepresentorDevice: i.PCI.Representor,
			},
		}
	case i.VhostUser != nil:
		return &nadv1.DeviceInfo{
			Type:      nadv1.DeviceInfoTypeVHostUser,
			Version:   version,
			VhostUser: &nadv1.VhostDevice{Mode: i.VhostUser.Role, Path: i.VhostUser.Path},
		}
	case i.Memif != nil:
		return &nadv1.DeviceInfo{
			Type:    nadv1.DeviceInfoTypeMemif,
			Version: version,
			Memif:   &nadv1.MemifDevice{Role: memifRole(i.Memif.Role), Path: i.Memif.Path, Mode: i.Memif.Mode},
		}
	case i.VDPA != nil:
		return &nadv1.DeviceInfo{
			Type:    nadv1.DeviceInfoTypeVDPA,
			Version: version,
			Vdpa: &nadv1.VdpaDevice{
				ParentDevice:      i.VDPA.Parent,
				Driver:            i.VDPA.Driver,
				Path:              i.VDPA.Path,
				PciAddress:        i.VDPA.PCIAddress.String(),
				PfPciAddress:      i.VDPA.PF.String(),
				RepresentorDevice: i.VDPA.Representor,
			},
		}
	}
	return nil
}

// memifRole is a role by the name that device-info has for it.
func memifRole(role string) string {
	switch role {
	case podnet.RoleServer:
		return nadv1.MemifDeviceRoleMaster
	case podnet.RoleClient:
		return nadv1.MemitDeviceRoleSlave
	}
	return role
}

// unassignedData is the entry of a device that is on no interface; nil: it has no
// PCI address, or is no network's.
func unassignedData(u *podnet.Unassigned) *InterfaceData {
	address, err := pciaddr.Parse(u.ID)
	if err != nil || u.Reason == podnet.CodeAccelerator {
		return nil
	}
	device := u.PCI
	if device == nil { // sysfs has nothing
		device = &podnet.PCI{Address: address}
	}
	return &InterfaceData{
		DeviceType:    INTERFACE_TYPE_SRIOV,
		NetworkStatus: nadv1.NetworkStatus{DeviceInfo: deviceInfo(&podnet.Interface{PCI: device})},
	}
}

func texts(addrs []netip.Addr) []string {
	var list []string
	for _, a := range addrs {
		list = append(list, a.String())
	}
	return list
}
