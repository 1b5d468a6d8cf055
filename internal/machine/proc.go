package machine

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// As much of a file is read. /proc/stat has a line of 80 bytes or so for each
// CPU before everything else.
const (
	maxSmall = 64 << 10
	maxStat  = 1 << 20
)

// read gives a file's text, of a longer one the whole lines within the limit. A
// file that cannot be read is empty.
func read(root, name string, limit int64) string {
	f, err := os.Open(filepath.Join(root, name))
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return ""
	}
	if int64(len(data)) > limit {
		data = data[:bytes.LastIndexByte(data[:limit], '\n')+1]
	}
	return string(data)
}

// runTime is the CPU time that a thread of this process has had, from its own
// clock; false if it has ended. The kernel brings that clock up to date when it
// is read, but schedstat of a running thread only at the next tick, which on a
// CPU with nohz_full comes once a second.
func runTime(tid int) (time.Duration, bool) {
	// pthread_getcpuclockid(3) of a thread that need not be one of pthread's:
	// MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED) in the kernel's posix-timers.h.
	const perThread, sched = 4, 2
	var ts unix.Timespec
	if err := unix.ClockGettime(^int32(tid)<<3|perThread|sched, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}

// parseStatus finds the involuntary context switches in a thread's status
// (proc_pid_status(5)); nil if there are none to be found.
func parseStatus(text string) *uint64 {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, "nonvoluntary_ctxt_switches:"); ok {
			return number(strings.TrimSpace(v))
		}
	}
	return nil
}

// parseSteal finds the steal time of each CPU in /proc/stat (proc_stat(5)), in
// ticks: the eighth number of the CPU's line.
func parseSteal(text string) map[int]uint64 {
	const eighth = 8
	steal := make(map[int]uint64)
	for line := range strings.Lines(text) {
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

// number is a decimal number; nil if the text is none.
func number(text string) *uint64 {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return &n
	}
	return nil
}
