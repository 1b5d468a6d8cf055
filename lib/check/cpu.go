package check

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/podnet"
)

const exclusive = "give the container whole CPUs with resources.limits equal to requests, on a node whose kubelet has cpuManagerPolicy: static"

func needsCPUs(s *Subject) string {
	if s.Pod.CPUs == nil || s.Pod.CPUs.Allowed.IsEmpty() {
		return "the container's CPUs are not known"
	}
	return ""
}

// allowed are the CPUs of the container.
func (s *Subject) allowed() cpuset.CPUSet { return cpuset.New(s.Pod.CPUs.Allowed.List()...) }

// cpuFile reads a list of CPUs of the machine; false if it cannot be read.
func (s *Subject) cpuFile(name string) (cpuset.CPUSet, bool) {
	text, err := s.system.root.ReadFile("/sys/devices/system/cpu/"+name, rootfs.MaxSmall)
	if err != nil {
		return cpuset.New(), false
	}
	set, err := cpuset.Parse(strings.TrimSpace(string(text)))
	return set, err == nil
}

var _ = register(Check{
	ID: "cpu-exclusive", Group: CPU,
	About: "The container's CPUs are its own: no quota is below their number, and they are not all that the machine has.",
	Findings: []Finding{
		{Code: podnet.CodeSharedCPUs, Status: Warn, Remedy: exclusive},
	},
	Needs: needsCPUs,
	Run:   cpuExclusive,
})

func cpuExclusive(_ context.Context, s *Subject) []Result {
	cpus := s.Pod.CPUs
	n := cpus.Allowed.Size()
	if cpus.Quota != nil {
		found := fmt.Sprintf("CPUs %s, quota %g", cpus.Allowed, *cpus.Quota)
		if *cpus.Quota < float64(n) {
			return []Result{{
				Code: podnet.CodeSharedCPUs, Where: "cpu.max", Evidence: []string{found},
				Cause: fmt.Sprintf("the container may use %g CPUs' time on a set of %d CPUs: other containers run on them, and polling on all of them uses the quota up", *cpus.Quota, n),
			}}
		}
		return passed(found)
	}
	online, known := s.cpuFile("online")
	if known && n > 0 && online.IsSubsetOf(s.allowed()) {
		return []Result{{
			Code: podnet.CodeSharedCPUs, Where: "cpuset", Evidence: []string{"CPUs " + cpus.Allowed.String() + ", no quota, online " + online.String()},
			Cause: "the container may run on every CPU of the machine, so they are not its own",
		}}
	}
	return passed("CPUs " + cpus.Allowed.String() + ", no quota")
}

var _ = register(Check{
	ID: "cpu-throttled", Group: CPU,
	About:    "The CFS quota has not held the container back so far.",
	Findings: []Finding{{Code: podnet.CodeThrottled, Status: Warn, Remedy: exclusive}},
	Run:      cpuThrottled,
})

func cpuThrottled(_ context.Context, s *Subject) []Result {
	file := kernel.ThrottleFile(s.system.root)
	if file == "" {
		return skipped("no control group of the container counts throttling")
	}
	t := kernel.ReadThrottling(s.system.root, file)
	if t == nil || t.Periods == 0 {
		return passed(file + ": nr_throttled 0")
	}
	return []Result{{
		Code: podnet.CodeThrottled, Where: file,
		Cause: fmt.Sprintf("the CFS quota has held the container back in %d periods, for %v in all", t.Periods, t.Time),
	}}
}

var _ = register(Check{
	ID: "cpu-siblings", Group: CPU,
	About: "The container has both hardware threads of each of its cores.",
	Findings: []Finding{{
		Code: podnet.CodeSplitCores, Status: Warn,
		Remedy: "set cpuManagerPolicyOptions: {full-pcpus-only: \"true\"} in the kubelet's configuration and request a multiple of the threads per core, or turn SMT off on the node",
	}},
	Needs: needsCPUs,
	Run:   cpuSiblings,
})

