package podnet

import (
	"net/netip"
	"strings"

	"github.com/podnet/podnet/lib/pciaddr"
)

// Schema names the version of the document that a Pod marshals to. Fields may
// be added to it, never renamed or removed.
const Schema = "podnet.pod/v1"

// Pod is what a container was given, as far as evidence goes. It is plain data:
// nothing in it refers to the machine that it was read from.
type Pod struct {
	Schema string `json:"schema"` // podnet.pod/v1
	// Labels are the pod's labels, if the Downward API volume has them.
	Labels     map[string]string `json:"labels,omitempty"`
	Interfaces []Interface       `json:"interfaces"`     // default network first, then in the order of network-status
	Unassigned []Unassigned      `json:"unassigned"`     // devices that no evidence gives to one network
	RDMA       []RDMADevice      `json:"rdma"`           // by name
	CPUs       *CPUs             `json:"cpus,omitempty"` // nil: neither a cgroup nor an allowed list could be read
	Hugepages  []Hugepages       `json:"hugepages"`      // by page size
	Warnings   []Warning         `json:"warnings"`       // about the sources
}

// Kind tells what carries an interface's traffic, and so which member of
// Interface holds the details.
type Kind string

// The kinds of interface.
const (
	KindKernel    Kind = "kernel" // an ordinary netdev: the default network, macvlan and the like
	KindPCI       Kind = "pci"
	KindVhostUser Kind = "vhost-user"
	KindMemif     Kind = "memif"
	KindVDPA      Kind = "vdpa"
	KindAFXDP     Kind = "af-xdp"    // a netdev that DPDK drives by AF_XDP sockets
	KindAFPacket  Kind = "af-packet" // a netdev that DPDK drives by packet sockets, by request only
	KindUnknown   Kind = "unknown"   // there is a device, but not enough evidence to tell which
)

// Interface is one network attachment of the pod.
type Interface struct {
	Name     string       `json:"name"`              // as in the pod, such as net1
	Unnamed  bool         `json:"unnamed,omitempty"` // no source names it: the Name is ours, such as if1
	Network  string       `json:"network"`           // namespace/name of the network, or the CNI configuration's name
	Default  bool         `json:"default"`           // the pod's default network
	MAC      string       `json:"mac,omitempty"`     // of the interface in the pod
	MTU      int          `json:"mtu,omitempty"`     // bytes of the L3 packet
	IPs      []netip.Addr `json:"ips"`               // without the prefix's length
	Gateways []netip.Addr `json:"gateways"`          // next hops of the default routes
	Routes   []Route      `json:"routes,omitempty"`  // beside those to the gateways
	DNS      *DNS         `json:"dns,omitempty"`

	// DeviceInfoVersion is the version of the device-info that the interface
	// has in network-status, as it is written there.
	DeviceInfoVersion string `json:"deviceInfoVersion,omitempty"`

	Kind      Kind       `json:"kind"` // kernel, pci, vhost-user, memif, vdpa, af-xdp, af-packet or unknown
	PCI       *PCI       `json:"pci,omitempty"`
	VhostUser *VhostUser `json:"vhostUser,omitempty"`
	Memif     *Memif     `json:"memif,omitempty"`
	VDPA      *VDPA      `json:"vdpa,omitempty"`
	AFXDP     *AFXDP     `json:"afXdp,omitempty"`    // of kind af-xdp
	AFPacket  *AFPacket  `json:"afPacket,omitempty"` // of kind af-packet

	// Problems are why DPDK cannot drive the interface, or not as things stand.
	Problems []Problem `json:"problems,omitempty"`

	Evidence []Evidence `json:"evidence"` // what its fields rest on
}

// Route is a route of the pod.
type Route struct {
	Destination netip.Prefix `json:"destination"`      // zero bits: the default route
	Gateway     netip.Addr   `json:"gateway,omitzero"` // zero: the destination is on the link
}

