package sysfs

import (
	"path"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// netdevs reads a device's directory of netdevs. It shows those in the network
// namespace that sysfs was mounted in, which is the container's.
func (r *reader) netdevs(dir string) []fact.Netdev {
	var devs []fact.Netdev
	for _, name := range r.names(dir) {
		dev := r.netdev(dir, name)
		devs = append(devs, dev)
		r.devices[name] = dev
	}
	return devs
}

// classNetdev reads a directory of /sys/class/net, which is a link to that of the
// netdev's device: what was read there is not read again.
func (r *reader) classNetdev(name string) fact.Netdev {
	dir := netClass + "/" + name
	dev, known := r.devices[name]
	if !known || dev.Parent == "" || !r.Listed(dir) {
		return r.netdev(netClass, name)
	}
	dev.Origin = origin(dir)
	return dev
}

// netdev reads a directory of /sys/class/net, or of a device's own net.
func (r *reader) netdev(parent, name string) fact.Netdev {
	dir := parent + "/" + name
	dev := fact.Netdev{Origin: origin(dir), Name: name}
	if !r.Listed(dir) {
		dev.Absent = true
		return dev
	}
	dev.MAC = strings.ToLower(r.text(dir, "address"))
	dev.MTU, _ = r.number(dir, "mtu")
	dev.Parent = r.linkBase(dir, "device")
	if _, ok := index(dev.Parent, "virtio"); !ok {
		return dev
	}
	// A virtio device is an inner part of a device that has a name which somebody
	// may know.
	link := netClass + "/" + name
	if target, err := r.Readlink(link); err == nil {
		if above, _, ok := strings.Cut(target, "/"+dev.Parent+"/"); ok {
			dev.Parent = path.Base(above)
		}
	}
	return dev
}
