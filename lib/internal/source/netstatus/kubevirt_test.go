package netstatus

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/internal/fact"
)

// renderNetworkInfo writes what Parse makes of KubeVirt's annotations, one fact
// a line.
func renderNetworkInfo(annotations map[string]string) []string {
	var lines []string
	annotations[Key] = `[{"name":"x"}]`
	for _, f := range Parse(texts(annotations)) {
		where := strings.TrimPrefix(f.From().Where, "kubevirt.io/")
		switch f := f.(type) {
		case fact.NetworkInfo:
			line := fmt.Sprintf("%s: %d %s %s", where, f.Index, f.Network, f.MAC)
			switch dev := f.Device.(type) {
			case fact.PCIDevice:
				line += fmt.Sprintf(" %s at %s", dev.Address, strings.TrimPrefix(dev.Where, f.Where))
			case fact.VhostUser:
				line += fmt.Sprintf(" %s %s at %s", dev.Path, dev.Mode, strings.TrimPrefix(dev.PathAt.Where, f.Where))
			}
			lines = append(lines, line)
		case fact.Problem:
			lines = append(lines, fmt.Sprintf("%s: %s", where, f.Code))
		case fact.LostNetworks:
			lines = append(lines, where+": lost")
		}
	}
	return lines
}

func TestNetworkInfo(t *testing.T) {
	const pci = `{"type":"pci","version":"1.0.0","pci":{"pci-address":"0000:65:00.2"}}`
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"empty text", " ", nil},
		{"null", "null\n", nil},
		{"empty object", "{}", nil},
		{"no interfaces", `{"interfaces":null}`, nil},
		{"usual", `{"interfaces":[{"network":"n","deviceInfo":` + pci + `,"mac":"02:00:00:00:00:0A"},{"network":"m"}]}`, []string{
			"network-info.interfaces[0]: 0 n 02:00:00:00:00:0a 0000:65:00.2 at .deviceInfo.pci", "network-info.interfaces[1]: 1 m ",
		}},
		{"key of the proposal", `{"interfaces":[{"network":"n","device-info":` + pci + `}]}`, []string{
			"network-info.interfaces[0]: 0 n  0000:65:00.2 at .device-info.pci",
		}},
		{"both keys", `{"interfaces":[{"network":"n","deviceInfo":` + pci + `,"device-info":{}}]}`, []string{
			"network-info.interfaces[0]: 0 n  0000:65:00.2 at .deviceInfo.pci",
		}},
		{"relative socket", `{"interfaces":[{"network":"n","deviceInfo":{"type":"vhost-user","vhost-user":{"mode":"client","path":"2ea1-net1"}}}]}`, []string{
			"network-info.interfaces[0].deviceInfo.vhost-user.path: relative-path",
			"network-info.interfaces[0]: 0 n  2ea1-net1 client at .deviceInfo.vhost-user.path",
		}},
		{"bad members", `{"interfaces":[{"network":7,"mac":"x","deviceInfo":[]},{"network":"n","mac":"x"}]}`, []string{
			"network-info.interfaces[0].network: malformed", "network-info.interfaces[0].deviceInfo: malformed",
			"network-info.interfaces[0].mac: malformed", "network-info.interfaces[0].deviceInfo: malformed",
			"network-info.interfaces[0]: 0  ",
			"network-info.interfaces[1].mac: malformed", "network-info.interfaces[1]: 1 n ",
		}},
		{"lost elements", `{"interfaces":[null,"n",{},{"network":"n"}]}`, []string{
			"network-info.interfaces[0]: malformed", "network-info.interfaces[0]: lost",
			"network-info.interfaces[1]: malformed", "network-info.interfaces[1]: lost",
			"network-info.interfaces[2]: malformed", "network-info.interfaces[2]: lost",
			"network-info.interfaces[3]: 3 n ",
		}},
		{"no array", `{"interfaces":{}}`, []string{"network-info.interfaces: lost", "network-info.interfaces: malformed"}},
		{"no object", `[]`, []string{"network-info: malformed", "network-info: lost"}},
		{"cut off", `{"interfaces":[`, []string{"network-info: malformed", "network-info: lost"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(tt.want, renderNetworkInfo(map[string]string{NetworkInfoKey: tt.in})); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNetworkPCIMap(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []string
	}{
		{"empty", "{}", nil},
		{"usual", `{"z":"0000:65:00.3","a":"0000:65:00.2"}`, []string{
			"network-pci-map.a: 0 a  0000:65:00.2 at ", "network-pci-map.z: 1 z  0000:65:00.3 at ",
		}},
		{"bad addresses", `{"a":"x","b":7,"c":"","d\n\"":"0000:65:00.2"}`, []string{
			"network-pci-map.b: malformed", "network-pci-map.b: lost",
			"network-pci-map.a: malformed", "network-pci-map.a: 0 a ",
			"network-pci-map.c: 1 c ",
			`network-pci-map."d\n\"": 2 d` + "\n\"" + `  0000:65:00.2 at `,
		}},
		{"no object", `[]`, []string{"network-pci-map: malformed", "network-pci-map: lost"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := gocmp.Diff(tt.want, renderNetworkInfo(map[string]string{NetworkPCIMapKey: tt.in})); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}
