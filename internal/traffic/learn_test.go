package traffic

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
)

func TestLearn(t *testing.T) {
	peer := net.HardwareAddr{2, 9, 9, 9, 9, 9}
	for name, tt := range map[string]struct {
		from, to string
		wire     dpdktest.Wire
		want     string
	}{
		"a peer that answers":              {"net_ring0", "net_ring0", dpdktest.Wire{Swap: true, Peer: peer}, peer.String()},
		"a path that changes nothing":      {"net_ring0", "net_ring0", dpdktest.Wire{}, "02:00:00:00:00:00"},
		"a peer that exchanges addresses":  {"net_ring0", "net_ring0", dpdktest.Wire{Swap: true}, "02:00:00:00:00:00"}, // broadcast is nobody's
		"from one port to another":         {"net_ring0", "net_ring1", dpdktest.Wire{}, "02:00:00:00:00:01"},
		"from one to another by a gateway": {"net_ring0", "net_ring1", dpdktest.Wire{Peer: peer}, "02:00:00:00:00:01"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				dp, f := fakePlane(t, 1, "net_ring0", "net_ring1")
				f.Connect(tt.from, tt.to, tt.wire)
				tx, rx := dp.Ports[0], dp.Ports[0]
				if tt.to == "net_ring1" {
					rx = dp.Ports[1]
				}
				f.Deliver(tt.to, []byte("another's"))
				got, err := Learn(t.Context(), tx, rx, testFlow(), time.Second)
				if err != nil || got.String() != tt.want {
					t.Errorf("%s, %v, want %s", got, err, tt.want)
				}
			})
		})
	}
}

// Without an answer learning ends when it is to, whatever else comes in.
func TestLearnWithoutAnswer(t *testing.T) {
	for _, noise := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			dp, f := fakePlane(t, 1, "net_ring0")
			f.On(dpdktest.Receive, func(string) error { time.Sleep(100 * time.Microsecond); return nil })
			if noise {
				f.Noise("net_ring0", []byte("another's"))
			}
			p := dp.Ports[0]
			_, err := Learn(t.Context(), p, p, testFlow(), 2*time.Second)
			if !errors.Is(err, dataplane.ErrNotReady) || !strings.Contains(err.Error(), "within 2s") {
				t.Errorf("noise: %v: %v", noise, err)
			}
			stop := errors.New("told to stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(stop) })
			if _, err := Learn(ctx, p, p, testFlow(), 0); !errors.Is(err, stop) || errors.Is(err, dataplane.ErrNotReady) {
				t.Errorf("noise: %v, told to stop: %v", noise, err)
			}
			if len(f.Sent("net_ring0")) < 100 {
				t.Errorf("%d probes in three seconds", len(f.Sent("net_ring0")))
			}
		})
	}
}

// An answer counts among the packets of others that never cease.
func TestLearnInNoise(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0")
		f.On(dpdktest.Receive, func(string) error { time.Sleep(100 * time.Microsecond); return nil })
		f.Connect("net_ring0", "net_ring0", dpdktest.Wire{})
		f.Noise("net_ring0", []byte("another's"))
		p := dp.Ports[0]
		if _, err := Learn(t.Context(), p, p, testFlow(), time.Second); err != nil {
			t.Error(err)
		}
	})
}

func TestNoPathWithoutAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, _ := fakePlane(t, 1, "net_ring0")
		flow := testFlow()
		if _, err := NewPath(t.Context(), dp, PathConfig{Flow: flow, PeerTimeout: time.Second}); !errors.Is(err, dataplane.ErrNotReady) {
			t.Errorf("error %v", err)
		}
		flow.DstMAC = net.HardwareAddr{2, 9, 9, 9, 9, 9}
		if _, err := NewPath(t.Context(), dp, PathConfig{Flow: flow}); err != nil {
			t.Errorf("with an address: %v", err)
		}
	})
}
