package check

import (
	"context"
	"fmt"
	"slices"

	"github.com/podnet/podnet/lib/podnet"
)

var _ = register(Check{
	ID: "numa-local", Group: NUMA,
	About: "Each device, the container's CPUs and the memory that it may have are on one NUMA node.",
	Findings: []Finding{{
		Code: podnet.CodeNUMARemote, Status: Warn,
		Remedy: "set topologyManagerPolicy: single-numa-node in the kubelet's configuration (spec.numa.topologyPolicy in an OpenShift PerformanceProfile), and request the device and whole CPUs in one container",
	}},
	Needs: func(s *Subject) string {
		switch {
		case s.Pod.CPUs == nil || len(s.Pod.CPUs.NUMANodes) == 0:
			return "the NUMA nodes of the container's CPUs are not known"
		case len(s.nodesOfPorts()) == 0:
			return "no port is on a device with a NUMA node"
		}
		return ""
	},
	Run: numaLocal,
})

// nodeOf is a port's NUMA node.
type nodeOf struct {
	iface string
	node  int
}

// nodesOfPorts are the NUMA nodes of the ports' devices, as far as the kernel says.
func (s *Subject) nodesOfPorts() []nodeOf {
	var nodes []nodeOf
	for _, p := range s.PodPorts() {
		switch i := p.Interface; {
		case i.PCI != nil && i.PCI.NUMANode != nil:
			nodes = append(nodes, nodeOf{p.Port.Interface, *i.PCI.NUMANode})
		case i.VDPA != nil && i.VDPA.NUMANode != nil:
			nodes = append(nodes, nodeOf{p.Port.Interface, *i.VDPA.NUMANode})
		}
	}
	return nodes
}

// nodesWithoutPort are the NUMA nodes of CPUs from which every port is remote.
func (s *Subject) nodesWithoutPort() []int {
	ports := s.nodesOfPorts()
	return slices.DeleteFunc(slices.Clone(s.Pod.CPUs.NUMANodes), func(node int) bool {
		return slices.ContainsFunc(ports, func(n nodeOf) bool { return n.node == node })
	})
}

func numaLocal(_ context.Context, s *Subject) []Result {
	cpus := s.Pod.CPUs
	var results []Result
	var evidence []string
	remote := func(iface, cause string) {
		results = append(results, Result{Interface: iface, Code: podnet.CodeNUMARemote, Where: fmt.Sprintf("CPUs %s", cpus.Allowed), Cause: cause})
	}
	for _, n := range s.nodesOfPorts() {
		switch {
		case !slices.Contains(cpus.NUMANodes, n.node):
			remote(n.iface, fmt.Sprintf("its device is on NUMA node %d, and the container's CPUs on %v", n.node, cpus.NUMANodes))
		case len(cpus.MemoryNodes) > 0 && !slices.Contains(cpus.MemoryNodes, n.node):
			remote(n.iface, fmt.Sprintf("its device is on NUMA node %d, and the container may have memory of %v only", n.node, cpus.MemoryNodes))
		default:
			evidence = append(evidence, fmt.Sprintf("%s on NUMA node %d", n.iface, n.node))
		}
	}
	if len(results) > 0 {
		return results
	}
	if without := s.nodesWithoutPort(); len(without) > 0 {
		return []Result{{
			Code: podnet.CodeNUMARemote, Where: fmt.Sprintf("CPUs %s", cpus.Allowed), Evidence: evidence,
			Cause: fmt.Sprintf("the container's CPUs are on NUMA nodes %v, and no port's device is on %v", cpus.NUMANodes, without),
		}}
	}
	return passed(evidence...)
}
