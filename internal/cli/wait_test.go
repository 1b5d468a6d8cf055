package cli

import (
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/podnet"
)

func TestWaitReady(t *testing.T) {
	no := false
	pod := &podnet.Pod{Interfaces: []podnet.Interface{
		{Name: "net1", Memif: &podnet.Memif{Path: "/1", Role: podnet.RoleClient, Exists: &no}},
		{Name: "net2", Memif: &podnet.Memif{Path: "/2", Role: podnet.RoleServer}},
	}}
	for _, tt := range []struct {
		interfaces []string
		want       string // empty: ready
	}{
		{nil, `interface "net1"`},
		{[]string{"net2"}, ""},
		{[]string{"net2", "net1"}, `interface "net1"`},
		{[]string{"net9", "net9"}, `interface "net9": the pod has no such interface: it has net1, net2`},
	} {
		err := ready(tt.interfaces)(pod)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.interfaces, err, tt.want)
		}
	}
	pod.Warnings = []podnet.Warning{{Code: podnet.CodePending, Source: "annotation", Where: "w", Message: "m"}}
	if err := ready([]string{"net2"})(pod); err == nil || err.Error() != "annotation w: m" {
		t.Errorf("with a network that is pending: %v", err)
	}
}
