package kernel

import (
	"path"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// Cgroups are the control groups that this process is in, and where they are
// mounted.
type Cgroups struct {
	root   rootfs.FS
	Mounts []Mount           // ParseMounts
	Own    map[string]string // ParseGroups
}

// NewCgroups takes the texts of /proc/self/mountinfo and /proc/self/cgroup.
func NewCgroups(root rootfs.FS, mountinfo, groups string) Cgroups {
	return Cgroups{root, ParseMounts(mountinfo), ParseGroups(groups)}
}

// ReadCgroups reads them. A file that cannot be read is taken for an empty one.
func ReadCgroups(root rootfs.FS) Cgroups {
	mountinfo, _ := root.ReadFile(ProcMountinfo, rootfs.MaxProc)
	groups, _ := root.ReadFile(ProcCgroup, rootfs.MaxProc)
	return NewCgroups(root, string(mountinfo), string(groups))
}

// ParseGroups reads /proc/self/cgroup (see cgroups(7)): the path of the process's group
// per controller. The group of version 2 is under the empty name.
func ParseGroups(text string) map[string]string {
	groups := map[string]string{}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			groups[controller] = fields[2]
		}
	}
	return groups
}

// Group is a directory of a control group file system.
type Group struct {
	Dir string
	Top string // the mount point, above which we cannot go
	V2  bool
	// Exact says that it is this process's own group. Otherwise it is a mount that
	// stands for the group, because the mount may belong to another namespace.
	Exact bool
}

// Group finds the directory of the process's group for a controller. A machine
// may have both versions mounted; a controller works in one of them.
func (c Cgroups) Group(controller string) (Group, bool) {
	if own, ok := c.Own[controller]; ok || len(c.Own) == 0 {
		v1 := func(m Mount) bool { return m.Type == "cgroup" && slices.Contains(m.Options, controller) }
		if g, ok := c.mounted(v1, own); ok {
			return g, true
		}
	}
	v2 := func(m Mount) bool { return m.Type == "cgroup2" }
	if g, ok := c.mounted(v2, c.Own[""]); ok {
		g.V2 = true
		return g, true
	}
	return c.usual(controller)
}

// mounted finds the group named own below one of the mounts of a kind. The host's /sys may
// be mounted beside the container's own, so a mount that has the group is preferred to a
// guess.
func (c Cgroups) mounted(kind func(Mount) bool, own string) (Group, bool) {
	var first *Group
	for _, m := range c.Mounts {
		if !kind(m) {
			continue
		}
		g := c.locate(m, own)
		if g.Exact {
			return g, true
		}
		if first == nil {
			first = &g
		}
	}
	if first == nil {
		return Group{}, false
	}
	return *first, true
}

// usual finds the group in the usual places, as in a copy of a few files that
// has no mountinfo.
func (c Cgroups) usual(controller string) (Group, bool) {
	const top = "/sys/fs/cgroup"
	if !c.root.Exists(top) {
		return Group{}, false
	}
	names := []string{controller}
	if controller == "cpu" {
		names = append(names, "cpu,cpuacct")
	}
	for _, name := range names {
		if v1 := path.Join(top, name); c.root.Exists(v1) {
			g := c.locate(Mount{Root: "/", Point: v1}, c.Own[controller])
			g.Exact = false
			return g, true
		}
	}
	m := Mount{Root: "/", Point: top}
	if unified := path.Join(top, "unified"); c.root.Exists(unified) {
		m.Point = unified
	}
	g := c.locate(m, c.Own[""])
	g.V2, g.Exact = true, false
	return g, true
}

// locate finds the group named own, a path in the hierarchy, below a mount of the
// hierarchy. The mount may show only a part of it, and own may belong to another namespace
// than the mount. Then the mount itself stands for the container's group, which is not
// exact.
func (c Cgroups) locate(m Mount, own string) Group {
	g := Group{Dir: m.Point, Top: m.Point}
	rest := own
	if m.Root != "/" {
		var below bool
		if rest, below = strings.CutPrefix(own, m.Root); !below || rest != "" && rest[0] != '/' {
			return g
		}
	}
	if own == "" || strings.HasPrefix(rest+"/", "/../") {
		return g
	}
	dir := path.Join(m.Point, path.Clean("/"+rest))
	if dir != m.Point && !c.root.Exists(dir) {
		return g
	}
	g.Dir, g.Exact = dir, true
	return g
}

// Levels gives the directories from the group up to the mount point.
func (g Group) Levels() []string {
	dirs := []string{g.Dir}
	for dir := g.Dir; dir != g.Top && dir != "/"; {
		dir = path.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}
