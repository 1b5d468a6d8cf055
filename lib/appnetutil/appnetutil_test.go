package appnetutil

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/appnetutil/hugepages"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

const everyKind = `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{
    "name": "ovn-kubernetes",
    "interface": "eth0",
    "ips": ["10.131.0.67", "fd00::67"],
    "mac": "0a:58:0a:83:00:43",
    "default": true,
    "gateway": ["10.131.0.1"],
    "dns": {"nameservers": ["10.131.0.2"], "domain": "d", "search": ["s"], "options": ["o"]}
},{
    "name": "ns/sriov-a",
    "interface": "net1",
    "mac": "02:00:00:00:00:01",
    "mtu": 9000,
    "dns": {},
    "device-info": {"type": "pci", "version": "1.0.0", "pci": {
        "pci-address": "0000:3b:02.6", "vhost-net": "/dev/vhost-net", "rdma-device": "mlx5_4,mlx5_5",
        "pf-pci-address": "0000:3b:00.0", "representor-device": "eth3"}}
},{
    "name": "ns/sriov-b",
    "interface": "net2",
    "dns": {},
    "device-info": {"type": "pci", "pci": {"pci-address": "0000:5e:0a.1"}}
},{
    "name": "ns/vhost",
    "interface": "net3",
    "dns": {},
    "device-info": {"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "client", "path": "/run/a=b.sock"}}
},{
    "name": "ns/vdpa",
    "interface": "net4",
    "dns": {},
    "device-info": {"type": "vdpa", "version": "1.1.0", "vdpa": {
        "parent-device": "vdpa2", "driver": "vhost", "path": "/dev/vhost-vdpa-1",
        "pci-address": "0000:65:00.3", "pf-pci-address": "0000:65:00.0", "representor-device": "eth4"}}
},{
    "name": "ns/memif-a",
    "interface": "net5",
    "dns": {},
    "device-info": {"type": "memif", "version": "1.1.0", "memif": {"role": "slave", "path": "/run/a", "mode": "ethernet"}}
},{
    "name": "ns/memif-b",
    "interface": "net6",
    "dns": {},
    "device-info": {"type": "memif", "version": "1.1.0", "memif": {"role": "master", "path": "@b"}}
},{
    "name": "ns/memif-c",
    "interface": "net7",
    "dns": {},
    "device-info": {"type": "memif", "version": "1.1.0", "memif": {"path": "/run/c"}}
},{
    "name": "ns/new",
    "interface": "net8",
    "dns": {},
    "device-info": {"type": "of-tomorrow"}
}]
-- environ --
PCIDEVICE_OPENSHIFT_IO_SRIOV_A=0000:3b:02.6
PCIDEVICE_OPENSHIFT_IO_SRIOV_C=0000:af:00.2,0000:af:00.1
`

func TestInterfaces(t *testing.T) {
	status := func(name, network string) nadv1.NetworkStatus {
		return nadv1.NetworkStatus{Name: network, Interface: name}
	}
	pci := func(version, address string) *nadv1.DeviceInfo {
		return &nadv1.DeviceInfo{Type: "pci", Version: version, Pci: &nadv1.PciDevice{PciAddress: address}}
	}
	with := func(s nadv1.NetworkStatus, info *nadv1.DeviceInfo) nadv1.NetworkStatus {
		s.DeviceInfo = info
		return s
	}
	eth0 := nadv1.NetworkStatus{
		Name: "ovn-kubernetes", Interface: "eth0", Default: true, Mac: "0a:58:0a:83:00:43",
		IPs: []string{"10.131.0.67", "fd00::67"}, Gateway: []string{"10.131.0.1"},
		DNS: nadv1.DNS{Nameservers: []string{"10.131.0.2"}, Domain: "d", Search: []string{"s"}, Options: []string{"o"}},
	}
	net1 := with(status("net1", "ns/sriov-a"), &nadv1.DeviceInfo{Type: "pci", Version: "1.0.0", Pci: &nadv1.PciDevice{
		PciAddress: "0000:3b:02.6", Vhostnet: "/dev/vhost-net", RdmaDevice: "mlx5_4,mlx5_5",
		PfPciAddress: "0000:3b:00.0", RepresentorDevice: "eth3",
	}})
	net1.Mac, net1.Mtu = "02:00:00:00:00:01", 9000
	memif := func(role, path, mode string) *nadv1.DeviceInfo {
		return &nadv1.DeviceInfo{Type: "memif", Version: "1.1.0", Memif: &nadv1.MemifDevice{Role: role, Path: path, Mode: mode}}
	}
	want := &InterfaceResponse{[]*InterfaceData{
		{"host", eth0},
		{"sr-iov", net1},
		{"pci", with(status("net2", "ns/sriov-b"), pci("1.1.0", "0000:5e:0a.1"))},
		{"vhost-user", with(status("net3", "ns/vhost"), &nadv1.DeviceInfo{
			Type: "vhost-user", Version: "1.1.0",
			VhostUser: &nadv1.VhostDevice{Mode: "client", Path: "/run/a=b.sock"},
		})},
		{"vdpa", with(status("net4", "ns/vdpa"), &nadv1.DeviceInfo{
			Type: "vdpa", Version: "1.1.0",
			Vdpa: &nadv1.VdpaDevice{
				ParentDevice: "vdpa2", Driver: "vhost", Path: "/dev/vhost-vdpa-1",
				PciAddress: "0000:65:00.3", PfPciAddress: "0000:65:00.0", RepresentorDevice: "eth4",
			},
		})},
		{"memif", with(status("net5", "ns/memif-a"), memif("slave", "/run/a", "ethernet"))},
		{"memif", with(status("net6", "ns/memif-b"), memif("master", "@b", ""))},
		{"memif", with(status("net7", "ns/memif-c"), memif("", "/run/c", ""))},
		{"unknown", status("net8", "ns/new")},
		{"sr-iov", with(nadv1.NetworkStatus{}, pci("1.1.0", "0000:af:00.1"))},
		{"sr-iov", with(nadv1.NetworkStatus{}, pci("1.1.0", "0000:af:00.2"))},
	}}
	got, err := interfaces(podnettest.New(t, everyKind).Options())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
}

