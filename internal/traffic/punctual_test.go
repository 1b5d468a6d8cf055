package traffic

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
)

// Each queue tells by itself how it kept up: with its own ring, and with the load of
// its own direction.
func TestTrialTellsHowPunctualItWas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_virtio_user0", "net_ring1")
		f.Connect("net_virtio_user0", "net_ring1", dpdktest.Wire{})
		f.Connect("net_ring1", "net_virtio_user0", dpdktest.Wire{})
		p, err := NewPath(t.Context(), dp, PathConfig{Flow: testFlow(), Bidirectional: true, PeerTimeout: time.Second, Observer: &observed{}})
		if err != nil {
			t.Fatal(err)
		}
		f.Adjust(func(s dpdk.StreamConfig, c *dpdk.RawCounters) {
			switch {
			case s.Mode == dpdk.Verify && s.RxPort == 0:
				c.MaxGap = 2_000_000 // 2 ms by the fake's clock
			case s.Mode == dpdk.Generate && s.TxPort == 1:
				c.MaxBacklog, c.RefusedLate = 1000, 3
			}
		})
		c := trial(t, p, nil) // 100 kpps, 50 each way
		wantTx := []result.TxQueue{
			{Interface: "net_virtio_user0", Lcore: 2, Ring: 256},
			{Interface: "net_ring1", Lcore: 2, Ring: 1024, Backlog: 1000, RefusedCatchingUp: 3},
		}
		wantRx := []result.RxQueue{
			{Interface: "net_ring1", Lcore: 1, Ring: 1024},
			{Interface: "net_virtio_user0", Lcore: 1, Ring: 256, GapUs: 2000, Gap: 100},
		}
		if diff := cmp.Diff(wantTx, c.TxQueues); diff != "" {
			t.Errorf("Tx queues (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(wantRx, c.RxQueues); diff != "" {
			t.Errorf("Rx queues (-want +got):\n%s", diff)
		}
	})
}

// If a port has several queues, each shows its own part of the load.
func TestLoadOfAQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 2, dpdktest.Wire{}) // the fake leads all to one queue
		f.Adjust(func(s dpdk.StreamConfig, c *dpdk.RawCounters) {
			if s.Mode == dpdk.Verify {
				c.MaxGap = 1_000_000
			}
		})
		c := trial(t, p, nil)
		if len(c.RxQueues) != 2 || c.RxQueues[0].Gap+c.RxQueues[1].Gap != 100 || c.RxQueues[0].Gap != 0 && c.RxQueues[1].Gap != 0 {
			t.Errorf("%+v", c.RxQueues)
		}
	})
}

// A trial has round-trip times by the packets' stamps and by the schedule, and beside
// them the generators' lateness.
func TestTrialHasTimesByTheSchedule(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{Delay: 3 * time.Microsecond})
		f.Retime(func(s dpdk.StreamConfig, of dpdk.Times, times map[uint64]uint64) map[uint64]uint64 {
			switch {
			case of == dpdk.ScheduledRTT:
				return map[uint64]uint64{3000: 100_000, 8_000_000: 100_000}
			case of == dpdk.Lateness && s.Mode == dpdk.Generate:
				return map[uint64]uint64{0: 100_000, 7_997_000: 100_000}
			}
			return times
		})
		c := trial(t, p, nil)
		r := bench.Summarize(bench.Trial{Mix: result.OneSize(64), Rate: 1e5, Duration: 2 * time.Second}, c)
		near := func(name string, got *result.RTT, percent, want float64) {
			if us, ok := got.At(percent); !ok || us < 0.998*want || us > 1.002*want {
				t.Errorf("%s, %g %%: %g us, want %g", name, percent, us, want)
			}
		}
		near("actual", r.RTT, 99, 3)
		near("by the schedule", r.ScheduledRTT, 99, 8000)
		near("lateness", r.Lateness, 99, 7997)
		if r.Lateness.MinUs != 0 || r.RTT.Packets != r.ScheduledRTT.Packets {
			t.Errorf("%+v, %+v", r.Lateness, r.ScheduledRTT)
		}
	})
}

// A receiver follows the streams that send to it, and no others.
func TestReceiversFollowTheirSenders(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 2, dpdktest.Wire{})
		trial(t, p, nil)
		for lcore := 1; lcore <= 2; lcore++ {
			for _, senders := range f.Followed(lcore) {
				if len(senders) != 2 {
					t.Errorf("lcore %d: a stream follows %d senders, want both queues'", lcore, len(senders))
				}
			}
		}
	})
}

// The trial names each kind of change of a packet.
func TestTrialNamesWhatWasChanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{})
		f.Adjust(func(s dpdk.StreamConfig, c *dpdk.RawCounters) {
			if s.Mode == dpdk.Verify {
				c.RxOther, c.RxTruncated, c.RxExtended, c.RxDamaged, c.RxRetagged, c.RxTags = 1, 2, 3, 4, 5, 2<<32|7<<16|9
			}
		})
		c := trial(t, p, nil)
		want := result.Changed{RxTruncated: 2, RxExtended: 3, RxDamaged: 4, RxRetagged: 5, RxTags: []int{7, 9}}
		if diff := cmp.Diff(want, c.Changed); diff != "" || c.Other != 15 {
			t.Errorf("%d others, changed (-want +got):\n%s", c.Other, diff)
		}
	})
}

// A peer that goes while packets are sent makes the trial not valid, by its name and
// its time, whether it comes back or not.
func TestTrialWithoutAPeer(t *testing.T) {
	path := peerSocket(t)
	bubble(t, func(t *testing.T) {
		f := dpdktest.New()
		p := overSocket(t, f, eal.Memif{Origin: eal.Origin{Interface: "net1"}, Path: path})
		reason := func(rate float64, d time.Duration) string {
			tr := bench.Trial{Mix: result.OneSize(64), Rate: rate, Duration: d}
			c, err := p.Trial(t.Context(), tr)
			if err != nil {
				t.Fatal(err)
			}
			return bench.Summarize(tr, c).Reason
		}
		for _, rate := range []float64{0, 1000} {
			time.AfterFunc(4*time.Second, func() { f.SetPeer("net_memif_net1", false) })
			time.AfterFunc(4500*time.Millisecond, func() { f.SetPeer("net_memif_net1", true) })
			if got, want := reason(rate, 6*time.Second), "the peer "+path+" went away at 4.0 s"; !strings.HasPrefix(got, want) {
				t.Errorf("at %g packets per second %q, want %q", rate, got, want)
			}
		}
		f.SetPeer("net_memif_net1", false)
		if got, want := reason(1000, time.Second), "the peer "+path+" was not there"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// If a path changes tags, receivers expect packets with the tags that come back.
func TestReceiversWantThePathsTag(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{})
		id := 9
		p.directions[0].flow.RxVLAN = &id
		trial(t, p, nil)
		s := f.Streams(1)
		if s[0].Mode != dpdk.Verify {
			s = f.Streams(2)
		}
		if len(s) != 1 || s[0].VLAN != 9 || s[0].StampOffset != 46 {
			t.Errorf("%+v", s)
		}
	})
}
