package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/podnet/podnet/lib/podnet"
)

const mib = 1 << 20

// hugepageMiB is how much hugepage memory EAL takes at its start.
func (s *Subject) hugepageMiB() int {
	total := 0
	for _, n := range s.EAL.Memory.NodeMiB {
		total += n
	}
	return total
}

func needsHugepages(s *Subject) string {
	if s.hugepageMiB() == 0 {
		return "DPDK takes no certain number of hugepages"
	}
	return ""
}

var _ = register(Check{
	ID: "hugepages-free", Group: Hugepages,
	About: "Each NUMA node has as many free hugepages as DPDK takes there.",
	Findings: []Finding{{
		Code:   podnet.CodeNoHugepages,
		Remedy: "reserve more on the node (vm.nr_hugepages, or hugepages=N on the kernel's command line), or use ordinary pages (--memory none)",
	}},
	Needs: needsHugepages,
	Run:   hugepagesFree,
})

// hugepagesFree compares DPDK's memory with the free hugepages.
func hugepagesFree(_ context.Context, s *Subject) []Result {
	var results []Result
	var evidence []string
	visible := len(s.names("/sys/kernel/mm/hugepages")) > 0 // a node that is not listed has none
	for node, want := range s.EAL.Memory.NodeMiB {
		free, known := uint64(0), visible
		for _, h := range s.Pod.Hugepages {
			for _, n := range h.Nodes {
				if n.Node == node {
					free, known = free+n.FreeBytes/mib, true
				}
			}
		}
		switch {
		case !known || want == 0:
		case free < uint64(want):
			results = append(results, Result{
				Code:  podnet.CodeNoHugepages,
				Where: fmt.Sprintf("NUMA node %d", node),
				Cause: fmt.Sprintf("hugepages: DPDK would take %d MiB on NUMA node %d, where %d MiB are free", want, node, free),
			})
		default:
			evidence = append(evidence, fmt.Sprintf("NUMA node %d: %d MiB free, %d MiB to be taken", node, free, want))
		}
	}
	if len(results) == 0 {
		return passed(evidence...)
	}
	return results
}

var _ = register(Check{
	ID: "hugepages-limit", Group: Hugepages,
	About: "The container's hugetlb limits allow what DPDK takes and what the ports need.",
	Findings: []Finding{
		{
			Code:   podnet.CodeHugepageLimit,
			Remedy: "raise hugepages-2Mi or hugepages-1Gi in the container's resources.limits",
		},
		{
			Code: podnet.CodeNoHugepages, Status: Warn,
			Remedy: "give the container hugepages-2Mi or hugepages-1Gi in resources.limits, with memory or cpu beside it",
		},
	},
	Needs: func(s *Subject) string {
		switch {
		case s.Err != nil:
			return "DPDK has no arguments"
		case s.Memory == podnet.MemoryNone:
			return "ordinary pages were asked for"
		}
		return ""
	},
	Run: hugepagesLimit,
})

// hugepagesLimit compares the limits with what DPDK takes and what the ports need. A
// size without a limit is not limited.
func hugepagesLimit(_ context.Context, s *Subject) []Result {
	if s.EAL.Memory.NoHuge {
		return []Result{{Code: podnet.CodeNoHugepages, Cause: "the container has no hugepages, or too few are free: DPDK runs on ordinary pages, which is slower"}}
	}
	var left, limit uint64
	for _, h := range s.Pod.Hugepages {
		if h.LimitBytes == nil {
			return passed("hugepages of " + h.Size + ": no limit")
		}
		limit += *h.LimitBytes / mib
		left += (*h.LimitBytes - min(h.UsedBytes, *h.LimitBytes)) / mib
	}
	want, need := s.hugepageMiB(), podnet.PortsMiB(s.Ports, s.Queues)
	found := fmt.Sprintf("limit %d MiB, %d MiB of it free, %d MiB to be taken", limit, left, want)
	switch {
	case len(s.Pod.Hugepages) == 0:
		return skipped("no page size is known")
	case left < uint64(want):
		return []Result{{
			Code: podnet.CodeHugepageLimit, Where: "hugetlb control group", Evidence: []string{found},
			Cause: fmt.Sprintf("DPDK would take %d MiB of hugepages, and the container's limits leave %d MiB", want, left),
		}}
	case left < uint64(need):
		return []Result{{
			Code: podnet.CodeHugepageLimit, Where: "hugetlb control group", Status: Warn, Evidence: []string{found},
			Cause: fmt.Sprintf("the container's limits leave %d MiB of hugepages, and programs with their usual pools need %d MiB on these ports (testpmd 400 MiB)", left, need),
		}}
	}
	return passed(found)
}

