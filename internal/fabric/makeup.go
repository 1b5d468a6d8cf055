package fabric

import (
	"cmp"
	"slices"

	"github.com/podnet/podnet/internal/result"
)

// curable tells whether another attempt may have figures.
func curable(code result.FabricCode) bool {
	return code != result.FabricNoRail && code != result.FabricRefused && code != result.FabricStopped
}

// makeup chooses pairs for one more round among the flows without figures: as many pairs as
// fit, beginning with the pods that miss the most. Each pair is tried once. There says
// whether a pod is connected.
func (r *run) makeup(there func(int) bool) (pairs []Pair, flows map[Flow]bool) {
	flows = make(map[Flow]bool)
	misses := make(map[int]int) // of a pod
	partners := make(map[int][]int)
	seen := make(map[Pair]bool)
	for f, at := range r.index {
		row := &r.rows[at]
		p := Pair{min(f.From, f.To), max(f.From, f.To)}
		if row.Missing == nil || !curable(row.Missing.Code) || r.madeUp[p] || !there(p.A) || !there(p.B) {
			continue
		}
		flows[f] = true
		if !seen[p] {
			seen[p] = true
			misses[p.A]++
			misses[p.B]++
			partners[p.A] = append(partners[p.A], p.B)
			partners[p.B] = append(partners[p.B], p.A)
		}
	}
	worstFirst := func(a, b int) int { return cmp.Or(cmp.Compare(misses[b], misses[a]), cmp.Compare(a, b)) }
	pods := make([]int, 0, len(misses))
	for i := range misses {
		pods = append(pods, i)
	}
	slices.SortFunc(pods, worstFirst)
	busy := make(map[int]bool)
	for _, a := range pods {
		slices.SortFunc(partners[a], worstFirst)
		for _, b := range partners[a] {
			if !busy[a] && !busy[b] {
				busy[a], busy[b] = true, true
				pairs = append(pairs, Pair{min(a, b), max(a, b)})
			}
		}
	}
	for _, p := range pairs {
		r.madeUp[p] = true
	}
	return pairs, flows
}