func cpuSiblings(_ context.Context, s *Subject) []Result {
	first := s.Pod.CPUs.Allowed.List()[0]
	if len(s.Pod.CPUs.Siblings) == 0 && len(s.names(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology", first))) == 0 {
		return skipped("the machine does not say which CPUs are threads of one core")
	}
	var split []string
	for _, core := range s.Pod.CPUs.Siblings {
		if others := cpuset.New(core.List()...).Difference(s.allowed()); !others.IsEmpty() {
			split = append(split, core.String())
		}
	}
	if len(split) == 0 {
		return nil
	}
	return []Result{{
		Code: podnet.CodeSplitCores, Where: "/sys/devices/system/cpu", Evidence: []string{"cores " + strings.Join(split, ", ")},
		Cause: fmt.Sprintf("%d cores have a hardware thread that is not the container's, and whoever runs there slows the polling threads down", len(split)),
	}}
}

var _ = register(Check{
	ID: "cpu-isolation", Group: CPU,
	About: "Where the machine isolates CPUs (isolcpus), the container's are among them.",
	Findings: []Finding{{
		Code: podnet.CodeNotIsolated, Status: Warn,
		Remedy: "make the node's isolated CPUs those that kubelet gives away (isolcpus against reservedSystemCPUs; spec.cpu in an OpenShift PerformanceProfile)",
	}},
	Needs: needsCPUs,
	Run:   cpuIsolation,
})

func cpuIsolation(_ context.Context, s *Subject) []Result {
	isolated, known := s.cpuFile("isolated")
	if !known || isolated.IsEmpty() {
		return skipped("the machine isolates no CPU")
	}
	if outside := s.allowed().Difference(isolated); !outside.IsEmpty() {
		return []Result{{
			Code: podnet.CodeNotIsolated, Where: "/sys/devices/system/cpu/isolated",
			Cause: fmt.Sprintf("the machine isolates CPUs %s, and the container's %s are not among them", isolated, outside),
		}}
	}
	return passed("isolated: " + isolated.String())
}

var _ = register(Check{
	ID: "cpu-allowed", Group: CPU,
	About: "The process may run on the CPU of each lcore, and the CPU is online.",
	Findings: []Finding{{
		Code:   podnet.CodeCPUNotAllowed,
		Remedy: "leave lcores to podnet, which takes the CPUs of the container's set, or take CPUs of Cpus_allowed_list in /proc/self/status",
	}},
	Needs: needsLcores,
	Run:   cpuAllowed,
})

func needsLcores(s *Subject) string {
	if len(s.EAL.CPUs) == 0 {
		return "DPDK has no lcores"
	}
	return ""
}

func cpuAllowed(_ context.Context, s *Subject) []Result {
	want := cpuset.New(s.EAL.CPUs...)
	if s.Pod.CPUs != nil {
		if outside := want.Difference(s.allowed()); !outside.IsEmpty() {
			return []Result{{
				Code: podnet.CodeCPUNotAllowed, Where: "cpuset", Evidence: []string{"allowed: " + s.Pod.CPUs.Allowed.String()},
				Cause: fmt.Sprintf("lcores are to run on CPUs %s, which are outside of the container's set %s", outside, s.Pod.CPUs.Allowed),
			}}
		}
	}
	if online, known := s.cpuFile("online"); known {
		if off := want.Difference(online); !off.IsEmpty() {
			return []Result{{
				Code: podnet.CodeCPUNotAllowed, Where: "/sys/devices/system/cpu/online",
				Cause: fmt.Sprintf("lcores are to run on CPUs %s, and the machine has %s", off, online),
			}}
		}
	}
	return passed("lcores on CPUs " + want.String())
}

var _ = register(Check{
	ID: "cpu-lcores", Group: CPU,
	About: "There is a CPU for the main lcore and one for each queue pair of a port.",
	Findings: []Finding{{
		Code: podnet.CodeTooFewLcores, Status: Warn,
		Remedy: "give the container more CPUs in resources.limits: one for the main lcore, and one for each queue pair of a port (--queues)",
	}},
	Needs: needsLcores,
	Run:   cpuLcores,
})

func cpuLcores(_ context.Context, s *Subject) []Result {
	cpus, queues := len(s.EAL.CPUs), max(s.Queues, 1)
	switch {
	case cpus == 1:
		return []Result{{
			Code: podnet.CodeTooFewLcores, Where: "cpuset",
			Cause: fmt.Sprintf("the container has one CPU, %d, which the main lcore and the polling lcore share", s.EAL.CPUs[0]),
		}}
	case cpus-1 < queues:
		return []Result{{
			Code: podnet.CodeTooFewLcores, Where: "cpuset",
			Cause: fmt.Sprintf("%d queue pairs per port are asked for, and %d lcores can poll", queues, cpus-1),
		}}
	}
	return passed(fmt.Sprintf("polling lcores: %d; ports: %d; queue pairs per port: %d", cpus-1, len(s.Ports), queues))
}
