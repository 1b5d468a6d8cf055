package kernel

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	mountV2     = "31 23 0:28 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n"
	mountTmpfs  = "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
	mountV1     = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct ro shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
	mountCPUSet = "34 31 0:31 / /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n"
	statV2      = "usage_usec 8\nuser_usec 5\nsystem_usec 3\nnr_periods 7\nnr_throttled 3\nthrottled_usec 12\nnr_bursts 0\n"
	statV1      = "nr_periods 7\nnr_throttled 3\nthrottled_time 12\n"
	statNone    = "usage_usec 8\nuser_usec 5\nsystem_usec 3\n"
)

func TestThrottleFile(t *testing.T) {
	for _, tt := range []struct {
		name            string
		groups, mounts  string
		stats           map[string]string // by directory
		want            string
		wantNanoseconds time.Duration
	}{
		{
			name:   "v2, namespace of the container",
			groups: "0::/\n", mounts: mountV2,
			stats: map[string]string{"/sys/fs/cgroup": statV2},
			want:  "/sys/fs/cgroup/cpu.stat", wantNanoseconds: 12_000,
		},
		{
			name:   "v2, namespace of the host",
			groups: "0::/kubepods.slice/pod-1/ctr\n", mounts: mountV2,
			stats: map[string]string{"/sys/fs/cgroup": statV2, "/sys/fs/cgroup/kubepods.slice/pod-1/ctr": statV2},
			want:  "/sys/fs/cgroup/kubepods.slice/pod-1/ctr/cpu.stat", wantNanoseconds: 12_000,
		},
		{
			name:   "v2, and the host's beside it",
			groups: "0::/\n", mounts: "30 1 0:28 /../../.. /host/cgroup ro - cgroup2 cgroup rw\n" + mountV2,
			stats: map[string]string{"/sys/fs/cgroup": statV2, "/host/cgroup": statV2},
			want:  "/sys/fs/cgroup/cpu.stat", wantNanoseconds: 12_000,
		},
		{
			name:   "v1, the container's group is mounted",
			groups: "4:cpu,cpuacct:/kube/ctr\n3:cpuset:/other\n",
			mounts: mountTmpfs + mountCPUSet + "32 31 0:29 /kube/ctr /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n",
			stats:  map[string]string{"/sys/fs/cgroup/cpu,cpuacct": statV1, "/sys/fs/cgroup/cpuset/kube/ctr": statV1},
			want:   "/sys/fs/cgroup/cpu,cpuacct/cpu.stat", wantNanoseconds: 12,
		},
		{
			name:   "v1, the whole hierarchy is mounted",
			groups: "4:cpu,cpuacct:/kube/ctr\n", mounts: mountV1,
			stats: map[string]string{"/sys/fs/cgroup/cpu,cpuacct": statV1, "/sys/fs/cgroup/cpu,cpuacct/kube/ctr": statV1},
			want:  "/sys/fs/cgroup/cpu,cpuacct/kube/ctr/cpu.stat", wantNanoseconds: 12,
		},
		{
			name:   "hybrid, the controller in v1",
			groups: "1:cpu,cpuacct:/\n0::/\n", mounts: "38 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" + mountTmpfs + mountV1,
			stats: map[string]string{"/sys/fs/cgroup/unified": statNone, "/sys/fs/cgroup/cpu,cpuacct": statV1},
			want:  "/sys/fs/cgroup/cpu,cpuacct/cpu.stat", wantNanoseconds: 12,
		},
		{
			name:   "hybrid, the controller in v2",
			groups: "3:cpuset:/\n0::/ctr\n", mounts: mountCPUSet + "38 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			stats: map[string]string{"/sys/fs/cgroup/unified/ctr": statV2},
			want:  "/sys/fs/cgroup/unified/ctr/cpu.stat", wantNanoseconds: 12_000,
		},
		{
			name:   "the controller is not enabled",
			groups: "0::/\n", mounts: mountV2,
			stats: map[string]string{"/sys/fs/cgroup": statNone},
		},
		{
			name:   "mount of another group with a name that begins alike",
			groups: "4:cpu,cpuacct:/kube/ctr-2\n", mounts: "32 31 0:29 /kube/ctr /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
			stats: map[string]string{"/sys/fs/cgroup/cpu": statV1, "/sys/fs/cgroup/cpu/-2": statV1},
		},
		{
			name:   "group outside of the namespace",
			groups: "0::/../../etc\n", mounts: mountV2,
			stats: map[string]string{"/sys/fs/cgroup": statV2, "/sys/fs/etc": statV2, "/sys/etc": statV2, "/etc": statV2},
		},
		{name: "nonsense", groups: "x\n1:y\n:::\n\n", mounts: "x - y\n - - -\n1 2 3 4 5 6 - cgroup cpu\n1 2 3 4 5 6 - cgroup2 x y\n1 2 3 4 5 6 -\n", stats: map[string]string{"/sys/fs/cgroup": statV2}},
		{name: "no files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string]string{"proc/self/cgroup": tt.groups, "proc/self/mountinfo": tt.mounts}
			for dir, text := range tt.stats {
				files[dir+"/cpu.stat"] = text
			}
			root := tree(t, files)
			if got := ThrottleFile(root); got != tt.want {
				t.Fatalf("ThrottleFile = %q, want %q", got, tt.want)
			}
			var want *Throttling
			if tt.want != "" {
				want = &Throttling{Periods: 3, Time: tt.wantNanoseconds}
			}
			if diff := cmp.Diff(want, ReadThrottling(root, tt.want)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseThrottlingOfNonsense(t *testing.T) {
	for _, text := range []string{"", "nr_throttled", "nr_throttled 1\n", "throttled_usec 1\n", "nr_throttled -1\nthrottled_usec 1\n", "nr_throttled 1\nthrottled_usec many\n"} {
		if got := ParseThrottling(text); got != nil {
			t.Errorf("ParseThrottling(%q) = %+v, want nil", text, *got)
		}
	}
}