var _ = register(Check{
	ID: "hugepages-size", Group: Hugepages,
	About: "The machine has hugepages of the size that the container's limit is for.",
	Findings: []Finding{{
		Code:   podnet.CodeHugepageSize,
		Remedy: "reserve pages of that size on the node (hugepagesz=SIZE hugepages=N on the kernel's command line), or request the size that the node has",
	}},
	Needs: needsHugepages,
	Run:   hugepagesSize,
})

func hugepagesSize(_ context.Context, s *Subject) []Result {
	var results []Result
	known := false // of a machine whose pools cannot be seen nothing is known
	for _, h := range s.Pod.Hugepages {
		known = known || len(h.Nodes) > 0
	}
	if !known {
		return skipped("the machine's pools of hugepages cannot be seen")
	}
	for _, h := range s.Pod.Hugepages {
		if h.LimitBytes == nil || *h.LimitBytes == 0 || len(h.Nodes) > 0 {
			continue
		}
		results = append(results, Result{
			Code: podnet.CodeHugepageSize, Where: "/sys/kernel/mm/hugepages",
			Cause: fmt.Sprintf("the container may have %d MiB of pages of %s, and the machine has no page of that size", *h.LimitBytes/mib, h.Size),
		})
	}
	return results
}

var _ = register(Check{
	ID: "hugepages-memfd", Group: Hugepages,
	About: "The kernel gives files of hugepages in memory (memfd_create), by which DPDK takes its memory without a mount.",
	Findings: []Finding{{
		Code:   podnet.CodeNoMemfd,
		Remedy: "allow memfd_create with MFD_HUGETLB in the seccomp profile (kernel 4.14 or later), or mount hugetlbfs and use --multi-process",
	}},
	Needs: func(s *Subject) string {
		switch {
		case s.system.memfd == nil:
			return "only the process itself can tell"
		case s.EAL.MultiProcess:
			return "DPDK takes its memory from the mount (--multi-process)"
		}
		return needsHugepages(s)
	},
	Run: hugepagesMemfd,
})

func hugepagesMemfd(_ context.Context, s *Subject) []Result {
	var evidence []string
	for _, h := range s.Pod.Hugepages {
		size, err := pageBytes(h.Size)
		if err != nil || h.LimitBytes != nil && *h.LimitBytes == 0 {
			continue
		}
		if err := s.system.memfd(size); err != nil {
			return []Result{{Code: podnet.CodeNoMemfd, Cause: fmt.Sprintf("no file of pages of %s can be made in memory: %v", h.Size, err)}}
		}
		evidence = append(evidence, "memfd of pages of "+h.Size)
	}
	return passed(evidence...)
}

// pageBytes reads a page size of the pod document.
func pageBytes(size string) (uint64, error) {
	for suffix, unit := range map[string]uint64{"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30} {
		if digits, ok := strings.CutSuffix(size, suffix); ok {
			n, err := strconv.ParseUint(digits, 10, 32)
			return n * unit, err
		}
	}
	return 0, fmt.Errorf("hugepages of size %q", size)
}

var _ = register(Check{
	ID: "hugetlbfs", Group: Hugepages,
	About: "With --multi-process: hugetlbfs is mounted, and the process may make files in it.",
	Findings: []Finding{
		{
			Code:   podnet.CodeNoHugetlbfs,
			Remedy: "mount a volume of the kind emptyDir with medium HugePages (HugePages-2Mi where there are several sizes), or leave out --multi-process",
		},
		{
			Code:   podnet.CodeUnreadable,
			Remedy: "set securityContext.fsGroup of the pod to the process's group, run as root, or leave out --multi-process",
		},
	},
	Needs: func(s *Subject) string {
		switch {
		case s.Err != nil:
			return "DPDK has no arguments"
		case !s.EAL.MultiProcess:
			return "DPDK needs no mount of hugetlbfs"
		case s.system.access == nil:
			return "the files are a copy: who may write to a directory is not known"
		}
		return ""
	},
	Run: hugetlbfs,
})

func hugetlbfs(_ context.Context, s *Subject) []Result {
	var mounted []string
	for _, h := range s.Pod.Hugepages {
		if h.Mount == "" {
			continue
		}
		err := s.system.access(h.Mount, mayRead|mayWrite|maySearch)
		switch {
		case err == nil:
			mounted = append(mounted, h.Mount+": hugetlbfs of "+h.Size)
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
			return []Result{{
				Code: podnet.CodeUnreadable, Where: h.Mount, Evidence: s.system.described(h.Mount),
				Cause: fmt.Sprintf("user %d may not make files in the hugetlbfs on %s: %v", s.system.process.uid, h.Mount, errors.Unwrap(err)),
			}}
		}
	}
	if len(mounted) == 0 {
		return []Result{{Code: podnet.CodeNoHugetlbfs, Where: "/proc/self/mountinfo", Cause: "no hugetlbfs is mounted, and secondary processes attach by its files"}}
	}
	return passed(mounted...)
}
