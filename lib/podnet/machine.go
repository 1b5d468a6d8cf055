package podnet

import (
	"cmp"
	"slices"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/internal/fact"
)

// machine are the facts about the container itself, its CPUs and its memory, as
// they came.
type machine struct {
	labels      []fact.Label
	container   *fact.Container
	cpus        []fact.CPUs
	quotas      []fact.Quota
	siblings    []fact.Siblings
	memoryNodes []fact.MemoryNodes
	nodes       []fact.Node
	pools       []fact.HugepagePool
	limits      []fact.HugepageLimit
	amounts     []fact.HugepageAmount
	mounts      []fact.HugepageMount
}

func (m *machine) add(f fact.Fact) {
	switch f := f.(type) {
	case fact.Label:
		m.labels = append(m.labels, f)
	case fact.Container:
		m.container = &f
	case fact.CPUs:
		m.cpus = append(m.cpus, f)
	case fact.Quota:
		m.quotas = append(m.quotas, f)
	case fact.Siblings:
		m.siblings = append(m.siblings, f)
	case fact.MemoryNodes:
		m.memoryNodes = append(m.memoryNodes, f)
	case fact.Node:
		m.nodes = append(m.nodes, f)
	case fact.HugepagePool:
		m.pools = append(m.pools, f)
	case fact.HugepageLimit:
		m.limits = append(m.limits, f)
	case fact.HugepageAmount:
		m.amounts = append(m.amounts, f)
	case fact.HugepageMount:
		m.mounts = append(m.mounts, f)
	}
}

func (m *machine) sort() {
	sortByOrigin(m.cpus)
	sortByOrigin(m.quotas)
	sortByOrigin(m.siblings)
	sortByOrigin(m.memoryNodes)
	sortByOrigin(m.limits)
	sortByOrigin(m.amounts)
	slices.SortFunc(m.nodes, func(a, b fact.Node) int { return cmp.Compare(a.Node, b.Node) })
	slices.SortFunc(m.mounts, func(a, b fact.HugepageMount) int { return cmp.Compare(a.Index, b.Index) })
	slices.SortFunc(m.pools, func(a, b fact.HugepagePool) int { return cmp.Compare(a.Node, b.Node) })
}

func (r *resolver) addLabels() {
	for _, l := range r.machine.labels {
		if r.pod.Labels == nil {
			r.pod.Labels = map[string]string{}
		}
		r.pod.Labels[l.Name] = l.Value
	}
}

func (c *CPUs) note(field string, at fact.Origin) {
	c.Evidence = append(c.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where})
}

// addCPUs gives the CPUs that are both the container's and the process's own.
func (r *resolver) addCPUs() {
	cpus := &CPUs{NUMANodes: []int{}}
	if !r.allowedCPUs(cpus) {
		return
	}
	for _, n := range r.machine.nodes {
		if !cpus.Allowed.set.Intersection(n.CPUs).IsEmpty() {
			cpus.NUMANodes = append(cpus.NUMANodes, n.Node)
			cpus.note("numaNodes", n.Origin)
			cpus.Nodes = append(cpus.Nodes, NodeCPUs{n.Node, CPUSet{cpus.Allowed.set.Intersection(n.CPUs)}})
		}
	}
	if len(cpus.Nodes) < 2 {
		cpus.Nodes = nil // it follows from the other fields
	}
	r.addQuota(cpus)
	for _, m := range r.machine.memoryNodes {
		if cpus.MemoryNodes == nil && !m.Nodes.IsEmpty() {
			cpus.MemoryNodes = m.Nodes.List()
			cpus.note("memoryNodes", m.Origin)
		}
	}
	for _, s := range r.machine.siblings {
		if s.CPUs.Size() > 1 && !s.CPUs.Intersection(cpus.Allowed.set).IsEmpty() {
			cpus.Siblings = append(cpus.Siblings, CPUSet{s.CPUs})
			cpus.note("siblings", s.Origin)
		}
	}
	slices.SortFunc(cpus.Siblings, func(a, b CPUSet) int { return slices.Compare(a.List(), b.List()) })
	r.pod.CPUs = cpus
}

// allowedCPUs finds the CPUs that this process may run on, if that is known.
func (r *resolver) allowedCPUs(cpus *CPUs) bool {
	var group, affinity *fact.CPUs
	for _, c := range r.machine.cpus {
		if c.Affinity {
			affinity = &c
		} else {
			group = &c
		}
	}
	var allowed cpuset.CPUSet
	switch {
	case group == nil && affinity == nil:
		return false
	case group == nil:
		allowed = affinity.Set
	case affinity == nil:
		allowed = group.Set
	default:
		allowed = group.Set.Intersection(affinity.Set)
		if allowed.IsEmpty() {
			allowed = group.Set
			r.problem(affinity.Origin, fact.Conflict, "CPUs %s, none of which is in %s, which says %s and is used",
				affinity.Set, group.Where, group.Set)
		} else if !allowed.Equals(group.Set) {
			r.problem(affinity.Origin, fact.Conflict, "CPUs %s are fewer than the %s of %s; podnet uses the CPUs in both",
				affinity.Set, group.Set, group.Where)
		}
	}
	cpus.Allowed = CPUSet{allowed}
	for _, c := range []*fact.CPUs{group, affinity} {
		if c != nil {
			cpus.note("allowed", c.Origin)
		}
	}
	return true
}

// addQuota gives the tightest quota. Kubelet gives a container CPUs of its own only if the
// container may use all of them all the time. So if the set is larger than the quota,
// other containers use these CPUs too.
func (r *resolver) addQuota(cpus *CPUs) {
	var tightest *fact.Quota
	for _, q := range r.machine.quotas {
		if tightest == nil || q.CPUs < tightest.CPUs {
			tightest = &q
		}
	}
	if tightest == nil {
		return
	}
	cpus.Quota = &tightest.CPUs
	cpus.note("quota", tightest.Origin)
	if n := cpus.Allowed.Size(); float64(n) > tightest.CPUs {
		r.problem(tightest.Origin, fact.SharedCPUs,
			"a quota of %g CPUs on a set of %d: other containers run on them too, and polling on all of them uses the quota up; "+
				"for CPUs of its own give the container whole CPUs, with limits equal to requests, on a node with the static CPU manager policy",
			tightest.CPUs, n)
	}
}
