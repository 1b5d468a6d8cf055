package podnet

import "github.com/podnet/podnet/lib/internal/fact"

// Gather is gather, for tests that change its facts.
var Gather = gather

// Resolve gives the Pod that facts make.
func Resolve(facts []fact.Fact) *Pod { return resolve(facts).pod }
