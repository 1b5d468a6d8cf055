package podnet

import (
	"maps"
	"slices"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/internal/source/downward"
)

func (h *Hugepages) note(field string, at fact.Origin) {
	h.Evidence = append(h.Evidence, Evidence{Field: field, Source: at.Source, Where: at.Where})
}

// addHugepages gives each page size that has a limit, a request, a mount or a pool
// with pages in it.
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
			h := size(l.Size)
			h.LimitBytes, h.UsedBytes = l.Bytes, l.Used
			h.note("limitBytes", l.Origin)
			if l.Used > 0 {
				h.note("usedBytes", l.UsedAt)
			}
		}
	}
	for _, mount := range m.mounts {
		if h := size(mount.Size); h.Mount == "" {
			h.Mount = mount.Path
			h.note("mount", mount.Origin)
		}
	}
	for _, a := range r.ownAmounts() {
		r.addAmount(size, a)
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
			h.note("nodes", p.Origin)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(sizes)) {
		r.pod.Hugepages = append(r.pod.Hugepages, *sizes[s])
	}
}

// addAmount takes a request or a limit of the pod's specification.
func (r *resolver) addAmount(size func(fact.PageSize) *Hugepages, a fact.HugepageAmount) {
	if a.Size == 0 {
		if a.Size = r.onlyPageSize(); a.Size == 0 {
			r.problem(a.Origin, fact.Malformed, "the page size is missing, and the container does not have exactly one: "+
				"put the size into the file's name, such as hugepages_2M_request")
			return
		}
	}
	bytes := downward.Bytes(a.Value, a.Size)
	h := size(a.Size)
	switch {
	case !a.Limit && h.RequestBytes == nil:
		h.RequestBytes = &bytes
		h.note("requestBytes", a.Origin)
	case a.Limit && h.LimitBytes == nil:
		h.LimitBytes = &bytes
		h.note("limitBytes", a.Origin)
	}
}

// onlyPageSize is the only page size that the container has a mount of, or else a
// limit above zero; 0 if there are none or several.
func (r *resolver) onlyPageSize() fact.PageSize {
	var mounted, limited []fact.PageSize
	for _, m := range r.machine.mounts {
		mounted = append(mounted, m.Size)
	}
	for _, l := range r.machine.limits {
		if l.Bytes != nil && *l.Bytes > 0 {
			limited = append(limited, l.Size)
		}
	}
	for _, sizes := range [][]fact.PageSize{mounted, limited} {
		slices.Sort(sizes)
		if sizes = slices.Compact(sizes); len(sizes) > 0 {
			if len(sizes) == 1 {
				return sizes[0]
			}
			return 0
		}
	}
	return 0
}

// ownAmounts are the amounts of this container. A volume can have the amounts of every
// container of the pod. If our name is not known, they are of use only where all belong
// to one container.
func (r *resolver) ownAmounts() []fact.HugepageAmount {
	own := r.machine.container
	var amounts []fact.HugepageAmount
	others := map[string]bool{}
	for _, a := range r.machine.amounts {
		switch {
		case a.Container == "", own != nil && own.Name == a.Container:
			amounts = append(amounts, a)
		case own == nil:
			others[a.Container] = true
		}
	}
	if len(others) == 1 {
		return r.machine.amounts
	}
	for _, a := range r.machine.amounts {
		if own == nil && a.Container != "" {
			r.problem(a.Origin, fact.Conflict, "there are hugepages of %d containers, and none is used: "+
				"set the variable CONTAINER_NAME to the name of this container", len(others))
			break
		}
	}
	return amounts
}
