package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/internal/rundir"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// maxQueues is the limit of DPDK's vhost-user.
const maxQueues = 128

// EALOptions are the flags that say what of the pod DPDK gets, and what beside it.
type EALOptions struct {
	Endpoints
	Interfaces []string
	DevArgs    []string
	VDevs      []string
	EALArgs    []string
	Queues     int
	Memory     string
	FilePrefix string

	MultiProcess bool
}

// AddEALFlags adds the flags; filePrefix is the default of --file-prefix.
func (o *EALOptions) AddEALFlags(cmd *cobra.Command, filePrefix string) {
	f := cmd.Flags()
	f.StringSliceVar(&o.Interfaces, "interfaces", nil,
		"what to use, by names of interfaces or networks, PCI addresses or resources, such as net1,net2; none: no port (default: all that DPDK can drive)")
	f.StringArrayVar(&o.DevArgs, "devargs", nil,
		"options of one interface's device, such as net1=queue_size=512,packed_vq=1 (may be repeated)")
	f.StringArrayVar(&o.VDevs, "vdev", nil,
		"another virtual device, such as net_null0,size=64, whose name is then its interface's (may be repeated)")
	f.StringArrayVar(&o.EALArgs, "eal-arg", nil, "further argument for EAL, such as --eal-arg=--log-level=debug (may be repeated)")
	f.IntVar(&o.Queues, "queues", 1, "queue pairs of each port")
	AddChoiceFlag(cmd, &o.Memory, "memory", "", "hugepages, none (ordinary pages), or what the pod has",
		string(podnet.MemoryAuto), string(podnet.MemoryHugepages), string(podnet.MemoryNone))
	f.StringVar(&o.FilePrefix, "file-prefix", filePrefix, "name of DPDK's runtime directory")
}

// AddMultiProcessFlag adds the flag of commands that other processes can attach to.
func (o *EALOptions) AddMultiProcessFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.MultiProcess, "multi-process", false,
		"let secondary processes such as dpdk-dumpcap and dpdk-proc-info attach by --file-prefix, which it needs, as it needs hugepages")
}

// OwnsPrefix reports whether the file prefix is this process's alone, so that it
// removes what DPDK leaves under it: one that no other process has, or one that
// others may only attach to.
func (o *EALOptions) OwnsPrefix(d Deps) bool {
	return o.MultiProcess || o.FilePrefix == rundir.Prefix(d.PID)
}

// ownDevices are the devices that flags name, not the pod.
func (o *EALOptions) ownDevices(mtu int) []eal.Device {
	devices := o.devices(o.Queues, mtu)
	for _, arg := range o.VDevs {
		name := eal.VDev{Arg: arg}.PortName()
		devices = append(devices, eal.VDev{Arg: arg, Origin: eal.Origin{Interface: name, Where: "--vdev"}})
	}
	return devices
}

// CheckDevices finds a device of a flag that EAL cannot express.
func (d Deps) CheckDevices(devices []eal.Device) error {
	for _, dev := range devices {
		if _, err := eal.RenderDevice(dev, d.LinkedVersion()); err != nil {
			return UsageError(err)
		}
	}
	return nil
}

// isOwn reports whether a name is that of a device that a flag names.
func (o *EALOptions) isOwn(name string) bool {
	return slices.ContainsFunc(o.ownDevices(0), func(d eal.Device) bool { return interfaceOf(d) == name })
}

// ofPod are the names of --interfaces that are the pod's; nil: all that DPDK can
// drive. Where flags name devices, these alone are used.
func (o *EALOptions) ofPod() []string {
	if len(o.Interfaces) == 0 && len(o.ownDevices(0)) == 0 {
		return nil
	}
	return slices.DeleteFunc(append([]string{}, o.Interfaces...), o.isOwn)
}

// PodOf resolves the pod. It does not wait for a pod that the command does not use.
func (o *EALOptions) PodOf(ctx context.Context, d Deps, from PodOptions) (*podnet.Pod, error) {
	names := o.ofPod()
	if names != nil && !slices.ContainsFunc(names, func(name string) bool { return name != podnet.NoInterface }) {
		from.Wait = min(from.Wait, 0)
	}
	return from.Discover(ctx, d, names...)
}

