// Package fabrictest checks the result document of a fabric run whose pods ran in a test.
// It does not run pods: test/e2e and test/k8s do. A pair may be not valid where several
// pods share a CPU, but it must not count another pair's packets. Start with Pairs.
package fabrictest

import (
	"slices"
	"testing"

	"github.com/podnet/podnet/internal/result"
)

// Pairs wants each ordered pair of so many nodes once on rail 0. A pair has the counters of
// its own packets, or one of these reasons why it has no figures. Pairs returns the number
// of pairs with figures.
func Pairs(t *testing.T, doc result.Fabric, nodes int, packets uint64, missing ...result.FabricCode) (measured int) {
	t.Helper()
	seen := map[[2]int]bool{}
	for _, p := range doc.Pairs {
		pair := [2]int{p.From, p.To}
		if seen[pair] || p.From == p.To || p.FromRail != 0 || p.ToRail != 0 {
			t.Errorf("%d -> %d is there twice, or on rail %d to %d", p.From, p.To, p.FromRail, p.ToRail)
		}
		seen[pair] = true
		if p.Missing != nil {
			if !slices.Contains(missing, p.Missing.Code) {
				t.Errorf("%d -> %d has no figures: %+v", p.From, p.To, *p.Missing)
			}
			continue
		}
		measured++
		switch {
		case p.Arrived == nil || p.Returned == nil:
			t.Errorf("%d -> %d: %+v, want the counters of both ends", p.From, p.To, p)
		case p.Offered > packets || p.Sent > p.Offered || *p.Arrived > p.Sent || *p.Returned > *p.Arrived:
			t.Errorf("%d -> %d: offered %d, sent %d, arrived %d, returned %d: others' packets are among them", p.From, p.To, p.Offered, p.Sent, *p.Arrived, *p.Returned)
		case p.Valid && (p.Offered != packets || p.Sent != packets):
			t.Errorf("%d -> %d: offered %d, sent %d, and that is valid", p.From, p.To, p.Offered, p.Sent)
		}
	}
	if len(seen) != nodes*(nodes-1) {
		t.Errorf("%d pairs, want %d", len(seen), nodes*(nodes-1))
	}
	return measured
}
