package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// scene is a scenario on its way to the checks: what a case changes.
type scene struct {
	t       *testing.T
	root    string
	environ []string
	eal     podnet.EALOptions
	use     string
	linked  string
	change  func(*Subject)
}

// write replaces a file of the scenario, by a link if the text begins with "-> "; empty
// removes it.
func (s *scene) write(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.root, name)
	if err := os.RemoveAll(file); err != nil {
		s.t.Fatal(err)
	}
	if text == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	err := error(nil)
	if target, ok := strings.CutPrefix(text, "-> "); ok {
		err = os.Symlink(target, file)
	} else {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// replace changes a text in a file of the scenario.
func (s *scene) replace(name, old, text string) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.root, name))
	if err != nil || !strings.Contains(string(data), old) {
		s.t.Fatalf("%s has no %q: %v", name, old, err)
	}
	s.write(name, strings.ReplaceAll(string(data), old, text))
}

// filter has a filter of system calls, and these packages.
func (s *scene) filter(packages string) {
	s.replace("/proc/self/status", "Seccomp:	0", "Seccomp:	2")
	s.write("/var/lib/dpkg/status", packages)
	s.change = func(s *Subject) { s.system.mempolicy = func() error { return syscall.EPERM } }
}

const annotations = "/etc/podnetinfo/..2026_01_02_03_04_05.123456789/annotations"

// healthy is the scenario in which nothing is wrong.
func healthy(t *testing.T) *scene {
	t.Helper()
	s := podnettest.Load(t, "testdata/healthy.txtar")
	return &scene{t: t, root: s.Root, environ: s.Environ, use: "exec", change: func(*Subject) {}}
}

// results runs all checks on the scenario, with a process that may do everything.
func (s *scene) results() []Result {
	s.t.Helper()
	pod, err := podnet.Discover(s.t.Context(), podnet.Options{Root: s.root, Environ: s.environ})
	if err != nil {
		s.t.Fatal(err)
	}
	config, ports, err := pod.EALConfig(s.eal)
	o := Options{EAL: config, Ports: ports, Err: err, For: s.use, Linked: s.linked, Memory: s.eal.Memory, Queues: s.eal.Queues, Root: s.root, Environ: s.environ}
	system, err := newSystem(o)
	if err != nil {
		s.t.Fatal(err)
	}
	exists := func(name string) error { _, err := system.root.Stat(name); return err }
	system.open = exists
	system.access = func(name string, _ uint32) error { return exists(name) }
	system.memlock = func() (uint64, bool) { return 0, false }
	system.memfd = func(uint64) error { return nil }
	system.mempolicy = func() error { return nil }
	system.probe = exists
	system.locked = func(string) bool { return false }
	subject := &Subject{Pod: pod, Options: o, system: system}
	s.change(subject)
	results, err := run(s.t.Context(), All(), subject)
	if err != nil {
		s.t.Fatal(err)
	}
	return results
}

