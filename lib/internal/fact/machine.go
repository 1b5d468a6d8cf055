package fact

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/pciaddr"
)

// Allocation is a device that a device plugin gave to this container. A device
// in both of the plugin's variables makes two facts.
type Allocation struct {
	Origin
	Resource  string // the part of PCIDEVICE_<resource>
	ID        string // as it was written, less blanks around it
	Address   pciaddr.Address
	Auxiliary string // name of an auxiliary device, which has no address
	Info      *Info  // nil: from the plain list
}

// Info is what PCIDEVICE_<resource>_INFO says of a device. Plugins are known to
// leave out some of it, so the rest of the machine overrules it.
type Info struct {
	CharDevices []string
	RDMA        string // RDMA device
	VFIOToken   string
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
	PF             pciaddr.Address
	VFIndex        *int
	IOMMUGroup     *int
	NoIOMMU        bool
	Netdevs        []Netdev // those in this network namespace
	RDMA           []RDMA
	CharDevices    []string // those that are in the root
}

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
}

// VDPADevice is a device on the vdpa bus.
type VDPADevice struct {
	Origin // its directory
	Name   string
	Parent pciaddr.Address // PCI function that it is made of; zero: another kind of device
}

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
	Size  PageSize
	Bytes *uint64 // nil: unlimited
}

// HugepageRequest is what the pod asked for of one page size.
type HugepageRequest struct {
	Origin
	Size  PageSize
	Bytes uint64
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

// String gives the size in Kubernetes' notation, as 2Mi.
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
	bad := func() (PageSize, error) { return 0, fmt.Errorf("%q is not a page size", text) }
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
