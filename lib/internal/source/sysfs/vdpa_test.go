//go:build unix

package sysfs_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/pciaddr"
)

const vdpaBus = `
-- /sys/bus/pci/devices/0000:65:00.3/vendor --
0x15b3
-- /sys/bus/pci/devices/0000:65:00.4/virtio3/net/net3/address --
02:00:00:00:00:03
-- /sys/bus/pci/devices/0000:65:00.5/virtio5/net/net5/ --
-- /sys/bus/pci/devices/0000:65:00.5/virtio6/net/net6/ --
-- /sys/devices/pci0000:64/0000:65:00.3/blue/vhost-vdpa-1/dev --
511:1
-- /sys/devices/pci0000:64/0000:65:00.3/blue/vhost-vdpa-x/dev --
-- /sys/devices/pci0000:64/0000:65:00.4/red/x --
-- /sys/devices/pci0000:64/0000:65:00.2/mlx5_core.sf.4/sf/virtio9/net/net9/ --
-- /sys/bus/auxiliary/devices/mlx5_core.sf.4/virtio8/net/net8/address --
02:00:00:00:00:08
-- /sys/bus/vdpa/devices/dir/x --
-- /dev/vhost-vdpa-1 --
-- symlinks --
/sys/devices/pci0000:64/0000:65:00.3/blue/driver -> ../../../bus/vdpa/drivers/vhost_vdpa
/sys/devices/pci0000:64/0000:65:00.4/red/driver -> ../../../bus/vdpa/drivers/virtio_vdpa
/sys/devices/pci0000:64/0000:65:00.5/both/driver -> ../../../bus/vdpa/drivers/virtio_vdpa
/sys/devices/pci0000:64/0000:65:00.2/mlx5_core.sf.4/sf/driver -> ../../../bus/vdpa/drivers/virtio_vdpa
/sys/devices/virtual/vdpasim_net/sim/driver -> ../../../bus/vdpa/drivers/other
/sys/bus/vdpa/devices/blue -> ../../../devices/pci0000:64/0000:65:00.3/blue
/sys/bus/vdpa/devices/azure -> ../../../devices/pci0000:64/0000:65:00.3/azure
/sys/bus/vdpa/devices/red -> ../../../devices/pci0000:64/0000:65:00.4/red
/sys/bus/vdpa/devices/both -> ../../../devices/pci0000:64/0000:65:00.5/both
/sys/bus/vdpa/devices/sf -> ../../../devices/pci0000:64/0000:65:00.2/mlx5_core.sf.4/sf
/sys/bus/vdpa/devices/sim -> ../../../devices/virtual/vdpasim_net/sim
/sys/class/net/net3 -> ../../devices/pci0000:64/0000:65:00.4/virtio3/net/net3
/sys/bus/pci/devices/0000:65:00.4/virtio3/net/net3/device -> ../../../virtio3
`

func TestVDPA(t *testing.T) {
	facts := devices(t, vdpaBus, sysfs.Claims{VDPA: []string{"blue", "red", "both", "sf", "sim", "dir", "none", "blue"}})
	got, problems := only[fact.VDPADevice](facts)
	want := []fact.VDPADevice{
		{Name: "blue", Parent: address(t, "0000:65:00.3"), Driver: "vhost", Path: "/dev/vhost-vdpa-1", Openable: true},
		{Name: "red", Parent: address(t, "0000:65:00.4"), Driver: "virtio", Netdev: "net3"},
		{Name: "both", Parent: address(t, "0000:65:00.5"), Driver: "virtio"},
		{Name: "sf", Auxiliary: "mlx5_core.sf.4", Driver: "virtio", Netdev: "net9"},
		{Name: "sim"},
		{Name: "dir"},
	}
	if diff := cmp.Diff(want, got, ignoreOrigin); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"unreadable: /sys/bus/vdpa/devices/dir"}, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestVDPAParents looks at the parents of the devices that are claimed by name.
func TestVDPAParents(t *testing.T) {
	claims := sysfs.Claims{VDPA: []string{"blue", "azure", "red", "sf", "sim", "none"}}
	places := func(facts []fact.Fact) (places []string) {
		functions, _ := only[fact.Function](facts)
		for _, f := range functions {
			places = append(places, f.Where)
		}
		slices.Sort(places)
		return places
	}
	want := []string{
		"/sys/bus/auxiliary/devices/mlx5_core.sf.4", "/sys/bus/pci/devices/0000:65:00.3", "/sys/bus/pci/devices/0000:65:00.4",
	}
	if diff := cmp.Diff(want, places(devices(t, vdpaBus, claims))); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	claims.Functions = []pciaddr.Address{address(t, "0000:65:00.4"), address(t, "0000:65:00.3"), address(t, "0000:65:00.4")}
	claims.Auxiliary = []string{"mlx5_core.sf.4"}
	if diff := cmp.Diff(want, places(devices(t, vdpaBus, claims))); diff != "" {
		t.Errorf("functions that are claimed, too (-want +got):\n%s", diff)
	}
	// Of a bus that is not in the root nothing is said.
	const link = "-- symlinks --\n/sys/bus/vdpa/devices/blue -> ../../../devices/pci0000:64/0000:65:00.3/blue\n"
	if got := places(devices(t, link, sysfs.Claims{VDPA: []string{"blue"}})); got != nil {
		t.Errorf("without the PCI bus: %q", got)
	}
}

func TestVDPAOfFunctions(t *testing.T) {
	facts := devices(t, vdpaBus, sysfs.Claims{
		Functions: []pciaddr.Address{address(t, "0000:65:00.3"), address(t, "0000:65:00.4")},
		Auxiliary: []string{"mlx5_core.sf.4"},
		VDPA:      []string{"red"},
	})
	functions, _ := only[fact.Function](facts)
	want := []fact.Function{
		{Address: address(t, "0000:65:00.3"), Vendor: "15b3", VDPA: []string{"azure", "blue"}},
		{
			Address: address(t, "0000:65:00.4"), VDPA: []string{"red"},
			Netdevs: []fact.Netdev{{Name: "net3", MAC: "02:00:00:00:00:03", Parent: "0000:65:00.4"}},
		},
		{
			Auxiliary: "mlx5_core.sf.4", VDPA: []string{"sf"},
			Netdevs: []fact.Netdev{{Name: "net8", MAC: "02:00:00:00:00:08"}},
		},
	}
	if diff := cmp.Diff(want, functions, ignoreOrigin); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	devs, _ := only[fact.VDPADevice](facts)
	var names []string
	for _, dev := range devs {
		names = append(names, dev.Name)
	}
	if diff := cmp.Diff([]string{"red", "azure", "blue", "sf"}, names); diff != "" {
		t.Errorf("vDPA devices (-want +got):\n%s", diff)
	}
}
