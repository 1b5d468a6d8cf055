//go:build lab

package iommu

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// wantPCI is the VF as inspect has to print it.
func wantPCI(t *testing.T, vf guest.VF, driver string) *podnet.PCI {
	t.Helper()
	address, err := pciaddr.Parse(vf.Address)
	if err != nil {
		t.Fatal(err)
	}
	pf, err := pciaddr.Parse(vf.PF.Address)
	if err != nil {
		t.Fatal(err)
	}
	group, err := strconv.Atoi(vf.Group())
	if err != nil {
		t.Fatalf("%s has no IOMMU group: %v", vf.Address, err)
	}
	pci := &podnet.PCI{
		Address: address, Driver: driver, Vendor: "8086", Device: "10ca", NUMANode: &vf.PF.Node,
		PF: pf, VFIndex: &vf.Index, IOMMUGroup: &group, Resource: "LAB_PODNET_IO_VF",
	}
	if driver == "vfio-pci" {
		pci.CharDevices = []string{vf.Node()}
	}
	return pci
}

func checkPCI(t *testing.T, want *podnet.PCI, got podnet.Interface) {
	t.Helper()
	if diff := cmp.Diff(want, got.PCI, cmpopts.EquateComparable(pciaddr.Address{})); diff != "" || got.Kind != podnet.KindPCI {
		t.Errorf("%s is of kind %s (-want +got):\n%s", got.Name, got.Kind, diff)
	}
}

func TestInspectVFIO(t *testing.T) {
	// The second and the last, which are on different NICs and nodes.
	vfs := []guest.VF{guest.VFs[1].VFIO(t), guest.VFs[5].VFIO(t)}
	if vfs[0].PF.Node == vfs[1].PF.Node || vfs[0].Group() == vfs[1].Group() {
		t.Fatalf("VFs %+v are no test", vfs)
	}
	pod := guest.NewVFPod(t, vfs...).Inspect(t)
	for i, name := range []string{"net1", "net2"} {
		iface := guest.Interface(t, pod, name)
		checkPCI(t, wantPCI(t, vfs[i], "vfio-pci"), iface)
		if iface.MAC != vfs[i].MAC {
			t.Errorf("%s has MAC address %s, want %s", name, iface.MAC, vfs[i].MAC)
		}
	}
	guest.NoWarnings(t, pod)
}

// inNetns makes a pod whose commands run in a network namespace.
func inNetns(t *testing.T, netns string, environ []string, networks ...nadv1.NetworkStatus) *guest.Pod {
	t.Helper()
	p := guest.NewPod(t, environ, networks...)
	p.Under = []string{"ip", "netns", "exec", netns}
	return p
}

// A kernel VF is paired with its network by device-info, by the name of its
// netdev, and by its MAC address where the netdev is called otherwise.
func TestInspectKernelVF(t *testing.T) {
	for _, tt := range []struct {
		name       string
		netdev     string
		deviceInfo bool
	}{
		{"device-info", "net1", true},
		{"netdev", "net1", false},
		{"MAC", "ens5", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			netns := guest.NewNetns(t, "pod")
			vf := guest.VFs[2].Kernel(t, netns, tt.netdev)
			defer vf.VFIO(t)
			status := vf.Network("net1")
			if !tt.deviceInfo {
				status.DeviceInfo = nil
			}
			if tt.name == "netdev" {
				status.Mac = ""
			}
			pod := inNetns(t, netns, []string{guest.Resource(vf.Address)}, status).Inspect(t)
			want := wantPCI(t, vf, "igbvf")
			want.Netdev = tt.netdev
			iface := guest.Interface(t, pod, "net1")
			checkPCI(t, want, iface)
			if iface.MAC != vf.MAC {
				t.Errorf("MAC address %s, want %s", iface.MAC, vf.MAC)
			}
			if len(pod.Unassigned) > 0 {
				t.Errorf("unassigned: %+v", pod.Unassigned)
			}
			guest.NoWarnings(t, pod)
		})
	}
}

// Of two VFs of one resource nothing tells which is whose.
func TestInspectAmbiguous(t *testing.T) {
	vfs := []guest.VF{guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t)}
	var networks []nadv1.NetworkStatus
	for i, name := range []string{"net1", "net2"} {
		status := vfs[i].Network(name)
		status.DeviceInfo = nil
		networks = append(networks, status)
	}
	pod := guest.NewPod(t, []string{guest.Resource(vfs[1].Address, vfs[0].Address)}, networks...).Inspect(t)
	got := map[string]podnet.Code{}
	for _, u := range pod.Unassigned {
		got[u.ID] = u.Reason
		if !slices.Equal(u.Candidates, []string{"net1", "net2"}) {
			t.Errorf("%s has the candidates %q", u.ID, u.Candidates)
		}
	}
	want := map[string]podnet.Code{vfs[0].Address: podnet.CodeAmbiguous, vfs[1].Address: podnet.CodeAmbiguous}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unassigned (-want +got):\n%s", diff)
	}
	for _, name := range []string{"net1", "net2"} {
		if i := guest.Interface(t, pod, name); i.PCI != nil {
			t.Errorf("%s has %s by a guess", name, i.PCI.Address)
		}
	}
}

// VFs that the node's administrator takes away stay on their networks, and are
// said to be gone. Nothing but a variable names the second pod's.
func TestInspectVanished(t *testing.T) {
	pf := guest.PFs[1]
	vf := guest.VFs[4]
	withEvidence, without := guest.NewVFPod(t, vf), guest.NewPod(t, []string{guest.Resource(vf.Address)})
	pf.Remove(t)

	pod := withEvidence.Inspect(t)
	iface := guest.Interface(t, pod, "net1")
	if iface.PCI == nil || !iface.PCI.NotPresent || iface.PCI.Address.String() != vf.Address {
		t.Errorf("net1: %+v, want %s, which is not present", iface.PCI, vf.Address)
	}
	if !slices.ContainsFunc(pod.Warnings, func(w podnet.Warning) bool { return w.Code == "not-present" }) {
		t.Errorf("warnings %+v, want one of not-present", pod.Warnings)
	}
	withEvidence.Refused(t, []string{"net1", vf.Address, "is not there"})

	pod = without.Inspect(t)
	if len(pod.Unassigned) != 1 || pod.Unassigned[0].ID != vf.Address || pod.Unassigned[0].Reason != podnet.CodeNotPresent {
		t.Errorf("unassigned %+v, want %s, which is not present", pod.Unassigned, vf.Address)
	}
}
