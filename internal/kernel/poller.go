package kernel

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// Poller is an lcore of a DPDK process that runs, on the one CPU that it may use.
type Poller struct {
	PID     int
	Program string // as the kernel names the process
	CPU     int
}

// worker is the name of an lcore's thread: rte-worker-1 in DPDK 22.11, dpdk-worker1
// in 24.11.
var worker = regexp.MustCompile(`^(rte|dpdk|lcore)-worker-?\d+$`)

// maxThreads is how many threads Pollers looks at, at most.
const maxThreads = 1 << 15

// Pollers are the lcores of other processes, as far as this process may see them.
func Pollers(root rootfs.FS, self int) []Poller {
	processes, _ := root.ReadDir("/proc") // none to be seen
	var list []Poller
	left := maxThreads
	for _, name := range processes {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == self {
			continue
		}
		tasks := path.Join("/proc", name, "task")
		tids, _ := root.ReadDir(tasks) // ended since
		for _, tid := range tids {
			if left--; left < 0 {
				return list
			}
			if cpu, ok := pollingOn(root, path.Join(tasks, tid)); ok {
				list = append(list, Poller{PID: pid, Program: comm(root, path.Join("/proc", name)), CPU: cpu})
			}
		}
	}
	return list
}

// pollingOn is the CPU that a thread runs on, if it is an lcore's and bound to it.
func pollingOn(root rootfs.FS, task string) (cpu int, ok bool) {
	if !worker.MatchString(comm(root, task)) {
		return 0, false
	}
	text, err := root.ReadLines(path.Join(task, "status"), rootfs.MaxSmall)
	if err != nil {
		return 0, false
	}
	state, _ := Field(string(text), "State")
	allowed, _ := Field(string(text), "Cpus_allowed_list")
	cpu, err = strconv.Atoi(allowed)
	return cpu, err == nil && strings.HasPrefix(state, "R")
}

// comm is the name of a process or thread, by its directory.
func comm(root rootfs.FS, dir string) string {
	text, _ := root.ReadFile(path.Join(dir, "comm"), rootfs.MaxSmall) // ended: empty
	return strings.TrimSuffix(string(text), "\n")
}
