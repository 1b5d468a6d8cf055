//go:build capi

package capi

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/scratchpod"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// sample compiles an example with pkg-config's flags, as the example's first lines say.
func sample(t *testing.T, file string, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sample")
	args := append([]string{"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, file}, flags...)
	must(t, "gcc", append(args, "-Wl,-rpath,"+filepath.Join(prefix, "lib"))...)
	return program
}

// pkgConfig gives the flags of installed libraries. DPDK's headers are the system's.
func pkgConfig(t *testing.T, packages ...string) []string {
	t.Helper()
	t.Setenv("PKG_CONFIG_PATH", filepath.Join(prefix, "lib/pkgconfig"))
	return strings.Fields(must(t, "pkg-config", append([]string{"--cflags", "--libs"}, packages...)...))
}

// newPod is a pod whose vhost-user and memif sockets lie in a directory with a short name.
func newPod(t *testing.T) scratchpod.Pod {
	t.Helper()
	dir, err := os.MkdirTemp("", "podnet-capi-pod-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	pod, err := scratchpod.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// awaitHelper waits until a program waits for its helper.
func awaitHelper(t *testing.T, program *testpeer.Process) {
	t.Helper()
	if err := program.Poll(peertest.Patience, func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", program.PID, program.PID))
		if err == nil && len(children) == 0 {
			err = errors.New("its helper does not wait (yet)")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestForwarder: examples/c/l2fwd.c waits for its peer, a stock dpdk-testpmd, which makes
// the sockets when the forwarder runs already, and carries every packet over vhost-user and
// memif.
func TestForwarder(t *testing.T) {
	program := sample(t, "../../examples/c/l2fwd.c", pkgConfig(t, "podnet", "libdpdk")...)
	pod := newPod(t)
	runtimeDir := t.TempDir()
	l2fwd := peertest.Start(t, "l2fwd", []string{program, pod.Podinfo}, testpeer.Options{
		Env: []string{"RUNTIME_DIRECTORY=" + runtimeDir},
	})
	awaitHelper(t, l2fwd)
	peer := peertest.StartTestpmd(t, 0, "rxonly", "--no-pci",
		"--vdev", "net_vhost0,iface="+pod.Socket("net1"), "--vdev", "net_vhost1,iface="+pod.Socket("net2"),
		"--vdev", "net_memif0,role=server,socket-abstract=no,id=0,socket="+pod.Socket("net3"),
		"--vdev", "net_memif1,role=server,socket-abstract=no,id=0,socket="+pod.Socket("net4"))
	if err := l2fwd.Poll(peertest.Patience, func() error {
		if !strings.Contains(l2fwd.Stdout(), "forwarding\n") {
			return fmt.Errorf("it does not forward: %s%s", l2fwd.Stdout(), l2fwd.Stderr())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// Each port of the peer sends, and gets what its partner has sent.
	ports := map[string]string{"net1": "net_vhost0", "net2": "net_vhost1", "net3": "net_memif0", "net4": "net_memif1"}
	partner := map[string]string{"net1": "net2", "net2": "net1", "net3": "net4", "net4": "net3"}
	for _, port := range ports {
		peer.AwaitLink(port)
	}
	peer.Send(1000, slices.Sorted(maps.Values(ports))...)
	sent := map[string]uint64{}
	for name, port := range ports {
		sent[name] = peer.Rest(port).TxPackets
		peer.AwaitRx(ports[partner[name]], sent[name])
	}
	l2fwd.Signal(syscall.SIGTERM)
	if code, err := l2fwd.Wait(peertest.Patience); err != nil || code != 0 {
		t.Fatalf("exit code %d: %v\n%s", code, err, l2fwd.Stderr())
	}
	for name := range ports {
		if want := fmt.Sprintf("%s: forwarded %d\n", name, sent[name]); sent[name] < 1000 || !strings.Contains(l2fwd.Stdout(), want) {
			t.Errorf("no %q in\n%s", want, l2fwd.Stdout())
		}
	}
}

// TestForwarderIsStopped: a signal ends the wait for peers that never come.
func TestForwarderIsStopped(t *testing.T) {
	program := sample(t, "../../examples/c/l2fwd.c", pkgConfig(t, "podnet", "libdpdk")...)
	l2fwd := peertest.Start(t, "l2fwd", []string{program, newPod(t).Podinfo}, testpeer.Options{})
	awaitHelper(t, l2fwd)
	l2fwd.Signal(syscall.SIGTERM)
	if code, err := l2fwd.Wait(peertest.Patience); err != nil || code != 1 || !strings.Contains(l2fwd.Stderr(), "podnet_cancel") {
		t.Errorf("exit code %d: %v\n%s", code, err, l2fwd.Stderr())
	}
}

func TestDropInSample(t *testing.T) {
	program := sample(t, "../../examples/c/dropin.c", "-I"+filepath.Join(prefix, "include"), "-L"+filepath.Join(prefix, "lib"), "-lnetutil_api")
	pod := newPod(t)
	out := runs(t, behaveEnv(), program, pod.Podinfo)
	for _, want := range []string{
		"CPUs ", "eth0 of cbr0: -\n", "net1 of demo/vhost-a: " + pod.Socket("net1") + "\n", "net4 of demo/memif-b: " + pod.Socket("net4") + "\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestGoSample: the Go sample prints the C library's arguments and ports.
func TestGoSample(t *testing.T) {
	pod := newPod(t)
	for _, name := range []string{"net1", "net2", "net3", "net4"} { // it waits for sockets
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(fd) })
		if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: pod.Socket(name)}); err != nil {
			t.Fatal(err)
		}
	}
	out := must(t, "go", "run", "../../examples/go", "--podinfo", pod.Podinfo)
	got := ask(t, compile(t, "gcc", append(sanitizers[:1:1], "ask.c", "dump.c")...), nil,
		job{Helper: helper, Podinfo: pod.Podinfo, Env: os.Environ(), EAL: &ealJob{DPDKVersion: "24.11"}})[0]
	if got.EAL == nil {
		t.Fatalf("%+v", got.EALError)
	}
	var want strings.Builder
	for _, arg := range got.EAL.Argv[1:] {
		want.WriteString(arg + "\n")
	}
	for _, p := range got.EAL.Ports {
		fmt.Fprintf(&want, "%s is port %s\n", p.Interface, p.Name)
	}
	if _, rest, _ := strings.Cut(out, "\n"); rest != want.String() {
		t.Errorf("Go prints\n%s\nwant\n%s", rest, want.String())
	}
}

// TestAroundEAL: the library works before and after rte_eal_init.
func TestAroundEAL(t *testing.T) {
	program := sample(t, "testdata/aftereal.c", pkgConfig(t, "podnet", "libdpdk")...)
	cmd := exec.CommandContext(t.Context(), program, peertest.NewPrefix())
	cmd.Env = append(os.Environ(), "RUNTIME_DIRECTORY="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
