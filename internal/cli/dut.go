package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/dpdk"
	"github.com/podnet/podnet/internal/report"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

type dutOptions struct {
	deps
	VhostUser []string
	Memif     []string
	Forward   string
	Duration  time.Duration
	Memory    string
	Verbose   bool
	Output    string
}

const dutHelp = `dut is a device under test for when there is no other: it stands in for the
host's vSwitch, at the other end of a pod's vhost-user and memif sockets, and
needs nothing but DPDK. Its ports are net_vhost_0, net_vhost_1, ... and
net_memif_0, net_memif_1, ... in the order of the command line.

  reflect   each port sends back what it receives, addresses exchanged
  bridge    the first and the second port of a kind are connected, the third and
            the fourth, and so on; a last one without a partner reflects

A socket is PATH or server:PATH for one that dut makes, client:PATH for one that
the pod makes. The pod may come, go and come again; only a memif client waits for
its server before any port forwards.`

func newDutCmd(d deps) *cobra.Command {
	opts := dutOptions{deps: d}
	cmd := &cobra.Command{
		Use:   "dut [--vhost-user [client:]PATH]... [--memif [client:]PATH]...",
		Short: "Stand in for the host side of vhost-user and memif sockets",
		Long:  dutHelp,
		Args:  cobra.NoArgs,
		RunE:  untilStopped(func(ctx context.Context) error { return dutRun(ctx, opts) }),
	}
	f := cmd.Flags()
	f.StringArrayVar(&opts.VhostUser, "vhost-user", nil, "a vhost-user socket; may be repeated")
	f.StringArrayVar(&opts.Memif, "memif", nil, "a memif socket; may be repeated")
	f.DurationVarP(&opts.Duration, "duration", "d", 0, "how long; 0 runs until stopped")
	f.BoolVarP(&opts.Verbose, "verbose", "v", false, "log what DPDK says")
	addChoiceFlag(cmd, &opts.Forward, "forward", "", "what to do with frames", "reflect", "bridge")
	addChoiceFlag(cmd, &opts.Memory, "memory", "", "where packets live: hugepages, ordinary pages (none), or what there is", "auto", "hugepages", "none")
	addOutputFlag(cmd, &opts.Output, "table", "json")
	return cmd
}

func dutRun(ctx context.Context, o dutOptions) error {
	devices, err := o.devices()
	if err != nil {
		return err
	}
	dp, err := o.start(ctx, devices)
	return o.countRun(ctx, o.Output, o.Forward, dp, err, func() (report.Run, error) {
		return forward(ctx, dp, o.streams(dp), o.Duration, newLive(o.Streams))
	})
}

// start starts DPDK on the devices, with this machine's CPUs and memory. The
// peers may come and go.
func (o *dutOptions) start(ctx context.Context, devices []eal.Device) (*dataplane, error) {
	drive := driveOptions{
		ealOptions: ealOptions{Queues: 1, Memory: o.Memory, FilePrefix: ownPrefix(o.deps)},
		Verbose:    o.Verbose,
	}
	machine, err := drive.discover(ctx, o.deps)
	if machine == nil {
		return nil, err
	}
	machine.Interfaces = nil
	return drive.startOn(ctx, o.deps, machine, drive.ealOptions, podnet.EALOptions{Devices: devices}, false)
}

// streams reflects on each port or bridges pairs of one kind.
func (o *dutOptions) streams(dp *dataplane) []stream {
	var out []stream
	for i, rx := range dp.ports {
		to, mode := i, dpdk.MACSwap
		if o.Forward == "bridge" {
			mode = dpdk.IO
			first, n := 0, len(o.VhostUser)
			if i >= n {
				first, n = n, len(o.Memif)
			}
			if partner := first + ((i - first) ^ 1); partner < first+n {
				to = partner
			} else {
				mode = dpdk.MACSwap
			}
		}
		tx := dp.ports[to]
		out = append(out, stream{rx: i, tx: to, Stream: dpdk.Stream{
			Mode: mode, Src: tx.MAC, Rx: dpdk.Queue{Port: rx.Port}, Tx: dpdk.Queue{Port: tx.Port},
		}})
	}
	return out
}

// devices turns the flags into the host's ends of the sockets.
func (o *dutOptions) devices() ([]eal.Device, error) {
	var list []eal.Device
	for i, s := range o.VhostUser {
		path, server := cutRole(s)
		list = append(list, eal.Vhost{Origin: eal.Origin{Interface: strconv.Itoa(i), Where: "--vhost-user"}, Path: path, Client: !server})
	}
	for i, s := range o.Memif {
		path, server := cutRole(s)
		list = append(list, eal.Memif{Origin: eal.Origin{Interface: strconv.Itoa(i), Where: "--memif"}, Path: path, Server: server})
	}
	if len(list) == 0 {
		return nil, usageErrorf("no socket: give at least one --vhost-user or --memif")
	}
	return list, nil
}

// cutRole reads [client:|server:]PATH.
func cutRole(s string) (path string, server bool) {
	if path, ok := strings.CutPrefix(s, podnet.RoleClient+":"); ok {
		return path, false
	}
	return strings.TrimPrefix(s, podnet.RoleServer+":"), true
}
