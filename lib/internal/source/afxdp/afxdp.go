// Package afxdp reads the AF_XDP device plugin's data in a container: the netdevs that the
// container was given, and the sockets and maps with which a program uses them without
// privileges.
package afxdp

import (
	"cmp"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const (
	// name is the variable of the plugin's releases before 2023, and with a pool's
	// name behind it of those since.
	name   = "AFXDP_DEVICES"
	prefix = name + "_"

	directory = "/tmp/afxdp_dp/" // + netdev
	socket    = "/afxdp.sock"
	pinnedMap = "/xsks_map"
	// parent is there in every container that has either.
	parent = "/tmp"
	// oldSocket is the one socket of the plugin's first releases.
	oldSocket = "/tmp/afxdp.sock"
)

// maxDevices limits what is taken of one variable.
const maxDevices = 1024

// Read gives a fact.AFXDPDevice for each netdev of the variables, with its socket
// and its map if they are there.
func Read(root rootfs.FS, environ []string) []fact.Fact {
	facts := Parse(environ)
	for n, f := range facts {
		dev, ok := f.(fact.AFXDPDevice)
		if !ok {
			continue
		}
		for _, path := range []string{directory + dev.Netdev + socket, oldSocket} {
			if dev.Socket == "" && root.Exists(path) {
				dev.Socket = path
			}
		}
		if path := directory + dev.Netdev + pinnedMap; root.Exists(path) {
			dev.Map = path
		}
		dev.Gone = dev.Socket == "" && dev.Map == "" && root.Exists(parent)
		facts[n] = dev
	}
	return facts
}

// Parse is Read for the environment alone.
func Parse(environ []string) []fact.Fact {
	type variable struct{ name, value string }
	var variables []variable
	for _, text := range environ {
		if !strings.HasPrefix(text, name) {
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		if ok && (key == name || strings.HasPrefix(key, prefix)) {
			variables = append(variables, variable{key, value})
		}
	}
	slices.SortStableFunc(variables, func(a, b variable) int { return cmp.Compare(a.name, b.name) })
	var facts []fact.Fact
	seen := map[string]bool{}
	last := ""
	for _, v := range variables {
		if v.name == last {
			continue // as for getenv, the first of two variables of one name counts
		}
		last = v.name
		at := fact.Origin{Source: fact.Env, Where: v.name}
		names := strings.FieldsFunc(v.value, func(c rune) bool { return c == ' ' || c == ',' || c == '\t' || c == '\n' })
		if len(names) > maxDevices {
			facts = append(facts, fact.Problemf(at, fact.Malformed, "%d devices, of which the first %d are used", len(names), maxDevices))
			names = names[:maxDevices]
		}
		for _, dev := range names {
			switch {
			case !fact.IsInterfaceName(dev):
				facts = append(facts, fact.Problemf(at, fact.Malformed, "%.100q cannot be an interface's name", dev))
			case !seen[dev]:
				seen[dev] = true
				facts = append(facts, fact.AFXDPDevice{Origin: at, Pool: strings.TrimPrefix(strings.TrimPrefix(v.name, name), "_"), Netdev: dev})
			}
		}
	}
	return facts
}
