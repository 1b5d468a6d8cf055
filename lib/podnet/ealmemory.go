package podnet

import (
	"slices"
	"strconv"
	"strings"

	"github.com/podnet/podnet/lib/eal"
)

// MemoryMode chooses between hugepages and ordinary pages.
//
// With hugepages, EAL takes the pod's hugetlb limits less the pages in use, all sizes
// together, in whole pages. Without hugepages, or where no limit is visible, it takes
// what the ports need: 256 MiB for up to eight queue pairs on all ports together, and
// 16 MiB for each further pair. A pair of AF_XDP needs three times that. With jumbo frames
// a pair needs it for each 2 KiB of a frame. EAL never takes more hugepages than are free. For
// devices on vfio it takes at most 240 MiB of ordinary pages, because vfio limits the
// number of mappings.
type MemoryMode string

// The modes.
const (
	// MemoryAuto takes hugepages if the pod has a limit above zero, or no
	// limit is visible and as many are free as the ports need.
	MemoryAuto      MemoryMode = "auto"
	MemoryHugepages MemoryMode = "hugepages"
	MemoryNone      MemoryMode = "none" // ordinary pages, backed by a memfd
)

const mib = 1 << 20

// maxMappedMiB is how much memory of ordinary pages a device behind an IOMMU can
// have: DPDK 24.11 maps them one by one, and vfio allows 65535 mappings
// (dma_entry_limit of vfio_iommu_type1), which is 256 MiB less one page of 4 KiB.
const maxMappedMiB = 240

// PortsMiB is how much memory ports take, in MiB. 16 MiB hold about 6500 mbufs of 2 KiB,
// enough for a full ring each way and the lcores' caches. 128 MiB are for EAL and the
// application. A queue pair of net_af_xdp takes 48 MiB, because it keeps 4096 mbufs in
// the kernel's fill ring and as many on their way up and down. Mbufs for jumbo frames are
// larger in proportion.
func PortsMiB(ports []Port, queues int) int {
	const perMbuf, perPair, perAFXDPPair = 2 << 10, 16, 48
	need := 128
	for _, p := range ports {
		pair := perPair
		if p.Kind == KindAFXDP {
			pair = perAFXDPPair
		}
		need += pair * max(queues, 1) * max(1, (p.MTU+perMbuf-1)/perMbuf)
	}
	return max(256, need)
}

// ealMemory decides how much memory EAL takes on which NUMA nodes.
func (p *Pod) ealMemory(mode MemoryMode, nodes []int, need int) (eal.Memory, error) {
	noHuge := eal.Memory{NoHuge: true, NoHugeMiB: need}
	nodes = distinctNodes(nodes)
	switch mode {
	case "", MemoryAuto, MemoryHugepages:
	case MemoryNone:
		return noHuge, nil
	default:
		return eal.Memory{}, problemf(CodeBadOption, "", "memory mode %.100q: want %s, %s or %s", mode, MemoryAuto, MemoryHugepages, MemoryNone)
	}
	byLimit, err := p.limitedMiB(nodes)
	if err != nil {
		return eal.Memory{}, err
	}
	if len(byLimit) > 0 {
		return eal.Memory{NodeMiB: byLimit}, nil
	}
	open := slices.DeleteFunc(slices.Clone(p.Hugepages), func(h Hugepages) bool { return h.LimitBytes != nil })
	if len(open) == 0 && len(p.Hugepages) > 0 {
		if mode == MemoryHugepages {
			return eal.Memory{}, problemf(CodeNoHugepages, "request hugepages-2Mi or hugepages-1Gi for the container", "hugepages: the pod's limit is 0 for every size")
		}
		return noHuge, nil
	}
	byNeed, enough := neededMiB(open, nodes, need)
	switch {
	case enough, mode == MemoryHugepages && slices.Max(byNeed) > 0:
		return eal.Memory{NodeMiB: byNeed}, nil
	case mode == MemoryHugepages:
		return eal.Memory{}, problemf(CodeNoHugepages, "reserve some on the node (vm.nr_hugepages)", "hugepages: none are free on NUMA nodes %v", nodes)
	}
	return noHuge, nil
}

