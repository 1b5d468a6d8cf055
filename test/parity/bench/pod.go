package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// pod is a pod to measure on.
type pod struct {
	root       string
	environ    []string
	interfaces int // that it has
}

// maxLine is the longest line that app-netutil can read. It reads neither a longer line
// nor the lines behind it.
const maxLine = 64 << 10

// annotationsOnly makes a pod with so many SR-IOV interfaces and nothing else. The
// annotation has no blanks and the entries are short: app-netutil could not read 250
// longer ones.
func annotationsOnly(dir string, n int) (pod, error) {
	var statuses []nadv1.NetworkStatus
	var addresses []string
	for i := range n {
		addresses = append(addresses, address(i))
		statuses = append(statuses, nadv1.NetworkStatus{
			Name:      "ns/sriov-a",
			Interface: fmt.Sprintf("net%d", i+1),
			Mac:       mac(i),
			DeviceInfo: &nadv1.DeviceInfo{
				Type:    nadv1.DeviceInfoTypePCI,
				Version: nadv1.DeviceInfoVersion,
				Pci:     &nadv1.PciDevice{PciAddress: address(i)},
			},
		})
	}
	status, err := json.Marshal(statuses)
	if err != nil {
		return pod{}, err
	}
	text := podnettest.FormatAnnotations(map[string]string{networkStatus: string(status)})
	if len(text) >= maxLine {
		return pod{}, fmt.Errorf("%d interfaces make a line of %d bytes, which is too long for app-netutil", n, len(text))
	}
	return write(dir, n, fmt.Sprintf("-- podinfo/annotations --\n%s\n-- environ --\nPCIDEVICE_OPENSHIFT_IO_SRIOV_A=%s\n",
		text, strings.Join(addresses, ",")))
}

const networkStatus = "k8s.v1.cni.cncf.io/network-status"

// kind is the kind of an interface's device.
type kind int

const (
	vfioVF      kind = iota // a VF that is bound to vfio-pci
	mlx5VF                  // a VF with its netdev and RDMA device
	claimedVF               // a VF of a resource claim
	memifSocket             // a memif of the Userspace CNI
)

// everySource makes a pod with so many interfaces of its own beside the default
// network, of the kinds in turn, and with files for every source.
func everySource(dir string, n int, kinds []kind) (pod, error) {
	var b, links strings.Builder
	section := func(name, text string) { fmt.Fprintf(&b, "-- %s --\n%s\n", name, text) }
	link := func(name, target string) { fmt.Fprintf(&links, "%s -> %s\n", name, target) }

	statuses := []any{map[string]any{
		"name": "ovn-kubernetes", "interface": "eth0", "ips": []string{"10.131.0.67"},
		"mac": "0a:58:0a:83:00:43", "default": true, "dns": struct{}{},
	}}
	selection := []string{}
	userspace := []any{}
	listed := []string{}
	info := map[string]any{}
	for i := range n {
		name := fmt.Sprintf("net%d", i+1)
		status := map[string]any{
			"name": "ns/" + name, "interface": name, "mac": mac(i), "mtu": 1500, "dns": struct{}{},
			"ips": []string{fmt.Sprintf("10.1.%d.%d", i/250, i%250+1)},
		}
		selection = append(selection, name)
		device := "/sys/bus/pci/devices/" + address(i)
		group := fmt.Sprint(100 + i)
		kind := kinds[i%len(kinds)]
		if kind != memifSocket {
			status["device-info"] = map[string]any{
				"type": "pci", "version": "1.1.0", "pci": map[string]any{"pci-address": address(i)},
			}
			section(device+"/vendor", "0x15b3")
			section(device+"/device", "0x101e")
			section(device+"/class", "0x020000")
			section(device+"/numa_node", "0")
			link(device+"/physfn", "../0000:3a:00.0")
			link(fmt.Sprintf("/sys/bus/pci/devices/0000:3a:00.0/virtfn%d", i), "../"+address(i))
			link(device+"/iommu_group", "../../../../kernel/iommu_groups/"+group)
		}
		switch kind {
		case vfioVF:
			listed = append(listed, address(i))
			info[address(i)] = map[string]any{
				"generic": map[string]string{"deviceID": address(i)},
				"vfio":    map[string]string{"mount": "/dev/vfio/vfio", "dev-mount": "/dev/vfio/" + group},
			}
			link(device+"/driver", "../../../../bus/pci/drivers/vfio-pci")
			section("/dev/vfio/"+group, "")
		case mlx5VF:
			listed = append(listed, address(i))
			info[address(i)] = map[string]any{"generic": map[string]string{"deviceID": address(i)}}
			link(device+"/driver", "../../../../bus/pci/drivers/mlx5_core")
			section(device+"/net/"+name+"/address", mac(i))
			section(device+"/net/"+name+"/mtu", "1500")
			link(device+"/net/"+name+"/device", "../../../"+address(i))
			section("/sys/class/net/"+name+"/address", mac(i))
			section("/sys/class/net/"+name+"/mtu", "1500")
			section(fmt.Sprintf("%s/infiniband/mlx5_%d/node_guid", device, i), "0000:0000:0000:0000")
			section(fmt.Sprintf("%s/infiniband_verbs/uverbs%d/ibdev", device, i), fmt.Sprintf("mlx5_%d", i))
			section(fmt.Sprintf("/dev/infiniband/uverbs%d", i), "")
		case claimedVF:
			link(device+"/driver", "../../../../bus/pci/drivers/vfio-pci")
			section("/dev/vfio/"+group, "")
			section("/var/run/kubernetes.io/dra-device-attributes/resourceclaims/claim"+group+"/vf/"+
				"sriovnetwork.k8snetworkplumbingwg.io-metadata.json", fmt.Sprintf(`{"kind":"DeviceMetadata",`+
				`"apiVersion":"metadata.resource.k8s.io/v1alpha1","metadata":{"name":"claim%s","namespace":"ns","generation":1},`+
				`"requests":[{"name":"vf","devices":[{"driver":"sriovnetwork.k8snetworkplumbingwg.io","pool":"node1",`+
				`"name":"%s","attributes":{"resource.kubernetes.io/pciBusID":{"string":"%s"}},`+
				`"networkData":{"interfaceName":"%s","hardwareAddress":"%s"}}]}]}`,
				group, strings.NewReplacer(":", "-", ".", "-").Replace(address(i)), address(i), name, mac(i)))
		case memifSocket:
			userspace = append(userspace, map[string]any{
				"containerId": strings.Repeat("a", 64), "ifName": name, "name": name,
				"config": map[string]any{
					"engine": "vpp", "iftype": "memif", "netType": "interface",
					"memif": map[string]string{"role": "slave", "mode": "ethernet", "socketfile": "memif-" + name + ".sock"},
					"vhost": struct{}{}, "bridge": struct{}{},
				},
				"ipResult": map[string]any{"dns": struct{}{}},
			})
			section("/var/lib/cni/usrspcni/memif-"+name+".sock", "")
		}
		statuses = append(statuses, status)
	}

	// Multus writes the annotation indented.
	indented, err := json.MarshalIndent(statuses, "", "    ")
	if err != nil {
		return pod{}, err
	}
	section("annotations/"+networkStatus, string(indented))
	section("annotations/k8s.v1.cni.cncf.io/networks", strings.Join(selection, ","))
	section("annotations/k8s.ovn.org/pod-networks", `{"default":{"ip_addresses":["10.131.0.67/23"],`+
		`"mac_address":"0a:58:0a:83:00:43","gateway_ips":["10.131.0.1"],"ip_address":"10.131.0.67/23",`+
		`"gateway_ip":"10.131.0.1","role":"primary"}}`)
	configuration, err := json.Marshal(userspace)
	if err != nil {
		return pod{}, err
	}
	section("annotations/userspace/configuration-data", string(configuration))
	section("annotations/userspace/mapped-dir", "/var/lib/cni/usrspcni")
	infos, err := json.Marshal(info)
	if err != nil {
		return pod{}, err
	}
	section("environ", "CONTAINER_NAME=app\nPCIDEVICE_OPENSHIFT_IO_MLX5="+strings.Join(listed, ",")+
		"\nPCIDEVICE_OPENSHIFT_IO_MLX5_INFO="+string(infos))
	section("podinfo/labels", `app="cnf"`)
	section("podinfo/hugepages_1G_request_app", "2048")
	section("podinfo/hugepages_1G_limit_app", "2048")
	section("symlinks", links.String())
	b.WriteString(container)
	return write(dir, n+1, b.String())
}

