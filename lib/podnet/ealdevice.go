package podnet

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/eal"
)

// leftOut reports whether a code means that an interface was never meant for DPDK.
// EALConfig leaves such interfaces out unless they are asked for.
func leftOut(code Code) bool {
	switch code {
	case CodeKernelNetdev, CodeVirtioVDPA, CodeUnknownDevice, CodeInfiniBand, CodeAccelerator:
		return true
	}
	return false
}

// isLeftOut reports whether this reason keeps the interface from being a port by default.
// It does so for a memif of IP packets too: its source says that it is not for DPDK.
func (i *Interface) isLeftOut(why *InterfaceError) bool {
	return i.Kind == KindKernel || leftOut(why.Code) || why.Code == CodeMemifMode && len(i.Problems) > 0
}

// neverAPort reports whether no change of the machine mends a problem with this code.
func neverAPort(code Code) bool {
	return leftOut(code) || code == CodeMalformed || code == CodeInexpressible || code == CodeBadRole || code == CodeMemifMode
}

// errorf makes an error about the interface.
func (i *Interface) errorf(code Code, remedy, format string, args ...any) *InterfaceError {
	return interfaceErrorf(i.Name, code, remedy, format, args...)
}

func interfaceErrorf(name string, code Code, remedy, format string, args ...any) *InterfaceError {
	return &InterfaceError{Interface: name, Problem: problemf(code, remedy, format, args...).Problem}
}

// PortError is why DPDK cannot have the interface as a port, whatever is done to
// it: an *InterfaceError, or nil if it can.
func (i *Interface) PortError() error {
	if _, err := i.device(0, nil); err != nil {
		return err
	}
	return nil
}

// device gives the DPDK device of the interface.
func (i *Interface) device(queues int, args []eal.DevArg) (eal.Device, *InterfaceError) {
	for _, problem := range i.Problems {
		if neverAPort(problem.Code) {
			return nil, &InterfaceError{Interface: i.Name, Problem: problem}
		}
	}
	switch {
	case i.Kind == KindKernel && len(i.Problems) > 0: // its netdev's device could be a port
		return nil, &InterfaceError{Interface: i.Name, Problem: i.Problems[0]}
	case i.Kind == KindKernel:
		return nil, i.errorf(CodeKernelNetdev, "", "it is a kernel network device, which DPDK cannot drive")
	case i.Kind == KindPCI && i.PCI != nil && i.PCI.Auxiliary != "":
		return eal.Auxiliary{Origin: i.origin("pci.auxiliary"), Name: i.PCI.Auxiliary, Args: args}, nil
	case i.Kind == KindPCI && i.PCI != nil:
		return eal.PCI{Origin: i.origin("pci.address"), Address: i.PCI.Address, MACs: i.portMACs(args), Args: args}, nil
	case i.Kind == KindVhostUser && i.VhostUser != nil:
		server, ok := isServer(i.VhostUser.Role)
		if !ok {
			return nil, i.errorf(CodeBadRole, "say client or server", "vhost-user mode %q", i.VhostUser.Role)
		}
		return eal.VirtioUser{
			Origin: i.origin("vhostUser.path"), Path: i.VhostUser.Path, Server: server,
			MAC: i.stationMAC(), Queues: queues, Args: args,
		}, nil
	case i.Kind == KindMemif && i.Memif != nil:
		if m := i.Memif.Mode; m != "" && m != "ethernet" {
			return nil, i.errorf(CodeMemifMode, "use mode ethernet", "memif mode %q is not supported by the DPDK memif PMD", m)
		}
		server, ok := isServer(i.Memif.Role)
		if !ok {
			return nil, i.errorf(CodeBadRole, "say client or server", "memif role %q", i.Memif.Role)
		}
		return eal.Memif{
			Origin: i.origin("memif.path"), Path: i.Memif.Path, Server: server, MAC: i.stationMAC(),
			MTU: i.MTU, Args: args,
		}, nil
	case i.Kind == KindVDPA && i.VDPA != nil && i.VDPA.Driver == "virtio":
		return nil, i.errorf(CodeVirtioVDPA, "bind it to vhost_vdpa for DPDK", "it is a virtio-vdpa device, a kernel network device to the pod")
	case i.Kind == KindVDPA && i.VDPA != nil:
		if i.VDPA.Path == "" {
			return nil, i.errorf(CodeDeviceNodeMissing, "see that /dev/vhost-vdpa-N is in the container", "the character device of its vDPA device is not known")
		}
		return eal.VirtioUser{Origin: i.origin("vdpa.path"), Path: i.VDPA.Path, Queues: queues, Args: args}, nil
	}
	switch {
	case i.Kind == KindAFXDP && i.AFXDP != nil:
		return eal.AFXDP{
			Origin: i.origin("afXdp.netdev"), Netdev: i.AFXDP.Netdev, Plugin: i.AFXDP.Plugin,
			Socket: i.AFXDP.Socket, Map: i.AFXDP.Map, Queues: queues, Args: args,
		}, nil
	case i.Kind == KindAFPacket && i.AFPacket != nil:
		return eal.AFPacket{Origin: i.origin("afPacket.netdev"), Netdev: i.AFPacket.Netdev, Queues: queues, Args: args}, nil
	}
	return nil, i.errorf(CodeUnknownDevice, "name the device or the socket by a hint", "nothing tells which device carries it")
}