// DNS is what the network says of name resolution.
type DNS struct {
	Nameservers []string `json:"nameservers,omitempty"` // addresses
	Domain      string   `json:"domain,omitempty"`      // local domain
	Search      []string `json:"search,omitempty"`      // domains
	Options     []string `json:"options,omitempty"`     // of the resolver
}

// PCI is a PCI function or, when Auxiliary is set, a function's auxiliary
// device (a scalable function), which has no address of its own.
type PCI struct {
	Address    pciaddr.Address `json:"address,omitzero"`     // absent of an auxiliary device
	Auxiliary  string          `json:"auxiliary,omitempty"`  // such as mlx5_core.sf.4
	Driver     string          `json:"driver,omitempty"`     // kernel driver that the device is bound to; empty: unbound or unknown
	Vendor     string          `json:"vendor,omitempty"`     // four hexadecimal digits, such as 8086
	Device     string          `json:"device,omitempty"`     // four hexadecimal digits, such as 154c
	NUMANode   *int            `json:"numaNode,omitempty"`   // nil: the kernel says -1 or nothing
	PF         pciaddr.Address `json:"pf,omitzero"`          // physical function, for a VF on bare metal
	VFIndex    *int            `json:"vfIndex,omitempty"`    // N of the PF's virtfnN
	IOMMUGroup *int            `json:"iommuGroup,omitempty"` // nil: none
	NoIOMMU    bool            `json:"noIOMMU,omitempty"`    // the group is one of vfio's no-IOMMU mode
	Netdev     string          `json:"netdev,omitempty"`     // the function's netdev in this network namespace
	// DevPort is which of the function's ports the netdev is of, from 0, where the
	// driver makes a DPDK port of each; nil: not known, or one port alone.
	DevPort *int     `json:"devPort,omitempty"`
	RDMA    []string `json:"rdma,omitempty"` // RDMA devices, such as mlx5_4
	// CharDevices are the device nodes by which the device is driven.
	CharDevices []string `json:"charDevices,omitempty"`
	Resource    string   `json:"resource,omitempty"` // the part of PCIDEVICE_<resource> that named the device
	Claim       string   `json:"claim,omitempty"`    // resource claim and request of dynamic resource allocation
	VhostNet    string   `json:"vhostNet,omitempty"` // device node of vhost-net
	// Representor is the host's netdev that stands for the device in an
	// embedded switch.
	Representor string `json:"representor,omitempty"`
	VFIOToken   string `json:"vfioToken,omitempty"`  // VF token of the PF's driver
	NotPresent  bool   `json:"notPresent,omitempty"` // named, but not among this machine's PCI devices
}

// OnVFIO reports whether the device is bound to vfio-pci or a variant of it, such
// as mlx5_vfio_pci.
func (p *PCI) OnVFIO() bool { return IsVFIODriver(p.Driver) }

// IsVFIODriver reports whether a kernel driver is vfio-pci or a variant of it.
func IsVFIODriver(driver string) bool {
	return driver == "vfio-pci" || strings.HasSuffix(driver, "_vfio_pci")
}

// Socket roles as seen from the container: a client connects to a socket that
// the other side made, a server makes it.
const (
	RoleClient = "client"
	RoleServer = "server"
)

// VhostUser is a vhost-user socket.
type VhostUser struct {
	Path string `json:"path"`           // in the container
	Role string `json:"mode,omitempty"` // RoleClient or RoleServer; empty: not said
	// Exists tells a client whether its server's socket is there; nil for a
	// server, and where that could not be seen.
	Exists *bool `json:"exists,omitempty"`
}

// Memif is a memif socket. A path that begins with '@' is abstract.
type Memif struct {
	Path string `json:"path"`           // in the container
	Role string `json:"role,omitempty"` // RoleClient or RoleServer; empty: not said
	Mode string `json:"mode,omitempty"` // ethernet, ip or inject-punt; empty: not said
	// Exists is as for VhostUser.
	Exists *bool `json:"exists,omitempty"`
}

