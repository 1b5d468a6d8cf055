package cgroup

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
)

// cpuset reads the container's CPU set.
func (r *reader) cpuset() {
	g, ok := r.group("cpuset")
	if !ok {
		return
	}
	name := "cpuset.cpus"
	if g.v2 {
		name = "cpuset.cpus.effective"
	}
	text, at := r.inherited(g, name)
	if text == "" {
		return
	}
	set, err := cpulist.Parse(text)
	if err != nil {
		r.malformed(at, err)
		return
	}
	r.add(fact.CPUs{Origin: at, Set: set})
}

// allowedList reads the CPUs that the process itself may run on, which its
// parent may have narrowed.
func (r *reader) allowedList() {
	const name = "Cpus_allowed_list"
	text, ok := field(r.text(procStatus), name)
	if !ok {
		return
	}
	at := fact.Origin{Source: fact.Proc, Where: procStatus + " " + name}
	set, err := cpulist.Parse(text)
	if err != nil {
		r.malformed(at, err)
		return
	}
	r.add(fact.CPUs{Origin: at, Set: set, Affinity: true})
}

// quota reads the limit on CPU time: so many microseconds in each period.
func (r *reader) quota() {
	g, ok := r.group("cpu")
	if !ok {
		return
	}
	var file, quota, period string
	if g.v2 {
		file = path.Join(g.dir, "cpu.max")
		quota, period, _ = strings.Cut(r.text(file), " ")
	} else {
		file = path.Join(g.dir, "cpu.cfs_quota_us")
		quota, period = r.text(file), r.text(path.Join(g.dir, "cpu.cfs_period_us"))
	}
	if quota == "" || quota == "max" || quota == "-1" {
		return
	}
	at := fact.Origin{Source: fact.Cgroup, Where: file}
	cpus, err := ratio(quota, period)
	if err != nil {
		r.malformed(at, err)
		return
	}
	r.add(fact.Quota{Origin: at, CPUs: cpus})
}

func ratio(quota, period string) (float64, error) {
	q, errQ := strconv.ParseUint(quota, 10, 63)
	p, errP := strconv.ParseUint(period, 10, 63)
	if errQ != nil || errP != nil || q == 0 || p == 0 {
		return 0, fmt.Errorf("a quota of %.30q in a period of %.30q is none", quota, period)
	}
	return float64(q) / float64(p), nil
}
