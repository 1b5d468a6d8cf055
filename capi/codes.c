/* SPDX-License-Identifier: Apache-2.0 */

/* The names and numbers of problem codes. Pure functions, on any thread. */

#include <string.h>

#include "internal.h"

/* The names of the codes, by number. */
static const char *const names[] = {
	[PODNET_CODE_MALFORMED] = "malformed",
	[PODNET_CODE_UNREADABLE] = "unreadable",
	[PODNET_CODE_CONFLICT] = "conflict",
	[PODNET_CODE_RELATIVE_PATH] = "relative-path",
	[PODNET_CODE_STALE] = "stale",
	[PODNET_CODE_MISSPELLED] = "misspelled",
	[PODNET_CODE_NO_ANNOTATIONS] = "no-annotations",
	[PODNET_CODE_NO_STATUS] = "no-status",
	[PODNET_CODE_NO_NETWORKS] = "no-networks",
	[PODNET_CODE_UNKNOWN_VARIABLE] = "unknown-variable",
	[PODNET_CODE_PENDING] = "pending",
	[PODNET_CODE_AMBIGUOUS] = "ambiguous",
	[PODNET_CODE_UNCLAIMED] = "unclaimed",
	[PODNET_CODE_ACCELERATOR] = "accelerator",
	[PODNET_CODE_NOT_PRESENT] = "not-present",
	[PODNET_CODE_KERNEL_NETDEV] = "kernel-netdev",
	[PODNET_CODE_DEFAULT_NETWORK] = "default-network",
	[PODNET_CODE_VIRTIO_VDPA] = "virtio-vdpa",
	[PODNET_CODE_UNKNOWN_DEVICE] = "unknown-device",
	[PODNET_CODE_INFINIBAND] = "infiniband",
	[PODNET_CODE_BAD_ROLE] = "bad-role",
	[PODNET_CODE_MEMIF_MODE] = "memif-mode",
	[PODNET_CODE_INEXPRESSIBLE] = "inexpressible",
	[PODNET_CODE_VF_TOKEN] = "vf-token",
	[PODNET_CODE_DPDK_VERSION] = "dpdk-version",
	[PODNET_CODE_WRONG_DRIVER] = "wrong-driver",
	[PODNET_CODE_NO_UVERBS] = "no-uverbs",
	[PODNET_CODE_NO_IOMMU] = "no-iommu",
	[PODNET_CODE_NOIOMMU_PRIVILEGE] = "noiommu-privilege",
	[PODNET_CODE_READ_ONLY_SYS] = "read-only-sys",
	[PODNET_CODE_DEVICE_NODE_MISSING] = "device-node-missing",
	[PODNET_CODE_DEVICE_NODE_CLOSED] = "device-node-closed",
	[PODNET_CODE_BUSY_GROUP] = "busy-group",
	[PODNET_CODE_NO_MEMORY_LOCK] = "no-memory-lock",
	[PODNET_CODE_SOCKET_MISSING] = "socket-missing",
	[PODNET_CODE_BOND_MEMBER] = "bond-member",
	[PODNET_CODE_NEEDS_MAC] = "needs-mac",
	[PODNET_CODE_MTU] = "mtu",
	[PODNET_CODE_SHARED_CPUS] = "shared-cpus",
	[PODNET_CODE_CPUS_UNKNOWN] = "cpus-unknown",
	[PODNET_CODE_NO_HUGEPAGES] = "no-hugepages",
	[PODNET_CODE_NO_HUGETLBFS] = "no-hugetlbfs",
	[PODNET_CODE_NO_SUCH_INTERFACE] = "no-such-interface",
	[PODNET_CODE_MISSING] = "missing",
	[PODNET_CODE_NO_PORTS] = "no-ports",
	[PODNET_CODE_BAD_OPTION] = "bad-option",
	[PODNET_CODE_HUGEPAGE_LIMIT] = "hugepage-limit",
	[PODNET_CODE_HUGEPAGE_SIZE] = "hugepage-size",
	[PODNET_CODE_NO_MEMFD] = "no-memfd",
	[PODNET_CODE_THROTTLED] = "throttled",
	[PODNET_CODE_SPLIT_CORES] = "split-cores",
	[PODNET_CODE_NOT_ISOLATED] = "not-isolated",
	[PODNET_CODE_CPU_NOT_ALLOWED] = "cpu-not-allowed",
	[PODNET_CODE_TOO_FEW_LCORES] = "too-few-lcores",
	[PODNET_CODE_NUMA_REMOTE] = "numa-remote",
	[PODNET_CODE_GROUP_NOT_VIABLE] = "group-not-viable",
	[PODNET_CODE_SOCKET_IN_USE] = "socket-in-use",
	[PODNET_CODE_SOCKET_STALE] = "socket-stale",
	[PODNET_CODE_SOCKET_CLOSED] = "socket-closed",
	[PODNET_CODE_SOCKET_DIRECTORY] = "socket-directory",
	[PODNET_CODE_NO_CAPABILITY] = "no-capability",
	[PODNET_CODE_SECCOMP] = "seccomp",
	[PODNET_CODE_NO_RUNTIME_DIR] = "no-runtime-dir",
	[PODNET_CODE_PREFIX_IN_USE] = "prefix-in-use",
	[PODNET_CODE_NO_PROGRAM] = "no-program",
	[PODNET_CODE_NO_DPDK] = "no-dpdk",
	[PODNET_CODE_NO_PMD] = "no-pmd",
	[PODNET_CODE_PLUGIN_DIRECTORY] = "plugin-directory",
	[PODNET_CODE_CLOCK] = "clock",
	[PODNET_CODE_EAL_MEMORY] = "eal-memory",
	[PODNET_CODE_TOO_MANY_LCORES] = "too-many-lcores",
	[PODNET_CODE_NO_PHYSICAL] = "no-physical",
	[PODNET_CODE_PF_NOT_READY] = "pf-not-ready",
	[PODNET_CODE_VF_NOT_TRUSTED] = "vf-not-trusted",
	[PODNET_CODE_TOO_MANY_REGIONS] = "too-many-regions",
	[PODNET_CODE_NO_LIBRARY] = "no-library",
	[PODNET_CODE_DEVICE_FAILED] = "device-failed",
	[PODNET_CODE_ENDED_BY_DPDK] = "ended-by-dpdk",
	[PODNET_CODE_OTHER_CONTAINER] = "other-container",
};

enum podnet_code pn_code(const char *name)
{
	for (size_t n = 1; name && n < sizeof(names) / sizeof(names[0]); n++)
		if (strcmp(name, names[n]) == 0)
			return (enum podnet_code)n;
	return PODNET_CODE_OTHER;
}
