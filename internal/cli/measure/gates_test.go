package measure

import (
	"slices"
	"strings"
	"testing"

	"github.com/podnet/podnet/internal/cli"
)

// The help of a method shows the thresholds that it takes. It refuses the others all the
// same, with the reason.
func TestThresholdsOfMethods(t *testing.T) {
	thresholds := map[string]string{"min-mpps": "1", "max-loss": "1%", "max-p99": "50us"}
	takes := map[string][]string{
		"fixed": {"min-mpps", "max-loss", "max-p99"}, "soak": {"min-mpps", "max-loss", "max-p99"},
		"throughput": {"min-mpps"}, "ndr": {"min-mpps"}, "latency": {"max-p99"}, "loss": nil, "burst": nil,
	}
	var w world
	root, _ := cli.Reference(program(nil))
	bench, _, err := root.Find([]string{"bench"})
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range bench.Commands() {
		if cmd.Name() == "compare" {
			continue
		}
		want, known := takes[cmd.Name()]
		if !known {
			t.Errorf("%s: this test does not know its thresholds", cmd.Name())
		}
		help := cmd.UsageString()
		if got := strings.Contains(help, "\nThresholds:\n"); got != (want != nil) {
			t.Errorf("%s: heading of thresholds %v:\n%s", cmd.Name(), got, help)
		}
		for flag, value := range thresholds {
			if shown := strings.Contains(help, "--"+flag); shown != slices.Contains(want, flag) {
				t.Errorf("%s: --%s in the help: %v", cmd.Name(), flag, shown)
			}
			if slices.Contains(want, flag) {
				continue
			}
			refusing := newBenchCmd(w.deps())
			refusing.SetArgs([]string{cmd.Name(), "--" + flag, value})
			refusing.SilenceErrors, refusing.SilenceUsage = true, true
			err := refusing.ExecuteContext(t.Context())
			if cli.ExitCode(err) != cli.CodeUsage || !strings.HasPrefix(err.Error(), "--"+flag+": ") || !strings.Contains(err.Error(), cmd.Name()) {
				t.Errorf("%s --%s: %v", cmd.Name(), flag, err)
			}
		}
	}
}

// Thresholds that say nothing are refused: an empty one, such as from a variable that is
// not set, would accept every measurement.
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
