//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// A secondary process attaches to run, which leaves nothing under its prefix.
func TestMultiProcess(t *testing.T) {
	if free, err := testpeer.FreeHugepages(); err != nil || free < 256 {
		t.Skipf("256 hugepages of 2 MB wanted, %d free (%v)", free, err)
	}
	prefix := peertest.NewPrefix()
	t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(prefix)) })
	a := startApp(t, newPod(t), "run", "--mode", "io", "--vdev", "net_null0", "--multi-process", "--file-prefix", prefix)
	telemetry := peertest.Dial(t, a.Process, testpeer.RuntimeDir(prefix))
	if err := a.Poll(settleTime, func() error {
		s, err := telemetry.Stats(0)
		if err == nil && s.TxPackets == 0 {
			err = errors.New("nothing is forwarded yet")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "dpdk-proc-info", "--no-pci", "--file-prefix="+prefix, "--", "--xstats").CombinedOutput()
	if err != nil || !strings.Contains(string(text), "NIC extended statistics for port 0") {
		t.Errorf("dpdk-proc-info: %v\n%s", err, text)
	}

	a.Signal(syscall.SIGTERM)
	a.exit(promptly, 0)
	for _, pattern := range []string{testpeer.RuntimeDir(prefix), fmt.Sprintf("/dev/hugepages/%smap_*", prefix)} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("%s is left", left)
		}
	}
}
