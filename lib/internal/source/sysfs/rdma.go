package sysfs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const (
	rdmaNodes = "/dev/infiniband"
	rdmaCM    = rdmaNodes + "/rdma_cm" // one for all RDMA devices
	rdmaClass = "/sys/class/infiniband"
)

// rdmaKinds are the kinds of device node that an RDMA device has of its own. The
// number in a node's name is not that in the RDMA device's name, so a file of
// the node's class says whose it is.
var rdmaKinds = []struct{ prefix, class string }{
	{"uverbs", "infiniband_verbs"},
	{"umad", "infiniband_mad"},
	{"issm", "infiniband_mad"},
}

// rdmaNode tells whether this process may open a node. Opening issmN would make
// the port announce itself as a subnet manager.
func (r *reader) rdmaNode(name string) fact.CharDevice {
	node := rdmaNodes + "/" + name
	if strings.HasPrefix(name, "issm") {
		return fact.CharDevice{Path: node, Openable: r.Permitted(node)}
	}
	return fact.CharDevice{Path: node, Openable: r.Openable(node)}
}

// functionRDMA reads the RDMA devices of a function. The node that verbs need
// is listed even if the container lacks it.
func (r *reader) functionRDMA(f *fact.Function, dir string, entries listing) {
	names := r.names(dir, "infiniband")
	if len(names) == 0 {
		return
	}
	nodes := map[string][]fact.CharDevice{}
	for _, kind := range rdmaKinds {
		classDir := dir + "/" + kind.class
		own := entries.has(kind.class)
		if !own {
			classDir = "/sys/class/" + kind.class
		}
		for _, name := range r.class(classDir) {
			if _, ok := index(name, kind.prefix); !ok {
				continue
			}
			there := r.Exists(rdmaNodes + "/" + name)
			if !there && kind.prefix != "uverbs" {
				continue
			}
			owner := r.text(classDir, name, "ibdev")
			if owner == "" && own && len(names) == 1 {
				owner = names[0]
			}
			if !slices.Contains(names, owner) {
				continue
			}
			node := r.rdmaNode(name)
			node.Missing = !there
			nodes[owner] = append(nodes[owner], node)
			if there && kind.prefix == "uverbs" {
				f.CharDevices = append(f.CharDevices, node.Path)
			}
		}
	}
	var shared []fact.CharDevice
	if r.Exists(rdmaCM) {
		shared = append(shared, r.rdmaNode("rdma_cm"))
	}
	for _, name := range names {
		f.RDMA = append(f.RDMA, fact.RDMA{Name: name, CharDevices: append(nodes[name], shared...)})
	}
}

// class lists a directory of RDMA device nodes' names, once.
func (r *reader) class(dir string) []string {
	names, ok := r.classes[dir]
	if !ok {
		names = r.names(dir)
		if r.classes == nil {
			r.classes = map[string][]string{}
		}
		r.classes[dir] = names
	}
	return names
}

// RDMA gives a fact.RDMADevice for each RDMA device that the container has the
// verbs node of. It goes by the nodes, since sysfs may show every RDMA device of
// the machine. A node without a known device is a problem.
func RDMA(root rootfs.FS) []fact.Fact {
	r := reader{FS: root}
	names, err := root.ReadDir(rdmaNodes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []fact.Fact{fact.Problemf(fact.Origin{Source: fact.Dev, Where: rdmaNodes}, fact.Unreadable, "%w", fact.WithoutPath(err))}
	}
	names = r.capped(rdmaNodes, names)
	var order []string // of the devices, by the first node of each
	nodes := map[string][]fact.CharDevice{}
	for _, kind := range rdmaKinds {
		for _, name := range names {
			if _, ok := index(name, kind.prefix); !ok {
				continue
			}
			verbs := kind.prefix == "uverbs"
			owner, ok := r.owner(kind.class, name, verbs)
			if !ok || !verbs && nodes[owner] == nil {
				continue
			}
			if nodes[owner] == nil {
				order = append(order, owner)
			}
			nodes[owner] = append(nodes[owner], r.rdmaNode(name))
		}
	}
	var shared []fact.CharDevice
	if _, ok := slices.BinarySearch(names, "rdma_cm"); ok && len(order) > 0 {
		shared = append(shared, r.rdmaNode("rdma_cm"))
	}
	for _, name := range order {
		r.rdmaDevice(fact.RDMA{Name: name, CharDevices: append(nodes[name], shared...)})
	}
	return r.facts
}

