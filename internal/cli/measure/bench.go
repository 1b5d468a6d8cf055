package measure

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/traffic"
)

// benchOptions are the flags that all methods have.
type benchOptions struct {
	deps
	driveOptions
	flowOptions
	metricsOption
	baselineOption
	publishOptions
	gateOptions
	TX, RX         string
	Bidirectional  bool
	FrameSizes     []string
	GatewayMAC     []string
	LineRate       string
	Warmup         time.Duration
	Repeat         int
	Calibrate      bool
	ResultFile     string
	TerminationLog string
	Output         string
}

const benchHelp = `bench sends UDP packets on one of the pod's interfaces, counts those that come
back on another (or on the same one, from a peer that reflects them), and reports
rates, loss and round-trip times. Only packets of the measurement itself count,
each once: bench distinguishes duplicates and packets out of order from loss.

Without a method's name it measures one trial at one rate (bench fixed). With the
rate max it sends as fast as the path accepts packets. At a set rate it keeps its
schedule, and packets that a full Tx ring refuses count as lost. If the generator
itself was held up, the trial's loss says nothing about the path: the run is then
not valid, and ends with exit code 5.`

func newBenchCmd(d deps) *cobra.Command {
	cmd := newMethodCmd(d, newFixed())
	cmd.Use = "bench [METHOD] --tx INTERFACE [--rx INTERFACE]"
	cmd.Short = "Measure what passes from one of the pod's interfaces to another"
	cmd.Long = benchHelp
	for _, newMethod := range []func() *method{newFixed, newThroughput, newNDR, newLatency, newLoss, newBurst, newSoak} {
		cmd.AddCommand(newMethodCmd(d, newMethod()))
	}
	cmd.AddCommand(newCompareCmd(d))
	return cmd
}

func newMethodCmd(d deps, m *method) *cobra.Command {
	opts := benchOptions{deps: d}
	cmd := &cobra.Command{
		Use:   m.name + " --tx INTERFACE [--rx INTERFACE]",
		Short: m.short,
		Long:  m.long,
		Args:  cobra.NoArgs,
	}
	f := cmd.Flags()
	m.flags(f)
	var own []string
	f.VisitAll(func(f *pflag.Flag) { own = append(own, f.Name) })
	cmd.RunE = d.UntilStopped(func(ctx context.Context) error {
		ctx, cancel, err := opts.readParams(ctx, f, own)
		defer cancel()
		if err != nil {
			return opts.refuse(ctx, m, err)
		}
		return benchRun(ctx, opts, m)
	})
	f.StringVar(&opts.TX, "tx", "", "interface to send on (default: the first of --interfaces, else the first that DPDK can drive)")
	f.StringVar(&opts.RX, "rx", "", "interface to receive on (default: the same as --tx; its peer then has to send the packets back)")
	f.BoolVar(&opts.Bidirectional, "bidirectional", false, "send in both directions at once; rates are the sum of both")
	f.IntVar(&opts.Flows, "flows", 254, fmt.Sprintf("UDP flows per direction, 1 to %d", bench.MaxFlows))
	f.StringSliceVar(&opts.Vary, "vary", []string{string(bench.SrcPort)}, "header fields in which the flows differ, each counting up from its first value: src-ip, dst-ip, src-port, dst-port")
	f.StringSliceVar(&opts.GatewayMAC, "gateway-mac", nil, "MAC address of a router to send through; with --bidirectional a second one, of the router's other side. bench then answers ARP and neighbor solicitations for the flows' addresses")
	f.StringVar(&opts.RxVLAN, "rx-vlan", "", "802.1Q id of the packets that come back, if the path changes tags; 0: untagged (default: the same as --vlan)")
	f.StringSliceVar(&opts.FrameSizes, "frame-size", m.sizes,
		frameSizeUsage+"; imix (64:7+570:4+1518:1); another mix of sizes and weights; or rfc2544 for its seven sizes; several such as 64,512,imix")
	f.StringVar(&opts.LineRate, "line-rate", "", "rate of the medium, such as 25G: percentages are parts of it (default: the port's link speed; sockets have none)")
	f.DurationVar(&opts.Warmup, "warmup", time.Second, "how long to send before the first trial of each measurement")
	f.IntVar(&opts.Repeat, "repeat", 1, "how often to measure each frame size")
	f.BoolVar(&opts.Calibrate, "calibrate", true, "first measure the generator by itself: its highest rate, and the time that it adds to round trips")
	opts.addGateFlags(f, m)
	f.StringVar(&opts.ResultFile, "result-file", "", "write the result to this file as JSON, after every trial")
	f.StringVar(&opts.TerminationLog, "termination-log", "", "write a summary of at most 4096 bytes to this file; without a value to "+defaultTerminationLog)
	f.Lookup("termination-log").NoOptDefVal = defaultTerminationLog
	opts.addMetricsFlag(f)
	opts.addBaselineFlag(f)
	opts.publishOptions.addFlags(f)
	opts.driveOptions.addFlags(cmd, d)
	opts.AddFlags(cmd)
	opts.flowOptions.addFlags(cmd, autoMAC, "destination MAC address; auto: send a probe until it comes back, and learn the address from it")
	cli.AddOutputFlag(cmd, &opts.Output, report.Formats()...)
	for _, g := range benchGroups {
		cli.Group(cmd, g.heading, g.flags...)
	}
	cmd.Example = m.examples
	return cmd
}

// defaultTerminationLog is where Kubernetes reads a container's termination
// message by default.
const defaultTerminationLog = "/dev/termination-log"

