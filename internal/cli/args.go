package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
	"github.com/podnet/podnet/lib/render"
)

// appEAL is the --app that stands for EAL's own arguments alone.
const appEAL = "eal"

type argsOptions struct {
	Deps
	PodOptions
	EALOptions
	App     string
	Version eal.Version
	Output  string
}

const argsHelp = `args prints the arguments with which a DPDK program drives the pod's interfaces: EAL's
arguments, and with --app also "--" and the application's own arguments.

The shell form is quoted for a shell to read:

  eval "set -- $(testpmd-wrapper args --app testpmd)"
  exec dpdk-testpmd "$@"

It needs no DPDK, and does not check whether the devices are ready.`

func newArgsCmd(d Deps) *cobra.Command {
	opts := argsOptions{Deps: d}
	cmd := &cobra.Command{
		Use:   "args",
		Short: "Print the arguments of a DPDK program for the pod's interfaces",
		Long:  argsHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return argsRun(cmd.Context(), opts)
		},
	}
	apps := []string{appEAL}
	for _, app := range render.Apps() {
		apps = append(apps, string(app))
	}
	AddChoiceFlag(cmd, &opts.App, "app", "", "application", apps...)
	cmd.Flags().TextVar(&opts.Version, "dpdk-version", d.LinkedVersion(), "DPDK release that will read the arguments, such as 24.11")
	AddOutputFlag(cmd, &opts.Output, "shell", "json")
	opts.AddEALFlags(cmd, "podnet")
	opts.addRootFlags(cmd)
	return cmd
}

func argsRun(ctx context.Context, o argsOptions) error {
	pod, err := o.PodOf(ctx, o.Deps, o.PodOptions)
	if err != nil {
		return err
	}
	config, ports, args, err := o.Args(o.Deps, pod, podnet.EALOptions{Version: o.Version})
	if isRelease(err) {
		return fmt.Errorf("%w%s", err, o.releaseWay("; or "))
	}
	if err != nil {
		return err
	}
	if o.Interfaces == nil && slices.ContainsFunc(pod.LeftOutOn(o.Version, ports), isRelease) {
		fmt.Fprintf(o.Err, "%s%s\n", o.Name, o.releaseWay(": "))
	}
	if o.App != appEAL {
		appArgs, err := render.Args(config, render.App(o.App), render.Options{Queues: o.Queues, MTU: largestMTU(ports)})
		if err != nil {
			return err
		}
		args = append(append(args, "--"), appArgs...)
	}
	if o.Output == "json" {
		return PrintJSON(o.Out, args)
	}
	return printShell(o.Out, args)
}

// isRelease reports whether an error may be due to the DPDK release alone.
func isRelease(err error) bool {
	return errors.Is(err, podnet.CodeDPDKVersion) || errors.Is(err, eal.ErrRelease)
}

// releaseWay is the advice to name the program's DPDK release, which may be newer than
// the assumed one.
func (o *argsOptions) releaseWay(before string) string {
	return before + "say --dpdk-version 24.11, or whichever it is, if the program's DPDK is not " + o.Version.String()
}

// Args asks the pod for its EAL configuration and renders it. It names ports that
// are not ready on stderr; a missing device is an error.
func (o *EALOptions) Args(d Deps, pod *podnet.Pod, eo podnet.EALOptions) (eal.Config, []podnet.Port, []string, error) {
	config, ports, err := o.Config(d, pod, eo)
	if err != nil {
		return config, nil, nil, err
	}
	for _, p := range ports {
		switch {
		case errors.Is(p.NotReady, podnet.ErrNotPresent):
			return config, nil, nil, NotReady(p.NotReady) // EAL would skip it silently
		case p.NotReady != nil:
			fmt.Fprintf(d.Err, "%s: not ready: %s\n", d.Name, oneLine(p.NotReady))
		}
	}
	args, err := config.Args()
	return config, ports, args, err
}

// printShell writes args as one line that a POSIX shell reads back as the same
// words.
func printShell(w io.Writer, args []string) error {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = render.ShellQuote(arg)
	}
	_, err := fmt.Fprintln(w, strings.Join(quoted, " "))
	return err
}
