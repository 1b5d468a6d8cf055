package podnet

import (
	"cmp"
	"slices"
	"strconv"
)

// giveNames names the interfaces for which no source has a name, by their place
// in the Pod: a port, a result and a hint need one. The name does not count as
// evidence, so that a netdev which happens to have it is not taken for the
// interface's.
func (r *resolver) giveNames() {
	slices.SortStableFunc(r.interfaces, func(a, b *iface) int {
		return boolOrder(!a.Default) - boolOrder(!b.Default)
	})
	given := map[string]bool{}
	for _, i := range r.interfaces {
		given[i.given] = true
	}
	for index, i := range r.interfaces {
		for n := index; i.Name == "" && i.given == ""; n += len(r.interfaces) {
			if name := "if" + strconv.Itoa(n); r.byName[name] == nil && !given[name] {
				i.given = name
			}
		}
	}
}

// names are the names by which users ask for the interface.
func (i *iface) names() (name, network string) { return cmp.Or(i.Name, i.given), i.Network }

// matchName finds the interfaces of a list that a name stands for: the interface of this
// name, or else all whose network has the name with its namespace, or else without it.
func matchName[T any](list []T, name string, of func(T) (iface, network string)) []T {
	var named, full, short []T
	if name == "" {
		return nil // or it would match an interface without a network
	}
	for _, i := range list {
		iface, network := of(i)
		if iface == name {
			named = append(named, i)
		}
		if network == name {
			full = append(full, i)
		}
		if shortName(network) == name {
			short = append(short, i)
		}
	}
	switch {
	case len(named) > 0:
		return named
	case len(full) > 0:
		return full
	}
	return short
}
