//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/test/internal/fabrictest"
	"github.com/podnet/podnet/test/internal/netdev"
	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// fabricNet has the network namespaces of several pods, joined by two bridges: one for
// their messages, and one to measure.
type fabricNet struct {
	t         *testing.T
	hub       *netdev.Namespace
	pods      []*netdev.Namespace
	tokenFile string
	stateFile string
}

func newFabricNet(t *testing.T, nodes int) *fabricNet {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network interfaces")
	}
	dir := t.TempDir()
	n := &fabricNet{t: t, hub: netdev.NewNamespace(t), tokenFile: filepath.Join(dir, "token"), stateFile: filepath.Join(dir, "state")}
	if err := os.WriteFile(n.tokenFile, []byte("0123456789abcdef0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.command(n.hub, "ip", "link", "add", "control", "type", "bridge")
	n.command(n.hub, "ip", "link", "add", "fast", "type", "bridge")
	n.command(n.hub, "ip", "link", "set", "control", "up")
	n.command(n.hub, "ip", "link", "set", "fast", "up")
	for i := range nodes {
		pod := netdev.NewNamespace(t)
		n.pods = append(n.pods, pod)
		for _, bridge := range []string{"control", "fast"} {
			port := fmt.Sprintf("%s%d", bridge, i)
			n.command(n.hub, "ip", "link", "add", port, "master", bridge, "type", "veth", "peer", "name", "to-"+bridge, "netns", pidOf(pod))
			n.command(n.hub, "ip", "link", "set", port, "up")
			n.command(pod, "ip", "link", "set", "to-"+bridge, "up")
		}
		n.command(pod, "ip", "link", "set", "lo", "up")
		n.command(pod, "ip", "address", "add", fmt.Sprintf("10.77.0.%d/24", i+1), "dev", "to-control")
	}
	return n
}

// pidOf is the process that keeps a namespace.
func pidOf(n *netdev.Namespace) string { return strings.Split(n.Path, "/")[2] }

func (n *fabricNet) command(in *netdev.Namespace, argv ...string) {
	n.t.Helper()
	argv = in.In(argv...)
	if out, err := exec.CommandContext(n.t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%q: %v\n%s", argv, err, out)
	}
}

// fabricRate is the load and fabricPackets what a measurement sends at it.
const (
	fabricRate    = 1000
	fabricPackets = fabricRate
)

// start starts the pod with that index.
func (n *fabricNet) start(index int, args ...string) *testpeer.Process {
	n.t.Helper()
	argv := append(n.pods[index].In(
		wrapper, "fabric", "--nodes", itoa(len(n.pods)), "--index", itoa(index), "--node", "node-"+itoa(index),
		"--coordinator", "10.77.0.1:9092", "--token-file", n.tokenFile, "--state-file", n.stateFile,
		"--iface", "to-fast,af_packet", "--memory", "none", "--rate", itoa(fabricRate), "--duration", "1s", "-o", "json"), args...)
	return peertest.Start(n.t, "node-"+itoa(index), argv, testpeer.Options{})
}

// startAll starts all pods.
func (n *fabricNet) startAll(args ...string) (list []*testpeer.Process) {
	n.t.Helper()
	for i := range n.pods {
		list = append(list, n.start(i, args...))
	}
	return list
}

// awaitRound waits until the coordinator has said that a round has ended.
func (n *fabricNet) awaitRound(coordinator *testpeer.Process, round int) {
	n.t.Helper()
	n.await(coordinator, fmt.Sprintf("round=%d ", round))
}

func (n *fabricNet) await(p *testpeer.Process, says string) {
	n.t.Helper()
	if err := p.Poll(benchTimeout, func() error {
		if !strings.Contains(p.Stderr(), says) {
			return fmt.Errorf("%s has not said %q", p.Name(), says)
		}
		return nil
	}); err != nil {
		n.t.Fatal(err)
	}
}

// fabricTimeout is how long a run of a few nodes may take on a busy machine.
const fabricTimeout = 3 * time.Minute

// document waits for the end of the coordinator, and gives what it has written.
func (n *fabricNet) document(coordinator *testpeer.Process) (doc result.Fabric) {
	n.t.Helper()
	code, err := coordinator.Wait(fabricTimeout)
	if err != nil {
		n.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(coordinator.Stdout()), &doc); err != nil {
		n.t.Fatalf("exit code %d, standard output: %v", code, err)
	}
	if want := map[bool]int{true: 0, false: peertest.NotValid}[doc.Valid]; code != want {
		n.t.Errorf("exit code %d, want %d: %s", code, want, doc.Reason)
	}
	return doc
}

// wantEnded wants a pod to have ended by itself with success.
func (n *fabricNet) wantEnded(p *testpeer.Process) {
	n.t.Helper()
	if code, err := p.Wait(settleTime); err != nil || code != 0 {
		n.t.Errorf("%s: exit code %d, %v", p.Name(), code, err)
	}
}

// checkPairs wants the pairs' own figures. A valid pair has lost nothing.
func checkPairs(t *testing.T, doc result.Fabric, missing ...result.FabricCode) (measured int) {
	t.Helper()
	for _, p := range doc.Pairs {
		if p.Valid && p.Arrived != nil && p.Returned != nil && (*p.Arrived != fabricPackets || *p.Returned != fabricPackets) {
			t.Errorf("%d -> %d: %d arrived, %d returned, want %d each", p.From, p.To, *p.Arrived, *p.Returned, fabricPackets)
		}
	}
	return fabrictest.Pairs(t, doc, len(doc.Nodes), fabricPackets, missing...)
}

// Three pods on one bridge measure all pairs. Each counts what its own pair has sent,
// though the bridge may flood and the others send too.
func TestFabric(t *testing.T) {
	n := newFabricNet(t, 3)
	pods := n.startAll()
	doc := n.document(pods[0])
	if got := checkPairs(t, doc); got != 6 || !doc.Complete {
		t.Errorf("complete: %v, %d pairs measured, want 6", doc.Complete, got)
	}
	t.Logf("%d of %d pairs are valid: %s", doc.Count().Valid, len(doc.Pairs), doc.Reason)
	for i, node := range doc.Nodes {
		if node.Name != "node-"+itoa(i) || len(node.Rails) != 1 || node.Rails[0].MAC != n.mac(i) || node.Restarts != 0 {
			t.Errorf("node %d: %+v, want the MAC address %s", i, node, n.mac(i))
		}
	}
	for _, p := range pods[1:] {
		n.wantEnded(p)
	}
}

// mac is the address of a pod's fast interface.
func (n *fabricNet) mac(i int) string {
	n.t.Helper()
	argv := n.pods[i].In("cat", "/sys/class/net/to-fast/address")
	out, err := exec.CommandContext(n.t.Context(), argv[0], argv[1:]...).Output()
	if err != nil {
		n.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// If a pod dies in the middle, only its pairs are lost, and the pairs that its second start
// measures count.
func TestFabricPodKilled(t *testing.T) {
	n := newFabricNet(t, 4)
	pods := n.startAll()
	n.awaitRound(pods[0], 1)
	pods[3].Kill()
	n.awaitRound(pods[0], 2)
	again := n.start(3)
	doc := n.document(pods[0])
	measured := checkPairs(t, doc, result.FabricDead, result.FabricRestarted, result.FabricAbsent)
	if !doc.Complete || measured < 8 || doc.Nodes[3].Restarts != 1 {
		t.Errorf("complete: %v, %d pairs measured, node 3: %+v; want its restart, and at least the 8 that it lived through and is not in", doc.Complete, measured, doc.Nodes[3])
	}
	for _, p := range append(pods[1:3:3], again) {
		n.wantEnded(p)
	}
}

// A coordinator that is killed goes on where it was, with the pods that are there.
func TestFabricCoordinatorKilled(t *testing.T) {
	n := newFabricNet(t, 3)
	pods := n.startAll()
	n.awaitRound(pods[0], 1)
	pods[0].Signal(syscall.SIGKILL)
	if _, err := pods[0].Wait(settleTime); err != nil {
		t.Fatal(err)
	}
	again := n.start(0)
	doc := n.document(again)
	if got := checkPairs(t, doc); got != 6 || !doc.Complete || doc.Rounds.Resumed != 1 {
		t.Errorf("complete: %v, %d pairs measured, resumed %d times; want 6, once", doc.Complete, got, doc.Rounds.Resumed)
	}
	if strings.Contains(again.Stderr(), "round=1 ") {
		t.Error("the first round was measured again")
	}
	for _, p := range pods[1:] {
		n.wantEnded(p)
	}
}

// A coordinator that gets a signal keeps what it has, and no Job counts it as done. A pod
// with another token gets no answer.
func TestFabricStopped(t *testing.T) {
	n := newFabricNet(t, 2)
	other := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(other, []byte("another token of this length\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	coordinator := n.start(0)
	stranger := n.start(1, "--token-file", other, "--patience", "1s")
	if code, err := stranger.Wait(settleTime); err != nil || code != 3 {
		t.Errorf("with another token: exit code %d, %v, want 3", code, err)
	}
	n.await(coordinator, "waiting for pods")
	coordinator.Signal(syscall.SIGTERM)
	if code, err := coordinator.Wait(settleTime); err != nil || code != 1 {
		t.Errorf("stopped: exit code %d, %v, want 1", code, err)
	}
	var doc result.Fabric
	if err := json.Unmarshal([]byte(coordinator.Stdout()), &doc); err != nil || doc.Complete {
		t.Errorf("complete: %v, %v", doc.Complete, err)
	}
}
