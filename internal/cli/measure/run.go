package measure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/traffic"
)

type runOptions struct {
	deps
	driveOptions
	flowOptions
	metricsOption
	echoOption
	FrameSize int
	Rate      string
	Mode      string
	Duration  time.Duration
	Output    string
}

const runHelp = `run starts DPDK in this process on the pod's interfaces and forwards, drops or
generates packets until SIGINT, SIGTERM or the end of --duration.

  io        forward frames as they are
  mac       forward frames with the port's own source address and --dst-mac
  macswap   forward frames with their addresses exchanged
  rxonly    count frames and drop them
  txonly    generate UDP packets

Forwarding goes between the first and the second interface, the third and the
fourth and so on; a last one without a partner sends back what it receives.

With --udp-echo it also answers a peer that runs bench --kernel-baseline. That goes
through the kernel, on a CPU that does not poll if the pod has one.`

// runModes are the values of --mode.
var runModes = map[string]dpdk.Mode{
	"io": dpdk.IO, "mac": dpdk.MAC, "macswap": dpdk.MACSwap, "rxonly": dpdk.RxOnly, "txonly": dpdk.TxOnly,
}

func newRunCmd(d deps) *cobra.Command {
	opts := runOptions{deps: d}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Forward or generate packets on the pod's interfaces",
		Long:  runHelp,
		Args:  cobra.NoArgs,
		RunE:  d.UntilStopped(func(ctx context.Context) error { return runRun(ctx, opts) }),
	}
	cli.AddChoiceFlag(cmd, &opts.Mode, "mode", "m", "what to do with packets", "io", "mac", "macswap", "rxonly", "txonly")
	cmd.Flags().DurationVarP(&opts.Duration, "duration", "d", 0, "how long to run; 0: until stopped")
	cmd.Flags().IntVar(&opts.FrameSize, "frame-size", bench.MinFrame, frameSizeUsage)
	cmd.Flags().StringVar(&opts.Rate, "rate", "max", "rate at which txonly sends: "+rateUsage)
	opts.addMetricsFlag(cmd.Flags())
	opts.addEchoFlag(cmd.Flags())
	opts.driveOptions.addFlags(cmd, d)
	opts.AddMultiProcessFlag(cmd)
	opts.flowOptions.addFlags(cmd, "", "destination of mac and txonly: an address, or auto to learn it from a probe that comes back "+
		"(default: 02:00:00:00:00:0N, where N counts the receiving interface from 0)")
	cli.AddOutputFlag(cmd, &opts.Output, "table", "json")
	return cmd
}

func runRun(ctx context.Context, o runOptions) error {
	flow, err := o.flow(result.OneSize(o.FrameSize))
	if err != nil {
		return err
	}
	rate, err := bench.ParseRate(o.Rate, float64(o.FrameSize), 0)
	if err != nil {
		return cli.UsageErrorf("--%w", err)
	}
	if o.DstMAC == autoMAC && o.Mode != "txonly" {
		return cli.UsageErrorf("--dst-mac auto: only txonly sends the probes that it is learned by")
	}
	if err := checkDuration(o.Duration); err != nil {
		return err
	}
	if err := cmp.Or(o.checkPeerTimeout(), o.checkCPUs()); err != nil {
		return err
	}
	if err := o.checkEcho(); err != nil {
		return err
	}
	st := newStatus(o.deps, o.Mode)
	stop, err := o.serveMetrics(ctx, o.deps, st)
	if err != nil {
		return err
	}
	defer stop()
	endEcho, err := o.serveEcho(ctx)
	if err != nil {
		return err
	}
	if o.Mode == "txonly" {
		o.frame = o.FrameSize
	}
	dp, _, err := o.start(ctx, o.deps)
	err = o.countRun(ctx, o.Output, o.Mode, dp, err, func() (result.Run, error) {
		return o.drive(ctx, dp, flow, rate, st)
	})
	return errors.Join(err, endEcho())
}

// countRun runs a dataplane that has started, or failed to, and prints its counters. If a
// signal comes before the dataplane begins, there are no counters.
func (d deps) countRun(ctx context.Context, output, mode string, dp *dataplane.Dataplane, err error, run func() (result.Run, error)) error {
	if err != nil && !cli.Stopped(ctx, err) {
		return err
	}
	var r result.Run
	if err == nil {
		r, err = run()
		err = errors.Join(err, d.close(ctx, dp))
	}
	if cli.Stopped(ctx, err) {
		err = nil
	}
	return errors.Join(err, printRun(d, output, mode, r))
}

// close ends DPDK. If DPDK does not end in time, the counters from before are valid all
// the same.
func (d deps) close(ctx context.Context, dp *dataplane.Dataplane) error {
	err := dp.Close(context.WithoutCancel(ctx))
	if errors.Is(err, dataplane.ErrStuck) {
		fmt.Fprintf(d.Err, "%s: warning: %v\n", d.Name, err)
		return nil
	}
	return err
}

// checkDuration reads --duration of a command that may run until it is stopped.
func checkDuration(duration time.Duration) error {
	if duration < 0 {
		return cli.UsageErrorf("--duration %s: must not be below 0, which runs until stopped", duration)
	}
	return nil
}

func (o *runOptions) drive(ctx context.Context, dp *dataplane.Dataplane, flow bench.Flow, rate float64, st *status) (result.Run, error) {
	streams, err := traffic.RunStreams(ctx, dp, traffic.RunConfig{
		Mode: runModes[o.Mode], Flow: flow, FrameSize: o.FrameSize, Rate: rate, Learn: o.DstMAC == autoMAC, PeerTimeout: o.PeerTimeout,
	})
	if err != nil {
		return result.Run{}, coded(err)
	}
	return traffic.Forward(ctx, dp, streams, o.Duration, newLive(o.Streams, st))
}

// printRun writes what run or dut counted.
func printRun(d deps, output, mode string, r result.Run) error {
	r.Schema, r.Mode, r.DPDK, r.Version = result.RunSchema, mode, d.DPDKVersion, d.Version
	if r.Interfaces == nil {
		r.Interfaces, r.Lcores = []result.Interface{}, []result.Thread{}
	}
	if output == "json" {
		return cli.PrintJSON(d.Out, r)
	}
	return report.WriteRun(d.Out, r)
}
