package eal

import "strings"

// v24_07 is the release at which net_af_xdp learned dp_path and use_pinned_map;
// from 23.03 on it had use_cni, by one socket of a fixed name.
const v24_07 Version = 24<<16 | 7<<8

// AFXDP is net_af_xdp: a netdev of the kernel's, by AF_XDP sockets.
type AFXDP struct {
	Origin Origin
	Netdev string
	// Plugin is true if the AF_XDP device plugin loaded the netdev's program, and
	// gives its map by Socket or has it pinned at Map. If neither is known the
	// plugin's usual socket is taken.
	Plugin bool
	Socket string
	Map    string
	Queues int
	Args   []DevArg // such as busy_budget=0
}

// AFPacket is net_af_packet: a netdev of the kernel's, by packet sockets.
type AFPacket struct {
	Origin Origin
	Netdev string
	Queues int
	Args   []DevArg // such as qdisc_bypass=1
}

var (
	afxdpKeys = []devArgKey{
		{"start_queue", number(0, 1<<15), 0}, {"shared_umem", flag, 0}, {"busy_budget", number(0, 1<<15), 0}, {"force_copy", flag, 0},
	}
	afpacketKeys = []devArgKey{
		{"blocksz", number(1, 1<<30), 0}, {"framesz", number(1, 1<<20), 0}, {"framecnt", number(1, 1<<20), 0}, {"qdisc_bypass", flag, 0},
	}
)

// PortName is net_af_xdp_ and the interface's name.
func (d AFXDP) PortName() string { return vdevName("net_af_xdp_", d.Origin.Interface) }

func (d AFXDP) render(release Version) (option, argument string, err error) {
	v, err := newVDev(d.Origin, "net_af_xdp_")
	if err != nil {
		return "", "", err
	}
	if err := v.addNetdev(d.Netdev); err != nil {
		return "", "", err
	}
	if err := v.addQueuesAs("queue_count", d.Queues); err != nil {
		return "", "", err
	}
	if d.Plugin {
		if err := v.addPlugin(d, release.orOldest()); err != nil {
			return "", "", err
		}
	}
	if err := v.addArgs(d.Args, afxdpKeys, release); err != nil {
		return "", "", err
	}
	return optVDev, v.String(), nil
}

// addPlugin adds how the process gets the netdev's map without privileges. The
// path is given wherever DPDK takes one: a release may look elsewhere first.
func (v *vdev) addPlugin(d AFXDP, release Version) error {
	const usualDir = "/tmp/afxdp_dp/"
	key, path := "use_cni", d.Socket
	switch {
	case path != "":
	case d.Map != "":
		key, path = "use_pinned_map", d.Map
	default:
		path = usualDir + d.Netdev + "/afxdp.sock"
	}
	switch {
	case release < v23_03:
		return v.origin.releasef(afxdpDevice, d.Netdev, afxdpRelease,
			"is the AF_XDP device plugin's, by which DPDK %s cannot get at it", release)
	case release < v24_07 && key != "use_cni":
		return v.origin.releasef(afxdpDevice, d.Netdev, afxdpRelease,
			"has a pinned map, which DPDK %s does not take", release)
	case release < v24_07:
		v.add(key, "1")
		return nil
	}
	if err := checkSocket(v.origin, path, false); err != nil {
		return err
	}
	v.add(key, "1")
	v.add("dp_path", path)
	return nil
}

const afxdpDevice, afxdpRelease = "AF_XDP device", "use DPDK 24.07 or later"

// checkAFXDP refuses several devices of the AF_XDP device plugin where the release
// knows one socket for all, since each device has its own.
func (c Config) checkAFXDP() error {
	if release := c.Version.orOldest(); release < v23_03 || release >= v24_07 {
		return nil
	}
	first := ""
	for _, d := range c.Devices {
		switch d, ok := d.(AFXDP); {
		case !ok || !d.Plugin || d.Netdev == first:
		case first != "":
			return d.Origin.releasef(afxdpDevice, d.Netdev, afxdpRelease+", or one device alone",
				"and %s need a socket each, and DPDK %s connects to /tmp/afxdp.sock for both", shown(first), c.Version)
		default:
			first = d.Netdev
		}
	}
	return nil
}

// PortName is net_af_packet_ and the interface's name.
func (d AFPacket) PortName() string { return vdevName("net_af_packet_", d.Origin.Interface) }

func (d AFPacket) render(release Version) (option, argument string, err error) {
	v, err := newVDev(d.Origin, "net_af_packet_")
	if err != nil {
		return "", "", err
	}
	if err := v.addNetdev(d.Netdev); err != nil {
		return "", "", err
	}
	if err := v.addQueuesAs("qpairs", d.Queues); err != nil {
		return "", "", err
	}
	if err := v.addArgs(d.Args, afpacketKeys, release); err != nil {
		return "", "", err
	}
	return optVDev, v.String(), nil
}

// addNetdev adds the netdev that the port is made of.
func (v *vdev) addNetdev(netdev string) error {
	const maxNetdev = 15 // IFNAMSIZ without the NUL at the end
	reason := unsafeText(netdev)
	switch {
	case reason != "":
	case len(netdev) > maxNetdev || strings.ContainsAny(netdev, "/: "):
		reason = "is not the name of a netdev"
	default:
		v.add("iface", netdev)
		return nil
	}
	return v.origin.errorf("netdev", netdev, "", "%s", reason)
}
