//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/internal/netdev"
)

// vethPod is a pod with a network namespace of its own, in which its two networks
// are the ends of a veth pair.
type vethPod struct {
	*scratchPod
	namespace *netdev.Namespace
}

func newVethPod(t *testing.T, names ...string) vethPod {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network interfaces")
	}
	p := vethPod{newPod(t, socketNet{name: names[0]}, socketNet{name: names[1]}), netdev.NewNamespace(t)}
	p.under = p.namespace.In()
	a, b := p.networks[0], p.networks[1]
	p.command(t, "ip", "link", "add", a.name, "address", a.mac, "type", "veth", "peer", "name", b.name, "address", b.mac)
	p.command(t, "ip", "link", "set", a.name, "up")
	p.command(t, "ip", "link", "set", b.name, "up")
	return p
}

// command runs a command in the pod's namespaces.
func (p vethPod) command(t *testing.T, argv ...string) {
	t.Helper()
	argv = p.namespace.In(argv...)
	if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", argv, err, out)
	}
}

// says runs a command of the application on the pod and gives its output.
func (p vethPod) says(t *testing.T, want int, command string, args ...string) (stdout, stderr string) {
	t.Helper()
	a := startApp(t, p.scratchPod, command, args...)
	a.exit(settleTime, want)
	return a.Stdout(), a.Stderr()
}

// inspect gives the pod as inspect prints it.
func (p vethPod) inspect(t *testing.T, args ...string) *podnet.Pod {
	t.Helper()
	a := startApp(t, p.scratchPod, "inspect", append(args, "-o", "json")...)
	a.exit(settleTime, 0)
	pod := new(podnet.Pod)
	a.decode(pod)
	return pod
}

// vethFrames are more than fit into two of a port's rings, and come slowly enough for a
// busy machine.
const vethFrames = 3000

// reflect has run swap the addresses of frames that the kernel sends into the other end
// of the pair, and wants all of them back.
func (p vethPod) reflect(t *testing.T, port string, args ...string) {
	t.Helper()
	n, other := p.networks[0], p.networks[1]
	a := startApp(t, p.scratchPod, "run", append(args, "--mode", "macswap", "--interfaces", n.name, "-o", "json")...)
	if err := a.Poll(settleTime, func() error {
		if !strings.Contains(a.Stderr(), n.name+" rx") {
			return fmt.Errorf("%s has not counted yet", a.Name())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p.exchange(t, other, n)
	got := a.stop(syscall.SIGTERM)
	c := counters{RxPackets: vethFrames, RxBytes: vethFrames * 64, TxPackets: vethFrames, TxBytes: vethFrames * 64}
	if diff := cmp.Diff([]interfaceResult{{Name: n.name, Port: port, MAC: n.mac, counters: c}}, got.Interfaces, cmp.AllowUnexported(interfaceResult{})); diff != "" {
		t.Errorf("run's interfaces (-want +got):\n%s", diff)
	}
}

// exchange has the kernel send frames from one end to the other, and wants all of them
// back.
func (p vethPod) exchange(t *testing.T, from, to socketNet) {
	t.Helper()
	if got := netdev.Exchange(t, p.namespace.Path, from.name, netdev.Frames{
		From: from.mac, To: to.mac, Count: vethFrames, Bytes: 60, Gap: 300 * time.Microsecond,
	}); got != vethFrames {
		t.Errorf("%d of %d frames came back", got, vethFrames)
	}
}

// between has bench send from one end to the other, and wants every packet there.
func (p vethPod) between(t *testing.T, args ...string) {
	t.Helper()
	const packets = 2000
	a := startApp(t, p.scratchPod, "bench", append(args, "--tx", p.networks[0].name, "--rx", p.networks[1].name,
		"--rate", fmt.Sprint(packets), "--duration", "1s", "--warmup", "0s", "--calibrate=false", "-o", "json")...)
	r := a.measured()
	if r.Sent.Packets != packets || r.Received.Packets != packets || r.Duplicates+r.Reordered != 0 {
		t.Errorf("sent %d and received %d, %d twice, %d out of order (%s), want %d and 0",
			r.Sent.Packets, r.Received.Packets, r.Duplicates, r.Reordered, r.Reason, packets)
	}
	for _, n := range p.networks {
		if i := of(t, r.Interfaces, n.name); i.MAC != n.mac {
			t.Errorf("%s has MAC address %s, want %s", n.name, i.MAC, n.mac)
		}
	}
}

// An ordinary netdev becomes a port if the user says how, through inspect, args, run
// and bench.
func TestHintOfKernelNetdev(t *testing.T) {
	for _, kind := range []podnet.Kind{podnet.KindAFXDP, podnet.KindAFPacket} {
		t.Run(string(kind), func(t *testing.T) {
			p := newVethPod(t, "net1", "net2")
			hint := []string{"--hint", "net1=" + string(kind)}
			// By the network's name too.
			both := append([]string{"--hint", "default/net-of-net2=" + string(kind)}, hint...)

			// Without a hint it is the kernel's.
			for _, i := range p.inspect(t).Interfaces {
				if i.Kind != podnet.KindKernel {
					t.Errorf("%s is of kind %s without a hint", i.Name, i.Kind)
				}
			}
			want := map[string]podnet.Kind{"eth0": podnet.KindKernel, "net1": kind, "net2": kind}
			got := map[string]podnet.Kind{}
			for _, i := range p.inspect(t, both...).Interfaces {
				got[i.Name] = i.Kind
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}

			driver := "net_" + strings.ReplaceAll(string(kind), "-", "_") + "_"
			stdout, _ := p.says(t, 0, "args", both...)
			for _, name := range []string{"net1", "net2"} {
				if arg := fmt.Sprintf("--vdev=%[1]s%[2]s,iface=%[2]s", driver, name); !strings.Contains(stdout, arg) {
					t.Errorf("args lacks %q: %s", arg, stdout)
				}
			}
			p.reflect(t, driver+"net1", hint...)
			p.between(t, both...)
		})
	}
}
