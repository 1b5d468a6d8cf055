//go:build lab

package iommu

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/lab/internal/guest"
)

// A veth stands for each of two VFs of one resource, as vfioveth makes them, with the
// VF's address for its alias: it tells which VF is whose, which nothing else does.
func TestAliasOfStandIn(t *testing.T) {
	vfs := []guest.VF{guest.VFs[0].VFIO(t), guest.VFs[1].VFIO(t)}
	netns := guest.NewNetns(t, "pod")
	var networks []nadv1.NetworkStatus
	for i, name := range []string{"net1", "net2"} {
		guest.Command(t, "ip", "-n", netns, "link", "add", name, "type", "veth", "peer", "name", name+"-vdev")
		networks = append(networks, nadv1.NetworkStatus{Name: "lab/" + name, Interface: name, Mac: vfs[i].MAC})
	}
	p := inNetns(t, netns, []string{guest.Resource(vfs[0].Address, vfs[1].Address)}, networks...)

	// Without an alias nothing tells.
	if pod := p.Inspect(t); len(pod.Unassigned) != 2 || pod.Unassigned[0].Reason != podnet.CodeAmbiguous {
		t.Errorf("without an alias: unassigned %+v, want both, ambiguous", pod.Unassigned)
	}
	// The second network has the first VF.
	want := map[string]guest.VF{"net1": vfs[1], "net2": vfs[0]}
	for name, vf := range want {
		guest.Command(t, "ip", "-n", netns, "link", "set", name, "alias", vf.Address)
	}
	pod := p.Inspect(t)
	for name, vf := range want {
		iface := guest.Interface(t, pod, name)
		checkPCI(t, wantPCI(t, vf, "vfio-pci"), iface)
		if !slices.ContainsFunc(iface.Evidence, func(e podnet.Evidence) bool {
			return e.Field == "pci.address" && e.Where == "/sys/class/net/"+name+"/ifalias"
		}) {
			t.Errorf("%s: evidence %+v, want the alias", name, iface.Evidence)
		}
	}
	stdout, _ := p.Run(t, 0, "args", "--interfaces", "net1")
	if !strings.Contains(stdout, vfs[1].Address) || strings.Contains(stdout, vfs[0].Address) {
		t.Errorf("args of net1: %s, want %s alone", stdout, vfs[1].Address)
	}
}

// Two VFs of one PF are parts of a bond, whose packets DPDK on one of them would take.
// The PF lets the bond give them no other address.
func TestBondOfVFs(t *testing.T) {
	guest.Command(t, "modprobe", "bonding", "max_bonds=0")
	netns := guest.NewNetns(t, "pod")
	vfs := []guest.VF{guest.VFs[2].Kernel(t, netns, "net1"), guest.VFs[3].Kernel(t, netns, "net2")}
	for _, vf := range vfs {
		defer vf.VFIO(t)
	}
	guest.Command(t, "ip", "-n", netns, "link", "add", "bond0", "type", "bond", "mode", "active-backup", "fail_over_mac", "active")
	networks := []nadv1.NetworkStatus{vfs[0].Network("net1"), vfs[1].Network("net2"), {Name: "lab/bond", Interface: "bond0"}}
	for _, n := range networks[:2] {
		guest.Command(t, "ip", "-n", netns, "link", "set", n.Interface, "down")
		guest.Command(t, "ip", "-n", netns, "link", "set", n.Interface, "master", "bond0")
	}
	p := inNetns(t, netns, []string{guest.Resource(vfs[0].Address, vfs[1].Address)}, networks...)
	pod := p.Inspect(t)
	var got []string
	for _, w := range pod.Warnings {
		if w.Code != podnet.CodeSharedCPUs {
			got = append(got, fmt.Sprintf("%s %s: %s", w.Code, w.Where, w.Message))
		}
	}
	want := []string{
		fmt.Sprintf(`bond-member /sys/class/net/net1/master: net1 is a part of "bond0": while DPDK drives %s, its packets do not reach "bond0"`, vfs[0].Address),
		fmt.Sprintf(`bond-member /sys/class/net/net2/master: net1 and net2, both parts of "bond0", are VFs of one PF, %s: if its port fails, both do`, vfs[0].PF.Address),
		fmt.Sprintf(`bond-member /sys/class/net/net2/master: net2 is a part of "bond0": while DPDK drives %s, its packets do not reach "bond0"`, vfs[1].Address),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if bond := guest.Interface(t, pod, "bond0"); bond.Kind != podnet.KindKernel {
		t.Errorf("bond0 is of kind %s", bond.Kind)
	}
}

// The interface with the default route is the default network, whatever its name: if a pod
// with two VFs asks for no network, the other VF is the port.
func TestPortsButDefaultRoute(t *testing.T) {
	netns := guest.NewNetns(t, "pod")
	node, port := guest.VFs[2].Kernel(t, netns, "nic0"), guest.VFs[0].VFIO(t)
	defer node.VFIO(t)
	guest.Command(t, "ip", "-n", netns, "address", "add", "10.244.0.7/24", "dev", "nic0")
	guest.Command(t, "ip", "-n", netns, "route", "add", "default", "via", "10.244.0.1")
	p := inNetns(t, netns, []string{guest.Resource(node.Address, port.Address)})
	got := map[string]bool{}
	for _, u := range p.Inspect(t).Unassigned {
		got[u.ID] = u.Port
	}
	if diff := cmp.Diff(map[string]bool{node.Address: false, port.Address: true}, got); diff != "" {
		t.Errorf("ports by default (-want +got):\n%s", diff)
	}
	stdout, stderr := p.Run(t, 0, "args")
	if !strings.Contains(stdout, port.Address) || strings.Contains(stdout, node.Address) || !strings.Contains(stderr, node.Address) {
		t.Errorf("args: %s, and %q; want %s alone, and why %s is left out", stdout, stderr, port.Address, node.Address)
	}
}

// A netdev of another type, such as IP over InfiniBand, is not one to make a port
// of. The kernel gives that type to a tun device that is asked to have it.
func TestHintOfInfiniBandNetdev(t *testing.T) {
	const infiniBand = "32\n" // ARPHRD_INFINIBAND
	guest.Command(t, "modprobe", "tun")
	tun, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tun.Close()
	request, err := unix.NewIfreq("net1")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(int(tun.Fd()), unix.TUNSETIFF, request); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(tun.Fd()), unix.TUNSETLINK, unix.ARPHRD_INFINIBAND); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile("/sys/class/net/net1/type"); err != nil || string(got) != infiniBand {
		t.Fatalf("net1 is of type %q (%v), want %q", got, err, infiniBand)
	}
	p := guest.NewPod(t, nil, nadv1.NetworkStatus{Name: "lab/ib", Interface: "net1"})
	for _, hint := range []string{"net1=af-packet", "net1=af-xdp"} {
		pod := p.Inspect(t, "--hint", hint)
		if i := guest.Interface(t, pod, "net1"); i.Kind != podnet.KindKernel {
			t.Errorf("with the hint %s net1 is of kind %s", hint, i.Kind)
		}
		if !slices.ContainsFunc(pod.Warnings, func(w podnet.Warning) bool { return w.Source == "hint" && strings.Contains(w.Message, "not Ethernet") }) {
			t.Errorf("warnings %+v, want one of the hint %s", pod.Warnings, hint)
		}
	}
}
