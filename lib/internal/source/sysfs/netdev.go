package sysfs

import (
	"path"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// ethernetType is ARPHRD_ETHER.
const ethernetType = 1

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

// classNetdev reads a directory of /sys/class/net. It is a link into the directory of
// the netdev's device, so a netdev that was read there is not read again.
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
	dir, there := r.resolved(parent + "/" + name)
	dev := fact.Netdev{Origin: origin(dir), Name: name}
	if !there {
		dev.Absent = true
		return dev
	}
	dev.MAC = strings.ToLower(r.text(dir, "address"))
	dev.MTU, _ = r.number(dir, "mtu")
	if strings.Count(dev.MAC, ":") != 5 { // the type of others need not be read
		if kind, ok := r.number(dir, "type"); ok && kind != ethernetType {
			dev.OtherType = kind
		}
	}
	dev.Parent = r.linkBase(dir, "device")
	if dev.Parent == "" {
		r.standIn(&dev, dir)
		return dev
	}
	dev.Master = r.linkBase(dir, "master")
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

// standIn reads what tells that a netdev without a device stands for one that the
// kernel does not drive. It is asked for where the container has devices.
func (r *reader) standIn(dev *fact.Netdev, dir string) {
	if r.devicesClaimed {
		dev.Alias = r.text(dir, "ifalias")
		dev.StandIn = r.Exists(netClass + "/" + dev.Name + "-vdev")
	}
}

// ofNetdev reads the function or auxiliary device of an interface's netdev that no
// source names: DPDK can drive it beside the kernel, or its driver tells why not.
func (r *reader) ofNetdev(dev fact.Netdev) {
	dir := deviceDir(dev.Parent)
	if dir == "" || r.read[dev.Parent] || r.linkBase(dir, "driver") == "" {
		return
	}
	r.unclaimed(dev.Parent)
}

// deviceDir is the directory of a PCI function or auxiliary device on its bus;
// empty for another name.
func deviceDir(name string) string {
	switch address, err := pciaddr.Parse(name); {
	case err == nil:
		return pciDevices + "/" + address.String()
	case fact.IsAuxiliary(name):
		return auxiliaryDevices + "/" + name
	}
	return ""
}

func (r *reader) unclaimed(name string) {
	r.read[name] = true
	var f fact.Function
	if address, err := pciaddr.Parse(name); err == nil {
		f = r.pciFunction(address)
	} else {
		f = r.auxiliaryDevice(name)
	}
	f.Unclaimed = true
	r.add(f)
}

// ofRDMA reads the functions and auxiliary devices of RDMA devices that no source
// names, if their netdevs are in this network namespace: DPDK can drive them
// beside the kernel.
func (r *reader) ofRDMA(parents []string) {
	for _, parent := range distinct(parents) {
		dir := deviceDir(parent)
		if dir == "" || r.read[path.Base(dir)] {
			continue
		}
		if fact.IsBifurcated(r.linkBase(dir, "driver")) && len(r.names(dir, "net")) > 0 {
			r.unclaimed(path.Base(dir))
		}
	}
}
