package cli

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Endpoints are the flags that name sockets and netdevs directly, for use without a pod.
type Endpoints struct {
	VhostUser []string
	Memif     []string
	Ifaces    []string
}

// AddFlags adds the flags.
func (e *Endpoints) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&e.VhostUser, "vhost-user", nil, "without a pod: PATH of a vhost-user socket that the peer makes, or server:PATH of one to make here; may be repeated")
	f.StringArrayVar(&e.Memif, "memif", nil, "without a pod: PATH of a memif socket that the peer makes, or server:PATH of one to make here; may be repeated")
	f.StringArrayVar(&e.Ifaces, "iface", nil, "without a pod: a kernel network device, driven through packet sockets (NAME or NAME,af_packet) or AF_XDP (NAME,af_xdp); may be repeated")
}

// CutRole reads [client:|server:]PATH.
func CutRole(s, usual string) (path string, server bool) {
	if path, ok := strings.CutPrefix(s, podnet.RoleClient+":"); ok {
		return path, false
	}
	if path, ok := strings.CutPrefix(s, podnet.RoleServer+":"); ok {
		return path, true
	}
	return s, usual == podnet.RoleServer
}

// devices gives the flags' devices, in the order of their kinds. The interfaces of
// sockets are vhost-user0, memif0 and so on; a netdev keeps its name.
func (e *Endpoints) devices(queues, mtu int) []eal.Device {
	var list []eal.Device
	for i, s := range e.VhostUser {
		path, server := CutRole(s, podnet.RoleClient)
		list = append(list, eal.VirtioUser{Origin: eal.Origin{Interface: fmt.Sprintf("vhost-user%d", i), Where: "--vhost-user"}, Path: path, Server: server, Queues: queues})
	}
	for i, s := range e.Memif {
		path, server := CutRole(s, podnet.RoleClient)
		list = append(list, eal.Memif{Origin: eal.Origin{Interface: fmt.Sprintf("memif%d", i), Where: "--memif"}, Path: path, Server: server, MTU: mtu})
	}
	for _, s := range e.Ifaces {
		name, driver, _ := strings.Cut(s, ",")
		origin := eal.Origin{Interface: name, Where: "--iface"}
		if driver == driverAFXDP {
			list = append(list, eal.AFXDP{Origin: origin, Netdev: name, Queues: queues})
		} else {
			list = append(list, eal.AFPacket{Origin: origin, Netdev: name, Queues: queues})
		}
	}
	return list
}

// The drivers of --iface.
const (
	driverAFPacket = "af_packet"
	driverAFXDP    = "af_xdp"
)

// Names gives the interfaces of the flags, in their order.
func (e *Endpoints) Names() []string {
	var names []string
	for _, d := range e.devices(1, 0) {
		names = append(names, interfaceOf(d))
	}
	return names
}

// interfaceOf is the name of the interface that a device of a flag makes.
func interfaceOf(d eal.Device) string {
	switch d := d.(type) {
	case eal.VirtioUser:
		return d.Origin.Interface
	case eal.Memif:
		return d.Origin.Interface
	case eal.AFXDP:
		return d.Origin.Interface
	case eal.AFPacket:
		return d.Origin.Interface
	}
	return d.PortName()
}

// CheckEndpoints checks the flags before anything starts.
func (e *Endpoints) CheckEndpoints() error {
	for _, s := range e.Ifaces {
		name, driver, given := strings.Cut(s, ",")
		if name == "" || given && driver != driverAFXDP && driver != driverAFPacket {
			return UsageErrorf("--iface %q: want NAME, NAME,%s or NAME,%s", s, driverAFPacket, driverAFXDP)
		}
	}
	return CheckDistinct(e.VhostUser, e.Memif, e.Ifaces)
}

// CheckDistinct finds a socket or netdev that is given twice.
func CheckDistinct(lists ...[]string) error {
	used := map[string]bool{}
	for _, s := range slices.Concat(lists...) {
		path, _ := CutRole(s, "")
		path, _, _ = strings.Cut(path, ",")
		if path = filepath.Clean(path); used[path] {
			return UsageErrorf("socket or netdev %q is given twice: give each port its own", path)
		}
		used[path] = true
	}
	return nil
}

// netdevs makes sure that the netdevs of --iface are there and up.
func (e *Endpoints) netdevs() error {
	for _, s := range e.Ifaces {
		name, _, _ := strings.Cut(s, ",")
		switch i, err := net.InterfaceByName(name); {
		case err != nil:
			return NotReady(fmt.Errorf("--iface %q: %w: ip link lists the existing ones", name, err))
		case i.Flags&net.FlagUp == 0:
			return NotReady(fmt.Errorf("--iface %q: it is down: ip link set %s up", name, name))
		}
	}
	return nil
}
