package cli

import (
	"slices"
	"testing"

	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
)

// TestOrder gives the names of --interfaces as ports have them, in the order of
// the flag.
func TestOrder(t *testing.T) {
	pod := &podnet.Pod{
		Interfaces: []podnet.Interface{
			{Name: "net1", Network: "ns/left", Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: pciaddr.MustParse("3b:02.1"), Resource: "R"}},
			{Name: "net2", Network: "ns/right", Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: pciaddr.MustParse("3b:02.2"), Resource: "R"}},
		},
		Unassigned: []podnet.Unassigned{{ID: "0000:3b:02.3", Kind: podnet.KindPCI, Resource: "S"}},
	}
	for _, tt := range []struct {
		interfaces, vdevs []string
		want, ofPod       []string
	}{
		{nil, nil, nil, nil},
		{nil, []string{"net_null0"}, nil, []string{}},
		{[]string{"right", "0000:3b:02.1"}, nil, []string{"net2", "net1"}, []string{"right", "0000:3b:02.1"}},
		{[]string{"s", "net_null0", "r"}, []string{"net_null0,size=64"}, []string{"0000:3b:02.3", "net_null0", "net1", "net2"}, []string{"s", "r"}},
		{[]string{"none"}, nil, nil, []string{"none"}},
	} {
		o := EALOptions{Interfaces: tt.interfaces, VDevs: tt.vdevs}
		got, err := o.Order(pod)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%v: order %q, %v, want %q", tt.interfaces, got, err, tt.want)
		}
		if ofPod := o.ofPod(); !slices.Equal(ofPod, tt.ofPod) || (ofPod == nil) != (tt.ofPod == nil) {
			t.Errorf("%v: of the pod %q, want %q", tt.interfaces, ofPod, tt.ofPod)
		}
	}
	o := EALOptions{Endpoints: Endpoints{Memif: []string{"/a"}}, Interfaces: []string{"memif0", "right"}}
	got, err := o.Order(pod)
	if want := []string{"memif0", "net2"}; err != nil || !slices.Equal(got, want) || !slices.Equal(o.ofPod(), []string{"right"}) {
		t.Errorf("order %q, %v, want %q", got, err, want)
	}
	o = EALOptions{Interfaces: []string{"net9"}}
	if got, err := o.Order(pod); ExitCode(err) != CodeNotReady {
		t.Errorf("%q, %v, want an error of code %d", got, err, CodeNotReady)
	}
}
