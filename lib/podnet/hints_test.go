package podnet

import (
	"testing"

	"github.com/podnet/podnet/lib/internal/fact"
)

func TestParseHint(t *testing.T) {
	at := fact.Origin{Source: fact.Hint, Where: "net1"}
	for hint, want := range map[string]fact.Fact{
		"openshift.io/sriov_a":     fact.ResourceHint{Origin: at, Network: "net1", Resource: "OPENSHIFT_IO_SRIOV_A"},
		"af-xdp":                   fact.DeviceHint{Origin: at, Network: "net1", AFXDP: true},
		"af-packet":                fact.DeviceHint{Origin: at, Network: "net1", AFPacket: true},
		"mlx5_core.sf.4":           fact.DeviceHint{Origin: at, Network: "net1", Auxiliary: "mlx5_core.sf.4"},
		"memif:@vpp/x":             fact.DeviceHint{Origin: at, Network: "net1", Device: fact.Memif{Path: "@vpp/x", PathAt: at, Role: "client", RoleAt: at}},
		"memif:/run/m.sock,server": fact.DeviceHint{Origin: at, Network: "net1", Device: fact.Memif{Path: "/run/m.sock", PathAt: at, Role: "server", RoleAt: at}},
		"vhost-user:/run/v,server": fact.DeviceHint{Origin: at, Network: "net1", Device: fact.VhostUser{Path: "/run/v", PathAt: at, Mode: "server", ModeAt: at}},
		"vhost-user:/a,b/v,client": fact.DeviceHint{Origin: at, Network: "net1", Device: fact.VhostUser{Path: "/a,b/v", PathAt: at, Mode: "client", ModeAt: at}},
		"vhost-user:/run/v":        nil,
		"vhost-user:/run/v,master": nil,
		"vhost-user:,server":       nil,
		"memif:":                   nil,
		"memif:@":                  nil,
	} {
		got, err := parseHint("net1", hint)
		if want == nil {
			if err == nil {
				t.Errorf("%s gives %+v, want an error", hint, got)
			}
			continue
		}
		if got != want || err != nil {
			t.Errorf("%s gives %+v and error %v, want %+v", hint, got, err, want)
		}
	}
	if got, err := parseHint("net1", "3b:02.6"); err != nil || got.(fact.DeviceHint).Address.String() != "0000:3b:02.6" {
		t.Errorf("an address gives %+v, %v", got, err)
	}
}

// FuzzHint checks that any hint is one thing or an error, and that a socket has
// a path and a role.
func FuzzHint(f *testing.F) {
	for _, hint := range []string{"vhost-user:/a,server", "memif:@b", "0000:3b:02.6", "af-xdp", "a.b/c", "mlx5_core.sf.1"} {
		f.Add(hint)
	}
	f.Fuzz(func(t *testing.T, hint string) {
		got, err := parseHint("net1", hint)
		if (err == nil) == (got == nil) {
			t.Fatalf("%q gives %v and %v", hint, got, err)
		}
		h, ok := got.(fact.DeviceHint)
		if !ok {
			return
		}
		switch dev := h.Device.(type) {
		case fact.Memif:
			if dev.Path == "" || dev.Role == "" {
				t.Fatalf("%q gives %+v", hint, dev)
			}
		case fact.VhostUser:
			if dev.Path == "" || dev.Mode == "" {
				t.Fatalf("%q gives %+v", hint, dev)
			}
		}
	})
}
