package podnet

// Code names one kind of trouble: why something that was read cannot be used, why
// a device is on no network, why DPDK cannot drive an interface, or what the
// container lacks. Warnings, problems, errors and checks share this list.
//
// A Code is an error, so that errors.Is tells the kind of any error of this
// package: errors.Is(err, podnet.CodeWrongDriver). Codes are added, never
// renamed.
type Code string

var _ error = Code("")

// Codes of the texts that podnet reads.
const (
	CodeMalformed     Code = "malformed"        // not of the form that it should have
	CodeUnreadable    Code = "unreadable"       // there, and cannot be read
	CodeConflict      Code = "conflict"         // two places say different things
	CodeRelativePath  Code = "relative-path"    // a socket whose directory is not known
	CodeStale         Code = "stale"            // overtaken by a later entry
	CodeMisspelled    Code = "misspelled"       // read under a wrong name
	CodeNoAnnotations Code = "no-annotations"   // there is no annotations file
	CodeNoStatus      Code = "no-status"        // the annotations have no network-status, or not yet
	CodeNoNetworks    Code = "no-networks"      // the network-status lists no network
	CodeUnknownVar    Code = "unknown-variable" // a variable that names devices, from an unknown source
	CodePending       Code = "pending"          // a network that was asked for has no status yet
)

// Codes of devices and the networks that they could be of.
const (
	CodeAmbiguous   Code = "ambiguous"   // several networks, or several devices, are possible
	CodeUnclaimed   Code = "unclaimed"   // no network claims the device
	CodeAccelerator Code = "accelerator" // not a network function
	CodeNotPresent  Code = "not-present" // this machine does not have the device
)

// Codes of interfaces that cannot be DPDK's ports, whatever is done to the machine.
const (
	CodeKernelNetdev   Code = "kernel-netdev"   // an ordinary network device of the kernel
	CodeDefaultNetwork Code = "default-network" // the pod's default network, which DPDK gets by name only
	CodeVirtioVDPA     Code = "virtio-vdpa"     // a vDPA device that is a network device of the kernel
	CodeUnknownDevice  Code = "unknown-device"  // nothing tells which device carries the interface
	CodeInfiniBand     Code = "infiniband"      // a port that is not in Ethernet mode
	CodeBadRole        Code = "bad-role"        // a socket that says neither client nor server
	CodeMemifMode      Code = "memif-mode"      // a memif that carries no Ethernet frames
	CodeInexpressible  Code = "inexpressible"   // a value that EAL's arguments cannot carry
	CodeVFToken        Code = "vf-token"        // EAL takes one VF token, and interfaces need several
	CodeDPDKVersion    Code = "dpdk-version"    // the DPDK release cannot drive such a device
)

// Codes of ports that EAL would not bring up, or not well, as things stand.
const (
	CodeWrongDriver       Code = "wrong-driver"        // bound to a kernel driver beside which DPDK cannot work, or to none
	CodeNoUverbs          Code = "no-uverbs"           // an RDMA device whose uverbs node the container lacks
	CodeNoIOMMU           Code = "no-iommu"            // no IOMMU is in front of the device
	CodeNoIOMMUPrivilege  Code = "noiommu-privilege"   // vfio without an IOMMU needs capabilities that the process lacks
	CodeReadOnlySys       Code = "read-only-sys"       // a uio driver needs to write to /sys
	CodeDeviceNodeMissing Code = "device-node-missing" // a device node is not in the container
	CodeOtherContainer    Code = "other-container"     // the device belongs to another container of the pod
	CodeDeviceNodeClosed  Code = "device-node-closed"  // this process may not open a device node
	CodeBusyGroup         Code = "busy-group"          // another process holds the device or its IOMMU group
	CodeNoMemoryLock      Code = "no-memory-lock"      // the process may not lock the memory that the IOMMU maps
	CodeSocketMissing     Code = "socket-missing"      // the peer has not made its socket
	CodeBondMember        Code = "bond-member"         // the device carries a bond's packets
	CodeNeedsMAC          Code = "needs-mac"           // the driver needs the MAC address to find the right port
	CodeMTU               Code = "mtu"                 // the port's MTU does not fit the network's
)

// Codes of the container, and of a caller's options.
const (
	CodeSharedCPUs      Code = "shared-cpus"       // other containers run on these CPUs, too
	CodeCPUsUnknown     Code = "cpus-unknown"      // neither a CPU set nor a list of allowed CPUs could be read
	CodeNoHugepages     Code = "no-hugepages"      // hugepages were asked for, and there are none, or too few are free
	CodeNoHugetlbfs     Code = "no-hugetlbfs"      // another file system than hugetlbfs is mounted for hugepages
	CodeNoSuchInterface Code = "no-such-interface" // no interface, network, device or resource has this name
	CodeMissing         Code = "missing"           // a value that a configuration needs and the pod does not have
	CodeNoPorts         Code = "no-ports"          // nothing is left for DPDK to drive
	CodeBadOption       Code = "bad-option"        // an option of the caller's that is not valid
)

