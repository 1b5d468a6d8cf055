package kernel

import (
	"strconv"
	"strings"
	"time"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// StealTick is the unit of Steal: USER_HZ is 100 on every architecture that DPDK
// has (proc_stat(5)).
const StealTick = 10 * time.Millisecond

// Steal reads /proc/stat: the time that a hypervisor gave to others of each CPU, in
// ticks. A CPU is absent where the kernel does not count it.
func Steal(root rootfs.FS) map[int]uint64 {
	// A line of 80 bytes or so for each CPU comes before everything else.
	text, err := root.ReadLines("/proc/stat", rootfs.MaxProc)
	if err != nil {
		return nil
	}
	const eighth = 8
	steal := make(map[int]uint64)
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "cpu")
		if !ok {
			break // CPUs come first
		}
		fields := strings.Fields(rest)
		if len(fields) <= eighth || rest[0] == ' ' {
			continue // of a kernel that does not count it, or of all CPUs together
		}
		cpu, err := strconv.Atoi(fields[0])
		if ticks := number(fields[eighth]); err == nil && ticks != nil {
			steal[cpu] = *ticks
		}
	}
	return steal
}

// Describe tells the release of the kernel and the model of the CPU, such as
// "6.1.0-18-amd64" and "AMD EPYC 9354 32-Core Processor". Arm has no names, but
// numbers: "implementer 0x41, part 0xd0c". An unreadable value is empty.
func Describe(root rootfs.FS) (release, cpuModel string) {
	text, _ := root.ReadLines("/proc/sys/kernel/osrelease", rootfs.MaxSmall) // absent: empty
	release = strings.TrimSpace(string(text))
	text, _ = root.ReadLines("/proc/cpuinfo", rootfs.MaxSmall)
	var implementer, part string
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "model name":
			return release, value
		case "CPU implementer":
			implementer = value
		case "CPU part":
			part = value
		}
		if implementer != "" && part != "" {
			return release, "implementer " + implementer + ", part " + part
		}
	}
	return release, ""
}
