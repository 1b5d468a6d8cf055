// Package scratchpod lays out the files that a pod with fast interfaces would see, to show
// and test the application without a cluster. It makes no sockets: the host's side does.
// Start with Create. For pods from text files see lib/podnet/podnettest.
package scratchpod

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Pod is a directory with the files of a pod that has a default network and
// four fast interfaces: net1 and net2 are vhost-user sockets, named by the
// device information in the network-status annotation, net3 and net4 are memif
// sockets, named by the userspace CNI's annotation. The host makes the sockets.
type Pod struct {
	Podinfo string // the Downward API volume, for --podinfo
	Environ string // the environment's file, for --environ
	sockets string
}

// maxSocketPath is how many bytes fit into sockaddr_un beside the closing NUL.
const maxSocketPath = 107

const networkStatus = `[
{"name": "cbr0", "interface": "eth0", "ips": ["10.244.1.7"], "default": true, "dns": {}},
{"name": "demo/vhost-a", "interface": "net1", "mac": "02:00:00:00:00:01", "dns": {}, "device-info":
	{"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "client", "path": "SOCKETS/net1"}}},
{"name": "demo/vhost-b", "interface": "net2", "mac": "02:00:00:00:00:02", "dns": {}, "device-info":
	{"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "client", "path": "SOCKETS/net2"}}},
{"name": "demo/memif-a", "interface": "net3", "dns": {}},
{"name": "demo/memif-b", "interface": "net4", "dns": {}}
]`

const configurationData = `[
{"containerId": "", "ifName": "net3", "name": "demo/memif-a", "config": {"engine": "vpp", "iftype": "memif", "netType": "interface",
	"memif": {"role": "slave", "mode": "ethernet", "socketfile": "net3"}, "vhost": {}, "bridge": {}}, "ipResult": {"dns": {}}},
{"containerId": "", "ifName": "net4", "name": "demo/memif-b", "config": {"engine": "vpp", "iftype": "memif", "netType": "interface",
	"memif": {"role": "slave", "mode": "ethernet", "socketfile": "net4"}, "vhost": {}, "bridge": {}}, "ipResult": {"dns": {}}}
]`

// Create makes the pod's files in dir.
func Create(dir string) (Pod, error) {
	p := Pod{
		Podinfo: filepath.Join(dir, "podinfo"),
		Environ: filepath.Join(dir, "environ"),
		sockets: filepath.Join(dir, "sockets"),
	}
	if socket := p.Socket("net1"); len(socket) > maxSocketPath {
		return Pod{}, fmt.Errorf("the path of socket %s has %d bytes, and at most %d are possible: choose a shorter directory", socket, len(socket), maxSocketPath)
	}
	for _, d := range []string{p.Podinfo, p.sockets} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return Pod{}, err
		}
	}
	annotations, err := Annotations(map[string]string{
		"k8s.v1.cni.cncf.io/network-status": strings.ReplaceAll(networkStatus, "SOCKETS", p.sockets),
		"userspace/configuration-data":      configurationData,
		"userspace/mapped-dir":              p.sockets,
	})
	if err != nil {
		return Pod{}, err
	}
	if err := os.WriteFile(filepath.Join(p.Podinfo, "annotations"), annotations, 0o644); err != nil {
		return Pod{}, err
	}
	environ := "PATH=/usr/bin:/bin\x00HOSTNAME=demo\x00KUBERNETES_SERVICE_HOST=10.96.0.1\x00"
	return p, os.WriteFile(p.Environ, []byte(environ), 0o644)
}

// Socket is the path of an interface's socket.
func (p Pod) Socket(iface string) string { return filepath.Join(p.sockets, iface) }

// Annotations formats annotations as the kubelet does for the Downward API volume.
func Annotations(annotations map[string]string) ([]byte, error) {
	var lines []string
	for key, value := range annotations {
		if json.Valid([]byte(value)) {
			var compact bytes.Buffer
			if err := json.Compact(&compact, []byte(value)); err != nil {
				return nil, err
			}
			value = compact.String()
		}
		lines = append(lines, key+"="+strconv.Quote(value))
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n")), nil
}
