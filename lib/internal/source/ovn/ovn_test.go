package ovn

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/internal/fact"
)

func text(value string) map[string]fact.Text {
	return map[string]fact.Text{Key: {Origin: fact.Origin{Source: fact.Annotation, Where: Key}, Value: value}}
}

// parse gives the networks, and each problem's place.
func parse(t *testing.T, value string) (networks []fact.PodNetwork, problems []string) {
	t.Helper()
	for _, f := range Parse(text(value)) {
		switch f := f.(type) {
		case fact.PodNetwork:
			networks = append(networks, f)
		case fact.Problem:
			if f.Code != fact.Malformed {
				t.Errorf("%v", f)
			}
			problems = append(problems, f.Where)
		}
	}
	return networks, problems
}

func addrs(texts ...string) (list []netip.Addr) {
	for _, text := range texts {
		list = append(list, netip.MustParseAddr(text))
	}
	return list
}

var equal = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
}

func TestParse(t *testing.T) {
	got, problems := parse(t, `{
		"ns/blue": {"ip_addresses": ["10.100.0.5/16", "fd00::5/64"], "ip_address": "9.9.9.9/24", "mac_address": "0A:58:0a:64:00:05",
			"gateway_ips": ["10.100.0.1"], "gateway_ip": "9.9.9.1", "tunnel_id": 7, "role": "primary", "mtu": 1400,
			"routes": [{"dest": "10.0.0.0/8", "nextHop": "10.100.0.1"}, {"dest": "fd01::/48"}, {"dest": "1.1.1.0/24", "nextHop": ""}]},
		"default": {"ip_addresses": [], "ip_address": "10.244.0.5", "gateway_ips": null, "gateway_ip": "10.244.0.1", "role": "infrastructure-locked"},
		"ns/null": null
	}`)
	at := func(part string) fact.Origin { return fact.Origin{Source: fact.Annotation, Where: Key + part} }
	want := []fact.PodNetwork{
		{
			Origin: at("[default]"), Network: "default", Cluster: true,
			IPs: addrs("10.244.0.5"), IPsAt: at("[default].ip_address"),
			Gateways: addrs("10.244.0.1"), GatewaysAt: at("[default].gateway_ip"),
		},
		{
			Origin: at("[ns/blue]"), Network: "ns/blue", Primary: true, MAC: "0a:58:0a:64:00:05", MTU: 1400,
			IPs: addrs("10.100.0.5", "fd00::5"), IPsAt: at("[ns/blue].ip_addresses"),
			Gateways: addrs("10.100.0.1"), GatewaysAt: at("[ns/blue].gateway_ips"),
			Routes: []fact.Route{
				{Destination: netip.MustParsePrefix("10.0.0.0/8"), Gateway: netip.MustParseAddr("10.100.0.1")},
				{Destination: netip.MustParsePrefix("fd01::/48")},
				{Destination: netip.MustParsePrefix("1.1.1.0/24")},
			},
		},
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("networks (-want +got):\n%s", diff)
	}
	if problems != nil {
		t.Errorf("problems: %q", problems)
	}
}

func TestPrimary(t *testing.T) {
	for value, want := range map[string]bool{
		`{"default":{}}`:                   true,
		`{"default":{"role":""}}`:          true,
		`{"default":{"role":"primary"}}`:   true,
		`{"default":{"role":"secondary"}}`: false,
		`{"default":{"role":7}}`:           false,
		`{"ns/a":{}}`:                      false,
		`{"ns/a":{"role":"primary"}}`:      true,
		`{"ns/a":{"role":"else"}}`:         false,
	} {
		if got, _ := parse(t, value); len(got) != 1 || got[0].Primary != want {
			t.Errorf("%s: %+v, want primary %v", value, got, want)
		}
	}
}

