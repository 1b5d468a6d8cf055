package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/bench"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// driveOptions are the flags of commands that run DPDK on the pod's interfaces.
type driveOptions struct {
	podOptions
	ealOptions
	VDevs       []string
	EALArgs     []string
	PeerTimeout time.Duration
	Verbose     bool

	firstOnly bool // of the interfaces that were not asked for by name
	mbufs     int  // of each port, beside what its rings need
}

func (o *driveOptions) addFlags(cmd *cobra.Command, d deps) {
	f := cmd.Flags()
	f.StringArrayVar(&o.VDevs, "vdev", nil, "another virtual device, as net_null0,size=64, whose name is then its interface's (may be repeated)")
	f.DurationVar(&o.PeerTimeout, "peer-timeout", 30*time.Second, "how long to wait for the peers of sockets, and for a probe to come back; 0s: for ever")
	f.BoolVarP(&o.Verbose, "verbose", "v", false, "log what DPDK says")
	addEALArgFlag(cmd, &o.EALArgs)
	o.addEALFlags(cmd, ownPrefix(d))
	o.addRootlessFlags(cmd)
}

// checkPeerTimeout reads the flag, before anything is started.
func (o *driveOptions) checkPeerTimeout() error {
	if o.PeerTimeout < 0 {
		return usageErrorf("--peer-timeout %s: must not be below 0", o.PeerTimeout)
	}
	return nil
}

// awaiting bounds a wait for peers, whose end has the cause errNoPeer; 0 is for ever.
func awaiting(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, timeout, errNoPeer)
}

// ownPrefix is a --file-prefix that no other process has.
func ownPrefix(d deps) string { return fmt.Sprintf("podnet-%d", d.pid) }

// start resolves the pod and starts DPDK on its interfaces, in the order in
// which they were asked for.
func (o *driveOptions) start(ctx context.Context, d deps) (*dataplane, error) {
	var vdevs []eal.Device
	own := map[string]bool{}
	for _, arg := range o.VDevs {
		v := eal.VDev{Arg: arg, Origin: eal.Origin{Interface: eal.VDev{Arg: arg}.PortName(), Where: "--vdev"}}
		vdevs = append(vdevs, v)
		own[v.PortName()] = true
	}
	flags := o.ealOptions
	flags.Interfaces = slices.DeleteFunc(slices.Clone(flags.Interfaces), func(name string) bool { return own[name] })
	ownOnly := len(vdevs) > 0 && len(flags.Interfaces) == 0
	from := o.podOptions
	if ownOnly {
		from.Wait = 0 // not for a pod of which nothing is used
	}
	pod, err := from.discover(ctx, d, flags.Interfaces...)
	if err != nil {
		return nil, err
	}
	if ownOnly {
		pod.Interfaces = nil // what was asked for is not the pod's
	}
	return o.startOn(ctx, d, pod, flags, podnet.EALOptions{Devices: vdevs, Extra: o.EALArgs}, true)
}

// startOn starts DPDK on the pod's interfaces and the options' own devices.
func (o *driveOptions) startOn(ctx context.Context, d deps, pod *podnet.Pod, flags ealOptions, opts podnet.EALOptions, awaitPeers bool) (*dataplane, error) {
	opts.Version = d.linkedVersion()
	cfg, ports, err := flags.config(d, pod, opts)
	if err != nil {
		return nil, err
	}
	if ports, err = inOrder(ports, o.Interfaces); err != nil {
		return nil, err
	}
	if o.firstOnly && len(o.Interfaces) == 0 {
		ports = ports[:1]
		cfg.Devices = slices.DeleteFunc(cfg.Devices, func(d eal.Device) bool { return d.PortName() != ports[0].PortName })
	}
	if err := checkReady(pod, cfg, ports); err != nil {
		return nil, err
	}
	level := slog.LevelError + 1 // DPDK's errors are quoted in ours
	if o.Verbose {
		level = slog.LevelDebug
	}
	return startDataplane(ctx, dataplaneConfig{
		pod: pod, eal: cfg, ports: ports, queues: o.Queues, mbufs: o.mbufs, peerTimeout: o.PeerTimeout,
		awaitPeers: awaitPeers, ownPrefix: o.FilePrefix == ownPrefix(d),
		log: slog.New(slog.NewTextHandler(d.Err, &slog.HandlerOptions{Level: level})),
	})
}

// inOrder puts the ports into the order of the names, if there are any. Of
// interfaces that share a port the first stands for all.
func inOrder(ports []podnet.Port, names []string) ([]podnet.Port, error) {
	var out []podnet.Port
	add := func(p podnet.Port) {
		if !slices.ContainsFunc(out, func(o podnet.Port) bool { return o.PortName == p.PortName }) {
			out = append(out, p)
		}
	}
	for _, name := range names {
		i := slices.IndexFunc(ports, func(p podnet.Port) bool { return p.Interface == name })
		if i < 0 {
			return nil, notReady(fmt.Errorf("interface %q is not among the ports", name))
		}
		add(ports[i])
	}
	if len(names) == 0 {
		for _, p := range ports {
			add(p)
		}
	}
	return out, nil
}

// probeQuiet is how long no probe may have come for the path to be empty.
const probeQuiet = 50 * time.Millisecond

// learn finds the destination address by a probe that goes out on tx and comes
// back on rx. Then both ends and what lies between them are ready.
func (o *driveOptions) learn(ctx context.Context, tx, rx *port, flow bench.Flow) (net.HardwareAddr, error) {
	flow.SrcMAC = tx.MAC
	flow.DstMAC = rx.MAC
	if tx == rx {
		flow.DstMAC = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	waiting, cancel := awaiting(ctx, o.PeerTimeout)
	defer cancel()
	from, err := bench.Probe(waiting, tx, rx, flow)
	if errors.Is(err, bench.ErrNoAnswer) {
		if !errors.Is(context.Cause(waiting), errNoPeer) {
			return nil, context.Cause(waiting)
		}
		return nil, notReady(fmt.Errorf("interface %q: no probe frame came back on %q within %s: "+
			"see that the peer forwards or reflects frames, or give --dst-mac an address", tx.iface, rx.iface, o.PeerTimeout))
	}
	if err != nil {
		return nil, err
	}
	// Probes that were on their way when the first came back are none of the
	// measurement's.
	for quiet := time.Now(); time.Since(quiet) < probeQuiet && waiting.Err() == nil; {
		if rx.Receive(waiting) != nil {
			quiet = time.Now()
		}
	}
	if tx != rx {
		return rx.MAC, nil
	}
	if bench.Unicast(from) {
		return from, nil // the peer's own, or ours from one that changes nothing
	}
	return tx.MAC, nil
}
