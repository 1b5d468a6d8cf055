package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/podnet/podnet/lib/podnet"
)

// vfioContainer is the device by which DPDK sets up the IOMMU for groups.
const vfioContainer = "/dev/vfio/vfio"

var _ = register(Check{
	ID: "vfio-nodes", Group: Devices,
	About: "The process may open /dev/vfio/vfio and the IOMMU group of each device on vfio, and no other process has the group.",
	Findings: []Finding{
		{Code: podnet.CodeDeviceNodeMissing, Remedy: "request the device's resource from its device plugin in the container's resources.limits"},
		{Code: podnet.CodeBusyGroup, Remedy: "end the other program that drives the device; a group has one user at a time"},
		{
			Code: podnet.CodeDeviceNodeClosed,
			Remedy: "set device_ownership_from_security_context = true in the node's containerd or CRI-O configuration, which gives devices to the pod's user, or run as root; " +
				"under SELinux also setsebool container_use_devices=1",
		},
	},
	Needs: needsVFIO,
	Run:   vfioNodes,
})

// vfioPorts are the ports that are driven through vfio, with their groups.
func (s *Subject) vfioPorts() []Port {
	return slices.DeleteFunc(s.PodPorts(), func(p Port) bool {
		pci := p.Interface.PCI
		return pci == nil || pci.IOMMUGroup == nil || !pci.OnVFIO()
	})
}

func needsVFIO(s *Subject) string {
	switch {
	case len(s.vfioPorts()) == 0:
		return "no port is driven through vfio"
	case s.system.open == nil:
		return "the files are a copy: who may open a device is not known"
	}
	return ""
}

// vfioNodes looks whether this process can open the device nodes of vfio.
func vfioNodes(_ context.Context, s *Subject) []Result {
	var results []Result
	looked := map[string]bool{}
	look := func(iface, node string) {
		if looked[node] {
			return
		}
		looked[node] = true
		if r, closed := s.whyClosed(node, s.system.open(node)); closed {
			r.Interface = iface
			results = append(results, r)
		}
	}
	for _, p := range s.vfioPorts() {
		look(p.Port.Interface, vfioContainer)
		pci := p.Interface.PCI
		node := fmt.Sprintf("/dev/vfio/%d", *pci.IOMMUGroup)
		if pci.NoIOMMU && !slices.Contains(pci.CharDevices, node) {
			node = fmt.Sprintf("/dev/vfio/noiommu-%d", *pci.IOMMUGroup)
		}
		look(p.Port.Interface, node)
	}
	return results
}

// whyClosed says why a device node could not be opened.
func (s *Subject) whyClosed(node string, err error) (r Result, closed bool) {
	r = Result{Where: node, Evidence: s.system.described(node)}
	switch {
	case err == nil:
		return r, false
	case errors.Is(err, fs.ErrNotExist):
		r.Code, r.Cause = podnet.CodeDeviceNodeMissing, node+" is not in the container"
	case errors.Is(err, syscall.EBUSY):
		r.Code, r.Cause = podnet.CodeBusyGroup, node+" is held by another process"
	case errors.Is(err, fs.ErrPermission):
		r.Code, r.Cause = podnet.CodeDeviceNodeClosed, fmt.Sprintf("%s: permission denied to user %d", node, s.system.process.uid)
	default:
		r.Code, r.Cause = podnet.CodeDeviceNodeClosed, err.Error()
	}
	r.Transient = r.Code.Transient()
	return r, true
}
