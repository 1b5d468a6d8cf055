package kernel

import (
	"strconv"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

const procTask = "/proc/self/task"

func taskFile(tid int, name string) string {
	return procTask + "/" + strconv.Itoa(tid) + "/" + name
}

// Threads are the threads of this process, by the kernel's numbers.
func Threads(root rootfs.FS) ([]int, error) {
	names, err := root.ReadDir(procTask)
	if err != nil {
		return nil, err
	}
	var list []int
	for _, name := range names {
		if tid, err := strconv.Atoi(name); err == nil {
			list = append(list, tid)
		}
	}
	return list, nil
}

// ThreadName is the name of a thread of this process (comm); empty if it has ended.
func ThreadName(root rootfs.FS, tid int) string {
	return comm(root, procTask+"/"+strconv.Itoa(tid))
}

// InvoluntarySwitches tells how often the kernel took the CPU from a thread of this process
// (proc_pid_status(5)); nil if the thread has ended, or the kernel does not say.
func InvoluntarySwitches(root rootfs.FS, tid int) *uint64 {
	text, err := root.ReadLines(taskFile(tid, "status"), rootfs.MaxSmall)
	if err != nil {
		return nil
	}
	value, _ := Field(string(text), "nonvoluntary_ctxt_switches")
	return number(value)
}
