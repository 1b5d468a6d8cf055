package podnet

import (
	"fmt"
	"strings"

	"github.com/podnet/podnet/lib/internal/fact"
)

// hotplug remembers, from one look at the pod to the next, which networks it asked for
// first. Multus writes network-status once, so podnet does not wait for a network without
// an entry. It does wait for a network that was added to a running pod's networks
// annotation, until network-status is written again. A single look cannot distinguish the
// two.
type hotplug struct {
	known map[string]string // selected networks; the status at the time that they came, or ""
	begun bool
}

// mark tells the facts of selections that came later.
func (h *hotplug) mark(facts []fact.Fact) {
	if h == nil {
		return
	}
	var selected []int
	var status strings.Builder
	for n, f := range facts {
		switch f := f.(type) {
		case fact.Selection:
			selected = append(selected, n)
		case fact.Network:
			fmt.Fprintf(&status, "%d %q %q %q %v\n", f.Index, f.Name, f.Interface, f.MAC, f.IPs)
		}
	}
	for _, n := range selected {
		s := facts[n].(fact.Selection) //nolint:forcetypeassert // it was one above
		key := selectionLabel(s) + "@" + selectedName(s)
		came, known := h.known[key]
		switch {
		case known:
		case h.begun:
			came = status.String()
			h.known[key] = came
		default:
			set(&h.known, key, "")
		}
		s.Later = came != "" && came == status.String()
		facts[n] = s
	}
	h.begun = h.begun || len(selected) > 0 || status.Len() > 0
	if h.known == nil {
		h.known = map[string]string{}
	}
}
