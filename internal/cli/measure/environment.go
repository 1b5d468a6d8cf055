package measure

import (
	"os"

	"github.com/podnet/podnet/internal/dataplane"
	"github.com/podnet/podnet/internal/kernel"
	"github.com/podnet/podnet/internal/kernel/rootfs"
	"github.com/podnet/podnet/internal/result"
	"github.com/podnet/podnet/lib/eal"
	"github.com/podnet/podnet/lib/podnet"
)

// noEnvironment is the part of the environment that is known before DPDK has started.
func noEnvironment(d deps) result.Environment {
	return result.Environment{
		Version: d.Version, DPDK: d.DPDKVersion,
		NUMANodes: []int{}, Hugepages: []result.Hugepages{}, EALArgs: []string{}, Interfaces: []result.Device{}, Lcores: []result.LcoreInfo{},
	}
}

// environment describes the machine and the ports of a run.
func environment(d deps, pod *podnet.Pod, dp *dataplane.Dataplane) result.Environment {
	e := noEnvironment(d)
	e.Kernel, e.CPUModel = kernel.Describe(rootfs.FS{})
	e.Host, _ = os.Hostname() // a run does not fail without it
	e.Labels = pod.Labels
	if cpus := pod.CPUs; cpus != nil {
		e.CPUs, e.CPUQuota = cpus.Allowed.String(), cpus.Quota
		e.NUMANodes = append(e.NUMANodes, cpus.NUMANodes...)
	}
	for _, h := range pod.Hugepages {
		if h.LimitBytes != nil {
			e.Hugepages = append(e.Hugepages, result.Hugepages{Size: h.Size, LimitBytes: *h.LimitBytes})
		}
	}
	e.EALArgs, _ = dp.EAL().Args() // DPDK has started on them
	for _, p := range dp.Ports {
		dev := result.Device{
			Name: p.Interface, Kind: "vdev", Port: p.Name, Driver: p.Driver, MAC: p.MAC.String(), NUMANode: p.Socket,
		}
		for _, d := range dp.EAL().Devices {
			if d.PortName() == p.Name {
				dev.Kind, dev.Device = describe(d)
			}
		}
		e.Interfaces = append(e.Interfaces, dev)
	}
	for _, l := range dp.Lcores() {
		e.Lcores = append(e.Lcores, result.LcoreInfo{Lcore: result.Lcore{ID: l.ID, CPU: l.CPU}, NUMANode: l.Socket, Main: l.Main})
	}
	return e
}

// describe gives a device's kind, and its address or socket.
func describe(d eal.Device) (kind, device string) {
	switch d := d.(type) {
	case eal.PCI:
		return string(podnet.KindPCI), d.Address.String()
	case eal.Auxiliary:
		return string(podnet.KindPCI), d.Name
	case eal.VirtioUser:
		return string(podnet.KindVhostUser), d.Path
	case eal.Vhost:
		return string(podnet.KindVhostUser), d.Path
	case eal.Memif:
		return string(podnet.KindMemif), d.Path
	}
	return "vdev", ""
}
