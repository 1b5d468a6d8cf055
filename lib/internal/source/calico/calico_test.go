package calico

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

func text(key, value string) fact.Text {
	return fact.Text{Origin: fact.Origin{Source: fact.Annotation, Where: key}, Value: value}
}

func at(where string) fact.Origin { return fact.Origin{Source: fact.Annotation, Where: where} }

func TestParse(t *testing.T) {
	got := Parse(map[string]fact.Text{
		InterfacesKey: text(InterfacesKey, `{"memif-eth2":{"isl3":true},"memif-eth1":{"rx":1,"tx":2,"isl3":false},"eth3":{"rx":1},"memif-eth4":{"rx":2}}`),
		PortsKey:      text(PortsKey, "tcp:4444-20000,udp:4444"),
		PortsSpecKey:  text(PortsSpecKey, `{"rx":1,"tx":1,"isl3":false}`),
	})
	memif := func(socket, where, mode, modeAt string) fact.Memif {
		m := fact.Memif{Path: socket, PathAt: at(where), Role: fact.Client, RoleAt: at(where), Mode: mode}
		if mode != "" {
			m.ModeAt = at(modeAt)
		}
		return m
	}
	eth := func(name string) string { return InterfacesKey + "[" + name + "]" }
	want := []fact.Fact{
		fact.MemifInterface{Origin: at(eth("memif-eth1")), Interface: "memif-eth1", Memif: memif("@memif-eth1", eth("memif-eth1"), "ethernet", eth("memif-eth1")+".isl3")},
		fact.MemifInterface{Origin: at(eth("memif-eth2")), Interface: "memif-eth2", Memif: memif("@memif-eth2", eth("memif-eth2"), "ip", eth("memif-eth2")+".isl3")},
		fact.MemifInterface{Origin: at(eth("memif-eth4")), Interface: "memif-eth4", Memif: memif("@memif-eth4", eth("memif-eth4"), "", "")},
		fact.MemifInterface{Origin: at(PortsKey), Interface: "memif-eth0", Extra: true, Memif: memif("@vpp/memif-eth0", PortsKey, "ethernet", PortsSpecKey+".isl3")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestMalformed(t *testing.T) {
	for value, where := range map[string]string{
		`[]`: InterfacesKey, `{`: InterfacesKey, `{"memif/x":{}}`: InterfacesKey,
		`{"memif1":{"isl3":1}}`: InterfacesKey + "[memif1].isl3", `{"memif1":7}`: InterfacesKey + "[memif1]",
	} {
		var got string
		for _, f := range Parse(map[string]fact.Text{InterfacesKey: text(InterfacesKey, value)}) {
			if p, ok := f.(fact.Problem); ok && p.Code == fact.Malformed {
				got = p.Where
			}
		}
		if got != where {
			t.Errorf("%s: malformed at %q, want %q", value, got, where)
		}
	}
}

// FuzzParse checks that any annotations give memifs with places, on abstract
// sockets.
func FuzzParse(f *testing.F) {
	f.Add(`{"memif-eth1":{"rx":1,"tx":2,"isl3":false}}`, "tcp:4444", `{"isl3":true}`)
	f.Add(`{"memif":null}`, " ", "x")
	f.Fuzz(func(t *testing.T, interfaces, ports, spec string) {
		for _, got := range Parse(map[string]fact.Text{
			InterfacesKey: text(InterfacesKey, interfaces), PortsKey: text(PortsKey, ports), PortsSpecKey: text(PortsSpecKey, spec),
		}) {
			if got.From().Source == "" || got.From().Where == "" {
				t.Fatalf("%+v has no origin", got)
			}
			if m, ok := got.(fact.MemifInterface); ok && (!fact.IsInterfaceName(m.Interface) || m.Memif.Path[0] != '@' || m.Memif.Role != fact.Client) {
				t.Fatalf("%+v", m)
			}
		}
	})
}
