package fact

import (
	"net/netip"
	"strings"

	"github.com/podnet/podnet/lib/pciaddr"
)

// Network is one entry of network-status: a network that the pod is attached to.
type Network struct {
	Origin
	Index     int    // position in the annotation
	Name      string // namespace/name, or the CNI configuration's name
	Interface string // empty: not said
	Default   bool
	MAC       string // lower case, with colons
	MTU       int    // bytes; 0: not said
	IPs       []netip.Addr
	Gateways  []netip.Addr
	GatewayAt string // member that has the gateways, if there are any
	DNS       *DNS   // nil: not said

	// HasDeviceInfo is true if there is device-info, even if it says nothing of
	// use; Device is nil then.
	HasDeviceInfo bool
	DeviceAt      string // member that has the device-info, if there is any
	DeviceType    string // of the device-info, as it is written
	DeviceVersion string // of the device-info
	Device        Device
	// Doubtful is true if it could not be read whether this is the default
	// network.
	Doubtful bool
}

// LostNetworks says that the pod has one or more networks that could not be
// read. Any device may be theirs.
type LostNetworks struct{ Origin }

// DNS is what a CNI result says of name resolution.
type DNS struct {
	Nameservers []string
	Domain      string
	Search      []string
	Options     []string
}

// Selection is one network that the pod asked for, in the networks annotation or
// as its default network.
type Selection struct {
	Origin
	Index     int    // position in the annotation
	Namespace string // empty: the pod's own
	Name      string
	Interface string // empty: not said; Multus makes it net<Index+1>
	DeviceID  string // deviceID, as it was written; empty: not said
	Default   bool   // from v1.multus-cni.io/default-network
	// Later is true if the pod asked for it after network-status was written,
	// which was not written again since: it is being attached to a running pod.
	Later bool
}

// NetworkInfo is what KubeVirt says of a network and its device.
type NetworkInfo struct {
	Origin
	Index   int
	Network string // name of the network in the virtual machine's specification
	MAC     string // lower case, with colons; empty: not said
	MTU     int    // bytes; 0: not said
	Device  Device // nil: not said
}

// PodNetwork is what OVN-Kubernetes says of the addresses that it gave the pod
// on one network.
type PodNetwork struct {
	Origin
	Network  string // namespace/name, or "default"
	Primary  bool   // role: this is where the pod's default route leads
	Cluster  bool   // role: the cluster's own network, kept for kubelet's probes beside a primary one
	MAC      string // lower case, with colons
	MTU      int    // bytes; 0: not said
	IPs      []netip.Addr
	IPsAt    Origin
	Gateways []netip.Addr
	// GatewaysAt is where the gateways are said; the zero Origin if there are
	// none.
	GatewaysAt Origin
	Routes     []Route
}

// Route is a route of the pod. The zero Gateway means that there is none: the
// destination is on the link.
type Route struct {
	Destination netip.Prefix
	Gateway     netip.Addr
}

// ResourceHint is the caller's own statement that a network's devices are of a
// resource.
type ResourceHint struct {
	Origin
	Network  string // name, or namespace/name
	Resource string // as the part of PCIDEVICE_<resource>
}

// DeviceHint is the caller's own statement about the device of a network that no
// source can name. One of the members is set.
type DeviceHint struct {
	Origin
	Network   string          // name, or namespace/name
	Device    Device          // a VhostUser or Memif
	Address   pciaddr.Address // a PCI function, or
	Auxiliary string          // an auxiliary device, that the container has
	AFXDP     bool            // the interface's netdev by an AF_XDP socket of its own
	AFPacket  bool            // the interface's netdev by a packet socket
}

// NamedInterface is an interface that somebody beside Multus says the pod to
// have.
type NamedInterface struct {
	Origin
	Index     int // position in the annotation
	Interface string
	Network   string // empty: not said
	NetworkAt Origin
	Default   bool
	DefaultAt Origin
	IPs       []netip.Addr
	IPsAt     Origin
}

// MemifInterface is a memif that Calico's VPP made for the pod.
type MemifInterface struct {
	Origin
	Interface string // name that the pod's interface has; of the default network's memif, podnet's own name
	Extra     bool   // the default network's, beside its netdev
	Memif     Memif
}

// Label is one of the pod's labels.
type Label struct {
	Origin
	Name, Value string
}

// Userspace is one entry of the Userspace CNI's configuration data.
type Userspace struct {
	Origin
	Index     int    // position in the annotation, or -1 for a file of one entry
	Name      string // the CNI configuration's name
	Interface string
	IPs       []netip.Addr
	Gateways  []netip.Addr
	Device    Device // a VhostUser or Memif; nil: not named
}

// At gives the origin of a part of the entry. If the entry is from a file, a '#' stands
// between the file's path and the path in it.
func (u Userspace) At(part string) Origin {
	if u.Index < 0 {
		part = "#" + strings.TrimPrefix(part, ".")
	}
	return u.Origin.At(part)
}

// Device is what an annotation says of a network's device: a PCIDevice, VDPA,
// VhostUser or Memif.
type Device interface{ device() }

func (PCIDevice) device() {}
func (VDPA) device()      {}
func (VhostUser) device() {}
func (Memif) device()     {}

// PCIDevice is device-info of type pci.
type PCIDevice struct {
	Origin                      // of the object whose members are named below
	Address     pciaddr.Address // pci-address
	AddressAt   string          // its member; empty: the object is the address itself
	VhostNet    string          // vhost-net
	PF          pciaddr.Address // pf-pci-address
	RDMA        []string        // rdma-device
	Representor string          // representor-device
}

// VDPA is device-info of type vdpa.
type VDPA struct {
	Origin                      // of the object whose members are named below
	Parent      string          // parent-device
	Driver      string          // driver: vhost or virtio; empty: not said
	Path        string          // path
	PCIAddress  pciaddr.Address // pci-address
	PF          pciaddr.Address // pf-pci-address
	Representor string          // representor-device
}

// VhostUser is a vhost-user socket, as the container sees it.
type VhostUser struct {
	Path   string
	PathAt Origin
	DirAt  Origin // of the directory that Path was put below; zero: none
	Mode   string // client or server; empty: not said, or not understood
	ModeAt Origin
}

// Memif is a memif socket, as the container sees it.
type Memif struct {
	Path   string
	PathAt Origin
	DirAt  Origin // of the directory that Path was put below; zero: none
	Role   string // client or server; empty: not said, or not understood
	RoleAt Origin
	Mode   string // ethernet, ip or inject-punt; empty: not said
	ModeAt Origin
}

// The roles of a socket's ends.
const (
	Client = "client"
	Server = "server"
)

// Socket tells whether the socket of a path is there. It is asked of sockets
// that the other side makes.
type Socket struct {
	Origin
	Path   string // as the facts name it; abstract ones begin with '@'
	Exists bool
}