// Config asks the pod for its EAL configuration. An error about a
// missing part of the pod is marked as not ready.
func (o *EALOptions) Config(d Deps, pod *podnet.Pod, eo podnet.EALOptions) (eal.Config, []podnet.Port, error) {
	if o.MultiProcess && o.FilePrefix == rundir.Prefix(d.PID) {
		return eal.Config{}, nil, UsageErrorf("--multi-process: give --file-prefix a name, by which the other processes attach")
	}
	if err := cmp.Or(o.CheckEndpoints(), d.CheckDevices(o.ownDevices(eo.MTU)), o.netdevs()); err != nil {
		return eal.Config{}, nil, err
	}
	eo, err := o.request(eo)
	if err != nil {
		return eal.Config{}, nil, err
	}
	for _, line := range portWarnings(pod) {
		fmt.Fprintf(d.Err, "%s: %s\n", d.Name, line)
	}
	eo.SkipUnusable = true
	config, ports, err := pod.EALConfig(eo)
	switch {
	case errors.Is(err, podnet.CodeBadOption):
		return eal.Config{}, nil, UsageError(err)
	case err != nil:
		return eal.Config{}, nil, NotReady(withWaysOut(err, pod))
	}
	if _, err := config.Args(); errors.Is(err, eal.ErrOption) {
		return eal.Config{}, nil, UsageError(err)
	}
	o.name(ports)
	if eo.Interfaces == nil {
		d.tellLeftOut(pod.LeftOutOn(eo.Version, ports))
	}
	if _, err := config.Args(); errors.Is(err, eal.ErrRelease) {
		return eal.Config{}, nil, NotReady(err)
	}
	return config, ports, nil
}

// tellLeftOut says what of the pod is left out, and why.
func (d Deps) tellLeftOut(reasons []error) {
	for _, err := range reasons {
		fmt.Fprintf(d.Err, "%s: left out: %s\n", d.Name, oneLine(err))
	}
}

// name gives the ports of flags' devices the names of their interfaces.
func (o *EALOptions) name(ports []podnet.Port) {
	for _, d := range o.ownDevices(0) {
		for i := range ports {
			if ports[i].PortName == d.PortName() {
				ports[i].Interface = interfaceOf(d)
			}
		}
	}
}

// request adds what the flags ask for.
func (o *EALOptions) request(eo podnet.EALOptions) (podnet.EALOptions, error) {
	if o.Queues < 1 || o.Queues > maxQueues {
		return eo, UsageErrorf("--queues %d: want 1 to %d", o.Queues, maxQueues)
	}
	var err error
	if eo.DevArgs, err = parseDevArgs(o.DevArgs); err != nil {
		return eo, err
	}
	eo.Interfaces = o.ofPod()
	eo.Devices = append(o.ownDevices(eo.MTU), eo.Devices...)
	eo.Extra = append(eo.Extra, o.EALArgs...)
	eo.Queues = o.Queues
	eo.Memory = podnet.MemoryMode(o.Memory)
	eo.FilePrefix, eo.MultiProcess = o.FilePrefix, o.MultiProcess
	return eo, nil
}

// oneLine gives joined errors on one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// largestMTU is that of the port that carries the largest packets; 0: none says.
func largestMTU(ports []podnet.Port) int {
	mtu := 0
	for _, p := range ports {
		mtu = max(mtu, p.MTU)
	}
	return mtu
}

// parseDevArgs reads the values of --devargs, each of which is for one name.
func parseDevArgs(values []string) (map[string][]eal.DevArg, error) {
	all := map[string][]eal.DevArg{}
	for _, value := range values {
		name, text, ok := strings.Cut(value, "=")
		if !ok || name == "" {
			return nil, UsageErrorf("--devargs %q: want INTERFACE=key=value,...", value)
		}
		args, err := eal.ParseDevArgs(text)
		if err != nil {
			return nil, UsageErrorf("--devargs %q: %w", value, err)
		}
		all[name] = append(all[name], args...)
	}
	return all, nil
}

// Order gives the names of --interfaces as those that ports carry.
func (o *EALOptions) Order(pod *podnet.Pod) ([]string, error) {
	var names []string
	for _, name := range o.Interfaces {
		if o.isOwn(name) {
			names = append(names, name)
			continue
		}
		found, err := pod.Lookup(name)
		if err != nil {
			return nil, NotReady(err)
		}
		for _, i := range found {
			names = append(names, i.Name)
		}
	}
	return names, nil
}

// LinkedVersion is the DPDK that arguments are for unless another is named: the
// one that is linked, else the oldest.
func (d Deps) LinkedVersion() eal.Version {
	v, err := eal.ParseVersion(d.DPDKVersion)
	if err != nil {
		return eal.V22_11
	}
	return v
}
