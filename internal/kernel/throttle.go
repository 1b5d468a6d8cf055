package kernel

import (
	"path"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// Throttling counts how often and for how long the kernel held a control group back because
// it had used up its CFS quota.
type Throttling struct {
	Periods uint64
	Time    time.Duration
}

// ParseThrottling reads cpu.stat of a control group of either version
// (cgroup-v2.rst, sched-bwc.rst of the kernel): version 2 has microseconds,
// version 1 nanoseconds. It is nil where the group has no such counters, such as a
// group of version 2 that the cpu controller is not enabled for.
func ParseThrottling(text string) *Throttling {
	var periods, elapsed *uint64
	unit := time.Nanosecond
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "nr_throttled":
			periods = number(value)
		case "throttled_time":
			elapsed = number(value)
		case "throttled_usec":
			elapsed, unit = number(value), time.Microsecond
		}
	}
	if periods == nil || elapsed == nil {
		return nil
	}
	return &Throttling{*periods, time.Duration(*elapsed) * unit}
}

// ThrottleFile finds cpu.stat of this process's own control group; empty if there
// is none that counts throttling. A mount that may be of another group is not
// taken: its zeros would not be the container's.
func ThrottleFile(root rootfs.FS) string {
	g, ok := ReadCgroups(root).Group("cpu")
	if !ok || !g.Exact {
		return ""
	}
	file := path.Join(g.Dir, "cpu.stat")
	if ReadThrottling(root, file) == nil {
		return ""
	}
	return file
}

// ReadThrottling reads a file that ThrottleFile found; nil: it counts nothing.
func ReadThrottling(root rootfs.FS, file string) *Throttling {
	text, err := root.ReadLines(file, rootfs.MaxSmall)
	if err != nil {
		return nil
	}
	return ParseThrottling(string(text))
}
