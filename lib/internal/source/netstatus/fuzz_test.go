package netstatus

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/internal/fact"
)

// check holds every fact of the annotation key to what all facts promise.
func check(t *testing.T, key, value string) []fact.Fact {
	t.Helper()
	facts := Parse(texts(map[string]string{key: value}))
	seen := map[fact.Origin]bool{}
	for _, f := range facts {
		at := f.From()
		if at.Source != fact.Annotation || !strings.HasPrefix(at.Where, key) && at.Where != Key {
			t.Fatalf("%T from %q", f, at)
		}
		switch f := f.(type) {
		case fact.Problem:
			if f.Code == "" || f.Err == nil || len(f.Err.Error()) > 4<<10 {
				t.Fatalf("problem %q: %.200v", f.Code, f.Err)
			}
			continue
		case fact.LostNetworks:
			continue
		case fact.Network:
			checkAddrs(t, f.IPs)
			checkAddrs(t, f.Gateways)
			checkMAC(t, f.MAC)
			checkDevice(t, f.Device)
			if f.MTU < 0 || f.Device != nil && !f.HasDeviceInfo {
				t.Fatalf("%+v", f)
			}
		case fact.NetworkInfo:
			checkMAC(t, f.MAC)
			checkDevice(t, f.Device)
		case fact.Selection:
			if !isObjectName(f.Name) || strings.ContainsAny(f.Interface, "/ \n") || len(f.Interface) > 15 {
				t.Fatalf("%+v", f)
			}
		default:
			t.Fatalf("a %T", f)
		}
		if seen[at] && key != NetworkPCIMapKey { // whose long names are cut off
			t.Fatalf("two facts from %q", at)
		}
		seen[at] = true
	}
	return facts
}

func checkAddrs(t *testing.T, addrs []netip.Addr) {
	t.Helper()
	for _, a := range addrs {
		if !a.IsValid() || a.Zone() != "" || a.Is4In6() {
			t.Fatalf("address %q", a)
		}
	}
}

func checkMAC(t *testing.T, mac string) {
	t.Helper()
	if mac != strings.ToLower(mac) || strings.ContainsAny(mac, " -.") || len(mac) > 59 {
		t.Fatalf("hardware address %q", mac)
	}
}

func checkDevice(t *testing.T, device fact.Device) {
	t.Helper()
	switch dev := device.(type) {
	case fact.PCIDevice:
		if dev.Address.IsZero() || dev.Where == "" {
			t.Fatalf("%+v", dev)
		}
	case fact.VDPA:
		if dev.Where == "" || dev.Driver != "" && dev.Driver != "vhost" && dev.Driver != "virtio" {
			t.Fatalf("%+v", dev)
		}
	case fact.VhostUser:
		if dev.PathAt.Where == "" || dev.Mode != "" && dev.Mode != fact.Client && dev.Mode != fact.Server {
			t.Fatalf("%+v", dev)
		}
	case fact.Memif:
		if dev.PathAt.Where == "" || dev.Role != "" && dev.Role != fact.Client && dev.Role != fact.Server {
			t.Fatalf("%+v", dev)
		}
	}
}

// FuzzParse checks that any network-status gives facts, or at least one problem.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "null", "[]", `[{"name":"a","interface":"net1","device-info":{"type":"pci","pci":{"pci-address":"0000:3b:02.6"}}}]`,
		`[{"name":"a"},{"default":"true"},`, `[{"device-info":{"memif":{"role":"slave"}}}] x`, `[null,{},"x"]`,
		`[{"name":"a","default-route":["10.0.0.1/8"],"device":{"vdpa":{"driver":"vhost","path":"/dev/vhost-vdpa-1"}}}]`, status(f, 3),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(check(t, Key, value)) == 0 {
			t.Fatal("no facts, and no problem")
		}
		check(t, LegacyKey, value)
		Parse(texts(map[string]string{Key: value, LegacyKey: "[]"}))
	})
}

// FuzzSelection checks both annotations of that form.
func FuzzSelection(f *testing.F) {
	for _, s := range []string{
		"a", "ns/a@net0, b,", `[{"name":"a","deviceID":"0000:3b:02.6"}]`, `[{"name":"a"},{"name":7}`, "[\n\t{\"name\":\"a\"}]", `{"name":"a"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		check(t, SelectionKey, value)
		defaults := 0
		for _, fct := range check(t, DefaultNetworkKey, value) {
			if s, ok := fct.(fact.Selection); ok {
				defaults++
				if !s.Default {
					t.Fatalf("%+v", s)
				}
			}
		}
		if defaults > 1 {
			t.Fatalf("%d default networks", defaults)
		}
	})
}

// FuzzNetworkInfo checks both of KubeVirt's annotations.
func FuzzNetworkInfo(f *testing.F) {
	for _, s := range []string{
		`{"interfaces":[{"network":"n","deviceInfo":{"type":"pci","pci":{"pci-address":"0000:65:00.2"}},"mac":"02:00:00:00:00:01"}]}`,
		`{"interfaces":[{"network":"n","device-info":{}},null]}`, `{"a":"0000:65:00.2","b":"x"}`, `{"interfaces":[`, "null",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		check(t, NetworkInfoKey, value)
		check(t, NetworkPCIMapKey, value)
	})
}
