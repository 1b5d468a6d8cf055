package fact

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/pciaddr"
)

// Allocation is a device that a device plugin gave to this container. A device
// in both of the plugin's variables makes two facts.
type Allocation struct {
	Origin
	Index     int    // position in the variable
	Resource  string // the part of PCIDEVICE_<resource>
	ID        string // as it was written, less blanks around it
	Address   pciaddr.Address
	Auxiliary string // name of an auxiliary device, which has no address
	Info      *Info  // nil: from the plain list
	Common    bool   // Info is what is said of all devices of the resource
}

// Info is what PCIDEVICE_<resource>_INFO says of a device. Plugins are known to
// leave out some of it, so the rest of the machine overrules it.
type Info struct {
	CharDevices   []string // the nodes by which the device is driven
	CharDevicesAt Origin   // where they are said; zero: where the device is
	RDMA          string   // RDMA device
	RDMAAt        Origin   // as CharDevicesAt
	VFIOToken     string
	VFIOTokenAt   Origin // as CharDevicesAt
}

// Function is a PCI function or auxiliary device as sysfs shows it.
type Function struct {
	Origin         // its directory
	Address        pciaddr.Address
	Auxiliary      string
	Absent         bool // the bus is there, and this device is not on it; nothing else is set
	Driver         string
	Vendor, Device string // four hexadecimal digits
	Class          uint32 // base class, subclass and interface; 0: not known
	NUMANode       *int
	NUMANodeAt     Origin // of an auxiliary device, a directory above its own
	PF             pciaddr.Address
	VFIndex        *int
	IOMMUGroup     *int
	NoIOMMU        bool
	Netdevs        []Netdev // those in this network namespace
	RDMA           []RDMA
	VDPA           []string // names of the devices on the vdpa bus that are made of it
	CharDevices    []string // those that are in the root
	// InfiniBandAt is the file that says that its ports are InfiniBand's; zero:
	// they are Ethernet's, or nothing is said.
	InfiniBandAt Origin
	// NodesSeen is true if the root has /dev, so that a device node that is not
	// in CharDevices is not in the container.
	NodesSeen bool
	// NodeMissing is the node by which vfio drives it, if the root has nodes of
	// vfio's and not this one.
	NodeMissing string
	// Unclaimed is true for a function that no source names: it was read because
	// this namespace has its netdev or the container its RDMA device's node.
	Unclaimed bool
}

// Bifurcated reports whether the function is on a kernel driver that keeps it
// while DPDK drives it, through its RDMA device.
func (f Function) Bifurcated() bool { return IsBifurcated(f.Driver) }

// IsBifurcated reports whether DPDK works beside a kernel driver.
func IsBifurcated(driver string) bool {
	return driver == "mlx5_core" || driver == "mlx4_core" || driver == "mana" ||
		driver == "mlx5_core.sf" // of a scalable function
}

// ManyPorts reports whether DPDK's driver makes a port of each of the function's.
func (f Function) ManyPorts() bool { return f.Driver == "mana" }

// Network reports whether the device can be a network's: its PCI class says so,
// or says nothing.
func (f Function) Network() bool {
	const networkController = 0x02
	return f.Class == 0 || f.Class>>16 == networkController
}

// RDMA is an RDMA device of a function.
type RDMA struct {
	Name        string
	CharDevices []CharDevice
}

// CharDevice is a device node, and whether this process may open it.
type CharDevice struct {
	Path     string
	Openable bool
	Missing  bool // it is not in the root at all
}

// Netdev is a network interface in this network namespace, or the statement that
// there is none of the name.
type Netdev struct {
	Origin // its directory
	Name   string
	Absent bool   // nothing else is set
	MAC    string // lower case, with colons
	MTU    int
	Parent string // name of the device that it belongs to; empty: none, as for veth and macvlan
	// Port is which of the ports of its function it is, from 0, where the function
	// has several and DPDK drives each; nil: not known, or no matter.
	Port *int
	// OtherType is the kernel's number for the type of one that is not Ethernet, such
	// as 32 for IP over InfiniBand; 0: it is Ethernet, or not known.
	OtherType int
	Alias     string // text that somebody gave to it, if it has no Parent
	Master    string // bond, bridge or the like that it is a part of, if it has a Parent
	// StandIn is true if a netdev named after it with "-vdev" is there, as
	// vfioveth makes a pair of veths in the place of a VF.
	StandIn bool
}

// VDPADevice is a device on the vdpa bus.
type VDPADevice struct {
	Origin    // its directory
	Name      string
	Parent    pciaddr.Address // PCI function that it is made of; zero: another kind of device
	Auxiliary string          // auxiliary device that it is made of; empty: another kind of device
	Driver    string          // vhost or virtio; empty: none, or another
	Path      string          // /dev/vhost-vdpa-N, whether it is in the root or not; empty: not of the vhost driver
	Openable  bool            // this process may open Path
	Netdev    string          // of the virtio driver, in this network namespace
}

// RDMADevice is an RDMA device that one of the container's device nodes
// belongs to.
type RDMADevice struct {
	Origin // its directory
	RDMA
	Parent  string   // name of the PCI function or auxiliary device that it belongs to; empty: none
	Netdevs []string // its ports' netdevs, in this network namespace
}

