//go:build cgo && !nodpdk

package dpdk

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// processEnv makes the test binary run one of the programs below instead of tests.
// EAL starts once per process, so what ends or refuses it needs one of its own.
const processEnv = "PODNET_TEST_PROCESS"

// programs are what such a process does, by name, with EAL's arguments.
var programs = map[string]func(ctx context.Context, args []string) error{
	// hold keeps EAL up until its standard input ends, and says when it is.
	"hold": func(ctx context.Context, args []string) error {
		r, err := Start(ctx, Options{Args: args})
		if err != nil {
			return err
		}
		fmt.Println("up")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return r.Close(ctx)
	},
	"start": func(ctx context.Context, args []string) error {
		r, err := Start(ctx, Options{Args: args})
		if err == nil {
			err = r.Close(ctx)
		}
		return err
	},
}

func TestMain(m *testing.M) {
	name, args, _ := strings.Cut(os.Getenv(processEnv), " ")
	program, ok := programs[name]
	if !ok {
		os.Exit(m.Run())
	}
	if err := program(context.Background(), strings.Fields(args)); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// process makes a command that runs a program in a process of its own. Its runtime
// directory is a new one, unless shell changes that: shell runs before it.
func process(t *testing.T, runtimeDir, shell, program, args string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "sh", "-c", shell+`exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), processEnv+"="+program+" "+args, "RUNTIME_DIRECTORY="+runtimeDir)
	return cmd
}

// inNamespace makes the command run in a new namespace of that kind.
func inNamespace(t *testing.T, cmd *exec.Cmd, kind string) {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Args = unshare, append([]string{unshare, kind}, cmd.Args...)
}
