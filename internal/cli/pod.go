package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// podOptions are the flags that say where the pod is read from, and whether to
// wait for it.
type podOptions struct {
	Root    string
	Environ string
	Podinfo string
	Hints   map[string]string
	Wait    time.Duration
}

// addRootFlags adds the flags of a command that only reads.
func (o *podOptions) addRootFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.Root, "root", "/", "directory that stands for / (a copy of another pod's files)")
	o.addRootlessFlags(cmd)
}

// addRootlessFlags adds the flags of a command that works with sockets and
// devices, which are in the real "/" alone.
func (o *podOptions) addRootlessFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.Environ, "environ", "",
		"file with the pod's environment, as /proc/PID/environ or one NAME=value a line (default: this process's own)")
	cmd.Flags().StringVar(&o.Podinfo, "podinfo", "",
		"directory of the Downward API volume (default: /etc/podnetinfo, then /etc/podinfo)")
	cmd.Flags().StringToStringVar(&o.Hints, "hint", nil,
		"resource of a network's devices where the pod does not tell, as ns/net=openshift.io/sriov_a; may be repeated")
	cmd.Flags().DurationVar(&o.Wait, "wait", 0,
		"how long to wait for the status of the pod's networks and for the sockets that peers make (default: not at all)")
}

// discover resolves the pod and, if that was asked for, waits until everything is
// there, also the interfaces of these names.
func (o *podOptions) discover(ctx context.Context, d deps, interfaces ...string) (*podnet.Pod, error) {
	if o.Wait < 0 {
		return nil, usageErrorf("--wait %s: must not be below 0", o.Wait)
	}
	opts := podnet.Options{Root: o.Root, Environ: d.env, Podinfo: o.Podinfo, Hints: o.Hints}
	if o.Environ != "" {
		environ, err := readEnviron(o.Environ)
		if err != nil {
			return nil, err
		}
		opts.Environ = environ
	}
	if o.Wait == 0 {
		pod, err := podnet.Discover(ctx, opts)
		return pod, notReady(err)
	}
	waiting, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	pod, err := podnet.Wait(waiting, opts, ready(interfaces))
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx) // told to stop
	}
	return pod, notReady(err)
}

// ready is what --wait waits for: all, or of the interfaces and their sockets
// those that have been asked for by name.
func ready(interfaces []string) func(*podnet.Pod) error {
	if len(interfaces) == 0 {
		return podnet.Ready
	}
	return func(pod *podnet.Pod) error {
		asked := *pod
		asked.Interfaces = nil
		missing := map[string]bool{}
		for _, name := range interfaces {
			missing[name] = true
		}
		for _, i := range pod.Interfaces {
			if slices.Contains(interfaces, i.Name) {
				asked.Interfaces = append(asked.Interfaces, i)
				delete(missing, i.Name)
			}
		}
		errs := []error{podnet.Ready(&asked)}
		for _, name := range interfaces {
			if missing[name] {
				errs = append(errs, fmt.Errorf("interface %q: the pod has no such interface (yet)", name))
				delete(missing, name) // it may be named twice
			}
		}
		return errors.Join(errs...)
	}
}

func readEnviron(name string) ([]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, podnet.MaxEnviron+1))
	if err != nil {
		return nil, err
	}
	environ, err := podnet.ParseEnviron(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return environ, nil
}

// maxQueues is the limit of DPDK's vhost-user.
const maxQueues = 128

// ealOptions are the flags that say what of the pod DPDK gets.
type ealOptions struct {
	Interfaces []string
	Queues     int
	Memory     string
	FilePrefix string
}

func (o *ealOptions) addEALFlags(cmd *cobra.Command, filePrefix string) {
	cmd.Flags().StringSliceVar(&o.Interfaces, "interfaces", nil, "interfaces to use, as net1,net2 (default: all that DPDK can drive)")
	cmd.Flags().IntVar(&o.Queues, "queues", 1, "queue pairs of each port")
	addChoiceFlag(cmd, &o.Memory, "memory", "", "hugepages, none (ordinary pages), or what the pod has",
		string(podnet.MemoryAuto), string(podnet.MemoryHugepages), string(podnet.MemoryNone))
	cmd.Flags().StringVar(&o.FilePrefix, "file-prefix", filePrefix, "name of DPDK's runtime directory")
}

// config asks the pod for its EAL configuration. What the pod does not have is
// marked as not ready.
func (o *ealOptions) config(d deps, pod *podnet.Pod, eo podnet.EALOptions) (eal.Config, []podnet.Port, error) {
	if o.Queues < 1 || o.Queues > maxQueues {
		return eal.Config{}, nil, usageErrorf("--queues %d: want 1 to %d", o.Queues, maxQueues)
	}
	eo.Interfaces = o.Interfaces
	eo.Queues = o.Queues
	eo.Memory = podnet.MemoryMode(o.Memory)
	eo.FilePrefix = o.FilePrefix
	config, ports, err := pod.EALConfig(eo)
	if err != nil {
		return eal.Config{}, nil, notReady(err)
	}
	if len(ports) == 0 && len(eo.Extra) == 0 {
		return eal.Config{}, nil, notReady(nothingToDrive(pod))
	}
	if _, err := config.Args(); errors.Is(err, eal.ErrOption) {
		return eal.Config{}, nil, usageError(err)
	}
	if len(o.Interfaces) == 0 {
		for _, i := range pod.Interfaces {
			if err := i.PortError(); i.Kind == podnet.KindUnknown && err != nil {
				fmt.Fprintf(d.Err, "%s: left out: %v\n", program, err)
			}
		}
	}
	return config, ports, nil
}

// nothingToDrive says of each of the pod's interfaces why it is no port.
func nothingToDrive(pod *podnet.Pod) error {
	if len(pod.Interfaces) == 0 {
		return errors.New("nothing to drive: the pod has no interface: see that a Downward API volume has its annotations (--podinfo)")
	}
	var reasons []string
	for _, i := range pod.Interfaces {
		switch err := i.PortError(); {
		case err != nil:
			reasons = append(reasons, err.Error())
		case i.Default:
			reasons = append(reasons, fmt.Sprintf("interface %q: it is the pod's default network, which is DPDK's only if --interfaces names it", i.Name))
		}
	}
	return fmt.Errorf("nothing to drive: %s", strings.Join(reasons, "; "))
}

// linkedVersion is the DPDK that arguments are for unless another is named: the
// one that is linked, else the oldest.
func (d deps) linkedVersion() eal.Version {
	v, err := eal.ParseVersion(d.dpdkVersion)
	if err != nil {
		return eal.V22_11
	}
	return v
}
