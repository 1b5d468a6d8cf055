// Package measure has the commands that need DPDK or results: run, bench, dut, fabric and
// report. It has their flags and their output on the terminal; it does not measure:
// internal/traffic and internal/bench do. Start in measure.go, then in the file of a
// command.
package measure

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dpdk"
)

const help = `testpmd-wrapper works out which SR-IOV VFs, vhost-user sockets, memif sockets
and vDPA devices this pod was given, starts DPDK on them, and measures what
they can carry.`

// Main runs testpmd-wrapper's command line args (without the program's name) and
// returns the exit code.
func Main(ctx context.Context, args, env []string, streams cli.Streams) int {
	return cli.Main(ctx, program(nil), args, env, streams)
}

// program is testpmd-wrapper on a driver; nil: DPDK itself.
func program(driver dpdk.Driver) cli.Program {
	p := cli.Program{
		Name: "testpmd-wrapper", Short: "Resolve a pod's network devices, run DPDK on them, measure them", Long: help,
		DPDKVersion: dpdk.Version(),
	}
	for _, newCmd := range []func(deps) *cobra.Command{newRunCmd, newBenchCmd, newReportCmd, newDutCmd, newFabricCmd} {
		p.Commands = append(p.Commands, func(d cli.Deps) *cobra.Command { return newCmd(deps{d, driver}) })
	}
	return p
}

// deps gives commands their access to the world around them, and to DPDK.
type deps struct {
	cli.Deps
	driver dpdk.Driver // nil: DPDK itself
}
