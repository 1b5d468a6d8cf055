package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/privilege"
	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

type execOptions struct {
	Deps
	PodOptions
	EALOptions
	Preflight
	App     string
	AppArgs []string
	Explain string
}

const execHelp = `exec starts a DPDK program on the pod's interfaces: it replaces its own process
with the program (execve).

--app testpmd, l2fwd, l3fwd and pktgen stand for the programs dpdk-testpmd,
dpdk-l2fwd, dpdk-l3fwd and pktgen. exec gives them EAL's arguments and fitting
arguments of their own, such as ports and queues. Any other name or path is a
program that gets EAL's arguments only. APP-ARGS follow.

testpmd ends as soon as its standard input does. In a container without a
terminal, let it print statistics instead of waiting for a key:

  testpmd-wrapper exec -- --forward-mode=macswap --stats-period=10

Without a terminal exec stays as the parent of the four programs above. If one fails,
exec says from DPDK's log why, and what to do. The program has the same standard
output and gets the same signals, and exec ends with its exit code. With --explain
never exec always replaces itself with the program; with --explain always it stays
beside any program.`

func newExecCmd(d Deps) *cobra.Command {
	opts := execOptions{Deps: d}
	cmd := &cobra.Command{
		Use:   "exec [flags] -- APP-ARGS...",
		Short: "Become dpdk-testpmd or another DPDK program on the pod's interfaces",
		Long:  execHelp,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return UsageErrorf("%q: the application's arguments come after --", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.AppArgs = args
			return execRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&opts.App, "app", string(render.Testpmd), "application: testpmd, l2fwd, l3fwd, pktgen, or a program")
	opts.AddEALFlags(cmd, rundir.Prefix(d.PID))
	opts.AddMultiProcessFlag(cmd)
	opts.addExplainFlag(cmd)
	opts.AddFlag(cmd)
	opts.AddRootlessFlags(cmd)
	return cmd
}

func execRun(ctx context.Context, o execOptions) error {
	program, args, err := o.command(ctx)
	if err != nil {
		return err
	}
	path, err := o.LookPath(program)
	if err != nil {
		return NotReady(fmt.Errorf("%s is not here: %w: %s", program, err, render.HowToGet(render.App(o.App))))
	}
	return o.become(path, append([]string{program}, args...))
}

// become replaces this process with the program, or stays beside it. The program then
// owns the runtime directory. Once it has ended, the next start knows that it can remove
// the files there.
func (o execOptions) become(path string, argv []string) error {
	if o.OwnsPrefix(o.Deps) {
		dir, err := rundir.Own(o.FilePrefix)
		if err != nil {
			return NotReady(err)
		}
		defer func() { _ = dir.Remove() }() // once the program has ended, if we stayed beside it
		if err := dir.Inherit(); err != nil {
			return err
		}
	}
	rundir.LetGroupConnect()
	runtime.LockOSThread() // for the program that this thread becomes or starts
	if err := privilege.RaiseForPrograms(); err != nil {
		return err
	}
	run := o.Exec
	if o.explains() {
		run = o.supervise
	}
	err := run(path, argv, o.Env)
	if _, ended := errors.AsType[*programEnded](err); err != nil && !ended {
		return fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// command gives the program and its arguments.
func (o execOptions) command(ctx context.Context) (program string, args []string, err error) {
	pod, err := o.PodOf(ctx, o.Deps, o.PodOptions)
	if err != nil {
		return "", nil, err
	}
	config, ports, err := o.Config(o.Deps, pod, podnet.EALOptions{Version: o.LinkedVersion()})
	if err != nil {
		return "", nil, err
	}
	err = o.Check(ctx, o.Deps, pod, check.Options{
		EAL: config, Ports: ports, For: o.App, Memory: podnet.MemoryMode(o.Memory), Queues: o.Queues,
	})
	if err != nil {
		return "", nil, err
	}
	if args, err = config.Args(); err != nil {
		return "", nil, err
	}
	app := render.App(o.App)
	var appArgs []string
	if slices.Contains(render.Apps(), app) {
		if appArgs, err = render.Args(config, app, render.Options{Queues: o.Queues, MTU: largestMTU(ports)}); err != nil {
			return "", nil, err
		}
	}
	appArgs = append(appArgs, o.AppArgs...)
	if len(appArgs) > 0 {
		args = append(append(args, "--"), appArgs...)
	}
	return render.Program(app), args, nil
}
