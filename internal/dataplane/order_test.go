package dataplane

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
)

func TestInOrder(t *testing.T) {
	ports := []podnet.Port{
		{Interface: "net1", PortName: "a"}, {Interface: "net2", PortName: "b"}, {Interface: "net3", PortName: "a"},
	}
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{nil, "net1 net2"}, // net3 is on net1's port
		{[]string{"net2", "net1"}, "net2 net1"},
		{[]string{"net3", "net1"}, "net3"},
	} {
		got, err := InOrder(ports, tt.names)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range got {
			names = append(names, p.Interface)
		}
		if diff := cmp.Diff(tt.want, strings.Join(names, " ")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.names, diff)
		}
	}
	if _, err := InOrder(ports, []string{"net9"}); !errors.Is(err, ErrNotReady) {
		t.Errorf("unknown interface: %v", err)
	}
}