// owner reads which RDMA device a node belongs to.
func (r *reader) owner(class, name string, needed bool) (string, bool) {
	file := "/sys/class/" + class + "/" + name + "/ibdev"
	data, err := r.ReadFile(file, rootfs.MaxSmall)
	owner := strings.TrimSpace(string(data))
	if err == nil && rootfs.IsElement(owner) {
		return owner, true
	}
	switch node := rdmaNodes + "/" + name; {
	case !needed:
	case errors.Is(err, fs.ErrNotExist) && !r.Exists("/sys/class/"+class): // nothing says whose the nodes are
	case err != nil:
		r.add(fact.Problemf(origin(file), fact.Unreadable,
			"it is not known which RDMA device %s belongs to, and so the device is left out: %w", node, fact.WithoutPath(err)))
	default:
		r.malformed(file, "%.100q is not an RDMA device's name; the device of %s is left out", owner, node)
	}
	return "", false
}

// rdmaDevice reads the directory of an RDMA device.
func (r *reader) rdmaDevice(rdma fact.RDMA) {
	dir := rdmaClass + "/" + rdma.Name
	dev := fact.RDMADevice{Origin: origin(dir), RDMA: rdma, Parent: r.linkBase(dir, "device")}
	var names []string
	for _, port := range r.names(dir, "ports") {
		names = append(names, r.portNetdevs(join(dir, "ports", port, "gid_attrs/ndevs"))...)
	}
	for _, name := range distinct(names) {
		if r.ownNetdev(name, dev.Parent) || dev.Parent == "" && r.hasGUID(name, r.text(dir, "node_guid")) {
			dev.Netdevs = append(dev.Netdevs, name)
		}
	}
	if len(dev.Netdevs) == 0 {
		dev.Netdevs = r.ipoibNetdevs(r.text(dir, "node_guid"))
	}
	slices.Sort(dev.Netdevs)
	r.add(dev)
}

// maxGap is the number of empty entries after which the rest of a table of GIDs
// is taken for empty. Such a table has hundreds of entries, used from the front,
// and those that are not used cannot be read.
const maxGap = 16

// portNetdevs gives the names of the netdevs that a port's GIDs belong to, in
// whatever network namespace each of them is.
func (r *reader) portNetdevs(dir string) (netdevs []string) {
	var gids []int
	for _, name := range r.names(dir) {
		if gid, ok := index(name, ""); ok {
			gids = append(gids, gid)
		}
	}
	slices.Sort(gids)
	gap := 0
	for _, gid := range gids {
		data, _ := r.ReadFile(dir+"/"+strconv.Itoa(gid), rootfs.MaxSmall)
		name := strings.TrimSpace(string(data))
		if name == "" {
			if gap++; gap == maxGap {
				break
			}
			continue
		}
		gap = 0
		if rootfs.IsElement(name) {
			netdevs = append(netdevs, name)
		}
	}
	return netdevs
}

// ownNetdev reports whether a netdev's name in an RDMA device's GIDs means the netdev
// of that name in this network namespace. It could mean the host's: both can have an
// eth0. So the netdev has to belong to the RDMA device's parent, or else be of a kind
// that is made on top of another netdev. Such a netdev's GIDs are in the table of the
// RDMA device below.
func (r *reader) ownNetdev(name, parent string) bool {
	target, err := r.Readlink(netClass + "/" + name + "/device")
	if err == nil {
		return path.Base(target) == parent
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	for line := range strings.Lines(r.text(netClass, name, "uevent")) {
		switch kind, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVTYPE="); {
		case !ok:
		case kind == "macvlan", kind == "ipvlan", kind == "vlan":
			return true
		default:
			return false
		}
	}
	return false
}

// hasGUID reports whether an RDMA device without a parent, which is one of
// software (rxe, siw), was made on this netdev: rxe's GUID is then the netdev's MAC
// address as an EUI-64, with the bit inverted that tells local addresses.
func (r *reader) hasGUID(name, guid string) bool {
	mac, err := net.ParseMAC(r.text(netClass, name, "address"))
	if err != nil || len(mac) != 6 {
		return false
	}
	eui := fmt.Sprintf("%02x%02x%02xfffe%02x%02x%02x", mac[0]^2, mac[1], mac[2], mac[3], mac[4], mac[5])
	return eui == strings.ToLower(strings.ReplaceAll(guid, ":", ""))
}

// ipoibNetdevs finds the netdevs of IP over InfiniBand that have the node's GUID
// in their address.
func (r *reader) ipoibNetdevs(guid string) []string {
	guid = strings.ToLower(strings.ReplaceAll(guid, ":", ""))
	if len(guid) != 16 || guid == "0000000000000000" {
		return nil
	}
	if r.guids == nil {
		r.guids = map[string][]string{}
		for _, name := range r.names(netClass) {
			bytes := strings.Split(strings.ToLower(r.text(netClass, name, "address")), ":")
			if len(bytes) == 20 {
				key := strings.Join(bytes[12:], "")
				r.guids[key] = append(r.guids[key], name)
			}
		}
	}
	return slices.Clone(r.guids[guid])
}