// plan is a run of bench, with every flag read.
type plan struct {
	mixes      []result.Mix
	flow       bench.Flow
	gates      result.Gates
	frameGates []result.FrameGates
	gateways   []net.HardwareAddr
	line       float64 // rate of the medium, in bits per second; 0: not given
}

// someLine stands for a line rate that is not known yet when the flags are checked.
const someLine = 10e9

// plan reads the flags, before anything is started.
func (o *benchOptions) plan(m *method) (p plan, err error) {
	if m.prepare != nil {
		if err := m.prepare(o); err != nil {
			return p, err
		}
	}
	if p.mixes, err = parseMixes(o.FrameSizes); err != nil {
		return p, err
	}
	if p.flow, err = o.flow(p.mixes...); err != nil {
		return p, err
	}
	if err := cmp.Or(o.checkPeerTimeout(), o.checkCPUs(), o.CheckEndpoints()); err != nil {
		return p, err
	}
	switch {
	case o.Warmup < 0:
		return p, cli.UsageErrorf("--warmup %s: must not be below 0", o.Warmup)
	case o.Repeat < 1:
		return p, cli.UsageErrorf("--repeat %d: must be 1 at least", o.Repeat)
	case o.Flows < 1 || o.Flows > bench.MaxFlows:
		return p, cli.UsageErrorf("--flows %d: must be 1 to %d", o.Flows, bench.MaxFlows)
	}
	if p.gates, p.frameGates, err = o.gates(m, p.mixes); err != nil {
		return p, err
	}
	if p.gateways, err = o.gateways(); err != nil {
		return p, err
	}
	if o.LineRate != "" {
		if p.line, err = bench.ParseLineRate(o.LineRate); err != nil {
			return p, cli.UsageErrorf("--line-rate: %w", err)
		}
	}
	for _, mix := range p.mixes {
		if err := m.check(mix.Mean(), cmp.Or(p.line, someLine)); err != nil {
			return p, cli.UsageError(err)
		}
	}
	if err := o.checkBaseline(); err != nil {
		return p, err
	}
	if err := o.checkPublish(); err != nil {
		return p, err
	}
	return p, o.choose()
}

// gateways reads --gateway-mac.
func (o *benchOptions) gateways() (list []net.HardwareAddr, err error) {
	if len(o.GatewayMAC) > 0 && o.DstMAC != autoMAC {
		return nil, cli.UsageErrorf("--gateway-mac and --dst-mac both set the destination: leave one out")
	}
	if len(o.GatewayMAC) > 2 || len(o.GatewayMAC) == 2 && !o.Bidirectional {
		return nil, cli.UsageErrorf("--gateway-mac: give one address, or two with --bidirectional")
	}
	for _, s := range o.GatewayMAC {
		mac, err := parseStation(s)
		if err != nil || !bench.Unicast(mac) {
			return nil, cli.UsageErrorf("--gateway-mac %q: want the address of one station, such as 02:00:00:00:00:01", s)
		}
		list = append(list, mac)
	}
	return list, nil
}

// parseMixes reads the values of --frame-size.
func parseMixes(values []string) ([]result.Mix, error) {
	var list []result.Mix
	for _, s := range values {
		if strings.EqualFold(s, "rfc2544") {
			list = append(list, result.Sizes()...)
			continue
		}
		mix, err := result.ParseMix(s)
		if err != nil {
			return nil, cli.UsageErrorf("--frame-size: %w", err)
		}
		list = append(list, mix)
	}
	for i, mix := range list {
		if slices.ContainsFunc(list[:i], func(m result.Mix) bool { return m.String() == mix.String() }) {
			return nil, cli.UsageErrorf("--frame-size: %s is given twice: give each size once, and --repeat to measure again", mix)
		}
	}
	if len(list) == 0 {
		return nil, cli.UsageErrorf("--frame-size: must have a value")
	}
	return list, nil
}

// choose settles which interfaces send and receive. --tx and --rx come first, then
// --interfaces, then the flags that name sockets and netdevs, then the pod's first
// interface.
func (o *benchOptions) choose() error {
	if o.TX == "" && o.RX != "" {
		return cli.UsageErrorf("--rx without --tx: give --tx too")
	}
	own := o.Names()
	if len(own) > 2 {
		return cli.UsageErrorf("%s are more than two interfaces, and bench sends on one and receives on another: leave some out", strings.Join(own, ", "))
	}
	if len(o.Interfaces) == 0 {
		o.Interfaces = own
	}
	if o.TX == "" && len(o.Interfaces) > 0 {
		o.TX, o.RX = o.Interfaces[0], o.Interfaces[min(1, len(o.Interfaces)-1)]
	}
	if o.RX == "" {
		o.RX = o.TX
	}
	if o.Bidirectional && o.RX == o.TX {
		return cli.UsageErrorf("--bidirectional: needs two interfaces (--tx and --rx)")
	}
	o.firstOnly = true
	if o.TX != "" {
		o.Interfaces = slices.Compact([]string{o.TX, o.RX})
	}
	return nil
}

// path finds the way between the ports of the plan, and learns the MAC addresses to
// send to.
func (o *benchOptions) path(ctx context.Context, dp *dataplane.Dataplane, p plan, m *monitor) (*traffic.Path, error) {
	if o.Bidirectional && len(dp.Ports) < 2 {
		return nil, cli.NotReady(fmt.Errorf("--bidirectional: %q and %q are one port", o.TX, o.RX))
	}
	way, err := traffic.NewPath(ctx, dp, traffic.PathConfig{
		Flow: p.flow, Bidirectional: o.Bidirectional, Gateways: p.gateways, PeerTimeout: o.PeerTimeout, Observer: m,
	})
	return way, coded(err)
}
