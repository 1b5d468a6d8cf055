package measure

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/internal/traffic"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

type dutOptions struct {
	deps
	faultOptions
	metricsOption
	cpuOption
	VhostUser []string
	Memif     []string
	VDevs     []string
	Forward   string
	MTU       int
	Duration  time.Duration
	Memory    string
	Verbose   bool
	Output    string
}

const dutHelp = `dut is a device under test where you have no other: it stands in for the host's
vSwitch at the other end of a pod's vhost-user and memif sockets, and needs nothing
but DPDK. Its ports are net_vhost_0, net_vhost_1, ... and net_memif_0, net_memif_1,
... in the order of the command line. The devices of --vdev follow.

  reflect   each port sends back what it receives, addresses exchanged
  bridge    the first and the second port of a kind are connected, the third and
            the fourth, and so on; a last one without a partner reflects

Without other flags it forwards everything as fast as it can. With them it is a
device with known faults, to check a measurement against: each port then forwards
at --rate with a queue of --queue-depth, after --delay, and drops, doubles or
reorders frames, every Nth one or at random from --seed.

A socket is PATH or server:PATH if dut makes it, client:PATH if the pod makes it. The
pod can come, go and come again. Only a memif client is different: no port forwards
until its server has come.`

func newDutCmd(d deps) *cobra.Command {
	opts := dutOptions{deps: d}
	cmd := &cobra.Command{
		Use:   "dut [--vhost-user [client:]PATH]... [--memif [client:]PATH]... [--vdev DEVICE]...",
		Short: "Stand in for the host side of sockets, with known faults if wanted",
		Long:  dutHelp,
		Args:  cobra.NoArgs,
		RunE:  d.UntilStopped(func(ctx context.Context) error { return dutRun(ctx, opts) }),
	}
	f := cmd.Flags()
	f.StringArrayVar(&opts.VhostUser, "vhost-user", nil, "vhost-user socket; may be repeated")
	f.StringArrayVar(&opts.Memif, "memif", nil, "memif socket; may be repeated")
	f.StringArrayVar(&opts.VDevs, "vdev", nil, "another virtual device, such as net_ring0; may be repeated")
	opts.addFlags(f)
	opts.addMetricsFlag(f)
	opts.addCPUFlag(f)
	f.IntVar(&opts.MTU, "mtu", 0, "bytes of the largest L3 packet, for jumbo frames, such as 9000 (default: 1500)")
	f.DurationVarP(&opts.Duration, "duration", "d", 0, "how long to run; 0: until stopped")
	f.BoolVarP(&opts.Verbose, "verbose", "v", false, "print DPDK's log")
	cli.AddChoiceFlag(cmd, &opts.Forward, "forward", "", "what to do with frames", "reflect", "bridge")
	cli.AddChoiceFlag(cmd, &opts.Memory, "memory", "", "memory for packets: hugepages, ordinary pages (none), or whichever there is (auto)", "auto", "hugepages", "none")
	cli.AddOutputFlag(cmd, &opts.Output, "table", "json")
	return cmd
}

func dutRun(ctx context.Context, o dutOptions) error {
	if most := bench.MTU(bench.MaxFrame); o.MTU < 0 || o.MTU > most {
		return cli.UsageErrorf("--mtu %d: must be %d at most", o.MTU, most)
	}
	if err := checkDuration(o.Duration); err != nil {
		return err
	}
	if err := o.checkCPUs(); err != nil {
		return err
	}
	devices, err := o.devices()
	if err != nil {
		return err
	}
	faults, err := o.impairment()
	if err != nil {
		return err
	}
	dut := traffic.DUT{Bridge: o.Forward == "bridge", Kinds: []int{len(o.VhostUser), len(o.Memif), len(o.VDevs)}, Faults: faults}
	if faults == nil && dut.Mixed() {
		dut.Faults = &dpdk.Impairment{Depth: o.QueueDepth}
	}
	st := newStatus(o.deps, o.Forward)
	stop, err := o.serveMetrics(ctx, o.deps, st)
	if err != nil {
		return err
	}
	defer stop()
	dp, err := o.start(ctx, devices, dut.Faults)
	return o.countRun(ctx, o.Output, o.Forward, dp, err, func() (result.Run, error) {
		return traffic.Forward(ctx, dp, dut.Streams(dp), o.Duration, newLive(o.Streams, st))
	})
}

// start starts DPDK on the devices, with this machine's CPUs and memory. The
// peers may come and go.
func (o *dutOptions) start(ctx context.Context, devices []eal.Device, faults *dpdk.Impairment) (*dataplane.Dataplane, error) {
	drive := driveOptions{
		EALOptions: cli.EALOptions{Queues: 1, Memory: o.Memory, FilePrefix: rundir.Prefix(o.PID)},
		Verbose:    o.Verbose, cpuOption: o.cpuOption,
	}
	if faults != nil {
		drive.mbufs = faults.Mbufs()
	}
	machine, err := drive.Discover(ctx, o.Deps)
	if machine == nil {
		return nil, err
	}
	machine.Interfaces, machine.Unassigned = nil, nil
	return drive.startOn(ctx, o.deps, machine, drive.EALOptions, podnet.EALOptions{Devices: devices, MTU: o.MTU}, false)
}

// devices makes the host's ends of the sockets from the flags.
func (o *dutOptions) devices() ([]eal.Device, error) {
	var list []eal.Device
	for i, s := range o.VhostUser {
		path, server := cli.CutRole(s, podnet.RoleServer)
		list = append(list, eal.Vhost{Origin: eal.Origin{Interface: strconv.Itoa(i), Where: "--vhost-user"}, Path: path, Client: !server})
	}
	for i, s := range o.Memif {
		path, server := cli.CutRole(s, podnet.RoleServer)
		list = append(list, eal.Memif{Origin: eal.Origin{Interface: strconv.Itoa(i), Where: "--memif"}, Path: path, Server: server, MTU: o.MTU})
	}
	for _, arg := range o.VDevs {
		list = append(list, eal.VDev{Arg: arg, Origin: eal.Origin{Interface: eal.VDev{Arg: arg}.PortName(), Where: "--vdev"}})
	}
	if len(list) == 0 {
		return nil, cli.UsageErrorf("no port: give at least one --vhost-user, --memif or --vdev")
	}
	if err := cli.CheckDistinct(o.VhostUser, o.Memif); err != nil {
		return nil, err
	}
	return list, o.CheckDevices(list)
}
