package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/report"
)

type benchOptions struct {
	deps
	driveOptions
	generateOptions
	TX, RX   string
	Duration time.Duration
	Warmup   time.Duration
	Output   string
}

const benchHelp = `bench sends UDP packets on one of the pod's interfaces, counts those that come
back on another (or on the same one, from a peer that reflects them), and reports
the rates and what was lost. Only packets of the measurement itself count.

A rate of max sends what the path takes; at a set rate the schedule does not wait,
and what a full ring refuses is lost.`

func newBenchCmd(d deps) *cobra.Command {
	opts := benchOptions{deps: d}
	cmd := &cobra.Command{
		Use:   "bench --tx INTERFACE [--rx INTERFACE]",
		Short: "Measure what passes from one of the pod's interfaces to another",
		Long:  benchHelp,
		Args:  cobra.NoArgs,
		RunE:  untilStopped(func(ctx context.Context) error { return benchRun(ctx, opts) }),
	}
	f := cmd.Flags()
	f.StringVar(&opts.TX, "tx", "", "interface to send on (default: the first of --interfaces, else the first that DPDK can drive)")
	f.StringVar(&opts.RX, "rx", "", "interface to receive on (default: that of --tx, whose peer has to send back what it gets)")
	f.DurationVarP(&opts.Duration, "duration", "d", 10*time.Second, "how long to measure")
	f.DurationVar(&opts.Warmup, "warmup", time.Second, "how long to send at the same rate before")
	opts.driveOptions.addFlags(cmd, d)
	opts.generateOptions.addFlags(cmd, autoMAC, "destination: an address, or auto to send a probe until it comes back and learn it from that")
	addOutputFlag(cmd, &opts.Output, "table", "json")
	return cmd
}

func benchRun(ctx context.Context, o benchOptions) error {
	flow, rate, err := o.flow()
	if err != nil {
		return err
	}
	if o.Duration <= 0 || o.Warmup < 0 {
		return usageErrorf("--duration must be above 0, and --warmup not below")
	}
	if err := o.choose(); err != nil {
		return err
	}
	dp, err := o.start(ctx, o.deps)
	if err != nil {
		return err
	}
	return errors.Join(o.measure(ctx, dp, flow, rate), dp.Close())
}

// choose settles which interfaces send and receive: those of --tx and --rx, else
// the first two of --interfaces, else the pod's first.
func (o *benchOptions) choose() error {
	if o.TX == "" && o.RX != "" {
		return usageErrorf("--rx without --tx")
	}
	if o.TX == "" && len(o.Interfaces) > 0 {
		o.TX, o.RX = o.Interfaces[0], o.Interfaces[min(1, len(o.Interfaces)-1)]
	}
	if o.RX == "" {
		o.RX = o.TX
	}
	o.firstOnly = true
	if o.TX != "" {
		o.Interfaces = slices.Compact([]string{o.TX, o.RX})
	}
	return nil
}

func (o *benchOptions) measure(ctx context.Context, dp *dataplane, flow bench.Flow, rate float64) (err error) {
	p := &path{dp: dp, live: newLive(o.Streams), tx: dp.ports[0], rx: dp.ports[0]}
	if o.RX != o.TX {
		p.rx = dp.ports[1]
	}
	if flow.DstMAC == nil {
		if flow.DstMAC, err = o.learn(ctx, p.tx, p.rx, flow); err != nil {
			return err
		}
	}
	flow.SrcMAC = p.tx.MAC
	r, err := bench.Fixed(ctx, p, bench.Trial{Flow: flow, Rate: rate, Duration: o.Duration}, o.Warmup)
	if err != nil {
		return err
	}
	r.TX, r.RX = p.tx.iface, p.rx.iface
	r.Interfaces, r.Lcores = p.counters, p.lcores
	r.DPDK, r.Version = o.dpdkVersion, o.version
	if o.Output == "json" {
		err = printJSON(o.Out, r)
	} else {
		err = r.WriteTable(o.Out)
	}
	if err == nil && !r.Valid {
		err = notValid(fmt.Errorf("not valid: %s", r.Reason))
	}
	return err
}

// path is the way from one port to another.
type path struct {
	dp     *dataplane
	tx, rx *port
	live   live

	// Of the last trial.
	counters []report.Interface
	lcores   []report.Lcore
}

// Packets that are on their way when the sending ends are waited for until all
// have come, or none has for arrivalQuiet, at most for arrivalLimit.
const (
	arrivalQuiet = 500 * time.Millisecond
	arrivalLimit = 5 * time.Second
	// lateLimit is how long after its time a schedule may be made up for.
	lateLimit = 100 * time.Millisecond
)

// Trial implements bench.Path.
func (p *path) Trial(ctx context.Context, t bench.Trial) (bench.Counts, error) {
	signature := bench.NewSignature()
	frame, offset, err := t.Flow.Frame(signature)
	if err != nil {
		return bench.Counts{}, err
	}
	var streams []stream
	queues := p.tx.queues
	rx := len(p.dp.ports) - 1                                        // the first port sends, the last receives
	limit := uint64(t.Rate / float64(queues) * t.Duration.Seconds()) // packets a queue
	for q := range queues {
		streams = append(streams,
			stream{rx: rx, Stream: dpdk.Stream{
				Mode: dpdk.Verify, Rx: dpdk.Queue{Port: p.rx.Port, Index: q},
				Signature: signature, SignatureOffset: offset,
			}},
			stream{Stream: dpdk.Stream{
				Mode: dpdk.TxOnly, Tx: dpdk.Queue{Port: p.tx.Port, Index: q}, Frame: frame,
				Rate: t.Rate / float64(queues), Limit: limit,
			}})
	}
	run, err := p.dp.runTallied(streams)
	if err != nil {
		return bench.Counts{}, err
	}
	defer run.job.Free()
	count := func() bench.Counts { return sum(run.job, len(streams)) }

	sending, cancel := context.WithTimeout(ctx, t.Duration)
	failed := watch(sending, p.dp, p.live, run)
	cancel()
	if t.Rate > 0 && ctx.Err() == nil && failed == nil {
		for end := time.Now().Add(lateLimit); count().Offered < limit*uint64(queues) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	run.job.StopTx()
	settle(count, arrivalQuiet, arrivalLimit)
	p.lcores = run.lcores()
	if err := errors.Join(failed, run.job.Stop()); err != nil {
		return bench.Counts{}, err
	}
	p.counters, err = run.read()
	return count(), err
}

// sum adds up the streams' counters.
func sum(job *dpdk.Job, streams int) bench.Counts {
	var c bench.Counts
	for i := range streams {
		s := job.Counters(i)
		c.Offered += s.Offered
		c.Sent += s.TxPackets
		c.Refused += s.TxRefused
		c.Received += s.RxPackets
		c.Other += s.RxOther
		c.Active = max(c.Active, s.Active)
	}
	if c.Offered == 0 { // no schedule: what was sent was asked for
		c.Offered = c.Sent
	}
	return c
}

// settle waits until everything sent has been received, or nothing more has been
// for quiet, at most for limit.
func settle(count func() bench.Counts, quiet, limit time.Duration) {
	var last bench.Counts
	since := time.Now()
	for end := since.Add(limit); time.Since(since) < quiet && time.Now().Before(end); time.Sleep(quiet / 100) {
		c := count()
		if c != last {
			last, since = c, time.Now()
		} else if c.Received >= c.Sent {
			return
		}
	}
}
