package podnet

import (
	"k8s.io/utils/cpuset"

	"github.com/podnet/podnet/lib/internal/cpulist"
)

// CPUSet is a set of CPU ids that marshals to the kernel's list form, such as
// 4-7,68. The zero value is the empty set.
type CPUSet struct{ set cpuset.CPUSet }

// List gives the ids, ascending.
func (s CPUSet) List() []int { return s.set.List() }

// Size is the number of CPUs in the set.
func (s CPUSet) Size() int { return s.set.Size() }

// IsEmpty reports whether no CPU is in the set.
func (s CPUSet) IsEmpty() bool { return s.set.IsEmpty() }

// Contains reports whether a CPU is in the set.
func (s CPUSet) Contains(cpu int) bool { return s.set.Contains(cpu) }

// Equal reports whether both sets have the same CPUs.
func (s CPUSet) Equal(other CPUSet) bool { return s.set.Equals(other.set) }

// String gives the kernel's list form.
func (s CPUSet) String() string { return s.set.String() }

// MarshalText gives the kernel's list form.
func (s CPUSet) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the kernel's list form.
func (s *CPUSet) UnmarshalText(text []byte) (err error) {
	s.set, err = cpulist.Parse(string(text))
	return err
}
