//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/test/internal/afxdpplugin"
)

// release is the one of the DPDK that the application has.
func release(t *testing.T) eal.Version {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), wrapper, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "DPDK "); ok {
			v, err := eal.ParseVersion(strings.TrimSpace(text))
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no release of DPDK in %q", out)
	return 0
}

// pluginPod is a pod with netdevs of the AF_XDP device plugin.
type pluginPod struct {
	vethPod
	host string // the name by which the plugin knows the pod
}

// newPluginPod makes one. The plugin's sockets have the netdevs' names, so these are
// nobody else's.
func newPluginPod(t *testing.T) pluginPod {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	p := pluginPod{newVethPod(t, fmt.Sprintf("xa%d", os.Getpid()), fmt.Sprintf("xb%d", os.Getpid())), host}
	p.setEnv(t, "HOSTNAME=scratch", "AFXDP_DEVICES_POOL1="+p.networks[0].name+" "+p.networks[1].name)
	return p
}

// serve has the plugin serve a netdev of the pod to a process on this host.
func (p pluginPod) serve(t *testing.T, n socketNet, host string) *afxdpplugin.Server {
	t.Helper()
	var device *afxdpplugin.Device
	if err := p.namespace.Do(func() error {
		dev, err := net.InterfaceByName(n.name)
		if err == nil {
			device, err = afxdpplugin.Load(n.name, dev.Index)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { device.Close() })
	s, err := afxdpplugin.Serve(device, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// wasAsked wants the plugin to have been asked for the netdev's map, once.
func (p pluginPod) wasAsked(t *testing.T, s *afxdpplugin.Server, n socketNet) {
	t.Helper()
	got, err := s.Requests()
	want := []string{"/connect," + p.host, "/version", "/xsk_map_fd," + n.name, "/fin"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%s: %v, requests (-want +got):\n%s", n.name, err, diff)
	}
}

// needsPluginRelease wants a DPDK that cannot get at the plugin's netdevs to be refused
// with the reason, and reports whether this one can.
func (p pluginPod) needsPluginRelease(t *testing.T) bool {
	t.Helper()
	if v := release(t); v >= first(t) {
		return true
	}
	for _, command := range [][]string{{"run", "--mode", "io"}, {"bench"}} {
		stdout, stderr := p.says(t, 3, command[0], append(command[1:], "--interfaces", p.networks[0].name)...)
		if stdout != "" || strings.Count(stderr, "use DPDK 24.07 or later") != 1 {
			t.Errorf("%s: standard output %q, and an error that does not name DPDK 24.07: %s", command[0], stdout, stderr)
		}
	}
	return false
}

// first is the first release with dp_path.
func first(t *testing.T) eal.Version {
	t.Helper()
	v, err := eal.ParseVersion("24.07")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The netdevs of the AF_XDP device plugin are ports. Their packets come by the plugin's map.
func TestAFXDPPlugin(t *testing.T) {
	p := newPluginPod(t)
	var servers []*afxdpplugin.Server
	for _, n := range p.networks {
		servers = append(servers, p.serve(t, n, p.host))
	}
	for i, dev := range p.inspect(t).Interfaces[1:] {
		want := &podnet.AFXDP{Netdev: p.networks[i].name, Plugin: true, Pool: "POOL1", Socket: servers[i].Path}
		if diff := cmp.Diff(want, dev.AFXDP); diff != "" || dev.Kind != podnet.KindAFXDP || len(dev.Problems) > 0 {
			t.Errorf("%s is of kind %s, with problems %v (-want +got):\n%s", dev.Name, dev.Kind, dev.Problems, diff)
		}
	}
	stdout, _ := p.says(t, 0, "args", "--dpdk-version", "24.11")
	for i, n := range p.networks {
		if arg := fmt.Sprintf("--vdev=net_af_xdp_%[1]s,iface=%[1]s,use_cni=1,dp_path=%[2]s", n.name, servers[i].Path); !strings.Contains(stdout, arg) {
			t.Errorf("args lacks %q: %s", arg, stdout)
		}
	}
	if !p.needsPluginRelease(t) {
		return
	}
	p.between(t)
	for i, s := range servers {
		p.wasAsked(t, s, p.networks[i])
	}
}

// A user without privileges gets the packets, too, which is the plugin's purpose. The
// plugin then has no socket for a second program, whose error says so before DPDK starts.
func TestAFXDPPluginWithoutPrivilege(t *testing.T) {
	p := newPluginPod(t)
	if !p.needsPluginRelease(t) {
		return
	}
	n := p.networks[0]
	s := p.serve(t, n, p.host)
	const caps = "+net_raw,+ipc_lock"
	p.under = slices.Concat(p.namespace.In("env"), asNobody(t, p.scratchPod).Env, []string{
		"setpriv", "--reuid=65534", "--regid=65534",
		"--clear-groups", "--inh-caps=-all," + caps, "--ambient-caps=" + caps, "--bounding-set=-all," + caps,
	})
	p.reflect(t, "net_af_xdp_"+n.name, "--memory", "none")
	p.wasAsked(t, s, n)

	i := p.inspect(t).Interfaces[1]
	if len(i.Problems) != 1 || i.Problems[0].Code != podnet.CodeSocketMissing || i.Problems[0].Transient {
		t.Errorf("%s: problems %+v, want one of a socket that does not come", i.Name, i.Problems)
	}
	for _, args := range [][]string{nil, {"--wait", "1h"}} {
		_, stderr := p.says(t, 3, "run", append(args, "--interfaces", n.name, "--mode", "io")...)
		if !strings.Contains(stderr, "create it again") || strings.Contains(stderr, "DPDK says") {
			t.Errorf("run %q: %s", args, stderr)
		}
	}
}

// A plugin that does not know the pod gives no map. DPDK's driver would crash without it,
// so the command has to print the reason before.
func TestAFXDPPluginRefuses(t *testing.T) {
	p := newPluginPod(t)
	if !p.needsPluginRelease(t) {
		return
	}
	n := p.networks[0]
	p.serve(t, n, "another-pod")
	_, stderr := p.says(t, 3, "run", "--interfaces", n.name, "--mode", "io")
	for _, want := range []string{n.name, "/host_nak", "the pod that has this host's name"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("run does not say %q: %s", want, stderr)
		}
	}
}
