package podnet

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/eal"
)

// EALOptions are the choices that a Pod does not hold. The zero value takes
// every interface that DPDK can drive, with one queue pair each.
type EALOptions struct {
	// Interfaces are the names of the interfaces to take; nil takes all that
	// DPDK can drive.
	Interfaces []string
	// Devices are further devices that are not the pod's. Their ports are named
	// after them.
	Devices []eal.Device
	// Queues is the number of queue pairs of each port; 0 means 1.
	Queues int
	// Memory is where mbufs live; empty means MemoryAuto.
	Memory MemoryMode
	// FilePrefix separates this DPDK process's runtime files from those of
	// others; empty means "podnet".
	FilePrefix string
	// Version is the DPDK release that will parse the arguments.
	Version eal.Version
	// Extra are further EAL arguments, the user's own.
	Extra []string
}

// Port is an interface of the pod as a DPDK port.
type Port struct {
	// Interface is the interface's name; for one of EALOptions.Devices, the
	// port's.
	Interface string
	// PortName is the name by which DPDK knows the port once EAL has started:
	// rte_eth_dev_get_port_by_name. Two interfaces on one device have one port.
	PortName string
	// NotReady is why EAL will not make the port as things stand: an
	// *InterfaceError, or nil if nothing is in the way.
	NotReady error
}

// EALConfig gives the EAL configuration with which a DPDK process drives the
// pod's interfaces, and the ports that it makes, in the order of the interfaces
// and then of the options' own devices. Kernel netdevs and interfaces of which
// nothing is known are left out, and so is the default network unless it is named.
//
// An interface that is asked for and that DPDK cannot drive is an
// *InterfaceError, as is one that was not asked for and is meant for DPDK but
// not expressible in it. Values that EAL cannot express are reported by
// [eal.Config.Args]. EALConfig looks at nothing but p: a device on the wrong
// driver is told by its Port's NotReady.
//
// Memory is split over the NUMA nodes of the ports' devices, else of the CPUs, as
// far as the container may have memory there; see MemoryMode for how much it is.
func (p *Pod) EALConfig(o EALOptions) (eal.Config, []Port, error) {
	c := eal.Config{
		Version:    o.Version,
		FilePrefix: o.FilePrefix,
		IOVA:       eal.IOVAVirtual,
		Extra:      o.Extra,
	}
	if c.FilePrefix == "" {
		c.FilePrefix = "podnet"
	}
	if p.CPUs == nil || p.CPUs.Allowed.IsEmpty() {
		return eal.Config{}, nil, problemf(CodeCPUsUnknown, "", "the pod's CPUs are not known: neither its cgroup's CPU set nor its list of allowed CPUs could be read")
	}
	c.CPUs = p.CPUs.Allowed.List()

	selected, err := p.selectInterfaces(o.Interfaces)
	if err != nil {
		return eal.Config{}, nil, err
	}
	var ports []Port
	var nodes []int
	for _, i := range selected {
		device, err := i.device(o.Queues)
		if err != nil {
			return eal.Config{}, nil, err
		}
		ports = append(ports, Port{Interface: i.name, PortName: device.PortName(), NotReady: i.notReady()})
		if i.Kind == KindVDPA && i.VDPA.NUMANode != nil {
			nodes = append(nodes, *i.VDPA.NUMANode)
		}
		if i.Kind != KindPCI {
			c.Devices = append(c.Devices, device)
			continue
		}
		if !slices.ContainsFunc(c.Devices, func(d eal.Device) bool { return d.PortName() == device.PortName() }) {
			c.Devices = append(c.Devices, device)
		}
		if i.PCI.NUMANode != nil {
			nodes = append(nodes, *i.PCI.NUMANode)
		}
		if i.PCI.NoIOMMU || slices.Contains(uioDrivers(), i.PCI.Driver) {
			c.IOVA = "" // such a device needs physical addresses, if EAL can have them
		}
		if token := i.PCI.VFIOToken; token != "" {
			if c.VFIOToken != "" && c.VFIOToken != token {
				return eal.Config{}, nil, i.errorf(CodeVFToken, "EAL takes one token: choose interfaces whose PF has the same",
					"its VF token differs from that of %s", c.VFIOTokenOrigin.Interface)
			}
			c.VFIOToken, c.VFIOTokenOrigin = token, i.origin("pci.vfioToken")
		}
	}
	for _, device := range o.Devices {
		c.Devices = append(c.Devices, device)
		ports = append(ports, Port{Interface: device.PortName(), PortName: device.PortName()})
	}
	if len(nodes) == 0 {
		nodes = p.CPUs.NUMANodes
	}
	nodes = p.CPUs.withMemory(nodes)
	c.Memory, err = p.ealMemory(o.Memory, nodes, needMiB(len(ports), o.Queues))
	if c.Memory.NoHuge && slices.ContainsFunc(selected, func(i namedInterface) bool { return i.Kind == KindPCI && i.PCI.OnVFIO() }) {
		c.Memory.NoHugeMiB = min(c.Memory.NoHugeMiB, maxMappedMiB)
	}
	return c, ports, err
}

// namedInterface is an interface under the name that ports carry.
type namedInterface struct {
	*Interface
	name string
}

