package podnet_test

import (
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

func TestPortsMiB(t *testing.T) {
	pci, afxdp := podnet.Port{Kind: podnet.KindPCI}, podnet.Port{Kind: podnet.KindAFXDP}
	jumbo := podnet.Port{Kind: podnet.KindAFXDP, MTU: 9000}
	for _, tt := range []struct {
		name   string
		ports  []podnet.Port
		queues int
		want   int
	}{
		{"none", nil, 1, 256},
		{"two functions", []podnet.Port{pci, pci}, 1, 256},
		{"a function with 16 queues", []podnet.Port{pci}, 16, 128 + 16*16},
		{"three netdevs", []podnet.Port{afxdp, afxdp, afxdp}, 1, 128 + 3*48},
		{"a netdev with 4 queues", []podnet.Port{afxdp}, 4, 128 + 4*48},
		{"jumbo frames", []podnet.Port{jumbo}, 1, 128 + 5*48},
	} {
		if got := podnet.PortsMiB(tt.ports, tt.queues); got != tt.want {
			t.Errorf("%s: %d MiB, want %d", tt.name, got, tt.want)
		}
	}
}
