package traffic

import (
	"context"
	"errors"
	"math"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// Several streams together send the packets that the trial asks for.
func TestStreamsShareATrial(t *testing.T) {
	for _, flows := range []int{1, 2, 3, 7, 1000} {
		for _, queues := range []int{1, 2, 4} {
			var n int
			var packets uint64
			portions := divide(flows, min(queues, flows))
			for i, p := range portions {
				if p.first != n || p.n < 1 {
					t.Errorf("%d flows on %d queues: portion %d is %+v, want it to begin at %d", flows, queues, i, p, n)
				}
				n += p.n
				packets += limit(bench.Trial{Rate: 99_999.4, Duration: time.Second}, float64(p.first)/float64(flows), float64(p.first+p.n)/float64(flows))
			}
			if n != flows || packets != 99_999 {
				t.Errorf("%d flows on %d queues: %d flows and %d packets are sent", flows, queues, n, packets)
			}
		}
	}
	if got := limit(bench.Trial{Rate: 1e6, Packets: 501, Duration: time.Hour}, 0.5, 1); got != 250 {
		t.Errorf("the second half of a burst of 501 is %d", got)
	}
}

// reflected is a path over one port, from which all comes back by the wire.
func reflected(t *testing.T, queues int, w dpdktest.Wire) (*Path, *dpdktest.Fake, *observed) {
	t.Helper()
	dp, f := fakePlane(t, queues, "net_ring0")
	f.Connect("net_ring0", "net_ring0", w)
	o := &observed{}
	flow := testFlow()
	flow.Flows = 2 * queues
	p, err := NewPath(t.Context(), dp, PathConfig{Flow: flow, PeerTimeout: time.Second, Observer: o})
	if err != nil {
		t.Fatal(err)
	}
	return p, f, o
}

func trial(t *testing.T, p *Path, change func(*bench.Trial)) bench.Counts {
	t.Helper()
	tr := bench.Trial{Mix: result.OneSize(64), Rate: 100_000, Duration: 2 * time.Second}
	if change != nil {
		change(&tr)
	}
	c, err := p.Trial(t.Context(), tr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTrial(t *testing.T) {
	for _, queues := range []int{1, 2} {
		bubble(t, func(t *testing.T) {
			p, f, o := reflected(t, queues, dpdktest.Wire{Delay: 3 * time.Microsecond})
			c := trial(t, p, nil)
			const n = 200_000
			if c.Offered != n || c.Sent != n || c.Received != n || c.Active != 2*time.Second || c.RTT.TotalCount() != n {
				t.Errorf("%d queues: %+v", queues, c)
			}
			if us := c.RTT.Mean() / 1e3; us < 2.9 || us > 3.1 {
				t.Errorf("mean of %g us, want 3", us)
			}
			want := result.Interface{Name: "net_ring0", Port: "net_ring0", MAC: "02:00:00:00:00:00", Counters: result.Counters{
				RxPackets: n, RxBytes: 64 * n, TxPackets: n, TxBytes: 64 * n,
			}}
			if diff := cmp.Diff([]result.Interface{want}, c.Interfaces); diff != "" {
				t.Errorf("interfaces (-want +got):\n%s", diff)
			}
			if len(c.Machine.Threads) == 0 {
				t.Error("nothing is known of the polling threads")
			}
			if diff := cmp.Diff([]bool{true, false}, o.jobs); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
			if len(o.counts) == 0 || o.counts[0].Offered != 100_000 {
				t.Errorf("told in between: %+v", o.counts)
			}
			streams := slices.Concat(f.Streams(1), f.Streams(2))
			var rates float64
			for _, s := range streams {
				rates += s.PacketsPerCycle
			}
			if len(streams) != 2*queues || math.Abs(rates-1e-4) > 1e-9 {
				t.Errorf("%d streams at %g packets a cycle", len(streams), rates)
			}
		})
	}
}

func TestTrialAtTheMaximumRate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, _, _ := reflected(t, 1, dpdktest.Wire{})
		if c := trial(t, p, func(tr *bench.Trial) { tr.Rate = 0 }); c.Offered != c.Sent || c.Received != c.Sent || c.Sent < 1e6 {
			t.Errorf("%+v", c)
		}
	})
}

func TestBurst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, _, _ := reflected(t, 1, dpdktest.Wire{})
		if c := trial(t, p, func(tr *bench.Trial) { tr.Packets = 501 }); c.Offered != 501 || c.Received != 501 {
			t.Errorf("%+v", c)
		}
	})
}

