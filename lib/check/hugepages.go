package check

import (
	"context"
	"fmt"

	"github.com/podnet/podnet/lib/podnet"
)

const mib = 1 << 20

var _ = register(Check{
	ID: "hugepages-free",
	Needs: func(s *Subject) string {
		if len(s.EAL.Memory.NodeMiB) == 0 {
			return "DPDK takes no certain number of hugepages"
		}
		return ""
	},
	Run: hugepagesFree,
})

// hugepagesFree compares what DPDK will take with what is free.
func hugepagesFree(_ context.Context, s *Subject) []Result {
	var results []Result
	for node, want := range s.EAL.Memory.NodeMiB {
		free, known := uint64(0), false
		for _, h := range s.Pod.Hugepages {
			for _, n := range h.Nodes {
				if n.Node == node {
					free, known = free+n.FreeBytes/mib, true
				}
			}
		}
		if known && free < uint64(want) {
			results = append(results, Result{
				Code:   podnet.CodeNoHugepages,
				Where:  fmt.Sprintf("NUMA node %d", node),
				Cause:  fmt.Sprintf("hugepages: DPDK would take %d MiB on NUMA node %d, where %d MiB are free", want, node, free),
				Remedy: "reserve more on the node (vm.nr_hugepages), or use ordinary pages (--memory none)",
			})
		}
	}
	return results
}
