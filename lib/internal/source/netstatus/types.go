package netstatus

import "github.com/podnet/podnet/lib/internal/fact"

// The types of the annotations' values are our own: the client library that has
// them for everyone brings Kubernetes' API machinery with it. test/parity holds
// them against that library's.

// entry is one network status as it was written.
type entry struct {
	Name, Interface, MAC string
	IPs, Gateways        []string
	MTU                  int
	Default              bool
	DNS                  fact.DNS
	DeviceInfo           *deviceInfo

	gatewayKey string // the member that the gateways were written as
	deviceKey  string // the member that the device was written as
	doubtful   bool   // default cannot be read
}

// The types of devices that device-info can have.
const (
	typePCI       = "pci"
	typeVDPA      = "vdpa"
	typeVhostUser = "vhost-user"
	typeMemif     = "memif"
)

// deviceInfo is device-info: one of the members belongs to the type.
type deviceInfo struct {
	Type, Version string
	PCI           *pciDevice
	VDPA          *vdpaDevice
	VhostUser     *vhostUser
	Memif         *memif
}

type pciDevice struct{ Address, PF, RDMA, Representor, VhostNet string }

type vdpaDevice struct{ Parent, Driver, Path, PCIAddress, PF, Representor string }

type vhostUser struct{ Mode, Path string }

type memif struct{ Role, Path, Mode string }

// The roles of memif sockets as device-info names them.
const (
	memifMaster = "master"
	memifSlave  = "slave"
)

// The modes of memif sockets.
const (
	memifEthernet = "ethernet"
	memifIP       = "ip"
	memifPunt     = "inject-punt"
	// memifClientPunt is the client library's name for memifPunt, against the
	// specification.
	memifClientPunt = "punt"
)
