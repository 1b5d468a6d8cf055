// Package cli is the command line: the commands that need neither DPDK nor results, and
// the code that they share with the commands of internal/cli/measure. It resolves nothing
// itself: lib/podnet does. A command gets everything that it touches, from its streams to
// the clock, as a parameter, so that tests drive the real commands. Start in cli.go and
// root.go, then in the file of a command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Program is the part of a command line in which programs differ.
type Program struct {
	Name        string // in usage texts and in front of errors
	Short, Long string // help
	DPDKVersion string // of the DPDK that is linked, such as 22.11.11; empty: none
	// Commands are the constructors of the commands that not every program has.
	Commands []func(Deps) *cobra.Command
}

// Deps gives commands their access to the world around them.
type Deps struct {
	Streams
	Program
	Env     []string // the environment, as os.Environ gives it
	PID     int
	Version string // of this program
	// LookPath finds a program, and Exec becomes it; Exec returns only to say
	// why it could not.
	LookPath func(program string) (path string, err error)
	Exec     func(path string, argv, env []string) error

	cleanups *cleanups
}

// Main runs the program's command line args (without its name) and returns the exit
// code.
func Main(ctx context.Context, p Program, args, env []string, streams Streams) int {
	return execute(ctx, args, Deps{
		Streams:  streams,
		Program:  p,
		Env:      env,
		PID:      os.Getpid(),
		Version:  buildVersion(),
		LookPath: exec.LookPath,
		Exec: func(path string, argv, env []string) error {
			streams.Flush()
			return syscall.Exec(path, argv, env)
		},
		cleanups: &cleanups{},
	})
}

// Reference gives the commands of a program, and the commands of podnet as a plug-in of
// kubectl, for the page that describes them. They cannot be run.
func Reference(p Program) (root, plugin *cobra.Command) {
	return newRootCmd(Deps{Program: p}), newKubectlRootCmd(Deps{Program: kubectlProgram})
}

func execute(ctx context.Context, args []string, d Deps) int {
	return executeRoot(ctx, newRootCmd(d), args, d)
}

func executeRoot(ctx context.Context, root *cobra.Command, args []string, d Deps) int {
	defer d.Flush()
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
	if ended, ok := errors.AsType[*programEnded](err); ok {
		d.Flush()
		return ended.end()
	}
	if err != nil && !started {
		err = UsageError(err)
	}
	code := ExitCode(err)
	if err != nil {
		text := err.Error() // cobra's have lines
		if code != CodeUsage {
			text = OneLine(err)
		}
		fmt.Fprintf(d.Err, "%s: %s\n", d.Name, text)
	}
	if code == CodeUsage {
		fmt.Fprintf(d.Err, "Run '%s --help' for usage.\n", cmd.CommandPath())
	}
	return code
}

// version is set by builds without a repository, such as the image's: there the Go
// toolchain cannot find the version.
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
