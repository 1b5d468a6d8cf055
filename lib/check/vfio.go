package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"github.com/podnet/podnet/lib/podnet"
)

// vfioContainer is the device by which DPDK sets up the IOMMU for groups.
const vfioContainer = "/dev/vfio/vfio"

var _ = register(Check{ID: "vfio-nodes", Needs: needsVFIO, Run: vfioNodes})

// vfioPorts are the ports that are driven through vfio, with their groups.
func (s *Subject) vfioPorts() []Port {
	return slices.DeleteFunc(s.PodPorts(), func(p Port) bool {
		pci := p.Interface.PCI
		return pci == nil || pci.IOMMUGroup == nil || !pci.OnVFIO()
	})
}

func needsVFIO(s *Subject) string {
	if len(s.vfioPorts()) == 0 {
		return "no port is driven through vfio"
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
		if problem, closed := whyClosed(node, s.system.open(node)); closed {
			results = append(results, result(iface, problem))
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

// whyClosed says why a device node of vfio could not be opened.
func whyClosed(node string, err error) (problem podnet.Problem, closed bool) {
	set := func(code podnet.Code, message, remedy string) (podnet.Problem, bool) {
		return podnet.Problem{Code: code, Where: node, Message: message, Remedy: remedy, Transient: code.Transient()}, true
	}
	switch {
	case err == nil:
		return podnet.Problem{}, false
	case errors.Is(err, fs.ErrNotExist):
		return set(podnet.CodeDeviceNodeMissing, node+" is not in the container", "request the device's resource from its device plugin for this container")
	case errors.Is(err, syscall.EBUSY):
		return set(podnet.CodeBusyGroup, node+" is held by another process", "end what else drives the device; a group has one user at a time")
	case errors.Is(err, fs.ErrPermission):
		return set(podnet.CodeDeviceNodeClosed, fmt.Sprintf("%s: permission denied to user %d", node, os.Geteuid()),
			"let the container runtime give devices to the pod's user (device_ownership_from_security_context), or run as root")
	}
	return set(podnet.CodeDeviceNodeClosed, err.Error(), "")
}
