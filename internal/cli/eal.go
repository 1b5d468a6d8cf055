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

// EALOptions are the flags that select the pod's devices for DPDK, and add others.
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
		"interfaces to drive, by names of interfaces or networks, PCI addresses or resources, such as net1,net2; none: no port (default: all that DPDK can drive)")
	f.StringArrayVar(&o.DevArgs, "devargs", nil,
		"DPDK options (devargs) of an interface's device, such as net1=queue_size=512,packed_vq=1 (may be repeated)")
	f.StringArrayVar(&o.VDevs, "vdev", nil,
		"further virtual device of DPDK, such as net_null0,size=64; its interface has the same name (may be repeated)")
	f.StringArrayVar(&o.EALArgs, "eal-arg", nil, "further argument for EAL, such as --eal-arg=--log-level=debug (may be repeated)")
	f.IntVar(&o.Queues, "queues", 1, "queue pairs of each port")
	AddChoiceFlag(cmd, &o.Memory, "memory", "", "DPDK's memory: hugepages, none (ordinary pages), or whichever the pod has (auto)",
		string(podnet.MemoryAuto), string(podnet.MemoryHugepages), string(podnet.MemoryNone))
	f.StringVar(&o.FilePrefix, "file-prefix", filePrefix, "name of DPDK's runtime directory, by which secondary processes attach")
}

// AddMultiProcessFlag adds the flag of commands that other processes can attach to.
func (o *EALOptions) AddMultiProcessFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.MultiProcess, "multi-process", false,
		"let secondary processes such as dpdk-dumpcap and dpdk-proc-info attach; needs a --file-prefix and hugepages")
}

// OwnsPrefix reports whether this process owns the file prefix, and so removes the files
// that DPDK leaves under it. It does if no other process uses the prefix, or if others
// only attach.
func (o *EALOptions) OwnsPrefix(d Deps) bool {
	return o.MultiProcess || o.FilePrefix == rundir.Prefix(d.PID)
}

// ownDevices gives the devices of the flags, as opposed to the pod's.
func (o *EALOptions) ownDevices(mtu int) []eal.Device {
	devices := o.devices(o.Queues, mtu)
	for _, arg := range o.VDevs {
		name := eal.VDev{Arg: arg}.PortName()
		devices = append(devices, eal.VDev{Arg: arg, Origin: eal.Origin{Interface: name, Where: "--vdev"}})
	}
	return devices
}

// CheckDevices fails if EAL has no argument for a flag's device.
func (d Deps) CheckDevices(devices []eal.Device) error {
	for _, dev := range devices {
		if _, err := eal.RenderDevice(dev, d.LinkedVersion()); err != nil {
			return UsageError(err)
		}
	}
	return nil
}

// isOwn reports whether a flag's device has the name.
func (o *EALOptions) isOwn(name string) bool {
	return slices.ContainsFunc(o.ownDevices(0), func(d eal.Device) bool { return interfaceOf(d) == name })
}

// ofPod gives the names of --interfaces that belong to the pod; nil: all that DPDK can
// drive. If flags name devices and --interfaces is not given, it gives none.
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
		return eal.Config{}, nil, UsageErrorf("--multi-process: give --file-prefix too: other processes attach by that name")
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

// tellLeftOut prints which of the pod's devices are left out, and why.
func (d Deps) tellLeftOut(reasons []error) {
	for _, err := range reasons {
		fmt.Fprintf(d.Err, "%s: left out: %s\n", d.Name, oneLine(err))
	}
}

// name sets the interface names of the ports that flags' devices make.
func (o *EALOptions) name(ports []podnet.Port) {
	for _, d := range o.ownDevices(0) {
		for i := range ports {
			if ports[i].PortName == d.PortName() {
				ports[i].Interface = interfaceOf(d)
			}
		}
	}
}

// request adds the flags' values to the options.
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

// largestMTU gives the largest MTU of the ports; 0: no port has one.
func largestMTU(ports []podnet.Port) int {
	mtu := 0
	for _, p := range ports {
		mtu = max(mtu, p.MTU)
	}
	return mtu
}

// parseDevArgs reads the values of --devargs, each for one interface.
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

// Order gives the interface names of the ports, in the order of --interfaces.
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

// LinkedVersion is the default DPDK release of arguments: the linked one, else the
// oldest that podnet supports.
func (d Deps) LinkedVersion() eal.Version {
	v, err := eal.ParseVersion(d.DPDKVersion)
	if err != nil {
		return eal.V22_11
	}
	return v
}
