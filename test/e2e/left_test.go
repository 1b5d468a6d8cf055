//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// Of two that want one socket, at the same time or one after the other, one gets it
// and keeps it.
func TestTwoOnOneSocket(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"vhost-user", "memif"} {
		t.Run(kind, func(t *testing.T) {
			pod := newPod(t)
			path := filepath.Join(pod.dir, "s")
			start := func(name string) *testpeer.Process {
				return peertest.Start(t, name, []string{wrapper, "dut", "--" + kind, path, "--memory", "none"}, testpeer.Options{CPUs: cpuset.New(podCPU)})
			}
			var duts []*testpeer.Process
			for i := range 3 {
				duts = append(duts, start(fmt.Sprintf("dut%d", i)))
			}
			ended := func() (n int) {
				for _, d := range duts {
					if !d.Running() {
						n++
					}
				}
				return n
			}
			if err := testpeer.Poll(benchTimeout, func() error {
				if n := ended(); n != len(duts)-1 || !listening(t, path) {
					return fmt.Errorf("%d of %d have ended", n, len(duts))
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil || !listening(t, path) {
				t.Fatalf("the one that has the socket does not have it any more: %v", err)
			}
			late := start("late")
			for _, d := range append(duts, late) {
				if d != late && d.Running() {
					continue
				}
				if code, err := d.Wait(settleTime); err != nil || code != 3 || !strings.Contains(d.Stderr(), path) {
					t.Errorf("%s: exit code %d, %v, want 3 and a message with %s:\n%s", d.Name(), code, err, path, d.Stderr())
				}
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) || !listening(t, path) {
				t.Errorf("the socket is not what it was: %v", err)
			}
		})
	}
}

// A file that has replaced the command's socket belongs to somebody else, and stays.
func TestFileInThePlaceOfASocket(t *testing.T) {
	for _, kind := range []string{"vhost-user", "memif"} {
		t.Run(kind, func(t *testing.T) {
			pod := newPod(t, socketNet{name: "net1", kind: kind, role: client})
			path := pod.networks[0].path
			d := startDut(t, pod, "--memory", "none")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, "precious")
			d.stop()
			if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
				t.Errorf("the file holds %q, %v", text, err)
			}
		})
	}
	for _, n := range []socketNet{vhostUser("net1", server), memif("net1", server)} {
		t.Run("run "+n.kind, func(t *testing.T) {
			pod := newPod(t, n)
			path := pod.networks[0].path
			_, a := startBoth(t, pod, "rxonly", "--mode", "macswap", "-o", "json")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, "precious")
			a.Signal(syscall.SIGTERM)
			if code, err := a.Wait(inTime); code != 0 || err != nil {
				t.Errorf("exit code %d, %v", code, err)
			}
			if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
				t.Errorf("the file holds %q, %v", text, err)
			}
		})
	}
}

// runtimeDirs are the runtime directories below RUNTIME_DIRECTORY.
func runtimeDirs(t *testing.T, base string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(base, "dpdk", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// The next start removes the files that DPDK leaves of a program that exec became, or of a
// killed one. The files of a running program stay.
func TestRuntimeDirectories(t *testing.T) {
	base := t.TempDir()
	in := testpeer.Options{Env: []string{"RUNTIME_DIRECTORY=" + base}}
	dirs := func() []string { return runtimeDirs(t, base) }
	// A run that is killed, and testpmd by exec, which leaves everything.
	killed := startPlain(t, in, "run", alone...)
	killed.await(func() error { return killed.has(dirs()) })
	if err := os.MkdirAll(filepath.Join(base, "dpdk", "podnet-of-others"), 0o700); err != nil {
		t.Fatal(err)
	}
	killed.Kill()
	execs := func(explain string) *app {
		return startPlain(t, in, "exec", append([]string{"--explain", explain, "--interfaces", "none", "--memory", "none", "--eal-arg=--vdev=net_ring0", "--"}, peertest.TestpmdArgs("rxonly")...)...)
	}
	ended := execs("never")
	ended.await(func() error { return ended.has(dirs()) })
	ended.Stdin.Close() // testpmd ends with its input
	if _, err := ended.Wait(settleTime); err != nil {
		t.Fatal(err)
	}
	gone := execs("always") // killed with the program beside which it stays
	gone.await(func() error { return gone.has(dirs()) })
	gone.Kill()
	living := execs("never")
	living.await(func() error { return living.has(dirs()) })
	if err := ended.has(dirs()); err == nil {
		t.Error("the next start has left what exec left")
	}
	if err := killed.has(dirs()); err == nil {
		t.Error("the next start has left what a killed run left")
	}
	if err := testpeer.Poll(settleTime, func() error { return unlocked(filepath.Join(base, "dpdk", gone.prefix)) }); err != nil {
		t.Fatal(err)
	}
	running := startPlain(t, in, "run", append(alone, "-d", "1s")...)
	running.exit(benchTimeout, 0)
	want := []string{living.prefix, "podnet-of-others"}
	slices.Sort(want)
	if got := dirs(); !slices.Equal(got, want) {
		t.Errorf("in the end there are %q, want %q", got, want)
	}
}

// unlocked is nil if no process has the runtime directory any more.
func unlocked(dir string) error {
	f, err := os.Open(filepath.Join(dir, "podnet.lock"))
	if errors.Is(err, os.ErrNotExist) { // it is not even there
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

// has is nil if the command's runtime directory is among the names.
func (a *app) has(dirs []string) error {
	if !slices.Contains(dirs, a.prefix) {
		return fmt.Errorf("no %s in %q", a.prefix, dirs)
	}
	return nil
}

// A command waits for an annotations file that is being written. If a file cannot be read,
// the error says so.
func TestWaitForAFileThatIsWritten(t *testing.T) {
	pod := newPod(t, memif("net1", client))
	file := filepath.Join(pod.podinfo(), "annotations")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(whole[:len(whole)/2]))
	a := startApp(t, pod, "run", "--wait", "1m", "--mode", "macswap", "-o", "json")
	time.Sleep(late)
	if !a.Running() {
		t.Fatal("half a file was taken for the whole")
	}
	write(t, file, string(whole))
	peer := peerOf(t, pod, "rxonly")
	peer.awaitLink(pod.networks[0])
	a.stop(syscall.SIGTERM)

	if err := os.Truncate(file, 1<<30); err != nil {
		t.Fatal(err)
	}
	b := startApp(t, pod, "run", "--wait", "300ms")
	b.exit(settleTime, 3)
	b.says("annotations", "large")

	write(t, file, string(whole))
	nobody := asNobody(t, pod)
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	c := startAppAs(t, nobody, pod, "run", "--wait", "300ms")
	c.exit(settleTime, 3)
	c.says("annotations", "permission denied")
}

// A socket that a killed run left is replaced by the next, and removed.
func TestNothingIsLeftAfterAKill(t *testing.T) {
	pod := newPod(t, vhostUser("net1", server), memif("net2", server))
	a := startApp(t, pod, "run", "--memory", "none")
	a.awaitListening(pod.networks[0])
	a.Kill()
	b := startApp(t, pod, "run", "--memory", "none")
	b.awaitListening(pod.networks[0])
	b.ends(syscall.SIGTERM, 0)
	a.checkLeft()
	if err := unix.Access(testpeer.RuntimeDir(a.prefix), unix.F_OK); err == nil {
		t.Errorf("%s is left", testpeer.RuntimeDir(a.prefix))
	}
}