// A trial counts its losses, and shows when they happened.
func TestTrialWithLoss(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{})
		time.AfterFunc(3500*time.Millisecond, func() { f.Connect("net_ring0", "net_ring0", dpdktest.Wire{LoseEvery: 10, DuplicateEvery: 100}) })
		var partial int
		c := trial(t, p, func(tr *bench.Trial) {
			tr.Duration, tr.Window = 5*time.Second, time.Second
			tr.Partial = func(bench.Counts) error { partial++; return nil }
		})
		if c.Offered != 500_000 || c.Received+15_000 != c.Offered || c.Duplicates != 1500 {
			t.Errorf("%+v", c)
		}
		var lost []uint64
		for _, w := range c.Windows {
			lost = append(lost, w.Lost)
		}
		if diff := cmp.Diff([]uint64{5000, 10_000}, lost); diff != "" {
			t.Errorf("lost by window (-want +got):\n%s", diff)
		}
		if partial < 4 {
			t.Errorf("told of %d windows", partial)
		}
	})
}

// A path that carries nothing any more shows it in every window.
func TestTrialOnACutPath(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{})
		time.AfterFunc(1500*time.Millisecond, func() { f.Cut("net_ring0") })
		c := trial(t, p, func(tr *bench.Trial) { tr.Duration, tr.Window = 5*time.Second, time.Second })
		var lost uint64
		for _, w := range c.Windows {
			lost += w.Lost
		}
		if c.Received >= c.Offered || lost != c.Offered-c.Received || len(c.Windows) < 3 {
			t.Errorf("%d of %d came, %d lost in %d windows", c.Received, c.Offered, lost, len(c.Windows))
		}
	})
}

func TestWindowsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, _, _ := reflected(t, 1, dpdktest.Wire{LoseEvery: 2})
		c := trial(t, p, func(tr *bench.Trial) { tr.Duration, tr.Window = 4*time.Second, time.Millisecond })
		if len(c.Windows) != maxWindows || c.WindowsOmitted == 0 {
			t.Errorf("%d windows, %d more", len(c.Windows), c.WindowsOmitted)
		}
	})
}

func TestTrialBothWays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0", "net_ring1")
		f.Connect("net_ring0", "net_ring1", dpdktest.Wire{})
		f.Connect("net_ring1", "net_ring0", dpdktest.Wire{LoseEvery: 4})
		p, err := NewPath(t.Context(), dp, PathConfig{Flow: testFlow(), Bidirectional: true, PeerTimeout: time.Second, Observer: &observed{}})
		if err != nil {
			t.Fatal(err)
		}
		tx, rx, dst := p.Ends()
		if tx != "net_ring0" || rx != "net_ring1" || dst.String() != dp.Ports[1].MAC.String() {
			t.Errorf("from %s to %s, %s", tx, rx, dst)
		}
		c := trial(t, p, nil)
		want := []result.Direction{
			{TX: "net_ring0", RX: "net_ring1", Offered: 100_000, Sent: 100_000, Received: 100_000},
			{TX: "net_ring1", RX: "net_ring0", Offered: 100_000, Sent: 100_000, Received: 75_000, Lost: 25_000},
		}
		if diff := cmp.Diff(want, c.Directions); diff != "" {
			t.Errorf("directions (-want +got):\n%s", diff)
		}
		if c := trial(t, p, func(tr *bench.Trial) { tr.Rate = 0 }); c.Directions[0].Offered != c.Directions[0].Sent {
			t.Errorf("at the maximum rate: %+v", c.Directions)
		}
	})
}

