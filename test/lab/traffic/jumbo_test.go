//go:build lab

package traffic

import (
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/netdev"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// A jumbo frame with its header, and on the wire, with the FCS.
const jumboMTU, jumboBytes, jumboSize = 9000, 9014, 9018

// newJumboPod makes a pod with the VFs on networks of jumbo frames.
func newJumboPod(t *testing.T, vfs ...guest.VF) *guest.Pod {
	t.Helper()
	guest.PFs[0].SetMTU(t, jumboMTU)
	var networks []nadv1.NetworkStatus
	var addresses []string
	for i, vf := range vfs {
		status := vf.Network("net" + string(rune('1'+i)))
		status.Mtu = jumboMTU
		networks = append(networks, status)
		addresses = append(addresses, vf.Address)
	}
	return guest.NewPod(t, []string{guest.Resource(addresses...)}, networks...)
}

// Jumbo frames pass from VF to VF, each whole.
func TestJumboVFToVF(t *testing.T) {
	p := newJumboPod(t, guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t))
	const bytes = packets * jumboSize
	trial := benchBetweenVFs(t, p, "--frame-size", "9018")
	if len(trial.Interfaces) != 2 {
		t.Fatalf("interfaces %+v, want two", trial.Interfaces)
	}
	if tx, rx := trial.Interfaces[0].Counters, trial.Interfaces[1].Counters; tx.TxBytes != bytes || rx.RxBytes != bytes || rx.RxErrors != 0 {
		t.Errorf("sent %d bytes and received %d, with %d errors, want %d", tx.TxBytes, rx.RxBytes, rx.RxErrors, bytes)
	}
}

// run answers jumbo frames of the kernel's VF, which has sent what it gets back.
func TestJumboRunAgainstKernelVF(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	p := newJumboPod(t, vf)
	netns := guest.NewNetns(t, "other")
	kernel := guest.VFs[2].Kernel(t, netns, "net1")
	defer kernel.VFIO(t)
	guest.Command(t, "ip", "-n", netns, "link", "set", "net1", "mtu", "9000")
	run := startRun(t, p, "macswap")
	answered := netdev.Exchange(t, "/run/netns/"+netns, "net1", netdev.Frames{From: kernel.MAC, To: vf.MAC, Count: packets, Bytes: jumboBytes})
	if answered != packets {
		t.Errorf("%d of %d frames came back", answered, packets)
	}
	got := stop(t, run)
	const bytes = packets * jumboSize
	if want := (result.Counters{RxPackets: packets, RxBytes: bytes, TxPackets: packets, TxBytes: bytes}); got.Total != want {
		t.Errorf("run counted %+v, want %+v", got.Total, want)
	}
}
