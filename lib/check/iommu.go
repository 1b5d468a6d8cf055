package check

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/podnet/podnet/lib/podnet"
)

const pciDevices = "/sys/bus/pci/devices"

// driverOf is the driver that the kernel has for a PCI function; empty: none.
func (s *Subject) driverOf(address string) string {
	link, err := s.system.root.Readlink(path.Join(pciDevices, address, "driver"))
	if err != nil {
		return ""
	}
	return path.Base(link)
}

var _ = register(Check{
	ID: "iommu-group", Group: Devices,
	About: "Every function of a device's IOMMU group is on vfio or on no driver; otherwise vfio does not give the group away.",
	Findings: []Finding{{
		Code:   podnet.CodeGroupNotViable,
		Remedy: "bind all functions of the group to vfio-pci on the node (driverctl set-override), or put the card into a slot whose port has ACS",
	}},
	Needs: func(s *Subject) string {
		if len(s.mappedPorts()) == 0 {
			return "no port is behind an IOMMU"
		}
		return ""
	},
	Run: iommuGroup,
})

func iommuGroup(_ context.Context, s *Subject) []Result {
	var results []Result
	seen := false
	for _, p := range s.mappedPorts() {
		dir := fmt.Sprintf("/sys/kernel/iommu_groups/%d/devices", *p.Interface.PCI.IOMMUGroup)
		members, err := s.system.root.ReadDir(dir)
		if err != nil {
			continue // as in a copy of a few files
		}
		seen = true
		for _, member := range members {
			if driver := s.driverOf(member); !sharesGroup(driver) && !s.isBridge(member) {
				results = append(results, Result{
					Interface: p.Port.Interface, Code: podnet.CodeGroupNotViable, Where: dir,
					Evidence: []string{"group: " + strings.Join(members, ", ")},
					Cause:    fmt.Sprintf("%s is in the same IOMMU group and on the driver %s", member, driver),
				})
			}
		}
	}
	if !seen {
		return skipped("the functions of the IOMMU groups cannot be seen")
	}
	return results
}

// sharesGroup reports whether vfio does not count a driver as a user of a device's group.
func sharesGroup(driver string) bool {
	return driver == "" || driver == "pci-stub" || driver == "pcieport" || podnet.IsVFIODriver(driver)
}

// isBridge reports whether a function does no DMA of its own.
func (s *Subject) isBridge(address string) bool {
	return strings.HasPrefix(s.system.line(path.Join(pciDevices, address, "class")), "0x0604")
}

var _ = register(Check{
	ID: "vf-token", Group: Devices,
	About: "The token is known by which vfio gives away the VFs of a PF that is itself on vfio-pci.",
	Findings: []Finding{{
		Code:   podnet.CodeVFToken,
		Remedy: "give the token that the PF's program set: --eal-arg=--vfio-vf-token=UUID",
	}},
	Needs: func(s *Subject) string {
		if len(s.vfioPorts()) == 0 {
			return "no port is driven through vfio"
		}
		return ""
	},
	Run: vfToken,
})

func vfToken(_ context.Context, s *Subject) []Result {
	if s.EAL.VFIOToken != "" || slices.ContainsFunc(s.EAL.Extra, func(arg string) bool { return strings.HasPrefix(arg, "--vfio-vf-token") }) {
		return passed("a token is given")
	}
	var results []Result
	for _, p := range s.vfioPorts() {
		pf := p.Interface.PCI.PF
		if !pf.IsZero() && s.driverOf(pf.String()) == "vfio-pci" {
			results = append(results, Result{
				Interface: p.Port.Interface, Code: podnet.CodeVFToken, Where: path.Join(pciDevices, pf.String(), "driver"),
				Cause: fmt.Sprintf("its PF %s is on vfio-pci, and vfio gives its VFs only to programs that have the PF's token", pf),
			})
		}
	}
	return results
}

// ethernetOverhead is what a frame has beside its L3 packet: addresses, type and FCS.
const ethernetOverhead = 18

var _ = register(Check{
	ID: "mtu", Group: Devices,
	About:    "The largest frame that is to be sent fits the MTU of each port's network.",
	Findings: []Finding{{Code: podnet.CodeMTU, Remedy: "lower --frame-size, or raise mtu in the network's SriovNetwork, SriovNetworkNodePolicy or NetworkAttachmentDefinition"}},
	Needs: func(s *Subject) string {
		switch {
		case len(s.Ports) == 0:
			return "there is no port"
		case s.FrameSize == 0:
			return "no frame size is asked for"
		}
		return ""
	},
	Run: portMTU,
})

func portMTU(_ context.Context, s *Subject) []Result {
	var results []Result
	for _, p := range s.PodPorts() {
		if mtu := p.Interface.MTU; mtu > 0 && s.FrameSize-ethernetOverhead > mtu {
			results = append(results, Result{
				Interface: p.Port.Interface, Code: podnet.CodeMTU, Where: "network-status",
				Cause: fmt.Sprintf("frames of %d bytes carry %d bytes, and the network's MTU is %d", s.FrameSize, s.FrameSize-ethernetOverhead, mtu),
			})
		}
	}
	return results
}
