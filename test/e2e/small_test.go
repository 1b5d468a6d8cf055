//go:build e2e

package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// A pod with 64 MiB of hugepages can run and bench on two ports.
func TestInSixtyFourMiB(t *testing.T) {
	if free, err := testpeer.FreeHugepages(); err != nil || free < 64 {
		t.Skipf("two processes need 64 free hugepages of 2 MiB: %d, %v", free, err)
	}
	for _, networks := range [][]socketNet{
		{vhostUser("net1", client), vhostUser("net2", client)},
		{memif("net1", client), memif("net2", client)},
	} {
		t.Run(networks[0].kind, func(t *testing.T) {
			pod := newPod(t, networks...)
			write(t, filepath.Join(pod.podinfo(), "hugepages_2M_limit"), "64")
			args := peertest.Start(t, "args", slices.Concat([]string{wrapper, "args", "--memory", "hugepages"}, pod.flags()), testpeer.Options{})
			if code, err := args.Wait(settleTime); err != nil || code != 0 || !strings.Contains(args.Stdout(), "--socket-mem=64") {
				t.Fatalf("args: exit code %d, %v: want --socket-mem=64\n%s%s", code, err, args.Stdout(), args.Stderr())
			}

			r, _ := throughDut(t, pod, []string{"--forward", "bridge"}, []string{
				"--tx", "net1", "--rx", "net2", "--bidirectional", "--rate", "2000", "--memory", "hugepages",
			})
			if r.Sent.Packets == 0 || r.Received.Packets != r.Sent.Packets {
				t.Errorf("sent %d, received %d", r.Sent.Packets, r.Received.Packets)
			}

			startDut(t, pod, "--forward", "bridge")
			run := startApp(t, pod, "run", "--mode", "macswap", "--memory", "hugepages", "--duration", "1s", "-o", "json")
			run.exit(benchTimeout, 0)
		})
	}
}
