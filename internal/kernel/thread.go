package kernel

import (
	"strconv"

	"github.com/podnet/podnet/internal/kernel/rootfs"
)

// InvoluntarySwitches tells how often a thread of this process was made to leave
// its CPU (proc_pid_status(5)); nil if it has ended, or the kernel does not say.
func InvoluntarySwitches(root rootfs.FS, tid int) *uint64 {
	text, err := root.ReadLines("/proc/self/task/"+strconv.Itoa(tid)+"/status", rootfs.MaxSmall)
	if err != nil {
		return nil
	}
	value, _ := Field(string(text), "nonvoluntary_ctxt_switches")
	return number(value)
}
