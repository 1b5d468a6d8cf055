//go:build unix

package sysfs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/pciaddr"
)

// only gives the facts of one type, and every problem as "code: place".
func only[F fact.Fact](facts []fact.Fact) (found []F, problems []string) {
	for _, f := range facts {
		if p, ok := f.(fact.Problem); ok {
			problems = append(problems, string(p.Code)+": "+p.Where)
		} else if f, ok := f.(F); ok {
			found = append(found, f)
		}
	}
	return found, problems
}

const rdmaNodes = `
-- /sys/bus/pci/devices/0000:3b:00.4/infiniband/mlx5_4/ --
-- /sys/bus/pci/devices/0000:3b:00.4/infiniband_verbs/uverbs7/ibdev --
mlx5_4
-- /sys/bus/pci/devices/0000:3b:00.4/infiniband_mad/umad8/ibdev --
mlx5_4
-- /sys/bus/pci/devices/0000:3b:00.4/infiniband_mad/issm9/ibdev --
mlx5_4
-- /sys/bus/pci/devices/0000:3b:00.4/infiniband_mad/umad9/ibdev --
mlx5_4
-- /sys/bus/auxiliary/devices/mlx5_core.sf.4/infiniband/mlx5_9/ --
-- /sys/bus/pci/devices/0000:3b:00.0/numa_node --
1
-- /sys/bus/pci/devices/0000:3b:00.6/infiniband/mlx5_6/ --
-- /sys/bus/pci/devices/0000:3b:00.6/infiniband_verbs/uverbs3/dev --
231:195
-- /sys/class/infiniband_verbs/abi_version --
6
-- /sys/class/infiniband_verbs/uverbs2/ibdev --
mlx5_9
-- /sys/class/infiniband_verbs/uverbs7/ibdev --
mlx5_4
-- /sys/class/infiniband_verbs/uverbs5/ibdev --
mlx5_5
-- /sys/class/infiniband_verbs/uverbs6/ibdev --
ib0
-- /sys/class/infiniband_verbs/uverbs10/ibdev --
../../x
-- /sys/class/infiniband_mad/umad8/ibdev --
mlx5_4
-- /sys/class/infiniband_mad/umad2/ibdev --
mlx5_2
-- /sys/class/infiniband_mad/issm9/ibdev --
mlx5_4
-- /sys/class/infiniband/mlx5_4/node_guid --
0000:0000:0000:0000
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/0 --
net2
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/1 --
net2
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/2/ --
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/10 --
net1
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/11 --
elsewhere
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/12 --
../net
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/13 --
eth0
-- /sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/14 --
net9
-- /sys/class/infiniband/mlx5_4/ports/2/gid_attrs/ndevs/0 --
net1
-- /sys/class/infiniband/mlx5_4/ports/2/gid_attrs/ndevs/1 --
macvlan0
-- /sys/class/infiniband/mlx5_4/ports/2/gid_attrs/ndevs/2 --
bridge0
-- /sys/class/infiniband/mlx5_4/ports/2/gid_attrs/ndevs/3 --
file
-- /sys/class/infiniband/ib0/node_guid --
0002:C903:0021:6e20
-- /sys/class/net/net1/address --
02:00:00:00:00:01
-- /sys/class/net/net2/address --
02:00:00:00:00:02
-- /sys/class/net/eth0/uevent --
INTERFACE=eth0
IFINDEX=3
-- /sys/class/net/macvlan0/uevent --
DEVTYPE=macvlan
INTERFACE=macvlan0
IFINDEX=7
-- /sys/class/net/bridge0/uevent --
DEVTYPE=bridge
INTERFACE=bridge0
-- /sys/class/net/file/device --
-- /sys/class/net/file/uevent --
DEVTYPE=vlan
-- /sys/class/net/net9/uevent --
DEVTYPE=vlan
-- /sys/class/net/ibs1/address --
80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:21:6e:20
-- /dev/infiniband/uverbs7 --
-- /dev/infiniband/uverbs2 --
-- /dev/infiniband/uverbs6 --
-- /dev/infiniband/umad8 --
-- /dev/infiniband/umad2 --
-- /dev/infiniband/issm9 --
-- /dev/infiniband/rdma_cm --
-- /dev/infiniband/by-path/x --
-- symlinks --
/sys/class/infiniband/mlx5_4/device -> ../../../0000:3b:00.4
/sys/class/infiniband/mlx5_9/device -> ../../../mlx5_core.sf.4
/sys/class/net/net1/device -> ../../../0000:3b:00.4
/sys/class/net/net2/device -> ../../../0000:3b:00.4
/sys/class/net/net9/device -> ../../../0000:3b:00.9
/sys/bus/auxiliary/devices/mlx5_core.eth.2 -> ../../../devices/pci0000:3a/0000:3b:00.0/mlx5_core.sf.4/mlx5_core.eth.2
`

