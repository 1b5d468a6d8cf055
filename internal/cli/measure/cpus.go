package measure

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/podnet/podnet/internal/cli"
	"github.com/podnet/podnet/lib/podnet"
)

// cpuOption is the flag that keeps a command to some of the CPUs that it may use.
type cpuOption struct{ CPUs string }

func (o *cpuOption) addCPUFlag(f *pflag.FlagSet) {
	f.StringVar(&o.CPUs, "cpus", "", "CPUs to run on, such as 2-3 or 2,4 (default: all that the process may use). The first runs Go and EAL, and polls only if there is no other")
}

// checkCPUs reads the flag before anything starts.
func (o *cpuOption) checkCPUs() error {
	_, err := o.set()
	return err
}

func (o *cpuOption) set() (set podnet.CPUSet, err error) {
	if o.CPUs == "" {
		return set, nil
	}
	if err := set.UnmarshalText([]byte(o.CPUs)); err != nil || set.IsEmpty() {
		return set, cli.UsageErrorf("--cpus %q: want CPUs such as 2-3 or 2,4", o.CPUs)
	}
	return set, nil
}

// confined gives the pod with only the CPUs of the flag.
func (o *cpuOption) confined(pod *podnet.Pod) (*podnet.Pod, error) {
	set, err := o.set()
	if err != nil || set.IsEmpty() || pod.CPUs == nil {
		return pod, err
	}
	for _, cpu := range set.List() {
		if !pod.CPUs.Allowed.Contains(cpu) {
			return nil, cli.NotReady(fmt.Errorf("--cpus %s: this process may use %s alone", o.CPUs, pod.CPUs.Allowed))
		}
	}
	cpus, own := *pod.CPUs, *pod
	cpus.Allowed, own.CPUs = set, &cpus
	return &own, nil
}
