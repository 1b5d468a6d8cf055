package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

const memifStatus = `k8s.v1.cni.cncf.io/network-status="[{\"name\":\"ns/m\",\"interface\":\"net1\",\"dns\":{},` +
	`\"device-info\":{\"type\":\"memif\",\"version\":\"1.1.0\",\"memif\":{\"role\":\"client\",\"path\":\"/run/m.sock\"}}}]"`

// podinfo is a Downward API directory of a pod with one memif interface.
func podinfo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "annotations"), []byte(memifStatus), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fakeExec is a world in which the programs are installed, and a process that
// becomes one is recorded instead.
type fakeExec struct {
	out, err bytes.Buffer
	path     string
	argv     []string
	env      []string
}

func (f *fakeExec) deps(installed ...string) Deps {
	return Deps{
		Streams: Streams{In: strings.NewReader(""), Out: &f.out, Err: &f.err},
		Program: Program{Name: "testpmd-wrapper", DPDKVersion: "24.11.3"},
		Env:     []string{"A=b"},
		PID:     4711,
		LookPath: func(program string) (string, error) {
			if slices.Contains(installed, program) {
				return "/opt/bin/" + program, nil
			}
			return "", errors.New("not found")
		},
		Exec: func(path string, argv, env []string) error {
			f.path, f.argv, f.env = path, argv, env
			return nil
		},
	}
}

func TestExecPrograms(t *testing.T) {
	tests := []struct {
		app, program string
		appArgs      []string // after the --; nil: no --
	}{
		{"testpmd", "dpdk-testpmd", []string{"--nb-cores=1", "--rxq=1", "--txq=1"}},
		{"l2fwd", "dpdk-l2fwd", []string{"-p", "0x1"}},
		{"l3fwd", "dpdk-l3fwd", []string{"-p", "0x1", "--config=(0,0,1)", "--parse-ptype", "--relax-rx-offload"}},
		{"pktgen", "pktgen", []string{"-P", "-m"}},
		{"dpdk-test", "dpdk-test", nil},
	}
	for _, tt := range tests {
		t.Run(tt.app, func(t *testing.T) {
			t.Setenv("RUNTIME_DIRECTORY", t.TempDir())
			var f fakeExec
			d := f.deps(tt.program)
			become := d.Exec
			d.Exec = func(path string, argv, env []string) error {
				if _, err := os.Stat(rundir.Path("podnet-4711")); err != nil {
					t.Errorf("the program does not own its runtime directory: %v", err)
				}
				return become(path, argv, env)
			}
			if code := execute(t.Context(), []string{"exec", "--app", tt.app, "--memory=none", "--podinfo", podinfo(t)}, d); code != 0 {
				t.Fatalf("exit code %d: %s", code, &f.err)
			}
			if f.path != "/opt/bin/"+tt.program || f.argv[0] != tt.program {
				t.Errorf("became %s as %s, want %s", f.path, f.argv[0], tt.program)
			}
			if diff := cmp.Diff([]string{"A=b"}, f.env); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			if !slices.Contains(f.argv, "--file-prefix=podnet-4711") {
				t.Errorf("no file prefix with the process id in %q", f.argv)
			}
			dash := slices.Index(f.argv, "--")
			if tt.appArgs == nil {
				if dash >= 0 {
					t.Errorf("arguments of an application in %q, want none", f.argv)
				}
				return
			}
			if dash < 0 || len(f.argv) < dash+1+len(tt.appArgs) {
				t.Fatalf("no arguments of the application in %q", f.argv)
			}
			if diff := cmp.Diff(tt.appArgs, f.argv[dash+1:dash+1+len(tt.appArgs)]); diff != "" {
				t.Errorf("arguments of the application (-want +got):\n%s", diff)
			}
		})
	}
}

// exec reports a device on the wrong driver before a program starts.
func TestExecNotReady(t *testing.T) {
	s := podnettest.Load(t, "testdata/pods/iavf.txtar")
	var f fakeExec
	o := execOptions{
		Deps:       f.deps("dpdk-testpmd"),
		PodOptions: PodOptions{Root: s.Root},
		EALOptions: EALOptions{Queues: 1, Memory: "none", FilePrefix: "podnet"},
		App:        "testpmd",
	}
	err := execRun(t.Context(), o)
	if ExitCode(err) != CodeNotReady || !strings.Contains(err.Error(), "kernel's driver iavf") || f.argv != nil {
		t.Errorf("error %v, became %q; want one about iavf with exit code %d", err, f.argv, CodeNotReady)
	}
}

func TestExecMissingProgram(t *testing.T) {
	for app, remedy := range map[string]string{
		"testpmd": "install the package dpdk",
		"l2fwd":   "build examples/l2fwd",
		"l3fwd":   "build examples/l3fwd",
		"pktgen":  "build Pktgen-DPDK",
		"other":   "a program in PATH",
	} {
		var f fakeExec
		code := execute(t.Context(), []string{"exec", "--app", app, "--memory=none", "--podinfo", podinfo(t)}, f.deps())
		if code != CodeNotReady || !strings.Contains(f.err.String(), remedy) || f.argv != nil {
			t.Errorf("%s: exit code %d, became %q, stderr %q; want %d and %q", app, code, f.argv, &f.err, CodeNotReady, remedy)
		}
	}
}
