package podnet

import "github.com/podnet/podnet/lib/internal/fact"

// Gather is gather, for tests that change its facts.
var Gather = gather

// Resolve gives the Pod that facts make.
func Resolve(facts []fact.Fact) *Pod { return resolve(facts).pod }

// ResolveWithout gives the Pod that facts make with one rule switched off.
func ResolveWithout(rule string, facts []fact.Fact) *Pod { return resolveWithout(rule, facts).pod }

// Rules are the names of what ResolveWithout can switch off.
func Rules() []string {
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	for _, o := range append(objections, doubts...) {
		names = append(names, o.name)
	}
	return names
}
