package traffic

import (
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
	"github.com/podnet/podnet/internal/result"
)

// whoHas is an ARP request of the router for a host.
func whoHas(host ...byte) []byte {
	frame := append(bytes.Repeat([]byte{0xff}, 6), 2, 0, 0, 0, 3, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 3, 1, 198, 18, 0, 254)
	return append(append(append(frame, make([]byte, 6)...), host...), make([]byte, 18)...)
}

// A router is asked to pass a probe on, asks for the hosts, and is answered, also while
// a trial runs.
func TestPathThroughARouter(t *testing.T) {
	gateways := []net.HardwareAddr{{2, 0, 0, 0, 3, 1}, {2, 0, 0, 0, 3, 2}}
	for _, both := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			dp, f := fakePlane(t, 1, "net_ring0", "net_ring1")
			f.Connect("net_ring0", "net_ring1", dpdktest.Wire{})
			f.Connect("net_ring1", "net_ring0", dpdktest.Wire{})
			f.Deliver("net_ring1", whoHas(198, 18, 0, 2))
			c := PathConfig{Flow: testFlow(), Bidirectional: both, Gateways: gateways[:1], PeerTimeout: time.Second, Observer: &observed{}}
			if both {
				c.Gateways = gateways
			}
			p, err := NewPath(t.Context(), dp, c)
			if err != nil {
				t.Fatal(err)
			}
			answered := func(port string, sender ...byte) (n int) {
				for _, frame := range f.Sent(port) {
					if len(frame) >= 42 && frame[12] == 8 && frame[13] == 6 && frame[21] == 2 && bytes.Equal(frame[28:32], sender) {
						n++
					}
				}
				return n
			}
			if n := answered("net_ring1", 198, 18, 0, 2); n != 1 {
				t.Errorf("both ways: %v: %d answers before the trial, want 1", both, n)
			}
			if _, _, dst := p.Ends(); dst.String() != gateways[0].String() {
				t.Errorf("sent to %s", dst)
			}
			time.AfterFunc(300*time.Millisecond, func() {
				f.Ask("net_ring1", whoHas(198, 18, 0, 2))
				f.Ask("net_ring0", whoHas(198, 18, 0, 1))
			})
			if _, err := p.Trial(t.Context(), bench.Trial{Mix: result.OneSize(64), Rate: 1000, Duration: time.Second}); err != nil {
				t.Fatal(err)
			}
			if n := answered("net_ring1", 198, 18, 0, 2); n != 2 {
				t.Errorf("both ways: %v: %d answers with the trial, want 2", both, n)
			}
			want := 0 // nobody receives there
			if both {
				want = 1
			}
			if n := answered("net_ring0", 198, 18, 0, 1); n != want {
				t.Errorf("both ways: %v: %d answers for the source, want %d", both, n, want)
			}
		})
	}
}

// Flows vary in the same fields in both directions, seen from the path.
func TestFlowsVaryBothWays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		dp, f := fakePlane(t, 1, "net_ring0", "net_ring1")
		f.Connect("net_ring0", "net_ring1", dpdktest.Wire{})
		f.Connect("net_ring1", "net_ring0", dpdktest.Wire{})
		flow := testFlow()
		flow.DstMAC = net.HardwareAddr{2, 0, 0, 0, 0, 9}
		flow.Flows, flow.Vary = 70_000, []bench.Field{bench.SrcIP, bench.DstPort}
		p, err := NewPath(t.Context(), dp, PathConfig{Flow: flow, Bidirectional: true, Observer: &observed{}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Trial(t.Context(), bench.Trial{Mix: result.OneSize(64), Rate: 1000, Duration: time.Second}); err != nil {
			t.Fatal(err)
		}
		for _, lcore := range []int{1, 2} {
			for _, s := range f.Streams(lcore) {
				if !s.Wide {
					t.Errorf("lcore %d: a stream that is not for so many flows", lcore)
				}
				if s.Mode != dpdk.Generate {
					continue
				}
				want := dpdk.Vary{SrcIP: 65521, DstPort: 65519}
				if s.TxPort == 1 {
					want = dpdk.Vary{DstIP: 65521, DstPort: 65519}
				}
				if s.Vary != want {
					t.Errorf("port %d: %+v, want %+v", s.TxPort, s.Vary, want)
				}
			}
		}
	})
}
