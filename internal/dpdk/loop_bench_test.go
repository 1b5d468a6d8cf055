//go:build cgo && !nodpdk

package dpdk

import (
	"testing"
	"time"

	"github.com/podnet/podnet/internal/kernel"
)

// BenchmarkLoops measures the loops by the CPU time of the polling thread per
// packet, which does not depend on what else the machine does. net_null costs
// little itself. Run it with -benchtime=1x and compare builds in alternation.
func BenchmarkLoops(b *testing.B) {
	null := realPort(b, "net_null0")
	q := Queue{Port: null}
	plain := make([]byte, 60)
	generate := generator(q, 254)
	paced := generate
	paced.Rate, paced.Limit = 2e9, 1<<40 // more than can be done, so that the loop never waits
	for _, bb := range []struct {
		name    string
		streams []Stream
		packets func(*Job) uint64
	}{
		{"io", []Stream{{Mode: IO, Rx: q, Tx: q}}, received},
		{"mac", []Stream{{Mode: MAC, Rx: q, Tx: q, Src: null.MAC, Dst: null.MAC}}, received},
		{"macswap", []Stream{{Mode: MACSwap, Rx: q, Tx: q}}, received},
		{"rxonly", []Stream{{Mode: RxOnly, Rx: q}}, received},
		{"impair", []Stream{{Mode: Impair, Rx: q, Tx: q, Impair: &Impairment{Mode: IO, Depth: 256}}}, received},
		{"txonly", []Stream{{Mode: TxOnly, Tx: q, Frame: plain}}, sent},
		{"generate", []Stream{generate}, sent},
		{"generate at a rate", []Stream{paced}, sent},
	} {
		b.Run(bb.name, func(b *testing.B) { benchLoop(b, bb.streams, bb.packets) })
	}
	for name, tx := range map[string]Stream{"generate and verify": generate, "generate at a rate and verify": paced} {
		b.Run(name, func(b *testing.B) {
			ring, err := shared.NewRing(b.Context(), 1024, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer ring.Free(b.Context())
			rx := verifier(q, 254)
			rx.Ring, tx.Ring = ring, ring
			benchLoop(b, []Stream{rx, tx}, received)
		})
	}
}

func received(j *Job) uint64 { return j.Counters(0).RxPackets }
func sent(j *Job) uint64     { return j.Counters(0).TxPackets }

// benchLoop measures a job on one lcore after a warm-up, in CPU time of its own.
func benchLoop(b *testing.B, streams []Stream, packets func(*Job) uint64) {
	const warmUp, least = 200 * time.Millisecond, 500 * time.Millisecond
	j, err := shared.Run(b.Context(), streams, shared.PollingLcores()[:1])
	if err != nil {
		b.Fatal(err)
	}
	defer j.Free()
	used := func() time.Duration {
		cpu, _ := kernel.ThreadTime(j.Threads()[0].TID) // 0 until it has begun
		return cpu
	}
	for used() < warmUp {
		time.Sleep(10 * time.Millisecond)
	}
	var took time.Duration
	var moved uint64
	for range b.N {
		cpu, n := used(), packets(j)
		for used()-cpu < least {
			time.Sleep(10 * time.Millisecond)
		}
		took, moved = took+used()-cpu, moved+packets(j)-n
	}
	if err := j.Stop(b.Context()); err != nil {
		b.Error(err)
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	b.ReportMetric(float64(took.Nanoseconds())/float64(moved), "ns/packet")
}
