package cli

import (
	"context"

	"github.com/spf13/cobra"
)

type waitOptions struct {
	Deps
	PodOptions
	Interfaces []string
}

const waitHelp = `wait ends when the pod's networks have their status and the peers have made their
sockets. Run it in an init container, or before a program that reads no annotations:

  podnet wait --wait 60s && exec cnf

It prints nothing. If something is still missing when the time is over, it says what,
and ends with exit code 3. It does so at once where waiting cannot help.`

func newWaitCmd(d Deps) *cobra.Command {
	opts := waitOptions{Deps: d}
	cmd := &cobra.Command{
		Use:   "wait --wait TIME",
		Short: "Wait for the status of the pod's networks and for its sockets",
		Long:  waitHelp,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return waitRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringSliceVar(&opts.Interfaces, "interfaces", nil, "interfaces to wait for, by the names that args takes (default: all)")
	opts.addRootFlags(cmd)
	_ = cmd.MarkFlagRequired("wait") // there is one
	return cmd
}

func waitRun(ctx context.Context, o waitOptions) error {
	if o.Wait <= 0 {
		return UsageErrorf("--wait %s: must be above 0", o.Wait)
	}
	_, err := o.Discover(ctx, o.Deps, o.Interfaces...)
	return err
}
