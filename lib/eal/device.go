package eal

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/pciaddr"
)

// The options that name a device.
const (
	optAllow = "-a"
	optVDev  = "--vdev"
)

// auxiliaryBus is the prefix by which EAL knows a device of the auxiliary bus.
const auxiliaryBus = "auxiliary:"

// maxQueues is the limit of virtio_user and vhost (VHOST_MAX_QUEUE_PAIRS).
const maxQueues = 128

// PortName is the address. Where the driver makes several ports of the function
// it is how their names begin.
func (d PCI) PortName() string { return d.Address.String() }

// ManyPortName is the name of one of the ports that the driver of MANA makes of a
// function, counted from 0 as in the dev_port of its netdev.
func ManyPortName(address pciaddr.Address, port int) string {
	return address.String() + manyPorts + strconv.Itoa(port+1)
}

// manyPorts comes between a function's address and the number of its port.
const manyPorts = "_port"

// HasPort reports whether a port of this name is the device's.
func HasPort(d Device, name string) bool {
	_, ok := d.(PCI)
	return d.PortName() == name || ok && strings.HasPrefix(name, d.PortName()+manyPorts)
}

func (d PCI) render(Version) (option, argument string, err error) {
	if d.Address.IsZero() {
		return "", "", d.Origin.errorf("PCI address", "", "", "is empty")
	}
	name := []string{d.Address.String()}
	for _, mac := range d.MACs {
		if mac, err = checkMAC(d.Origin, mac); err != nil {
			return "", "", err
		}
		name = append(name, "mac="+mac)
	}
	if len(d.MACs) > 0 && value(d.Args, "mac") != "" {
		return "", "", d.Origin.bad(fmt.Errorf("%w: podnet sets the device argument mac from the pod's device, and it cannot be overridden", ErrOption))
	}
	argument, err = d.Origin.withArgs(strings.Join(name, ","), d.Args)
	return optAllow, argument, err
}

// PortName is the device's name.
func (d Auxiliary) PortName() string { return d.Name }

func (d Auxiliary) render(_ Version) (option, argument string, err error) {
	reason := unsafeText(d.Name)
	switch {
	case reason != "":
	case strings.ContainsAny(d.Name, "/: "):
		reason = "is not of the form driver.type.id"
	case len(d.Name) > maxPortName:
		reason = "is longer than a device's name may be"
	default:
		argument, err = d.Origin.withArgs(auxiliaryBus+d.Name, d.Args)
		return optAllow, argument, err
	}
	return "", "", d.Origin.errorf("auxiliary device", d.Name, "", "%s", reason)
}

// PortName is net_virtio_user_ and the interface's name.
func (d VirtioUser) PortName() string { return vdevName("net_virtio_user_", d.Origin.Interface) }

func (d VirtioUser) render(release Version) (option, argument string, err error) {
	v, err := newVDev(d.Origin, "net_virtio_user_")
	if err != nil {
		return "", "", err
	}
	if err := checkSocket(d.Origin, d.Path, false); err != nil {
		return "", "", err
	}
	v.add("path", d.Path)
	if d.Server {
		v.add("server", "1")
	}
	if err := v.addQueues(d.Queues); err != nil {
		return "", "", err
	}
	if err := v.addMAC(d.MAC); err != nil {
		return "", "", err
	}
	if err := v.addArgs(d.Args, virtioUserKeys, release); err != nil {
		return "", "", err
	}
	if err := checkQueueSize(d.Args); err != nil {
		return "", "", d.Origin.bad(err)
	}
	return optVDev, v.String(), nil
}

// PortName is net_vhost_ and the interface's name.
func (d Vhost) PortName() string { return vdevName("net_vhost_", d.Origin.Interface) }

func (d Vhost) render(release Version) (option, argument string, err error) {
	v, err := newVDev(d.Origin, "net_vhost_")
	if err != nil {
		return "", "", err
	}
	if err := checkSocket(d.Origin, d.Path, false); err != nil {
		return "", "", err
	}
	v.add("iface", d.Path)
	if d.Client {
		v.add("client", "1")
	}
	if err := v.addQueues(d.Queues); err != nil {
		return "", "", err
	}
	if err := v.addArgs(d.Args, vhostKeys, release); err != nil {
		return "", "", err
	}
	return optVDev, v.String(), nil
}

