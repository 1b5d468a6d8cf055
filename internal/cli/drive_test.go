package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
)

func TestLive(t *testing.T) {
	list := func(rx uint64) []result.Interface {
		return []result.Interface{{Name: "net1", Counters: result.Counters{RxPackets: rx}}, {Name: "net2"}}
	}
	now := time.Unix(0, 0)
	show := func(terminal bool) string {
		var b bytes.Buffer
		l := newLive(Streams{Err: &b, IsTerminal: terminal}, newStatus(deps{}, "io"))
		l.update(now, list(1_000_000))
		l.update(now.Add(2*time.Second), list(2_000_000))
		l.update(now.Add(3*time.Second), list(250_000)) // counting began anew
		return b.String()
	}
	want := "net1 rx 1.000 Mpps tx 0.000 Mpps refused 0 | net2 rx 0.000 Mpps tx 0.000 Mpps refused 0\n"
	want += strings.Replace(want, "1.000", "0.500", 1) + strings.Replace(want, "1.000", "0.250", 1)
	if diff := cmp.Diff(want, show(false)); diff != "" {
		t.Errorf("to a file (-want +got):\n%s", diff)
	}
	if got := show(true); strings.Count(got, "\x1b[2A") != 2 || strings.Count(got, "\n") != 6 {
		t.Errorf("on a terminal: %q, want two lines redrawn twice", got)
	}
}

func TestDutDevices(t *testing.T) {
	o := dutOptions{VhostUser: []string{"/a", "client:/b"}, Memif: []string{"server:/c", "client:/d"}}
	got, err := o.devices()
	if err != nil {
		t.Fatal(err)
	}
	origin := func(iface, where string) eal.Origin { return eal.Origin{Interface: iface, Where: where} }
	want := []eal.Device{
		eal.Vhost{Origin: origin("0", "--vhost-user"), Path: "/a"},
		eal.Vhost{Origin: origin("1", "--vhost-user"), Path: "/b", Client: true},
		eal.Memif{Origin: origin("0", "--memif"), Path: "/c", Server: true},
		eal.Memif{Origin: origin("1", "--memif"), Path: "/d"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
}

func TestDutStreams(t *testing.T) {
	o := dutOptions{VhostUser: []string{"/a", "/b", "/c"}, Memif: []string{"/d", "/e"}, VDevs: []string{"net_ring0", "net_ring1"}}
	dp := &dataplane.Dataplane{}
	for range 7 {
		dp.Ports = append(dp.Ports, &dataplane.Port{Port: &dpdk.Port{}})
	}
	for _, tt := range []struct {
		forward string
		tx      []int
		modes   []dpdk.Mode
	}{
		{"reflect", []int{0, 1, 2, 3, 4, 5, 6}, []dpdk.Mode{dpdk.MACSwap, dpdk.MACSwap, dpdk.MACSwap, dpdk.MACSwap, dpdk.MACSwap, dpdk.MACSwap, dpdk.MACSwap}},
		{"bridge", []int{1, 0, 2, 4, 3, 6, 5}, []dpdk.Mode{dpdk.IO, dpdk.IO, dpdk.MACSwap, dpdk.IO, dpdk.IO, dpdk.IO, dpdk.IO}},
	} {
		o.Forward = tt.forward
		var tx []int
		var modes []dpdk.Mode
		for _, s := range o.streams(dp, nil) {
			tx = append(tx, s.tx)
			modes = append(modes, s.Mode)
		}
		for i, s := range o.streams(dp, &dpdk.Impairment{Rate: 5, Seed: 10}) {
			if s.Mode != dpdk.Impair || s.tx != tt.tx[i] || s.Impair.Mode != tt.modes[i] || s.Impair.Rate != 5 || s.Impair.Seed != uint64(10+i) {
				t.Errorf("%s: stream %d with faults: %+v", tt.forward, i, s.Impair)
			}
		}
		if diff := cmp.Diff(tt.tx, tx); diff != "" {
			t.Errorf("%s: ports (-want +got):\n%s", tt.forward, diff)
		}
		if diff := cmp.Diff(tt.modes, modes); diff != "" {
			t.Errorf("%s: modes (-want +got):\n%s", tt.forward, diff)
		}
	}
}

func TestDutMixed(t *testing.T) {
	for _, tt := range []struct {
		vhost, memif int
		bridge, want bool
	}{
		{2, 0, true, false}, {1, 1, true, false}, {3, 0, true, true}, {1, 2, true, true}, {3, 0, false, false},
	} {
		o := dutOptions{VhostUser: make([]string, tt.vhost), Memif: make([]string, tt.memif), Forward: "reflect"}
		if tt.bridge {
			o.Forward = "bridge"
		}
		if got := o.mixed(); got != tt.want {
			t.Errorf("%+v: %t", tt, got)
		}
	}
}

func TestRunStreams(t *testing.T) {
	dp := &dataplane.Dataplane{}
	for i := range 3 {
		dp.Ports = append(dp.Ports, &dataplane.Port{Port: &dpdk.Port{PortInfo: dpdk.PortInfo{MAC: []byte{2, 0, 0, 0, 9, byte(i)}}}, Queues: 2})
	}
	for _, tt := range []struct {
		mode string
		tx   []int
	}{
		{"io", []int{1, 1, 0, 0, 2, 2}}, // the last one reflects
		{"txonly", []int{0, 0, 1, 1, 2, 2}},
	} {
		o := runOptions{Mode: tt.mode, FrameSize: 64, flowOptions: flowOptions{SrcIP: "198.18.0.1", DstIP: "198.18.0.2"}}
		flow, err := o.flow(result.OneSize(64))
		if err != nil {
			t.Fatal(err)
		}
		const rate = 2e6
		var got []int
		for i := range dp.Ports {
			streams, err := o.portStreams(t.Context(), dp, i, flow, rate)
			if err != nil {
				t.Fatal(err)
			}
			for q, s := range streams {
				got = append(got, s.tx)
				if s.Tx.Index != q || s.Tx.Port != dp.Ports[s.tx].Port {
					t.Errorf("%s: stream %d of port %d sends on %+v", tt.mode, q, i, s.Tx)
				}
				if tt.mode == "txonly" && (s.Rate != 1e6 || len(s.Frame) != 60 || !bytes.Equal(s.Frame[6:12], dp.Ports[i].MAC)) {
					t.Errorf("generator of port %d: rate %g, frame %x", i, s.Rate, s.Frame)
				}
			}
		}
		if diff := cmp.Diff(tt.tx, got); diff != "" {
			t.Errorf("%s: ports (-want +got):\n%s", tt.mode, diff)
		}
	}
}
