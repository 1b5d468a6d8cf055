package podnet_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

func TestExplain(t *testing.T) {
	pod, err := podnet.Discover(t.Context(), podnettest.New(t, `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name":"pods","interface":"eth0","default":true},
 {"name":"ns/a","interface":"net1","device-info":{"type":"vhost-user","vhost-user":{"mode":"client","path":"/run/s"}}},
 {"name":"ns/b","interface":"net2"}]
-- environ --
PCIDEVICE_A=0000:3b:02.6,0000:b1:00.1,x
-- /sys/bus/pci/devices/0000:b1:00.1/class --
0x120000
-- /sys/bus/pci/devices/0000:3b:02.6/class --
0x020000
`).Options())
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := podnet.Explain(&b, pod); err != nil {
		t.Fatal(err)
	}
	const want = `Interface eth0 of network pods (the pod's default) is an ordinary network interface of the kernel.
  name     annotation k8s.v1.cni.cncf.io/network-status[0].interface
  network  annotation k8s.v1.cni.cncf.io/network-status[0].name
  default  annotation k8s.v1.cni.cncf.io/network-status[0].default

Interface net1 of network ns/a is the vhost-user socket /run/s, whose client is in the container; the socket is not there.
  name              annotation k8s.v1.cni.cncf.io/network-status[1].interface
  network           annotation k8s.v1.cni.cncf.io/network-status[1].name
  vhostUser.path    annotation k8s.v1.cni.cncf.io/network-status[1].device-info.vhost-user.path
  vhostUser.mode    annotation k8s.v1.cni.cncf.io/network-status[1].device-info.vhost-user.mode
  vhostUser.exists  file /run/s

Interface net2 of network ns/b is the PCI function 0000:3b:02.6.
  The reason for the device: forced: the only device left, and the only network left without one.
  name          annotation k8s.v1.cni.cncf.io/network-status[2].interface
  network       annotation k8s.v1.cni.cncf.io/network-status[2].name
  pci.address   env PCIDEVICE_A[0]
  pci.resource  env PCIDEVICE_A[0]

Device x of resource A is on no interface: it is neither a PCI address nor the name of an auxiliary device.
  id  env PCIDEVICE_A[2]

Device 0000:b1:00.1 of resource A is on no interface: its PCI class says that it is no network device.
  id            env PCIDEVICE_A[1]
  pci.resource  env PCIDEVICE_A[1]

Warning (malformed): env PCIDEVICE_A[2]: "x" is neither a PCI address nor an auxiliary device
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

// TestExplainAll explains every kind of interface and every reason.
func TestExplainAll(t *testing.T) {
	vf := bdf(vfA)
	pod := &podnet.Pod{
		Interfaces: []podnet.Interface{
			{Kind: podnet.KindMemif, Memif: &podnet.Memif{Path: "@a"}},
			{Kind: podnet.KindVhostUser, VhostUser: &podnet.VhostUser{}},
			{Kind: podnet.KindVDPA, VDPA: &podnet.VDPA{Parent: "blue", Driver: "vhost", Path: "/dev/vhost-vdpa-1"}},
			{Kind: podnet.KindUnknown},
			{Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: vf, PF: bdf("0000:3b:00.0"), VFIndex: new(22), Driver: "vfio-pci", NUMANode: new(1), NotPresent: true}},
			{Kind: podnet.KindPCI, PCI: &podnet.PCI{Auxiliary: "mlx5_core.sf.4", PF: bdf("0000:3b:00.0")}},
		},
		Unassigned: []podnet.Unassigned{
			{ID: "a", Reason: podnet.CodeAmbiguous, Candidates: []string{"net1", "net2"}},
			{ID: "b", Reason: podnet.CodeAmbiguous},
			{ID: "c", Reason: podnet.CodeUnclaimed},
			{ID: "d", Reason: podnet.CodeNotPresent},
			{ID: "e", Reason: "new"},
		},
	}
	var b strings.Builder
	if err := podnet.Explain(&b, pod); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"the memif socket @a, whose client or server (not known which) is in the container",
		"the vhost-user socket of no path",
		"the vDPA device blue on driver vhost, at /dev/vhost-vdpa-1",
		"on a device that the facts do not tell",
		"the PCI function 0000:3b:02.6, VF 22 of 0000:3b:00.0, on driver vfio-pci, on NUMA node 1, which is not on this machine",
		"the auxiliary device mlx5_core.sf.4, a part of 0000:3b:00.0",
		"Device a is on no interface: it could belong to net1, net2, and nothing tells",
		"Device b is on no interface: it could belong to networks that could not be read",
		"no network lacks a device", "this machine does not have it", "Device e is on no interface: new.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in:\n%s", want, b.String())
		}
	}
}

// TestExplainHostile checks that no text of the pod's reaches a terminal's
// escape sequences or makes a line of its own.
func TestExplainHostile(t *testing.T) {
	const evil = "x\x1b[2J\nInterface net9 is fine"
	pod := &podnet.Pod{
		Interfaces: []podnet.Interface{{
			Name: evil, Network: evil, Kind: podnet.KindMemif, Memif: &podnet.Memif{Path: evil, Role: evil},
			Evidence: []podnet.Evidence{{Field: evil, Source: evil, Where: evil, Why: evil}},
		}},
		Unassigned: []podnet.Unassigned{{ID: evil, Resource: evil, Reason: evil, Candidates: []string{evil}}},
		Warnings:   []podnet.Warning{{Code: evil, Source: evil, Where: evil, Message: evil}},
	}
	pod.Interfaces = append(pod.Interfaces,
		podnet.Interface{VhostUser: &podnet.VhostUser{Path: evil, Role: evil}},
		podnet.Interface{VDPA: &podnet.VDPA{Parent: evil, Driver: evil, Path: evil}},
		podnet.Interface{PCI: &podnet.PCI{Auxiliary: evil, Driver: evil}})
	var b strings.Builder
	if err := podnet.Explain(&b, pod); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\x1b") || strings.Contains(b.String(), "\nInterface net9") {
		t.Errorf("text has the pod's control characters:\n%q", b.String())
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestExplainWriteError(t *testing.T) {
	want := errors.New("disk full")
	if err := podnet.Explain(brokenWriter{want}, &podnet.Pod{}); !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}
