package dpdk

import (
	"slices"
)

// Confine keeps the Go runtime's threads on podCPUs, and off the CPUs of lcores that poll
// if there are others, so that neither garbage collection nor a timer interrupts a
// packet loop.
func (r *Runtime) Confine(podCPUs []int, polling []Lcore) error {
	free := slices.DeleteFunc(slices.Clone(podCPUs), func(cpu int) bool {
		return slices.ContainsFunc(polling, func(l Lcore) bool { return l.CPU == cpu })
	})
	if len(free) == 0 {
		free = podCPUs
	}
	return r.drv.Confine(free)
}