func openable(names ...string) []fact.CharDevice {
	var nodes []fact.CharDevice
	for _, name := range names {
		nodes = append(nodes, fact.CharDevice{Path: "/dev/infiniband/" + name, Openable: true})
	}
	return nodes
}

func TestFunctionRDMA(t *testing.T) {
	facts := devices(t, rdmaNodes, sysfs.Claims{
		Functions: []pciaddr.Address{address(t, "0000:3b:00.4"), address(t, "0000:3b:00.6")},
		Auxiliary: []string{"mlx5_core.sf.4", "mlx5_core.eth.2"},
	})
	got, problems := only[fact.Function](facts)
	want := []fact.Function{
		{
			Address: address(t, "0000:3b:00.4"), CharDevices: []string{"/dev/infiniband/uverbs7"},
			RDMA: []fact.RDMA{{Name: "mlx5_4", CharDevices: openable("uverbs7", "umad8", "issm9", "rdma_cm")}},
		},
		{
			Address: address(t, "0000:3b:00.6"),
			RDMA: []fact.RDMA{{Name: "mlx5_6", CharDevices: append(
				[]fact.CharDevice{{Path: "/dev/infiniband/uverbs3", Missing: true}}, openable("rdma_cm")...)}},
		},
		{ // by the class, as its own directory has no nodes
			Auxiliary: "mlx5_core.sf.4", CharDevices: []string{"/dev/infiniband/uverbs2"},
			RDMA: []fact.RDMA{{Name: "mlx5_9", CharDevices: openable("uverbs2", "rdma_cm")}},
		},
		{Auxiliary: "mlx5_core.eth.2", PF: address(t, "0000:3b:00.0"), NUMANode: new(1)},
	}
	if diff := cmp.Diff(want, got, ignoreOrigin); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	if problems != nil {
		t.Errorf("problems: %q", problems)
	}
}

