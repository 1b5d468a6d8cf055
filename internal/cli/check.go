package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

type checkOptions struct {
	Deps
	PodOptions
	EALOptions
	For     string
	Version eal.Version
	Output  string
	// FrameSize is the size of the largest frame to send; 0: not known.
	FrameSize int
	// DryStart are the arguments of a dry start; nil: none is asked for.
	DryStart []string
}

const checkHelp = `check says why DPDK would not run in this container, or not as well as it could:
it compares the pod's devices and DPDK's needs with the machine and the process. It
starts nothing and changes nothing unless --dry-start is given.

Each finding comes with its place and a remedy: the line of the pod's YAML, the
setting of the node or the field of the operator. The exit code is 3 if a check fails;
warnings do not count.

With --dry-start it also starts DPDK with the real arguments in a process of its own,
and brings every port up and down. If one does not come up, it says from DPDK's log
why. A dry start uses hugepages, devices and sockets like a real start.

To look into another container, from a debug container or from the node, name one
of its processes with --pid.`

func newCheckCmd(d Deps) *cobra.Command {
	opts := checkOptions{Deps: d}
	var dry bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say why DPDK would not run here, and what to do about it",
		Long:  checkHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if dry {
				if err := opts.mayStart(); err != nil {
					return err
				}
				opts.DryStart = runArgs(cmd)
			}
			// A dry start has to end with this process, as it holds hugepages and sockets.
			return d.UntilStopped(func(ctx context.Context) error { return checkRun(ctx, opts) })(cmd, args)
		},
	}
	use := "run"
	if d.DPDKVersion == "" {
		use = "exec"
	}
	cmd.Flags().StringVar(&opts.For, "for", use, "what you want to start: run, bench, exec, or an application or program of exec --app")
	cmd.Flags().TextVar(&opts.Version, "dpdk-version", d.LinkedVersion(), "DPDK release that will read the arguments, such as 24.11")
	cmd.Flags().IntVar(&opts.FrameSize, "frame-size", 0, "largest frame that you want to send, in bytes with FCS, to check the networks' MTU (default: no such check)")
	cmd.Flags().BoolVar(&dry, "dry-start", false, "also start DPDK with the real arguments and every port, and end at once")
	AddOutputFlag(cmd, &opts.Output, "table", "json", "junit")
	opts.AddEALFlags(cmd, "podnet")
	opts.AddMultiProcessFlag(cmd)
	opts.addRootFlags(cmd)
	return cmd
}

// mayStart fails if the check cannot start DPDK.
func (o *checkOptions) mayStart() error {
	switch {
	case o.DPDKVersion == "":
		return UsageErrorf("--dry-start: this program has no DPDK: use testpmd-wrapper")
	case o.PodOptions.PID != 0 || o.Root != "/":
		return UsageErrorf("--dry-start: DPDK starts in this container only: leave out --pid and --root")
	}
	return nil
}

func checkRun(ctx context.Context, o checkOptions) error {
	pod, err := o.PodOf(ctx, o.Deps, o.PodOptions)
	if err != nil {
		return err
	}
	request, err := o.request(podnet.EALOptions{Version: o.Version})
	if err != nil {
		return err
	}
	config, ports, err := pod.EALConfig(request)
	if errors.Is(err, podnet.CodeBadOption) {
		return UsageError(err)
	}
	environ, envErr := o.environ(o.Deps)
	if envErr != nil {
		return envErr
	}
	results, err := check.Run(ctx, pod, check.Options{
		EAL: config, Ports: ports, Err: err,
		For: o.For, Linked: o.DPDKVersion, Memory: podnet.MemoryMode(o.Memory), Queues: o.Queues, FrameSize: o.FrameSize,
		Root: o.Root, PID: o.PodOptions.PID, Environ: environ,
	})
	if err != nil {
		return err
	}
	if o.DryStart != nil {
		results = append(results, o.dryStart(ctx, o.Env, o.DryStart)...)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	report := check.NewReport(o.For, o.Version, results)
	if err := printReport(o.Out, o.Output, report); err != nil {
		return err
	}
	if report.Status != check.Fail {
		return nil
	}
	failed := 0
	for _, r := range results {
		if r.Status == check.Fail {
			failed++
		}
	}
	return NotReady(fmt.Errorf("%d %s", failed, plural(failed, "finding keeps", "findings keep")+" DPDK from running"))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Preflight checks whether DPDK can start, before a command starts it.
type Preflight struct {
	// NoCheck skips the checks.
	NoCheck bool
}

// AddFlag adds --no-check.
func (p *Preflight) AddFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.NoCheck, "no-check", false, "start DPDK even if a check says that it would not run (see the command check)")
}

// Check joins the reasons why DPDK would not start on the ports: defects of their devices
// and of this process.
func (p *Preflight) Check(ctx context.Context, d Deps, pod *podnet.Pod, o check.Options) error {
	if p.NoCheck {
		return nil
	}
	o.Linked, o.For = d.DPDKVersion, cmp.Or(o.For, "run")
	if o.Environ == nil {
		o.Environ = d.Env
	}
	results, err := check.Run(ctx, pod, o)
	if err != nil {
		return err
	}
	return NotReady(check.Err(results))
}
