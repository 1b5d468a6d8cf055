package sysfs

import (
	"strconv"

	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/lib/internal/cpulist"
	"github.com/podnet/podnet/lib/internal/fact"
)

const cpuDir = "/sys/devices/system/cpu"

// Siblings gives a fact.Siblings for each core that one of the CPUs is a hardware
// thread of. Of a CPU that is offline nothing is known.
func Siblings(root rootfs.FS, cpus cpuset.CPUSet) []fact.Fact {
	r := reader{FS: root}
	if cpus.IsEmpty() || !r.Exists(cpuDir) {
		return nil
	}
	seen := map[int]bool{}
	for _, cpu := range cpus.List() {
		if seen[cpu] {
			continue
		}
		dir := join(cpuDir, "cpu"+strconv.Itoa(cpu), "topology")
		// Newer kernels have both names for the one list.
		file := dir + "/thread_siblings_list"
		text := r.text(file)
		if text == "" {
			file = dir + "/core_cpus_list"
			text = r.text(file)
		}
		if text == "" {
			continue
		}
		siblings, err := cpulist.Parse(text)
		if err != nil {
			r.malformed(file, "%w", err)
			continue
		}
		if !siblings.Contains(cpu) {
			r.malformed(file, "CPU list %.100q lacks CPU %d itself", text, cpu)
			continue
		}
		for _, sibling := range siblings.UnsortedList() {
			seen[sibling] = true
		}
		r.add(fact.Siblings{Origin: origin(file), CPUs: siblings})
	}
	return r.facts
}
