package cgroup

import (
	"os"
	"path"
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

// FuzzMounts puts any text into mountinfo: every mount that comes of it has a
// clean, absolute path and the line that it was read from.
func FuzzMounts(f *testing.F) {
	f.Add("41 24 0:40 / /dev/hugepages rw,relatime - hugetlbfs nodev rw,pagesize=2M")
	f.Add("41 24 0:40 /x /dev/hugepages rw - virtiofs kataShared rw\n60 24 0:21 / /sys ro,nosuid - sysfs sysfs ro")
	f.Add(`1 2 3:4 / /huge\040pages rw shared:1 - hugetlbfs none rw,pagesize=1G` + "\n1 2 3:4 / /sys rw - sysfs s rw")
	f.Add("41 24 0:40 / /dev/hugepages-1Gi rw - tmpfs none rw,size=0")
	dir := f.TempDir()
	file := filepath.Join(dir, "proc/self/mountinfo")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		root, err := rootfs.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		readOnly := 0
		for _, got := range Read(root) {
			switch got := got.(type) {
			case fact.HugepageMount:
				if path.Clean(got.Path) != got.Path || !path.IsAbs(got.Path) || got.Where == "" {
					t.Fatalf("%+v of %q", got, text)
				}
			case fact.ReadOnlySys:
				if readOnly++; got.Where == "" || readOnly > 1 {
					t.Fatalf("%d times %+v of %q", readOnly, got, text)
				}
			case fact.Problem:
				if got.Err == nil || len(got.Err.Error()) > 1000 {
					t.Fatalf("problem %v", got.Err)
				}
			}
		}
	})
}
