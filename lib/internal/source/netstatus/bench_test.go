package netstatus

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
)

// status renders n networks as Multus does, the default one first.
func status(tb testing.TB, n int) string {
	tb.Helper()
	texts := make([]string, n)
	for i := range n {
		s := nadv1.NetworkStatus{
			Name: "ovn-kubernetes", Interface: "eth0", IPs: []string{"10.131.0.67"}, Mac: "0a:58:0a:83:00:43", Default: true,
		}
		if i > 0 {
			s = nadv1.NetworkStatus{
				Name: fmt.Sprintf("ns/sriov-nic-%d", i), Interface: fmt.Sprintf("net%d", i), Mtu: 1500,
				IPs: []string{fmt.Sprintf("10.1.%d.2", i)}, Mac: fmt.Sprintf("0a:58:0a:83:01:%02x", i),
				DeviceInfo: &nadv1.DeviceInfo{Type: nadv1.DeviceInfoTypePCI, Version: nadv1.DeviceInfoVersion, Pci: &nadv1.PciDevice{
					PciAddress: fmt.Sprintf("0000:86:%02x.%d", i/8, i%8), RdmaDevice: fmt.Sprintf("mlx5_%d", i),
				}},
			}
		}
		text, err := json.MarshalIndent(s, "", "    ")
		if err != nil {
			tb.Fatal(err)
		}
		texts[i] = string(text)
	}
	return "[" + strings.Join(texts, ",") + "]"
}

// BenchmarkParse and BenchmarkUnmarshal tell together what there is beside the
// decoding of JSON.
func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 8, 64, 250} {
		annotations := texts(map[string]string{Key: status(b, n)})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := len(Parse(annotations)); got != n {
					b.Fatalf("%d facts", got)
				}
			}
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, n := range []int{1, 8, 64, 250} {
		text := status(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var statuses []nadv1.NetworkStatus
				if err := json.Unmarshal([]byte(text), &statuses); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
