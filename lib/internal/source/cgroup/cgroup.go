// Package cgroup reads the limits of this process: its CPUs, its CPU time, its memory
// nodes and its hugepages, from control groups of either version, and the hugetlbfs that
// is mounted for it.
package cgroup

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/fact"
)

const procMeminfo = "/proc/meminfo"

// Read gives the facts about the calling process: fact.CPUs from the container's
// CPU set and from the process's own allowed list, fact.MemoryNodes, fact.Quota,
// and fact.HugepageLimit and fact.HugepageMount for each page size; fact.Capabilities
// and fact.ReadOnlySys of the process, which are in the same files.
func Read(root rootfs.FS) []fact.Fact {
	r := reader{FS: root}
	r.cgroups = kernel.NewCgroups(root, r.proc(kernel.ProcMountinfo, rootfs.MaxProc), r.proc(kernel.ProcCgroup, rootfs.MaxProc))
	r.cpuset()
	r.status()
	r.readOnlySys()
	r.quota()
	r.hugepageLimits()
	r.hugepageMounts()
	return r.facts
}

type reader struct {
	rootfs.FS
	cgroups kernel.Cgroups
	facts   []fact.Fact
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

// inherited reads the first of the files that has something in it, in the group
// or else in the nearest group above: a group without a setting of its own has
// its parent's.
func (r *reader) inherited(g kernel.Group, names ...string) (text string, at fact.Origin) {
	for _, dir := range g.Levels() {
		for _, name := range names {
			file := path.Join(dir, name)
			if text = r.text(file); text != "" {
				return text, fact.Origin{Source: fact.Cgroup, Where: file}
			}
		}
	}
	return "", fact.Origin{}
}
