package podnet

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/internal/fact"
)

// machine are the facts about CPUs and memory, as they came.
type machine struct {
	cpus     []fact.CPUs
	quotas   []fact.Quota
	nodes    []fact.Node
	pools    []fact.HugepagePool
	limits   []fact.HugepageLimit
	requests []fact.HugepageRequest
	mounts   []fact.HugepageMount
}

func (m *machine) add(f fact.Fact) {
	switch f := f.(type) {
	case fact.CPUs:
		m.cpus = append(m.cpus, f)
	case fact.Quota:
		m.quotas = append(m.quotas, f)
	case fact.Node:
		m.nodes = append(m.nodes, f)
	case fact.HugepagePool:
		m.pools = append(m.pools, f)
	case fact.HugepageLimit:
		m.limits = append(m.limits, f)
	case fact.HugepageRequest:
		m.requests = append(m.requests, f)
	case fact.HugepageMount:
		m.mounts = append(m.mounts, f)
	}
}

func (m *machine) sort() {
	slices.SortFunc(m.cpus, func(a, b fact.CPUs) int { return compareOrigins(a.Origin, b.Origin) })
	slices.SortFunc(m.limits, func(a, b fact.HugepageLimit) int { return compareOrigins(a.Origin, b.Origin) })
	slices.SortFunc(m.requests, func(a, b fact.HugepageRequest) int { return compareOrigins(a.Origin, b.Origin) })
	slices.SortFunc(m.mounts, func(a, b fact.HugepageMount) int { return cmp.Compare(a.Index, b.Index) })
	slices.SortFunc(m.pools, func(a, b fact.HugepagePool) int { return cmp.Compare(a.Node, b.Node) })
}

// addCPUs gives the CPUs that are both the container's and the process's own.
func (r *resolver) addCPUs() {
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
		return
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
			r.problem(affinity.Origin, fact.Conflict, "CPUs %s are fewer than those of %s, which says %s; those in both are used",
				affinity.Set, group.Where, group.Set)
		}
	}
	cpus := &CPUs{Allowed: CPUSet{allowed}, NUMANodes: []int{}}
	for _, n := range r.machine.nodes {
		if !allowed.Intersection(n.CPUs).IsEmpty() {
			cpus.NUMANodes = append(cpus.NUMANodes, n.Node)
		}
	}
	slices.Sort(cpus.NUMANodes)
	for _, q := range r.machine.quotas {
		if cpus.Quota == nil || q.CPUs < *cpus.Quota {
			cpus.Quota = &q.CPUs
		}
	}
	r.pod.CPUs = cpus
}

// addHugepages gives the page sizes of which there is a limit, a request, a mount
// or a pool with pages in it.
func (r *resolver) addHugepages() {
	sizes := map[fact.PageSize]*Hugepages{}
	size := func(s fact.PageSize) *Hugepages {
		if sizes[s] == nil {
			sizes[s] = &Hugepages{Size: s.String()}
		}
		return sizes[s]
	}
	m := &r.machine
	for _, l := range m.limits {
		if l.Bytes != nil {
			size(l.Size).LimitBytes = l.Bytes
		}
	}
	for _, q := range m.requests {
		size(q.Size).RequestBytes = &q.Bytes
	}
	for _, mount := range m.mounts {
		if h := size(mount.Size); h.Mount == "" {
			h.Mount = mount.Path
		}
	}
	for _, p := range m.pools {
		if p.Total > 0 {
			size(p.Size)
		}
	}
	for _, p := range m.pools {
		if h := sizes[p.Size]; h != nil {
			h.Nodes = append(h.Nodes, HugepageNode{
				Node: p.Node, TotalBytes: p.Total * uint64(p.Size), FreeBytes: p.Free * uint64(p.Size),
			})
		}
	}
	for _, s := range slices.Sorted(maps.Keys(sizes)) {
		r.pod.Hugepages = append(r.pod.Hugepages, *sizes[s])
	}
}
