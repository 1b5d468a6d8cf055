// Package netns reads how the container's network namespace is used: which netdevs carry
// its default routes, and whether it is the node's own.
package netns

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const (
	procRoute     = "/proc/net/route"
	procIPv6Route = "/proc/net/ipv6_route"
	netClass      = "/sys/class/net"
	// hostOnly is a setting that the kernel shows in the initial network
	// namespace alone.
	hostOnly = "/proc/sys/net/core/netdev_max_backlog"
)

// maxBelow is how many netdevs may lie on top of one another, such as a VLAN on a
// bond on a VF.
const maxBelow = 4

// Read gives one fact.DefaultRoute for each netdev that a default route leads
// through, those below it included, and a fact.HostNetwork if the namespace is
// the node's.
func Read(root rootfs.FS) []fact.Fact {
	r := reader{FS: root, seen: map[string]bool{}}
	for _, table := range []struct {
		file  string
		parse func(string) []route
	}{
		{procRoute, parseRoutes},
		{procIPv6Route, parseIPv6Routes},
	} {
		for _, route := range table.parse(r.read(table.file)) {
			at := fact.Origin{Source: fact.Proc, Where: table.file + ":" + strconv.Itoa(route.line)}
			r.carries(route.netdev, at, maxBelow)
		}
	}
	r.host()
	return r.facts
}

type reader struct {
	rootfs.FS
	facts []fact.Fact
	seen  map[string]bool // netdevs that carry a default route
}

func (r *reader) read(name string) string {
	data, err := r.ReadFile(name, rootfs.MaxProc)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.facts = append(r.facts, fact.Problemf(fact.Origin{Source: fact.Proc, Where: name}, fact.Unreadable, "%w", fact.WithoutPath(err)))
	}
	return string(data)
}

// carries notes that a default route leads through a netdev, and so through
// those that it is made on top of.
func (r *reader) carries(netdev string, at fact.Origin, below int) {
	if below == 0 || r.seen[netdev] || !rootfs.IsElement(netdev) {
		return
	}
	r.seen[netdev] = true
	r.facts = append(r.facts, fact.DefaultRoute{Origin: at, Netdev: netdev})
	names, err := r.ReadDir(netClass + "/" + netdev)
	if err != nil {
		return // no such netdev, or a copy without it: the route is all that is known
	}
	for _, name := range names {
		if lower, ok := strings.CutPrefix(name, "lower_"); ok {
			r.carries(lower, at, below-1)
		}
	}
}

// nodeNetdevs are the beginnings of names that network plugins and the like give
// to the node's ends of their networks.
var nodeNetdevs = []string{
	"antrea-", "br-ex", "br-int", "cali", "cilium_", "cni", "docker", "flannel.", "genev_sys_", "kube-bridge", "kube-ipvs",
	"lxc", "nodelocaldns", "ovn-k8s-mp", "ovs-system", "veth", "virbr", "vxlan.calico", "vxlan_sys_", "weave",
}

// host finds out whether the namespace is the node's.
func (r *reader) host() {
	if r.Exists(hostOnly) {
		r.facts = append(r.facts, fact.HostNetwork{
			Origin: fact.Origin{Source: fact.Proc, Where: hostOnly}, Sign: "the kernel shows this setting to the node's network namespace alone",
		})
		return
	}
	names, err := r.ReadDir(netClass)
	if err != nil {
		return
	}
	for _, name := range names {
		if slices.ContainsFunc(nodeNetdevs, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			r.facts = append(r.facts, fact.HostNetwork{
				Origin: fact.Origin{Source: fact.Sysfs, Where: netClass + "/" + name}, Sign: "a node has a netdev of this name",
			})
			return
		}
	}
}

// route is a default route.
type route struct {
	netdev string
	line   int // from 1
}

// The flags of a route, as in <linux/route.h>.
const (
	flagUp     = 0x1
	flagReject = 0x200
)

// parseRoutes finds the default routes in /proc/net/route (see proc_net(5)):
// netdev, destination, gateway, flags, three counts, the mask.
func parseRoutes(text string) []route {
	const zero = "00000000"
	var routes []route
	line := 0
	for text := range strings.Lines(text) {
		line++
		f := strings.Fields(text)
		if len(f) < 8 || f[1] != zero || f[7] != zero || !passable(f[3]) {
			continue
		}
		routes = append(routes, route{f[0], line})
	}
	return routes
}

// parseIPv6Routes finds the default routes in /proc/net/ipv6_route: destination
// and its length, source and its length, next hop, three numbers, flags, netdev.
func parseIPv6Routes(text string) []route {
	var routes []route
	line := 0
	for text := range strings.Lines(text) {
		line++
		f := strings.Fields(text)
		if len(f) < 10 || !isZero(f[0]) || f[1] != "00" || f[9] == "lo" || !passable(f[8]) {
			continue
		}
		routes = append(routes, route{f[9], line})
	}
	return routes
}

// passable reports whether a route is up and leads anywhere.
func passable(flags string) bool {
	bits, err := strconv.ParseUint(flags, 16, 32)
	return err == nil && bits&flagUp != 0 && bits&flagReject == 0
}

// isZero reports whether text is the address ::.
func isZero(text string) bool {
	address, err := hex.DecodeString(text)
	return err == nil && len(address) == 16 && !slices.ContainsFunc(address, func(b byte) bool { return b != 0 })
}
