package dpdk

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeal(t *testing.T) {
	port := func(socket int) Queue { return Queue{Port: &Port{PortInfo: PortInfo{Socket: socket}}} }
	forward := func(sockets ...int) (s []Stream) {
		for _, socket := range sockets {
			s = append(s, Stream{Mode: IO, Rx: port(socket), Tx: port(1 - socket)})
		}
		return s
	}
	lcores := func(sockets ...int) (l []Lcore) {
		for i, socket := range sockets {
			l = append(l, Lcore{ID: i + 1, Socket: socket})
		}
		return l
	}
	for _, tt := range []struct {
		name    string
		streams []Stream
		lcores  []Lcore
		want    []int
	}{
		{"in turns on one node", forward(0, 0, 0, 0), lcores(0, 0), []int{0, 1, 0, 1}},
		{"nodes apart", forward(1, 0, 1, 0), lcores(0, 1), []int{1, 0, 1, 0}},
		{"no node is known", forward(-1, -1), lcores(0, 1), []int{0, 1}},
		{"no lcore has more than its share", forward(0, 0, 0, 0), lcores(0, 1), []int{0, 0, 1, 1}},
		{"of a sender the port that it sends on", []Stream{{Mode: TxOnly, Rx: port(0), Tx: port(1)}}, lcores(0, 1), []int{1}},
		{"a ring is on no node", []Stream{{Mode: Verify}, {Mode: Generate}}, lcores(0), []int{0, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, deal(tt.streams, tt.lcores)); diff != "" {
				t.Errorf("dealt (-want +got):\n%s", diff)
			}
		})
	}
}
