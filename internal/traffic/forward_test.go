package traffic

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

func TestForward(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0", "net_ring1", "net_null0")
		streams, err := RunStreams(t.Context(), dp, RunConfig{Mode: dpdk.MACSwap})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second/2, func() { f.Arrive("net_ring0", 100, 60); f.Arrive("net_null0", 7, 60) })
		o := &observed{}
		begin := time.Now()
		r, err := Forward(t.Context(), dp, streams, 3500*time.Millisecond, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Seconds != 3.5 || time.Since(begin) != 4*time.Second {
			t.Errorf("%g s, and %s with what lies in rings", r.Seconds, time.Since(begin))
		}
		var got [][2]uint64
		for _, i := range r.Interfaces {
			got = append(got, [2]uint64{i.RxPackets, i.TxPackets})
		}
		if diff := cmp.Diff([][2]uint64{{100, 0}, {0, 100}, {7, 7}}, got); diff != "" {
			t.Errorf("received and sent (-want +got):\n%s", diff)
		}
		if r.Total.RxPackets != 107 || r.Total.RxBytes != 107*64 || r.Faults != nil || len(r.Lcores) != 2 {
			t.Errorf("%+v", r)
		}
		var polls [][]string
		for _, l := range r.Lcores {
			polls = append(polls, l.Polls)
		}
		if diff := cmp.Diff([][]string{{"net_ring0 queue 0", "net_null0 queue 0"}, {"net_ring1 queue 0"}}, polls); diff != "" {
			t.Errorf("lcores poll (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]bool{true, false}, o.jobs); diff != "" {
			t.Errorf("jobs (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(r.Interfaces, o.ended); diff != "" || len(o.carried) != 3 || len(o.down) != 4 {
			t.Errorf("told %d times, and at the end (-want +got):\n%s", len(o.carried), diff)
		}
	})
}

// Told to stop it counts what it has, and closes at once if nothing was sent.
func TestForwardStopped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0")
		streams, err := RunStreams(t.Context(), dp, RunConfig{Mode: dpdk.RxOnly})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, func() { f.Arrive("net_ring0", 5, 60); cancel() })
		begin := time.Now()
		r, err := Forward(ctx, dp, streams, 0, &observed{})
		if err != nil || r.Total.RxPackets != 5 || r.Total.TxPackets != 0 || time.Since(begin) != time.Minute {
			t.Errorf("%+v, %v after %s", r, err, time.Since(begin))
		}
	})
}

