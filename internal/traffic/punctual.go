package traffic

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
)

// times adds up the times of all streams that keep such times.
func (m *meter) times(of dpdk.Times) *hdrhistogram.Histogram {
	h := bench.NewHistogram()
	for i, s := range m.run.streams {
		if (s.Mode == dpdk.Generate) != (of == dpdk.Lateness || of == dpdk.Gaps) {
			continue
		}
		m.run.job.Times(i, of, func(ns, packets int64) {
			_ = h.RecordValues(min(ns, h.HighestTrackableValue()), packets) // in range
		})
	}
	return h
}

// queue adds how punctual a stream's queue was, of a direction in which so many
// packets were received.
func (m *meter) queue(c *bench.Counts, stream int, received uint64, counted dpdk.Counters) {
	s, p := m.run.streams[stream], m.run.job.Punctuality(stream)
	lcore := m.run.job.Lcore(stream).ID
	if s.Mode == dpdk.Generate {
		port := m.p.dp.Ports[s.tx]
		_, ring := port.Rings()
		c.TxQueues = append(c.TxQueues, result.TxQueue{
			Interface: port.Interface, Queue: s.Tx.Index, Lcore: lcore, Ring: ring,
			Backlog: p.Backlog, RefusedCatchingUp: p.RefusedCatchingUp,
		})
		return
	}
	// If there are several queues, the packets that came from one show its load.
	load := m.trial.Rate / float64(len(m.p.directions))
	if received > 0 {
		load *= float64(counted.RxPackets) / float64(received)
	}
	port := m.p.dp.Ports[s.rx]
	ring, _ := port.Rings()
	c.RxQueues = append(c.RxQueues, result.RxQueue{
		Interface: port.Interface, Queue: s.Rx.Index, Lcore: lcore, Ring: ring,
		GapUs: float64(p.Gap.Nanoseconds()) / 1e3, Gap: uint64(load * p.Gap.Seconds()),
	})
}

// bursts are how often so many packets were sent at once, over all queues.
func (m *meter) bursts() (list []result.BurstLength) {
	var sums []uint64
	for i, s := range m.run.streams {
		if s.Mode != dpdk.Generate {
			continue
		}
		counts := m.run.job.Bursts(i)
		sums = append(sums, make([]uint64, max(0, len(counts)-len(sums)))...)
		for n, count := range counts {
			sums[n] += count
		}
	}
	for n, count := range sums {
		if count > 0 {
			list = append(list, result.BurstLength{Packets: n, Count: count})
		}
	}
	return list
}

// addChanged adds the packets that came otherwise than they were sent.
func addChanged(sum *result.Changed, c dpdk.Counters) {
	sum.RxTruncated += c.RxTruncated
	sum.RxExtended += c.RxExtended
	sum.RxDamaged += c.RxDamaged
	if sum.RxRetagged += c.RxRetagged; c.RxRetagged > 0 {
		sum.RxTags = []int{int(c.RxTags.Outer), int(c.RxTags.Inner)}[:min(c.RxTags.N, 2)]
	}
}
