package netstatus

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/internal/fact"
	"github.com/podnet/podnet/lib/pciaddr"
)

// parsed are the facts of an annotation: its networks, and "place code" for each
// problem, sorted.
type parsed struct {
	networks []fact.Network
	problems []string
	lost     bool
}

// texts are annotations as the Downward API volume's file has them.
func texts(annotations map[string]string) map[string]fact.Text {
	all := map[string]fact.Text{}
	for key, value := range annotations {
		all[key] = fact.Text{Origin: fact.Origin{Source: fact.Annotation, Where: key}, Value: value}
	}
	return all
}

func parse(annotations map[string]string) parsed {
	var p parsed
	for _, f := range Parse(texts(annotations)) {
		switch f := f.(type) {
		case fact.Network:
			p.networks = append(p.networks, f)
		case fact.Problem:
			p.problems = append(p.problems, fmt.Sprint(f.Where[len("k8s.v1.cni.cncf.io/"):], " ", f.Code))
		case fact.LostNetworks:
			p.lost = true
		}
	}
	slices.SortFunc(p.networks, func(a, b fact.Network) int { return cmp.Compare(a.Index, b.Index) })
	slices.Sort(p.problems)
	return p
}

func addr(t *testing.T, s string) pciaddr.Address {
	t.Helper()
	a, err := pciaddr.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var options = gocmp.Options{
	gocmp.AllowUnexported(parsed{}, pciaddr.Address{}),
	gocmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmpopts.IgnoreFields(fact.Network{}, "Index", "GatewayAt", "DeviceAt", "DeviceType"), cmpopts.IgnoreFields(fact.PCIDevice{}, "AddressAt"),
	cmpopts.IgnoreTypes(fact.Origin{}),
}

func TestEntry(t *testing.T) {
	got := parse(map[string]string{Key: `[{"name":"ns/a","interface":"net1","ips":["10.1.2.3","fd00::1/64"],"mac":" 0A:58:0A:83:00:43",
		"mtu":9000,"default":true,"dns":{"nameservers":["10.0.0.10"],"domain":"d","search":["a","b"],"options":["ndots:5"]},"gateway":["\u003cnil\u003e","10.1.2.1"],"infiniband-guid":"x","ipam-claim-reference":"y"}]`})
	want := parsed{networks: []fact.Network{{
		Name: "ns/a", Interface: "net1", Default: true, MAC: "0a:58:0a:83:00:43", MTU: 9000,
		IPs:      []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("fd00::1")},
		Gateways: []netip.Addr{netip.MustParseAddr("10.1.2.1")},
		DNS:      &fact.DNS{Nameservers: []string{"10.0.0.10"}, Domain: "d", Search: []string{"a", "b"}, Options: []string{"ndots:5"}},
	}}}
	if diff := gocmp.Diff(want, got, options); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestPlaces(t *testing.T) {
	file := fact.Origin{Source: fact.DownwardAPI, Where: "/etc/podnetinfo/status"}
	facts := Parse(map[string]fact.Text{Key: {Origin: file, Value: `[{"name":"a"},{"name":"b","mac":"x"}]`}})
	var got []fact.Origin
	for _, f := range facts {
		got = append(got, f.From())
	}
	want := []fact.Origin{file.At("[0]"), file.At("[1].mac"), file.At("[1]")}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

// TestSpecificationKeys has the names that only the standard's text uses. They
// count where the usual ones say nothing.
func TestSpecificationKeys(t *testing.T) {
	vf := fact.PCIDevice{Address: addr(t, "0000:3b:02.6")}
	const device = `{"type":"pci","pci":{"pci-address":"0000:3b:02.6"}}`
	gateways := []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	for _, tt := range []struct {
		name, in string
		want     parsed
	}{
		{"default-route", `"default-route":["10.0.0.1","x"]`, parsed{
			networks: []fact.Network{{Name: "a", Gateways: gateways}}, problems: []string{"network-status[0].default-route[1] malformed"},
		}},
		{"gateway null", `"gateway":null,"default-route":["10.0.0.1"]`, parsed{networks: []fact.Network{{Name: "a", Gateways: gateways}}}},
		{"gateway too", `"gateway":["10.0.0.1"],"default-route":["10.0.0.2"]`, parsed{networks: []fact.Network{{Name: "a", Gateways: gateways}}}},
		{"default-route of another type", `"default-route":true`, parsed{networks: []fact.Network{{Name: "a"}}}},
		{"gateway of another type", `"gateway":true,"default-route":["10.0.0.2"]`, parsed{
			networks: []fact.Network{{Name: "a"}}, problems: []string{"network-status[0].gateway malformed"},
		}},
		{"device", `"device":` + device, parsed{networks: []fact.Network{{Name: "a", HasDeviceInfo: true, Device: vf}}}},
		{"device-info too", `"device":{"type":"memif"},"device-info":` + device, parsed{networks: []fact.Network{{Name: "a", HasDeviceInfo: true, Device: vf}}}},
		{"device of another type", `"device":"eth0"`, parsed{networks: []fact.Network{{Name: "a"}}}},
		{"device null", `"device":null,"device-info":null`, parsed{networks: []fact.Network{{Name: "a"}}}},
		{"empty device", `"device":{}`, parsed{
			networks: []fact.Network{{Name: "a", HasDeviceInfo: true}}, problems: []string{"network-status[0].device malformed"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := parse(map[string]string{Key: `[{"name":"a",` + tt.in + `}]`})
			if diff := gocmp.Diff(tt.want, got, options); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrder has entries of one name, the default one in different positions.
func TestOrder(t *testing.T) {
	got := Parse(texts(map[string]string{Key: "[\n\t{\"name\":\"ovn-kubernetes\",\"interface\":\"eth0\"},\r\n" +
		"\t{\"name\":\"ovn-kubernetes\",\"interface\":\"ovn-udn1\",\"default\":true,\"mac\":\"0A:58:0a:83:00:43\"}]\n"}))
	key := fact.Origin{Source: fact.Annotation, Where: Key}
	want := []fact.Fact{
		fact.Network{Origin: key.At("[0]"), Index: 0, Name: "ovn-kubernetes", Interface: "eth0"},
		fact.Network{Origin: key.At("[1]"), Index: 1, Name: "ovn-kubernetes", Interface: "ovn-udn1", Default: true, MAC: "0a:58:0a:83:00:43"},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

// TestMalformed has annotations that are wrong somewhere; what is right has to
// come through.
func TestMalformed(t *testing.T) {
	named := func(names ...string) (n []fact.Network) {
		for _, name := range names {
			n = append(n, fact.Network{Name: name})
		}
		return n
	}
	for _, tt := range []struct {
		name, in string
		want     parsed
	}{
		{"null", "null", parsed{problems: []string{"network-status no-networks"}}},
		{"empty text", " \n", parsed{problems: []string{"network-status no-networks"}}},
		{"empty array", "[]", parsed{problems: []string{"network-status no-networks"}}},
		{"null members", `[{"name":"a","ips":null,"device-info":null,"dns":null,"mac":null}]`, parsed{networks: named("a")}},
		{"one object", `{"name":"a"}`, parsed{problems: []string{"network-status malformed"}, lost: true}},
		{"no JSON", `a,b`, parsed{problems: []string{"network-status malformed"}, lost: true}},
		{"string for an object", `["a",{"name":"b"}]`, parsed{networks: named("b"), problems: []string{"network-status[0] malformed"}, lost: true}},
		{"null for an object", `[null,{"name":"b"}]`, parsed{networks: named("b"), problems: []string{"network-status[0] malformed"}, lost: true}},
		{"nothing in an object", `[{},{"name":"b"}]`, parsed{networks: named("b"), problems: []string{"network-status[0] malformed"}, lost: true}},
		{"bracket behind", `[{"name":"a"}]]`, parsed{networks: named("a"), problems: []string{"network-status malformed"}}},
		{"text behind null", `null x`, parsed{problems: []string{"network-status malformed"}}},
		{"wrong bracket", `[{"name":"a"}}`, parsed{networks: named("a"), problems: []string{"network-status[1] malformed"}, lost: true}},
		{"typographic quotes", `[{“name”:"a"}]`, parsed{problems: []string{"network-status[0] malformed"}, lost: true}},
		{"unknown members", `[{"name":"a","infiniband-guid":7,"org.example.x":{}}]`, parsed{networks: named("a")}},
		{"member twice", `[{"name":"b","name":"a"}]`, parsed{networks: named("a")}},
		{"wrong names", `[{"name":{},"interface":"net1"},{"name":"b","dns":"x"}]`, parsed{
			networks: []fact.Network{{Interface: "net1"}, {Name: "b"}},
			problems: []string{"network-status[0].name malformed", "network-status[1].dns malformed"},
		}},
		{"address with a zone", `[{"name":"a","ips":["fe80::1%eth0","::ffff:10.0.0.1","10.0.0.2/33"]}]`, parsed{
			networks: []fact.Network{{Name: "a", IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}},
			problems: []string{"network-status[0].ips[0] malformed", "network-status[0].ips[2] malformed"},
		}},
		{"text behind", `[{"name":"a"}] x`, parsed{networks: named("a"), problems: []string{"network-status malformed"}}},
		{"array behind", `[{"name":"a"}][{"name":"b"}]`, parsed{networks: named("a"), problems: []string{"network-status malformed"}}},
		{"cut off between entries", `[{"name":"a"}`, parsed{networks: named("a"), problems: []string{"network-status[1] malformed"}, lost: true}},
		{"cut off in an entry", `[{"name":"a"},{"name":"b`, parsed{networks: named("a"), problems: []string{"network-status[1] malformed"}, lost: true}},
		{"missing comma", `[{"name":"a"}{"name":"b"}]`, parsed{networks: named("a"), problems: []string{"network-status[1] malformed"}, lost: true}},
		{"bad addresses", `[{"name":"a","ips":["x","10.0.0.1"],"mac":"02:00","gateway":["y"],"mtu":-1}]`, parsed{
			networks: []fact.Network{{Name: "a", IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}},
			problems: []string{
				"network-status[0].gateway[0] malformed", "network-status[0].ips[0] malformed",
				"network-status[0].mac malformed", "network-status[0].mtu malformed",
			},
		}},
		{"wrong types", `[{"name":"a"},{"name":"b","ips":["10.0.0.1",2],"mtu":"1500","mac":"02:00:00:00:00:01","default":1},{"name":"c"}]`, parsed{
			networks: []fact.Network{{Name: "a"}, {Name: "b", MAC: "02:00:00:00:00:01", IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Doubtful: true}, {Name: "c"}},
			problems: []string{
				"network-status[1].default malformed", "network-status[1].ips[1] malformed", "network-status[1].mtu malformed",
			},
		}},
		{"InfiniBand", `[{"name":"a","mac":"80:00:00:6d:FE:80:00:00:00:00:00:00:02:c9:03:00:00:31:d5:37"}]`, parsed{
			networks: []fact.Network{{Name: "a", MAC: "80:00:00:6d:fe:80:00:00:00:00:00:00:02:c9:03:00:00:31:d5:37"}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(tt.want, parse(map[string]string{Key: tt.in}), options); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	const a, b = `[{"name":"a"}]`, `[{"name":"b"}]`
	for _, tt := range []struct {
		name        string
		annotations map[string]string
		want        parsed
	}{
		{"neither", map[string]string{"x": a}, parsed{problems: []string{"network-status no-status"}}},
		{"legacy", map[string]string{LegacyKey: a}, parsed{networks: []fact.Network{{Name: "a"}}}},
		{"same", map[string]string{Key: a, LegacyKey: "[ {\"name\": \"a\"} ]\n"}, parsed{networks: []fact.Network{{Name: "a"}}}},
		{"different", map[string]string{Key: a, LegacyKey: b}, parsed{
			networks: []fact.Network{{Name: "a"}}, problems: []string{"networks-status conflict"},
		}},
		{"new one empty", map[string]string{Key: "", LegacyKey: b}, parsed{
			problems: []string{"network-status no-networks", "networks-status conflict"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(tt.want, parse(tt.annotations), options); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeviceInfo(t *testing.T) {
	vf, pf := addr(t, "0000:3b:02.6"), addr(t, "0000:3b:00.0")
	for _, tt := range []struct {
		name, in string
		want     fact.Device
		problems []string // below device-info
		version  string
	}{
		{
			name: "pci", in: `{"type":"pci","version":"1.1.0","pci":{"pci-address":" 0000:3B:02.6","pf-pci-address":"3b:00.0",
				"rdma-device":"mlx5_4, mlx5_5,","representor-device":"pf0vf3","vhost-net":"/dev/vhost-net"}}`,
			want:    fact.PCIDevice{Address: vf, PF: pf, RDMA: []string{"mlx5_4", "mlx5_5"}, Representor: "pf0vf3", VhostNet: "/dev/vhost-net"},
			version: "1.1.0",
		},
		{name: "no type", in: `{"version":"v1.0.0","pci":{"pci-address":"0000:3b:02.6"}}`, want: fact.PCIDevice{Address: vf}, version: "v1.0.0"},
		{name: "newer version", in: `{"type":"pci","version":"1.2.0","pci":{"pci-address":"0000:3b:02.6","new":1}}`, want: fact.PCIDevice{Address: vf}, version: "1.2.0"},
		{name: "other details too", in: `{"type":"pci","pci":{"pci-address":"0000:3b:02.6"},"memif":{}}`, want: fact.PCIDevice{Address: vf}},
		{name: "empty", in: `{}`, problems: []string{" malformed"}},
		{name: "unknown type", in: `{"type":"sf"}`, problems: []string{".type malformed"}},
		{name: "no type, two details", in: `{"pci":{},"memif":{}}`, problems: []string{" malformed"}},
		{name: "type without details", in: `{"type":"pci"}`, problems: []string{" malformed"}},
		{name: "type and other details", in: `{"type":"pci","memif":{"role":"slave","path":"/x"}}`, problems: []string{" malformed"}},
		{name: "no address", in: `{"type":"pci","pci":{}}`, problems: []string{".pci malformed"}},
		{name: "bad address", in: `{"type":"pci","pci":{"pci-address":"0000:02:01:6"}}`, problems: []string{".pci.pci-address malformed"}},
		{name: "address of the wrong type", in: `{"type":"pci","pci":{"pci-address":7}}`, problems: []string{".pci malformed", ".pci.pci-address malformed"}},
		{
			name: "detail of the wrong type", in: `{"type":"pci","version":1,"pci":{"rdma-device":7,"pci-address":"0000:3b:02.6"}}`,
			want: fact.PCIDevice{Address: vf}, problems: []string{".pci.rdma-device malformed", ".version malformed"},
		},
		{name: "details of the wrong type", in: `{"type":"pci","pci":[]}`, problems: []string{" malformed", ".pci malformed"}},
		{name: "null details", in: `{"type":"pci","pci":null,"vdpa":0}`, problems: []string{" malformed", ".vdpa malformed"}},
		{name: "no object", in: `"pci"`, problems: []string{" malformed", " malformed"}},
		{
			name: "bad PF", in: `{"type":"pci","pci":{"pci-address":"0000:3b:02.6","pf-pci-address":"x"}}`,
			want: fact.PCIDevice{Address: vf}, problems: []string{".pci.pf-pci-address malformed"},
		},
		{
			name: "vhost-vdpa", in: `{"type":"vdpa","vdpa":{"parent-device":"vdpa:0000:3b:02.6","driver":"vhost","path":"/dev/vhost-vdpa-1",
				"pci-address":"0000:3b:02.6","pf-pci-address":"0000:3b:00.0","representor-device":"pf0vf3"}}`,
			want: fact.VDPA{Parent: "vdpa:0000:3b:02.6", Driver: "vhost", Path: "/dev/vhost-vdpa-1", PCIAddress: vf, PF: pf, Representor: "pf0vf3"},
		},
		{name: "virtio-vdpa", in: `{"type":"vdpa","vdpa":{"parent-device":"vdpa2","driver":"virtio"}}`, want: fact.VDPA{Parent: "vdpa2", Driver: "virtio"}},
		{
			name: "invalid driver", in: `{"type":"vdpa","vdpa":{"parent-device":"vdpa2","driver":"invalid"}}`,
			want: fact.VDPA{Parent: "vdpa2"}, problems: []string{".vdpa.driver malformed"},
		},
		{name: "vdpa without a type", in: `{"vdpa":{"path":"/dev/vhost-vdpa-1"}}`, want: fact.VDPA{Path: "/dev/vhost-vdpa-1"}, problems: []string{".vdpa malformed"}},
		{name: "vdpa, nothing in it", in: `{"vdpa":{}}`, want: fact.VDPA{}, problems: []string{".vdpa malformed", ".vdpa malformed"}},
		{name: "vhost-user without a type", in: `{"vhost-user":{"mode":"client","path":"/s"}}`, want: fact.VhostUser{Path: "/s", Mode: "client"}},
		{name: "memif without a type", in: `{"memif":{"role":"client","path":"/s"}}`, want: fact.Memif{Path: "/s", Role: "client"}},
		{name: "vhost-user", in: `{"type":"vhost-user","vhost-user":{"mode":"server","path":"/run/s"}}`, want: fact.VhostUser{Path: "/run/s", Mode: "server"}},
		{
			name: "vhost-user, unknown mode", in: `{"type":"vhost-user","vhost-user":{"mode":"Server","path":"/run/s"}}`,
			want: fact.VhostUser{Path: "/run/s"}, problems: []string{".vhost-user.mode malformed"},
		},
		{
			name: "vhost-user, relative", in: `{"type":"vhost-user","vhost-user":{"mode":"client","path":"2ea1931c-2935-net1"}}`,
			want: fact.VhostUser{Path: "2ea1931c-2935-net1", Mode: "client"}, problems: []string{".vhost-user.path relative-path"},
		},
		{
			name: "vhost-user, nothing in it", in: `{"type":"vhost-user","vhost-user":{}}`,
			want: fact.VhostUser{}, problems: []string{".vhost-user.mode malformed", ".vhost-user.path malformed"},
		},
		{name: "memif master", in: `{"type":"memif","memif":{"role":"master","path":"/run/m","mode":"punt"}}`, want: fact.Memif{Path: "/run/m", Role: "server", Mode: "inject-punt"}},
		{name: "memif slave", in: `{"type":"memif","memif":{"role":"slave","path":"@vpp/m","mode":"inject-punt"}}`, want: fact.Memif{Path: "@vpp/m", Role: "client", Mode: "inject-punt"}},
		{name: "memif ip", in: `{"type":"memif","memif":{"role":"slave","path":"/m","mode":"ip"}}`, want: fact.Memif{Path: "/m", Role: "client", Mode: "ip"}},
		{
			name: "memif, unknown role and mode", in: `{"type":"memif","memif":{"role":"boss","path":"/m","mode":"token-ring"}}`,
			want: fact.Memif{Path: "/m"}, problems: []string{".memif.mode malformed", ".memif.role malformed"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var problems []string
			for _, p := range tt.problems {
				problems = append(problems, "network-status[0].device-info"+p)
			}
			want := parsed{networks: []fact.Network{{Name: "a", HasDeviceInfo: true, DeviceVersion: tt.version, Device: tt.want}}, problems: problems}
			got := parse(map[string]string{Key: `[{"name":"a","device-info":` + tt.in + `}]`})
			if diff := gocmp.Diff(want, got, options); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}
