/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The kinds of trouble that podnet tells of. docs/reference/codes.md says more of each.
 * Numbers are added, and never change.
 */
#ifndef PODNET_CODES_H
#define PODNET_CODES_H

enum podnet_code {
	PODNET_CODE_OTHER = 0, /* one that this version of the library does not know: see its name */
	PODNET_CODE_MALFORMED = 1, /* not of the form that it should have */
	PODNET_CODE_UNREADABLE = 2, /* there, and cannot be read */
	PODNET_CODE_CONFLICT = 3, /* two places say different things */
	PODNET_CODE_RELATIVE_PATH = 4, /* a socket whose directory is not known */
	PODNET_CODE_STALE = 5, /* overtaken by a later entry */
	PODNET_CODE_MISSPELLED = 6, /* read by a name that is not the right one */
	PODNET_CODE_NO_ANNOTATIONS = 7, /* there is no annotations file */
	PODNET_CODE_NO_STATUS = 8, /* the annotations have no network-status, or not yet */
	PODNET_CODE_NO_NETWORKS = 9, /* the network-status lists no network */
	PODNET_CODE_UNKNOWN_VARIABLE = 10, /* a variable that names devices, by whom podnet does not know */
	PODNET_CODE_PENDING = 11, /* a network that was asked for has no status yet */
	PODNET_CODE_AMBIGUOUS = 12, /* several networks, or several devices, are possible */
	PODNET_CODE_UNCLAIMED = 13, /* no network claims the device */
	PODNET_CODE_ACCELERATOR = 14, /* not a network function */
	PODNET_CODE_NOT_PRESENT = 15, /* this machine does not have the device */
	PODNET_CODE_KERNEL_NETDEV = 16, /* an ordinary network device of the kernel */
	PODNET_CODE_DEFAULT_NETWORK = 17, /* the pod's default network, which DPDK gets by name only */
	PODNET_CODE_VIRTIO_VDPA = 18, /* a vDPA device that is a network device of the kernel */
	PODNET_CODE_UNKNOWN_DEVICE = 19, /* nothing tells which device carries the interface */
	PODNET_CODE_INFINIBAND = 20, /* a port that is not in Ethernet mode */
	PODNET_CODE_BAD_ROLE = 21, /* a socket that says neither client nor server */
	PODNET_CODE_MEMIF_MODE = 22, /* a memif that carries no Ethernet frames */
	PODNET_CODE_INEXPRESSIBLE = 23, /* a value that EAL's arguments cannot carry */
	PODNET_CODE_VF_TOKEN = 24, /* EAL takes one VF token, and interfaces need several */
	PODNET_CODE_DPDK_VERSION = 25, /* the DPDK release cannot drive such a device */
	PODNET_CODE_WRONG_DRIVER = 26, /* bound to a kernel driver beside which DPDK cannot work, or to none */
	PODNET_CODE_NO_UVERBS = 27, /* an RDMA device whose uverbs node the container lacks */
	PODNET_CODE_NO_IOMMU = 28, /* no IOMMU is in front of the device */
	PODNET_CODE_NOIOMMU_PRIVILEGE = 29, /* vfio without an IOMMU needs capabilities that the process lacks */
	PODNET_CODE_READ_ONLY_SYS = 30, /* a uio driver needs to write to /sys */
	PODNET_CODE_DEVICE_NODE_MISSING = 31, /* a device node is not in the container */
	PODNET_CODE_DEVICE_NODE_CLOSED = 32, /* this process may not open a device node */
	PODNET_CODE_BUSY_GROUP = 33, /* another process holds the device or its IOMMU group */
	PODNET_CODE_NO_MEMORY_LOCK = 34, /* the process may not lock the memory that the IOMMU maps */
	PODNET_CODE_SOCKET_MISSING = 35, /* the peer has not made its socket */
	PODNET_CODE_BOND_MEMBER = 36, /* the device carries a bond's packets */
	PODNET_CODE_NEEDS_MAC = 37, /* the driver needs the MAC address to tell its ports apart */
	PODNET_CODE_MTU = 38, /* the port's MTU does not fit the network's */
	PODNET_CODE_SHARED_CPUS = 39, /* other containers run on these CPUs, too */
	PODNET_CODE_CPUS_UNKNOWN = 40, /* neither a CPU set nor a list of allowed CPUs could be read */
	PODNET_CODE_NO_HUGEPAGES = 41, /* hugepages were asked for, and there are none, or too few are free */
	PODNET_CODE_NO_HUGETLBFS = 42, /* what is mounted for hugepages is another file system */
	PODNET_CODE_NO_SUCH_INTERFACE = 43, /* no interface, network, device or resource has this name */
	PODNET_CODE_MISSING = 44, /* a value that a configuration needs, and the pod does not tell */
	PODNET_CODE_NO_PORTS = 45, /* nothing is left for DPDK to drive */
	PODNET_CODE_BAD_OPTION = 46, /* an option of the caller's that cannot be had */
	PODNET_CODE_HUGEPAGE_LIMIT = 47, /* the container's limit is below what DPDK takes */
	PODNET_CODE_HUGEPAGE_SIZE = 48, /* the machine has no pages of the size that the limit is for */
	PODNET_CODE_NO_MEMFD = 49, /* the kernel gives no file of hugepages in memory */
	PODNET_CODE_THROTTLED = 50, /* the CFS quota has held the container back */
	PODNET_CODE_SPLIT_CORES = 51, /* others have the second hardware thread of a core */
	PODNET_CODE_NOT_ISOLATED = 52, /* the machine isolates CPUs, and these are not among them */
	PODNET_CODE_CPU_NOT_ALLOWED = 53, /* the process may not run on a CPU */
	PODNET_CODE_TOO_FEW_LCORES = 54, /* lcores have to share a CPU */
	PODNET_CODE_NUMA_REMOTE = 55, /* the device, the CPUs and the memory are not on one NUMA node */
	PODNET_CODE_GROUP_NOT_VIABLE = 56, /* the IOMMU group has a device on another driver */
	PODNET_CODE_SOCKET_IN_USE = 57, /* another process listens on a socket that is to be made */
	PODNET_CODE_SOCKET_STALE = 58, /* nobody listens on the socket any more */
	PODNET_CODE_SOCKET_CLOSED = 59, /* this process may not connect to the socket */
	PODNET_CODE_SOCKET_DIRECTORY = 60, /* the socket cannot be made in its directory */
	PODNET_CODE_NO_CAPABILITY = 61, /* a capability that the driver needs is not held */
	PODNET_CODE_SECCOMP = 62, /* a system call filter forbids what EAL needs */
	PODNET_CODE_NO_RUNTIME_DIR = 63, /* EAL cannot make its runtime directory */
	PODNET_CODE_PREFIX_IN_USE = 64, /* another DPDK process has the file prefix */
	PODNET_CODE_NO_PROGRAM = 65, /* the program is not in the container */
	PODNET_CODE_NO_DPDK = 66, /* the program was built without DPDK */
	PODNET_CODE_NO_PMD = 67, /* DPDK lacks the driver of the device */
	PODNET_CODE_PLUGIN_DIRECTORY = 68, /* everybody may write to the directory of DPDK's drivers */
	PODNET_CODE_CLOCK = 69, /* the time stamp counter does not run evenly */
	PODNET_CODE_EAL_MEMORY = 70, /* EAL could not take its memory */
	PODNET_CODE_TOO_MANY_LCORES = 71, /* CPU numbers are above what DPDK was built for */
	PODNET_CODE_NO_PHYSICAL = 72, /* physical addresses are asked for, and hidden */
	PODNET_CODE_PF_NOT_READY = 73, /* the PF's driver does not answer the VF */
	PODNET_CODE_VF_NOT_TRUSTED = 74, /* the PF lets the VF have no other address */
	PODNET_CODE_TOO_MANY_REGIONS = 75, /* memory is in more pieces than vhost-user takes */
	PODNET_CODE_NO_LIBRARY = 76, /* a library that the driver needs is not in the image */
	PODNET_CODE_DEVICE_FAILED = 77, /* the driver could not start the device */
	PODNET_CODE_ENDED_BY_DPDK = 78, /* DPDK ended the process, for a reason that no line tells */
	PODNET_CODE_OTHER_CONTAINER = 79 /* the device belongs to another container of the pod */
};

#endif /* PODNET_CODES_H */