// VDPA is a vDPA device.
type VDPA struct {
	Parent     string          `json:"parent,omitempty"`    // name on the vdpa bus
	Driver     string          `json:"driver,omitempty"`    // vhost or virtio
	Path       string          `json:"path,omitempty"`      // character device of the vhost driver
	PCIAddress pciaddr.Address `json:"pciAddress,omitzero"` // function that it is made of
	Auxiliary  string          `json:"auxiliary,omitempty"` // auxiliary device that it is made of
	PF         pciaddr.Address `json:"pf,omitzero"`         // physical function of PCIAddress
	NUMANode   *int            `json:"numaNode,omitempty"`  // nil: the kernel says -1 or nothing
	Netdev     string          `json:"netdev,omitempty"`    // of the virtio driver; never a DPDK port
	Resource   string          `json:"resource,omitempty"`  // the part of PCIDEVICE_<resource> that named the function
	Openable   *bool           `json:"openable,omitempty"`  // this process may open Path; nil: not known
	// Representor is the host's netdev that stands for the device in an
	// embedded switch.
	Representor string `json:"representor,omitempty"`
}

// AFXDP is a netdev of the kernel's that DPDK drives by AF_XDP sockets.
type AFXDP struct {
	Netdev string `json:"netdev"`           // in this network namespace
	Plugin bool   `json:"plugin,omitempty"` // the AF_XDP device plugin gave it, and loaded its program
	Pool   string `json:"pool,omitempty"`   // of that plugin, as the variable names it
	Socket string `json:"socket,omitempty"` // of that plugin, by which a process without privileges gets the netdev's map
	Map    string `json:"map,omitempty"`    // pinned map of the netdev
}

// AFPacket is a netdev of the kernel's that DPDK drives by packet sockets.
type AFPacket struct {
	Netdev string `json:"netdev"` // in this network namespace
}

// Evidence says which fact a field of an Interface rests on.
type Evidence struct {
	Field  string `json:"field"`         // path of JSON names below the interface, as pci.address
	Source string `json:"source"`        // annotation, env, sysfs, ...
	Where  string `json:"where"`         // place within the source
	Why    string `json:"why,omitempty"` // how a device came to its network, where that was inferred
}

// Unassigned is a device that was given to the container and that no evidence
// gives to one network.
type Unassigned struct {
	ID         string   `json:"id"`                 // PCI address, auxiliary device or socket
	Kind       Kind     `json:"kind"`               // as an interface's
	Resource   string   `json:"resource,omitempty"` // the part of PCIDEVICE_<resource> that named the device
	Candidates []string `json:"candidates"`         // interfaces that could have it
	// Reason is CodeAmbiguous, CodeUnclaimed, CodeAccelerator, CodeNotPresent or
	// CodeMalformed.
	Reason Code   `json:"reason"`
	PCI    *PCI   `json:"pci,omitempty"`   // what sysfs says of it
	VDPA   *VDPA  `json:"vdpa,omitempty"`  // the vDPA device that is made of it, by which it is used
	AFXDP  *AFXDP `json:"afXdp,omitempty"` // the netdev, of kind af-xdp
	// MAC is the address of the device's netdev, where its driver needs it.
	MAC string `json:"mac,omitempty"`
	// Network is the network that its source names, where no interface is of it.
	Network string `json:"network,omitempty"`
	// Default tells that the device's netdev carries the default route: it is the
	// pod's default network, which DPDK gets by the device's own name only.
	Default bool `json:"default,omitempty"`
	// Port tells that the device is a port by default, under its ID, since no
	// network was asked for.
	Port bool `json:"port,omitempty"`
	// Problems are why DPDK cannot drive the device, or not as things stand.
	Problems []Problem `json:"problems,omitempty"`

	Evidence []Evidence `json:"evidence"` // what its fields rest on
}