// container has the files that exist once, however many interfaces there are.
const container = `-- /sys/class/net/eth0/address --
0a:58:0a:83:00:43
-- /sys/class/net/eth0/mtu --
1400
-- /proc/self/cgroup --
0::/
-- /proc/self/mountinfo --
24 1 0:22 / /proc rw - proc proc rw
32 29 0:28 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate
60 30 0:42 / /hugepages rw,relatime - hugetlbfs nodev rw,pagesize=1024M
-- /proc/self/status --
Name:	app
Cpus_allowed_list:	4-7
-- /sys/fs/cgroup/cpuset.cpus.effective --
4-7
-- /sys/fs/cgroup/cpuset.mems.effective --
0
-- /sys/fs/cgroup/cpu.max --
400000 100000
-- /sys/fs/cgroup/hugetlb.1GB.max --
2147483648
-- /sys/fs/cgroup/hugetlb.1GB.current --
0
-- /sys/devices/system/node/node0/cpulist --
0-31
-- /sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages --
4
-- /sys/devices/system/node/node0/hugepages/hugepages-1048576kB/free_hugepages --
4
-- /sys/devices/system/node/node1/cpulist --
32-63
-- /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages --
4
-- /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/free_hugepages --
4
-- /sys/devices/system/cpu/cpu4/topology/thread_siblings_list --
4-5
-- /sys/devices/system/cpu/cpu5/topology/thread_siblings_list --
4-5
-- /sys/devices/system/cpu/cpu6/topology/thread_siblings_list --
6-7
-- /sys/devices/system/cpu/cpu7/topology/thread_siblings_list --
6-7
`

func write(dir string, interfaces int, scenario string) (pod, error) {
	s, err := podnettest.Parse([]byte(scenario))
	if err != nil {
		return pod{}, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return pod{}, err
	}
	return pod{dir, s.Environ, interfaces}, s.Write(dir)
}

// address gives the PCI address of a VF, with eight functions per device.
func address(i int) string { return fmt.Sprintf("0000:3b:%02x.%d", i/8%32, i%8) }

func mac(i int) string { return fmt.Sprintf("02:00:00:00:%02x:%02x", i>>8, i&255) }
