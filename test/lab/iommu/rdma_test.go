//go:build lab

package iommu

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// An RDMA device on the pod's netdev: soft RoCE, which has everything of a real
// one but the PCI function.
func TestInspectRDMA(t *testing.T) {
	guest.Command(t, "modprobe", "-a", "rdma_rxe", "ib_umad", "rdma_ucm")
	vf := guest.VFs[2].Kernel(t, "", "net1")
	defer vf.VFIO(t)
	guest.Command(t, "rdma", "link", "add", "rxe0", "type", "rxe", "netdev", "net1")
	defer guest.Command(t, "rdma", "link", "delete", "rxe0")
	p := guest.NewPod(t, []string{guest.Resource(vf.Address)}, vf.Network("net1"))

	var links []struct {
		Name   string `json:"ifname"`
		Netdev string `json:"netdev"`
	}
	if err := json.Unmarshal([]byte(guest.Command(t, "rdma", "-j", "link")), &links); err != nil {
		t.Fatal(err)
	}
	if devices := guest.Command(t, "ibv_devices"); !strings.Contains(devices, "rxe0") || len(links) != 1 {
		t.Fatalf("ibv_devices and rdma link: %s\n%+v", devices, links)
	}
	want := []podnet.RDMADevice{{Name: links[0].Name, Netdev: links[0].Netdev}}
	for _, node := range []string{"uverbs0", "umad0", "rdma_cm"} {
		want[0].CharDevices = append(want[0].CharDevices, podnet.CharDevice{Path: "/dev/infiniband/" + node, Openable: true})
	}
	check := func(want []podnet.RDMADevice) {
		t.Helper()
		got := p.Inspect(t).RDMA
		for i := range got {
			got[i].Evidence = nil
			got[i].CharDevices = slices.DeleteFunc(got[i].CharDevices, func(c podnet.CharDevice) bool {
				return strings.Contains(c.Path, "issm") // the subnet manager's, which RoCE has no use for
			})
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(pciaddr.Address{})); diff != "" {
			t.Errorf("rdma (-want +got):\n%s", diff)
		}
	}
	check(want)
	// Nobody may open what the kernel gives to root alone.
	p.AsNobody()
	for i, node := range want[0].CharDevices {
		want[0].CharDevices[i].Openable = strings.Contains(guest.Command(t, "stat", "-c", "%A", node.Path)[6:], "rw")
	}
	check(want)
}
