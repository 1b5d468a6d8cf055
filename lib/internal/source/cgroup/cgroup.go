// Package cgroup reads what the kernel lets this process have: its CPUs, its
// CPU time and its hugepages, from control groups of either version, and the
// hugetlbfs that is mounted for it.
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
// CPU set and from the process's own allowed list, fact.Quota, and
// fact.HugepageLimit and fact.HugepageMount for each page size.
func Read(root rootfs.FS) []fact.Fact {
	r := reader{FS: root}
	r.mounts = parseMountinfo(r.text(procMountinfo))
	r.groups = parseGroups(r.text(procCgroup))
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

// text reads a file; it is empty if there is no such file.
func (r *reader) text(name string) string {
	data, err := r.ReadFile(name, rootfs.MaxProc)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		source := fact.Cgroup
		if strings.HasPrefix(name, "/proc/") {
			source = fact.Proc
		}
		r.add(fact.Problemf(fact.Origin{Source: source, Where: name}, fact.Unreadable, "%w", err))
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
	if own, ok := r.groups[controller]; ok {
		for _, m := range r.mounts {
			if m.fsType == "cgroup" && m.hasOption(controller) {
				return r.locate(m, own, false), true
			}
		}
	}
	for _, m := range r.mounts {
		if m.fsType == "cgroup2" {
			return r.locate(m, r.groups[""], true), true
		}
	}
	// Without mountinfo, as in a copy of a few files: the usual places.
	const top = "/sys/fs/cgroup"
	if v1 := path.Join(top, controller); r.Exists(v1) {
		return group{dir: v1, top: v1}, true
	}
	return group{dir: top, top: top, v2: true}, r.Exists(top)
}

// locate finds the group named own, a path in the hierarchy, below a mount of
// it. The mount may show a part of the hierarchy only, and own may be of another
// namespace than the mount; then the mount itself is the container's group.
func (r *reader) locate(m mount, own string, v2 bool) group {
	g := group{dir: m.point, top: m.point, v2: v2}
	rest := own
	if m.root != "/" {
		var below bool
		if rest, below = strings.CutPrefix(own, m.root); !below || rest != "" && rest[0] != '/' {
			return g
		}
	}
	if strings.HasPrefix(rest, "/..") {
		return g
	}
	if dir := path.Join(m.point, path.Clean("/"+rest)); r.Exists(dir) {
		g.dir = dir
	}
	return g
}

// inherited reads a file of the group, or else of the nearest group above that
// has something in it: a group without a setting of its own has its parent's.
func (r *reader) inherited(g group, name string) (text string, at fact.Origin) {
	for dir := g.dir; ; dir = path.Dir(dir) {
		file := path.Join(dir, name)
		if text = r.text(file); text != "" || dir == g.top || dir == "/" {
			return text, fact.Origin{Source: fact.Cgroup, Where: file}
		}
	}
}
