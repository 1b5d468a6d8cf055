package kernel

import (
	"time"

	"golang.org/x/sys/unix"
)

// ThreadTime is the CPU time that a thread of this process has had, from its own
// clock; false if it has ended. The kernel brings that clock up to date when it is
// read, but schedstat of a running thread only at the next tick, which on a CPU
// with nohz_full comes once per second.
func ThreadTime(tid int) (time.Duration, bool) {
	// pthread_getcpuclockid(3) of a thread that need not be one of pthread's:
	// MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED) in the kernel's posix-timers.h.
	const perThread, sched = 4, 2
	if tid <= 0 {
		return 0, false // 0 would be the caller
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(^int32(tid)<<3|perThread|sched, &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
