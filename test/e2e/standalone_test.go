//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// Both ends run without a pod, and say so if they share a CPU.
func TestWithoutPod(t *testing.T) {
	for _, kind := range []string{"vhost-user", "memif"} {
		for _, tt := range []struct {
			name           string
			dutCPU, ourCPU int
			warned         bool
		}{
			{"apart", peerCPU, podCPU, false},
			{"on-one-cpu", peerCPU, peerCPU, true},
		} {
			t.Run(kind+"/"+tt.name, func(t *testing.T) {
				// t.TempDir is too long for a socket's name.
				dir, err := os.MkdirTemp("/tmp", "podnet-e2e-")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(dir) })
				socket := filepath.Join(dir, "s")
				dut := peertest.Start(t, "dut", []string{wrapper, "dut", "--" + kind, socket, "--memory", "none", "--cpus", strconv.Itoa(tt.dutCPU)}, testpeer.Options{})
				if err := dut.Poll(2*settleTime, func() error {
					_, err := os.Stat(socket)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				bench := peertest.Start(t, "bench", append([]string{
					wrapper, "bench", "--" + kind, socket, "--memory", "none", "--cpus", strconv.Itoa(tt.ourCPU), "--rate", "500",
				}, quietBench...), testpeer.Options{CPUs: cpuset.New(peerCPU, podCPU)})
				code, err := bench.Wait(benchTimeout)
				if err != nil || code != 0 && code != peertest.NotValid {
					t.Fatalf("exit code %d, %v\n%s", code, err, bench.Stderr())
				}
				// Of this dut: others may poll there too.
				warning := fmt.Sprintf("process %d (testpmd-wrapper) polls on CPU %d, too: give each process CPUs of its own by --cpus", dut.PID, tt.ourCPU)
				said := strings.Contains(bench.Stderr(), warning)
				if said != tt.warned {
					t.Errorf("warned: %t, want %t\n%s", said, tt.warned, bench.Stderr())
				}
				if !strings.Contains(bench.Stdout(), `"tx": "`+kind+`0"`) {
					t.Errorf("the interface is not named %s0:\n%s", kind, bench.Stdout())
				}
			})
		}
	}
}
