package gke

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

func text(key, value string) fact.Text {
	return fact.Text{Origin: fact.Origin{Source: fact.Annotation, Where: key}, Value: value}
}

func at(where string) fact.Origin { return fact.Origin{Source: fact.Annotation, Where: where} }

var equal = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestParse(t *testing.T) {
	got := Parse(map[string]fact.Text{
		InterfacesKey: text(InterfacesKey, `[{"interfaceName":"eth0","network":"default"},{"interfaceName":"eth1","network":"blue"}]`),
		DefaultKey:    text(DefaultKey, "eth0"),
		PodIPsKey:     text(PodIPsKey, `[{"networkName":"blue","ip":"10.0.0.2"},{"networkName":"blue","ip":"fd00::2"},{"networkName":"red","ip":"10.1.0.2"}]`),
	})
	want := []fact.Fact{
		fact.NamedInterface{
			Origin: at(InterfacesKey + "[0]"), Interface: "eth0", Network: "default", NetworkAt: at(InterfacesKey + "[0].network"),
			Default: true, DefaultAt: at(DefaultKey),
		},
		fact.NamedInterface{
			Origin: at(InterfacesKey + "[1]"), Index: 1, Interface: "eth1", Network: "blue", NetworkAt: at(InterfacesKey + "[1].network"),
			IPs: []netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::2")}, IPsAt: at(PodIPsKey + "[0].ip"),
		},
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestMalformed(t *testing.T) {
	for key, cases := range map[string]map[string]string{
		InterfacesKey: {
			`{"interfaceName":"eth1"}`: InterfacesKey, `[{]`: InterfacesKey, `["eth1"]`: InterfacesKey + "[0]", `[null]`: InterfacesKey + "[0]",
			`[{}]`: InterfacesKey + "[0]", `[{"interfaceName":"a/b"}]`: InterfacesKey + "[0].interfaceName", `[{"interfaceName":1,"network":"n"}]`: InterfacesKey + "[0].interfaceName",
		},
		DefaultKey: {"../x": DefaultKey},
		PodIPsKey:  {`[{"networkName":"n","ip":"x"}]`: PodIPsKey + "[0].ip", `[{"networkName":"n"}]`: PodIPsKey + "[0].ip"},
	} {
		for value, where := range cases {
			var got string
			for _, f := range Parse(map[string]fact.Text{key: text(key, value)}) {
				if p, ok := f.(fact.Problem); ok && p.Code == fact.Malformed {
					got = p.Where
				}
			}
			if got != where {
				t.Errorf("%s=%s: malformed at %q, want %q", key, value, got, where)
			}
		}
	}
}

// FuzzParse checks that any annotations give interfaces with places and with
// names that are names.
func FuzzParse(f *testing.F) {
	f.Add(`[{"interfaceName":"eth1","network":"blue"}]`, "eth0", `[{"networkName":"blue","ip":"10.0.0.2"}]`)
	f.Add(`[null,{}]`, "a b", `[1]`)
	f.Fuzz(func(t *testing.T, interfaces, standard, ips string) {
		for _, got := range Parse(map[string]fact.Text{
			InterfacesKey: text(InterfacesKey, interfaces), DefaultKey: text(DefaultKey, standard), PodIPsKey: text(PodIPsKey, ips),
		}) {
			if got.From().Source == "" || got.From().Where == "" {
				t.Fatalf("%+v has no origin", got)
			}
			if i, ok := got.(fact.NamedInterface); ok && i.Interface != "" && !fact.IsInterfaceName(i.Interface) {
				t.Fatalf("%+v has a bad name", i)
			}
		}
	})
}
