//go:build lab

package iommu

import (
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

func TestRefusedOnKernelDriver(t *testing.T) {
	vf := guest.VFs[3].Bind(t, "igbvf")
	defer vf.VFIO(t)
	guest.NewVFPod(t, vf).Refused(t, []string{"net1", vf.Address, "igbvf", "vfio-pci"},
		[]string{"run", "--mode", "io"}, []string{"bench"}, []string{"exec"})
}

func TestRefusedUnbound(t *testing.T) {
	vf := guest.VFs[3].Bind(t, "")
	defer vf.VFIO(t)
	guest.NewVFPod(t, vf).Refused(t, []string{"net1", vf.Address, "bound to no driver"})
}

func TestRefusedAbsent(t *testing.T) {
	vf := guest.VFs[0]
	vf.Address = "0000:ff:1f.7"
	guest.NewVFPod(t, vf).Refused(t, []string{"net1", vf.Address, "is not there"})
}

func TestRefusedNodeOfOtherUser(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	pod := guest.NewVFPod(t, vf)
	pod.AsNobody()
	pod.Refused(t, []string{"net1", vf.Node(), "permission denied"})
}

func TestRefusedNodeMissing(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	pod := guest.NewVFPod(t, vf)
	pod.WithoutVFIO()
	pod.Refused(t, []string{"net1", vf.Node()})
}

func TestRefusedHeldByOther(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	peertest.StartTestpmd(t, 0, "rxonly", "-a", vf.Address)
	guest.NewVFPod(t, vf).Refused(t, []string{"net1", vf.Node(), "another process"})
}

func TestRefusedMemlock(t *testing.T) {
	vf := guest.VFs[0].VFIO(t)
	vf.GiveToNobody(t)
	pod := guest.NewVFPod(t, vf)
	pod.AsNobody()
	pod.Under = []string{"prlimit", "--memlock=8388608"}
	pod.Refused(t, []string{"net1", "8 MiB", "IPC_LOCK"})
}
