package podnet_test

import (
	"bufio"
	"bytes"
	"errors"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
	"github.com/podnet/podnet/lib/render"
)

// TestEALConfigScenarios resolves each scenario of testdata/args and compares
// the arguments that DPDK gets. It adds these sections to podnettest's:
//
//   - "options" chooses: interfaces, devargs, queues, memory, vdev, version, app.
//   - "want args" are the arguments, one per line.
//   - "want ports" are the ports, one per line: the interface, the port's name, and
//     after ": " why it is not ready.
//   - "want warnings" are codes that the pod's warnings have among them.
//   - "want error" is a part of the error.
func TestEALConfigScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/args/*.txtar")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d scenarios, error %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			s := podnettest.Load(t, file)
			pod, err := podnet.Discover(t.Context(), s.Options())
			if err != nil {
				t.Fatal(err)
			}
			opts, app := ealOptions(t, s)

			// One call must not change the answer of the next.
			_, _, _ = ealArgs(pod, podnet.EALOptions{}, "")

			args, ports, err := ealArgs(pod, opts, app)
			if want, ok := s.Section("want error"); ok {
				if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(string(want))) {
					t.Fatalf("got %q and error %v, want an error with %s", args, err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sectionLines(t, s, "want args"), args); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
			if _, ok := s.Section("want ports"); ok {
				if diff := cmp.Diff(sectionLines(t, s, "want ports"), portLines(ports), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("ports (-want +got):\n%s", diff)
				}
			}
			codes := map[string]bool{}
			for _, w := range pod.Warnings {
				codes[string(w.Code)] = true
			}
			if _, ok := s.Section("want warnings"); ok {
				for _, code := range sectionLines(t, s, "want warnings") {
					if !codes[code] {
						t.Errorf("no warning %q in %+v", code, pod.Warnings)
					}
				}
			}
		})
	}
}

func ealArgs(pod *podnet.Pod, o podnet.EALOptions, app render.App) ([]string, []podnet.Port, error) {
	config, ports, err := pod.EALConfig(o)
	if err != nil {
		return nil, nil, err
	}
	args, err := config.Args()
	if err != nil || app == "" {
		return args, ports, err
	}
	appArgs, err := render.Args(config, app, render.Options{Queues: o.Queues})
	return append(append(args, "--"), appArgs...), ports, err
}

func ealOptions(t *testing.T, s *podnettest.Scenario) (o podnet.EALOptions, app render.App) {
	t.Helper()
	if _, ok := s.Section("options"); !ok {
		return o, app
	}
	for _, line := range sectionLines(t, s, "options") {
		key, value, _ := strings.Cut(line, " ")
		var err error
		switch key {
		case "interfaces":
			o.Interfaces = strings.Split(value, ",")
		case "queues":
			o.Queues, err = strconv.Atoi(value)
		case "memory":
			o.Memory = podnet.MemoryMode(value)
		case "vdev":
			o.Devices = append(o.Devices, eal.VDev{Arg: value})
		case "version":
			o.Version, err = eal.ParseVersion(value)
		case "devargs":
			name, text, _ := strings.Cut(value, " ")
			o.DevArgs = map[string][]eal.DevArg{}
			o.DevArgs[name], err = eal.ParseDevArgs(text)
		case "app":
			app = render.App(value)
		default:
			err = errors.New("unknown option")
		}
		if err != nil {
			t.Fatalf("option %q: %v", line, err)
		}
	}
	return o, app
}

func sectionLines(t *testing.T, s *podnettest.Scenario, name string) []string {
	t.Helper()
	data, ok := s.Section(name)
	if !ok {
		t.Fatalf("no section %q", name)
	}
	var lines []string
	for scanner := bufio.NewScanner(bytes.NewReader(data)); scanner.Scan(); {
		if line := scanner.Text(); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func portLines(ports []podnet.Port) []string {
	var lines []string
	for _, p := range ports {
		line := p.Interface + " " + p.PortName
		if p.NotReady != nil {
			line += ": " + p.NotReady.Error()
		}
		lines = append(lines, line)
	}
	return lines
}

// literalPod has two CPUs and these interfaces.
func literalPod(t *testing.T, interfaces ...podnet.Interface) *podnet.Pod {
	t.Helper()
	pod := &podnet.Pod{Interfaces: interfaces, CPUs: &podnet.CPUs{}}
	if err := pod.CPUs.Allowed.UnmarshalText([]byte("2-3")); err != nil {
		t.Fatal(err)
	}
	return pod
}

func address(t *testing.T, s string) pciaddr.Address {
	t.Helper()
	a, err := pciaddr.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEALConfigDevices(t *testing.T) {
	evidence := []podnet.Evidence{
		{Field: "kind", Source: "annotation", Where: "x"},
		{Field: "vdpa.path", Source: "sysfs", Where: "/sys/bus/vdpa"},
	}
	origin := func(name string) eal.Origin { return eal.Origin{Interface: name} }
	tests := []struct {
		name  string
		iface podnet.Interface
		want  eal.Device  // nil: left out
		code  podnet.Code // of the error when it is asked for
	}{
		{
			name:  "vDPA on vhost",
			iface: podnet.Interface{Name: "net1", Kind: podnet.KindVDPA, VDPA: &podnet.VDPA{Driver: "vhost", Path: "/dev/vhost-vdpa-1"}, MAC: "02:00:00:00:00:01", Evidence: evidence},
			want:  eal.VirtioUser{Origin: eal.Origin{Interface: "net1", Where: "sysfs /sys/bus/vdpa"}, Path: "/dev/vhost-vdpa-1", Queues: 3},
		},
		{
			name:  "vDPA on virtio",
			iface: podnet.Interface{Name: "net1", Kind: podnet.KindVDPA, VDPA: &podnet.VDPA{Driver: "virtio", Netdev: "net1"}}, code: podnet.CodeVirtioVDPA,
		},
		{
			name:  "scalable function",
			iface: podnet.Interface{Name: "net1", Kind: podnet.KindPCI, PCI: &podnet.PCI{Auxiliary: "mlx5_core.sf.4"}},
			want:  eal.Auxiliary{Origin: origin("net1"), Name: "mlx5_core.sf.4"},
		},
		{name: "unknown", iface: podnet.Interface{Name: "net1", Kind: podnet.KindUnknown}, code: podnet.CodeUnknownDevice},
		{name: "kernel", iface: podnet.Interface{Name: "net1", Kind: podnet.KindKernel}, code: podnet.CodeKernelNetdev},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pod := literalPod(t, tt.iface)
			config, ports, err := pod.EALConfig(podnet.EALOptions{Queues: 3})
			if tt.want != nil {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]eal.Device{tt.want}, config.Devices); diff != "" {
					t.Errorf("devices (-want +got):\n%s", diff)
				}
				if len(ports) != 1 || ports[0].PortName != tt.want.PortName() || ports[0].NotReady != nil {
					t.Errorf("ports %+v, want %s", ports, tt.want.PortName())
				}
				return
			}
			if !errors.Is(err, podnet.ErrNoPorts) || !errors.Is(err, tt.code) || !reflect.DeepEqual(config, eal.Config{}) || ports != nil {
				t.Errorf("config %v, ports %v, error %v, want nothing beside ErrNoPorts and %s", config, ports, err, tt.code)
			}
			_, _, err = pod.EALConfig(podnet.EALOptions{Interfaces: []string{"net1"}})
			for _, err := range []error{err, pod.Interfaces[0].PortError()} {
				if e, ok := errors.AsType[*podnet.InterfaceError](err); !ok || e.Code != tt.code {
					t.Errorf("error %v, want an InterfaceError with %q", err, tt.code)
				}
			}
		})
	}
}

// No interface that was meant for DPDK is left out silently.
func TestEALConfigRefuses(t *testing.T) {
	tests := []struct {
		name  string
		iface podnet.Interface
		text  string
	}{
		{"vhost-user mode", podnet.Interface{Kind: podnet.KindVhostUser, VhostUser: &podnet.VhostUser{Path: "/s"}}, `vhost-user mode ""`},
		{"memif role", podnet.Interface{Kind: podnet.KindMemif, Memif: &podnet.Memif{Path: "/s", Role: "master"}}, `memif role "master"`},
		{"memif mode", podnet.Interface{Kind: podnet.KindMemif, Memif: &podnet.Memif{Path: "/s", Role: "client", Mode: "inject-punt"}}, "not supported by the DPDK memif PMD"},
		{"vDPA without a node", podnet.Interface{Kind: podnet.KindVDPA, VDPA: &podnet.VDPA{Driver: "vhost"}}, "character device"},
	}
	for _, tt := range tests {
		tt.iface.Name = "net1"
		_, _, err := literalPod(t, tt.iface).EALConfig(podnet.EALOptions{})
		if e, ok := errors.AsType[*podnet.InterfaceError](err); !ok || e.Interface != "net1" || !strings.Contains(e.Message, tt.text) {
			t.Errorf("%s: error %v, want an InterfaceError of net1 with %q", tt.name, err, tt.text)
		}
	}
}

func TestEALConfigVFTokens(t *testing.T) {
	const token, other = "14d63f20-8445-11ea-8900-1f9ce7d5650d", "24d63f20-8445-11ea-8900-1f9ce7d5650d"
	vf := func(name, bdf, token string) podnet.Interface {
		return podnet.Interface{Name: name, Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: address(t, bdf), VFIOToken: token}}
	}
	config, _, err := literalPod(t, vf("net1", "3b:02.1", ""), vf("net2", "3b:02.2", token), vf("net3", "3b:02.3", token)).EALConfig(podnet.EALOptions{})
	if err != nil || config.VFIOToken != token {
		t.Errorf("token %q, error %v; want %s", config.VFIOToken, err, token)
	}
	if _, _, err := literalPod(t, vf("net1", "3b:02.1", token), vf("net2", "3b:02.2", other)).EALConfig(podnet.EALOptions{}); err == nil || !strings.Contains(err.Error(), "net1") {
		t.Errorf("two tokens: error %v, want one that names both interfaces", err)
	}
}

func TestEALConfigReady(t *testing.T) {
	tests := []struct {
		pci   podnet.PCI
		ready bool
	}{
		{podnet.PCI{Driver: "vfio-pci"}, true},
		{podnet.PCI{Driver: "mlx5_vfio_pci"}, true},
		{podnet.PCI{Driver: "virtio_vfio_pci"}, true},
		{podnet.PCI{Driver: "uio_pci_generic"}, true},
		{podnet.PCI{Driver: "igb_uio"}, true},
		{podnet.PCI{Driver: "mlx5_core"}, true},
		{podnet.PCI{Driver: "mlx4_core"}, true},
		{podnet.PCI{Driver: "mana"}, true},
		{podnet.PCI{}, true}, // sysfs says nothing of it
		{podnet.PCI{Vendor: "8086"}, false},
		{podnet.PCI{Driver: "iavf"}, false},
		{podnet.PCI{Driver: "ixgbevf"}, false},
		{podnet.PCI{Driver: "igbvf"}, false},
		{podnet.PCI{Driver: "virtio-pci"}, false},
		{podnet.PCI{Driver: "vfio-pci", NotPresent: true}, false},
		{podnet.PCI{Auxiliary: "mlx5_core.sf.4", Driver: "mlx5_core.sf"}, true},
		{podnet.PCI{Auxiliary: "mlx5_core.sf.4"}, true},
		{podnet.PCI{Auxiliary: "ice.sf.1", Driver: "ice"}, false},
	}
	for _, tt := range tests {
		if tt.pci.Auxiliary == "" {
			tt.pci.Address = address(t, "0000:3b:02.6")
		}
		_, ports, err := literalPod(t, podnet.Interface{Name: "net1", Kind: podnet.KindPCI, PCI: &tt.pci}).EALConfig(podnet.EALOptions{})
		if err != nil {
			t.Errorf("%+v: %v", tt.pci, err)
			continue
		}
		if got := ports[0].NotReady == nil; got != tt.ready {
			t.Errorf("%+v: ready %t (%v), want %t", tt.pci, got, ports[0].NotReady, tt.ready)
		}
	}
}

// TestSkipUnusable leaves out of the ports by default what EAL would skip, and says
// so.
func TestSkipUnusable(t *testing.T) {
	pf := func(bdf, driver string) *podnet.PCI {
		return &podnet.PCI{Address: address(t, bdf), Driver: driver, Vendor: "8086", NotPresent: driver == "gone"}
	}
	vf := func(name, bdf, driver string) podnet.Interface {
		return podnet.Interface{Name: name, Kind: podnet.KindPCI, PCI: pf(bdf, driver)}
	}
	peerless := podnet.Interface{
		Name: "net4", Kind: podnet.KindMemif, Memif: &podnet.Memif{Path: "/s", Role: "client"},
		Problems: []podnet.Problem{{Code: podnet.CodeSocketMissing, Message: "not there", Transient: true}},
	}
	pod := literalPod(t, vf("net1", "3b:02.1", "iavf"), vf("net2", "3b:02.2", "vfio-pci"), vf("net3", "3b:02.3", "gone"), peerless)
	pod.Unassigned = []podnet.Unassigned{{ID: "0000:3b:02.5", Kind: podnet.KindPCI, PCI: pf("3b:02.5", ""), Port: true, Reason: podnet.CodeUnclaimed}}

	names := func(o podnet.EALOptions) string {
		config, ports, err := pod.EALConfig(o)
		if err != nil || len(config.Devices) != len(ports) {
			t.Fatalf("%v, %v, %v", config.Devices, ports, err)
		}
		var names []string
		for _, p := range ports {
			names = append(names, p.Interface)
		}
		return strings.Join(names, " ")
	}
	if got, want := names(podnet.EALOptions{}), "net1 net2 net3 net4 0000:3b:02.5"; got != want {
		t.Errorf("all ports by default: %s, want %s", got, want)
	}
	if got, want := names(podnet.EALOptions{SkipUnusable: true}), "net2 net4"; got != want {
		t.Errorf("usable ports: %s, want %s", got, want)
	}
	if got, want := names(podnet.EALOptions{SkipUnusable: true, Interfaces: []string{"net1"}}), "net1"; got != want {
		t.Errorf("named ports: %s, want %s", got, want)
	}

	left := pod.LeftOut([]podnet.Port{{Interface: "net2"}, {Interface: "net4"}})
	for n, code := range []podnet.Code{podnet.CodeWrongDriver, podnet.CodeNotPresent, podnet.CodeNoIOMMU} {
		if len(left) != 3 || !errors.Is(left[n], code) {
			t.Fatalf("left out: %v, want %s at %d", left, code, n)
		}
	}

	pod.Interfaces = pod.Interfaces[:1]
	_, ports, err := pod.EALConfig(podnet.EALOptions{SkipUnusable: true, DevArgs: map[string][]eal.DevArg{"net1": {{Key: "a", Value: "1"}}}})
	if ports != nil || !errors.Is(err, podnet.ErrNoPorts) || !errors.Is(err, podnet.ErrWrongDriver) || !errors.Is(err, podnet.CodeNoIOMMU) {
		t.Errorf("nothing usable: %v, %v", ports, err)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("an error of several lines: %q", err)
	}
}

func TestEALConfigFails(t *testing.T) {
	node := 1 << 30
	far := podnet.Interface{Name: "net1", Kind: podnet.KindPCI, PCI: &podnet.PCI{Address: address(t, "3b:02.6"), NUMANode: &node}}
	config, _, err := literalPod(t, far).EALConfig(podnet.EALOptions{Memory: podnet.MemoryHugepages})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{256}, config.Memory.NodeMiB); diff != "" {
		t.Errorf("memory of a port on a node that no EAL knows (-want +got):\n%s", diff)
	}
	if _, _, err := literalPod(t, far).EALConfig(podnet.EALOptions{Memory: "some"}); err == nil || !strings.Contains(err.Error(), "memory mode") || !errors.Is(err, podnet.CodeBadOption) {
		t.Errorf("unknown memory mode: error %v", err)
	}
	for _, o := range []podnet.EALOptions{{Queues: -1}, {MTU: -1}} {
		if _, _, err := literalPod(t, far).EALConfig(o); !errors.Is(err, podnet.CodeBadOption) {
			t.Errorf("%+v: error %v", o, err)
		}
	}
	for _, pod := range []*podnet.Pod{{}, {CPUs: &podnet.CPUs{}}} {
		if _, _, err := pod.EALConfig(podnet.EALOptions{}); !errors.Is(err, podnet.ErrCPUsUnknown) {
			t.Errorf("no CPUs: error %v", err)
		}
	}
	pod, limit := literalPod(t, far), uint64(1<<30)
	pod.Hugepages = []podnet.Hugepages{{Size: "2MB", LimitBytes: &limit}}
	if _, _, err := pod.EALConfig(podnet.EALOptions{}); err == nil || !strings.Contains(err.Error(), `"2MB"`) || !errors.Is(err, podnet.CodeMalformed) {
		t.Errorf("page size of another notation: error %v", err)
	}
}
