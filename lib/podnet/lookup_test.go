package podnet_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// lookupPod has a network with one interface, one with two, devices that are on
// none, and an accelerator.
const lookupPod = `
-- annotations/k8s.v1.cni.cncf.io/network-status --
[{"name": "cbr0", "interface": "eth0", "default": true},
 {"name": "ns/left", "interface": "net1", "device-info":
  {"type": "pci", "version": "1.0.0", "pci": {"pci-address": "0000:3b:02.1"}}},
 {"name": "ns/both", "interface": "net2", "device-info":
  {"type": "pci", "version": "1.0.0", "pci": {"pci-address": "0000:3b:02.2"}}},
 {"name": "ns/both", "interface": "net3", "device-info":
  {"type": "memif", "version": "1.0.0", "memif": {"role": "slave", "path": "/run/m"}}},
 {"name": "other/left", "interface": "net4"},
 {"name": "other/right", "interface": "net5"}]
-- environ --
PCIDEVICE_EXAMPLE_COM_VF=0000:5e:0a.3,0000:5e:0a.2,0000:3b:02.2,0000:5e:0a.2
PCIDEVICE_EXAMPLE_COM_SF=mlx5_core.sf.4
PCIDEVICE_EXAMPLE_COM_FEC=0000:8b:00.0
-- sockets --
/run/m
-- /sys/bus/pci/devices/0000:3b:02.1/vendor --
0x8086
-- /sys/bus/pci/devices/0000:3b:02.2/vendor --
0x8086
-- /sys/bus/pci/devices/0000:5e:0a.2/vendor --
0x8086
-- /sys/bus/pci/devices/0000:5e:0a.3/vendor --
0x8086
-- /sys/bus/pci/devices/0000:8b:00.0/class --
0x120000
-- /sys/bus/auxiliary/devices/ --
-- /proc/self/status --
Cpus_allowed_list:	4-7
-- symlinks --
/sys/bus/pci/devices/0000:3b:02.1/driver -> ../../../../bus/pci/drivers/vfio-pci
/sys/bus/pci/devices/0000:3b:02.2/driver -> ../../../../bus/pci/drivers/vfio-pci
/sys/bus/pci/devices/0000:5e:0a.2/driver -> ../../../../bus/pci/drivers/vfio-pci
/sys/bus/pci/devices/0000:5e:0a.3/driver -> ../../../../bus/pci/drivers/iavf
`

func discover(t *testing.T, scenario string) *podnet.Pod {
	t.Helper()
	pod, err := podnet.Discover(t.Context(), podnettest.New(t, scenario).Options())
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// TestLookup asks for each kind of name, and drives what it stands for.
func TestLookup(t *testing.T) {
	pod := discover(t, lookupPod)
	for _, tt := range []struct {
		name  string
		want  string // names of the interfaces
		ports string // names of the ports, if these differ
	}{
		{"none", "", ""},
		{"net1", "net1", "0000:3b:02.1"},
		{"ns/left", "net1", "0000:3b:02.1"},
		{"eth0", "eth0", "-"},
		{"cbr0", "eth0", "-"},
		{"right", "net5", "-"},
		{"0000:3b:02.1", "net1", "0000:3b:02.1"},
		{"3B:02.2", "net2", "0000:3b:02.2"},
		{"0000:5e:0a.3", "0000:5e:0a.3", "0000:5e:0a.3"},
		{"mlx5_core.sf.4", "mlx5_core.sf.4", "mlx5_core.sf.4"},
		{"example.com/vf", "net2 0000:5e:0a.2 0000:5e:0a.3", "0000:3b:02.2 0000:5e:0a.2 0000:5e:0a.3"},
		{"EXAMPLE_COM_VF", "net2 0000:5e:0a.2 0000:5e:0a.3", "0000:3b:02.2 0000:5e:0a.2 0000:5e:0a.3"},
		{"example.com/fec", "0000:8b:00.0", "-"},
	} {
		found, err := pod.Lookup(tt.name)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		var got []string
		for _, i := range found {
			got = append(got, i.Name)
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s stands for %q, want %q", tt.name, text, tt.want)
		}
		config, ports, err := pod.EALConfig(podnet.EALOptions{Interfaces: []string{tt.name}})
		if tt.ports == "-" {
			if _, ok := errors.AsType[*podnet.InterfaceError](err); !ok || !reflect.DeepEqual(config, eal.Config{}) || ports != nil {
				t.Errorf("%s: %v, %v, %v, want an InterfaceError alone", tt.name, config, ports, err)
			}
			continue
		}
		if text := strings.Join(config.PortNames(), " "); err != nil || text != tt.ports || len(ports) != len(found) {
			t.Errorf("%s: ports %q (%v), error %v, want %q", tt.name, text, ports, err, tt.ports)
		}
	}
}

func TestLookupFails(t *testing.T) {
	pod := discover(t, lookupPod)
	for _, tt := range []struct {
		name string
		kind error
		says []string
	}{
		{"net7", podnet.ErrNoSuchInterface, []string{"eth0, net1, net2, net3, net4, net5", "0000:5e:0a.2 of EXAMPLE_COM_VF"}},
		{"", podnet.ErrNoSuchInterface, nil},
		{"0000:3b:02.7", podnet.ErrNoSuchInterface, nil},
		{"left", podnet.ErrAmbiguous, []string{"net1, net4"}},
		{"ns/both", podnet.ErrAmbiguous, []string{"net2, net3"}},
		{"example.com/other", podnet.ErrNoSuchInterface, nil},
		{"net1,server=1", podnet.ErrNoSuchInterface, nil},
	} {
		found, err := pod.Lookup(tt.name)
		fail, ok := errors.AsType[*podnet.InterfaceError](err)
		if found != nil || !ok || !errors.Is(err, tt.kind) || fail.Interface != tt.name || fail.Transient {
			t.Errorf("%q: %v, %v, want an error of kind %v that does not pass", tt.name, found, err, tt.kind)
			continue
		}
		for _, text := range tt.says {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%q: error %q does not say %q", tt.name, err, text)
			}
		}
		if _, _, ealErr := pod.EALConfig(podnet.EALOptions{Interfaces: []string{"net1", tt.name}}); ealErr == nil || ealErr.Error() != err.Error() {
			t.Errorf("%q: EALConfig says %v", tt.name, ealErr)
		}
	}
	waiting := discover(t, "-- annotations/a --\nb\n")
	_, err := waiting.Lookup("net1")
	if fail, ok := errors.AsType[*podnet.InterfaceError](err); !ok || !fail.Transient || !strings.Contains(err.Error(), "(yet)") {
		t.Errorf("before there is a status: %v", err)
	}
}

