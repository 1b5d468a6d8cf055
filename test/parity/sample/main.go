// Command sample is a program that uses app-netutil: it calls every function and prints
// every field. TestMigration builds it against podnet with other import paths and no other
// change. It is not an example of podnet's own library: examples/go is.
package main

import (
	"fmt"
	"os"

	nadv1 "github.com/k8snetworkplumbingwg/network-attachment-definition-client/pkg/apis/k8s.cni.cncf.io/v1"

	netlib "github.com/openshift/app-netutil/lib/v1alpha"
	"github.com/openshift/app-netutil/pkg/logging"
	"github.com/openshift/app-netutil/pkg/types"
)

func main() {
	logging.SetLogLevel("error")
	logging.SetLogStderr(false)
	if len(os.Args) > 1 {
		netlib.SetDownwardAPIMountPath(os.Args[1])
	}
	fmt.Println("volume", netlib.GetDownwardAPIMountPath() != "")

	// Without a cgroup v1 the original has no answer.
	if cpus, err := netlib.GetCPUInfo(); err == nil {
		printCPUs(cpus)
	}
	if hugepages, err := netlib.GetHugepages(); err != nil {
		_ = logging.Errorf("hugepages: %v", err)
		fmt.Println("no hugepages")
	} else {
		printHugepages(hugepages)
	}
	interfaces, err := netlib.GetInterfaces()
	if err != nil {
		fmt.Println("no interfaces:", err)
		os.Exit(1)
	}
	printInterfaces(interfaces)
}

func printCPUs(r *types.CPUResponse) {
	fmt.Fprintln(os.Stderr, "CPUs", r.CPUSet)
}

func printHugepages(r *types.HugepagesResponse) {
	fmt.Println("container", r.MyContainerName)
	for _, h := range r.Hugepages {
		printAmounts(*h)
	}
}

func printAmounts(h types.HugepagesData) {
	fmt.Println("hugepages of", h.ContainerName,
		"request", h.Request1G, h.Request2M, h.Request,
		"limit", h.Limit1G, h.Limit2M, h.Limit)
}

func printInterfaces(r *types.InterfaceResponse) {
	for n, i := range r.Interface {
		printInterface(n, i)
	}
}

func printInterface(n int, i *types.InterfaceData) {
	kind := "other"
	switch i.DeviceType {
	case types.INTERFACE_TYPE_HOST:
		kind = "kernel"
	case types.INTERFACE_TYPE_SRIOV:
		kind = "VF"
	case types.INTERFACE_TYPE_UNKNOWN, types.INTERFACE_TYPE_INVALID:
		kind = "?"
	}
	s := i.NetworkStatus
	fmt.Println("interface", n, kind, i.DeviceType, s.Interface, s.Name, s.Default, s.Mac, s.IPs,
		s.DNS.Nameservers, s.DNS.Domain, s.DNS.Search, s.DNS.Options)
	info := s.DeviceInfo
	if info == nil {
		return
	}
	fmt.Println(" ", info.Type, info.Version)
	switch info.Type {
	case nadv1.DeviceInfoTypePCI:
		fmt.Println(" ", info.Pci.PciAddress, info.Pci.PfPciAddress, info.Pci.Vhostnet, info.Pci.RdmaDevice)
	case nadv1.DeviceInfoTypeVHostUser:
		fmt.Println(" ", info.VhostUser.Mode, info.VhostUser.Path)
	case nadv1.DeviceInfoTypeMemif:
		fmt.Println(" ", info.Memif.Role, info.Memif.Mode, info.Memif.Path)
	case nadv1.DeviceInfoTypeVDPA:
		fmt.Println(" ", info.Vdpa.ParentDevice, info.Vdpa.Driver, info.Vdpa.Path, info.Vdpa.PciAddress, info.Vdpa.PfPciAddress)
	}
}
