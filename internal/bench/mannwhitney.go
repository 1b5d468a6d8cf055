package bench

import (
	"math"
	"slices"
)

// maxExact is how many runs of both sides together the test counts out exactly.
// Above that, the normal distribution is as good.
const maxExact = 80

// mannWhitney is the two-sided p-value of Mann and Whitney's test that both sides
// are of one distribution. It is exact with ties, too: it counts all ways to deal
// the ranks out to the two sides.
func mannWhitney(base, next []float64) float64 {
	all := slices.Concat(base, next)
	ranks := doubledRanks(all)
	sum, total := 0, 0
	for i, r := range ranks {
		if total += r; i < len(base) {
			sum += r
		}
	}
	if len(all) > maxExact {
		return normalRanks(ranks, len(base), sum, total)
	}
	// ways[k][s] is how many subsets of k runs have the doubled rank sum s.
	ways := make([][]float64, len(base)+1)
	for k := range ways {
		ways[k] = make([]float64, total+1)
	}
	ways[0][0] = 1
	for i, r := range ranks {
		for k := min(i+1, len(base)); k > 0; k-- {
			for s := total; s >= r; s-- {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	var below, above, count float64
	for s, n := range ways[len(base)] {
		count += n
		if s <= sum {
			below += n
		}
		if s >= sum {
			above += n
		}
	}
	return min(1, 2*min(below, above)/count)
}

// doubledRanks are twice the ranks of the values, so that tied values have whole
// numbers too.
func doubledRanks(values []float64) []int {
	sorted := slices.Sorted(slices.Values(values))
	ranks := make([]int, len(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last+1 < len(sorted) && sorted[last+1] == v {
			last++
		}
		ranks[i] = first + last + 2
	}
	return ranks
}

// normalRanks is the p-value by the normal distribution, from the doubled ranks.
func normalRanks(ranks []int, base, sum, total int) float64 {
	n, m := float64(len(ranks)), float64(base)
	middle := float64(total) / n
	variance := 0.0
	for _, r := range ranks {
		variance += (float64(r) - middle) * (float64(r) - middle)
	}
	variance *= m * (n - m) / (n * (n - 1))
	if variance == 0 {
		return 1
	}
	z := max(0, math.Abs(float64(sum)-m*middle)-1) / math.Sqrt(variance)
	return math.Erfc(z / math.Sqrt2)
}

// hodgesLehmann is Hodges and Lehmann's estimate of the ratio of next to base, the
// median of all ratios of a run to one of the base, and the 95 % interval that
// belongs to the Mann-Whitney test.
func hodgesLehmann(base, next []float64) (ratio, low, high float64) {
	ratios := make([]float64, 0, len(base)*len(next))
	for _, b := range base {
		for _, n := range next {
			ratios = append(ratios, n/b)
		}
	}
	ratio = median(ratios) // sorts them
	k := criticalRank(len(base), len(next))
	return ratio, ratios[k-1], ratios[len(ratios)-k]
}

// criticalRank is the place of the interval's lower end among the sorted ratios,
// from 1, and of its upper end from the last one down: the largest k for which Mann
// and Whitney's U is below k with at most half the significance.
func criticalRank(m, n int) int {
	if m+n > maxExact {
		mean, sd := float64(m*n)/2, math.Sqrt(float64(m*n*(m+n+1))/12)
		return max(1, int(math.Floor(mean-1.959964*sd)))
	}
	counts := orders(m, n)
	total := 0.0
	for _, c := range counts {
		total += c
	}
	sum := 0.0
	for k, c := range counts {
		if sum += c; sum > total*significance/2 {
			return max(1, k)
		}
	}
	return 1
}

// orders are the numbers of orders of m and n runs in which U is 0, 1, 2 and so on.
func orders(m, n int) []float64 {
	// The sum of the places of m runs among m+n, less the least that it can be.
	ways := make([][]float64, m+1)
	for k := range ways {
		ways[k] = make([]float64, m*n+1)
	}
	ways[0][0] = 1
	for place := range m + n {
		for k := min(place+1, m); k > 0; k-- {
			// As the k-th of the m runs, it has place-(k-1) of the others below it.
			if wrong := place - (k - 1); wrong <= n {
				for u := m * n; u >= wrong; u-- {
					ways[k][u] += ways[k-1][u-wrong]
				}
			}
		}
	}
	return ways[m]
}