// TestNoNetworkDevices has devices that are not a network's PCI function.
func TestNoNetworkDevices(t *testing.T) {
	got, err := interfaces(podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ovn-kubernetes", "interface": "eth0", "default": true, "dns": {}},
 {"name": "ns/sf", "interface": "net1", "dns": {}}]
-- environ --
PCIDEVICE_INTEL_COM_ACC100=0000:af:00.0
PCIDEVICE_NVIDIA_COM_SF=mlx5_core.sf.4
PCIDEVICE_X=neither
-- /sys/bus/pci/devices/0000:af:00.0/class --
0x120000
-- /sys/bus/auxiliary/devices/mlx5_core.sf.4/sfnum --
88
-- /sys/bus/auxiliary/devices/mlx5_core.sf.4/net/net1/address --
02:00:00:00:00:01
-- /sys/class/net/net1/address --
02:00:00:00:00:01
`).Options())
	if err != nil {
		t.Fatal(err)
	}
	want := &InterfaceResponse{[]*InterfaceData{
		{"host", nadv1.NetworkStatus{Name: "ovn-kubernetes", Interface: "eth0", Default: true}},
		{"unknown", nadv1.NetworkStatus{Name: "ns/sf", Interface: "net1", Mac: "02:00:00:00:00:01"}},
	}}
	for _, i := range got.Interface {
		i.NetworkStatus.Mac = want.Interface[1].NetworkStatus.Mac
		if i.NetworkStatus.Default {
			i.NetworkStatus.Mac = ""
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
}

// TestUnassigned has a device that two networks could have, and that sysfs knows.
func TestUnassigned(t *testing.T) {
	got, err := interfaces(podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "ns/a", "interface": "net1", "dns": {}}, {"name": "ns/b", "interface": "net2", "dns": {}}]
-- environ --
PCIDEVICE_X=0000:3b:02.1,0000:3b:02.2
-- /sys/bus/pci/devices/0000:3b:02.1/class --
0x020000
-- /sys/bus/pci/devices/0000:3b:02.2/class --
0x020000
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.1/physfn -> ../0000:3b:00.0
`).Options())
	if err != nil {
		t.Fatal(err)
	}
	var types, addresses []string
	for _, i := range got.Interface {
		types = append(types, i.NetworkStatus.Interface+" "+i.DeviceType)
		if info := i.NetworkStatus.DeviceInfo; info != nil {
			addresses = append(addresses, info.Pci.PciAddress+" of "+info.Pci.PfPciAddress)
		}
	}
	if diff := cmp.Diff([]string{"net1 unknown", "net2 unknown", " sr-iov", " sr-iov"}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0000:3b:02.1 of 0000:3b:00.0", "0000:3b:02.2 of "}, addresses); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
}

func TestInterfacesErrors(t *testing.T) {
	for _, tt := range []struct {
		name, scenario string
		count          int
		err            string
	}{
		{"nothing at all", "", 0, ""},
		{"no annotations, but a device", "-- environ --\nPCIDEVICE_X=0000:3b:02.6\n", 1, ""},
		{"no status yet", "-- annotations/a --\nb\n", 0, ""},
		{
			"a file that cannot be read", "-- /etc/podnetinfo/annotations/ --\n-- environ --\nPCIDEVICE_X=0000:3b:02.6\n", 0,
			"/etc/podnetinfo/annotations",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := interfaces(podnettest.New(t, tt.scenario).Options())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%v, %v, want an error about %s", got, err, tt.err)
				}
				return
			}
			if err != nil || len(got.Interface) != tt.count {
				t.Errorf("%+v, %v, want %d interfaces", got, err, tt.count)
			}
		})
	}
	missing := podnet.Options{Root: filepath.Join(t.TempDir(), "missing"), Environ: []string{}}
	if got, err := interfaces(missing); err == nil {
		t.Errorf("without a root: %+v", got)
	}
	if got, err := hugepages.Read(missing); err == nil {
		t.Errorf("without a root: %+v", got)
	}
	if got, err := cpuInfo(missing); err == nil {
		t.Errorf("without a root: %+v", got)
	}
}

