package dataplane

import (
	"fmt"
	"slices"

	"github.com/podnet/podnet/lib/podnet"
)

// InOrder puts the ports into the order of the interfaces' names, if there are
// any. Of interfaces that share a port the first stands for all.
func InOrder(ports []podnet.Port, names []string) ([]podnet.Port, error) {
	var out []podnet.Port
	add := func(p podnet.Port) {
		if !slices.ContainsFunc(out, func(o podnet.Port) bool { return o.PortName == p.PortName }) {
			out = append(out, p)
		}
	}
	for _, name := range names {
		i := slices.IndexFunc(ports, func(p podnet.Port) bool { return p.Interface == name })
		if i < 0 {
			return nil, NotReady(fmt.Errorf("interface %q is not among the ports", name))
		}
		add(ports[i])
	}
	if len(names) == 0 {
		for _, p := range ports {
			add(p)
		}
	}
	return out, nil
}
