package eal

import "github.com/podnet/podnet/lib/pciaddr"

// Config has everything for EAL's command line. It is plain data: Args renders it without
// looking at the machine.
type Config struct {
	// Version is the DPDK release that will parse the arguments; the zero
	// value means the oldest one known, 22.11.
	Version Version
	// CPUs are the ids of the CPUs to run on, ascending, from 0 to 1023: lcore i
	// runs on CPUs[i], and lcore 0 is the main lcore. With one CPU, lcores 0 and
	// 1 share it, because a main lcore alone cannot forward. Beyond MaxLcores,
	// CPUs get no lcore. See Lcores.
	CPUs []int
	// Memory is where mbufs and queues live.
	Memory Memory
	// FilePrefix separates this process's runtime files from other DPDK
	// processes' files: 1 to 64 letters, digits, dots, underscores and hyphens.
	FilePrefix string
	// MultiProcess keeps EAL's files, with the hugepages' files, where processes
	// with the same FilePrefix find them. Secondary processes such as
	// dpdk-proc-info attach by these files. It needs hugepages, and the files stay
	// until somebody removes them.
	MultiProcess bool
	// IOVA is the --iova-mode; empty leaves the choice to EAL.
	IOVA IOVAMode
	// VFIOToken is the VF token (a UUID) of a PF that is itself bound to
	// vfio-pci; empty: none. VFIOTokenOrigin is where it came from.
	VFIOToken       string
	VFIOTokenOrigin Origin
	// Devices are the ports-to-be. The same one twice is rendered once.
	Devices []Device
	// Extra has further arguments, such as the user's own. They are added at the end
	// as they are, and must not repeat or contradict the rest. A PCI device that they
	// allow is one more beside Devices.
	Extra []string
}

// Memory chooses between hugepages and ordinary pages.
type Memory struct {
	// NodeMiB is the hugepage memory to take on each NUMA node, indexed by node;
	// empty: EAL takes pages as it needs them.
	NodeMiB []int
	// NoHuge takes NoHugeMiB of ordinary, memfd-backed pages instead.
	NoHuge    bool
	NoHugeMiB int
}

// IOVAMode is how devices address memory.
type IOVAMode string

// The modes.
const (
	IOVAVirtual  IOVAMode = "va"
	IOVAPhysical IOVAMode = "pa"
)

// Origin tells where a device's values came from.
type Origin struct {
	Interface string // the pod's interface; the name of a socket's port ends with it
	Where     string // the place that named the device, for errors
}

// Device is one device for EAL to probe: a PCI, Auxiliary, VirtioUser, Vhost,
// Memif, AFXDP, AFPacket or VDev.
type Device interface {
	// PortName is the name by which the ethdev is found after EAL has started.
	PortName() string

	// render gives the option (-a or --vdev) and its argument, for a release.
	render(Version) (option, argument string, err error)
}

// PCI is a PCI function that DPDK drives by itself or beside its kernel driver.
type PCI struct {
	Origin  Origin
	Address pciaddr.Address
	// MACs are for the driver of MANA, which makes a port for each of the function's
	// ports with these addresses. Without any it makes a port for each of them.
	MACs []string
	Args []DevArg // the caller's own; which keys there are is the driver's affair
}

// Auxiliary is an auxiliary device, such as mlx5_core.sf.4.
type Auxiliary struct {
	Origin Origin
	Name   string
	Args   []DevArg // as for PCI
}

// VirtioUser is net_virtio_user: the pod's end of a vhost-user socket, or of a
// vhost-vdpa character device.
type VirtioUser struct {
	Origin Origin
	Path   string
	Server bool   // make the socket and wait for the peer
	MAC    string // empty: the device's own or a random one
	Queues int    // queue pairs; 0 means 1
	// Args are the caller's own, such as queue_size=512. They add to the above and
	// cannot override it, as for every virtual device.
	Args []DevArg
}

// Vhost is net_vhost: the host's end of a vhost-user socket.
type Vhost struct {
	Origin Origin
	Path   string
	Client bool // connect to a socket that the other side makes
	Queues int
	Args   []DevArg // such as tso=1
}

// Memif is net_memif. A path that begins with '@' is an abstract socket.
type Memif struct {
	Origin Origin
	Path   string
	Server bool
	MAC    string
	ID     int
	// MTU is the largest L3 packet, in bytes; 0 means 1500. A client makes the
	// buffers of both sides, and a frame should fit into one: net_memif (as of
	// DPDK 22.11) sends garbage once frames of several buffers have filled a ring.
	MTU  int
	Args []DevArg // such as zero-copy=yes, which needs hugepages and a client
}

// VDev is any other virtual device, by the whole argument of --vdev, such as
// "net_null0,size=64": the caller's own, checked only to be one argument.
type VDev struct {
	Origin Origin
	Arg    string
}
