package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/pciaddr"
	"github.com/podnet/podnet/lib/podnet"
)

func vf(name, address, driver string, group int) podnet.Interface {
	return podnet.Interface{
		Name: name, Kind: podnet.KindPCI, Network: "ns/" + name,
		PCI: &podnet.PCI{Address: pciaddr.MustParse(address), Driver: driver, IOMMUGroup: &group},
	}
}

// subject is a pod on two VFs, whose devices and memory are as they should be.
func subject(t *testing.T, interfaces ...podnet.Interface) *Subject {
	t.Helper()
	pod := &podnet.Pod{CPUs: &podnet.CPUs{}, Interfaces: interfaces}
	if err := pod.CPUs.Allowed.UnmarshalText([]byte("2-3")); err != nil {
		t.Fatal(err)
	}
	config, ports, err := pod.EALConfig(podnet.EALOptions{Memory: podnet.MemoryNone, Devices: []eal.Device{eal.VDev{Arg: "net_null0"}}})
	if err != nil {
		t.Fatal(err)
	}
	return &Subject{Pod: pod, Options: Options{EAL: config, Ports: ports}, system: system{
		open:    func(string) error { return nil },
		memlock: func() (uint64, bool) { return 1 << 30, true },
	}}
}

// lines are the results, one a line: check, status, interface and code.
func lines(t *testing.T, s *Subject) []string {
	t.Helper()
	results, err := run(t.Context(), All(), s)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range results {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", r.Check, r.Status, r.Interface, r.Code)), " "))
		if bad := r.Status == Fail || r.Status == Warn; bad == (r.Code == "") || (r.Status == Pass) != (r.Cause == "") {
			t.Errorf("result %+v", r)
		}
	}
	return out
}

// TestRun has one thing wrong at a time.
func TestRun(t *testing.T) {
	good := func() []podnet.Interface {
		return []podnet.Interface{vf("net1", "3b:02.1", "vfio-pci", 7), vf("net2", "3b:02.2", "vfio-pci", 8)}
	}
	deny := func(node string, err error) func(*Subject) {
		return func(s *Subject) {
			s.system.open = func(name string) error {
				if name == node {
					return &fs.PathError{Op: "open", Path: name, Err: err}
				}
				return nil
			}
		}
	}
	pass := []string{"hugepages-free skip", "memory-lock pass", "ports-ready pass", "vfio-nodes pass"}
	for name, tt := range map[string]struct {
		interfaces []podnet.Interface
		change     func(*Subject)
		want       []string
	}{
		"all is well": {good(), func(*Subject) {}, pass},
		"wrong driver": {
			[]podnet.Interface{vf("net1", "3b:02.1", "iavf", 7), vf("net2", "3b:02.2", "vfio-pci", 8)},
			func(*Subject) {},
			[]string{"hugepages-free skip", "memory-lock pass", "ports-ready fail net1 wrong-driver", "vfio-nodes pass"},
		},
		"no vfio": {
			[]podnet.Interface{{Name: "net1", Kind: podnet.KindMemif, Memif: &podnet.Memif{Path: "/m", Role: podnet.RoleServer}}},
			func(*Subject) {},
			[]string{"hugepages-free skip", "memory-lock skip", "ports-ready pass", "vfio-nodes skip"},
		},
		"container missing": {good(), deny("/dev/vfio/vfio", fs.ErrNotExist), replace(pass, "vfio-nodes", "vfio-nodes fail net1 device-node-missing")},
		"group held":        {good(), deny("/dev/vfio/8", syscall.EBUSY), replace(pass, "vfio-nodes", "vfio-nodes fail net2 busy-group")},
		"group closed":      {good(), deny("/dev/vfio/7", fs.ErrPermission), replace(pass, "vfio-nodes", "vfio-nodes fail net1 device-node-closed")},
		"group broken":      {good(), deny("/dev/vfio/7", syscall.EIO), replace(pass, "vfio-nodes", "vfio-nodes fail net1 device-node-closed")},
		"little memory": {
			good(), func(s *Subject) { s.system.memlock = func() (uint64, bool) { return 64 << 10, true } },
			replace(pass, "memory-lock", "memory-lock fail net1 no-memory-lock"),
		},
		"may lock": {good(), func(s *Subject) { s.system.memlock = func() (uint64, bool) { return 0, false } }, pass},
		"without an IOMMU": {
			good(), func(s *Subject) {
				for _, i := range s.Pod.Interfaces {
					i.PCI.NoIOMMU = true
				}
				s.Pod.Interfaces[1].PCI.CharDevices = []string{"/dev/vfio/8"}
				deny("/dev/vfio/noiommu-7", fs.ErrNotExist)(s)
			},
			[]string{"hugepages-free skip", "memory-lock skip", "ports-ready pass", "vfio-nodes fail net1 device-node-missing"},
		},
		"devices of the caller's own": {
			good(), func(s *Subject) { s.Ports = s.Ports[2:] },
			[]string{"hugepages-free skip", "memory-lock skip", "ports-ready pass", "vfio-nodes skip"},
		},
		"no port": {
			good(), func(s *Subject) { s.Ports = nil },
			[]string{"hugepages-free skip", "memory-lock skip", "ports-ready skip", "vfio-nodes skip"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := subject(t, tt.interfaces...)
			tt.change(s)
			if got := lines(t, s); !slices.Equal(got, tt.want) {
				t.Errorf("results %q, want %q", got, tt.want)
			}
		})
	}
}

