package podnet_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// TestOrderOfFacts resolves the facts of every scenario in many orders: the Pod
// has to be the same to the byte.
func TestOrderOfFacts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			facts, err := podnet.Gather(t.Context(), podnettest.Load(t, file).Options())
			if err != nil {
				t.Fatal(err)
			}
			want := indented(t, podnet.Resolve(facts))
			random := rand.New(rand.NewPCG(1, 2))
			for range 20 {
				random.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
				if diff := cmp.Diff(string(want), string(indented(t, podnet.Resolve(facts)))); diff != "" {
					t.Fatalf("Pod of the same facts in another order (-first +now):\n%s", diff)
				}
			}
		})
	}
}

func bdf(s string) pciaddr.Address {
	a, err := pciaddr.Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// network, allocation and function make facts with the least that they need.
func network(index int, name string, dev fact.Device) fact.Network {
	return fact.Network{
		Origin: fact.Origin{Source: fact.Annotation, Where: fmt.Sprintf("status[%d]", index)},
		Index:  index, Name: "ns/" + name, Interface: name, Default: name == "eth0",
		Device: dev, HasDeviceInfo: dev != nil,
	}
}

func allocation(resource, id string) fact.Allocation {
	a := fact.Allocation{
		Origin:   fact.Origin{Source: fact.Env, Where: "PCIDEVICE_" + resource + "[" + id + "]"},
		Resource: resource, ID: id,
	}
	if parsed, err := pciaddr.Parse(id); err == nil {
		a.Address = parsed
	}
	return a
}

func function(id string, netdevs ...fact.Netdev) fact.Function {
	return fact.Function{
		Origin:  fact.Origin{Source: fact.Sysfs, Where: "/sys/" + id},
		Address: bdf(id), Driver: "iavf", Class: 0x020000, Netdevs: netdevs,
	}
}

func pci(id string) fact.PCIDevice {
	return fact.PCIDevice{Origin: fact.Origin{Source: fact.Annotation, Where: "pci"}, Address: bdf(id)}
}

// summary tells in one line an interface where each device is, and why each
// other is nowhere.
func summary(pod *podnet.Pod) string {
	var lines []string
	for _, i := range pod.Interfaces {
		line := i.Name + " " + string(i.Kind)
		if i.PCI != nil {
			line += " " + i.PCI.Address.String()
		}
		lines = append(lines, line)
	}
	for _, u := range pod.Unassigned {
		lines = append(lines, fmt.Sprintf("%s %s %v", u.ID, u.Reason, u.Candidates))
	}
	for _, w := range pod.Warnings {
		lines = append(lines, string(w.Code)+" "+w.Where)
	}
	return strings.Join(lines, "; ")
}

const vfA, vfB = "0000:3b:02.6", "0000:3b:02.7"

// TestRules has one case for each rule by which a device comes to a network, or
// does not.
func TestRules(t *testing.T) {
	doubtful := network(1, "net1", nil)
	doubtful.Doubtful = true
	withMAC := func(n fact.Network, mac string) fact.Network {
		n.MAC = mac
		return n
	}
	unnamed := func(n fact.Network) fact.Network {
		n.Interface = ""
		return n
	}
	accelerator := function(vfA)
	accelerator.Class = 0x120000
	absent := fact.Function{Address: bdf(vfA), Absent: true, Origin: fact.Origin{Source: fact.Sysfs, Where: "/sys/" + vfA}}
	eth0 := network(0, "eth0", nil)
	for _, tt := range []struct {
		name  string
		facts []fact.Fact
		want  string
	}{
		{
			"device-info",
			[]fact.Fact{eth0, network(1, "net1", pci(vfA)), network(2, "net2", nil), allocation("A", vfB), allocation("A", vfA)},
			"eth0 kernel; net1 pci 0000:3b:02.6; net2 pci 0000:3b:02.7",
		},
		{
			"device-info on two networks",
			[]fact.Fact{network(1, "net1", pci(vfA)), network(2, "net2", pci(vfA)), allocation("A", vfA)},
			"net1 pci 0000:3b:02.6; net2 pci 0000:3b:02.6",
		},
		{
			"name of the netdev",
			[]fact.Fact{
				eth0, network(1, "net1", nil), network(2, "net2", nil), allocation("A", vfA), allocation("A", vfB),
				function(vfA, fact.Netdev{Name: "net2"}), function(vfB, fact.Netdev{Name: "net1"}),
			},
			"eth0 kernel; net1 pci 0000:3b:02.7; net2 pci 0000:3b:02.6",
		},
		{
			"name of the netdev, of the default network",
			[]fact.Fact{eth0, allocation("A", vfA), function(vfA, fact.Netdev{Name: "eth0"})},
			"eth0 pci 0000:3b:02.6",
		},
		{
			"netdev that belongs to the device",
			[]fact.Fact{
				eth0, network(1, "net1", nil), network(2, "net2", nil), allocation("A", vfA), function(vfA),
				fact.Netdev{Name: "net2", Parent: vfA},
				fact.Netdev{Name: "net1"},
			},
			"eth0 kernel; net1 kernel; net2 pci 0000:3b:02.6",
		},
		{
			"one function with two netdevs",
			[]fact.Fact{
				network(1, "net1", nil), network(2, "net2", nil), allocation("A", vfA),
				function(vfA, fact.Netdev{Name: "net1"}, fact.Netdev{Name: "net2"}),
			},
			"net1 pci 0000:3b:02.6; net2 pci 0000:3b:02.6",
		},
		{
			"MAC address",
			[]fact.Fact{
				withMAC(unnamed(network(1, "", nil)), "02:00:00:00:00:01"), unnamed(network(2, "", nil)), allocation("A", vfA), allocation("A", vfB),
				function(vfA, fact.Netdev{Name: "x", MAC: "02:00:00:00:00:01"}),
			},
			"if0 pci 0000:3b:02.6; if1 pci 0000:3b:02.7",
		},
		{
			"MAC address of two networks",
			[]fact.Fact{
				withMAC(unnamed(network(1, "", nil)), "02:00:00:00:00:01"), withMAC(unnamed(network(2, "", nil)), "02:00:00:00:00:01"),
				allocation("A", vfA), function(vfA, fact.Netdev{Name: "x", MAC: "02:00:00:00:00:01"}),
			},
			"if0 unknown; if1 unknown; 0000:3b:02.6 ambiguous [if0 if1]",
		},
		{
			"no MAC address is no match",
			[]fact.Fact{
				unnamed(network(1, "", nil)), unnamed(network(2, "", nil)), allocation("A", vfA), function(vfA, fact.Netdev{Name: "x"}),
			},
			"if0 unknown; if1 unknown; 0000:3b:02.6 ambiguous [if0 if1]",
		},
		{"forced", []fact.Fact{eth0, network(1, "net1", nil), allocation("A", vfA)}, "eth0 kernel; net1 pci 0000:3b:02.6"},
		{"never the default network", []fact.Fact{eth0, allocation("A", vfA)}, "eth0 kernel; 0000:3b:02.6 unclaimed []"},
		{
			"two networks",
			[]fact.Fact{network(1, "net1", nil), network(2, "net2", nil), allocation("A", vfA)},
			"net1 unknown; net2 unknown; 0000:3b:02.6 ambiguous [net1 net2]",
		},
		{
			"two devices",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), allocation("A", vfB)},
			"net1 unknown; 0000:3b:02.6 ambiguous [net1]; 0000:3b:02.7 ambiguous [net1]",
		},
		{
			"the network is something else",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), fact.Netdev{Name: "net1"}},
			"net1 kernel; 0000:3b:02.6 unclaimed []",
		},
		{
			"the other network is something else",
			[]fact.Fact{
				network(1, "net1", nil), network(2, "net2", nil), allocation("A", vfA), fact.Netdev{Name: "net1"}, fact.Netdev{Name: "net2", Absent: true},
			},
			"net1 kernel; net2 pci 0000:3b:02.6",
		},
		{
			"the device is another interface's",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), function(vfA, fact.Netdev{Name: "net9"})},
			"net1 kernel; 0000:3b:02.6 unclaimed []",
		},
		{
			"the device has another MAC address",
			[]fact.Fact{
				withMAC(unnamed(network(1, "", nil)), "02:00:00:00:00:01"), allocation("A", vfA), function(vfA, fact.Netdev{Name: "x", MAC: "02:00:00:00:00:02"}),
			},
			"if0 kernel; 0000:3b:02.6 unclaimed []",
		},
		{
			"a network that may be the default one",
			[]fact.Fact{doubtful, allocation("A", vfA)},
			"net1 unknown; 0000:3b:02.6 ambiguous [net1]",
		},
		{
			"networks that could not be read",
			[]fact.Fact{network(1, "net1", nil), fact.LostNetworks{}, allocation("A", vfA)},
			"net1 unknown; 0000:3b:02.6 ambiguous [net1]",
		},
		{
			"nothing but networks that could not be read",
			[]fact.Fact{fact.LostNetworks{}, allocation("A", vfA)},
			"0000:3b:02.6 ambiguous []",
		},
		{
			"accelerator",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), accelerator},
			"net1 kernel; 0000:3b:02.6 accelerator []",
		},
		{
			"accelerator beside a device",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), accelerator, allocation("B", vfB)},
			"net1 pci 0000:3b:02.7; 0000:3b:02.6 accelerator []",
		},
		{
			"not present",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), absent},
			"net1 unknown; 0000:3b:02.6 not-present [net1]; not-present PCIDEVICE_A[0000:3b:02.6]",
		},
		{
			"not present, beside another",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), absent, allocation("A", vfB)},
			"net1 unknown; 0000:3b:02.6 not-present [net1]; 0000:3b:02.7 ambiguous [net1]; not-present PCIDEVICE_A[0000:3b:02.6]",
		},
		{
			"not present, by device-info",
			[]fact.Fact{network(1, "net1", pci(vfA)), absent},
			"net1 pci 0000:3b:02.6; not-present /sys/0000:3b:02.6",
		},
		{
			"malformed",
			[]fact.Fact{network(1, "net1", nil), allocation("A", "eth7"), allocation("A", vfA)},
			"net1 pci 0000:3b:02.6; eth7 malformed []; malformed PCIDEVICE_A[eth7]",
		},
		{
			"one device of two resources",
			[]fact.Fact{network(1, "net1", nil), allocation("A", vfA), allocation("B", vfA)},
			"net1 pci 0000:3b:02.6; conflict PCIDEVICE_B[0000:3b:02.6]",
		},
		{
			"vDPA uses its function up",
			[]fact.Fact{
				network(1, "net1", fact.VDPA{Parent: "vdpa:" + vfA, Driver: "vhost"}), network(2, "net2", nil), allocation("A", vfA), allocation("A", vfB),
			},
			"net1 vdpa; net2 pci 0000:3b:02.7",
		},
		{
			"a socket's network takes no device",
			[]fact.Fact{network(1, "net1", fact.VhostUser{Path: "/s"}), allocation("A", vfA)},
			"net1 vhost-user; 0000:3b:02.6 unclaimed []",
		},
		{
			"a network of the Userspace CNI takes no device",
			[]fact.Fact{network(1, "net1", nil), fact.Userspace{Interface: "net1"}, allocation("A", vfA)},
			"net1 unknown; 0000:3b:02.6 unclaimed []",
		},
		{
			"device-info that says nothing",
			[]fact.Fact{fact.Network{Index: 1, Interface: "net1", HasDeviceInfo: true}},
			"net1 unknown",
		},
		{
			"a netdev that is not there",
			[]fact.Fact{network(1, "net1", nil), fact.Netdev{Name: "net1", Absent: true}},
			"net1 unknown",
		},
		{
			"an interface twice",
			[]fact.Fact{network(1, "net1", pci(vfA)), network(2, "net1", pci(vfB))},
			"net1 pci 0000:3b:02.6; conflict status[2].interface",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, summary(podnet.Resolve(tt.facts))); diff != "" {
				t.Errorf("Pod (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPrecedence checks, for each value that several sources have, which counts
// and that the other is reported.
func TestPrecedence(t *testing.T) {
	info := pci(vfA)
	info.PF, info.RDMA = bdf("0000:3b:00.0"), []string{"mlx5_4"}
	list, more := allocation("A", vfA), allocation("A", vfA)
	more.Where = "PCIDEVICE_A_INFO[x]"
	more.Info = &fact.Info{RDMA: "mlx5_9", CharDevices: []string{"/dev/vfio/9"}, VFIOToken: "t"}
	f := function(vfA)
	f.PF, f.RDMA, f.CharDevices = bdf("0000:af:00.0"), []fact.RDMA{{Name: "mlx5_7"}}, []string{"/dev/vfio/7"}

	pod := podnet.Resolve([]fact.Fact{network(1, "net1", info), list, more, f})
	p := pod.Interfaces[0].PCI
	got := fmt.Sprintf("%v %v %v %v %v", p.PF, p.RDMA, p.CharDevices, p.VFIOToken, p.Resource)
	if want := "0000:3b:00.0 [mlx5_4] [/dev/vfio/7] t A"; got != want {
		t.Errorf("all sources: %s, want %s", got, want)
	}
	want := "net1 pci 0000:3b:02.6; conflict PCIDEVICE_A_INFO[x]; " +
		"conflict /sys/0000:3b:02.6/infiniband; conflict /sys/0000:3b:02.6/physfn"
	if diff := cmp.Diff(want, summary(pod)); diff != "" {
		t.Errorf("conflicts (-want +got):\n%s", diff)
	}

	pod = podnet.Resolve([]fact.Fact{network(1, "net1", nil), list, more})
	p = pod.Interfaces[0].PCI
	got = fmt.Sprint(p.RDMA, p.CharDevices)
	if want := "[mlx5_9] [/dev/vfio/9]"; got != want {
		t.Errorf("_INFO alone: %s, want %s", got, want)
	}
}

// TestConflicts checks that each contradiction between two sources is reported
// at its place.
func TestConflicts(t *testing.T) {
	place := func(where string) fact.Origin { return fact.Origin{Source: "x", Where: where} }
	status := func(dev fact.Device) fact.Network {
		n := network(1, "net1", dev)
		n.MAC = "02:00:00:00:00:01"
		return n
	}
	userspace := func(dev fact.Device) fact.Userspace {
		return fact.Userspace{Origin: place("data"), Interface: "net1", Device: dev}
	}
	vhost := fact.VhostUser{Path: "/a", Mode: "client", PathAt: place("vhost-path"), ModeAt: place("vhost-mode")}
	memif := fact.Memif{Path: "/a", Role: "client", PathAt: place("memif-path"), RoleAt: place("memif-role")}
	otherVhost, otherMemif := vhost, memif
	otherVhost.Path, otherMemif.Role = "/b", "server"
	for _, tt := range []struct {
		name  string
		facts []fact.Fact
		want  string
	}{
		{"same socket", []fact.Fact{status(vhost), userspace(vhost)}, "net1 vhost-user"},
		{"socket's path", []fact.Fact{status(vhost), userspace(otherVhost)}, "net1 vhost-user; conflict vhost-path"},
		{"socket's role", []fact.Fact{status(memif), userspace(otherMemif)}, "net1 memif; conflict memif-role"},
		{"memif and vhost-user", []fact.Fact{status(memif), userspace(vhost)}, "net1 memif; conflict data"},
		{"PCI device and memif", []fact.Fact{status(pci(vfA)), userspace(memif)}, "net1 pci 0000:3b:02.6; conflict data"},
		{"old and new entry", []fact.Fact{userspace(vhost), fact.Userspace{Origin: place("new"), Index: 1, Interface: "net1"}}, "net1 unknown; stale data"},
		{
			"MAC address",
			[]fact.Fact{status(nil), fact.Netdev{Name: "net1", MAC: "02:00:00:00:00:02", Origin: place("net1")}},
			"net1 kernel; conflict net1/address",
		},
		{
			"netdev of another device",
			[]fact.Fact{status(pci(vfA)), fact.Netdev{Name: "net1", Parent: vfB, Origin: place("net1")}},
			"net1 pci 0000:3b:02.6; conflict net1/device",
		},
		{
			"netdev of the device",
			[]fact.Fact{status(pci(vfA)), fact.Netdev{Name: "net1", Parent: vfA, Origin: place("net1")}},
			"net1 pci 0000:3b:02.6",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, summary(podnet.Resolve(tt.facts))); diff != "" {
				t.Errorf("Pod (-want +got):\n%s", diff)
			}
		})
	}
}

