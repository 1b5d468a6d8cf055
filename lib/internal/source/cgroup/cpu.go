package cgroup

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
)

// cpuset reads the container's CPU set and its memory nodes. The effective set
// comes before the requested one, which may name CPUs that are offline, or that
// a group above does not have.
func (r *reader) cpuset() {
	g, ok := r.cgroups.Group("cpuset")
	if !ok {
		return
	}
	cpus := []string{"cpuset.effective_cpus", "cpuset.cpus"}
	mems := []string{"cpuset.effective_mems", "cpuset.mems"}
	if g.V2 {
		cpus[0], mems[0] = "cpuset.cpus.effective", "cpuset.mems.effective"
	}
	if set, at, ok := r.list(g, cpus); ok {
		r.add(fact.CPUs{Origin: at, Set: set})
	}
	if nodes, at, ok := r.list(g, mems); ok {
		r.add(fact.MemoryNodes{Origin: at, Nodes: nodes})
	}
}

// list reads a list of CPUs or memory nodes.
func (r *reader) list(g kernel.Group, names []string) (cpuset.CPUSet, fact.Origin, bool) {
	text, at := r.inherited(g, names...)
	if text == "" {
		return cpuset.CPUSet{}, at, false
	}
	set, err := cpulist.Parse(text)
	if err != nil {
		r.malformed(at, err)
		return cpuset.CPUSet{}, at, false
	}
	return set, at, true
}

// status reads what the process itself may do.
func (r *reader) status() {
	text := r.proc(kernel.ProcStatus, rootfs.MaxSmall)
	r.allowedList(text)
	r.capabilities(text)
}

// allowedList reads the CPUs that the process itself may run on, which its
// parent may have narrowed.
func (r *reader) allowedList(status string) {
	const name = "Cpus_allowed_list"
	text, ok := kernel.Field(status, name)
	if !ok {
		return
	}
	at := fact.Origin{Source: fact.Proc, Where: kernel.ProcStatus + " " + name}
	set, err := cpulist.Parse(text)
	if err != nil {
		r.malformed(at, err)
		return
	}
	r.add(fact.CPUs{Origin: at, Set: set, Affinity: true})
}

// capabilities reads those that are in effect.
func (r *reader) capabilities(status string) {
	const name = "CapEff"
	text, ok := kernel.Field(status, name)
	if !ok {
		return
	}
	at := fact.Origin{Source: fact.Proc, Where: kernel.ProcStatus + " " + name}
	bits, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		r.malformed(at, fmt.Errorf("%.100q is not a set of capabilities", text))
		return
	}
	r.add(fact.Capabilities{Origin: at, Effective: bits})
}

// readOnlySys finds out whether /sys can be written to, as far as its mount says.
func (r *reader) readOnlySys() {
	for _, m := range r.cgroups.Mounts {
		if m.Point == "/sys" && slices.Contains(m.Flags, "ro") {
			r.add(fact.ReadOnlySys{Origin: fact.Origin{Source: fact.Proc, Where: kernel.ProcMountinfo + ":" + strconv.Itoa(m.Line)}})
		}
	}
}

// quota reads the limit on CPU time: so many microseconds in each period. Every
// group above the process's own limits it too, as far as we can see them, so the
// tightest counts.
func (r *reader) quota() {
	g, ok := r.cgroups.Group("cpu")
	if !ok {
		return
	}
	var tightest *fact.Quota
	for _, dir := range g.Levels() {
		var file, quota, period string
		if g.V2 {
			file = path.Join(dir, "cpu.max")
			quota, period, _ = strings.Cut(r.text(file), " ")
		} else {
			file = path.Join(dir, "cpu.cfs_quota_us")
			if quota = r.text(file); quota != "" && quota != "-1" {
				period = r.text(path.Join(dir, "cpu.cfs_period_us"))
			}
		}
		if quota == "" || quota == "max" || quota == "-1" {
			continue
		}
		at := fact.Origin{Source: fact.Cgroup, Where: file}
		cpus, err := ratio(quota, period)
		if err != nil {
			r.malformed(at, err)
			continue
		}
		if tightest == nil || cpus < tightest.CPUs {
			tightest = &fact.Quota{Origin: at, CPUs: cpus}
		}
	}
	if tightest != nil {
		r.add(*tightest)
	}
}

func ratio(quota, period string) (float64, error) {
	q, errQ := strconv.ParseUint(quota, 10, 63)
	p, errP := strconv.ParseUint(period, 10, 63)
	if errQ != nil || errP != nil || q == 0 || p == 0 {
		return 0, fmt.Errorf("a quota of %.30q in a period of %.30q is none", quota, period)
	}
	return float64(q) / float64(p), nil
}
