package machine

import (
	"path"
	"slices"
	"strings"
	"time"
)

// throttling counts how often and how long the container was held back for
// having used up its CFS quota.
type throttling struct {
	periods uint64
	time    time.Duration
}

// parseThrottling reads cpu.stat of a control group of either version
// (cgroup-v2.rst, sched-bwc.rst of the kernel): version 2 has microseconds,
// version 1 nanoseconds. It is nil where the group has no such counters, as a
// group of version 2 that the cpu controller is not enabled for.
func parseThrottling(text string) *throttling {
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
	return &throttling{*periods, time.Duration(*elapsed) * unit}
}

// throttleFile finds cpu.stat of this process's own control group, by the names
// of cgroups(7); empty if there is none that counts throttling. The controller
// is in one version only where both are mounted. A mount that may be of another
// group is not taken: its zeros would not be the container's.
func throttleFile(root string) string {
	own := ownGroups(read(root, "/proc/self/cgroup", maxSmall))
	for line := range strings.Lines(read(root, "/proc/self/mountinfo", maxStat)) {
		// ID, parent, device, root, mount point, options; the type of the file
		// system, its source and its options follow a lone hyphen.
		front, back, _ := strings.Cut(line, " - ")
		mount, system := strings.Fields(front), strings.Fields(back)
		if len(mount) < 6 || len(system) < 3 {
			continue
		}
		var controller string
		switch {
		case system[0] == "cgroup2":
		case system[0] == "cgroup" && slices.Contains(strings.Split(system[2], ","), "cpu"):
			controller = "cpu"
		default:
			continue
		}
		below, ok := within(own[controller], mount[3])
		if !ok {
			continue
		}
		file := path.Join(mount[4], below, "cpu.stat")
		if parseThrottling(read(root, file, maxSmall)) != nil {
			return file
		}
	}
	return ""
}

// ownGroups reads /proc/self/cgroup: the path of the process's group for each
// controller, and under the empty name that of version 2.
func ownGroups(text string) map[string]string {
	own := make(map[string]string)
	for line := range strings.Lines(text) {
		// The hierarchy's number, its controllers, the path.
		if fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3); len(fields) == 3 {
			for controller := range strings.SplitSeq(fields[1], ",") {
				own[controller] = fields[2]
			}
		}
	}
	return own
}

// within gives the path of a group below the group that is mounted. One that is
// outside of the process's cgroup namespace begins with /.. and cannot be told to
// be below anything.
func within(group, mounted string) (string, bool) {
	if group == "" || path.Clean(group) != group {
		return "", false
	}
	if mounted == "/" {
		return group, true
	}
	below, ok := strings.CutPrefix(group, mounted)
	return below, ok && (below == "" || below[0] == '/')
}