// TestNamesThatDoNotMatchByChance has an interface without a network, and a vDPA
// device of a scalable function.
func TestNamesThatDoNotMatchByChance(t *testing.T) {
	pod := literalPod(t,
		podnet.Interface{Name: "net1", Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: address(t, "3b:02.1")}},
		podnet.Interface{Name: "net2", Network: "ns/a", Kind: podnet.KindVDPA, VDPA: &podnet.VDPA{Driver: "vhost", Path: "/dev/vhost-vdpa-0", Auxiliary: "mlx5_core.sf.4"}})
	if found, err := pod.Lookup(""); !errors.Is(err, podnet.ErrNoSuchInterface) || found != nil {
		t.Errorf("the empty name: %v, %v", found, err)
	}
	if found, err := pod.Lookup("mlx5_core.sf.4"); err != nil || len(found) != 1 || found[0].Name != "net2" {
		t.Errorf("the scalable function of a vDPA device: %v, %v", found, err)
	}
}

// TestResourceOfTheDefaultNetwork keeps kubelet's way to the pod.
func TestResourceOfTheDefaultNetwork(t *testing.T) {
	vf := func(name, bdf string) podnet.Interface {
		return podnet.Interface{Name: name, Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: address(t, bdf), Resource: "R"}}
	}
	eth0, net1 := vf("eth0", "3b:02.1"), vf("net1", "3b:02.2")
	eth0.Default = true
	if found, err := literalPod(t, eth0, net1).Lookup("r"); err != nil || len(found) != 1 || found[0].Name != "net1" {
		t.Errorf("%v, %v, want net1", found, err)
	}
	pod := literalPod(t, eth0)
	if found, err := pod.Lookup("r"); !errors.Is(err, podnet.CodeDefaultNetwork) || found != nil {
		t.Errorf("%v, %v, want a refusal", found, err)
	}
	for _, name := range []string{"eth0", "3b:02.1"} {
		if _, ports, err := pod.EALConfig(podnet.EALOptions{Interfaces: []string{name}}); err != nil || len(ports) != 1 {
			t.Errorf("%s: %v, %v", name, ports, err)
		}
	}
}

// TestNothingIsSelectedInSilence has each way to end up without a port.
func TestNothingIsSelectedInSilence(t *testing.T) {
	pod := discover(t, lookupPod)
	cases := map[string]struct {
		pod     *podnet.Pod
		options podnet.EALOptions
		kind    error
	}{
		"an empty list":       {pod, podnet.EALOptions{Interfaces: []string{}}, podnet.ErrNoPorts},
		"none and another":    {pod, podnet.EALOptions{Interfaces: []string{"none", "net1"}}, podnet.CodeBadOption},
		"options for none":    {pod, podnet.EALOptions{DevArgs: map[string][]eal.DevArg{"none": {{Key: "a", Value: "1"}}}}, podnet.CodeBadOption},
		"options for another": {pod, podnet.EALOptions{Interfaces: []string{"net1"}, DevArgs: map[string][]eal.DevArg{"net2": {{Key: "a", Value: "1"}}}}, podnet.CodeBadOption},
		"options by two names": {pod, podnet.EALOptions{DevArgs: map[string][]eal.DevArg{
			"net1": {{Key: "a", Value: "1"}}, "ns/left": {{Key: "b", Value: "1"}},
		}}, podnet.CodeBadOption},
		"options for nothing": {pod, podnet.EALOptions{DevArgs: map[string][]eal.DevArg{"net7": {{Key: "a", Value: "1"}}}}, podnet.ErrNoSuchInterface},
		"the default alone":   {literalPod(t, podnet.Interface{Name: "eth0", Default: true, Kind: podnet.KindPCI, PCI: &podnet.PCI{}}), podnet.EALOptions{}, podnet.CodeDefaultNetwork},
		"no interface":        {literalPod(t), podnet.EALOptions{}, podnet.ErrNoPorts},
		"an option that makes no port": {
			literalPod(t), podnet.EALOptions{Extra: []string{"--log-level=debug"}}, podnet.ErrNoPorts,
		},
	}
	for name, tt := range cases {
		config, ports, err := tt.pod.EALConfig(tt.options)
		if !errors.Is(err, tt.kind) || !reflect.DeepEqual(config, eal.Config{}) || ports != nil {
			t.Errorf("%s: %v, %v, %v, want %v alone", name, config, ports, err, tt.kind)
		}
	}
	if config, ports, err := literalPod(t).EALConfig(podnet.EALOptions{Extra: []string{"--vdev=net_null0"}}); err != nil || len(ports) != 0 || len(config.PortNames()) != 1 {
		t.Errorf("a port of the caller's own: %v, %v, %v", config, ports, err)
	}
}

