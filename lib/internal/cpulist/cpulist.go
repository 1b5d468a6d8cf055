// Package cpulist reads the kernel's lists of CPUs.
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
	for id := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '-' }) {
		n, err := strconv.Atoi(id)
		if err != nil {
			return cpuset.CPUSet{}, fmt.Errorf("CPU list %.100q: %.20q is not a number", text, id)
		}
		if n > MaxCPU {
			return cpuset.CPUSet{}, fmt.Errorf("CPU list %.100q: CPU %d is above %d", text, n, MaxCPU)
		}
	}
	set, err := cpuset.Parse(text)
	if err != nil {
		return cpuset.CPUSet{}, fmt.Errorf("CPU list %.100q: %w", text, err)
	}
	return set, nil
}
