package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// podOptions are the flags that say where the pod is read from.
type podOptions struct {
	Root    string
	Environ string
	Podinfo string
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
}

// discover resolves the pod.
func (o *podOptions) discover(ctx context.Context, d deps) (*podnet.Pod, error) {
	opts := podnet.Options{Root: o.Root, Environ: d.env, Podinfo: o.Podinfo}
	if o.Environ != "" {
		environ, err := readEnviron(o.Environ)
		if err != nil {
			return nil, err
		}
		opts.Environ = environ
	}
	pod, err := podnet.Discover(ctx, opts)
	return pod, notReady(err)
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
			if err := i.Drivable(); i.Kind == podnet.KindUnknown && err != nil {
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
		if err := i.Drivable(); err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	return fmt.Errorf("nothing to drive: %s", strings.Join(reasons, "; "))
}

// checkReady joins the reasons why ports would not come up.
func checkReady(ports []podnet.Port) error {
	var errs []error
	for _, p := range ports {
		errs = append(errs, p.Ready)
	}
	return notReady(errors.Join(errs...))
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
