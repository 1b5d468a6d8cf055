// Package cgroup reads what the kernel lets this process have: its CPUs, its
// CPU time, its memory nodes and its hugepages, from control groups of either
// version, and the hugetlbfs that is mounted for it.
package cgroup

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/rootfs"
)

const (
	procCgroup    = "/proc/self/cgroup"
	procMountinfo = "/proc/self/mountinfo"
	procStatus    = "/proc/self/status"
	procMeminfo   = "/proc/meminfo"
)

// Read gives the facts about the calling process: fact.CPUs from the container's
// CPU set and from the process's own allowed list, fact.MemoryNodes, fact.Quota,
// and fact.HugepageLimit and fact.HugepageMount for each page size.
func Read(root rootfs.FS) []fact.Fact {
	r := reader{FS: root}
	r.mounts = parseMountinfo(r.proc(procMountinfo, rootfs.MaxProc))
	r.groups = parseGroups(r.proc(procCgroup, rootfs.MaxProc))
	r.cpuset()
	r.allowedList()
	r.quota()
	r.hugepageLimits()
	r.hugepageMounts()
	return r.facts
}

type reader struct {
	rootfs.FS
	facts  []fact.Fact
	mounts []mount
	groups map[string]string
}

func (r *reader) add(f fact.Fact) { r.facts = append(r.facts, f) }

func (r *reader) malformed(at fact.Origin, err error) {
	r.add(fact.Problemf(at, fact.Malformed, "%w", err))
}

// text reads a control group's file; it is empty if there is no such file.
func (r *reader) text(name string) string { return r.read(fact.Cgroup, name, rootfs.MaxSmall) }

// proc is text for a file of /proc.
func (r *reader) proc(name string, limit int64) string { return r.read(fact.Proc, name, limit) }

func (r *reader) read(source, name string, limit int64) string {
	data, err := r.ReadFile(name, limit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.add(fact.Problemf(fact.Origin{Source: source, Where: name}, fact.Unreadable, "%w", fact.WithoutPath(err)))
	}
	return strings.TrimSpace(string(data))
}

// group is a directory of a control group file system.
type group struct {
	dir string
	top string // the mount point, above which we cannot go
	v2  bool
}

// group finds the directory of the process's group for a controller. A machine
// may have both versions mounted; a controller works in one of them.
func (r *reader) group(controller string) (group, bool) {
	if own, ok := r.groups[controller]; ok || len(r.groups) == 0 {
		v1 := func(m mount) bool { return m.fsType == "cgroup" && m.hasOption(controller) }
		if g, ok := r.mounted(v1, own); ok {
			return g, true
		}
	}
	v2 := func(m mount) bool { return m.fsType == "cgroup2" }
	if g, ok := r.mounted(v2, r.groups[""]); ok {
		g.v2 = true
		return g, true
	}
	return r.usual(controller)
}

// mounted finds the group named own below one of the mounts that are of a kind.
// The host's /sys may be mounted beside the container's own; a mount that has
// the group comes before one that is a guess.
func (r *reader) mounted(kind func(mount) bool, own string) (group, bool) {
	var first *group
	for _, m := range r.mounts {
		if !kind(m) {
			continue
		}
		g, exact := r.locate(m, own)
		if exact {
			return g, true
		}
		if first == nil {
			first = &g
		}
	}
	if first == nil {
		return group{}, false
	}
	return *first, true
}

// usual finds the group in the usual places, as in a copy of a few files that
// has no mountinfo.
func (r *reader) usual(controller string) (group, bool) {
	const top = "/sys/fs/cgroup"
	if !r.Exists(top) {
		return group{}, false
	}
	names := []string{controller}
	if controller == "cpu" {
		names = append(names, "cpu,cpuacct")
	}
	for _, name := range names {
		if v1 := path.Join(top, name); r.Exists(v1) {
			g, _ := r.locate(mount{root: "/", point: v1}, r.groups[controller])
			return g, true
		}
	}
	m := mount{root: "/", point: top}
	if unified := path.Join(top, "unified"); r.Exists(unified) {
		m.point = unified
	}
	g, _ := r.locate(m, r.groups[""])
	g.v2 = true
	return g, true
}

// locate finds the group named own, a path in the hierarchy, below a mount of
// it. The mount may show a part of the hierarchy only, and own may be of another
// namespace than the mount; then the mount itself is taken for the container's
// group, and the answer is not exact.
func (r *reader) locate(m mount, own string) (g group, exact bool) {
	g = group{dir: m.point, top: m.point}
	rest := own
	if m.root != "/" {
		var below bool
		if rest, below = strings.CutPrefix(own, m.root); !below || rest != "" && rest[0] != '/' {
			return g, false
		}
	}
	if own == "" || strings.HasPrefix(rest+"/", "/../") {
		return g, false
	}
	dir := path.Join(m.point, path.Clean("/"+rest))
	if dir != m.point && !r.Exists(dir) {
		return g, false
	}
	g.dir = dir
	return g, true
}

// levels gives the directories from the group up to the mount point.
func (g group) levels() []string {
	dirs := []string{g.dir}
	for dir := g.dir; dir != g.top && dir != "/"; {
		dir = path.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

// inherited reads the first of the files that has something in it, in the group
// or else in the nearest group above: a group without a setting of its own has
// its parent's.
func (r *reader) inherited(g group, names ...string) (text string, at fact.Origin) {
	for _, dir := range g.levels() {
		for _, name := range names {
			file := path.Join(dir, name)
			if text = r.text(file); text != "" {
				return text, fact.Origin{Source: fact.Cgroup, Where: file}
			}
		}
	}
	return "", fact.Origin{}
}
