package dpdk

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Confine keeps the Go runtime's threads off the CPUs of lcores that poll, as
// far as the pod has other CPUs, so that neither garbage collection nor a timer
// interrupts a packet loop.
func (r *Runtime) Confine(podCPUs []int, polling []Lcore) error {
	free := slices.DeleteFunc(slices.Clone(podCPUs), func(cpu int) bool {
		return slices.ContainsFunc(polling, func(l Lcore) bool { return l.CPU == cpu })
	})
	if len(free) == 0 {
		return nil
	}
	return r.drv.Confine(free)
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