// selectInterfaces finds the interfaces of these names, in the order of the pod;
// without names, all that are for DPDK. The default network is only if it is named,
// even if it is offloaded to a VF: kubelet, DNS and the API server are reached by it.
func (p *Pod) selectInterfaces(names []string) ([]namedInterface, error) {
	var selected []namedInterface
	var known []string
	for n := range p.Interfaces {
		i := namedInterface{&p.Interfaces[n], p.Interfaces[n].Name}
		if i.name == "" { // no source names it, but its port needs a name
			i.name = fmt.Sprintf("if%d", n)
		}
		known = append(known, i.name)
		if names == nil {
			if _, err := i.device(0); i.Default || err != nil && leftOut(err.Code) {
				continue
			}
		} else if !slices.Contains(names, i.name) {
			continue
		}
		selected = append(selected, i)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, interfaceErrorf(name, CodeNoSuchInterface, "it has "+strings.Join(known, ", "), "the pod has no such interface")
		}
	}
	return selected, nil
}

// leftOut tells of the codes of interfaces that were never meant for DPDK.
// EALConfig leaves them out unless they are asked for.
func leftOut(code Code) bool {
	return code == CodeKernelNetdev || code == CodeVirtioVDPA || code == CodeUnknownDevice
}

// errorf makes an error about the interface.
func (i namedInterface) errorf(code Code, remedy, format string, args ...any) *InterfaceError {
	return interfaceErrorf(i.name, code, remedy, format, args...)
}

func interfaceErrorf(name string, code Code, remedy, format string, args ...any) *InterfaceError {
	return &InterfaceError{Interface: name, Problem: problemf(code, remedy, format, args...).Problem}
}

// PortError is why DPDK cannot have the interface as a port, whatever is done to
// it: an *InterfaceError, or nil if it can.
func (i *Interface) PortError() error {
	if _, err := (namedInterface{i, i.Name}).device(0); err != nil {
		return err
	}
	return nil
}

// device gives the DPDK device of the interface.
func (i namedInterface) device(queues int) (eal.Device, *InterfaceError) {
	switch {
	case i.Kind == KindKernel:
		return nil, i.errorf(CodeKernelNetdev, "", "it is a kernel network device, which DPDK cannot drive")
	case i.Kind == KindPCI && i.PCI != nil && i.PCI.Auxiliary != "":
		return eal.Auxiliary{Origin: i.origin("pci.auxiliary"), Name: i.PCI.Auxiliary}, nil
	case i.Kind == KindPCI && i.PCI != nil:
		return eal.PCI{Origin: i.origin("pci.address"), Address: i.PCI.Address}, nil
	case i.Kind == KindVhostUser && i.VhostUser != nil:
		server, ok := isServer(i.VhostUser.Mode)
		if !ok {
			return nil, i.errorf(CodeBadRole, "say client or server", "vhost-user mode %q", i.VhostUser.Mode)
		}
		return eal.VirtioUser{
			Origin: i.origin("vhostUser.path"), Path: i.VhostUser.Path, Server: server,
			MAC: i.stationMAC(), Queues: queues,
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
		}, nil
	case i.Kind == KindVDPA && i.VDPA != nil && i.VDPA.Driver == "virtio":
		return nil, i.errorf(CodeVirtioVDPA, "bind it to vhost_vdpa for DPDK", "it is a virtio-vdpa device, a kernel network device to the pod")
	case i.Kind == KindVDPA && i.VDPA != nil:
		if i.VDPA.Path == "" {
			return nil, i.errorf(CodeDeviceNodeMissing, "see that /dev/vhost-vdpa-N is in the container", "the character device of its vDPA device is not known")
		}
		return eal.VirtioUser{Origin: i.origin("vdpa.path"), Path: i.VDPA.Path, Queues: queues}, nil
	}
	return nil, i.errorf(CodeUnknownDevice, "see the reason beside its candidates in inspect --explain", "it is not known which device carries it")
}

// isServer reads a role; ok is false for an unknown one. DPDK's own default
// would be a guess.
func isServer(role string) (server, ok bool) {
	return role == RoleServer, role == RoleServer || role == RoleClient
}

// origin says where the field of the interface came from, for EAL's errors.
func (i namedInterface) origin(field string) eal.Origin {
	o := eal.Origin{Interface: i.name}
	for _, e := range i.Evidence {
		if e.Field == field {
			o.Where = e.Source + " " + e.Where
			break
		}
	}
	return o
}

// stationMAC is the interface's MAC address, if a socket's port can have it: the
// 20 bytes of InfiniBand, a group address and nonsense are not passed on.
func (i namedInterface) stationMAC() string {
	hw, err := net.ParseMAC(i.MAC)
	if err != nil || len(hw) != 6 || hw[0]&1 != 0 || slices.Max(hw) == 0 {
		return ""
	}
	return i.MAC
}

// uioDrivers are the drivers that give user space a device without an IOMMU.
func uioDrivers() []string { return []string{"uio_pci_generic", "igb_uio"} }

// bifurcatedDrivers keep the device; their PMDs work beside them.
func bifurcatedDrivers() []string { return []string{"mlx5_core", "mlx4_core", "mana"} }

// notReady says why EAL would not find the interface's device.
func (i namedInterface) notReady() error {
	if i.Kind != KindPCI {
		return nil
	}
	id := i.PCI.Auxiliary
	if id == "" {
		id = i.PCI.Address.String()
	}
	driver := i.PCI.Driver
	switch {
	case i.PCI.NotPresent:
		return i.errorf(CodeNotPresent, "the pod was given a device of another machine or guest: restart it", "device %s is not there", id)
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
		return i.errorf(CodeWrongDriver, "bind it to vfio-pci on the node (deviceType vfio-pci in an SriovNetworkNodePolicy)",
			"device %s is bound to the kernel's driver %s, beside which DPDK cannot drive it", id, driver)
	}
	return nil
}
