// Package cpulist parses the kernel's lists of CPUs, such as 0-3,8. It reads no files.
package cpulist

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/utils/cpuset"
)

// MaxCPU is the highest CPU id that Parse accepts. Linux is built for 8192 CPUs
// at most.
const MaxCPU = 8191

// Parse reads a list such as 0-3,8,10-11, with blanks around it. An empty list
// is the empty set. It accepts no id above MaxCPU: the set keeps each CPU by
// itself, and a short text could name four thousand million of them.
func Parse(text string) (cpuset.CPUSet, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return cpuset.New(), nil
	}
	// A text may name a CPU many times, and a set takes long to add one to.
	var named [MaxCPU + 1]bool
	count, highest := 0, uint64(0)
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		if !isRange {
			high = low
		}
		first, errFirst := strconv.ParseUint(low, 10, 64)
		last, errLast := strconv.ParseUint(high, 10, 64)
		if errFirst != nil || errLast != nil || first > last {
			return cpuset.CPUSet{}, fmt.Errorf("CPU list %.100q: %.50q is no CPU number or range", text, part)
		}
		if last > MaxCPU {
			return cpuset.CPUSet{}, fmt.Errorf("CPU list %.100q: CPU %d is above %d", text, last, MaxCPU)
		}
		for id := first; id <= last; id++ {
			if !named[id] {
				named[id] = true
				count++
			}
		}
		highest = max(highest, last)
	}
	ids := make([]int, 0, count)
	for id, found := range named[:highest+1] {
		if found {
			ids = append(ids, id)
		}
	}
	return cpuset.New(ids...), nil
}
