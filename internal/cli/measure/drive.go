package measure

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/lib/check"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// driveOptions are the flags of commands that run DPDK on the pod's interfaces.
type driveOptions struct {
	cli.PodOptions
	cli.EALOptions
	cli.Preflight
	cpuOption
	PeerTimeout time.Duration
	Verbose     bool

	firstOnly bool // without names of interfaces, drive the first one alone
	mbufs     int  // per port, in addition to its rings' mbufs
	frame     int  // bytes of the largest frame that is sent; 0: none is
}

func (o *driveOptions) addFlags(cmd *cobra.Command, d deps) {
	f := cmd.Flags()
	f.DurationVar(&o.PeerTimeout, "peer-timeout", 30*time.Second, "how long to wait until the peers of sockets connect, and until a probe comes back; 0s: no limit")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "print DPDK's log")
	o.AddEALFlags(cmd, rundir.Prefix(d.PID))
	o.AddFlag(cmd)
	o.addCPUFlag(f)
	o.AddRootlessFlags(cmd)
}

// checkPeerTimeout reads the flag before anything starts.
func (o *driveOptions) checkPeerTimeout() error {
	if o.PeerTimeout < 0 {
		return cli.UsageErrorf("--peer-timeout %s: must not be below 0", o.PeerTimeout)
	}
	return nil
}

// start resolves the pod and starts DPDK on its interfaces, in the order of the flags.
func (o *driveOptions) start(ctx context.Context, d deps) (*dataplane.Dataplane, *podnet.Pod, error) {
	pod, err := o.PodOf(ctx, d.Deps, o.PodOptions)
	if err != nil {
		return nil, nil, err
	}
	dp, err := o.startOn(ctx, d, pod, o.EALOptions, podnet.EALOptions{}, true)
	return dp, pod, err
}

// startOn starts DPDK on the pod's interfaces and the options' own devices.
func (o *driveOptions) startOn(ctx context.Context, d deps, pod *podnet.Pod, flags cli.EALOptions, opts podnet.EALOptions, awaitPeers bool) (*dataplane.Dataplane, error) {
	opts.Version = d.LinkedVersion()
	pod, err := o.confined(pod)
	if err != nil {
		return nil, err
	}
	if mtu := bench.MTU(o.frame); mtu > bench.EthernetMTU {
		opts.MTU = mtu
	}
	cfg, ports, err := flags.Config(d.Deps, pod, opts)
	if err != nil {
		return nil, err
	}
	names, err := flags.Order(pod)
	if err != nil {
		return nil, err
	}
	if o.firstOnly && len(names) > len(flags.Interfaces) {
		return nil, cli.UsageErrorf("%q: several interfaces or devices have that name: give one of %s instead", flags.Interfaces, strings.Join(names, ", "))
	}
	if ports, err = dataplane.InOrder(ports, names); err != nil {
		return nil, coded(err)
	}
	if len(ports) == 0 {
		return nil, cli.UsageErrorf("no port is selected, and this command needs one: name an interface with --interfaces")
	}
	if o.firstOnly && len(o.Interfaces) == 0 {
		ports = ports[:1]
		cfg.Devices = slices.DeleteFunc(cfg.Devices, func(d eal.Device) bool { return !eal.HasPort(d, ports[0].PortName) })
	}
	err = o.Check(ctx, d.Deps, pod, check.Options{
		EAL: cfg, Ports: ports, Memory: podnet.MemoryMode(flags.Memory), Queues: flags.Queues, FrameSize: o.frame,
	})
	if err != nil {
		return nil, err
	}
	level := slog.LevelError + 1 // DPDK's errors are quoted in ours
	if o.Verbose {
		level = slog.LevelDebug
	}
	dp, err := dataplane.Start(ctx, dataplane.Config{
		EAL: cfg, Ports: ports, Queues: o.Queues, Mbufs: o.mbufs, PeerTimeout: o.PeerTimeout,
		Driver: d.driver, AtOnce: d.AtOnce, AwaitPeers: awaitPeers, OwnPrefix: flags.OwnsPrefix(d.Deps),
		Log: slog.New(slog.NewTextHandler(d.Err, &slog.HandlerOptions{Level: level})),
	})
	return dp, coded(err)
}

// coded gives an error of the dataplane its exit code.
func coded(err error) error {
	if errors.Is(err, dataplane.ErrNotReady) {
		return cli.NotReady(err)
	}
	return err
}