func TestCPUInfo(t *testing.T) {
	const v2 = `
-- /proc/self/cgroup --
0::/
-- /proc/self/mountinfo --
32 29 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate
-- /proc/self/status --
Cpus_allowed_list:	4-7,68
-- /sys/fs/cgroup/cpuset.cpus.effective --
4-7,68,70
`
	if got, err := cpuInfo(podnettest.New(t, v2).Options()); err != nil || got.CPUSet != "4-7,68" {
		t.Errorf("CPUs are %+v, %v", got, err)
	}
	if got, err := cpuInfo(podnettest.New(t, "-- annotations/a --\nb\n").Options()); err == nil {
		t.Errorf("CPUs are %+v where nothing says so", got)
	}
}

// TestExported calls the functions that programs call, with this process's own
// root and environment and a volume of the test's.
func TestExported(t *testing.T) {
	t.Cleanup(func() { mountPath.Store(nil) })
	if got := GetDownwardAPIMountPath(); got != "/etc/podnetinfo" {
		t.Errorf("the mount path is %q at first", got)
	}
	if got := here().Podinfo; got != "" {
		t.Errorf("a directory is asked for: %q", got)
	}
	s := podnettest.New(t, "-- podinfo/hugepages_2M_request_app --\n16\n-- annotations/k8s.v1.cni.cncf.io/network-status --\n"+
		`[{"name": "ns/a", "interface": "net1", "dns": {}, "device-info": {"type": "vhost-user", "vhost-user": {"path": "/run/s"}}}]`+"\n")
	dir := filepath.Join(s.Root, "etc/podnetinfo")
	SetDownwardAPIMountPath(dir)
	t.Setenv("CONTAINER_NAME", "app")
	if got := GetDownwardAPIMountPath(); got != dir {
		t.Errorf("the mount path is %q, want %q", got, dir)
	}
	pages, err := GetHugepages()
	if err != nil || pages.MyContainerName != "app" || len(pages.Hugepages) != 1 || pages.Hugepages[0].Request2M != 16 {
		t.Errorf("hugepages are %+v, %v", pages, err)
	}
	list, err := GetInterfaces()
	if err != nil || len(list.Interface) != 1 || list.Interface[0].NetworkStatus.DeviceInfo.VhostUser.Path != "/run/s" {
		t.Errorf("interfaces are %+v, %v", list, err)
	}
	if cpus, err := GetCPUInfo(); err == nil && cpus.CPUSet == "" {
		t.Error("the CPU set is empty") // not every system has one
	}

	// A path from the working directory on, as app-netutil takes it.
	t.Chdir(s.Root)
	SetDownwardAPIMountPath("etc/podnetinfo")
	if got, err := GetHugepages(); err != nil || len(got.Hugepages) != 1 {
		t.Errorf("hugepages of a relative path are %+v, %v", got, err)
	}
	SetDownwardAPIMountPath("")
	if got := here().Podinfo; got != "" {
		t.Errorf("an empty path stands for %q", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Cleanup(func() { mountPath.Store(nil) })
	var group sync.WaitGroup
	for _, dir := range []string{"/nowhere/a", "/nowhere/b"} {
		group.Go(func() {
			SetDownwardAPIMountPath(dir)
			if got := GetDownwardAPIMountPath(); !strings.HasPrefix(got, "/nowhere/") {
				t.Errorf("the mount path is %q", got)
			}
			_, _ = GetHugepages()
		})
	}
	group.Wait()
}

// TestJSON has the names that programs find in app-netutil's documents.
func TestJSON(t *testing.T) {
	for _, tt := range []struct {
		in   any
		want string
	}{
		{CPUResponse{"4-7"}, `{"cpuset":"4-7"}`},
		{
			InterfaceResponse{[]*InterfaceData{{"host", nadv1.NetworkStatus{Name: "a"}}}},
			`{"Interface":[{"device-type":"host","network-status":{"name":"a","dns":{}}}]}`,
		},
		{
			HugepagesResponse{MyContainerName: "app", Hugepages: []*HugepagesData{{
				ContainerName: "app", Request: 1, Limit: 2, Request1G: 3, Limit1G: 4, Request2M: 5, Limit2M: 6,
			}}},
			`{"MyContainerName":"app","Hugepages":[{"ContainerName":"app","Request":1,"Limit":2,` +
				`"Request1G":3,"Limit1G":4,"Request2M":5,"Limit2M":6}]}`,
		},
	} {
		got, err := json.Marshal(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(got)); diff != "" {
			t.Errorf("JSON (-want +got):\n%s", diff)
		}
	}
}
