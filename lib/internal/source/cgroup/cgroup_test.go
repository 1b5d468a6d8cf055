package cgroup

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

// read writes files below a new root and gives the facts there, one per line.
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
			line := fmt.Sprintf("%s: limit of %s is %s", f.Where, f.Size, limit)
			if f.Used > 0 {
				line += fmt.Sprintf(", used %d", f.Used)
			}
			if f.UsedAt != (fact.Origin{}) {
				line += " by " + path.Base(f.UsedAt.Where)
			}
			lines = append(lines, line)
		case fact.MemoryNodes:
			lines = append(lines, fmt.Sprintf("%s: nodes %s", f.Where, f.Nodes))
		case fact.HugepageMount:
			lines = append(lines, fmt.Sprintf("%s mounted on %s", f.Size, f.Path))
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s: %s", f.Where, f.Code))
			if strings.Contains(f.Err.Error(), f.Where) {
				t.Errorf("the message at %s has the place again: %v", f.Where, f.Err)
			}
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
				"/sys/fs/cgroup/hugetlb/hugetlb.2MB.limit_in_bytes: limit of 2Mi is 4194304, used 1 by hugetlb.2MB.usage_in_bytes",
			},
		},
		{
			"hugetlb, what is used belongs to the limit that counts",
			map[string]string{
				"sys/fs/cgroup/hugetlb.2MB.max": "8", "sys/fs/cgroup/hugetlb.2MB.rsvd.max": "4", "sys/fs/cgroup/hugetlb.2MB.current": "1", "sys/fs/cgroup/hugetlb.2MB.rsvd.current": "2",
				"sys/fs/cgroup/hugetlb.1GB.max": "8", "sys/fs/cgroup/hugetlb.1GB.rsvd.max": "8", "sys/fs/cgroup/hugetlb.1GB.current": "1", "sys/fs/cgroup/hugetlb.1GB.rsvd.current": "2",
				"sys/fs/cgroup/hugetlb.64KB.max": "8", "sys/fs/cgroup/hugetlb.64KB.rsvd.max": "max", "sys/fs/cgroup/hugetlb.64KB.current": "1", "sys/fs/cgroup/hugetlb.64KB.rsvd.current": "2",
				"sys/fs/cgroup/hugetlb.16GB.max": "max", "sys/fs/cgroup/hugetlb.16GB.current": "x",
			},
			[]string{
				"/sys/fs/cgroup/hugetlb.16GB.current: malformed",
				"/sys/fs/cgroup/hugetlb.16GB.max: limit of 16Gi is none",
				"/sys/fs/cgroup/hugetlb.1GB.max: limit of 1Gi is 8, used 2 by hugetlb.1GB.rsvd.current",
				"/sys/fs/cgroup/hugetlb.2MB.rsvd.max: limit of 2Mi is 4, used 2 by hugetlb.2MB.rsvd.current",
				"/sys/fs/cgroup/hugetlb.64KB.max: limit of 64Ki is 8, used 1 by hugetlb.64KB.current",
			},
		},
		{
			"hugetlb, the controller is enabled further up",
			map[string]string{
				"proc/self/cgroup": "0::/pod/ctr", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/pod/hugetlb.2MB.max": "4", "sys/fs/cgroup/pod/ctr/cgroup.procs": "1",
			},
			[]string{"/sys/fs/cgroup/pod/hugetlb.2MB.max: limit of 2Mi is 4"},
		},
		{
			"v1, what is in effect",
			map[string]string{
				"sys/fs/cgroup/cpuset/cpuset.cpus": "2-9", "sys/fs/cgroup/cpuset/cpuset.effective_cpus": "2-3",
				"sys/fs/cgroup/cpuset/cpuset.mems": "0-1", "sys/fs/cgroup/cpuset/cpuset.effective_mems": "1",
			},
			[]string{"/sys/fs/cgroup/cpuset/cpuset.effective_cpus: CPUs 2-3, affinity false", "/sys/fs/cgroup/cpuset/cpuset.effective_mems: nodes 1"},
		},
		{
			"v2, no effective file, and empty ones",
			map[string]string{
				"proc/self/cgroup": "0::/pod/ctr", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/pod/ctr/cpuset.cpus.effective": "", "sys/fs/cgroup/pod/ctr/cpuset.cpus": "", "sys/fs/cgroup/pod/cpuset.cpus": "4",
				"sys/fs/cgroup/pod/ctr/cpuset.mems": "", "sys/fs/cgroup/cpuset.mems.effective": "0-1",
			},
			[]string{"/sys/fs/cgroup/cpuset.mems.effective: nodes 0-1", "/sys/fs/cgroup/pod/cpuset.cpus: CPUs 4, affinity false"},
		},
		{
			"hybrid",
			map[string]string{
				"proc/self/cgroup": "3:cpuset:/ctr\n0::/ctr",
				"proc/self/mountinfo": "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" +
					"34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset",
				"sys/fs/cgroup/cpuset/ctr/cpuset.cpus": "1-2", "sys/fs/cgroup/unified/ctr/cpu.max": "100000 100000",
			},
			[]string{"/sys/fs/cgroup/cpuset/ctr/cpuset.cpus: CPUs 1-2, affinity false", "/sys/fs/cgroup/unified/ctr/cpu.max: quota 1"},
		},
		{
			"hybrid, copies of a few files",
			map[string]string{
				"proc/self/cgroup": "3:cpuset:/ctr\n0::/ctr", "sys/fs/cgroup/cpuset/ctr/cpuset.cpus": "1-2",
				"sys/fs/cgroup/cpuset/cpuset.cpus": "0-9", "sys/fs/cgroup/unified/ctr/cpu.max": "100000 100000",
			},
			[]string{"/sys/fs/cgroup/cpuset/ctr/cpuset.cpus: CPUs 1-2, affinity false", "/sys/fs/cgroup/unified/ctr/cpu.max: quota 1"},
		},
		{
			"the host's hierarchy is mounted, too",
			map[string]string{
				"proc/self/cgroup":                         "0::/",
				"proc/self/mountinfo":                      "90 1 0:28 /../../.. /host/sys/fs/cgroup rw - cgroup2 cgroup rw\n" + cgroup2,
				"host/sys/fs/cgroup/cpuset.cpus.effective": "0-127", "sys/fs/cgroup/cpuset.cpus.effective": "4-5",
			},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 4-5, affinity false"},
		},
		{
			"only the host's hierarchy is mounted, and the group is in it",
			map[string]string{
				"proc/self/cgroup":                          "0::/../../pod/ctr",
				"proc/self/mountinfo":                       "90 1 0:28 /../.. /host/cgroup rw - cgroup2 cgroup rw",
				"host/cgroup/pod/ctr/cpuset.cpus.effective": "4-5",
				"host/cgroup/cpuset.cpus.effective":         "0-127",
				"host/cgroup/pod/ctr/cpuset.mems.effective": "0",
				"host/cgroup/pod/cpuset.mems.effective":     "0-1",
				"sys/fs/cgroup/cpuset.cpus.effective":       "9",
			},
			[]string{"/host/cgroup/pod/ctr/cpuset.cpus.effective: CPUs 4-5, affinity false", "/host/cgroup/pod/ctr/cpuset.mems.effective: nodes 0"},
		},
		{
			"a mount that another one hides",
			map[string]string{
				"proc/self/cgroup":                    "0::/",
				"proc/self/mountinfo":                 "31 29 0:27 / /sys/fs/cgroup rw - cgroup x rw,cpuset\n" + cgroup2,
				"sys/fs/cgroup/cpuset.cpus.effective": "1",
			},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: CPUs 1, affinity false"},
		},
		{
			"the tightest quota, v2",
			map[string]string{
				"proc/self/cgroup": "0::/kube/pod/ctr", "proc/self/mountinfo": cgroup2,
				"sys/fs/cgroup/kube/cpu.max": "900000 100000", "sys/fs/cgroup/kube/pod/cpu.max": "200000 100000", "sys/fs/cgroup/kube/pod/ctr/cpu.max": "max 100000",
			},
			[]string{"/sys/fs/cgroup/kube/pod/cpu.max: quota 2"},
		},
		{
			"the tightest quota, v1",
			map[string]string{
				"proc/self/cgroup": "4:cpu,cpuacct:/pod/ctr",
				"sys/fs/cgroup/cpu,cpuacct/pod/ctr/cpu.cfs_quota_us": "200000", "sys/fs/cgroup/cpu,cpuacct/pod/ctr/cpu.cfs_period_us": "100000",
				"sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us": "150000", "sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us": "100000",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
			},
			[]string{"/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us: quota 1.5"},
		},
		{
			"bad lists",
			map[string]string{"sys/fs/cgroup/cpuset.cpus.effective": "1,,2", "sys/fs/cgroup/cpuset.mems.effective": "a"},
			[]string{"/sys/fs/cgroup/cpuset.cpus.effective: malformed", "/sys/fs/cgroup/cpuset.mems.effective: malformed"},
		},
		{
			"too large and no files",
			map[string]string{
				"proc/self/status": strings.Repeat("x", 64<<10), "sys/fs/cgroup/cpu.max": strings.Repeat("1", 64<<10), "sys/fs/cgroup/cpuset.cpus.effective/x": "",
			},
			[]string{"/proc/self/status: unreadable", "/sys/fs/cgroup/cpu.max: unreadable", "/sys/fs/cgroup/cpuset.cpus.effective: unreadable"},
		},
		{
			"the group is no directory",
			map[string]string{"sys/fs/cgroup": "x"},
			[]string{
				"/sys/fs/cgroup/cpu.max: unreadable", "/sys/fs/cgroup/cpuset.cpus.effective: unreadable", "/sys/fs/cgroup/cpuset.cpus: unreadable",
				"/sys/fs/cgroup/cpuset.mems.effective: unreadable", "/sys/fs/cgroup/cpuset.mems: unreadable", "/sys/fs/cgroup: unreadable",
			},
		},
		{
			"hugetlbfs without a size",
			map[string]string{"proc/self/mountinfo": "50 30 0:40 / /a rw - hugetlbfs h rw\n51 30 0:40 / /b rw - hugetlbfs h rw,pagesize=2M\n52 30 0:40 / /c rw - hugetlbfs h rw,pagesize=1G"},
			[]string{"/proc/self/mountinfo:1: malformed", "1Gi mounted on /c", "2Mi mounted on /b"},
		},
		{
			"hugetlbfs",
			map[string]string{
				"proc/self/mountinfo": "50 30 0:40 / /dev/hugepages rw - hugetlbfs hugetlbfs rw\n51 30 0:41 / /mnt/1G rw shared:1 - hugetlbfs none rw,pagesize=1024M\n" +
					"52 30 0:42 / /bad rw - hugetlbfs none rw,pagesize=x",
				"proc/meminfo": "Hugepagesize:       2048 kB",
			},
			[]string{"/proc/self/mountinfo:3: malformed", "1Gi mounted on /mnt/1G", "2Mi mounted on /dev/hugepages"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, read(t, tt.files)); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}
