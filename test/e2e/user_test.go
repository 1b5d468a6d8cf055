//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// asNobody are options to start as a user without privileges, with its runtime
// directory in the scratch pod. The sockets' directory has to be writable, for
// memif even as a client.
func asNobody(t *testing.T, pod *scratchPod) testpeer.Options {
	t.Helper()
	o := testpeer.Options{CPUs: cpuset.New(podCPU), Env: []string{"XDG_RUNTIME_DIR=" + pod.dir}}
	if os.Geteuid() == 0 {
		o.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
		if err := os.Chmod(pod.dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// openSockets lets everybody connect to the sockets that the other side has made.
func openSockets(t *testing.T, pod *scratchPod) {
	t.Helper()
	for _, n := range pod.networks {
		if n.role == client {
			if err := os.Chmod(n.path, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestWithoutPrivilegeOrHugepages(t *testing.T) {
	for _, n := range sockets("net1") {
		t.Run(n.String()+"/run", func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			o := asNobody(t, pod)
			var peer *testpmd
			if n.role == client {
				peer = peerOf(t, pod, "rxonly")
				openSockets(t, pod)
			}
			a := startAppAs(t, o, pod, "run", "--mode", "macswap", "--memory", "none", "-o", "json")
			if n.role == server {
				a.awaitListening(n)
				peer = peerOf(t, pod, "rxonly")
			}
			peer.awaitLink(n)
			want := peer.exchange(peertest.Burst, n)
			if got := a.stop(syscall.SIGTERM).Total; got.RxPackets != want || got.TxPackets != want {
				t.Errorf("run received %d and sent %d, want %d each", got.RxPackets, got.TxPackets, want)
			}
		})
	}
	for _, n := range []socketNet{vhostUser("net1", client), memif("net1", client)} {
		t.Run(n.String()+"/bench", func(t *testing.T) {
			pod := newPod(t, n)
			n := pod.networks[0]
			o := asNobody(t, pod)
			peer := peerOf(t, pod, "macswap")
			peer.Command("start")
			openSockets(t, pod)
			a := startAppAs(t, o, pod, "bench", append(quietBench, "--memory", "none", "--tx", "net1", "--rx", "net1")...)
			s := peer.follow(a, n)[0]
			if r := a.measured(); r.Sent.Packets != s.RxPackets || r.Received.Packets != s.TxPackets || s.TxPackets == 0 {
				t.Errorf("bench sent %d, received %d; testpmd received %d, sent %d", r.Sent.Packets, r.Received.Packets, s.RxPackets, s.TxPackets)
			}
		})
	}
}

// A vSwitch that is not root can connect to the sockets that the pod makes. It is a member
// of the sockets' group, which they get from their directory: a pod's fsGroup.
func TestSwitchOfTheSocketsGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("starts processes of other users")
	}
	const group = 65531
	asSwitch := []string{
		findProgram(t, "setpriv"), "--reuid=65533", "--regid=65533", "--groups=" + strconv.Itoa(group),
		"--inh-caps=+net_admin", "--ambient-caps=+net_admin", "--",
	} // for the bridge's own port, a tap
	for _, command := range []string{"run", "exec"} {
		t.Run(command, func(t *testing.T) {
			pod := newPod(t, vhostUser("net1", server), vhostUser("net2", server))
			if err := errors.Join(os.Chown(pod.dir, -1, group), os.Chmod(pod.dir, 0o750|os.ModeSetgid)); err != nil {
				t.Fatal(err)
			}
			a := startApp(t, pod, command, map[string][]string{
				"run":  {"--mode", "io"},
				"exec": {"--explain", "never", "--", "--forward-mode=io", "--auto-start", "--stats-period=1"},
			}[command]...)
			ovs := startOVSAs(t, asSwitch, pod.networks[0], pod.networks[1])
			ovs.awaitLinks(pod.networks...)
			for _, n := range pod.networks {
				info, err := os.Stat(n.path)
				if err != nil {
					t.Fatal(err)
				}
				if stat := info.Sys().(*syscall.Stat_t); stat.Gid != group || info.Mode().Perm()&0o020 == 0 {
					t.Errorf("%s: group %d, mode %s", n.path, stat.Gid, info.Mode())
				}
			}
			a.Signal(syscall.SIGTERM)
			if _, err := a.Wait(settleTime); err != nil {
				t.Error(err)
			}
		})
	}
}

// A process of a user other than root has the capabilities that the container's bounding
// set and the program's file permit. It raises them for EAL and for the program that it
// becomes, and it starts even if the bounding set lacks some or all.
func TestCapabilitiesOfAUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("gives capabilities to a file")
	}
	program := peertest.Permitted(t, wrapper, unix.CAP_IPC_LOCK, unix.CAP_NET_RAW, unix.CAP_SYS_RAWIO)
	for bounding, want := range map[string]uint64{
		"-all":                               0,
		"-all,+ipc_lock":                     1 << unix.CAP_IPC_LOCK,
		"-all,+ipc_lock,+net_raw,+net_admin": 1<<unix.CAP_IPC_LOCK | 1<<unix.CAP_NET_RAW,
	} {
		for _, command := range [][]string{
			{"run", "--memory", "none", "--vdev", "net_null0", "--mode", "rxonly"},
			{"exec", "--memory", "none", "--vdev", "net_null0", "--", "--auto-start", "--stats-period=1"},
		} {
			t.Run(command[0]+bounding, func(t *testing.T) {
				pod := newPod(t)
				argv := slices.Concat(
					[]string{findProgram(t, "setpriv"), "--reuid=65532", "--regid=65532", "--clear-groups", "--inh-caps=-all", "--bounding-set=" + bounding, program},
					command[:1], pod.flags(), command[1:])
				if err := os.Chmod(pod.dir, 0o777); err != nil {
					t.Fatal(err)
				}
				p := peertest.Start(t, command[0], argv, testpeer.Options{Env: []string{"XDG_RUNTIME_DIR=" + pod.dir}})
				var got uint64
				if err := testpeer.Poll(settleTime, func() (err error) {
					got, err = lcoreCapabilities(p.PID)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				if got != want {
					t.Errorf("polling thread has capabilities %#x, want %#x", got, want)
				}
				p.Signal(syscall.SIGTERM)
				if _, err := p.Wait(settleTime); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// lcoreCapabilities are the effective ones of an lcore's thread (DPDK names it
// rte-worker-N or lcore-worker-N) of the process or of a child of it.
func lcoreCapabilities(pid int) (uint64, error) {
	pids := []string{strconv.Itoa(pid)}
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, t := range threads {
		children, _ := os.ReadFile(t)
		pids = append(pids, strings.Fields(string(children))...)
	}
	for _, p := range pids {
		tasks, _ := filepath.Glob("/proc/" + p + "/task/*")
		for _, task := range tasks {
			if comm, _ := os.ReadFile(task + "/comm"); !strings.Contains(string(comm), "-worker") {
				continue
			}
			status, err := os.ReadFile(task + "/status")
			if err != nil {
				return 0, err
			}
			_, rest, _ := strings.Cut(string(status), "CapEff:")
			line, _, _ := strings.Cut(rest, "\n")
			return strconv.ParseUint(strings.TrimSpace(line), 16, 64)
		}
	}
	return 0, errors.New("no lcore yet")
}
