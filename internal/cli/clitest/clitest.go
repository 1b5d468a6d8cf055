// Package clitest runs the scripts of the commands' tests.
package clitest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/podnet/podnet/internal/schematest"
	"github.com/podnet/podnet/lib/podnet/podnettest"
)

// Run runs a program by the scripts in dir, which have more commands:
//
//   - "pod NAME" writes NAME.txtar of the directory pods as the directory root and the
//     file environ.
//   - "pod-document FILE" holds a document against the schema of pods.
//   - "check-document FILE" holds a document against the schema of checks.
//   - "exits CODE PROGRAM ARGS..." is exec that compares the exit code.
func Run(t *testing.T, dir, pods string) {
	t.Helper()
	pods, err := filepath.Abs(pods)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("RUNTIME_DIRECTORY", filepath.Join(env.WorkDir, "run"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"pod": func(ts *testscript.TestScript, _ bool, args []string) {
				data, err := os.ReadFile(filepath.Join(pods, args[0]+".txtar"))
				ts.Check(err)
				s, err := podnettest.Parse(data)
				ts.Check(err)
				root := ts.MkAbs("root")
				ts.Check(os.RemoveAll(root))
				ts.Check(os.Mkdir(root, 0o755))
				ts.Check(s.Write(root))
				environ := strings.Join(s.Environ, "\x00")
				ts.Check(os.WriteFile(ts.MkAbs("environ"), []byte(environ), 0o644))
			},
			"pod-document": func(ts *testscript.TestScript, _ bool, args []string) {
				schematest.Pod(t, []byte(ts.ReadFile(args[0])))
			},
			"check-document": func(ts *testscript.TestScript, _ bool, args []string) {
				schematest.Check(t, []byte(ts.ReadFile(args[0])))
			},
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				err = ts.Exec(args[1], args[2:]...)
				if e, ok := errors.AsType[*exec.ExitError](err); ok {
					got = e.ExitCode()
				} else {
					ts.Check(err)
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
		},
	})
}
