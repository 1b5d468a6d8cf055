package measure

import (
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/cli"
)

// Thresholds that say nothing are refused: an empty one, as of a variable that is not
// set, would pass whatever is measured.
func TestEmptyThresholds(t *testing.T) {
	for _, args := range [][]string{
		{"fixed", "--min-mpps", ""},
		{"fixed", "--max-loss="},
		{"fixed", "--max-p99", ""},
		{"latency", "--rounds", "0"},
		{"latency", "--rfc2544", "--rounds", "0"},
	} {
		var w world
		cmd := newBenchCmd(w.deps())
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		flag, _, _ := strings.Cut(args[len(args)-1], "=")
		if !strings.HasPrefix(flag, "--") {
			flag = args[len(args)-2]
		}
		if cli.ExitCode(err) != cli.CodeUsage || !strings.HasPrefix(err.Error(), flag+" ") {
			t.Errorf("%q: %v", args, err)
		}
	}
}
