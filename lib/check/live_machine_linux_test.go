package check

import (
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// discovered is a subject with all that Discover finds on this machine and process.
func discovered(t *testing.T, devices ...eal.Device) *Subject {
	t.Helper()
	s := live(t, "exec", devices...)
	pod, err := podnet.Discover(t.Context(), podnet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Pod = pod
	return s
}

// The check passes for all free hugepages, and fails for one page more. A machine without
// hugepages has none to pass with.
func TestLiveHugepagesFree(t *testing.T) {
	s := discovered(t)
	free := uint64(0)
	for _, h := range s.Pod.Hugepages {
		for _, n := range h.Nodes {
			if n.Node == 0 {
				free += n.FreeBytes
			}
		}
	}
	s.EAL.Memory.NodeMiB = []int{int(free/mib) + 2}
	if got := s.code(t, "hugepages-free"); got != string(podnet.CodeNoHugepages) {
		t.Errorf("%d MiB of %d: %q", s.EAL.Memory.NodeMiB, free/mib, got)
	}
	if s.EAL.Memory.NodeMiB[0] -= 2; free > 0 {
		if got := s.code(t, "hugepages-free"); got != "" {
			t.Errorf("all %d MiB: %q", free/mib, got)
		}
	}
	s.EAL.Memory = eal.Memory{NoHuge: true}
	if got := s.code(t, "hugepages-limit"); got != string(podnet.CodeNoHugepages) {
		t.Errorf("ordinary pages: %q", got)
	}
}

// inMountNamespace runs f on a thread that sees mounts of its own, as root.
func inMountNamespace(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("to mount needs root")
	}
	onThread(t, func() {
		if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
			t.Error(err)
			return
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Error(err)
			return
		}
		f()
	})
}

func mount(t *testing.T, dir, kind string, flags uintptr, data string) {
	t.Helper()
	if err := unix.Mount("none", dir, kind, flags, data); err != nil {
		t.Errorf("%s on %s: %v", kind, dir, err)
	}
}

// A volume that is mounted read-only, for the sockets and for EAL's own files.
func TestLiveReadOnly(t *testing.T) {
	dir := shortDir(t)
	s := live(t, "exec", eal.Memif{Path: filepath.Join(dir, "m.sock"), Server: true})
	s.Environ = []string{"RUNTIME_DIRECTORY=" + dir}
	for id, want := range map[string]podnet.Code{
		"socket-place":      podnet.CodeSocketDirectory,
		"runtime-directory": podnet.CodeNoRuntimeDir,
	} {
		if got := s.code(t, id); got != "" {
			t.Errorf("%s of a writable directory: %s", id, got)
		}
		inMountNamespace(t, func() {
			mount(t, dir, "tmpfs", unix.MS_RDONLY, "")
			if got := s.code(t, id); got != string(want) {
				t.Errorf("%s of a read-only one: %q", id, got)
			}
		})
	}
}

// hugetlbfs as kubelet mounts it, for root alone and for the pod's group (fsGroup).
func TestLiveHugetlbfsOwner(t *testing.T) {
	s, dir := onHugetlbfs(t)
	inMountNamespace(t, func() {
		for data, want := range map[string]podnet.Code{
			"uid=0,gid=0,mode=0755":     podnet.CodeUnreadable,
			"uid=0,gid=65534,mode=2775": "",
		} {
			mount(t, dir, "hugetlbfs", 0, data)
			asNobody(t, func() {
				if got := s.code(t, "hugetlbfs"); got != string(want) {
					t.Errorf("%s: %q, want %q", data, got, want)
				}
			})
			if err := unix.Unmount(dir, 0); err != nil {
				t.Error(err)
			}
		}
	})
}

// asNobody runs f with the file permissions of nobody, as this thread alone: what
// access(2) asks for are the real IDs, which need another process.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	const nobody = 65534
	for _, call := range []func() error{
		func() error { return rawIDs(unix.SYS_SETRESGID, nobody) },
		func() error { return rawIDs(unix.SYS_SETRESUID, nobody) },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	f()
	if err := rawIDs(unix.SYS_SETRESUID, 0); err != nil {
		t.Error(err)
	}
	if err := rawIDs(unix.SYS_SETRESGID, 0); err != nil {
		t.Error(err)
	}
}

// rawIDs sets the real and effective ID of this thread, and keeps the saved one.
func rawIDs(call uintptr, id int) error {
	if _, _, errno := unix.RawSyscall(call, uintptr(id), uintptr(id), ^uintptr(0)); errno != 0 {
		return errno
	}
	return nil
}

// A socket with the longest name that the kernel takes, and one with a byte more.
func TestLiveSocketName(t *testing.T) {
	dir := shortDir(t)
	for extra, want := range map[int]string{0: "", 1: "inexpressible"} {
		name := filepath.Join(dir, strings.Repeat("x", 106-len(dir)+extra))
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name})
		if (err == nil) != (want == "") {
			t.Errorf("to listen on %d bytes: %v", len(name), err)
		}
		if l != nil {
			defer l.Close()
		}
		if got := live(t, "exec", eal.VirtioUser{Path: name, Origin: eal.Origin{Interface: "net1"}}).code(t, "eal-arguments"); got != want {
			t.Errorf("a name of %d bytes: %q, want %q", len(name), got, want)
		}
	}
}

var oneCPU = flag.Bool("one-cpu", false, "for TestLiveCPUs in the process that it starts on CPU 0")

// A process that may run on one CPU of the machine's, as in a cpuset.
func TestLiveCPUs(t *testing.T) {
	if *oneCPU {
		s := discovered(t)
		if allowed := s.Pod.CPUs.Allowed.String(); allowed != "0" {
			t.Fatalf("CPUs %s", allowed)
		}
		s.EAL.CPUs = []int{0}
		if got := s.code(t, "cpu-allowed"); got != "" {
			t.Errorf("its own CPU: %s", got)
		}
		if got := s.code(t, "cpu-lcores"); got != "too-few-lcores" {
			t.Errorf("one CPU: %q", got)
		}
		s.EAL.CPUs = []int{0, 1}
		if got := s.code(t, "cpu-allowed"); got != "cpu-not-allowed" {
			t.Errorf("another CPU: %q", got)
		}
		return
	}
	s := discovered(t)
	if cpus := s.Pod.CPUs.Allowed.List(); len(cpus) > 1 {
		s.EAL.CPUs = cpus
		for _, id := range []string{"cpu-allowed", "cpu-lcores"} {
			if got := s.code(t, id); got != "" {
				t.Errorf("%s of CPUs %d: %s", id, cpus, got)
			}
		}
	}
	child := exec.Command("taskset", "-c", "0", os.Args[0], "-test.run=^TestLiveCPUs$", "-test.v", "-one-cpu")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestLiveCPUs") {
		t.Errorf("on CPU 0: %v\n%s", err, out)
	}
}
