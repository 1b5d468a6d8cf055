// Package dra reads a container's data about the devices that dynamic resource allocation
// gave it: the metadata files of drivers (Kubernetes enhancement proposal 5304), and the
// variables of the SR-IOV driver.
package dra

import (
	"net/netip"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// sriovDriver is the name of the SR-IOV driver, which its attributes have too.
const sriovDriver = "sriovnetwork.k8snetworkplumbingwg.io"

// Read gives one fact.ClaimedDevice for each device that the files or the
// variables name.
func Read(root rootfs.FS, environ []string) []fact.Fact {
	return append(metadata(root), Parse(environ)...)
}

// identity is equal for two claimed devices from two places if they are the same device.
type identity struct {
	claim, driver, id   string
	address, pf         pciaddr.Address
	auxiliary, resource string
	iface, mac, ips     string
}

func identityOf(d fact.ClaimedDevice) identity {
	return identity{
		d.Claim, d.Driver, d.ID, d.Address, d.PF, d.Auxiliary, d.Resource, d.Interface, d.MAC, joinIPs(d.IPs),
	}
}

func joinIPs(ips []netip.Addr) string {
	var b strings.Builder
	for _, ip := range ips {
		b.WriteString(ip.String())
		b.WriteByte(',')
	}
	return b.String()
}
