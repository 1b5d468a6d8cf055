package measure

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
)

// paramFlags are the flags of a method with values from a command line, and one flag that a
// ConfigMap cannot set.
func paramFlags(t *testing.T, o *benchOptions, m *method) (flags *pflag.FlagSet, own []string) {
	t.Helper()
	flags = pflag.NewFlagSet("", pflag.ContinueOnError)
	m.flags(flags)
	flags.VisitAll(func(f *pflag.Flag) { own = append(own, f.Name) })
	flags.StringSliceVar(&o.FrameSizes, "frame-size", nil, "")
	flags.IntVar(&o.Repeat, "repeat", 1, "")
	flags.StringVar(&o.ResultFile, "result-file", "", "")
	if err := flags.Parse([]string{"--frame-size=64,512", "--repeat=2"}); err != nil {
		t.Fatal(err)
	}
	return flags, own
}

// The ConfigMap's values replace the command line's, and the other flags stay.
func TestParams(t *testing.T) {
	k := newFakeCluster(t)
	k.params = map[string]string{
		"spec.param.frame-size": "128,imix", "spec.param.duration": "3s\n", "spec.timeout": "7m\r\n",
		"spec.image": "x", "status.succeeded": "false", "other": "y",
	}
	var f world
	o := k.options(&f)
	o.ParamsConfigMap = "params"
	flags, own := paramFlags(t, &o, newFixed())
	ctx, cancel, err := o.readParams(t.Context(), flags, own)
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	if diff := cmp.Diff([]string{"128", "imix"}, o.FrameSizes); diff != "" || o.Repeat != 2 || flags.Lookup("duration").Value.String() != "3s" {
		t.Errorf("repeat %d, duration %s, frame sizes (-want +got):\n%s", o.Repeat, flags.Lookup("duration").Value, diff)
	}
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 7*time.Minute {
		t.Errorf("the run ends at %v, %t", deadline, ok)
	}
}

// Every method has the flags that are parameters of all.
func TestParamsExist(t *testing.T) {
	var d deps
	for _, newMethod := range []func() *method{newFixed, newThroughput, newNDR, newLatency, newLoss, newBurst, newSoak} {
		cmd := newMethodCmd(d, newMethod())
		for _, name := range measuring {
			if cmd.Flags().Lookup(name) == nil {
				t.Errorf("%s has no --%s", cmd.Name(), name)
			}
		}
	}
}

// A parameter that is wrong, or not to be set there, ends the run with the key and the
// reason, in the ConfigMap of the results too.
func TestParamsRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		params map[string]string
		code   int
		want   string
	}{
		{"no ConfigMap", nil, cli.CodeNotReady, "404"},
		{"unknown", map[string]string{"spec.param.frame_size": "64"}, cli.CodeUsage, "spec.param.frame_size: this method takes no such parameter: it takes bidirectional,"},
		{"a file's name", map[string]string{"spec.param.result-file": "/x"}, cli.CodeUsage, "spec.param.result-file"},
		{"no number", map[string]string{"spec.param.repeat": "many"}, cli.CodeUsage, `spec.param.repeat: "many"`},
		{"case of a flag", map[string]string{"spec.param.Repeat": "1"}, cli.CodeUsage, "spec.param.Repeat: this method takes no such parameter"},
		{"shorthand", map[string]string{"spec.param.d": "1s"}, cli.CodeUsage, "spec.param.d: this method takes no such parameter"},
		{"case of the key", map[string]string{"spec.Param.repeat": "1"}, cli.CodeUsage, "spec.Param.repeat: no such key. Write spec.param.FLAG"},
		{"plural", map[string]string{"spec.params.repeat": "1"}, cli.CodeUsage, "spec.params.repeat: no such key. Write spec.param.FLAG"},
		{"case of the timeout", map[string]string{"spec.Timeout": "1m"}, cli.CodeUsage, "spec.Timeout: no such key. Write spec.timeout"},
		{"several lines", map[string]string{"spec.param.frame-size": "64\n512\n"}, cli.CodeUsage, `spec.param.frame-size: "64\n512": has several lines`},
		{"no end", map[string]string{"spec.param.duration": strings.Repeat("x", 1<<20)}, cli.CodeUsage, "spec.param.duration: has 1048576 bytes. Write at most 4096"},
		{"no name", map[string]string{"spec.param.": "x"}, cli.CodeUsage, "no such parameter"},
		{"no time", map[string]string{"spec.timeout": "soon"}, cli.CodeUsage, `spec.timeout: "soon"`},
		{"no time left", map[string]string{"spec.timeout": "-1s"}, cli.CodeUsage, "above 0"},
		{"wrong value", map[string]string{"spec.param.repeat": "0"}, cli.CodeUsage, "--repeat 0"}, // plan finds it
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := newFakeCluster(t)
			k.params = tt.params
			var f world
			o, m := k.options(&f), newFixedForTest(t)
			o.ParamsConfigMap = "params"
			flags, own := paramFlags(t, &o, newFixed())
			ctx, cancel, err := o.readParams(t.Context(), flags, own)
			defer cancel()
			if err != nil {
				err = o.refuse(ctx, m, err)
			} else {
				err = benchRun(ctx, o, m)
			}
			if cli.ExitCode(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, code %d, want %d and %q", err, cli.ExitCode(err), tt.code, tt.want)
			}
			if n := len(k.data); n != 2 || k.data[1][report.SucceededKey] != "false" || !strings.Contains(k.data[1][report.FailureKey], tt.want) {
				t.Errorf("written: %q", k.data)
			}
		})
	}
}

// Without the flag the command does not ask the API, and it names wrong flags on standard
// error alone.
func TestNoParams(t *testing.T) {
	k := newFakeCluster(t)
	var f world
	o := k.options(&f)
	o.Repeat = 0
	if err := benchRun(t.Context(), o, newFixedForTest(t)); cli.ExitCode(err) != cli.CodeUsage || len(k.data) != 0 {
		t.Errorf("%v; written: %q", err, k.data)
	}
}

// The result says on which nodes both ends were. A node that cannot be read is a warning.
func TestNodes(t *testing.T) {
	for peer, want := range map[string]result.Environment{
		"":          {Node: "node-a"},
		"reflector": {Node: "node-a", PeerNode: "node-b"},
		"gone":      {Node: "node-a"},
	} {
		k := newFakeCluster(t)
		k.environ = append(k.environ, "NODE_NAME=node-a")
		var f world
		o := k.options(&f)
		o.PeerPod = peer
		s := k.measured(&f, o)
		s.findNodes(context.Background())
		if got := s.result.Environment; got.Node != want.Node || got.PeerNode != want.PeerNode {
			t.Errorf("peer %q: node %q and %q, want %q and %q", peer, got.Node, got.PeerNode, want.Node, want.PeerNode)
		}
		if warned := strings.Contains(f.err.String(), "--peer-pod: pod gone: the Kubernetes API answers 404"); warned != (peer == "gone") {
			t.Errorf("peer %q: on stderr %q", peer, &f.err)
		}
	}
}