func TestParseMalformed(t *testing.T) {
	for value, want := range map[string][]string{
		`[]`:    {""},
		`{"a":`: {""},
		`{"` + strings.Repeat("x", maxName+1) + `":{}}`: {""},
		`{"a":[]}`:                                              {"[a]"},
		`{"a":{"role":"else"}}`:                                 {"[a].role"},
		`{"a":{"mac_address":1}}`:                               {"[a].mac_address"},
		`{"a":{"mac_address":"x"}}`:                             {"[a].mac_address"},
		`{"a":{"mtu":-1}}`:                                      {"[a].mtu"},
		`{"a":{"mtu":"1400"}}`:                                  {"[a].mtu"},
		`{"a":{"ip_addresses":"x"}}`:                            {"[a].ip_addresses"},
		`{"a":{"ip_addresses":["1.1.1.1", 5, "x"]}}`:            {"[a].ip_addresses[1]", "[a].ip_addresses[2]"},
		`{"a":{"gateway_ip":"x"}}`:                              {"[a].gateway_ip"},
		`{"a":{"routes":{}}}`:                                   {"[a].routes"},
		`{"a":{"routes":[5,{"dest":"x"},{}]}}`:                  {"[a].routes[0]", "[a].routes[1].dest", "[a].routes[2].dest"},
		`{"a":{"routes":[{"dest":"1.0.0.0/8","nextHop":"x"}]}}`: {"[a].routes[0].nextHop"},
		`{"a":{"routes":[{"dest":"1.0.0.0/8","nextHop":1}]}}`:   {"[a].routes[0].nextHop"},
		` `:    nil,
		`{}`:   nil,
		`null`: nil,
	} {
		_, problems := parse(t, value)
		for i := range problems {
			problems[i] = strings.TrimPrefix(problems[i], Key)
		}
		if diff := cmp.Diff(want, problems, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%.60s: problems (-want +got):\n%s", value, diff)
		}
	}
	// A malformed member does not spoil the others.
	got, _ := parse(t, `{"a":{"mtu":"x","ip_addresses":[5,"1.1.1.1/8"],"routes":[{},{"dest":"2.0.0.0/8"}]},"b":5,"c":{"mtu":9000}}`)
	if len(got) != 2 || len(got[0].IPs) != 1 || len(got[0].Routes) != 1 || got[1].MTU != 9000 || got[1].IPsAt != (fact.Origin{}) {
		t.Errorf("networks are %+v", got)
	}
	if got := Parse(nil); got != nil {
		t.Errorf("without the annotation: %v", got)
	}
}

func FuzzPodNetworks(f *testing.F) {
	f.Add(`{"default":{"ip_addresses":["10.244.0.5/24"],"mac_address":"0a:58:0a:f4:00:05","gateway_ips":["10.244.0.1"],"routes":[{"dest":"10.0.0.0/8","nextHop":"10.244.0.1"}],"mtu":1400,"role":"primary"}}`)
	f.Add(`{"a":{"ip_address":"x","routes":[null,{}]},"b":null}`)
	f.Fuzz(func(t *testing.T, value string) {
		last := ""
		for _, f := range Parse(text(value)) {
			if from := f.From(); from.Source != fact.Annotation || !strings.HasPrefix(from.Where, Key) {
				t.Errorf("the origin of %v is %v", f, from)
			}
			n, ok := f.(fact.PodNetwork)
			if !ok {
				continue
			}
			if n.Network < last || n.MTU < 0 || len(n.Network) > maxName {
				t.Errorf("%+v after %q", n, last)
			}
			last = n.Network
			if len(n.IPs) > 0 != (n.IPsAt != fact.Origin{}) || len(n.Gateways) > 0 != (n.GatewaysAt != fact.Origin{}) {
				t.Errorf("%+v has addresses from nowhere, or none from somewhere", n)
			}
			for _, addr := range append(n.IPs, n.Gateways...) {
				if !addr.IsValid() {
					t.Errorf("%+v has a bad address", n)
				}
			}
			for _, r := range n.Routes {
				if !r.Destination.IsValid() {
					t.Errorf("%+v has a route to nowhere", n)
				}
			}
			// Networks that are written again read the same.
			var ips []string
			for _, addr := range n.IPs {
				ips = append(ips, fmt.Sprintf("%q", addr))
			}
			again := Parse(text(fmt.Sprintf(`{"x":{"ip_addresses":[%s],"mac_address":%q,"mtu":%d}}`, strings.Join(ips, ","), n.MAC, n.MTU)))
			if len(again) != 1 {
				t.Fatalf("%+v again: %v", n, again)
			}
			if m := again[0].(fact.PodNetwork); m.MAC != n.MAC || m.MTU != n.MTU || !cmp.Equal(m.IPs, n.IPs, equal) {
				t.Errorf("%+v again is %+v", n, m)
			}
		}
	})
}
