package cgroup

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
)

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