// maxNode is the last NUMA node that EAL knows (RTE_MAX_NUMA_NODES - 1).
const maxNode = 31

// distinctNodes gives the nodes that EAL knows once each, ascending; node 0 if
// there is none.
func distinctNodes(nodes []int) []int {
	nodes = slices.DeleteFunc(slices.Clone(nodes), func(n int) bool { return n < 0 || n > maxNode })
	slices.Sort(nodes)
	if nodes = slices.Compact(nodes); len(nodes) == 0 {
		return []int{0}
	}
	return nodes
}

// withMemory keeps the nodes whose memory the container may use. If it may use none of
// them, withMemory gives the nodes that it may use.
func (c *CPUs) withMemory(nodes []int) []int {
	if len(c.MemoryNodes) == 0 {
		return nodes
	}
	kept := slices.DeleteFunc(slices.Clone(nodes), func(n int) bool { return !slices.Contains(c.MemoryNodes, n) })
	if len(kept) == 0 {
		return c.MemoryNodes
	}
	return kept
}

// limitedMiB deals the pages of the pod's limits out to the nodes, indexed by
// node; nil without a limit above zero.
func (p *Pod) limitedMiB(nodes []int) ([]int, error) {
	bytes := make([]uint64, len(nodes))
	for _, h := range p.Hugepages {
		if h.LimitBytes == nil || *h.LimitBytes == 0 {
			continue
		}
		size, err := pageBytes(h.Size)
		if err != nil {
			return nil, err
		}
		pages, n := (*h.LimitBytes-min(h.UsedBytes, *h.LimitBytes))/size, uint64(len(nodes))
		for i := range nodes {
			share := pages / n
			if uint64(i) < pages%n {
				share++
			}
			bytes[i] += share * size
		}
	}
	return byNode(nodes, func(i int) int { return int(bytes[i] / mib) }), nil
}

// neededMiB splits what is needed over the nodes, capped by their free pages,
// and tells whether these are known to be enough.
func neededMiB(open []Hugepages, nodes []int, need int) (nodeMiB []int, enough bool) {
	share := (need + len(nodes) - 1) / len(nodes)
	share += share % 2 // whole pages of 2 MiB
	known := slices.ContainsFunc(open, func(h Hugepages) bool { return len(h.Nodes) > 0 })
	enough = known
	nodeMiB = byNode(nodes, func(i int) int {
		if !known {
			return share
		}
		var free uint64
		for _, h := range open {
			for _, n := range h.Nodes {
				if n.Node == nodes[i] {
					free += n.FreeBytes
				}
			}
		}
		enough = enough && free >= uint64(share)*mib
		return int(min(free/mib, uint64(share)))
	})
	if len(nodeMiB) == 0 {
		nodeMiB = []int{0}
	}
	return nodeMiB, enough
}

// byNode makes the slice that is indexed by node, of the amount for each element
// of nodes; nil if there is nothing on any.
func byNode(nodes []int, amount func(i int) int) []int {
	nodeMiB := make([]int, slices.Max(nodes)+1)
	total := 0
	for i, node := range nodes {
		nodeMiB[node] = amount(i)
		total += nodeMiB[node]
	}
	if total == 0 {
		return nil
	}
	return nodeMiB
}

// pageBytes reads a page size in Kubernetes' notation.
func pageBytes(size string) (uint64, error) {
	for suffix, unit := range map[string]uint64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30} {
		if digits, ok := strings.CutSuffix(size, suffix); ok {
			if n, err := strconv.ParseUint(digits, 10, 32); err == nil && n > 0 {
				return n * unit, nil
			}
		}
	}
	return 0, problemf(CodeMalformed, "", "hugepages of size %.100q: want a form such as 2Mi or 1Gi", size)
}