// RDMADevice is an RDMA device of one of the container's functions, or one
// whose device node the container has.
type RDMADevice struct {
	Name        string          `json:"name"`                // such as mlx5_4
	PCI         pciaddr.Address `json:"pci,omitzero"`        // function that it belongs to
	Auxiliary   string          `json:"auxiliary,omitempty"` // auxiliary device that it belongs to
	Netdev      string          `json:"netdev,omitempty"`    // of the same port, in this network namespace
	CharDevices []CharDevice    `json:"charDevices"`         // by which verbs and connections are made

	Evidence []Evidence `json:"evidence,omitempty"` // what its fields rest on
}

// CharDevice is a device node and whether this process may open it.
type CharDevice struct {
	Path     string `json:"path"`     // in the container
	Openable bool   `json:"openable"` // for reading and writing
	// Missing tells that the container does not have the node at all.
	Missing bool `json:"missing,omitempty"`
}

// CPUs is the container's share of the processors.
type CPUs struct {
	Allowed   CPUSet `json:"allowed"`   // cgroup's CPU set, intersected with the process's allowed list
	NUMANodes []int  `json:"numaNodes"` // nodes of these CPUs, ascending
	// Nodes has the CPUs of each of NUMANodes where there are several.
	Nodes []NodeCPUs `json:"nodes,omitempty"`
	Quota *float64   `json:"quota,omitempty"` // CFS quota in CPUs; nil: none
	// MemoryNodes are the NUMA nodes that memory may come from, ascending; nil:
	// not known.
	MemoryNodes []int `json:"memoryNodes,omitempty"`
	// Siblings are the cores that Allowed has hardware threads of, each with
	// all its threads, also those that are not allowed.
	Siblings []CPUSet `json:"siblings,omitempty"`

	Evidence []Evidence `json:"evidence,omitempty"` // what its fields rest on
}

// NodeCPUs are the container's CPUs on one NUMA node.
type NodeCPUs struct {
	Node    int    `json:"node"`    // NUMA node
	Allowed CPUSet `json:"allowed"` // of the container's CPUs
}

// On gives the container's CPUs on a NUMA node, ascending.
func (c *CPUs) On(node int) []int {
	for _, n := range c.Nodes {
		if n.Node == node {
			return n.Allowed.List()
		}
	}
	if len(c.NUMANodes) == 1 && c.NUMANodes[0] == node {
		return c.Allowed.List()
	}
	return nil
}

// Hugepages is the container's share of the hugepages of one size.
type Hugepages struct {
	Size string `json:"size"` // Kubernetes notation: 2Mi, 1Gi
	// LimitBytes is the cgroup's limit or, where no cgroup has one, the Downward
	// API's; nil: unlimited or not visible.
	LimitBytes   *uint64        `json:"limitBytes,omitempty"`
	UsedBytes    uint64         `json:"usedBytes,omitempty"`    // of the limit, now
	RequestBytes *uint64        `json:"requestBytes,omitempty"` // from the Downward API; nil: not said
	Mount        string         `json:"mount,omitempty"`        // hugetlbfs mount in the container
	Nodes        []HugepageNode `json:"nodes,omitempty"`        // what the whole machine has, not this container's share

	Evidence []Evidence `json:"evidence,omitempty"` // what its fields rest on
}

// HugepageNode is the state of one NUMA node's pool of one page size.
type HugepageNode struct {
	Node       int    `json:"node"`       // NUMA node
	TotalBytes uint64 `json:"totalBytes"` // of the pool
	FreeBytes  uint64 `json:"freeBytes"`  // of the pool, now
}

// Warning is something that was read, or had to be, and cannot be used as it
// stands.
type Warning struct {
	Code    Code   `json:"code"`    // kind of trouble
	Source  string `json:"source"`  // annotation, env, sysfs, ...
	Where   string `json:"where"`   // place within the source
	Message string `json:"message"` // the cause
}
