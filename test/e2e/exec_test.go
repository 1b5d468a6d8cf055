//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// execTestpmd has the application replace itself with dpdk-testpmd.
func execTestpmd(t *testing.T, o testpeer.Options, pod *scratchPod, mode string) *testpmd {
	t.Helper()
	a := startAppAs(t, o, pod, "exec", append([]string{"--app", "testpmd", "--explain", "never", "--"}, peertest.TestpmdArgs(mode)...)...)
	t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(a.prefix)) }) // testpmd leaves it
	return &testpmd{peertest.Attach(t, a.Process, testpeer.RuntimeDir(a.prefix)), t}
}

// attachTestpmd starts a testpmd in the pod.
func attachTestpmd(t *testing.T, argv []string, prefix string) *testpmd {
	t.Helper()
	t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(prefix)) }) // testpmd leaves it
	return &testpmd{peertest.Attach(t, peertest.Start(t, "testpmd", argv, testpeer.Options{}), testpeer.RuntimeDir(prefix)), t}
}

// wantPorts are the names of the ports that a pod with these networks has.
func wantPorts(networks []socketNet) []string {
	var names []string
	for _, n := range networks {
		names = append(names, n.port())
	}
	slices.Sort(names)
	return names
}

func (p *testpmd) portNames() []string {
	var names []string
	for name := range p.Ports {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkExchange lets the peer send packets to all networks of the pod, where a testpmd
// forwards them, and wants both to count the same.
func checkExchange(t *testing.T, peer, inPod *testpmd, pod *scratchPod) {
	t.Helper()
	peer.send(peertest.Burst, pod.networks...)
	for _, n := range pod.networks {
		outside := peer.rest(n)
		inside, err := inPod.Telemetry.Stats(inPod.Ports[n.port()])
		if err != nil {
			t.Fatal(err)
		}
		if inside.RxPackets != outside.TxPackets || inside.TxPackets != outside.RxPackets || inside.TxPackets == 0 {
			t.Errorf("%s: in the pod %d received and %d sent, outside %d sent and %d received", n.name,
				inside.RxPackets, inside.TxPackets, outside.TxPackets, outside.RxPackets)
		}
	}
}

func clientSockets() []socketNet {
	return []socketNet{memif("net3", client), vhostUser("net1", client), memif("net2", client), vhostUser("net4", client)}
}

// The program becomes dpdk-testpmd, in the same process, with the pod's ports.
func TestExecBecomesTestpmd(t *testing.T) {
	pod := newPod(t, clientSockets()...)
	peer := peerOf(t, pod, "rxonly")
	inPod := execTestpmd(t, testpeer.Options{CPUs: cpuset.New(podCPU)}, pod, "macswap")
	if diff := cmp.Diff(wantPorts(pod.networks), inPod.portNames()); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	exe, err := os.Readlink(filepath.Join("/proc", itoa(inPod.PID), "exe"))
	if err != nil || filepath.Base(exe) != "dpdk-testpmd" {
		t.Errorf("process %d runs %s (%v), want dpdk-testpmd", inPod.PID, exe, err)
	}
	for _, n := range pod.networks {
		mac, err := inPod.Telemetry.MAC(inPod.Ports[n.port()])
		if err != nil || mac.String() != n.mac {
			t.Errorf("%s has MAC address %s (%v), want %s", n.port(), mac, err, n.mac)
		}
	}
	inPod.Command("start")
	peer.awaitLink(pod.networks...)
	checkExchange(t, peer, inPod, pod)
}

// The EAL part of every profile brings up the same ports.
func TestArgsOfEveryProfile(t *testing.T) {
	pod := newPod(t, clientSockets()...)
	peerOf(t, pod, "rxonly")
	for _, profile := range []string{"eal", "testpmd", "l2fwd", "l3fwd", "pktgen"} {
		t.Run(profile, func(t *testing.T) {
			prefix := peertest.NewPrefix()
			a := startApp(t, pod, "args", "--app", profile, "--file-prefix", prefix, "-o", "json")
			a.exit(settleTime, 0)
			var argv []string
			if err := json.Unmarshal([]byte(a.Stdout()), &argv); err != nil {
				t.Fatalf("%v in %s", err, a.Stdout())
			}
			if i := slices.Index(argv, "--"); i >= 0 {
				argv = argv[:i]
			}
			argv = slices.Concat([]string{findProgram(t, "dpdk-testpmd")}, argv, []string{"--"}, peertest.TestpmdArgs("rxonly"))
			inPod := attachTestpmd(t, argv, prefix)
			if diff := cmp.Diff(wantPorts(pod.networks), inPod.portNames()); diff != "" {
				t.Errorf("ports of %q (-want +got):\n%s", argv, diff)
			}
		})
	}
}

// Testpmd's own arguments of its profile are accepted, too: it forwards with them.
func TestArgsOfTestpmdWhole(t *testing.T) {
	pod := newPod(t, clientSockets()...)
	peer := peerOf(t, pod, "rxonly")
	prefix := peertest.NewPrefix()
	a := startApp(t, pod, "args", "--app", "testpmd", "--file-prefix", prefix, "-o", "json")
	a.exit(settleTime, 0)
	var argv []string
	if err := json.Unmarshal([]byte(a.Stdout()), &argv); err != nil {
		t.Fatalf("%v in %s", err, a.Stdout())
	}
	if !slices.Contains(argv, "--") {
		argv = append(argv, "--")
	}
	inPod := attachTestpmd(t, slices.Concat([]string{findProgram(t, "dpdk-testpmd")}, argv,
		[]string{"-i", "--no-mlockall", "--total-num-mbufs=8192"}), prefix)
	inPod.Command("start")
	peer.awaitLink(pod.networks...)
	checkExchange(t, peer, inPod, pod)
}