// ClaimedDevice is a device that dynamic resource allocation gave to the pod: by
// the driver's metadata file (KEP-5304), or by the SR-IOV driver's variables.
type ClaimedDevice struct {
	Origin
	Claim     string // claim/request of the metadata; empty: from a variable
	Driver    string // DRA driver
	ID        string // name that the driver has for it
	Address   pciaddr.Address
	Auxiliary string // name of an auxiliary device, which has no address
	PF        pciaddr.Address
	Resource  string // as the part of PCIDEVICE_<resource> that it would be
	Info

	// NetworkName is the NetworkAttachmentDefinition, if it is known to be this
	// device's.
	NetworkName   string
	NetworkNameAt Origin
	Interface     string // the interface's name
	InterfaceAt   Origin
	MAC           string // lower case, with colons
	MACAt         Origin
	IPs           []netip.Addr
	IPsAt         Origin
	// PodWide is true if another container of the pod may be the one that has
	// the device.
	PodWide bool
	// VFIndex and NUMANode are the driver's own figures, for where sysfs is not
	// visible; nil: not said.
	VFIndex, NUMANode     *int
	VFIndexAt, NUMANodeAt Origin
	InfiniBandAt          Origin // where the driver says that its link is InfiniBand's; zero: not said
}

// AFXDPDevice is a netdev that an AF_XDP device plugin gave to this container.
type AFXDPDevice struct {
	Origin
	Pool   string // of the plugin; empty: not said
	Netdev string
	Socket string // of the plugin, by which the netdev's map is got; empty: not there
	Map    string // pinned map of the netdev; empty: not there
	// Gone is true if the container has neither, in a place that can be seen.
	Gone bool
}

// UnknownVariable is a variable that names devices, by whom nobody knows.
type UnknownVariable struct {
	Origin
	Devices []Allocation
}

// DefaultRoute says that a netdev of this network namespace carries a default
// route, itself or through one that is on top of it.
type DefaultRoute struct {
	Origin
	Netdev string
}

// HostNetwork says that the network namespace is not the pod's own, but the
// node's. Its netdevs are the node's then.
type HostNetwork struct {
	Origin
	Sign string // what tells
}

// Capabilities are those that this process has in effect, a bit for each.
type Capabilities struct {
	Origin
	Effective uint64
}

// The bits of capabilities that drivers in user space need.
const (
	CapSysRawIO = 17
	CapSysAdmin = 21
	capLast     = 37 // of every kernel that is in use; later ones have more
)

// Has reports whether one of them is in effect.
func (c Capabilities) Has(bit int) bool { return c.Effective&(1<<bit) != 0 }

// All reports whether the process has every capability, as in a privileged
// container, which can open every device of the node.
func (c Capabilities) All() bool {
	const all = 1<<(capLast+1) - 1
	return c.Effective&all == all
}

// ReadOnlySys says that /sys is mounted read-only.
type ReadOnlySys struct{ Origin }

// CPUs is a limit on the CPUs that this process may run on.
type CPUs struct {
	Origin
	Set cpuset.CPUSet
	// Affinity is true for the process's own allowed list, false for the
	// container's CPU set.
	Affinity bool
}

// Quota is a limit on CPU time, in CPUs.
type Quota struct {
	Origin
	CPUs float64
}

// Siblings are hardware threads of one core.
type Siblings struct {
	Origin
	CPUs cpuset.CPUSet
}

// MemoryNodes are the NUMA nodes that this process may have memory of.
type MemoryNodes struct {
	Origin
	Nodes cpuset.CPUSet // of node numbers
}

// Node is a NUMA node.
type Node struct {
	Origin
	Node int
	CPUs cpuset.CPUSet
}

// HugepagePool is the whole machine's pool of one page size on one NUMA node.
type HugepagePool struct {
	Origin
	Size        PageSize
	Node        int
	Total, Free uint64 // pages
}

// HugepageLimit is the container's limit for one page size.
type HugepageLimit struct {
	Origin
	Size   PageSize
	Bytes  *uint64 // nil: unlimited
	Used   uint64  // bytes
	UsedAt Origin
}

// HugepageAmount is what the pod's specification has for one page size, as the
// Downward API gives it.
type HugepageAmount struct {
	Origin
	Container string   // empty: not said
	Limit     bool     // false: a request
	Size      PageSize // 0: not said
	// Value is what the file has: bytes, or MiB if the network resources
	// injector made it.
	Value uint64
}

// Container is the name of this container in its pod.
type Container struct {
	Origin
	Name string
}

// HugepageMount is a hugetlbfs in the container.
type HugepageMount struct {
	Origin
	Index int // position in mountinfo
	Size  PageSize
	Path  string
}

// PageSize is the size of a hugepage in bytes.
type PageSize uint64

// String gives the size in Kubernetes' notation, such as 2Mi.
func (s PageSize) String() string {
	units := "KMG"
	for i := len(units) - 1; i >= 0; i-- {
		if shift := 10 * (i + 1); s > 0 && s&(1<<shift-1) == 0 {
			return fmt.Sprintf("%d%ci", s>>shift, units[i])
		}
	}
	return strconv.FormatUint(uint64(s), 10)
}

// ParsePageSize reads a number of bytes with the suffix K, M or G, which count
// in powers of 1024 as the kernel does. A "B" after the suffix, in either case,
// as in 2MB and 2048kB, is allowed. A size of zero is an error.
func ParsePageSize(text string) (PageSize, error) {
	bad := func() (PageSize, error) { return 0, fmt.Errorf("%.40q is not a page size", text) }
	s := strings.TrimSuffix(strings.ToUpper(text), "B")
	shift := 0
	if s != "" {
		if i := strings.IndexByte("KMG", s[len(s)-1]); i >= 0 {
			shift, s = 10*(i+1), s[:len(s)-1]
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 || n > math.MaxUint64>>shift {
		return bad()
	}
	return PageSize(n << shift), nil
}
