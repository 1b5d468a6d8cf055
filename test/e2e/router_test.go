//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/podnet/podnet/test/internal/netdev"
)

// router is Linux, between two veth pairs whose other ends are bench's.
type router struct {
	*scratchPod
	own, bench *netdev.Namespace
}

// MAC addresses of the router's two sides.
const routerLeft, routerRight = "02:00:00:00:03:01", "02:00:00:00:03:02"

func newRouter(t *testing.T) router {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network interfaces")
	}
	r := router{newPod(t), netdev.NewNamespace(t), netdev.NewNamespace(t)}
	r.under = r.bench.In()
	run := func(n *netdev.Namespace, command string, args ...any) {
		t.Helper()
		vethPod{r.scratchPod, n}.command(t, strings.Fields(fmt.Sprintf(command, args...))...)
	}
	for i, mac := range []string{routerLeft, routerRight} {
		run(r.own, "ip link add r%d address %s type veth peer name net%d", i, mac, i)
		run(r.own, "ip link set net%d netns %s", i, strings.Split(r.bench.Path, "/")[2]) // the process that it is of
		run(r.own, "sysctl -qw net.ipv6.conf.r%d.disable_ipv6=0", i)
		run(r.own, "ip link set r%d up", i)
		// The router asks again after a second or so, and not after half a minute.
		for _, family := range []string{"ipv4", "ipv6"} {
			run(r.own, "sysctl -qw net.%[1]s.neigh.r%[2]d.base_reachable_time_ms=500 net.%[1]s.neigh.r%[2]d.delay_first_probe_time=1", family, i)
		}
		run(r.bench, "ip link set net%d up", i)
		run(r.own, "ip addr add 198.18.%d.254/24 dev r%d", i, i)
		run(r.own, "ip -6 addr add 2001:db8:%d::ff/64 dev r%d nodad", i, i)
	}
	run(r.own, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
	return r
}

// A router that has to ask for its neighbors is measured, with IPv4 and IPv6, one way
// and both ways, with flows of one host or of several.
func TestRouter(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		both bool
	}{
		"IPv4":           {[]string{"--src-ip", "198.18.0.1", "--dst-ip", "198.18.1.2", "--gateway-mac", routerLeft}, false},
		"IPv4 both ways": {[]string{"--src-ip", "198.18.0.1", "--dst-ip", "198.18.1.2", "--gateway-mac", routerLeft + "," + routerRight, "--bidirectional"}, true},
		"IPv4 hosts":     {[]string{"--src-ip", "198.18.0.1", "--dst-ip", "198.18.1.2", "--gateway-mac", routerLeft, "--flows", "20", "--vary", "src-ip,dst-ip", "--warmup", "2s"}, false},
		"IPv6":           {[]string{"--src-ip", "2001:db8::1", "--dst-ip", "2001:db8:1::2", "--gateway-mac", routerLeft, "--frame-size", "128"}, false},
		"IPv6 both ways": {[]string{"--src-ip", "2001:db8::1", "--dst-ip", "2001:db8:1::2", "--gateway-mac", routerLeft + "," + routerRight, "--bidirectional", "--frame-size", "128"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRouter(t)
			const rate, packets = 500, 2500
			a := startApp(t, r.scratchPod, "bench", append(tt.args, "--iface", "net0", "--iface", "net1", "--memory", "none",
				"--rate", fmt.Sprint(rate), "--duration", "5s", "--calibrate=false", "-o", "json")...)
			got := a.measured()
			if got.Sent.Packets != packets || got.Received.Packets != packets {
				t.Errorf("sent %d and received %d, want %d\n%s", got.Sent.Packets, got.Received.Packets, packets, a.Stderr())
			}
			if got.RxOther == 0 {
				t.Error("the router has asked for nobody in the trial")
			}
			if (len(got.Directions) == 2) != tt.both {
				t.Errorf("directions: %+v", got.Directions)
			}
		})
	}
}

// Without a route the probe does not pass, and bench names the remedy.
func TestRouterWithoutARoute(t *testing.T) {
	r := newRouter(t)
	a := startApp(t, r.scratchPod, "bench", "--iface", "net0", "--iface", "net1", "--memory", "none", "--peer-timeout", "5s",
		"--src-ip", "198.18.0.1", "--dst-ip", "203.0.113.1", "--gateway-mac", routerLeft, "-o", "json")
	a.exit(settleTime, 3)
	for _, want := range []string{routerLeft + " is the router's address", "a route to 203.0.113.1"} {
		if !strings.Contains(a.Stderr(), want) {
			t.Errorf("want %q:\n%s", want, a.Stderr())
		}
	}
}
