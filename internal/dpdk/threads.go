package dpdk

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ConfineGo keeps the Go runtime's threads off the CPUs of lcores that poll, as
// far as the pod has other CPUs, so that neither garbage collection nor a timer
// interrupts a packet loop. Threads that Go makes later inherit it. EAL's own
// threads, which are told by their names, keep their places.
func ConfineGo(podCPUs []int, polling []Lcore) error {
	var set unix.CPUSet
	for _, cpu := range podCPUs {
		set.Set(cpu)
	}
	for _, l := range polling {
		set.Clear(l.CPU)
	}
	if set.Count() == 0 {
		return nil
	}
	own, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		return err
	}
	// A thread may be born of one that has not been visited yet: go on until
	// a whole pass finds none.
	for seen := map[int]bool{}; ; {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		before := len(seen)
		for _, t := range tasks {
			tid, err := strconv.Atoi(t.Name())
			if err != nil || seen[tid] {
				continue
			}
			seen[tid] = true
			comm, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/comm", tid))
			if err != nil || string(comm) != string(own) {
				continue // ended meanwhile, or EAL's
			}
			if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("set the CPUs of thread %d: %w", tid, err)
			}
		}
		if len(seen) == before {
			break
		}
	}
	runtime.GOMAXPROCS(set.Count())
	return nil
}

// threadTime is the CPU time of a thread of this process; 0 if it has ended.
func threadTime(tid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", tid))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(stat), " ")
	ns, _ := strconv.ParseInt(first, 10, 64)
	return time.Duration(ns)
}
