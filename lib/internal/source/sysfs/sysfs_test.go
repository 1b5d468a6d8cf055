//go:build unix

package sysfs_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/pciaddr"
)

const machine = `
-- /sys/bus/pci/devices/0000:3b:02.6/vendor --
0x8086
-- /sys/bus/pci/devices/0000:3b:02.6/device --
0x154c
-- /sys/bus/pci/devices/0000:3b:02.6/class --
0x020000
-- /sys/bus/pci/devices/0000:3b:02.6/numa_node --
1
-- /sys/bus/pci/devices/0000:3b:02.7/numa_node --
-1
-- /sys/bus/pci/devices/0000:3b:03.0/numa_node --
many
-- /sys/bus/pci/devices/0000:3b:03.0/net/net1/address --
64:1F:00:00:00:01
-- /sys/bus/pci/devices/0000:3b:03.0/net/net1/mtu --
9000
-- /sys/bus/pci/devices/0000:3b:03.0/net/net0/address --
64:1F:00:00:00:02
-- /sys/bus/pci/devices/0000:3b:03.0/infiniband/mlx5_4/ --
-- /sys/bus/pci/devices/0000:3b:03.0/infiniband/mlx5_5/ --
-- /sys/bus/pci/devices/0000:3b:03.0/infiniband_verbs/uverbs7/ibdev --
mlx5_5
-- /sys/bus/pci/devices/0000:3b:03.0/infiniband_verbs/uverbs9/ibdev --
mlx5_4
-- /dev/infiniband/uverbs9 --
-- /sys/bus/pci/devices/0000:b1:00.1/class --
0x120000
-- /sys/bus/pci/devices/0000:b1:00.1/uio/uio3/name --
x
-- /dev/uio3 --
-- /dev/vfio/169 --
-- /sys/kernel/iommu_groups/170/name --
vfio-noiommu
-- /dev/vfio/noiommu-170 --
-- /sys/class/net/macvlan0/address --
02:00:00:00:00:0A
-- /sys/class/net/macvlan0/mtu --
1450
-- /sys/bus/auxiliary/devices/other.sf.1/ --
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.6/driver -> ../../../../bus/pci/drivers/vfio-pci
/sys/bus/pci/devices/0000:3b:02.6/physfn -> ../0000:3b:00.0
/sys/bus/pci/devices/0000:3b:02.6/iommu_group -> ../../../../kernel/iommu_groups/169
/sys/bus/pci/devices/0000:3b:02.7/driver -> ../../drivers/vfio-pci
/sys/bus/pci/devices/0000:3b:02.7/iommu_group -> /sys/kernel/iommu_groups/170
/sys/bus/pci/devices/0000:3b:02.7/physfn -> ../0000:3b:00.0
/sys/bus/pci/devices/0000:3b:03.0/driver -> ../../../../bus/pci/drivers/mlx5_core
/sys/bus/pci/devices/0000:b1:00.1/driver -> ../../../../bus/pci/drivers/igb_uio
/sys/bus/pci/devices/0000:3b:00.0/virtfn9 -> ../0000:3b:02.7
/sys/bus/pci/devices/0000:3b:00.0/virtfn10 -> ../0000:3b:02.6
/sys/bus/pci/devices/0000:3b:00.0/virtfnx -> ../0000:3b:02.5
/sys/class/net/net1 -> ../../bus/pci/devices/0000:3b:03.0/net/net1
/sys/bus/pci/devices/0000:3b:03.0/net/net1/device -> ../../../0000:3b:03.0
/sys/bus/vdpa/devices/blue -> ../../../devices/pci0000:64/0000:65:00.4/blue
/sys/bus/vdpa/devices/sf -> ../../../devices/pci0000:64/0000:65:00.4/mlx5_core.sf.4/sf
`

