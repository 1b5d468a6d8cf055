package check

import (
	"context"
	"fmt"
	"slices"

	"github.com/podnet/podnet/lib/podnet"
)

var _ = register(Check{
	ID: "memory-lock", Group: Privileges,
	About:    "The process may lock the memory that the IOMMU maps for devices on vfio.",
	Findings: []Finding{{Code: podnet.CodeNoMemoryLock, Remedy: "add IPC_LOCK to the container's securityContext.capabilities.add"}},
	Needs: func(s *Subject) string {
		switch {
		case len(s.mappedPorts()) == 0:
			return "no port is behind an IOMMU"
		case s.system.memlock == nil:
			return "the files are a copy: the process's limits are not known"
		}
		return ""
	},
	Run: memoryLock,
})

// mappedPorts are the ports for which the IOMMU maps DPDK's memory.
func (s *Subject) mappedPorts() []Port {
	return slices.DeleteFunc(s.vfioPorts(), func(p Port) bool { return p.Interface.PCI.NoIOMMU })
}

// memoryLock compares the memory that the IOMMU makes the kernel lock with this
// process's limit. Where the limit is not known, DPDK finds out.
func memoryLock(_ context.Context, s *Subject) []Result {
	want := uint64(s.EAL.Memory.NoHugeMiB + s.hugepageMiB())
	limit, limited := s.system.memlock()
	if !limited || limit >= want*mib {
		return nil
	}
	return []Result{{
		Interface: s.mappedPorts()[0].Port.Interface,
		Code:      podnet.CodeNoMemoryLock,
		Where:     "RLIMIT_MEMLOCK",
		Cause:     fmt.Sprintf("its device needs DPDK's %d MiB locked in memory, and this process may lock %d MiB (RLIMIT_MEMLOCK)", want, limit/mib),
	}}
}
