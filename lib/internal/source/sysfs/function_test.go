//go:build unix

package sysfs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/sysfs"
	"github.com/podnet/podnet/lib/pciaddr"
)

func TestVFIOCharDevices(t *testing.T) {
	vf := address(t, "0000:3b:02.6")
	got := devices(t, `
-- /sys/bus/pci/devices/0000:3b:02.6/vfio-dev/vfio4/dev --
-- /sys/bus/pci/devices/0000:3b:02.6/vfio-dev/other/dev --
-- /sys/bus/pci/devices/0000:3b:02.6/vfio-dev/vfio5/dev --
-- /dev/vfio/169 --
-- /dev/vfio/devices/vfio4 --
-- /dev/vfio/devices/other --
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.6/driver -> ../../drivers/mlx5_vfio_pci
/sys/bus/pci/devices/0000:3b:02.6/iommu_group -> ../../../../kernel/iommu_groups/169
`, sysfs.Claims{Functions: []pciaddr.Address{vf}})
	want := []fact.Fact{fact.Function{
		Address: vf, Driver: "mlx5_vfio_pci", IOMMUGroup: new(169),
		CharDevices: []string{"/dev/vfio/169", "/dev/vfio/devices/vfio4"},
	}}
	if diff := cmp.Diff(want, got, ignoreOrigin); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestMalformedFunction(t *testing.T) {
	got := devices(t, `
-- /sys/bus/pci/devices/0000:3b:02.6/vendor --
0x808g
-- /sys/bus/pci/devices/0000:3b:02.6/device --
0x154cc
-- /sys/bus/pci/devices/0000:3b:02.6/class --
0x1020000
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.6/physfn -> ../elsewhere
/sys/bus/pci/devices/0000:3b:02.6/iommu_group -> ../-1
/sys/bus/pci/devices/0000:3b:02.7 -> ../../../devices/nowhere
/sys/bus/pci/devices/0000:3b:03.0 -> 0000:3b:03.0
`, sysfs.Claims{Functions: []pciaddr.Address{address(t, "0000:3b:02.6"), address(t, "0000:3b:02.7"), address(t, "0000:3b:03.0")}})
	functions, problems := only[fact.Function](got)
	want := []fact.Function{
		{Address: address(t, "0000:3b:02.6")},
		{Address: address(t, "0000:3b:02.7")}, // on the bus, whatever it leads to
		{Address: address(t, "0000:3b:03.0")},
	}
	if diff := cmp.Diff(want, functions, ignoreOrigin); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
	const dir = "malformed: /sys/bus/pci/devices/0000:3b:02.6/"
	wantProblems := []string{dir + "vendor", dir + "device", dir + "class", dir + "physfn", dir + "iommu_group"}
	if len(problems) < len(wantProblems) {
		t.Fatalf("problems: %q", problems)
	}
	if diff := cmp.Diff(wantProblems, problems[:len(wantProblems)]); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if problems[len(wantProblems)] != "unreadable: /sys/bus/pci/devices/0000:3b:03.0" {
		t.Errorf("a loop of links: %q", problems[len(wantProblems):])
	}
}

// manyVFs is a PF with so many VFs, each with a directory of its own.
func manyVFs(count int) (text string, vfs []string) {
	var files, links strings.Builder
	for i := range count {
		vf := fmt.Sprintf("0000:3b:%02x.%d", 2+i/8, i%8)
		vfs = append(vfs, vf)
		dir := "/sys/bus/pci/devices/" + vf
		fmt.Fprintf(&files, "-- %s/vendor --\n0x8086\n-- %s/device --\n0x154c\n-- %s/class --\n0x020000\n-- %s/numa_node --\n0\n", dir, dir, dir, dir)
		fmt.Fprintf(&files, "-- /sys/kernel/iommu_groups/%d/name --\nx\n-- /dev/vfio/%d --\n", i, i)
		fmt.Fprintf(&links, "%s/driver -> ../../drivers/vfio-pci\n%s/physfn -> ../0000:3b:00.0\n", dir, dir)
		fmt.Fprintf(&links, "%s/iommu_group -> ../../../../kernel/iommu_groups/%d\n", dir, i)
		fmt.Fprintf(&links, "/sys/bus/pci/devices/0000:3b:00.0/virtfn%d -> ../%s\n", i, vf)
	}
	return files.String() + "-- symlinks --\n" + links.String(), vfs
}

func TestManyVFs(t *testing.T) {
	text, vfs := manyVFs(128)
	var claims sysfs.Claims
	for _, i := range []int{127, 0, 64, 10, 9} {
		claims.Functions = append(claims.Functions, address(t, vfs[i]))
	}
	functions, problems := only[fact.Function](devices(t, text, claims))
	var got []int
	for _, f := range functions {
		got = append(got, *f.VFIndex)
	}
	if diff := cmp.Diff([]int{127, 0, 64, 10, 9}, got); diff != "" || problems != nil {
		t.Errorf("indexes (-want +got):\n%s\nproblems: %q", diff, problems)
	}
}

// TestTooManyEntries has a directory that no kernel makes.
func TestTooManyEntries(t *testing.T) {
	var b strings.Builder
	for i := range 4097 {
		fmt.Fprintf(&b, "/sys/bus/pci/devices/0000:3b:02.6/x%04d -> x\n", i)
	}
	got := devices(t, "-- symlinks --\n"+b.String(), sysfs.Claims{Functions: []pciaddr.Address{address(t, "0000:3b:02.6")}})
	_, problems := only[fact.Function](got)
	if diff := cmp.Diff([]string{"unreadable: /sys/bus/pci/devices/0000:3b:02.6"}, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestNUMANodeAt looks at the file that tells the NUMA node.
func TestNUMANodeAt(t *testing.T) {
	const text = machine + `/sys/bus/auxiliary/devices/mlx5_core.sf.7 -> ../../../devices/pci0000:3a/0000:3b:02.6/mlx5_core.sf.7
/sys/bus/auxiliary/devices/mlx5_core.sf.8 -> ../../../devices/pci0000:3a/0000:3b:02.7/mlx5_core.sf.8
`
	functions, _ := only[fact.Function](devices(t, text, sysfs.Claims{
		Functions: []pciaddr.Address{address(t, "0000:3b:02.6"), address(t, "0000:3b:02.7"), address(t, "0000:3b:03.0")},
		Auxiliary: []string{"mlx5_core.sf.7", "mlx5_core.sf.8"},
	}))
	got := map[string]string{}
	for _, f := range functions {
		if f.NUMANode != nil || f.NUMANodeAt != (fact.Origin{}) {
			got[f.Where] = fmt.Sprint(*f.NUMANode, " ", f.NUMANodeAt.Source, " ", f.NUMANodeAt.Where)
		}
	}
	want := map[string]string{
		"/sys/bus/pci/devices/0000:3b:02.6":         "1 sysfs /sys/bus/pci/devices/0000:3b:02.6/numa_node",
		"/sys/bus/auxiliary/devices/mlx5_core.sf.7": "1 sysfs /sys/bus/pci/devices/0000:3b:02.6/numa_node",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestHostileNames claims names that are not one path element. Nothing is looked up.
func TestHostileNames(t *testing.T) {
	names := []string{"", ".", "..", "../pci", "a/b", `a\b`, "a\x00b"}
	got := devices(t, machine, sysfs.Claims{Auxiliary: names, VDPA: names, Interfaces: names})
	if len(got) != 0 {
		t.Errorf("facts %v, want none", got)
	}
}

func BenchmarkDevices(b *testing.B) {
	text, vfs := manyVFs(128)
	root := tree(b, text)
	for _, count := range []int{1, 2, 12} {
		var claims sysfs.Claims
		for _, vf := range vfs[128-count:] {
			a, err := pciaddr.Parse(vf)
			if err != nil {
				b.Fatal(err)
			}
			claims.Functions = append(claims.Functions, a)
		}
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			for b.Loop() {
				sysfs.Devices(root, claims)
			}
		})
	}
}