func replace(lines []string, check, line string) []string {
	lines = slices.Clone(lines)
	for i := range lines {
		if strings.HasPrefix(lines[i], check+" ") {
			lines[i] = line
		}
	}
	return lines
}

func TestHugepagesFree(t *testing.T) {
	pod := &podnet.Pod{Hugepages: []podnet.Hugepages{
		{Size: "2Mi", Nodes: []podnet.HugepageNode{{Node: 0, FreeBytes: 100 * mib}, {Node: 1, FreeBytes: 10 * mib}}},
		{Size: "1Gi", Nodes: []podnet.HugepageNode{{Node: 1, FreeBytes: 1024 * mib}}},
	}}
	for _, tt := range []struct {
		name string
		pod  *podnet.Pod
		want []int // of each node
		says string
	}{
		{"enough", pod, []int{100, 1034}, ""},
		{"too few", pod, []int{0, 1036}, "1036 MiB on NUMA node 1, where 1034 MiB are free"},
		{"node without a pool", pod, []int{0, 0, 64}, ""},
		{"unknown", &podnet.Pod{}, []int{256}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			results, err := Run(t.Context(), tt.pod, Options{EAL: eal.Config{Memory: eal.Memory{NodeMiB: tt.want}}})
			if err != nil {
				t.Fatal(err)
			}
			err = Err(results)
			if (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) || !errors.Is(err, podnet.ErrNoHugepages)) {
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

// TestErr makes an error of each failure and of nothing else.
func TestErr(t *testing.T) {
	err := Err([]Result{
		{Status: Pass},
		{Status: Skip, Cause: "c"},
		{Status: Warn, Code: podnet.CodeMTU, Cause: "c"},
		{Status: Fail, Interface: "net1", Code: podnet.CodeBusyGroup, Where: "/dev/vfio/7", Cause: "held", Remedy: "wait", Transient: true},
		{Status: Fail, Code: podnet.CodeNoHugepages, Where: "node 0", Cause: "hugepages: none"},
	})
	if want := "interface \"net1\": held: wait\nhugepages: none"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	iface, ok := errors.AsType[*podnet.InterfaceError](err)
	if !ok || iface.Where != "/dev/vfio/7" || !iface.Transient || !errors.Is(err, podnet.CodeBusyGroup) || errors.Is(err, podnet.CodeMTU) {
		t.Errorf("error %#v", iface)
	}
	if err := Err(nil); err != nil {
		t.Error(err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("told to stop")
	cancel(stop)
	if results, err := Run(ctx, &podnet.Pod{}, Options{}); !errors.Is(err, stop) || len(results) != 0 {
		t.Errorf("%v, %v", results, err)
	}
}
