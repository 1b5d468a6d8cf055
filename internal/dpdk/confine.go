//go:build cgo && !nodpdk

package dpdk

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// confineGo keeps the Go runtime's threads to the CPUs. Threads that Go makes
// later inherit it. EAL's own threads, which are told by their names, keep their
// places.
func confineGo(cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
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
