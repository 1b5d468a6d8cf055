package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// checkReady joins the reasons why DPDK would not start on the ports as things
// stand: what their devices lack, and what this process does. DPDK itself says
// little of them, and some only in its debug log.
func checkReady(pod *podnet.Pod, cfg eal.Config, ports []podnet.Port) error {
	var errs []error
	for _, p := range ports {
		errs = append(errs, p.NotReady)
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, checkHugepages(pod, cfg), checkVFIO(pod, cfg, ports))
	}
	return notReady(errors.Join(errs...))
}

// checkHugepages compares what DPDK will take with what is free.
func checkHugepages(pod *podnet.Pod, cfg eal.Config) error {
	const mib = 1 << 20
	for node, want := range cfg.Memory.NodeMiB {
		free, known := uint64(0), false
		for _, h := range pod.Hugepages {
			for _, n := range h.Nodes {
				if n.Node == node {
					free, known = free+n.FreeBytes/mib, true
				}
			}
		}
		if known && free < uint64(want) {
			return fmt.Errorf("hugepages: DPDK would take %d MiB on NUMA node %d, where %d MiB are free: "+
				"reserve more on the node (vm.nr_hugepages), or use ordinary pages (--memory none)", want, node, free)
		}
	}
	return nil
}

// vfioContainer is the device by which DPDK sets up the IOMMU for groups.
const vfioContainer = "/dev/vfio/vfio"

// checkVFIO looks at the device nodes of ports that are driven through vfio, and
// at the memory that the IOMMU needs locked.
func checkVFIO(pod *podnet.Pod, cfg eal.Config, ports []podnet.Port) error {
	var errs []error
	check := func(iface, node string) {
		if code, reason, remedy := whyClosed(node); reason != "" {
			errs = append(errs, &podnet.InterfaceError{Interface: iface, Problem: podnet.Problem{Code: code, Where: node, Message: reason, Remedy: remedy, Transient: code.Transient()}})
		}
	}
	first, mapped := true, false
	for _, i := range pod.Interfaces {
		used := slices.ContainsFunc(ports, func(p podnet.Port) bool { return p.Interface == i.Name })
		if !used || i.Kind != podnet.KindPCI || i.PCI.IOMMUGroup == nil || !i.PCI.OnVFIO() {
			continue
		}
		if first {
			check(i.Name, vfioContainer)
			first = false
		}
		node := fmt.Sprintf("/dev/vfio/%d", *i.PCI.IOMMUGroup)
		if i.PCI.NoIOMMU && !slices.Contains(i.PCI.CharDevices, node) {
			node = fmt.Sprintf("/dev/vfio/noiommu-%d", *i.PCI.IOMMUGroup)
		}
		check(i.Name, node)
		if !mapped && !i.PCI.NoIOMMU {
			mapped = true
			errs = append(errs, checkMemlock(i.Name, cfg.Memory))
		}
	}
	return errors.Join(errs...)
}

// whyClosed says why this process cannot open a device node of vfio; empty: it
// can.
func whyClosed(name string) (code podnet.Code, reason, remedy string) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	switch {
	case err == nil:
		f.Close()
		return "", "", ""
	case errors.Is(err, fs.ErrNotExist):
		return podnet.CodeDeviceNodeMissing, name + " is not in the container", "request the device's resource from its device plugin for this container"
	case errors.Is(err, unix.EBUSY):
		return podnet.CodeBusyGroup, name + " is held by another process", "end what else drives the device; a group has one user at a time"
	case errors.Is(err, fs.ErrPermission):
		return podnet.CodeDeviceNodeClosed, fmt.Sprintf("%s: permission denied to user %d", name, os.Geteuid()),
			"let the container runtime give devices to the pod's user (device_ownership_from_security_context), or run as root"
	}
	return podnet.CodeDeviceNodeClosed, err.Error(), ""
}

// checkMemlock compares the memory that the IOMMU makes the kernel lock with what
// this process may lock.
func checkMemlock(iface string, m eal.Memory) error {
	const mib = 1 << 20
	want := uint64(m.NoHugeMiB)
	for _, n := range m.NodeMiB {
		want += uint64(n)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return err
	}
	if limit.Cur >= want*mib || mayLock() {
		return nil
	}
	return &podnet.InterfaceError{
		Interface: iface,
		Problem: podnet.Problem{
			Code:    podnet.CodeNoMemoryLock,
			Message: fmt.Sprintf("its device needs DPDK's %d MiB locked in memory, and this process may lock %d MiB (RLIMIT_MEMLOCK)", want, limit.Cur/mib),
			Remedy:  "give the container the capability IPC_LOCK",
		},
	}
}

// mayLock tells whether the process has the capability IPC_LOCK. What cannot be
// told is left to DPDK.
func mayLock() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData // of 32 capabilities each
	err := unix.Capget(&header, &data[0])
	return err != nil || data[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0
}
