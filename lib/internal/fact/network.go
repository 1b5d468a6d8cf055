package fact

import (
	"net/netip"

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

	// HasDeviceInfo is true if there is device-info, even if it says nothing of
	// use; Device is nil then.
	HasDeviceInfo bool
	Device        Device
	// Doubtful is true if it could not be read whether this is the default
	// network.
	Doubtful bool
}

// LostNetworks says that the pod has networks, one or more, of which nothing
// could be read. Any device may be theirs.
type LostNetworks struct{ Origin }

// Userspace is one entry of the Userspace CNI's configuration data.
type Userspace struct {
	Origin
	Index     int    // position in the annotation
	Name      string // the CNI configuration's name
	Interface string
	IPs       []netip.Addr
	Gateways  []netip.Addr
	Device    Device // a VhostUser or Memif; nil: not told
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
	PF          pciaddr.Address // pf-pci-address
	RDMA        []string        // rdma-device
	Representor string          // representor-device
}

// VDPA is device-info of type vdpa.
type VDPA struct {
	Origin                     // of the object whose members are named below
	Parent     string          // parent-device
	Driver     string          // driver: vhost or virtio; empty: not said
	Path       string          // path
	PCIAddress pciaddr.Address // pci-address
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