// Bytes of a memif buffer: by default (ETH_MEMIF_DEFAULT_PKT_BUFFER_SIZE), at
// most, and beside the L3 packet, with two VLAN tags.
const (
	memifBuffer    = 2048
	maxMemifBuffer = 65535
	memifOverMTU   = 22
)

// PortName is net_memif_ and the interface's name.
func (d Memif) PortName() string { return vdevName("net_memif_", d.Origin.Interface) }

// render writes all arguments that it knows. net_memif ignores a whole argument list with a
// fault in it, and its default is an abstract socket, which no other pod can reach.
func (d Memif) render(release Version) (option, argument string, err error) {
	v, err := newVDev(d.Origin, "net_memif_")
	if err != nil {
		return "", "", err
	}
	if err := checkSocket(d.Origin, d.Path, true); err != nil {
		return "", "", err
	}
	if d.ID < 0 {
		return "", "", d.Origin.errorf("memif id", strconv.Itoa(d.ID), "", "is negative")
	}
	role := "client"
	if d.Server {
		role = "server"
	}
	v.add("role", role)
	v.add("id", strconv.Itoa(d.ID))
	if name, abstract := strings.CutPrefix(d.Path, "@"); abstract {
		v.add("socket", name)
		v.add("socket-abstract", "yes")
	} else {
		v.add("socket", d.Path)
		v.add("socket-abstract", "no")
	}
	if err := v.addMAC(d.MAC); err != nil {
		return "", "", err
	}
	if room := d.MTU + memifOverMTU; room > memifBuffer && !d.Server && value(d.Args, "bsize") == "" {
		v.add("bsize", strconv.Itoa(min(room, maxMemifBuffer)))
	}
	if err := v.addArgs(d.Args, memifKeys, release); err != nil {
		return "", "", err
	}
	if d.Server && value(d.Args, "zero-copy") == "yes" {
		return "", "", d.Origin.bad(fmt.Errorf("%w: device argument zero-copy=yes: only a memif client can have it, and this is the server", ErrOption))
	}
	return optVDev, v.String(), nil
}

// PortName is what stands before the first comma.
func (d VDev) PortName() string {
	name, _, _ := strings.Cut(d.Arg, ",")
	return name
}

func (d VDev) render(_ Version) (option, argument string, err error) {
	const what = "virtual device"
	switch n := len(d.PortName()); {
	case n == 0:
		return "", "", d.Origin.errorf(what, d.Arg, "", "has no name before its arguments")
	case n > maxPortName:
		return "", "", d.Origin.errorf(what, d.Arg, "", "has a name of %d bytes, and DPDK takes %d", n, maxPortName)
	}
	return optVDev, d.Arg, d.Origin.checkArgument(d.Arg)
}

// vdev is the argument of --vdev as it grows.
type vdev struct {
	strings.Builder
	origin Origin
}

func newVDev(o Origin, prefix string) (*vdev, error) {
	name, err := portName(o, prefix)
	if err != nil {
		return nil, err
	}
	v := &vdev{origin: o}
	v.WriteString(name)
	return v, nil
}

func (v *vdev) add(key, value string) {
	v.WriteString("," + key + "=" + value)
}

// addQueues adds the number of queue pairs, unless it is DPDK's default of 1.
func (v *vdev) addQueues(n int) error { return v.addQueuesAs("queues", n) }

// addQueuesAs is addQueues for a driver that has another key for them.
func (v *vdev) addQueuesAs(key string, n int) error {
	if n < 0 || n > maxQueues {
		return v.origin.errorf("number of queues", strconv.Itoa(n), "", "is not in 1 to %d", maxQueues)
	}
	if n > 1 {
		v.add(key, strconv.Itoa(n))
	}
	return nil
}

func (v *vdev) addMAC(mac string) error {
	mac, err := checkMAC(v.origin, mac)
	if err == nil && mac != "" {
		v.add("mac", mac)
	}
	return err
}
