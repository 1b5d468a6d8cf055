//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// ovsVswitchd is where Debian puts the vswitchd that is built with DPDK.
const ovsVswitchd = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"

// ovsBridge is an Open vSwitch of its own, with one userspace bridge.
type ovsBridge struct {
	t      *testing.T
	as     []string
	dir    string
	bridge string
	// daemons end with the test, or by stop.
	daemons []*testpeer.Process
}

// startOVS starts an Open vSwitch on DPDK whose bridge joins the sockets of two networks,
// which the pod makes. It forwards packets from one to the other, and sends nothing else.
func startOVS(t *testing.T, a, b socketNet) *ovsBridge {
	t.Helper()
	return startOVSAs(t, nil, a, b)
}

// startOVSAs is startOVS with a command before each of Open vSwitch's.
func startOVSAs(t *testing.T, as []string, a, b socketNet) *ovsBridge {
	t.Helper()
	if _, err := os.Stat(ovsVswitchd); err != nil {
		t.Fatalf("%v: install openvswitch-switch-dpdk", err)
	}
	if free, err := testpeer.FreeHugepages(); err != nil || free < 256 {
		t.Skipf("Open vSwitch takes its memory from hugepages: 256 of 2 MB wanted, %d free (%v)", free, err)
	}
	dir, err := os.MkdirTemp("/tmp", "podnet-e2e-ovs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"OVS_RUNDIR", "OVS_DBDIR", "OVS_LOGDIR", "OVS_SYSCONFDIR"} {
		t.Setenv(name, dir)
	}
	// The bridge is a tap device of the whole machine, so its name is, too.
	o := &ovsBridge{t: t, as: as, dir: dir, bridge: fmt.Sprintf("e2e%d", os.Getpid())}
	db := filepath.Join(dir, "conf.db")
	o.run("ovsdb-tool", "create", db, "/usr/share/openvswitch/vswitch.ovsschema")
	o.start("ovsdb-server", []string{findProgram(t, "ovsdb-server"), db, "--remote=punix:" + o.socket("db.sock")}, testpeer.Options{})
	awaitFile(t, o.socket("db.sock"))

	o.vsctl("--no-wait", "init")
	o.vsctl("--no-wait", "set", "Open_vSwitch", ".",
		"other_config:dpdk-init=true", "other_config:dpdk-socket-mem=256",
		fmt.Sprintf("other_config:pmd-cpu-mask=%#x", uint64(1)<<peerCPU),
		"other_config:dpdk-extra=--no-pci --in-memory --file-prefix="+peertest.NewPrefix())
	o.start("ovs-vswitchd", []string{ovsVswitchd, "unix:" + o.socket("db.sock")},
		testpeer.Options{Env: []string{"RUNTIME_DIRECTORY=" + dir}})
	t.Cleanup(o.stop)
	o.vsctl("add-br", o.bridge, "--", "set", "bridge", o.bridge, "datapath_type=netdev")
	for i, n := range []socketNet{a, b} {
		o.vsctl("add-port", o.bridge, n.name, "--", "set", "Interface", n.name, "type=dpdkvhostuserclient",
			"options:vhost-server-path="+n.path, fmt.Sprintf("ofport_request=%d", i+1))
	}
	o.run("ovs-ofctl", "del-flows", o.management())
	o.run("ovs-ofctl", "add-flow", o.management(), "in_port=1,actions=output:2")
	o.run("ovs-ofctl", "add-flow", o.management(), "in_port=2,actions=output:1")
	return o
}

func (o *ovsBridge) start(name string, argv []string, options testpeer.Options) {
	o.t.Helper()
	o.daemons = append(o.daemons, peertest.Start(o.t, name, slices.Concat(o.as, argv), options))
}

// stop ends Open vSwitch, before the test does or with it. The taps of its bridges
// would outlive a vswitchd that is killed.
func (o *ovsBridge) stop() {
	if len(o.daemons) > 0 && o.daemons[len(o.daemons)-1].Running() {
		o.vsctl("del-br", o.bridge)
	}
	for _, p := range slices.Backward(o.daemons) {
		p.Kill()
	}
}

func (o *ovsBridge) socket(name string) string { return filepath.Join(o.dir, name) }

