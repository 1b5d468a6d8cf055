// Package cli is the command line of testpmd-wrapper. Everything that a command
// touches, from its streams to the clock, is handed to it, so that tests drive
// the real commands.
package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/dpdk"
)

// program is the name in usage texts and in front of errors.
const program = "testpmd-wrapper"

// deps is what commands have of the world around them.
type deps struct {
	Streams
	env         []string // the environment, as os.Environ gives it
	pid         int
	version     string // of this program
	dpdkVersion string // of the DPDK that is linked, as 22.11.11; empty: none
	// lookPath finds a program, and exec becomes it; exec returns only to say
	// why it could not.
	lookPath func(program string) (path string, err error)
	exec     func(path string, argv, env []string) error
}

// Main runs the command line args (without the program's name) and returns the
// exit code.
func Main(ctx context.Context, args, env []string, streams Streams) int {
	return execute(ctx, args, deps{
		Streams:     streams,
		env:         env,
		pid:         os.Getpid(),
		version:     buildVersion(),
		dpdkVersion: dpdk.Version(),
		lookPath:    exec.LookPath,
		exec:        syscall.Exec,
	})
}

func execute(ctx context.Context, args []string, d deps) int {
	root := newRootCmd(d)
	root.SetArgs(args)

	// Until a command's own code runs, every error is about how it was called.
	var started bool
	note := func(cmd *cobra.Command) {
		if run := cmd.RunE; run != nil {
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				started = true
				return run(cmd, args)
			}
		}
	}
	for _, cmd := range root.Commands() {
		note(cmd)
		for _, sub := range cmd.Commands() {
			note(sub)
		}
	}

	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !started {
		err = usageError(err)
	}
	code := exitCode(err)
	if err != nil {
		fmt.Fprintf(d.Err, "%s: %v\n", program, err)
	}
	if code == codeUsage {
		fmt.Fprintf(d.Err, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return code
}

// version is set by builds that have no repository for the Go toolchain to see, as
// the image's.
var version string

// buildVersion is the version that was set, or that the Go toolchain stamped into
// the binary.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