// deviceText names the interface's device, as far as DPDK is concerned.
func (i *Interface) deviceText() string {
	switch {
	case i.PCI != nil:
		return cmp.Or(i.PCI.Auxiliary, i.PCI.Address.String())
	case i.VhostUser != nil:
		return i.VhostUser.Path
	case i.Memif != nil:
		return i.Memif.Path
	case i.AFXDP != nil:
		return i.AFXDP.Netdev
	case i.AFPacket != nil:
		return i.AFPacket.Netdev
	case i.VDPA != nil:
		return cmp.Or(i.VDPA.Path, i.VDPA.Parent)
	}
	return ""
}

// portMACs are the MAC addresses of the ports that the driver of a MANA function takes.
// Without any it takes all ports.
func (i *Interface) portMACs(args []eal.DevArg) []string {
	if i.PCI.Driver != driverMANA || i.stationMAC() == "" || hasMAC(args) {
		return nil
	}
	return []string{i.stationMAC()}
}

// hasMAC reports whether the caller's own options name a MAC address.
func hasMAC(args []eal.DevArg) bool {
	return slices.ContainsFunc(args, func(a eal.DevArg) bool { return a.Key == "mac" })
}

// portName is the name by which DPDK knows the interface's port.
func (i *Interface) portName(d eal.Device) string {
	if i.Kind == KindPCI && i.PCI.Driver == driverMANA && i.PCI.DevPort != nil {
		return eal.ManyPortName(i.PCI.Address, *i.PCI.DevPort)
	}
	return d.PortName()
}

// isServer reads a role; ok is false for an unknown one. DPDK's own default
// would be a guess.
func isServer(role string) (server, ok bool) {
	return role == RoleServer, role == RoleServer || role == RoleClient
}

// origin says where the field of the interface came from, for EAL's errors.
func (i *Interface) origin(field string) eal.Origin {
	o := eal.Origin{Interface: i.Name}
	for _, e := range i.Evidence {
		if e.Field == field {
			o.Where = e.Source + " " + e.Where
			break
		}
	}
	return o
}

// stationMAC is the interface's MAC address, if a socket's port can have it. It is empty
// for InfiniBand's 20 bytes, a group address or malformed text.
func (i *Interface) stationMAC() string {
	hw, err := net.ParseMAC(i.MAC)
	if err != nil || len(hw) != 6 || hw[0]&1 != 0 || slices.Max(hw) == 0 {
		return ""
	}
	return i.MAC
}

// uioDrivers are the drivers that give user space a device without an IOMMU.
func uioDrivers() []string { return []string{"uio_pci_generic", "igb_uio"} }

// bifurcatedDrivers keep the device; their PMDs work beside them.
func bifurcatedDrivers() []string { return []string{"mlx5_core", "mlx4_core", driverMANA} }

const driverMANA = "mana"

// notReady joins the reasons why EAL would not bring the interface's device up: the
// interface's problems, further ones, and those that the kernel shows.
func (i *Interface) notReady(further ...error) error {
	var errs []error
	for _, problem := range i.Problems {
		errs = append(errs, &InterfaceError{Interface: i.Name, Problem: problem})
	}
	if err := i.driverError(); err != nil && !errors.Is(errors.Join(errs...), err.Code) {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, further...)...)
}

// releaseError says why the DPDK release cannot drive the interface's device.
func (i *Interface) releaseError(release eal.Version) error {
	device, fail := i.device(0, nil)
	if fail != nil {
		return nil
	}
	_, err := eal.RenderDevice(device, release)
	e, ok := errors.AsType[*eal.ValueError](err)
	if !ok || !errors.Is(err, eal.ErrRelease) {
		return nil
	}
	return i.errorf(CodeDPDKVersion, e.Remedy, "%s %.100q %s", e.What, e.Value, e.Reason)
}

// driverError says why EAL would not find a PCI device.
func (i *Interface) driverError() *InterfaceError {
	if i.Kind != KindPCI || i.PCI == nil {
		return nil
	}
	id := i.PCI.Auxiliary
	if id == "" {
		id = i.PCI.Address.String()
	}
	driver := i.PCI.Driver
	switch {
	case i.PCI.NotPresent:
		return i.errorf(CodeNotPresent, "restart the pod, or in a virtual machine name the device that it has by a hint", "device %s is not there", id)
	case i.PCI.Auxiliary != "":
		if driver != "" && !strings.HasPrefix(driver, "mlx5_core") {
			return i.errorf(CodeWrongDriver, "", "device %s is bound to the driver %s, and DPDK drives scalable functions of mlx5_core only", id, driver)
		}
	case driver == "" && i.PCI.Vendor != "" && i.PCI.IOMMUGroup == nil:
		return i.errorf(CodeNoIOMMU,
			"turn the IOMMU on (VT-d or AMD-Vi in the firmware, intel_iommu=on for the kernel on Intel) and bind the device to vfio-pci on the node",
			"device %s is bound to no driver, and no IOMMU is in front of it, without which vfio-pci does not take it", id)
	case driver == "" && i.PCI.Vendor != "":
		return i.errorf(CodeWrongDriver, "bind it to vfio-pci on the node", "device %s is bound to no driver", id)
	case driver == "", i.PCI.OnVFIO(),
		slices.Contains(uioDrivers(), driver), slices.Contains(bifurcatedDrivers(), driver):
	default:
		return &InterfaceError{Interface: i.Name, Problem: onKernelDriver(id, driver)}
	}
	return nil
}

func onKernelDriver(id, driver string) Problem {
	return problemf(CodeWrongDriver, "bind it to vfio-pci on the node (deviceType vfio-pci in an SriovNetworkNodePolicy)",
		"device %s is bound to the kernel's driver %s, beside which DPDK cannot drive it", id, driver).Problem
}
