//go:build cgo && !nodpdk

package dpdk

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// confineGo keeps the Go runtime's threads to the CPUs. Threads that Go makes
// later inherit it. EAL's own threads, which podnet knows by their names, keep their
// places.
func confineGo(cpus []int) error {
	var set unix.CPUSet
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	var root rootfs.FS
	own := kernel.ThreadName(root, os.Getpid())
	// A thread may be born of one that has not been visited yet: go on until
	// a whole pass finds none.
	for seen := map[int]bool{}; ; {
		threads, err := kernel.Threads(root)
		if err != nil {
			return err
		}
		before := len(seen)
		for _, tid := range threads {
			if seen[tid] {
				continue
			}
			seen[tid] = true
			if kernel.ThreadName(root, tid) != own {
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
