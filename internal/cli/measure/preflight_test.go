package measure

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk/dpdktest"
)

// Frames that the network does not carry are found out before DPDK starts.
func TestFramesAgainstMTU(t *testing.T) {
	dir := t.TempDir()
	annotation := fmt.Sprintf(`[{"name":"ns/m","interface":"net1","mtu":1400,"device-info":{"type":"memif","version":"1.1.0","memif":{"role":"server","path":%q}}}]`, filepath.Join(dir, "m.sock"))
	for name, text := range map[string]string{
		"annotations": fmt.Sprintf("k8s.v1.cni.cncf.io/network-status=%q\n", annotation),
		"environ":     "A=b",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		command func(deps) *cobra.Command
		args    []string
		refused bool
	}{
		{newBenchCmd, []string{"fixed", "--frame-size", "64,1518", "-d", "1s"}, true},
		{newBenchCmd, []string{"fixed", "--frame-size", "imix", "-d", "1s"}, true},
		{newBenchCmd, []string{"fixed", "--frame-size", "64,1418", "-d", "1s"}, false},
		{newBenchCmd, []string{"fixed", "--frame-size", "1518", "-d", "1s", "--no-check"}, false},
		{newRunCmd, []string{"--mode", "txonly", "--frame-size", "1419", "-d", "1s"}, true},
		{newRunCmd, []string{"--mode", "io", "-d", "1s"}, false},
	} {
		args := slices.Concat(tt.args, []string{"--podinfo", dir, "--environ", filepath.Join(dir, "environ"), "--peer-timeout", "1s"})
		err := error(nil)
		if tt.refused { // there is no DPDK to be started
			var w world
			cmd := tt.command(w.deps())
			cmd.SetArgs(append(args, "--memory", "none"))
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			err = cmd.ExecuteContext(t.Context())
		} else {
			_, _, err = onFake(t, forever, func(*dpdktest.Fake) {}, tt.command, args...)
		}
		said := err != nil && strings.Contains(err.Error(), "the network's MTU is 1400")
		if said != tt.refused || tt.refused && cli.ExitCode(err) != cli.CodeNotReady {
			t.Errorf("%q: %v", tt.args, err)
		}
	}
}