func (o *ovsBridge) management() string { return "unix:" + o.socket(o.bridge+".mgmt") }

func (o *ovsBridge) vsctl(args ...string) string {
	o.t.Helper()
	return o.run("ovs-vsctl", append([]string{"--db=unix:" + o.socket("db.sock"), "--timeout=10"}, args...)...)
}

func (o *ovsBridge) run(name string, args ...string) string {
	o.t.Helper()
	argv := slices.Concat(o.as, []string{findProgram(o.t, name)}, args)
	out, err := exec.Command(argv[0], argv[1:]...).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		o.t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

// ovsStats are OVS's counters of a port: received is from the pod, sent is to it.
type ovsStats struct{ rxPackets, txPackets uint64 }

// ovsPort matches a vhost-user port and its counters in the output of dpctl/show.
var ovsPort = regexp.MustCompile(`port \d+: (\S+) \(dpdkvhostuserclient: .*\)\s+RX packets:(\d+) .*\s+TX packets:(\d+) `)

// stats reads the current counters of the ports that have a peer. `ovs-vsctl list
// Interface` has the same counters up to five seconds later.
func (o *ovsBridge) stats() map[string]ovsStats {
	o.t.Helper()
	found, err := filepath.Glob(o.socket("ovs-vswitchd*.ctl"))
	if err != nil || len(found) != 1 {
		o.t.Fatalf("control sockets of ovs-vswitchd: %v (%v), want one", found, err)
	}
	conn, err := net.Dial("unix", found[0])
	if err != nil {
		o.t.Fatal(err)
	}
	defer conn.Close()
	var answer struct{ Result, Error string }
	if _, err := io.WriteString(conn, `{"method": "dpctl/show", "params": ["-s"], "id": 1}`); err != nil {
		o.t.Fatal(err)
	}
	if err := json.NewDecoder(conn).Decode(&answer); err != nil || answer.Error != "" {
		o.t.Fatalf("dpctl/show: %v %s", err, answer.Error)
	}
	stats := make(map[string]ovsStats)
	for _, m := range ovsPort.FindAllStringSubmatch(answer.Result, -1) {
		rx, errRx := strconv.ParseUint(m[2], 10, 64)
		tx, errTx := strconv.ParseUint(m[3], 10, 64)
		if err := errors.Join(errRx, errTx); err != nil {
			o.t.Fatal(err)
		}
		stats[m[1]] = ovsStats{rx, tx}
	}
	return stats
}

// awaitLinks waits until OVS sends to the ports. Between the peer's connection and the
// set-up of the port's queues OVS drops packets; on a busy machine that takes seconds.
func (o *ovsBridge) awaitLinks(ports ...socketNet) {
	o.t.Helper()
	for _, n := range ports {
		if err := testpeer.Poll(settleTime, func() error {
			if state := strings.TrimSpace(o.vsctl("get", "Interface", n.name, "link_state")); state != "up" {
				return fmt.Errorf("link_state of %s is %s", n.name, state)
			}
			return nil
		}); err != nil {
			o.t.Fatal(err)
		}
	}
}

// await waits until OVS has these counters, and returns what it has then, or
// after settleTime.
func (o *ovsBridge) await(want map[string]ovsStats) map[string]ovsStats {
	o.t.Helper()
	var got map[string]ovsStats
	_ = testpeer.Poll(settleTime, func() error {
		if got = o.stats(); !maps.Equal(got, want) {
			return fmt.Errorf("%+v", got)
		}
		return nil
	})
	return got
}

// follow watches the counters until the application ends, and returns the last
// ones: a port without a peer has none.
func (o *ovsBridge) follow(a *app) map[string]ovsStats {
	o.t.Helper()
	last := make(map[string]ovsStats)
	for end := time.Now().Add(benchTimeout); a.Running(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			o.t.Fatalf("%s still runs after %v", a.Name(), benchTimeout)
		}
		maps.Copy(last, o.stats())
	}
	return last
}

// findProgram finds a program that may lie in sbin.
func findProgram(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("there is no %s: install openvswitch-switch", name)
	return ""
}

// awaitFile waits until a socket, or whatever else has this name, is there.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	if err := testpeer.Poll(2*settleTime, func() error {
		_, err := os.Lstat(path)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