func address(t *testing.T, s string) pciaddr.Address {
	t.Helper()
	a, err := pciaddr.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func devices(t *testing.T, text string, claims sysfs.Claims) []fact.Fact {
	t.Helper()
	return sysfs.Devices(tree(t, text), claims)
}

var ignoreOrigin = cmp.Options{
	cmpopts.IgnoreTypes(fact.Origin{}), cmpopts.EquateComparable(pciaddr.Address{}), cmpopts.EquateErrors(),
}

func TestFunctions(t *testing.T) {
	pf := address(t, "0000:3b:00.0")
	vf := address(t, "0000:3b:02.6")
	noIOMMU := address(t, "0000:3b:02.7")
	mlx := address(t, "0000:3b:03.0")
	fec := address(t, "0000:b1:00.1")
	absent := address(t, "0000:3b:1f.7")
	for _, tt := range []struct {
		name string
		want fact.Function
	}{
		{"VF on vfio", fact.Function{
			Address: vf, Driver: "vfio-pci", Vendor: "8086", Device: "154c", Class: 0x020000,
			NUMANode: new(1), PF: pf, VFIndex: new(10), IOMMUGroup: new(169), CharDevices: []string{"/dev/vfio/169"},
		}},
		{"VF on vfio without an IOMMU", fact.Function{
			Address: noIOMMU, Driver: "vfio-pci", PF: pf, VFIndex: new(9), IOMMUGroup: new(170), NoIOMMU: true,
			CharDevices: []string{"/dev/vfio/noiommu-170"},
		}},
		{"bifurcated", fact.Function{
			Address: mlx, Driver: "mlx5_core",
			Netdevs: []fact.Netdev{
				{Name: "net0", MAC: "64:1f:00:00:00:02"},
				{Name: "net1", MAC: "64:1f:00:00:00:01", MTU: 9000, Parent: "0000:3b:03.0"},
			},
			RDMA: []fact.RDMA{
				{Name: "mlx5_4", CharDevices: []fact.CharDevice{{Path: "/dev/infiniband/uverbs9", Openable: true}}},
				{Name: "mlx5_5", CharDevices: []fact.CharDevice{{Path: "/dev/infiniband/uverbs7", Missing: true}}},
			},
			CharDevices: []string{"/dev/infiniband/uverbs9"},
			NodesSeen:   true,
		}},
		{"uio", fact.Function{Address: fec, Driver: "igb_uio", Class: 0x120000, CharDevices: []string{"/dev/uio3"}}},
		{"absent", fact.Function{Address: absent, Absent: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := devices(t, machine, sysfs.Claims{Functions: []pciaddr.Address{tt.want.Address}})
			var functions []fact.Fact
			for _, f := range got {
				if f, ok := f.(fact.Function); ok {
					functions = append(functions, f)
				}
			}
			if diff := cmp.Diff([]fact.Fact{tt.want}, functions, ignoreOrigin); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	got := devices(t, machine, sysfs.Claims{Functions: []pciaddr.Address{address(t, "0000:3b:03.0")}})
	p, ok := got[0].(fact.Problem)
	if !ok || p.Code != fact.Malformed || p.Where != "/sys/bus/pci/devices/0000:3b:03.0/numa_node" {
		t.Errorf("the first fact is %v, want a malformed numa_node", got[0])
	}

	got = devices(t, `
-- /sys/bus/pci/devices/0000:3b:02.6/vendor/x --
-- /sys/bus/pci/devices/0000:3b:02.6/driver --
not a link
`, sysfs.Claims{Functions: []pciaddr.Address{address(t, "0000:3b:02.6")}})
	var places []string
	for _, f := range got {
		if p, ok := f.(fact.Problem); ok {
			places = append(places, fmt.Sprint(p.Code, " ", p.Where, ": ", p.Err))
		}
	}
	want := []string{ // a message does not have the place again
		"unreadable /sys/bus/pci/devices/0000:3b:02.6/driver: invalid argument",
		"unreadable /sys/bus/pci/devices/0000:3b:02.6/vendor: not a regular file",
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestOthers(t *testing.T) {
	got := devices(t, machine, sysfs.Claims{
		Auxiliary:  []string{"mlx5_core.sf.4", "../x"},
		VDPA:       []string{"blue", "sf", "none", "../../.."},
		Interfaces: []string{"macvlan0", "net1", "net2", "..", "../../bus"},
	})
	want := []fact.Fact{
		fact.Function{Auxiliary: "mlx5_core.sf.4", Absent: true},
		fact.VDPADevice{Name: "blue", Parent: address(t, "0000:65:00.4")},
		fact.VDPADevice{Name: "sf", Auxiliary: "mlx5_core.sf.4"},
		fact.Netdev{Name: "macvlan0", MAC: "02:00:00:00:00:0a", MTU: 1450},
		fact.Netdev{Name: "net1", MAC: "64:1f:00:00:00:01", MTU: 9000, Parent: "0000:3b:03.0"},
		fact.Netdev{Name: "net2", Absent: true},
	}
	// net1's function is one that DPDK can drive beside the kernel.
	got = slices.DeleteFunc(got, func(f fact.Fact) bool {
		function, ok := f.(fact.Function)
		_, problem := f.(fact.Problem)
		return problem || ok && function.Unclaimed && function.Address == address(t, "0000:3b:03.0")
	})
	if diff := cmp.Diff(want, got, ignoreOrigin); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestNoBus has a root without sysfs, as in gVisor: nothing is known, which is
// not the same as absent.
func TestNoBus(t *testing.T) {
	got := devices(t, "-- /etc/x --\n", sysfs.Claims{
		Functions: []pciaddr.Address{address(t, "0000:3b:02.6")}, Auxiliary: []string{"a.b.1"}, Interfaces: []string{"net1"},
	})
	if len(got) != 0 {
		t.Errorf("facts are %v, want none", got)
	}
}

func TestNodes(t *testing.T) {
	root := tree(t, `
-- /sys/devices/system/node/has_cpu --
0-1
-- /sys/devices/system/node/node0/cpulist --
0-3,8
-- /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages --
512
-- /sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages --
500
-- /sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages --
4
-- /sys/devices/system/node/node1/cpulist --

-- /sys/devices/system/node/node2/cpulist --
x
`)
	var got []string
	for _, f := range sysfs.Nodes(root) {
		switch f := f.(type) {
		case fact.Node:
			got = append(got, fmt.Sprintf("node %d: CPUs %s", f.Node, f.CPUs))
		case fact.HugepagePool:
			got = append(got, fmt.Sprintf("node %d: %d of %d pages of %s", f.Node, f.Free, f.Total, f.Size))
		case fact.Problem:
			got = append(got, fmt.Sprintf("%s: %s", f.Where, f.Code))
		}
	}
	want := []string{
		"node 0: CPUs 0-3,8",
		"node 0: 500 of 512 pages of 2Mi",
		"node 1: CPUs ",
		"/sys/devices/system/node/node2/cpulist: malformed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}