func deny(err error, names ...string) func(string) error {
	return func(name string) error {
		if slices.Contains(names, name) {
			return &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return nil
	}
}

// denyAccess denies what is in these directories too.
func denyAccess(err error, names ...string) func(string, uint32) error {
	return func(name string, _ uint32) error {
		for _, dir := range names {
			if name == dir || strings.HasPrefix(name, dir+"/") {
				return deny(err, name)(name)
			}
		}
		return nil
	}
}

// peers has one socket that answers so, and no other that a port makes.
func peers(name string, err error) func(*Subject) {
	return func(s *Subject) {
		s.system.probe = func(asked string) error {
			switch asked {
			case name:
				return err
			case "/run/v.sock":
				return nil
			}
			return fs.ErrNotExist
		}
	}
}

const vf1 = "/sys/bus/pci/devices/0000:d8:02.1/"

// oneWrong are cases in which one thing is wrong; each gives the line of what fails
// or warns, and nothing else does.
var oneWrong = []struct {
	name  string
	wrong func(*scene)
	want  string // status, check, interface, code
}{
	{"nothing", func(*scene) {}, ""},
	{"too few pages on the node", func(s *scene) {
		s.write("/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "3")
	}, "fail hugepages-free no-hugepages"},
	{"limit below what is taken", func(s *scene) {
		s.change = func(s *Subject) { s.EAL.Memory.NodeMiB = []int{0, 1026} }
	}, "fail hugepages-limit hugepage-limit"},
	{"limit below what ports need", func(s *scene) { s.write("/sys/fs/cgroup/hugetlb.2MB.max", "67108864") }, "warn hugepages-limit hugepage-limit"},
	{"no hugepages", func(s *scene) { s.write("/sys/fs/cgroup/hugetlb.2MB.max", "0") }, "warn hugepages-limit no-hugepages"},
	{"ordinary pages, as asked", func(s *scene) { s.eal.Memory = podnet.MemoryNone }, ""},
	{"pages of a size that the node lacks", func(s *scene) {
		s.write("/sys/fs/cgroup/hugetlb.1GB.max", "1073741824")
		s.write("/sys/fs/cgroup/hugetlb.2MB.max", "0")
	}, "fail hugepages-size hugepage-size"},
	{"no memfd", func(s *scene) {
		s.change = func(s *Subject) { s.system.memfd = func(uint64) error { return syscall.ENOSYS } }
	}, "fail hugepages-memfd no-memfd"},
	{"multi-process", func(s *scene) { s.eal.MultiProcess = true }, ""},
	{"multi-process without a mount", func(s *scene) {
		s.eal.MultiProcess = true
		s.replace("/proc/self/mountinfo", "3 1 0:3 / /dev/hugepages rw - hugetlbfs hugetlbfs rw,pagesize=2M\n", "")
	}, "fail hugetlbfs no-hugetlbfs"},
	{"multi-process, mount of another user", func(s *scene) {
		s.eal.MultiProcess = true
		s.change = func(s *Subject) { s.system.access = denyAccess(syscall.EACCES, "/dev/hugepages") }
	}, "fail hugetlbfs unreadable"},

	{"quota", func(s *scene) { s.write("/sys/fs/cgroup/cpu.max", "250000 100000") }, "warn cpu-exclusive shared-cpus"},
	{"all CPUs", func(s *scene) {
		s.write("/sys/fs/cgroup/cpu.max", "max 100000")
		s.write("/sys/devices/system/cpu/online", "4-7")
	}, "warn cpu-exclusive shared-cpus"},
	{"throttled", func(s *scene) { s.write("/sys/fs/cgroup/cpu.stat", "nr_throttled 9\nthrottled_usec 1500\n") }, "warn cpu-throttled throttled"},
	{"half a core", func(s *scene) { s.write("/sys/devices/system/cpu/cpu6/topology/thread_siblings_list", "6,14") }, "warn cpu-siblings split-cores"},
	{"others are isolated", func(s *scene) { s.write("/sys/devices/system/cpu/isolated", "6-15") }, "warn cpu-isolation not-isolated"},
	{"CPU outside of the set", func(s *scene) { s.change = func(s *Subject) { s.EAL.CPUs = []int{4, 9} } }, "fail cpu-allowed cpu-not-allowed"},
	{"CPU that is off", func(s *scene) { s.write("/sys/devices/system/cpu/online", "0-6") }, "fail cpu-allowed cpu-not-allowed"},
	{"one CPU", func(s *scene) {
		s.write("/sys/fs/cgroup/cpuset.cpus.effective", "4")
		s.replace("/proc/self/status", "4-7", "4")
		s.write("/sys/fs/cgroup/cpu.max", "100000 100000")
		s.write("/sys/devices/system/cpu/cpu4/topology/thread_siblings_list", "4")
	}, "warn cpu-lcores too-few-lcores"},
	{"more queues than lcores", func(s *scene) { s.eal.Queues = 4 }, "warn cpu-lcores too-few-lcores"},
	{"device on another node", func(s *scene) { s.write(vf1+"numa_node", "0") }, "warn numa-local net1 numa-remote"},
	{"CPUs of two nodes", func(s *scene) {
		s.write("/sys/devices/system/node/node1/cpulist", "4-6")
		s.write("/sys/devices/system/node/node0/cpulist", "0-3,7-15")
	}, "warn numa-local numa-remote"},
	{"memory of another node", func(s *scene) {
		s.write("/sys/fs/cgroup/cpuset.mems.effective", "0")
		s.write("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages", "2048")
		s.write("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages", "2048")
		s.write("/sys/bus/pci/devices/0000:d8:02.2/numa_node", "-1")
	}, "warn numa-local net1 numa-remote"},

	{"wrong driver", func(s *scene) { s.write(vf1+"driver", "-> ../../../../bus/pci/drivers/iavf") }, "fail ports-ready net1 wrong-driver"},
	{"not there", func(s *scene) { s.write(vf1, "") }, "fail ports-ready net1 not-present"},
	{"container of vfio missing", func(s *scene) { s.write("/dev/vfio/vfio", "") }, "fail vfio-nodes net1 device-node-missing"},
	{"group held", func(s *scene) { s.change = func(s *Subject) { s.system.open = deny(syscall.EBUSY, "/dev/vfio/8") } }, "fail vfio-nodes net2 busy-group"},
	{"group closed", func(s *scene) { s.change = func(s *Subject) { s.system.open = deny(syscall.EACCES, "/dev/vfio/7") } }, "fail vfio-nodes net1 device-node-closed"},
	{"group broken", func(s *scene) { s.change = func(s *Subject) { s.system.open = deny(syscall.EIO, "/dev/vfio/7") } }, "fail vfio-nodes net1 device-node-closed"},
	{"group of several", func(s *scene) { s.write("/sys/kernel/iommu_groups/7/devices/0000:d8:00.0", "x") }, "fail iommu-group net1 group-not-viable"},
	{"PF on vfio", func(s *scene) {
		s.write("/sys/bus/pci/devices/0000:d8:00.0/driver", "-> ../../../../bus/pci/drivers/vfio-pci")
		s.write("/sys/bus/pci/devices/0000:d8:02.2/physfn", "")
	}, "fail vf-token net1 vf-token"},
	{"PF on vfio, and its token", func(s *scene) {
		s.write("/sys/bus/pci/devices/0000:d8:00.0/driver", "-> ../../../../bus/pci/drivers/vfio-pci")
		s.eal.Extra = []string{"--vfio-vf-token=f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}
	}, ""},
	{"frames too large", func(s *scene) {
		s.replace(annotations, `\"net2\",\"mac\":\"02:00:00:00:00:02\",\"mtu\":1500`, `\"net2\",\"mac\":\"02:00:00:00:00:02\",\"mtu\":1400`)
		s.change = func(s *Subject) { s.FrameSize = 1518 }
	}, "fail mtu net2 mtu"},

	{"frames that fit", func(s *scene) { s.change = func(s *Subject) { s.FrameSize = 1518 } }, ""},

	{"no peer", func(s *scene) { s.write("/run/v.sock", "") }, "fail socket-peer net3 socket-missing"},
	{"no peer yet", func(s *scene) {
		s.write("/run/v.sock", "")
		s.use, s.linked = "run", "22.11.11"
	}, "warn socket-peer net3 socket-missing"},
	{"peer has ended", func(s *scene) { s.change = peers("/run/v.sock", syscall.ECONNREFUSED) }, "fail socket-peer net3 socket-stale"},
	{"peer's socket closed", func(s *scene) { s.change = peers("/run/v.sock", syscall.EACCES) }, "fail socket-peer net3 socket-closed"},
	{"a file in the peer's place", func(s *scene) {
		s.write("/run/v.sock", "x")
		s.change = peers("/run/v.sock", syscall.ECONNREFUSED)
	}, "warn pod-information malformed\nfail socket-peer net3 malformed"},
	{"a datagram socket in the peer's place", func(s *scene) { s.change = peers("/run/v.sock", kernel.ErrOtherSocket) }, "fail socket-peer net3 malformed"},
	{"directory read-only", func(s *scene) {
		s.change = func(s *Subject) { s.system.access = denyAccess(syscall.EROFS, "/run") }
	}, "fail socket-place net4 socket-directory\nfail runtime-directory no-runtime-dir"},
	{"name taken", func(s *scene) { s.change = peers("/run/m.sock", nil) }, "fail socket-place net4 socket-in-use"},
	{"left behind", func(s *scene) { s.change = peers("/run/m.sock", syscall.ECONNREFUSED) }, "fail socket-place net4 socket-stale"},

	{"NET_RAW that is raised later", func(s *scene) {
		s.replace("/proc/self/status", "CapEff:	0000000000806000", "CapEff:	0000000000804000")
		s.change = func(s *Subject) {
			i := slices.IndexFunc(s.Pod.Interfaces, func(i podnet.Interface) bool { return i.Name == "net2" })
			s.Pod.Interfaces[i].PCI.Driver = "mlx5_core"
		}
	}, ""},
	{"no NET_RAW", func(s *scene) {
		s.replace("/proc/self/status", "CapEff:	0000000000806000", "CapEff:	0000000000804000")
		s.replace("/proc/self/status", "CapPrm:	0000000000806000", "CapPrm:	0000000000804000")
		s.change = func(s *Subject) {
			i := slices.IndexFunc(s.Pod.Interfaces, func(i podnet.Interface) bool { return i.Name == "net2" })
			s.Pod.Interfaces[i].PCI.Driver = "mlx5_core"
		}
	}, "fail capabilities net2 no-capability"},
	{"packet sockets of an interface without NET_ADMIN", func(s *scene) {
		s.change = func(s *Subject) {
			s.EAL.Devices = append(s.EAL.Devices, eal.AFPacket{Origin: eal.Origin{Interface: "net9"}, Netdev: "net9"})
		}
	}, "fail capabilities net9 no-capability"},
	{"packet sockets with NET_ADMIN", func(s *scene) {
		s.replace("/proc/self/status", "CapEff:	0000000000806000", "CapEff:	0000000000807000")
		s.change = func(s *Subject) {
			s.EAL.Devices = append(s.EAL.Devices, eal.AFPacket{Origin: eal.Origin{Interface: "net9"}, Netdev: "net9"})
		}
	}, ""},
	{"no lock on memory", func(s *scene) {
		s.change = func(s *Subject) { s.system.memlock = func() (uint64, bool) { return 64 << 10, true } }
	}, "fail memory-lock net1 no-memory-lock"},
	{"filter", func(s *scene) { s.filter("Package: libnuma1\nStatus: install ok installed\nVersion: 2.0.16-1\n") }, "fail seccomp seccomp"},
	{"filter, and a libnuma that knows of it", func(s *scene) {
		s.filter("Package: a\n\nPackage: libnuma1\nStatus: install ok installed\nVersion: 2.0.19-1+b2\n\nPackage: z\nVersion: 1\n")
	}, ""},
	{"filter, and no list of packages", func(s *scene) { s.filter("") }, "warn seccomp seccomp"},
	{"filter, and libnuma was removed", func(s *scene) { s.filter("Package: libnuma1\nStatus: deinstall ok config-files\nVersion: 2.0.19-1\n") }, "warn seccomp seccomp"},
	{"filter, and a program that does without", func(s *scene) {
		s.use, s.linked = "bench", "22.11.11"
		s.replace("/proc/self/status", "Seccomp:	0", "Seccomp:	2")
		s.change = func(s *Subject) { s.system.mempolicy = func() error { return syscall.EPERM } }
	}, ""},
	{"runtime directory read-only", func(s *scene) {
		s.change = func(s *Subject) { s.system.access = denyAccess(syscall.EROFS, "/run/own") }
	}, "fail runtime-directory no-runtime-dir"},
	{"runtime directory read-only, prefix of the caller's own", func(s *scene) {
		s.eal.FilePrefix = "mine"
		s.change = func(s *Subject) { s.system.access = denyAccess(syscall.EROFS, "/run/own") }
	}, "warn runtime-directory no-runtime-dir"},
	{"nothing writable", func(s *scene) {
		s.eal.FilePrefix = "mine"
		s.change = func(s *Subject) { s.system.access = denyAccess(syscall.EROFS, "/run/own", "/tmp") }
	}, "fail runtime-directory no-runtime-dir"},
	{"prefix in use", func(s *scene) {
		s.eal.MultiProcess = true
		s.change = func(s *Subject) {
			s.system.locked = func(name string) bool { return name == "/run/own/dpdk/podnet/config" }
		}
	}, "fail runtime-directory prefix-in-use"},

	{"no port", func(s *scene) {
		s.eal.Interfaces = []string{}
	}, "fail eal-arguments no-ports"},
	{"unknown interface", func(s *scene) { s.eal.Interfaces = []string{"net9"} }, "fail eal-arguments net9 no-such-interface"},
	{"path too long", func(s *scene) {
		s.eal.Interfaces = []string{"net3"}
		long := "/run/" + strings.Repeat("x", 110)
		s.replace(annotations, "/run/v.sock", long)
	}, "fail socket-peer net3 socket-missing\nfail eal-arguments net3 inexpressible"},
	{"bad option", func(s *scene) {
		s.change = func(s *Subject) { s.EAL.FilePrefix = "/" }
	}, "fail eal-arguments bad-option"},
	{"no DPDK", func(s *scene) { s.use = "run" }, "fail dpdk-release no-dpdk"},
	{"another release", func(s *scene) {
		s.write("/usr/lib/x86_64-linux-gnu/librte_eal.so.23", "")
		s.write("/usr/lib/x86_64-linux-gnu/librte_eal.so.25", "x")
	}, "warn dpdk-release dpdk-version"},
	{"no driver", func(s *scene) {
		s.write("/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_net_memif.so.23", "")
	}, "fail dpdk-drivers net4 no-pmd"},
	{"open plugins", func(s *scene) {
		if err := os.Chmod(filepath.Join(s.root, "/usr/lib/x86_64-linux-gnu/dpdk"), 0o777); err != nil {
			s.t.Fatal(err)
		}
	}, "fail dpdk-plugins plugin-directory"},
	{"no program", func(s *scene) { s.write("/usr/bin/dpdk-testpmd", "") }, "fail program no-program"},
	{"TSC stops", func(s *scene) { s.write("/proc/cpuinfo", "flags : tsc constant_tsc\n") }, "warn tsc clock"},
	{"TSC given up", func(s *scene) {
		s.write("/sys/devices/system/clocksource/clocksource0/available_clocksource", "hpet acpi_pm")
	}, "warn tsc clock"},

	{"no annotations", func(s *scene) {
		s.write("/etc/podnetinfo", "")
		s.write("/sys/bus/pci/devices", "")
		s.eal.Interfaces, s.eal.Devices = []string{}, []eal.Device{eal.VDev{Arg: "net_null0"}}
		s.write("/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_net_null.so.23", "x")
		s.environ = s.environ[2:]
	}, "warn pod-information no-annotations"},
	{"another device", func(s *scene) { s.environ = append(s.environ, "PCIDEVICE_X=0000:d8:00.0") }, "warn pod-devices unclaimed"},
	{"another device, which the caller names", func(s *scene) {
		s.environ = append(s.environ, "PCIDEVICE_X=0000:d8:02.3")
		for name, text := range map[string]string{
			"vendor": "0x8086", "device": "0x154c", "class": "0x020000", "numa_node": "1",
			"driver": "-> ../../../../bus/pci/drivers/vfio-pci", "iommu_group": "-> ../../../../kernel/iommu_groups/8",
		} {
			s.write("/sys/bus/pci/devices/0000:d8:02.3/"+name, text)
		}
		s.eal.Interfaces = []string{"0000:d8:02.3"}
	}, ""},
	{"run of another container's program", func(s *scene) {
		s.use = "run"
		s.change = func(s *Subject) { s.PID = 1 }
	}, ""},
}

// TestOneWrong has one thing wrong at a time.
func TestOneWrong(t *testing.T) {
	passed := map[string]bool{}
	found, wrong := map[string]bool{}, map[string]bool{} // by check and code, and by check
	for _, tt := range oneWrong {
		t.Run(tt.name, func(t *testing.T) {
			s := healthy(t)
			s.write("/usr/bin/dpdk-testpmd", "x")
			if err := os.Chmod(filepath.Join(s.root, "/usr/bin/dpdk-testpmd"), 0o755); err != nil {
				t.Fatal(err)
			}
			tt.wrong(s)
			var got []string
			for _, r := range s.results() {
				switch r.Status {
				case Pass:
					passed[r.Check] = true
				case Fail, Warn:
					line := fmt.Sprintf("%s %s %s %s", r.Status, r.Check, r.Interface, r.Code)
					got = append(got, strings.Join(strings.Fields(line), " "))
					found[r.Check+" "+string(r.Code)], wrong[r.Check] = true, true
					if r.Cause == "" || r.Remedy == "" {
						t.Errorf("no cause or no remedy: %+v", r)
					}
					if r.Group == Devices && r.Where == "" {
						t.Errorf("no place: %+v", r)
					}
				}
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	// Each check passes in one case and finds something in another.
	// ports-ready and eal-arguments repeat what package podnet finds, and tests there
	// show each; pod-information repeats its warnings.
	repeats := []string{"ports-ready", "eal-arguments", "pod-information", "pod-devices"}
	for _, c := range All() {
		if !passed[c.ID] {
			t.Errorf("%s passes in no case", c.ID)
		}
		if !wrong[c.ID] {
			t.Errorf("%s finds nothing in any case", c.ID)
		}
		for _, f := range c.Findings {
			if !found[c.ID+" "+string(f.Code)] && !slices.Contains(repeats, c.ID) {
				t.Errorf("no case shows %s of %s", f.Code, c.ID)
			}
			if f.Code == "" || f.Remedy == "" && !slices.Contains(append(repeats, "capabilities", "program"), c.ID) {
				t.Errorf("%s: finding %+v", c.ID, f)
			}
			if string(f.Code) != path.Base(string(f.Code)) {
				t.Errorf("code %q", f.Code)
			}
		}
		for _, known := range []string{c.ID, string(c.Group), c.About} {
			if known == "" {
				t.Errorf("%+v", c)
			}
		}
		if !slices.Contains(Groups(), c.Group) {
			t.Errorf("%s is in no group: %s", c.ID, c.Group)
		}
	}
}

// TestNoArgumentsOfAbsentDevice: nobody pastes the address of a device that is not
// there.
func TestNoArgumentsOfAbsentDevice(t *testing.T) {
	s := healthy(t)
	s.write(vf1, "")
	for _, r := range s.results() {
		if r.Check == "eal-arguments" && r.Status != Skip {
			t.Errorf("%+v", r)
		}
	}
}

// TestNothingIsKnown has no check pass without the files that it reads.
func TestNothingIsKnown(t *testing.T) {
	s := healthy(t)
	s.write("/sys/kernel/iommu_groups", "")
	for cpu := 4; cpu < 8; cpu++ {
		s.write(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology", cpu), "")
	}
	for _, r := range s.results() {
		if (r.Check == "iommu-group" || r.Check == "cpu-siblings") && r.Status != Skip {
			t.Errorf("%+v", r)
		}
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

// A copy of a container's files does not show which files a process may open.
func TestCopy(t *testing.T) {
	s := healthy(t)
	pod, err := podnet.Discover(t.Context(), podnet.Options{Root: s.root, Environ: s.environ})
	if err != nil {
		t.Fatal(err)
	}
	config, ports, err := pod.EALConfig(podnet.EALOptions{})
	if err != nil {
		t.Fatal(err)
	}
	results, err := Run(t.Context(), pod, Options{EAL: config, Ports: ports, Root: s.root, Environ: s.environ})
	if err != nil || Err(results) != nil {
		t.Errorf("%v, %v", err, Err(results))
	}
	skipped := map[string]bool{}
	for _, r := range results {
		skipped[r.Check] = r.Status == Skip
	}
	for _, id := range []string{"vfio-nodes", "socket-peer", "socket-place", "runtime-directory", "hugepages-memfd", "memory-lock"} {
		if !skipped[id] {
			t.Errorf("%s is not skipped", id)
		}
	}
	if r := NewReport("run", eal.V22_11, results); r.Status == Fail || r.Schema != Schema {
		t.Errorf("report %+v", r)
	}
}