func TestRDMA(t *testing.T) {
	got, problems := only[fact.RDMADevice](sysfs.RDMA(tree(t, rdmaNodes+`/x -> /y
-- /dev/infiniband/uverbs10 --
-- /dev/infiniband/uverbs11 --
-- /dev/infiniband/uverbsx --
`)))
	want := []fact.RDMADevice{
		{RDMA: fact.RDMA{Name: "mlx5_9", CharDevices: openable("uverbs2", "rdma_cm")}, Parent: "mlx5_core.sf.4"},
		{RDMA: fact.RDMA{Name: "ib0", CharDevices: openable("uverbs6", "rdma_cm")}, Netdevs: []string{"ibs1"}},
		{
			RDMA:   fact.RDMA{Name: "mlx5_4", CharDevices: openable("uverbs7", "umad8", "issm9", "rdma_cm")},
			Parent: "0000:3b:00.4", Netdevs: []string{"macvlan0", "net1", "net2"},
		},
	}
	if diff := cmp.Diff(want, got, ignoreOrigin); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	wantProblems := []string{
		"malformed: /sys/class/infiniband_verbs/uverbs10/ibdev",
		"unreadable: /sys/class/infiniband_verbs/uverbs11/ibdev",
	}
	if diff := cmp.Diff(wantProblems, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if len(got) > 2 && got[2].Where != "/sys/class/infiniband/mlx5_4" {
		t.Errorf("origin %v", got[2].Origin)
	}
}

// TestSoftRDMA has an RDMA device of software on net1, and one on another network
// namespace's net1.
func TestSoftRDMA(t *testing.T) {
	for guid, want := range map[string][]string{
		"5054:00ff:fe00:0001\n": {"net1"},
		"5054:00ff:fe00:0002\n": nil,
		"":                      nil,
	} {
		got, _ := only[fact.RDMADevice](sysfs.RDMA(tree(t, `
-- /dev/infiniband/uverbs0 --
-- /sys/class/infiniband_verbs/uverbs0/ibdev --
rxe0
-- /sys/class/infiniband/rxe0/node_guid --
`+guid+`-- /sys/class/infiniband/rxe0/ports/1/gid_attrs/ndevs/0 --
net1
-- /sys/class/net/net1/address --
52:54:00:00:00:01
-- symlinks --
/sys/class/net/net1/device -> ../../../0000:3b:00.4
`)))
		if len(got) != 1 || !slices.Equal(got[0].Netdevs, want) {
			t.Errorf("GUID %q: %+v, want the netdevs %q", guid, got, want)
		}
	}
}

func TestRDMAWithout(t *testing.T) {
	for text, want := range map[string]int{
		"":                            0, // no such directory
		"-- /dev/infiniband/ --\n":    0,
		"-- /dev/infiniband --\n":     1, // not a directory
		"-- /dev/infiniband/x/ --\n":  0,
		"-- /dev/infiniband/umad0 --": 0, // no verbs
		"-- /dev/infiniband/uverbs0 --\n-- /sys/class/infiniband_verbs/x --\n": 1,
		"-- /dev/infiniband/uverbs0 --\n-- /sys/class/infiniband_verbs/ --\n":  1,
		"-- /dev/infiniband/uverbs0 --\n-- /sys/class/infiniband_mad/x --\n":   0, // nothing says whose it is
		"-- /dev/infiniband/uverbs0 --\n-- /dev/infiniband/uverbs1 --\n":       0,
		"-- /dev/infiniband/uverbs0 --\n-- /sys/class/infiniband_verbs --\n":   1, // not a directory
	} {
		if got := sysfs.RDMA(tree(t, text)); len(got) != want {
			t.Errorf("%q: %v, want %d facts", text, got, want)
		}
	}
}

// TestGIDGap has a table that is used at its front and, behind a long gap, once
// more: reading all of such tables would take longer than everything else.
func TestGIDGap(t *testing.T) {
	var b strings.Builder
	b.WriteString("-- /dev/infiniband/uverbs0 --\n-- /sys/class/infiniband_verbs/uverbs0/ibdev --\nmlx5_0\n")
	b.WriteString("-- /sys/class/net/net1/uevent --\nDEVTYPE=vlan\n-- /sys/class/net/net2/uevent --\nDEVTYPE=vlan\n")
	for _, gid := range []string{"0", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18"} {
		b.WriteString("-- /sys/class/infiniband/mlx5_0/ports/1/gid_attrs/ndevs/" + gid + " --\n")
		if gid == "0" {
			b.WriteString("net1\n")
		}
	}
	b.WriteString("-- /sys/class/infiniband/mlx5_0/ports/1/gid_attrs/ndevs/200 --\nnet2\n")
	got, _ := only[fact.RDMADevice](sysfs.RDMA(tree(t, b.String())))
	if len(got) != 1 || strings.Join(got[0].Netdevs, ",") != "net1" {
		t.Errorf("%+v, want one device with net1", got)
	}
}
