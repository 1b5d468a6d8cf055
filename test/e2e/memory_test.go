//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/podnet/podnet/test/internal/peertest"
	"github.com/podnet/podnet/test/internal/testpeer"
)

// However the application ends, its hugepages are free again.
func TestHugepagesAreGivenBack(t *testing.T) {
	if free, err := testpeer.FreeHugepages(); err != nil || free < 256 {
		t.Skipf("256 hugepages of 2 MB wanted, %d free (%v)", free, err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			// Others on this machine may take and give hugepages meanwhile.
			const attempts = 5
			var err error
			for range attempts {
				if err = useHugepages(t, sig); err == nil {
					return
				}
			}
			t.Errorf("%d times: %v", attempts, err)
		})
	}
}

// useHugepages runs on hugepages and tells what is wrong with the number of those
// in use.
func useHugepages(t *testing.T, sig syscall.Signal) error {
	t.Helper()
	before := usedHugepages(t)
	a := startApp(t, newPod(t), "run", "--mode", "io", "--vdev", "net_null0", "--memory", "hugepages")
	t.Cleanup(func() { os.RemoveAll(testpeer.RuntimeDir(a.prefix)) }) // of one that is killed
	telemetry := peertest.Dial(t, a.Process, testpeer.RuntimeDir(a.prefix))
	if err := a.Poll(settleTime, func() error {
		s, err := telemetry.Stats(0)
		if err == nil && s.TxPackets == 0 {
			err = errors.New("nothing is forwarded yet")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if during := usedHugepages(t); during <= before {
		return fmt.Errorf("%d hugepages are in use, %d were before: want more", during, before)
	}
	a.Signal(sig)
	if _, err := a.Wait(settleTime); err != nil {
		t.Fatal(err)
	}
	if after := usedHugepages(t); after > before {
		return fmt.Errorf("%d hugepages are in use, %d were before: want no more", after, before)
	}
	return nil
}

func usedHugepages(t *testing.T) int {
	t.Helper()
	n, err := testpeer.UsedHugepages()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
