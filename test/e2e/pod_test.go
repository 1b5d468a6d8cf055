//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"
)

// Roles as the pod sees them: a client connects to a socket that the other side
// made, a server makes it.
const (
	client = "client"
	server = "server"
)

// Kinds of socket, as device-info names them.
const (
	kindVhostUser = nadv1.DeviceInfoTypeVHostUser
	kindMemif     = nadv1.DeviceInfoTypeMemif
)

// socketNet is a secondary network of a scratch pod, with a socket as its device.
type socketNet struct {
	name string // interface
	kind string // a kind above, or another type of device-info
	role string
	mac  string
	path string
}

func vhostUser(name, role string) socketNet {
	return socketNet{name: name, kind: kindVhostUser, role: role}
}

func memif(name, role string) socketNet {
	return socketNet{name: name, kind: kindMemif, role: role}
}

// scratchPod has the files that a container would see of its pod: a Downward API volume, an
// environment, and a directory for the sockets.
type scratchPod struct {
	dir      string
	networks []socketNet
	under    []string // command that runs the application, such as nsenter
}

// newPod makes a pod with these networks in network-status, in this order, after
// the default one.
func newPod(t *testing.T, networks ...socketNet) *scratchPod {
	t.Helper()
	// t.TempDir is too long for a socket's name.
	dir, err := os.MkdirTemp("/tmp", "podnet-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // for pods that are not root's
		t.Fatal(err)
	}
	p := &scratchPod{dir: dir, networks: networks}
	for i := range p.networks {
		n := &p.networks[i]
		n.path = filepath.Join(dir, n.name+".sock")
		n.mac = fmt.Sprintf("02:00:00:00:01:%02x", i+1)
	}
	p.writePodinfo(t)
	p.setEnv(t, "HOSTNAME=scratch", "PATH=/usr/bin")
	return p
}

func (p *scratchPod) podinfo() string { return filepath.Join(p.dir, "podinfo") }

func (p *scratchPod) environ() string { return filepath.Join(p.dir, "environ") }

// flags are those by which the commands of the application find the pod.
func (p *scratchPod) flags() []string {
	return []string{"--podinfo", p.podinfo(), "--environ", p.environ()}
}

// setEnv writes the environment in the form of /proc/PID/environ.
func (p *scratchPod) setEnv(t *testing.T, env ...string) {
	t.Helper()
	write(t, p.environ(), strings.Join(env, "\x00")+"\x00")
}

// writePodinfo writes the annotations as Multus makes and the kubelet escapes them.
func (p *scratchPod) writePodinfo(t *testing.T) {
	t.Helper()
	statuses := []nadv1.NetworkStatus{{Name: "cbr0", Interface: "eth0", IPs: []string{"10.244.0.7"}, Default: true}}
	for _, n := range p.networks {
		statuses = append(statuses, nadv1.NetworkStatus{
			Name: "default/net-of-" + n.name, Interface: n.name, Mac: n.mac, DeviceInfo: n.deviceInfo(),
		})
	}
	parts := make([]string, len(statuses))
	for i, s := range statuses {
		b, err := json.MarshalIndent(s, "", "    ")
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = string(b)
	}
	if err := os.MkdirAll(p.podinfo(), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.podinfo(), "annotations"),
		nadv1.NetworkStatusAnnot+"="+strconv.Quote("["+strings.Join(parts, ",")+"]"))
}

func (n socketNet) deviceInfo() *nadv1.DeviceInfo {
	info := &nadv1.DeviceInfo{Type: n.kind, Version: nadv1.DeviceInfoVersion}
	switch n.kind {
	case kindVhostUser:
		info.VhostUser = &nadv1.VhostDevice{Mode: n.role, Path: n.path}
	case kindMemif:
		role := nadv1.MemitDeviceRoleSlave
		if n.role == server {
			role = nadv1.MemifDeviceRoleMaster
		}
		info.Memif = &nadv1.MemifDevice{Role: role, Path: n.path, Mode: nadv1.MemifDeviceModeEthernet}
	case nadv1.DeviceInfoTypePCI:
		info.Pci = &nadv1.PciDevice{PciAddress: absent}
	default:
		return nil
	}
	return info
}

// port is the name of the pod's ethdev for the network.
func (n socketNet) port() string {
	if n.kind == kindMemif {
		return "net_memif_" + n.name
	}
	return "net_virtio_user_" + n.name
}

// peerPort is the name of the other side's ethdev for the network, and peerVdev
// the EAL argument that makes it.
func (n socketNet) peerPort() string {
	if n.kind == kindMemif {
		return "net_memif_" + n.name
	}
	return "net_vhost_" + n.name
}

func (n socketNet) peerVdev() string {
	switch {
	case n.kind == kindMemif && n.role == server:
		return n.peerPort() + ",role=client,socket-abstract=no,socket=" + n.path
	case n.kind == kindMemif:
		return n.peerPort() + ",role=server,socket-abstract=no,socket=" + n.path
	case n.role == server:
		return n.peerPort() + ",client=1,iface=" + n.path
	default:
		return n.peerPort() + ",iface=" + n.path
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