func TestForwardFails(t *testing.T) {
	fail := errors.New("it failed")
	for name, prepare := range map[string]func(f *dpdktest.Fake){
		"start": func(f *dpdktest.Fake) { f.On(dpdktest.Launch, dpdktest.Fail(1, fail)) },
		"a count": func(f *dpdktest.Fake) {
			time.AfterFunc(time.Second, func() { f.On(dpdktest.Stats, dpdktest.Fail(1, fail)) })
		},
		"the last count": func(f *dpdktest.Fake) {
			time.AfterFunc(2500*time.Millisecond, func() { f.On(dpdktest.Stats, dpdktest.Fail(1, fail)) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				dp, f := fakePlane(t, 1, "net_ring0")
				streams, err := RunStreams(t.Context(), dp, RunConfig{Mode: dpdk.IO})
				if err != nil {
					t.Fatal(err)
				}
				prepare(f)
				if _, err := Forward(t.Context(), dp, streams, 2700*time.Millisecond, &observed{}); !errors.Is(err, fail) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// A peer that cannot come back ends the run, which keeps the counts until then.
func TestForwardWithoutItsPeer(t *testing.T) {
	path := peerSocket(t)
	bubble(t, func(t *testing.T) {
		f := dpdktest.New()
		device := eal.VirtioUser{Origin: eal.Origin{Interface: "net1"}, Path: path}
		dp := startPlane(t, dataplane.Config{
			EAL:    eal.Config{CPUs: []int{4, 5, 6}, Memory: eal.Memory{NoHuge: true, NoHugeMiB: 64}, FilePrefix: "test", Devices: []eal.Device{device}},
			Ports:  []podnet.Port{{Interface: "net1", PortName: device.PortName()}},
			Queues: 1, AwaitPeers: true, Driver: f,
		})
		streams, err := RunStreams(t.Context(), dp, RunConfig{Mode: dpdk.MACSwap})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() {
			f.Arrive(device.PortName(), 9, 60)
			f.SetPeer(device.PortName(), false)
		})
		r, err := Forward(t.Context(), dp, streams, time.Hour, &observed{})
		if err == nil || !strings.Contains(err.Error(), "hung up") || r.Total.RxPackets != 9 || r.Seconds > 2 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestRunStreams(t *testing.T) {
	for name, tt := range map[string]struct {
		mode dpdk.Mode
		tx   []int
	}{
		"forwarding": {dpdk.IO, []int{1, 1, 0, 0, 2, 2}}, // the last one reflects
		"generating": {dpdk.TxOnly, []int{0, 0, 1, 1, 2, 2}},
	} {
		bubble(t, func(t *testing.T) {
			dp, _ := fakePlane(t, 2, "net_ring0", "net_ring1", "net_ring2")
			streams, err := RunStreams(t.Context(), dp, RunConfig{Mode: tt.mode, Flow: testFlow(), FrameSize: 64, Rate: 2e6})
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for n, s := range streams {
				got = append(got, s.tx)
				if s.rx != n/2 || s.Rx.Index != n%2 || s.Rx.Port != dp.Ports[n/2].Port || s.Tx.Index != n%2 || s.Tx.Port != dp.Ports[s.tx].Port {
					t.Errorf("%s: stream %d: %+v", name, n, s)
				}
				if want := []byte{2, 0, 0, 0, 0, byte(s.tx)}; !bytes.Equal(s.Dst, want) || !bytes.Equal(s.Src, dp.Ports[s.tx].MAC) {
					t.Errorf("%s: stream %d from %s to %s", name, n, s.Src, s.Dst)
				}
				if tt.mode == dpdk.TxOnly && (s.Rate != 1e6 || len(s.Frame) != 60 || !bytes.Equal(s.Frame[6:12], s.Src)) {
					t.Errorf("generator %d: rate %g, frame %x", n, s.Rate, s.Frame)
				}
			}
			if diff := cmp.Diff(tt.tx, got); diff != "" {
				t.Errorf("%s: ports (-want +got):\n%s", name, diff)
			}
		})
	}
}

func TestGenerateToALearnedAddress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0")
		c := RunConfig{Mode: dpdk.TxOnly, Flow: testFlow(), FrameSize: 64, Rate: 1000, Learn: true, PeerTimeout: time.Second}
		if _, err := RunStreams(t.Context(), dp, c); !errors.Is(err, dataplane.ErrNotReady) {
			t.Errorf("without an answer: %v", err)
		}
		peer := []byte{2, 9, 9, 9, 9, 9}
		f.Connect("net_ring0", "net_ring0", dpdktest.Wire{Peer: peer})
		streams, err := RunStreams(t.Context(), dp, c)
		if err != nil || !bytes.Equal(streams[0].Dst, peer) || !bytes.Equal(streams[0].Frame[:6], peer) {
			t.Fatalf("to %s, %v", streams[0].Dst, err)
		}
		r, err := Forward(t.Context(), dp, streams, 2*time.Second, &observed{})
		if err != nil || r.Total.TxPackets != 2000 {
			t.Errorf("%d packets, %v", r.Total.TxPackets, err)
		}
		c.FrameSize = 20
		if _, err := RunStreams(t.Context(), dp, c); err == nil {
			t.Error("a frame without room for its headers")
		}
	})
}

func TestDUTStreams(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, _ := fakePlane(t, 1, "net_ring0", "net_ring1", "net_ring2", "net_ring3", "net_ring4", "net_ring5", "net_ring6")
		const io, swap = dpdk.IO, dpdk.MACSwap
		for _, tt := range []struct {
			bridge bool
			tx     []int
			modes  []dpdk.Mode
		}{
			{false, []int{0, 1, 2, 3, 4, 5, 6}, []dpdk.Mode{swap, swap, swap, swap, swap, swap, swap}},
			{true, []int{1, 0, 2, 4, 3, 6, 5}, []dpdk.Mode{io, io, swap, io, io, io, io}},
		} {
			d := &DUT{Bridge: tt.bridge, Kinds: []int{3, 2, 2}}
			var tx []int
			var modes []dpdk.Mode
			for _, s := range d.Streams(dp) {
				tx = append(tx, s.tx)
				modes = append(modes, s.Mode)
			}
			d.Faults = &dpdk.Impairment{Rate: 5, Seed: 10}
			for i, s := range d.Streams(dp) {
				if s.Mode != dpdk.Impair || s.tx != tt.tx[i] || s.Impair.Mode != tt.modes[i] || s.Impair.Rate != 5 || s.Impair.Seed != uint64(10+i) {
					t.Errorf("bridge %v: stream %d with faults: %+v", tt.bridge, i, s.Impair)
				}
			}
			if diff := cmp.Diff(tt.tx, tx); diff != "" {
				t.Errorf("bridge %v: ports (-want +got):\n%s", tt.bridge, diff)
			}
			if diff := cmp.Diff(tt.modes, modes); diff != "" {
				t.Errorf("bridge %v: modes (-want +got):\n%s", tt.bridge, diff)
			}
		}
	})
}

func TestDUTMixed(t *testing.T) {
	for _, tt := range []struct {
		kinds        []int
		bridge, want bool
	}{
		{[]int{2, 0}, true, false}, {[]int{1, 1}, true, false}, {[]int{3, 0}, true, true}, {[]int{1, 2}, true, true}, {[]int{3, 0}, false, false},
	} {
		if got := (&DUT{Bridge: tt.bridge, Kinds: tt.kinds}).Mixed(); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}

// The faults that a device made are in the result.
func TestForwardWithFaults(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0", "net_ring1")
		f.Adjust(func(_ dpdk.StreamConfig, c *dpdk.RawCounters) {
			c.Dropped, c.Overflowed, c.Duplicated, c.Held = 1, 2, 3, 4
		})
		d := &DUT{Bridge: true, Kinds: []int{2}, Faults: &dpdk.Impairment{Depth: 1}}
		r, err := Forward(t.Context(), dp, d.Streams(dp), time.Second, &observed{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&result.Faults{Dropped: 2, Overflowed: 4, Duplicated: 6, Reordered: 8}, r.Faults); diff != "" {
			t.Errorf("faults (-want +got):\n%s", diff)
		}
	})
}