// Told to stop, a trial ends in order and keeps what it has counted.
func TestTrialStopped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, _, _ := reflected(t, 1, dpdktest.Wire{})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		c, err := p.Trial(ctx, bench.Trial{Mix: result.OneSize(64), Rate: 1000, Duration: time.Hour})
		if err != nil || c.Offered != 1500 || c.Received != 1500 {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func TestTrialFails(t *testing.T) {
	for name, prepare := range map[string]func(f *dpdktest.Fake, tr *bench.Trial, fail error){
		"counters at the beginning": func(f *dpdktest.Fake, _ *bench.Trial, fail error) {
			f.On(dpdktest.Stats, dpdktest.Fail(1, fail))
		},
		"counters in between": func(f *dpdktest.Fake, _ *bench.Trial, fail error) {
			time.AfterFunc(time.Second/2, func() { f.On(dpdktest.Stats, dpdktest.Fail(1, fail)) })
		},
		"counters at the end": func(f *dpdktest.Fake, _ *bench.Trial, fail error) {
			time.AfterFunc(2*time.Second, func() { f.On(dpdktest.Stats, dpdktest.Fail(9, fail)) })
		},
		"start": func(f *dpdktest.Fake, _ *bench.Trial, fail error) { f.On(dpdktest.Launch, dpdktest.Fail(1, fail)) },
		"reader": func(_ *dpdktest.Fake, tr *bench.Trial, fail error) {
			tr.Window, tr.Partial = time.Second, func(bench.Counts) error { return fail }
		},
		"frame": func(_ *dpdktest.Fake, tr *bench.Trial, _ error) { tr.Mix = result.OneSize(46) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p, f, _ := reflected(t, 1, dpdktest.Wire{})
				fail := errors.New("it failed")
				tr := bench.Trial{Mix: result.OneSize(64), Rate: 1000, Duration: 2 * time.Second}
				prepare(f, &tr, fail)
				if _, err := p.Trial(t.Context(), tr); err == nil || name != "frame" && !errors.Is(err, fail) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// A generator that is behind at the end of the time is given a tenth of a second.
func TestTrialOfALateGenerator(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{})
		f.Adjust(func(s dpdk.StreamConfig, c *dpdk.RawCounters) {
			if s.Mode == dpdk.Generate {
				c.Offered, c.Late, c.MaxLate = min(c.Offered, 150), 7, 5000
			}
		})
		begin := time.Now()
		c := trial(t, p, func(tr *bench.Trial) { tr.Rate = 100 })
		if c.Offered != 150 || c.Late != 7 || c.MaxLate != 5*time.Microsecond {
			t.Errorf("%+v", c)
		}
		if took := time.Since(begin); took < 2*time.Second+lateLimit || took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// Packets on their way when the sending ends are waited for, duplicates too.
func TestTrialWaitsForPackets(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, _, _ := reflected(t, 1, dpdktest.Wire{Delay: 1900 * time.Millisecond, DuplicateEvery: 2})
		if c := trial(t, p, func(tr *bench.Trial) { tr.Duration = time.Second }); c.Received != 100_000 || c.Duplicates != 50_000 {
			t.Errorf("%d packets and %d duplicates", c.Received, c.Duplicates)
		}
		p, _, _ = reflected(t, 1, dpdktest.Wire{Delay: time.Hour})
		begin := time.Now()
		if c := trial(t, p, func(tr *bench.Trial) { tr.Duration = time.Second }); c.Received != 0 {
			t.Errorf("%d packets came an hour too early", c.Received)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// Packets that the ports drop themselves count in the trial, even if the ports' counters
// have begun at zero again.
func TestTrialCountsPorts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 1, dpdktest.Wire{LoseEvery: 2})
		f.AddStats("net_ring0", dpdk.Stats{RxMissed: 1000})
		time.AfterFunc(500*time.Millisecond, func() { f.AddStats("net_ring0", dpdk.Stats{RxMissed: 5, RxNoMbuf: 2, RxErrors: 3, TxErrors: 4}) })
		c := trial(t, p, func(tr *bench.Trial) { tr.Window = time.Second })
		if m := c.Machine; m.RxMissed != 5 || m.RxNoMbuf != 2 {
			t.Errorf("dropped: %+v", m)
		}
		if i := c.Interfaces[0]; i.RxMissed != 5 || i.RxErrors != 3 || i.TxErrors != 4 || i.RxNoMbuf != 2 {
			t.Errorf("interface: %+v", i)
		}
		if m := c.Windows[0].Machine; m.RxMissed != 5 {
			t.Errorf("first window: %+v", m)
		}
		if m := c.Windows[1].Machine; m.RxMissed != 0 {
			t.Errorf("second window: %+v", m)
		}
	})
	if n := since(5, 3); n != 3 {
		t.Errorf("a counter that began again gives %d", n)
	}
}

// overSocket is a path that comes back from the peer of a socket.
func overSocket(t *testing.T, f *dpdktest.Fake, device eal.Device) *Path {
	t.Helper()
	name := device.PortName()
	c := dataplane.Config{
		EAL:    eal.Config{CPUs: []int{4, 5, 6}, Memory: eal.Memory{NoHuge: true, NoHugeMiB: 64}, FilePrefix: "test", Devices: []eal.Device{device}},
		Ports:  []podnet.Port{{Interface: "net1", PortName: name}},
		Queues: 1, AwaitPeers: true, Driver: f,
	}
	dp := startPlane(t, c)
	f.Connect(name, name, dpdktest.Wire{Swap: true})
	p, err := NewPath(t.Context(), dp, PathConfig{Flow: testFlow(), Observer: &observed{}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// peerSocket is one that somebody listens on.
func peerSocket(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return path
}

// A memif peer that goes and comes again has its port back, and the trial goes on.
func TestTrialOverARestart(t *testing.T) {
	path := peerSocket(t)
	bubble(t, func(t *testing.T) {
		f := dpdktest.New()
		p := overSocket(t, f, eal.Memif{Origin: eal.Origin{Interface: "net1"}, Path: path})
		o := &observed{}
		p.observer = o
		time.AfterFunc(1100*time.Millisecond, func() { f.SetPeer("net_memif_net1", false) })
		time.AfterFunc(2100*time.Millisecond, func() { f.SetPeer("net_memif_net1", true) })
		c := trial(t, p, func(tr *bench.Trial) { tr.Duration = 4 * time.Second })
		if c.Refused < 90_000 || c.Refused > 120_000 || c.Sent+c.Refused != c.Offered || c.Received != c.Sent || f.Restarts("net_memif_net1") == 0 {
			t.Errorf("%d offered, %d sent, %d refused, %d received, %d restarts", c.Offered, c.Sent, c.Refused, c.Received, f.Restarts("net_memif_net1"))
		}
		if c.Interfaces[0].RxBytes != 64*c.Received { // that memif's own counters forget
			t.Errorf("%+v", c.Interfaces[0])
		}
		if !slices.ContainsFunc(o.down, func(s string) bool { return strings.Contains(s, "no peer") }) || o.down[len(o.down)-1] != "" {
			t.Errorf("links: %q", o.down)
		}
	})
}

// virtio_user does not get its peer back, so the trial ends.
func TestTrialWithoutItsPeer(t *testing.T) {
	path := peerSocket(t)
	bubble(t, func(t *testing.T) {
		f := dpdktest.New()
		p := overSocket(t, f, eal.VirtioUser{Origin: eal.Origin{Interface: "net1"}, Path: path})
		time.AfterFunc(time.Second, func() { f.SetPeer("net_virtio_user_net1", false) })
		begin := time.Now()
		_, err := p.Trial(t.Context(), bench.Trial{Mix: result.OneSize(64), Rate: 1000, Duration: time.Hour})
		if err == nil || !strings.Contains(err.Error(), "hung up") || time.Since(begin) > time.Minute {
			t.Errorf("error %v after %s", err, time.Since(begin))
		}
	})
}

func TestCalibrate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p, f, _ := reflected(t, 2, dpdktest.Wire{LoseEvery: 1}) // none of it goes there
		c, err := p.Calibrate(t.Context(), result.OneSize(64), 0)
		if err != nil {
			t.Fatal(err)
		}
		if c.Seconds != 0.1 || c.Ceiling.Mpps < 1 || c.TimestampError.Packets != 2000 || c.TimedMpps != 0.01 {
			t.Errorf("%+v", c)
		}
		for load, want := range map[float64]float64{100: 1e4, 1e5: 1e5, 1e12: 0.9e6 * c.Ceiling.Mpps} {
			packets := 0.95 * min(10_000, want*0.2)
			at, err := p.Calibrate(t.Context(), result.OneSize(64), load)
			if err != nil || math.Abs(at.TimedMpps*1e6/want-1) > 0.05 || float64(at.TimestampError.Packets) < packets {
				t.Errorf("at a load of %g: %+v, %v, want times of %g packets at %g", load, at, err, packets, want)
			}
		}
		fail := errors.New("it failed")
		for _, call := range []dpdktest.Call{dpdktest.NewRing, dpdktest.Launch} {
			for n := range 2 {
				calls := 0
				f.On(call, func(string) error {
					if calls++; calls > 2*n {
						return fail
					}
					return nil
				})
				if _, err := p.Calibrate(t.Context(), result.OneSize(64), 0); !errors.Is(err, fail) {
					t.Errorf("%s: %v", call, err)
				}
			}
			f.On(call, nil)
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.Calibrate(stopped, result.OneSize(64), 0); !errors.Is(err, context.Canceled) {
			t.Errorf("told to stop: %v", err)
		}
		if _, err := p.Calibrate(t.Context(), result.OneSize(46), 0); err == nil {
			t.Error("frames without room for a stamp")
		}
	})
}
