package podnet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// Reasons why a poll mode driver would refuse a device. sysfs, mountinfo and the
// process's capabilities show them before EAL starts.

const vendorMellanox = "15b3"

// addProblems adds the reasons why DPDK cannot drive interfaces on PCI functions, or
// cannot do so yet.
func (r *resolver) addProblems() {
	for _, i := range r.interfaces {
		if i.PCI != nil {
			i.Problems = append(i.Problems, r.problemsOf(i.PCI, i.id, i.device)...)
			i.Problems = append(i.Problems, needsMAC(i.PCI, i.MAC, nil)...)
			continue
		}
		if i.open() && !i.Default {
			i.Problems = append(i.Problems, r.problemsOfNetdev(r.netdevs[i.Name])...)
		}
	}
	for n := range r.afxdp {
		dev := &r.afxdp[n]
		if i := r.byName[dev.Netdev]; r.afxdpAssigned[dev.Netdev] {
			i.Problems = append(i.Problems, pluginGone(dev)...)
		}
	}
}

// problemsOfNetdev says why DPDK cannot drive the device of an interface's netdev,
// which no source names.
func (r *resolver) problemsOfNetdev(dev fact.Netdev) []Problem {
	id := parentOf(dev)
	f := r.functions[id]
	if f == nil || !f.Unclaimed || !r.namespaceIsPods() {
		return nil
	}
	if at := infiniBandAt(f, nil); !at.IsZero() {
		return []Problem{infiniBand(id, at)}
	}
	if len(r.allocations) > 0 {
		return nil // others were given to this container: this is the kernel's, or another container's
	}
	if p, refused := r.refuseWithoutUverbs(&PCI{Address: id.address, Auxiliary: id.auxiliary}, f); refused {
		if p.Code == CodeNoUverbs {
			p.Remedy = "give the container the node, by a device plugin for RDMA or by DRANET"
		}
		return []Problem{p}
	}
	if f.Driver == "" || f.Bifurcated() || id.address.IsZero() {
		return nil
	}
	p := onKernelDriver(id.String(), f.Driver)
	p.Where = f.At("/driver").Where
	return []Problem{p}
}

// pluginGone: the AF_XDP device plugin makes a netdev's socket before the container
// starts, and never again.
func pluginGone(dev *fact.AFXDPDevice) []Problem {
	if !dev.Gone {
		return nil
	}
	return []Problem{{
		Code: CodeSocketMissing, Where: afxdpDirectory + dev.Netdev,
		Message: "the container has neither a socket nor a pinned map of the AF_XDP device plugin for " + dev.Netdev,
		Remedy:  "delete the pod and create it again: the plugin's socket serves one program, once, and goes after 30 s without use",
	}}
}

const afxdpDirectory = "/tmp/afxdp_dp/"

// needsMAC: without an address the driver of MANA takes every port of the
// function, the default network's too.
func needsMAC(pci *PCI, mac string, netdevs []fact.Netdev) []Problem {
	if pci.Driver != driverMANA || mac != "" {
		return nil
	}
	remedy := "give it as a device argument: mac=ADDRESS"
	var ports []string
	for _, dev := range netdevs {
		if dev.MAC != "" {
			ports = append(ports, dev.MAC+" ("+dev.Name+")")
		}
	}
	if len(ports) > 0 {
		remedy += ", where ADDRESS is " + listed(ports)
	}
	return []Problem{{
		Code: CodeNeedsMAC, Message: "nothing tells which port of " + pci.id() + " is meant, and without a MAC address DPDK's driver takes all ports of the function",
		Remedy: remedy,
	}}
}

// refusal is one thing that a poll mode driver needs of a function.
type refusal func(*resolver, *PCI, *fact.Function) (p Problem, refused bool)

var refusals = []refusal{
	(*resolver).refuseVFIO, (*resolver).refuseWithoutNode, (*resolver).refuseWithoutUverbs, (*resolver).refuseReadOnlySys, (*resolver).refuseNoIOMMU,
}

// problemsOf gives the problems of one device. d may be nil.
func (r *resolver) problemsOf(pci *PCI, id deviceID, d *device) []Problem {
	f := r.functions[id]
	if at := infiniBandAt(f, d); !at.IsZero() {
		return []Problem{infiniBand(id, at)}
	}
	if f == nil || f.Absent {
		return nil
	}
	var problems []Problem
	for _, refuse := range refusals {
		if p, refused := refuse(r, pci, f); refused {
			if isMissingNode(p.Code) && d == nil && len(r.allocations) > 0 {
				p.Code = CodeOtherContainer
				p.Message += ", and the container's variables name other devices: it is another container's of the pod"
				p.Remedy = "request its resource for this container, if it is to be this one's"
			}
			p.Transient = p.Code.Transient()
			problems = append(problems, p)
		}
	}
	return problems
}

func infiniBand(id deviceID, at fact.Origin) Problem {
	return Problem{
		Code: CodeInfiniBand, Where: at.Where,
		Message: "the port of " + id.String() + " is InfiniBand, and DPDK's drivers support Ethernet only",
		Remedy:  "use it by RDMA, or set the port's link type to Ethernet on the node (LINK_TYPE_P1=2 in mlxconfig)",
	}
}

func infiniBandAt(f *fact.Function, d *device) fact.Origin {
	switch {
	case f != nil && !f.InfiniBandAt.IsZero():
		return f.InfiniBandAt
	case d != nil && d.claim != nil && (f == nil || !f.Bifurcated()):
		return d.claim.InfiniBandAt
	}
	return fact.Origin{}
}

