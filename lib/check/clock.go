package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/podnet"
)

const clocksource = "/sys/devices/system/clocksource/clocksource0/"

var _ = register(Check{
	ID: "tsc", Group: Clock,
	About: "On x86 the time stamp counter, which DPDK measures time by, runs evenly (constant_tsc, nonstop_tsc), and the kernel has not given it up.",
	Findings: []Finding{{
		Code: podnet.CodeClock, Status: Warn,
		Remedy: "use a machine with an invariant TSC, or in a virtual machine expose it (CPU feature invtsc, KubeVirt's spec.domain.cpu.features)",
	}},
	Run: tsc,
})

func tsc(_ context.Context, s *Subject) []Result {
	text, err := s.system.root.ReadLines("/proc/cpuinfo", rootfs.MaxSmall)
	if err != nil {
		return skipped("/proc/cpuinfo cannot be read")
	}
	var flags []string
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "flags" {
			flags = fields(value)
			break
		}
	}
	if !slices.Contains(flags, "tsc") {
		return skipped("the CPU is not of x86")
	}
	var missing []string
	for _, flag := range []string{"constant_tsc", "nonstop_tsc"} {
		if !slices.Contains(flags, flag) {
			missing = append(missing, flag)
		}
	}
	current := s.system.line(clocksource + "current_clocksource")
	if len(missing) > 0 {
		return []Result{{
			Code: podnet.CodeClock, Where: "/proc/cpuinfo", Evidence: []string{"clock source " + current},
			Cause: fmt.Sprintf("the CPU does not promise that its time stamp counter runs evenly: it lacks %s", strings.Join(missing, ", ")),
		}}
	}
	if available := fields(s.system.line(clocksource + "available_clocksource")); len(available) > 0 && !slices.Contains(available, "tsc") {
		return []Result{{
			Code: podnet.CodeClock, Where: clocksource + "available_clocksource", Evidence: available,
			Cause: "the kernel has given the time stamp counter up as unstable, and uses " + current,
		}}
	}
	return passed("constant_tsc, nonstop_tsc, clock source " + current)
}
