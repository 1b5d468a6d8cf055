// Package podnet tells a container which networks and devices it was given: SR-IOV
// virtual functions, vhost-user and memif sockets, vDPA and RDMA devices, and
// the CPUs and hugepages to drive them with.
//
// Start at Discover. It reads the pod's annotations about its networks and their devices
// (network-status with device-info, the Userspace CNI's data and others), the variables
// and files of device plugins and resource claims, and the kernel's data: sysfs about
// these devices, control groups about the container. It returns a Pod, which is plain
// data. Kubelet starts a container before network-status is written, so use Wait: it
// returns once everything is there, or at once if waiting cannot help. Watch yields every
// change.
//
// The package configures nothing, starts no DPDK and does not talk to Kubernetes' API.
//
// # Evidence
//
// A device is put on a network for the first of these reasons that holds: the
// metadata of its resource claim names the interface; device-info names the
// device; its netdev has the network's interface name or MAC address; the
// variables of its claim name the network; the networks annotation asks for it;
// the caller's hint (Options.Hints) leaves one device for the network; or nothing
// else is possible, because one device is left, and one network without a device whose
// interface the kernel does not show as something else. Any other device is in
// Pod.Unassigned, with the interfaces that could have it and the reason why it is on
// none. podnet draws no conclusion from the order of a list: the plugins do not keep one.
//
// Each field says which facts it rests on (Evidence), and Explain writes that
// out for people. Where two places disagree, the one that is trusted more counts
// and a Warning names both.
//
// # Names
//
// Lookup finds what users name: an interface, a network, a PCI address, a resource
// or "none". An interface that no source names gets a name of its own, such as if1
// (Interface.Unnamed), and a device that is on no network is named by its address.
// Ports carry these names.
//
// # Driving what the pod has
//
// EALConfig selects interfaces and devices by these names, and gives the EAL
// configuration and the ports of a DPDK process. Package eal renders it for a DPDK
// release, package render adds the arguments of applications, and package check
// compares all that with the machine before DPDK starts.
//
// # Errors and warnings
//
// A missing or malformed part is a Warning with its place, and the rest is used.
// Discover itself fails only if there is nothing to read at all, or with Options.Strict.
//
// Warnings, problems and errors share one list of codes. A Code is an error:
// errors.Is(err, podnet.ErrNoPorts). errors.As finds an *InterfaceError or an
// *Error with the place, the cause, the remedy and whether waiting can help.
//
// # Testing
//
// Package podnettest makes a pod out of a text file. Options.Root and
// Options.Environ take any other copy of a pod's files.
package podnet
