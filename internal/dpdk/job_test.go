package dpdk_test

import (
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
)

const signature = 0xdecade5

// generator sends stamped frames of 64 bytes, with the FCS.
func generator() dpdk.Stream {
	const stamp = 42
	frame := make([]byte, 60)
	binary.NativeEndian.PutUint32(frame[stamp:], signature)
	return dpdk.Stream{Mode: dpdk.Generate, Frames: [][]byte{frame}, Pattern: []int{0}, StampOffset: stamp}
}

// verifier is the other end of a generator.
func verifier() dpdk.Stream {
	return dpdk.Stream{Mode: dpdk.Verify, Signature: signature, StampOffset: 42}
}

// run runs the streams on a port of the fake's first lcore.
func run(t *testing.T, f *dpdktest.Fake, streams ...dpdk.Stream) (*dpdk.Job, error) {
	t.Helper()
	r := start(t, f, "net_ring0")
	p, err := r.Port(t.Context(), "net_ring0")
	if err != nil {
		t.Fatal(err)
	}
	for i := range streams {
		streams[i].Rx.Port, streams[i].Tx.Port = p, p
	}
	return r.Run(t.Context(), streams, r.PollingLcores()[:1])
}

func TestRunDealsStreamsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		r := start(t, f, "net_ring0", "net_ring1", "net_ring2")
		var streams []dpdk.Stream
		for _, name := range []string{"net_ring0", "net_ring1", "net_ring2"} {
			p, err := r.Port(t.Context(), name)
			if err == nil {
				err = errors.Join(p.Configure(t.Context(), dpdk.PortConfig{}), p.Start(t.Context()))
			}
			if err != nil {
				t.Fatal(err)
			}
			streams = append(streams, dpdk.Stream{
				Mode: dpdk.TxOnly, Frame: []byte{1}, Rate: 2e6, Limit: 1e7, Rx: dpdk.Queue{Port: p}, Tx: dpdk.Queue{Port: p, Index: 1},
			})
		}

		j, err := r.Run(t.Context(), streams, r.PollingLcores())
		if err != nil {
			t.Fatal(err)
		}
		var got [][]uint16
		for _, lcore := range []int{1, 2} {
			var ports []uint16
			for _, s := range f.Streams(lcore) {
				ports = append(ports, s.TxPort)
			}
			got = append(got, ports)
		}
		if diff := cmp.Diff([][]uint16{{0, 2}, {1}}, got); diff != "" {
			t.Errorf("ports by lcore (-want +got):\n%s", diff)
		}
		if c := f.Streams(1)[1]; c.PacketsPerCycle != 0.002 || c.FrameLen != 1 || c.Pool != "tx_2_1" {
			t.Errorf("generator: %+v, want 2 Mpps of a 1 GHz clock", c)
		}

		time.Sleep(2 * time.Second)
		want := dpdk.Counters{TxPackets: 4e6, TxBytes: 4e6, Offered: 4e6, Active: 2 * time.Second}
		if diff := cmp.Diff(want, j.Counters(2)); diff != "" {
			t.Errorf("counters (-want +got):\n%s", diff)
		}

		if err := j.Restart(t.Context(), streams[0].Rx.Port); err != nil || f.Restarts("net_ring0") != 1 {
			t.Errorf("restart: %v, %d times", err, f.Restarts("net_ring0"))
		}
		if _, err := r.Run(t.Context(), streams, r.PollingLcores()); !errors.Is(err, syscall.EBUSY) || f.Running() != 2 {
			t.Errorf("a second job on busy lcores: %v, %d run", err, f.Running())
		}
		j.StopTx()
		time.Sleep(time.Second)
		if err := j.Stop(t.Context()); err != nil || f.Running() != 0 {
			t.Errorf("%v, %d run", err, f.Running())
		}
		if c := j.Counters(0); c.Active > 3*time.Second {
			t.Errorf("active for %s after the end of the generating", c.Active)
		}
		j.Free()
		if n := f.Leaked(); n != 0 {
			t.Errorf("%d workers were not freed", n)
		}
		for _, s := range streams {
			if err := s.Tx.Port.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestRunNeedsLcore(t *testing.T) {
	r := start(t, dpdktest.New())
	if _, err := r.Run(t.Context(), []dpdk.Stream{{}}, nil); err == nil {
		t.Error("a job without an lcore started")
	}
}

// A job leaves nothing behind if one of its parts does not start.
func TestRunFailsAsAWhole(t *testing.T) {
	for _, call := range []dpdktest.Call{dpdktest.NewWorker, dpdktest.Launch} {
		f := dpdktest.New()
		r := start(t, f)
		calls := 0
		f.On(call, func(string) error {
			if calls++; calls == 2 {
				f.Log('4', "no room")
				return syscall.ENOMEM
			}
			return nil
		})
		streams := []dpdk.Stream{{Mode: dpdk.RxOnly}, {Mode: dpdk.RxOnly}}
		if _, err := r.Run(t.Context(), streams, r.PollingLcores()); !errors.Is(err, syscall.ENOMEM) || !strings.Contains(err.Error(), "no room") {
			t.Errorf("%s: %v", call, err)
		}
		if f.Running() != 0 || f.Leaked() != 0 {
			t.Errorf("%s: %d lcores run, %d workers are left", call, f.Running(), f.Leaked())
		}
	}
}

func TestBadFrames(t *testing.T) {
	for name, change := range map[string]func(*dpdk.Stream){
		"none":           func(s *dpdk.Stream) { s.Frames = nil },
		"too many sizes": func(s *dpdk.Stream) { s.Frames = make([][]byte, 17) },
		"no pattern":     func(s *dpdk.Stream) { s.Pattern = nil },
		"wrong pattern":  func(s *dpdk.Stream) { s.Pattern = []int{1} },
		"no room":        func(s *dpdk.Stream) { s.StampOffset = 50 },
		"far off":        func(s *dpdk.Stream) { s.StampOffset = 90 },
	} {
		s := generator()
		change(&s)
		if _, err := run(t, dpdktest.New(), s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLcoreOfTwoModes(t *testing.T) {
	if _, err := run(t, dpdktest.New(), generator(), verifier()); err != nil {
		t.Errorf("generate and verify: %v", err)
	}
	_, err := run(t, dpdktest.New(), dpdk.Stream{Mode: dpdk.RxOnly}, dpdk.Stream{Mode: dpdk.IO})
	if err == nil || !strings.Contains(err.Error(), "more lcores") {
		t.Errorf("error %v, want one with the remedy", err)
	}
}

// Through a ring in memory no port is needed.
func TestRoundTripTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dpdktest.New()
		r := start(t, f, "net_ring0")
		p, err := r.Port(t.Context(), "net_ring0")
		if err != nil {
			t.Fatal(err)
		}
		ring, err := r.NewRing(t.Context(), 64, 0)
		if err != nil {
			t.Fatal(err)
		}
		rx, tx := verifier(), generator()
		rx.Ring, tx.Ring, tx.Limit, tx.Tx.Port = ring, ring, 3, p
		j, err := r.Run(t.Context(), []dpdk.Stream{rx, tx}, r.PollingLcores())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		var got []int64
		j.Times(0, dpdk.RTT, func(ns, packets int64) { got = append(got, ns, packets) })
		if diff := cmp.Diff([]int64{0, 3}, got); diff != "" {
			t.Errorf("time and packets (-want +got):\n%s", diff)
		}
		if err := j.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		ring.Free(t.Context())
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestThreadsAndTurns(t *testing.T) {
	j, err := run(t, dpdktest.New(), verifier())
	if err != nil {
		t.Fatal(err)
	}
	lcore := dpdk.Lcore{ID: 1, CPU: 5}
	first, second := j.Threads(), j.Threads()
	if len(first) != 1 || second[0].Turns <= first[0].Turns {
		t.Fatalf("threads %v, then %v, want one whose turns grow", first, second)
	}
	if diff := cmp.Diff(dpdk.Thread{Lcore: lcore, TID: os.Getpid(), Turns: first[0].Turns}, first[0]); diff != "" {
		t.Errorf("thread (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]dpdk.Lcore{lcore}, j.Lcores()); diff != "" {
		t.Errorf("lcores (-want +got):\n%s", diff)
	}
}

func TestImpairmentInCycles(t *testing.T) {
	f := dpdktest.New()
	i := &dpdk.Impairment{
		Mode: dpdk.MACSwap, Rate: 1e6, Depth: 10, Delay: time.Millisecond,
		LossRatio: 0.5, DuplicateEvery: 7, ReorderRatio: 0.25, ReorderBy: 3, Seed: 9,
	}
	if _, err := run(t, f, dpdk.Stream{Mode: dpdk.Impair, Impair: i}); err != nil {
		t.Fatal(err)
	}
	want := dpdk.ImpairConfig{
		Mode: dpdk.MACSwap, Gap: 1000, Delay: 1e6, Idle: 50e6, Depth: 10, ReorderBy: 3, Capacity: 2048, Seed: 9,
		Loss: dpdk.Fault{Ratio: 0.5}, Duplicate: dpdk.Fault{Every: 7}, Reorder: dpdk.Fault{Ratio: 0.25},
	}
	if got := f.Streams(1)[0].Impair; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := i.Mbufs(); n != 2048+6 {
		t.Errorf("%d mbufs", n)
	}
}
