package dpdk

// deal gives each stream the index of an lcore. It prefers lcores on the NUMA node of the
// port that the stream polls, as long as no lcore gets more than its share, and among
// these the lcore with the fewest streams.
func deal(streams []Stream, lcores []Lcore) []int {
	share := (len(streams) + len(lcores) - 1) / len(lcores)
	load := make([]int, len(lcores))
	dealt := make([]int, len(streams))
	for i, s := range streams {
		best := -1
		better := func(w int) bool {
			if best < 0 {
				return true
			}
			if near, bestNear := s.near(lcores[w]), s.near(lcores[best]); near != bestNear {
				return near
			}
			return load[w] < load[best]
		}
		for w := range lcores {
			if load[w] < share && better(w) {
				best = w
			}
		}
		dealt[i] = best
		load[best]++
	}
	return dealt
}

// Polled is the queue that the stream receives from, or else the one that it sends to.
func (s Stream) Polled() Queue {
	if s.Mode == TxOnly || s.Mode == Generate || s.Rx.Port == nil {
		return s.Tx
	}
	return s.Rx
}

// near reports whether the lcore is on the NUMA node of the stream's port, as far as
// that is known.
func (s Stream) near(l Lcore) bool {
	p := s.Polled().Port
	return p == nil || p.Socket < 0 || p.Socket == l.Socket
}
