package cgroup

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

// FuzzProc checks that the parsers of /proc take any text and give absolute,
// clean mount points, that a group is never found outside of its mount, and that
// the way up from it ends there.
func FuzzProc(f *testing.F) {
	f.Add(cgroup2, "0::/")
	f.Add(`1 2 3:4 /\040\134 /x\ - cgroup c rw,cpu`, "4:cpu,cpuacct:/a:b")
	f.Add("1 2 3:4 / x rw - cgroup2 c rw", "0::/../../a")
	f.Add("1 2 3:4 /../.. /a/../b rw - cgroup2 c rw", "0::/../../x/../../y")
	f.Fuzz(func(t *testing.T, mountinfo, groups string) {
		root, err := rootfs.New(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		r := reader{FS: root, mounts: parseMountinfo(mountinfo), groups: parseGroups(groups)}
		lines := strings.Count(mountinfo, "\n") + 1
		points := map[string]bool{}
		for _, m := range r.mounts {
			if m.point == "" || m.fsType == "" || m.point[0] != '/' || path.Clean(m.point) != m.point || m.line < 1 || m.line > lines {
				t.Fatalf("mount %+v of %q", m, mountinfo)
			}
			points[m.point] = true
		}
		for _, controller := range []string{"cpu", "cpuset", "hugetlb"} {
			g, ok := r.group(controller)
			if ok && !points[g.top] {
				t.Fatalf("group %+v, which no mount has, of %q", g, mountinfo)
			}
			if levels := g.levels(); ok && levels[len(levels)-1] != g.top {
				t.Fatalf("from %+v one comes to %q", g, levels)
			}
		}
	})
}

// FuzzFiles puts any text into the files of a control group of either version.
func FuzzFiles(f *testing.F) {
	for _, s := range []string{"0-3,8\n", "max 100000", "250000 100000", "-1", "9223372036854771712", "18446744073709551616", "3-1", "Cpus_allowed_list:\t0-1"} {
		f.Add(s)
	}
	dir := f.TempDir()
	files := []string{
		"proc/self/status", "proc/meminfo", "sys/fs/cgroup/cpuset/cpuset.cpus", "sys/fs/cgroup/cpuset/cpuset.mems",
		"sys/fs/cgroup/cpu.max", "sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes", "sys/fs/cgroup/hugetlb/hugetlb.2MB.usage_in_bytes",
		"sys/fs/cgroup/hugetlb/hugetlb.2MB.rsvd.limit_in_bytes",
	}
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		root, err := rootfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range Read(root) {
			if got.From().Source == "" || got.From().Where == "" {
				t.Fatalf("%+v has no origin", got)
			}
			switch got := got.(type) {
			case fact.CPUs:
				if list := got.Set.List(); len(list) > 0 && list[len(list)-1] > cpulist.MaxCPU {
					t.Fatalf("CPUs %s of %q", got.Set, text)
				}
			case fact.Quota:
				if !(got.CPUs > 0) {
					t.Fatalf("a quota of %g of %q", got.CPUs, text)
				}
			case fact.HugepageLimit:
				if got.Bytes != nil && *got.Bytes >= unlimited {
					t.Fatalf("a limit of %d of %q", *got.Bytes, text)
				}
				if got.Used > 0 && got.UsedAt.Where == "" {
					t.Fatalf("%d bytes are used, from nowhere", got.Used)
				}
			case fact.Problem:
				if got.Err == nil || len(got.Err.Error()) > 1000 {
					t.Fatalf("problem %v", got.Err)
				}
			}
		}
	})
}
