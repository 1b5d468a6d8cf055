package kernel

import (
	"path"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// FuzzProc checks that the parsers of /proc take any text and give absolute,
// clean mount points, that a group is never found outside of its mount, and that
// the way up from it ends there.
func FuzzProc(f *testing.F) {
	f.Add(mountV2, "0::/")
	f.Add(`1 2 3:4 /\040\134 /x\ - cgroup c rw,cpu`, "4:cpu,cpuacct:/a:b")
	f.Add("1 2 3:4 / x rw - cgroup2 c rw", "0::/../../a")
	f.Add("1 2 3:4 /../.. /a/../b rw - cgroup2 c rw", "0::/../../x/../../y")
	f.Fuzz(func(t *testing.T, mountinfo, groups string) {
		root, err := rootfs.New(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		c := NewCgroups(root, mountinfo, groups)
		lines := strings.Count(mountinfo, "\n") + 1
		points := map[string]bool{}
		for _, m := range c.Mounts {
			if m.Point == "" || m.Type == "" || m.Point[0] != '/' || path.Clean(m.Point) != m.Point || m.Line < 1 || m.Line > lines {
				t.Fatalf("mount %+v of %q", m, mountinfo)
			}
			points[m.Point] = true
		}
		for _, controller := range []string{"cpu", "cpuset", "hugetlb"} {
			g, ok := c.Group(controller)
			if ok && !points[g.Top] {
				t.Fatalf("group %+v, which no mount has, of %q", g, mountinfo)
			}
			if levels := g.Levels(); ok && levels[len(levels)-1] != g.Top {
				t.Fatalf("from %+v one comes to %q", g, levels)
			}
		}
	})
}