// TestPortsSayWhatTheyAre compares the fields of a port with its interface.
func TestPortsSayWhatTheyAre(t *testing.T) {
	_, ports, err := discover(t, lookupPod).EALConfig(podnet.EALOptions{
		Interfaces: []string{"net1", "0000:5e:0a.3", "net3"}, Devices: []eal.Device{eal.VDev{Arg: "net_null0"}},
	})
	if err != nil || len(ports) != 4 {
		t.Fatalf("%v, %v", ports, err)
	}
	if !errors.Is(ports[2].NotReady, podnet.ErrWrongDriver) {
		t.Errorf("port on iavf: %v", ports[2].NotReady)
	}
	ports[2].NotReady = nil
	want := []podnet.Port{
		{Interface: "net1", Network: "ns/left", Kind: podnet.KindPCI, Device: "0000:3b:02.1", PortName: "0000:3b:02.1"},
		{Interface: "net3", Network: "ns/both", Kind: podnet.KindMemif, Device: "/run/m", PortName: "net_memif_net3"},
		{Interface: "0000:5e:0a.3", Kind: podnet.KindPCI, Device: "0000:5e:0a.3", PortName: "0000:5e:0a.3"},
		{Interface: "net_null0", Device: "net_null0", PortName: "net_null0"},
	}
	if !reflect.DeepEqual(want, ports) {
		t.Errorf("ports %+v, want %+v", ports, want)
	}
}

// TestDefaultPorts takes the devices that are ports by default, by address.
func TestDefaultPorts(t *testing.T) {
	pod := discover(t, lookupPod)
	for n := range pod.Unassigned {
		pod.Unassigned[n].Port = true
	}
	if _, _, err := pod.EALConfig(podnet.EALOptions{}); !errors.Is(err, podnet.CodeAccelerator) {
		t.Errorf("an accelerator as a port: %v", err)
	}
	for n := range pod.Unassigned {
		pod.Unassigned[n].Port = pod.Unassigned[n].Reason != podnet.CodeAccelerator
	}
	config, _, err := pod.EALConfig(podnet.EALOptions{})
	want := "0000:3b:02.1 0000:3b:02.2 net_memif_net3 mlx5_core.sf.4 0000:5e:0a.2 0000:5e:0a.3"
	if got := strings.Join(config.PortNames(), " "); err != nil || got != want {
		t.Errorf("ports %q, error %v, want %q", got, err, want)
	}
}

// TestOneDeviceOnTwoInterfaces gives an option for one of the two.
func TestOneDeviceOnTwoInterfaces(t *testing.T) {
	vf := func(name string) podnet.Interface {
		return podnet.Interface{Name: name, Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: address(t, "3b:02.6"), Driver: "vfio-pci"}}
	}
	option := func(value string) []eal.DevArg { return []eal.DevArg{{Key: "mprq_en", Value: value}} }
	config, ports, err := literalPod(t, vf("net1"), vf("net2")).EALConfig(podnet.EALOptions{DevArgs: map[string][]eal.DevArg{"net2": option("1")}})
	if err != nil || len(ports) != 2 || len(config.Devices) != 1 {
		t.Fatalf("%v, %v, %v", config.Devices, ports, err)
	}
	if text, err := eal.RenderDevice(config.Devices[0], 0); text != "0000:3b:02.6,mprq_en=1" {
		t.Errorf("device %q, %v", text, err)
	}
	config, _, err = literalPod(t, vf("net1"), vf("net2")).EALConfig(podnet.EALOptions{DevArgs: map[string][]eal.DevArg{"net1": option("0"), "net2": option("1")}})
	if err != nil {
		t.Fatal(err)
	}
	if args, err := config.Args(); err == nil || !strings.Contains(err.Error(), "two devices") {
		t.Errorf("options that clash: %q, %v", args, err)
	}
}