// Codes of the checks' findings in the container and its machine.
const (
	CodeHugepageLimit   Code = "hugepage-limit"   // the container's limit is below what DPDK takes
	CodeHugepageSize    Code = "hugepage-size"    // the machine has no pages of the size that the limit is for
	CodeNoMemfd         Code = "no-memfd"         // the kernel gives no file of hugepages in memory
	CodeThrottled       Code = "throttled"        // the CFS quota has held the container back
	CodeSplitCores      Code = "split-cores"      // others have the second hardware thread of a core
	CodeNotIsolated     Code = "not-isolated"     // the machine isolates CPUs, and these are not among them
	CodeCPUNotAllowed   Code = "cpu-not-allowed"  // the process may not run on a CPU
	CodeTooFewLcores    Code = "too-few-lcores"   // lcores have to share a CPU
	CodeNUMARemote      Code = "numa-remote"      // the device, the CPUs and the memory are not on one NUMA node
	CodeGroupNotViable  Code = "group-not-viable" // the IOMMU group has a device on another driver
	CodeSocketInUse     Code = "socket-in-use"    // another process listens on a socket that is to be made
	CodeSocketStale     Code = "socket-stale"     // nobody listens on the socket any more
	CodeSocketClosed    Code = "socket-closed"    // this process may not connect to the socket
	CodeSocketDirectory Code = "socket-directory" // the socket cannot be made in its directory
	CodeNoCapability    Code = "no-capability"    // a capability that the driver needs is not held
	CodeSeccomp         Code = "seccomp"          // a system call filter forbids what EAL needs
	CodeNoRuntimeDir    Code = "no-runtime-dir"   // EAL cannot make its runtime directory
	CodePrefixInUse     Code = "prefix-in-use"    // another DPDK process has the file prefix
	CodeNoProgram       Code = "no-program"       // the program is not in the container
	CodeNoDPDK          Code = "no-dpdk"          // the program was built without DPDK
	CodeNoPMD           Code = "no-pmd"           // DPDK lacks the driver of the device
	CodePluginDirectory Code = "plugin-directory" // everybody may write to the directory of DPDK's drivers
	CodeClock           Code = "clock"            // the time stamp counter does not run evenly
	CodeEALMemory       Code = "eal-memory"       // EAL could not take its memory
	CodeTooManyLcores   Code = "too-many-lcores"  // CPU numbers are above what DPDK was built for
	CodeNoPhysical      Code = "no-physical"      // physical addresses are asked for, and hidden
	CodePFNotReady      Code = "pf-not-ready"     // the PF's driver does not answer the VF
	CodeVFNotTrusted    Code = "vf-not-trusted"   // the PF lets the VF have no other address
	CodeTooManyRegions  Code = "too-many-regions" // memory is in more pieces than vhost-user takes
	CodeNoLibrary       Code = "no-library"       // a library that the driver needs is not in the image
	CodeDeviceFailed    Code = "device-failed"    // the driver could not start the device
	CodeEndedByDPDK     Code = "ended-by-dpdk"    // DPDK ended the process, for a reason that no line tells
)

// The kinds that callers ask for most often, by the names that errors have in Go.
const (
	// ErrNoAnnotations means that there is no annotations file: the pod has no
	// Downward API volume, or has it at another place.
	ErrNoAnnotations = CodeNoAnnotations
	// ErrNoStatus means that the annotations do not have network-status.
	// Usually they do not have it yet, and a retry helps.
	ErrNoStatus = CodeNoStatus
	// ErrNoNetworks means that there is a network-status, and that it lists no
	// network.
	ErrNoNetworks = CodeNoNetworks
	// ErrPending means that a network that was asked for has no status yet.
	ErrPending = CodePending
	// ErrAmbiguous means that a name, or a device's place, has several meanings.
	ErrAmbiguous = CodeAmbiguous
	// ErrNotPresent means that this machine does not have the device.
	ErrNotPresent = CodeNotPresent
	// ErrWrongDriver means that DPDK cannot drive the device beside the kernel
	// driver that it is bound to.
	ErrWrongDriver = CodeWrongDriver
	// ErrSocketMissing means that the peer has not made its socket (yet).
	ErrSocketMissing = CodeSocketMissing
	// ErrCPUsUnknown means that the container's CPUs could not be read.
	ErrCPUsUnknown = CodeCPUsUnknown
	// ErrNoHugepages means that the container has no hugepages, or too few.
	ErrNoHugepages = CodeNoHugepages
	// ErrNoSuchInterface means that the pod has nothing of the name.
	ErrNoSuchInterface = CodeNoSuchInterface
	// ErrNoPorts means that nothing is left for DPDK to drive.
	ErrNoPorts = CodeNoPorts
)

// Error gives the code itself.
func (c Code) Error() string { return string(c) }

// Transient reports whether trouble of this kind usually ends by itself: the
// pod's status is written, or a peer makes its socket or lets go of a device.
// Problem.Transient has the last word, since it knows the case.
func (c Code) Transient() bool {
	switch c {
	case CodeNoAnnotations, CodeNoStatus, CodePending, CodeSocketMissing, CodeBusyGroup:
		return true
	}
	return false
}
