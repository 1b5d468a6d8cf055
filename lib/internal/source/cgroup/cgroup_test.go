package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

// read writes files below a new root and gives the facts there, one a line.
func read(t *testing.T, files map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(data+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := rootfs.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for _, f := range Read(root) {
		switch f := f.(type) {
		case fact.CPUs:
			lines = append(lines, fmt.Sprintf("%s: CPUs %s, affinity %v", f.Where, f.Set, f.Affinity))
		case fact.Quota:
			lines = append(lines, fmt.Sprintf("%s: quota %g", f.Where, f.CPUs))
		case fact.HugepageLimit:
			limit := "none"
			if f.Bytes != nil {
				limit = fmt.Sprint(*f.Bytes)
			}
			lines = append(lines, fmt.Sprintf("%s: limit of %s is %s", f.Where, f.Size, limit))
		case fact.HugepageMount:
			lines = append(lines, fmt.Sprintf("%s mounted on %s", f.Size, f.Path))
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s: %s", f.Where, f.Code))
		}
	}
	slices.Sort(lines)
	return lines
}

const cgroup2 = "32 29 0:28 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate"

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", nil, []string{}},
		{
			"v2, private namespace",
			map[string]string{
				"proc/self/cgroup": "0::/", "proc/self/mountinfo": cgroup2, "proc/self/status": "Cpus_allowed:\tff\nCpus_allowed_list:\t130-133",
				"sys/fs/cgroup/cpuset.cpus.effective": "130-133", "sys/fs/cgroup/cpu.max": "250000 100000",
			},
			[]string{
				"/proc/self/status Cpus_allowed_list: CPUs 130-133, affinity true",
				"/sys/fs/cgroup/cpu.max: quota 2.5",
				"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 130-133, affinity false",
			},
		},
		{
			"v2, host's namespace",
			map[string]string{
				"proc/self/cgroup": "0::/kube/pod/ctr", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/cpuset.cpus.effective": "0-127", "sys/fs/cgroup/kube/pod/ctr/cpuset.cpus.effective": "4-5",
				"sys/fs/cgroup/kube/pod/ctr/cpu.max": "max 100000",
			},
			[]string{"/sys/fs/cgroup/kube/pod/ctr/cpuset.cpus.effective: CPUs 4-5, affinity false"},
		},
		{
			"v2, the controller is enabled further up",
			map[string]string{
				"proc/self/cgroup": "0::/kube/pod/ctr", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/kube/cpuset.cpus.effective": "4-9", "sys/fs/cgroup/kube/pod/ctr/cgroup.procs": "1",
			},
			[]string{"/sys/fs/cgroup/kube/cpuset.cpus.effective: CPUs 4-9, affinity false"},
		},
		{
			"v2, group of another namespace",
			map[string]string{
				"proc/self/cgroup": "0::/../../etc", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/cpuset.cpus.effective": "1", "sys/fs/etc/cpuset.cpus.effective": "2",
			},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 1, affinity false"},
		},
		{
			"v2, group that climbs out of the mount",
			map[string]string{
				"proc/self/cgroup": "0::/a/../../etc", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/cpuset.cpus.effective": "1", "sys/fs/etc/cpuset.cpus.effective": "2",
			},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 1, affinity false"},
		},
		{
			"v2, group that is not in the mount",
			map[string]string{
				"proc/self/cgroup": "0::/kube/pod/ctr", "proc/self/mountinfo": cgroup2, "sys/fs/cgroup/cpuset.cpus.effective": "1",
			},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 1, affinity false"},
		},
		{
			"v1, mount of the group",
			map[string]string{
				"proc/self/cgroup":                 "11:cpuset:/kube/ctr\n4:cpu,cpuacct:/kube/ctr",
				"proc/self/mountinfo":              "40 30 0:35 /kube/ctr /sys/fs/cgroup/cpuset ro master:11 - cgroup cgroup rw,cpuset\n41 30 0:36 /kube/ctr /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct",
				"sys/fs/cgroup/cpuset/cpuset.cpus": "2-3", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
			},
			[]string{"/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us: quota 2", "/sys/fs/cgroup/cpuset/cpuset.cpus: CPUs 2-3, affinity false"},
		},
		{
			"v1, mount of the whole hierarchy",
			map[string]string{
				"proc/self/cgroup":                          "11:cpuset:/kube/ctr",
				"proc/self/mountinfo":                       "40 30 0:35 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset",
				"sys/fs/cgroup/cpuset/cpuset.cpus":          "0-9",
				"sys/fs/cgroup/cpuset/kube/ctr/cpuset.cpus": "2-3",
			},
			[]string{"/sys/fs/cgroup/cpuset/kube/ctr/cpuset.cpus: CPUs 2-3, affinity false"},
		},
		{
			"v1, mount of another group with a name that begins alike",
			map[string]string{
				"proc/self/cgroup":                   "11:cpuset:/kube/ctr-2",
				"proc/self/mountinfo":                "40 30 0:35 /kube/ctr /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset",
				"sys/fs/cgroup/cpuset/cpuset.cpus":   "2-3",
				"sys/fs/cgroup/cpuset-2/cpuset.cpus": "9",
			},
			[]string{"/sys/fs/cgroup/cpuset/cpuset.cpus: CPUs 2-3, affinity false"},
		},
		{
			"v1, no quota",
			map[string]string{
				"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
			},
			[]string{},
		},
		{
			"copies of a few files, v2",
			map[string]string{"sys/fs/cgroup/cpuset.cpus.effective": "7"},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 7, affinity false"},
		},
		{
			"copies of a few files, v1",
			map[string]string{"sys/fs/cgroup/cpuset/cpuset.cpus": "7", "sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes": "2097152"},
			[]string{"/sys/fs/cgroup/cpuset/cpuset.cpus: CPUs 7, affinity false", "/sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes: limit of 2Mi is 2097152"},
		},
		{
			"mount point with a blank",
			map[string]string{
				"proc/self/mountinfo":                 `32 29 0:28 / /my\040cg ro - cgroup2 cgroup rw`,
				"my cg/cpuset.cpus.effective":         "3",
				"sys/fs/cgroup/cpuset.cpus.effective": "4",
			},
			[]string{"/my cg/cpuset.cpus.effective: CPUs 3, affinity false"},
		},
		{
			"nonsense",
			map[string]string{
				"sys/fs/cgroup/cpuset.cpus.effective": "0-4294967295", "sys/fs/cgroup/cpu.max": "lots 100000", "proc/self/status": "Cpus_allowed_list:\t3-1",
				"sys/fs/cgroup/hugetlb.2MB.max": "-1", "sys/fs/cgroup/hugetlb.big.max": "1", "proc/self/cgroup": "x\n1:y", "proc/self/mountinfo": "x - y",
			},
			[]string{
				"/proc/self/status Cpus_allowed_list: malformed", "/sys/fs/cgroup/cpu.max: malformed",
				"/sys/fs/cgroup/cpuset.cpus.effective: malformed", "/sys/fs/cgroup/hugetlb.2MB.max: limit of 2Mi is none",
				"/sys/fs/cgroup/hugetlb.2MB.max: malformed",
			},
		},
		{
			"hugetlb v2",
			map[string]string{
				"sys/fs/cgroup/hugetlb.2MB.max": "max", "sys/fs/cgroup/hugetlb.2MB.rsvd.max": "4194304", "sys/fs/cgroup/hugetlb.2MB.current": "0",
				"sys/fs/cgroup/hugetlb.1GB.max": "0", "sys/fs/cgroup/hugetlb.1GB.rsvd.max": "max", "sys/fs/cgroup/hugetlb.32MB.max": "max",
			},
			[]string{
				"/sys/fs/cgroup/hugetlb.1GB.max: limit of 1Gi is 0", "/sys/fs/cgroup/hugetlb.2MB.rsvd.max: limit of 2Mi is 4194304",
				"/sys/fs/cgroup/hugetlb.32MB.max: limit of 32Mi is none",
			},
		},
		{
			"hugetlb v1",
			map[string]string{
				"sys/fs/cgroup/hugetlb/hugetlb.1GB.limit_in_bytes": "9223372036854771712", "sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes": "4194304",
				"sys/fs/cgroup/hugetlb/hugetlb.2MB.rsvd.limit_in_bytes": "9223372036854771712", "sys/fs/cgroup/hugetlb/hugetlb.2MB.usage_in_bytes": "1",
			},
			[]string{
				"/sys/fs/cgroup/hugetlb/hugetlb.1GB.limit_in_bytes: limit of 1Gi is none",
				"/sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes: limit of 2Mi is 4194304",
			},
		},
		{
			"hugetlbfs",
			map[string]string{
				"proc/self/mountinfo": "50 30 0:40 / /dev/hugepages rw - hugetlbfs hugetlbfs rw\n51 30 0:41 / /mnt/1G rw shared:1 - hugetlbfs none rw,pagesize=1024M\n" +
					"52 30 0:42 / /bad rw - hugetlbfs none rw,pagesize=x",
				"proc/meminfo": "Hugepagesize:       2048 kB",
			},
			[]string{"/proc/self/mountinfo: malformed", "1Gi mounted on /mnt/1G", "2Mi mounted on /dev/hugepages"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, read(t, tt.files)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzProc checks that the parsers of /proc take any text, and give absolute
// paths only where the kernel's form has them.
func FuzzProc(f *testing.F) {
	f.Add(cgroup2, "0::/")
	f.Add(`1 2 3:4 /\040\134 /x\ - cgroup c rw,cpu`, "4:cpu,cpuacct:/a:b")
	f.Fuzz(func(t *testing.T, mountinfo, groups string) {
		for _, m := range parseMountinfo(mountinfo) {
			if m.point == "" || m.fsType == "" {
				t.Fatalf("mount %+v of %q", m, mountinfo)
			}
		}
		parseGroups(groups)
	})
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"/a": "/a", `/a\040b`: "/a b", `\011\012\134`: "\t\n\\", `\04`: `\04`, `\999`: `\999`, `\`: `\`, `\0400`: " 0",
	} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}
