//go:build lab

package iommu

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// The limits of a container come from a control group of version 2. The container sees the
// whole tree or, as with containerd and CRI-O, only its own group.
func TestInspectCgroup(t *testing.T) {
	const root = "/sys/fs/cgroup"
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	// The pod's group has the limits that its container's group does not have.
	const pod = "kubepods.slice/kubepods-pod1.slice"
	const container = pod + "/cri-containerd-1.scope"
	if err := os.MkdirAll(filepath.Join(root, container), 0o755); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for dir := container; dir != "."; dir = filepath.Dir(dir) {
			if err := os.Remove(filepath.Join(root, dir)); err != nil {
				t.Error(err)
			}
		}
	}()
	for _, dir := range []string{".", "kubepods.slice", pod} {
		write(dir+"/cgroup.subtree_control", "+cpuset +cpu +hugetlb")
	}
	const limit = 64 << 20
	write(container+"/cpuset.cpus", "1")
	write(container+"/cpu.max", "150000 100000")
	write(container+"/hugetlb.2MB.max", fmt.Sprint(limit))

	enter := `echo $$ >` + filepath.Join(root, container, "cgroup.procs") + ` && exec "$@"`
	own := `exec unshare --cgroup --mount sh -c 'umount ` + root + ` && mount -t cgroup2 none ` + root + ` && exec "$@"' sh "$@"`
	for _, tt := range []struct {
		name  string
		under []string
	}{
		{"host namespace", []string{"sh", "-c", enter, "sh"}},
		{"private namespace", []string{"sh", "-c", enter, "sh", "sh", "-c", own, "sh"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			vf := guest.VFs[4].VFIO(t) // on the node of CPU 1
			p := guest.NewVFPod(t, vf)
			p.Under = tt.under
			got := p.Inspect(t)
			if got.CPUs == nil || got.CPUs.Allowed.String() != "1" || !slices.Equal(got.CPUs.NUMANodes, []int{1}) {
				t.Errorf("CPUs %+v, want 1, on node 1", got.CPUs)
			}
			if got.CPUs != nil && (got.CPUs.Quota == nil || *got.CPUs.Quota != 1.5) {
				t.Errorf("quota %v, want 1.5", got.CPUs.Quota)
			}
			i := slices.IndexFunc(got.Hugepages, func(h podnet.Hugepages) bool { return h.Size == "2Mi" })
			if i < 0 || got.Hugepages[i].LimitBytes == nil || *got.Hugepages[i].LimitBytes != limit {
				t.Errorf("hugepages %+v, want a limit of %d bytes of 2Mi", got.Hugepages, limit)
			}
			for id, want := range map[string]string{
				"hugepages-limit": "warn hugepage-limit", // below testpmd's pools
				"hugepages-free":  "pass",
				"cpu-lcores":      "warn too-few-lcores",
				"cpu-allowed":     "pass",
				"numa-local":      "pass",
			} {
				if got := p.Verdict(t, id); got != want {
					t.Errorf("check %s says %q, want %q", id, got, want)
				}
			}
			write(container+"/hugetlb.2MB.max", fmt.Sprint(512<<20))
			if got := p.Verdict(t, "hugepages-limit"); got != "pass" {
				t.Errorf("check hugepages-limit of 512 MiB says %q", got)
			}
			write(container+"/hugetlb.2MB.max", fmt.Sprint(limit))
		})
	}
}