// TestVDPA checks what other sources add to a vDPA device.
func TestVDPA(t *testing.T) {
	vhost := network(1, "net1", fact.VDPA{Parent: "vdpa:" + vfA, Driver: "vhost"})
	info := allocation("A", vfA)
	info.Info = &fact.Info{CharDevices: []string{"/dev/vhost-vdpa-3"}}
	virtio := network(2, "net2", fact.VDPA{Parent: "blue", Driver: "virtio"})
	pod := podnet.Resolve([]fact.Fact{
		vhost, info, virtio, fact.VDPADevice{Name: "blue", Parent: bdf(vfB)}, fact.Netdev{Name: "net2"},
	})
	want := []podnet.VDPA{
		{Parent: "vdpa:" + vfA, Driver: "vhost", Path: "/dev/vhost-vdpa-3", PCIAddress: bdf(vfA), Resource: "A"},
		{Parent: "blue", Driver: "virtio", PCIAddress: bdf(vfB), Netdev: "net2"},
	}
	for i, want := range want {
		if got := *pod.Interfaces[i].VDPA; got != want {
			t.Errorf("interface %d is %+v, want %+v", i, got, want)
		}
	}
}

func TestCPUs(t *testing.T) {
	group := func(list string) fact.CPUs { return cpus(t, list, false) }
	affinity := func(list string) fact.CPUs { return cpus(t, list, true) }
	for _, tt := range []struct {
		name  string
		facts []fact.Fact
		want  string // allowed CPUs, and the number of warnings
	}{
		{"group alone", []fact.Fact{group("4-7")}, "4-7 0"},
		{"allowed list alone", []fact.Fact{affinity("4-7")}, "4-7 0"},
		{"same", []fact.Fact{group("4-7"), affinity("4-7")}, "4-7 0"},
		{"allowed list wider", []fact.Fact{group("4-7"), affinity("0-63")}, "4-7 0"},
		{"allowed list narrower", []fact.Fact{group("4-7"), affinity("5,9")}, "5 1"},
		{"nothing in common", []fact.Fact{group("4-7"), affinity("9")}, "4-7 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pod := podnet.Resolve(tt.facts)
			if got := fmt.Sprintf("%s %d", pod.CPUs.Allowed, len(pod.Warnings)); got != tt.want {
				t.Errorf("CPUs and warnings: %s, want %s", got, tt.want)
			}
		})
	}
	if pod := podnet.Resolve(nil); pod.CPUs != nil {
		t.Errorf("without facts the CPUs are %v", pod.CPUs)
	}
}

func cpus(t *testing.T, list string, affinity bool) fact.CPUs {
	t.Helper()
	set, err := cpuset.Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return fact.CPUs{Set: set, Affinity: affinity}
}

// TestEmptyLists checks that JSON has [] and never null where a list is empty.
func TestEmptyLists(t *testing.T) {
	pod := podnet.Resolve([]fact.Fact{network(0, "eth0", nil), allocation("A", vfA), cpus(t, "0", false)})
	data, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "null") {
		t.Errorf("null in %s", data)
	}
	empty, err := json.Marshal(podnet.Resolve(nil))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"schema":"podnet.pod/v1","interfaces":[],"unassigned":[],"rdma":[],"hugepages":[],"warnings":[]}`
	if diff := cmp.Diff(want, string(empty)); diff != "" {
		t.Errorf("empty Pod (-want +got):\n%s", diff)
	}
}