// refuseVFIO: Mellanox's functions have drivers that work through the kernel's.
func (r *resolver) refuseVFIO(pci *PCI, f *fact.Function) (Problem, bool) {
	if pci.Vendor != vendorMellanox || !pci.OnVFIO() && !slices.Contains(uioDrivers(), pci.Driver) {
		return Problem{}, false
	}
	return Problem{
		Code: CodeWrongDriver, Where: f.At("/driver").Where,
		Message: "device " + pci.id() + " is of vendor " + vendorMellanox + " (NVIDIA, Mellanox) and bound to " + pci.Driver + ": DPDK drives it through mlx5_core and RDMA only",
		Remedy:  "leave it to mlx5_core on the node (deviceType netdevice and isRdma true in an SriovNetworkNodePolicy)",
	}, true
}

// isMissingNode reports whether a code means that a device's node is not in the container.
func isMissingNode(code Code) bool { return code == CodeDeviceNodeMissing || code == CodeNoUverbs }

// refuseWithoutNode: vfio gives a device by the node of its group.
func (r *resolver) refuseWithoutNode(pci *PCI, f *fact.Function) (Problem, bool) {
	if !pci.OnVFIO() || f.NodeMissing == "" || len(f.CharDevices) > 0 {
		return Problem{}, false
	}
	return Problem{
		Code: CodeDeviceNodeMissing, Where: f.NodeMissing,
		Message: f.NodeMissing + ", by which DPDK drives " + pci.id() + ", is not in the container",
		Remedy:  "request the device's resource from its device plugin in the container's resources.limits",
	}, true
}

func (p *PCI) id() string { return cmp.Or(p.Auxiliary, p.Address.String()) }

// refuseWithoutUverbs: drivers that work beside the kernel's need the node of the
// function's RDMA device.
func (r *resolver) refuseWithoutUverbs(pci *PCI, f *fact.Function) (Problem, bool) {
	if !f.NodesSeen || !f.Bifurcated() && !strings.HasPrefix(f.Driver, "mlx5_core") {
		return Problem{}, false
	}
	const remedy = "let the device plugin give it to the container (isRdma true in an SriovNetworkNodePolicy, rdma true in the plugin's selectors)"
	closed := ""
	for _, dev := range f.RDMA {
		for _, node := range dev.CharDevices {
			switch {
			case !strings.HasPrefix(node.Path, uverbs):
			case node.Openable:
				return Problem{}, false
			case slices.Contains(f.CharDevices, node.Path):
				closed = node.Path
			}
		}
	}
	if closed != "" {
		return Problem{
			Code: CodeDeviceNodeClosed, Where: closed,
			Message: "this process cannot open " + closed + ", by which DPDK drives " + pci.id(),
			Remedy:  "run as a user that may open it, and see that the device plugin or the DRA driver allows the container the device",
		}, true
	}
	if len(f.RDMA) == 0 {
		if len(r.rdma) > 0 { // the container has nodes, and one of them may be this function's
			return Problem{}, false
		}
		return Problem{
			Code: CodeNoUverbs, Where: f.At("/infiniband").Where,
			Message: "device " + pci.id() + " on " + f.Driver + " has no RDMA device here, and the container has no node in /dev/infiniband, by which DPDK drives it",
			Remedy:  remedy,
		}, true
	}
	return Problem{
		Code: CodeNoUverbs, Where: f.At("/infiniband/" + f.RDMA[0].Name).Where,
		Message: "the container lacks the uverbs node of " + f.RDMA[0].Name + ", by which DPDK drives " + pci.id(),
		Remedy:  remedy,
	}, true
}

// refuseReadOnlySys: EAL writes to the configuration space of a function on a uio
// driver, and maps its memory, by files of sysfs.
func (r *resolver) refuseReadOnlySys(pci *PCI, _ *fact.Function) (Problem, bool) {
	if r.readOnlySys == nil || !slices.Contains(uioDrivers(), pci.Driver) {
		return Problem{}, false
	}
	return Problem{
		Code: CodeReadOnlySys, Where: r.readOnlySys.Where,
		Message: "device " + pci.id() + " is bound to " + pci.Driver + ", which needs to write to /sys, and /sys is mounted read-only",
		Remedy:  "bind it to vfio-pci on the node, or run the container privileged",
	}, true
}

// refuseNoIOMMU: without an IOMMU, vfio needs a privilege. The device then needs physical
// addresses, which need another one.
func (r *resolver) refuseNoIOMMU(pci *PCI, _ *fact.Function) (Problem, bool) {
	if !pci.NoIOMMU || r.capabilities == nil {
		return Problem{}, false
	}
	var missing []string
	if !r.capabilities.Has(fact.CapSysRawIO) {
		missing = append(missing, "CAP_SYS_RAWIO, to open the group")
	}
	if !r.capabilities.Has(fact.CapSysAdmin) {
		missing = append(missing, "CAP_SYS_ADMIN, for physical addresses")
	}
	if len(missing) == 0 {
		return Problem{}, false
	}
	return Problem{
		Code: CodeNoIOMMUPrivilege, Where: r.capabilities.Where,
		Message: "device " + pci.id() + " is driven by vfio without an IOMMU, and the process lacks " + strings.Join(missing, ", and "),
		Remedy:  "add SYS_RAWIO and SYS_ADMIN to the container's securityContext.capabilities, or turn the IOMMU on",
	}, true
}
