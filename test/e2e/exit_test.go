//go:build e2e

package e2e

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	"github.com/podnet/podnet/test/internal/peertest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// absent is a PCI address that no machine has.
const absent = "0000:ff:1f.7"

func TestExitCodes(t *testing.T) {
	// A network with an absent device by device-info, and one by the environment
	// of the device plugin, which is the only one that it could be.
	byStatus := socketNet{name: "net1", kind: nadv1.DeviceInfoTypePCI}
	byEnv := socketNet{name: "net1"}
	for _, tt := range []struct {
		name     string
		networks []socketNet
		env      []string
		command  []string
		want     int
		says     []string
	}{
		{name: "nothing to drive", command: []string{"run", "--mode", "io"}, want: 3},
		{name: "nothing to bench", command: []string{"bench", "--tx", "net1"}, want: 3, says: []string{"net1"}},
		{
			name: "absent device of network-status", networks: []socketNet{byStatus},
			command: []string{"run", "--mode", "io"}, want: 3, says: []string{"net1", absent},
		},
		{
			name: "absent device of the environment", networks: []socketNet{byEnv}, env: []string{"PCIDEVICE_EXAMPLE_COM_VF=" + absent},
			command: []string{"run", "--mode", "io"}, want: 3, says: []string{"net1"},
		},
		{name: "unknown mode", command: []string{"run", "--mode", "fast"}, want: 64, says: []string{"fast"}},
		{name: "unknown flag", command: []string{"run", "--mode", "io", "--no-such-flag"}, want: 64, says: []string{"no-such-flag"}},
		{name: "frame too small", command: []string{"run", "--mode", "txonly", "--frame-size", "63"}, want: 64, says: []string{"63"}},
		{
			name:    "EAL cannot start",
			command: []string{"run", "--mode", "io", "--vdev", "net_null0", "--eal-arg", "-d", "--eal-arg", "/nonexistent/driver.so"},
			want:    1, says: []string{"/nonexistent/driver.so"},
		},
		{
			name:    "EAL cannot make the port",
			command: []string{"run", "--mode", "io", "--vdev", "net_no_such_driver0"},
			want:    3, says: []string{"net_no_such_driver0"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pod := newPod(t, tt.networks...)
			pod.setEnv(t, append(tt.env, "HOSTNAME=scratch")...)
			a := startApp(t, pod, tt.command[0], tt.command[1:]...)
			a.exit(settleTime, tt.want)
			if a.Stdout() != "" {
				t.Errorf("standard output: %s", a.Stdout())
			}
			for _, want := range tt.says {
				if !strings.Contains(a.Stderr(), want) {
					t.Errorf("standard error does not say %q:\n%s", want, a.Stderr())
				}
			}
		})
	}
}

// If DPDK aborts, the exit code is 1, and the command's socket is removed all the same.
func TestAbort(t *testing.T) {
	pod := newPod(t, memif("net1", server))
	peer, a := startBoth(t, pod, "rxonly", "--mode", "io")
	peer.exchange(peertest.Burst, pod.networks[0])
	a.Signal(syscall.SIGABRT)
	code, err := a.Wait(settleTime)
	if err != nil {
		t.Fatal(err)
	}
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if found, _ := filepath.Glob(pod.networks[0].path); found != nil {
		t.Errorf("%s is left behind", found[0])
	}
}
