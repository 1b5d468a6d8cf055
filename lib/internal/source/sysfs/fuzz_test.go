//go:build unix

package sysfs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/pciaddr"
)

// FuzzText puts any text into the files that are read, and any target into the
// links, and checks that what comes of them is within the form of the facts.
func FuzzText(f *testing.F) {
	f.Add("0x8086\n", "../0000:3b:00.0")
	f.Add("-1", "../../kernel/iommu_groups/169")
	f.Add("0-3,8", "../x/0000:65:00.3/blue")
	f.Add("mlx5_4", "../vhost_vdpa")
	f.Add("02:00:00:00:00:0A", "/")
	f.Add("../../etc", "a.b.1/c")
	f.Add("../0000:3b:02.6", "../../bus/pci/drivers/mana")
	dir := f.TempDir()
	const device = "/sys/bus/pci/devices/0000:3b:02.6"
	files := []string{
		device + "/vendor", device + "/device", device + "/class", device + "/numa_node", device + "/net/net1/address",
		device + "/net/net1/mtu", device + "/net/net1/dev_port", "/sys/bus/pci/devices/0000:3b:02.7", "/sys/class/net/net2", device + "/infiniband_verbs/uverbs0/ibdev", device + "/infiniband/a",
		"/sys/class/infiniband_verbs/uverbs0/ibdev", "/sys/class/net/net1/address", "/sys/class/net/net1/uevent",
		"/sys/class/infiniband/mlx5_4/ports/1/gid_attrs/ndevs/0", "/dev/infiniband/uverbs0",
		"/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "/sys/devices/system/node/node0/cpulist",
		"/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
		"/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages",
	}
	links := []string{
		device + "/driver", device + "/physfn", device + "/iommu_group", device + "/net/net1/device", "/sys/bus/vdpa/devices/v",
		"/sys/bus/auxiliary/devices/m.sf.1",
	}
	for _, name := range slices.Concat(files, links) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	address, err := pciaddr.Parse("0000:3b:02.6")
	if err != nil {
		f.Fatal(err)
	}
	copied, err := pciaddr.Parse("0000:3b:02.7") // a link that was copied as a file
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, target string) {
		for _, name := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range links {
			_ = os.Remove(filepath.Join(dir, name))
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Skip("no target of a link:", err)
			}
		}
		root, err := rootfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		facts := sysfs.Devices(root, sysfs.Claims{
			Functions: []pciaddr.Address{address, copied}, Auxiliary: []string{"m.sf.1", text}, VDPA: []string{"v", text}, Interfaces: []string{"net1", "net2", text},
		})
		facts = slices.Concat(facts, sysfs.RDMA(root), sysfs.Nodes(root), sysfs.Siblings(root, cpuset.New(0)))
		for _, got := range facts {
			if got.From().Source == "" || got.From().Where == "" {
				t.Fatalf("%+v has no origin", got)
			}
			switch got := got.(type) {
			case fact.Function:
				if got.NUMANode != nil && *got.NUMANode < 0 || (got.NUMANode != nil) != (got.NUMANodeAt.Where != "") || got.Class > 0xffffff || len(got.Vendor) > 4 || len(got.Device) > 4 ||
					got.IOMMUGroup != nil && *got.IOMMUGroup < 0 {
					t.Fatalf("%+v of %q", got, text)
				}
			case fact.RDMADevice:
				if !rootfs.IsElement(got.Name) {
					t.Fatalf("an RDMA device %q", got.Name)
				}
			case fact.Siblings:
				if !got.CPUs.Contains(0) || got.CPUs.List()[got.CPUs.Size()-1] > cpulist.MaxCPU {
					t.Fatalf("siblings %s of %q", got.CPUs, text)
				}
			case fact.Problem:
				if got.Err == nil || len(got.Err.Error()) > 1000 || strings.Contains(got.Err.Error(), got.Where) {
					t.Fatalf("problem %v", got.Err)
				}
			}
		}
	})
}
