/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * libpodnet tells a program which network devices its pod was given, and gives the
 * arguments with which DPDK drives them.
 *
 * The library starts the program podnet and reads its answer. Afterwards no thread and
 * no child is left, and no descriptor except the handle's. It writes nothing, installs
 * no signal handler and has no global variables.
 *
 *   struct podnet *ctx;
 *   struct podnet_pod *pod;
 *   struct podnet_eal *eal;
 *
 *   if (podnet_new(&ctx, NULL) < 0 ||
 *       podnet_wait(ctx, 60000, NULL, &pod) < 0 ||
 *       podnet_eal_args(ctx, pod, NULL, &eal) < 0) ... podnet_error(ctx) ...
 *   rte_eal_init(podnet_eal_argc(eal), podnet_eal_argv(eal));
 *   rte_eth_dev_get_port_by_name(podnet_eal_port_name(eal, "net1"), &port);
 *
 * Use a handle (struct podnet) in one thread at a time; several threads take one each.
 * Only podnet_cancel() may be called from anywhere. After fork() the child makes its own
 * handle: if it cancels its parent's, it cancels the parent's call. The answers (struct
 * podnet_pod, struct podnet_eal) do not change, and any number of threads may read them.
 * A pointer from an accessor is valid as long as the object that was passed to it. An
 * accessor that gets NULL, or an index out of range, returns NULL, 0, or its value for
 * "not known".
 */
#ifndef PODNET_H
#define PODNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "podnet_codes.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PODNET_API __attribute__((visibility("default")))
#else
#define PODNET_API
#endif

/* Results: zero, or one of these. Values are never reused. After an error, the pointer
 * that the call was to set is NULL. */
enum podnet_result {
	PODNET_OK = 0,
	PODNET_ERR_INVALID = -1,        /* a bad argument or option */
	PODNET_ERR_NO_MEMORY = -2,      /* memory is short */
	PODNET_ERR_SYSTEM = -3,         /* the kernel refused a pipe, a process or the like */
	PODNET_ERR_NO_HELPER = -4,      /* the program podnet was not found */
	PODNET_ERR_HELPER_EXEC = -5,    /* it was found, but cannot be run */
	PODNET_ERR_HELPER_VERSION = -6, /* it has another version than the library */
	PODNET_ERR_HELPER_FAILED = -7,  /* it died, or its answer cannot be read */
	PODNET_ERR_TIMEOUT = -8,        /* the time is over */
	PODNET_ERR_CANCELED = -9,       /* podnet_cancel() was called */
	PODNET_ERR_NOT_READY = -10      /* the pod or its node lacks something: podnet_error_problem() */
};

/* The kind of device that carries an interface's traffic. */
enum podnet_kind {
	PODNET_KIND_OTHER = 0,      /* one that this version of the library does not know */
	PODNET_KIND_KERNEL = 1,     /* an ordinary netdev of the kernel */
	PODNET_KIND_PCI = 2,        /* a PCI function, or an auxiliary device of one */
	PODNET_KIND_VHOST_USER = 3, /* a vhost-user socket */
	PODNET_KIND_MEMIF = 4,      /* a memif socket */
	PODNET_KIND_VDPA = 5,       /* a vDPA device */
	PODNET_KIND_AF_XDP = 6,     /* a netdev that DPDK drives by AF_XDP sockets */
	PODNET_KIND_AF_PACKET = 7,  /* a netdev that DPDK drives by packet sockets */
	PODNET_KIND_UNKNOWN = 8     /* there is a device, but not enough evidence for one */
};

/* Which side of a socket the container is. */
enum podnet_role {
	PODNET_ROLE_UNKNOWN = 0,
	PODNET_ROLE_CLIENT = 1, /* connects to a socket that the other side makes */
	PODNET_ROLE_SERVER = 2  /* makes the socket */
};

/* Where DPDK's memory lives. */
enum podnet_memory {
	PODNET_MEMORY_AUTO = 0,      /* hugepages if the pod has some */
	PODNET_MEMORY_HUGEPAGES = 1, /* hugepages, or an error */
	PODNET_MEMORY_NONE = 2       /* ordinary pages */
};

struct podnet;           /* a handle: options, and the last error */
struct podnet_pod;       /* the pod's interfaces and devices at one moment */
struct podnet_eal;       /* arguments for rte_eal_init, and the ports that they make */
struct podnet_strings;   /* a list of strings */
struct podnet_interface; /* one of the pod's interfaces */
struct podnet_pci;
struct podnet_socket;
struct podnet_vdpa;
struct podnet_netdev;
struct podnet_device; /* a device that is on no interface */
struct podnet_rdma;   /* an RDMA device */
struct podnet_cpus;
struct podnet_hugepages;
struct podnet_problem;  /* a warning, or why something cannot be used */
struct podnet_evidence; /* what a field rests on */
struct podnet_port;     /* a port of DPDK's */

/* Where and how the library looks. Zero is the default of every member. The strings are
 * copied. */
struct podnet_options {
	size_t sz;                /* sizeof(struct podnet_options) */
	const char *helper;       /* absolute path of the program podnet */
	const char *root;         /* directory that stands for "/", such as a copy of another pod's files */
	const char *podinfo;      /* directory of the Downward API volume, inside the root */
	char *const *env;         /* the pod's environment, up to NULL (default: this process's) */
	const char *const *hints; /* facts that the pod lacks, such as "ns/net=openshift.io/sriov_a", up to NULL */
	int timeout_ms;           /* how long the helper may take, apart from waiting (default: 10000) */
};
#define PODNET_OPTIONS_INIT { sizeof(struct podnet_options), NULL, NULL, NULL, NULL, NULL, 0 }

/* Which arguments EAL gets. Zero is the default of every member. */
struct podnet_eal_options {
	size_t sz;                     /* sizeof(struct podnet_eal_options) */
	const char *program;           /* argv[0] (default: "podnet") */
	const char *dpdk_version;      /* release that reads the arguments: rte_version(), or "24.11" (default: any from 22.11) */
	const char *const *interfaces; /* what to drive, by names of interfaces, networks, addresses or resources, or "none" (default: all) */
	const char *const *devargs;    /* options of one interface's device, such as "net1=queue_size=512" */
	const char *const *vdevs;      /* further virtual devices, such as "net_null0" */
	const char *const *extra;      /* further arguments of EAL's */
	int queues;                    /* queue pairs of each port (default: 1) */
	int mtu;                       /* largest L3 packet in bytes that every port has to carry (default: the interfaces' own) */
	enum podnet_memory memory;     /* hugepages or ordinary pages */
	const char *file_prefix;       /* name of DPDK's runtime directory (default: "podnet") */
	int multi_process;             /* not 0: secondary processes may attach by file_prefix */
};
#define PODNET_EAL_OPTIONS_INIT { sizeof(struct podnet_eal_options), NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, PODNET_MEMORY_AUTO, NULL, 0 }

/* == Handles and errors == */

/* Makes a handle. Options may be NULL. On an error there is none, and *ctx is NULL. */
PODNET_API int podnet_new(struct podnet **ctx, const struct podnet_options *options);

/* Frees a handle; NULL is allowed. Its answers stay valid. */
PODNET_API void podnet_free(struct podnet *ctx);

/* Ends the handle's running call and every later one with PODNET_ERR_CANCELED. It may be
 * called from any thread, and from a signal handler, until the handle is freed. */
PODNET_API void podnet_cancel(struct podnet *ctx);

/* Tells in one line why the handle's last call failed, with the place and the remedy;
 * "" after one that succeeded. If podnet_new() made no handle, use podnet_strerror(). */
PODNET_API const char *podnet_error(const struct podnet *ctx);

/* Gives the pod's problems that caused the last error. */
PODNET_API size_t podnet_error_problem_count(const struct podnet *ctx);
PODNET_API const struct podnet_problem *podnet_error_problem(const struct podnet *ctx, size_t n);

/* Tells what a result means. */
PODNET_API const char *podnet_strerror(int result);

/* Gives the version of the library. */
PODNET_API const char *podnet_version(void);

/* == The pod == */

/* Finds the pod's interfaces and devices, and does not wait for missing ones. */
PODNET_API int podnet_discover(struct podnet *ctx, struct podnet_pod **pod);

/* Waits until the pod's networks have their status and the sockets that peers make are
 * there: for all, or for the interfaces of these names, up to NULL. It ends with
 * PODNET_ERR_TIMEOUT after timeout_ms, and with PODNET_ERR_NOT_READY as soon as waiting
 * cannot help. */
PODNET_API int podnet_wait(struct podnet *ctx, int timeout_ms, const char *const *interfaces, struct podnet_pod **pod);

/* Frees a pod; NULL is allowed. */
PODNET_API void podnet_pod_free(struct podnet_pod *pod);

/* Gives the pod as JSON, of the form podnet.pod/v1 (docs/reference/pod.md). */
PODNET_API const char *podnet_pod_json(const struct podnet_pod *pod);

/* Gives the value of one of the pod's labels; NULL: there is no such label, or the
 * Downward API volume has no labels. */
PODNET_API const char *podnet_pod_label(const struct podnet_pod *pod, const char *name);

/* The pod's interfaces: the default network first, then in the order of network-status. */
PODNET_API size_t podnet_pod_interface_count(const struct podnet_pod *pod);
PODNET_API const struct podnet_interface *podnet_pod_interface(const struct podnet_pod *pod, size_t n);

/* Finds an interface by its name, by its network's with the namespace or without, or by
 * its PCI address; NULL: there is none, or several are on the network. */
PODNET_API const struct podnet_interface *podnet_pod_find(const struct podnet_pod *pod, const char *name);

/* Devices that no evidence gives to one interface. */
PODNET_API size_t podnet_pod_device_count(const struct podnet_pod *pod);
PODNET_API const struct podnet_device *podnet_pod_device(const struct podnet_pod *pod, size_t n);

/* RDMA devices, by name. */
PODNET_API size_t podnet_pod_rdma_count(const struct podnet_pod *pod);
PODNET_API const struct podnet_rdma *podnet_pod_rdma(const struct podnet_pod *pod, size_t n);

/* The container's CPUs; NULL: they could not be read. */
PODNET_API const struct podnet_cpus *podnet_pod_cpus(const struct podnet_pod *pod);

/* The container's hugepages, by page size. */
PODNET_API size_t podnet_pod_hugepages_count(const struct podnet_pod *pod);
PODNET_API const struct podnet_hugepages *podnet_pod_hugepages(const struct podnet_pod *pod, size_t n);

/* Parts of the sources that cannot be used as they are. */
PODNET_API size_t podnet_pod_warning_count(const struct podnet_pod *pod);
PODNET_API const struct podnet_problem *podnet_pod_warning(const struct podnet_pod *pod, size_t n);

/* == Lists of strings == */

PODNET_API size_t podnet_strings_count(const struct podnet_strings *list); /* the number of strings */
PODNET_API const char *podnet_strings_get(const struct podnet_strings *list, size_t n); /* NULL: the list is shorter */

/* == Interfaces == */

/* Strings are NULL, and numbers -1, where nothing tells them. */
PODNET_API const char *podnet_interface_name(const struct podnet_interface *i);          /* in the pod, such as net1 */
PODNET_API bool podnet_interface_is_named(const struct podnet_interface *i);             /* false: no source names it, and the name is podnet's */
PODNET_API const char *podnet_interface_network(const struct podnet_interface *i);       /* namespace/name of the network, or the CNI configuration's name */
PODNET_API bool podnet_interface_is_default(const struct podnet_interface *i);           /* the pod's default network */
PODNET_API enum podnet_kind podnet_interface_kind(const struct podnet_interface *i);     /* tells which of the details below there are */
PODNET_API const char *podnet_interface_kind_name(const struct podnet_interface *i);     /* as in the document, such as vhost-user */
PODNET_API const char *podnet_interface_mac(const struct podnet_interface *i);           /* in the pod */
PODNET_API int podnet_interface_mtu(const struct podnet_interface *i);                   /* bytes of the L3 packet; 0: not known */
PODNET_API const struct podnet_strings *podnet_interface_ips(const struct podnet_interface *i);      /* addresses without the prefix's length */
PODNET_API const struct podnet_strings *podnet_interface_gateways(const struct podnet_interface *i); /* next hops of the default routes */
PODNET_API size_t podnet_interface_route_count(const struct podnet_interface *i);                    /* beside those to the gateways */
PODNET_API const char *podnet_interface_route_destination(const struct podnet_interface *i, size_t n); /* a prefix, such as 10.0.0.0/8 */
PODNET_API const char *podnet_interface_route_gateway(const struct podnet_interface *i, size_t n);     /* NULL: on the link */
PODNET_API const struct podnet_strings *podnet_interface_dns_nameservers(const struct podnet_interface *i); /* addresses */
PODNET_API const char *podnet_interface_dns_domain(const struct podnet_interface *i); /* local domain */
PODNET_API const struct podnet_strings *podnet_interface_dns_search(const struct podnet_interface *i); /* domains */
PODNET_API const struct podnet_strings *podnet_interface_dns_options(const struct podnet_interface *i); /* of the resolver */
PODNET_API const char *podnet_interface_device_info_version(const struct podnet_interface *i); /* of the device-info in network-status */
PODNET_API const struct podnet_pci *podnet_interface_pci(const struct podnet_interface *i);       /* of kind pci; also where another kind is made of one */
PODNET_API const struct podnet_socket *podnet_interface_socket(const struct podnet_interface *i); /* of kinds vhost-user and memif */
PODNET_API const struct podnet_vdpa *podnet_interface_vdpa(const struct podnet_interface *i);     /* of kind vdpa */
PODNET_API const struct podnet_netdev *podnet_interface_netdev(const struct podnet_interface *i); /* of kinds af-xdp and af-packet */
PODNET_API size_t podnet_interface_problem_count(const struct podnet_interface *i);               /* why DPDK cannot drive it as things stand */
PODNET_API const struct podnet_problem *podnet_interface_problem(const struct podnet_interface *i, size_t n);
PODNET_API size_t podnet_interface_evidence_count(const struct podnet_interface *i); /* what its fields rest on */
PODNET_API const struct podnet_evidence *podnet_interface_evidence(const struct podnet_interface *i, size_t n);

/* A PCI function or, where podnet_pci_auxiliary() is not NULL, a function's auxiliary
 * device (a scalable function), which has no address of its own. */
PODNET_API const char *podnet_pci_address(const struct podnet_pci *p);     /* such as 0000:3b:02.6 */
PODNET_API const char *podnet_pci_auxiliary(const struct podnet_pci *p);   /* such as mlx5_core.sf.4 */
PODNET_API const char *podnet_pci_driver(const struct podnet_pci *p);      /* the kernel driver that it is bound to */
PODNET_API const char *podnet_pci_vendor(const struct podnet_pci *p);      /* four hexadecimal digits */
PODNET_API const char *podnet_pci_device(const struct podnet_pci *p);      /* four hexadecimal digits */
PODNET_API int podnet_pci_numa_node(const struct podnet_pci *p);           /* -1, DPDK's SOCKET_ID_ANY: not known */
PODNET_API const char *podnet_pci_pf(const struct podnet_pci *p);          /* address of a VF's PF */
PODNET_API int podnet_pci_vf_index(const struct podnet_pci *p);            /* of the PF's VFs; -1: not known */
PODNET_API int podnet_pci_iommu_group(const struct podnet_pci *p);         /* -1: none */
PODNET_API bool podnet_pci_is_noiommu(const struct podnet_pci *p);         /* the group is one of vfio's no-IOMMU mode */
PODNET_API const char *podnet_pci_netdev(const struct podnet_pci *p);      /* the function's netdev in this network namespace */
PODNET_API int podnet_pci_dev_port(const struct podnet_pci *p);            /* which of the function's ports it is; -1: it has one, or nothing tells */
PODNET_API const struct podnet_strings *podnet_pci_rdma(const struct podnet_pci *p);         /* RDMA devices, such as mlx5_4 */
PODNET_API const struct podnet_strings *podnet_pci_char_devices(const struct podnet_pci *p); /* nodes by which it is driven */
PODNET_API const char *podnet_pci_resource(const struct podnet_pci *p);    /* the part of PCIDEVICE_<resource> that named it */
PODNET_API const char *podnet_pci_claim(const struct podnet_pci *p);       /* resource claim and request */
PODNET_API const char *podnet_pci_vhost_net(const struct podnet_pci *p);   /* device node of vhost-net */
PODNET_API const char *podnet_pci_representor(const struct podnet_pci *p); /* the host's netdev that stands for it */
PODNET_API const char *podnet_pci_vfio_token(const struct podnet_pci *p);  /* VF token of the PF's driver */
PODNET_API bool podnet_pci_is_present(const struct podnet_pci *p);         /* false: named, and not among this machine's devices */

/* A vhost-user or memif socket. */
PODNET_API const char *podnet_socket_path(const struct podnet_socket *s); /* in the container; "@..." is an abstract one */
PODNET_API enum podnet_role podnet_socket_role(const struct podnet_socket *s); /* which side of it the container is */
PODNET_API const char *podnet_socket_mode(const struct podnet_socket *s); /* of memif: ethernet, ip or inject-punt */
PODNET_API int podnet_socket_exists(const struct podnet_socket *s);       /* of a client: 1, 0, or -1: not known */

/* A vDPA device. */
PODNET_API const char *podnet_vdpa_parent(const struct podnet_vdpa *v);      /* its name on the vdpa bus */
PODNET_API const char *podnet_vdpa_driver(const struct podnet_vdpa *v);      /* vhost or virtio */
PODNET_API const char *podnet_vdpa_path(const struct podnet_vdpa *v);        /* character device of the vhost driver */
PODNET_API const char *podnet_vdpa_pci_address(const struct podnet_vdpa *v); /* function that it is made of */
PODNET_API const char *podnet_vdpa_auxiliary(const struct podnet_vdpa *v);   /* auxiliary device that it is made of */
PODNET_API const char *podnet_vdpa_pf(const struct podnet_vdpa *v);          /* PF of that function */
PODNET_API int podnet_vdpa_numa_node(const struct podnet_vdpa *v);           /* -1: not known */
PODNET_API const char *podnet_vdpa_netdev(const struct podnet_vdpa *v);      /* of the virtio driver; never a port of DPDK's */
PODNET_API const char *podnet_vdpa_resource(const struct podnet_vdpa *v);    /* the part of PCIDEVICE_<resource> that named it */
PODNET_API int podnet_vdpa_openable(const struct podnet_vdpa *v);            /* whether this process may open the path: 1, 0, or -1: not known */
PODNET_API const char *podnet_vdpa_representor(const struct podnet_vdpa *v); /* the host's netdev that stands for it */

/* A netdev that DPDK drives through the kernel. */
PODNET_API const char *podnet_netdev_name(const struct podnet_netdev *n);    /* in this network namespace */
PODNET_API bool podnet_netdev_is_plugins(const struct podnet_netdev *n);     /* the AF_XDP device plugin gave it, and loaded its program */
PODNET_API const char *podnet_netdev_pool(const struct podnet_netdev *n);    /* of that plugin */
PODNET_API const char *podnet_netdev_socket(const struct podnet_netdev *n);  /* of that plugin, by which a process gets the netdev's map */
PODNET_API const char *podnet_netdev_map(const struct podnet_netdev *n);     /* pinned map of the netdev */

/* == Devices on no interface == */

PODNET_API const char *podnet_device_id(const struct podnet_device *d); /* PCI address, auxiliary device or socket */
PODNET_API enum podnet_kind podnet_device_kind(const struct podnet_device *d); /* as an interface's */
PODNET_API const char *podnet_device_kind_name(const struct podnet_device *d); /* as in the document */
PODNET_API const char *podnet_device_resource(const struct podnet_device *d); /* the part of PCIDEVICE_<resource> that named it */
PODNET_API const char *podnet_device_network(const struct podnet_device *d);  /* that its source names, where no interface is of it */
PODNET_API const char *podnet_device_mac(const struct podnet_device *d);      /* of its netdev, where its driver needs it */
PODNET_API const struct podnet_strings *podnet_device_candidates(const struct podnet_device *d); /* interfaces that could have it */
PODNET_API enum podnet_code podnet_device_reason(const struct podnet_device *d);                 /* why it is on no interface */
PODNET_API const char *podnet_device_reason_name(const struct podnet_device *d); /* as in docs/reference/codes.md */
PODNET_API bool podnet_device_is_port(const struct podnet_device *d); /* it is a port by default, under its id */
PODNET_API bool podnet_device_is_default(const struct podnet_device *d); /* it carries the default route */
PODNET_API const struct podnet_pci *podnet_device_pci(const struct podnet_device *d); /* what sysfs says of it */
PODNET_API const struct podnet_vdpa *podnet_device_vdpa(const struct podnet_device *d); /* the vDPA device that is made of it */
PODNET_API const struct podnet_netdev *podnet_device_netdev(const struct podnet_device *d); /* of kind af-xdp */
PODNET_API size_t podnet_device_problem_count(const struct podnet_device *d); /* why DPDK cannot drive it as things stand */
PODNET_API const struct podnet_problem *podnet_device_problem(const struct podnet_device *d, size_t n);
PODNET_API size_t podnet_device_evidence_count(const struct podnet_device *d); /* what its fields rest on */
PODNET_API const struct podnet_evidence *podnet_device_evidence(const struct podnet_device *d, size_t n);

/* == RDMA devices == */

PODNET_API const char *podnet_rdma_name(const struct podnet_rdma *r);        /* such as mlx5_4 */
PODNET_API const char *podnet_rdma_pci_address(const struct podnet_rdma *r); /* function that it belongs to */
PODNET_API const char *podnet_rdma_auxiliary(const struct podnet_rdma *r);   /* auxiliary device that it belongs to */
PODNET_API const char *podnet_rdma_netdev(const struct podnet_rdma *r);      /* of the same port */
PODNET_API size_t podnet_rdma_char_device_count(const struct podnet_rdma *r); /* nodes by which verbs and connections are made */
PODNET_API const char *podnet_rdma_char_device_path(const struct podnet_rdma *r, size_t n);
PODNET_API bool podnet_rdma_char_device_is_openable(const struct podnet_rdma *r, size_t n); /* by this process */
PODNET_API bool podnet_rdma_char_device_is_missing(const struct podnet_rdma *r, size_t n);  /* it is not in the container */
PODNET_API size_t podnet_rdma_evidence_count(const struct podnet_rdma *r); /* what its fields rest on */
PODNET_API const struct podnet_evidence *podnet_rdma_evidence(const struct podnet_rdma *r, size_t n);

/* == CPUs and memory == */

/* The calling thread's: a program that pins its threads, as rte_eal_init does, asks
 * before. */
PODNET_API const char *podnet_cpus_allowed(const struct podnet_cpus *c); /* in the kernel's form, such as 4-7,68 */
PODNET_API size_t podnet_cpus_count(const struct podnet_cpus *c); /* how many CPUs these are */
PODNET_API int podnet_cpus_id(const struct podnet_cpus *c, size_t n); /* ascending; -1: there is none */
PODNET_API double podnet_cpus_quota(const struct podnet_cpus *c);     /* CFS quota in CPUs; -1: none */
PODNET_API size_t podnet_cpus_numa_node_count(const struct podnet_cpus *c); /* NUMA nodes of these CPUs */
PODNET_API int podnet_cpus_numa_node(const struct podnet_cpus *c, size_t n);                   /* ascending */
PODNET_API const char *podnet_cpus_allowed_on(const struct podnet_cpus *c, int numa_node);     /* of these CPUs; NULL: none, or not known */
PODNET_API size_t podnet_cpus_memory_node_count(const struct podnet_cpus *c); /* 0: not known */
PODNET_API int podnet_cpus_memory_node(const struct podnet_cpus *c, size_t n);                 /* NUMA nodes that memory may come from */
PODNET_API const struct podnet_strings *podnet_cpus_siblings(const struct podnet_cpus *c);     /* hardware threads of each core */
PODNET_API size_t podnet_cpus_evidence_count(const struct podnet_cpus *c); /* what its fields rest on */
PODNET_API const struct podnet_evidence *podnet_cpus_evidence(const struct podnet_cpus *c, size_t n);

/* The hugepages of one size. */
PODNET_API const char *podnet_hugepages_size(const struct podnet_hugepages *h);     /* as 2Mi or 1Gi */
PODNET_API int64_t podnet_hugepages_limit(const struct podnet_hugepages *h);        /* bytes; -1: none, or not visible */
PODNET_API int64_t podnet_hugepages_used(const struct podnet_hugepages *h);         /* bytes of the limit, now */
PODNET_API int64_t podnet_hugepages_request(const struct podnet_hugepages *h);      /* bytes; -1: not said */
PODNET_API const char *podnet_hugepages_mount(const struct podnet_hugepages *h);    /* hugetlbfs mount in the container */
PODNET_API size_t podnet_hugepages_node_count(const struct podnet_hugepages *h);    /* the machine's pools, not this container's share */
PODNET_API int podnet_hugepages_node(const struct podnet_hugepages *h, size_t n);   /* NUMA node */
PODNET_API int64_t podnet_hugepages_node_total(const struct podnet_hugepages *h, size_t n); /* bytes */
PODNET_API int64_t podnet_hugepages_node_free(const struct podnet_hugepages *h, size_t n);  /* bytes, now */
PODNET_API size_t podnet_hugepages_evidence_count(const struct podnet_hugepages *h); /* what its fields rest on */
PODNET_API const struct podnet_evidence *podnet_hugepages_evidence(const struct podnet_hugepages *h, size_t n);

/* == Problems and evidence == */

PODNET_API enum podnet_code podnet_problem_code(const struct podnet_problem *p); /* its kind */
PODNET_API const char *podnet_problem_code_name(const struct podnet_problem *p); /* as in docs/reference/codes.md */
PODNET_API const char *podnet_problem_source(const struct podnet_problem *p);    /* annotation, env, sysfs, ... */
PODNET_API const char *podnet_problem_where(const struct podnet_problem *p);     /* place in the source */
PODNET_API const char *podnet_problem_interface(const struct podnet_problem *p); /* whose it is, where the place does not tell */
PODNET_API const char *podnet_problem_message(const struct podnet_problem *p);   /* the cause */
PODNET_API const char *podnet_problem_remedy(const struct podnet_problem *p);    /* what to do about it */
PODNET_API bool podnet_problem_is_transient(const struct podnet_problem *p);     /* waiting can help */

PODNET_API const char *podnet_evidence_field(const struct podnet_evidence *e);  /* path of JSON names, as pci.address */
PODNET_API const char *podnet_evidence_source(const struct podnet_evidence *e); /* annotation, env, sysfs, ... */
PODNET_API const char *podnet_evidence_where(const struct podnet_evidence *e);  /* place in the source */
PODNET_API const char *podnet_evidence_why(const struct podnet_evidence *e);    /* how a device came to its network, where that was inferred */

/* == EAL == */

/* Gives the arguments with which DPDK drives the pod's interfaces. They follow from the
 * pod alone: nothing is looked at again. Options may be NULL. */
PODNET_API int podnet_eal_args(struct podnet *ctx, const struct podnet_pod *pod, const struct podnet_eal_options *options,
			       struct podnet_eal **eal);

/* Frees the arguments; NULL is allowed. */
PODNET_API void podnet_eal_free(struct podnet_eal *eal);

/* The arguments for rte_eal_init, which may change their order. argv ends with NULL. */
PODNET_API int podnet_eal_argc(const struct podnet_eal *eal);
PODNET_API char **podnet_eal_argv(struct podnet_eal *eal); /* of argc elements, and NULL */

/* The ports that EAL makes, in the order of the interfaces. Two interfaces on one device
 * have one port. */
PODNET_API size_t podnet_eal_port_count(const struct podnet_eal *eal);
PODNET_API const struct podnet_port *podnet_eal_port(const struct podnet_eal *eal, size_t n);

/* Gives the name by which DPDK knows the port of an interface, for
 * rte_eth_dev_get_port_by_name; NULL: the interface is no port. */
PODNET_API const char *podnet_eal_port_name(const struct podnet_eal *eal, const char *interface_name);

PODNET_API const char *podnet_port_name(const struct podnet_port *p);      /* DPDK's */
PODNET_API const char *podnet_port_interface(const struct podnet_port *p); /* name of the interface; id of a device that is on none */
PODNET_API const char *podnet_port_network(const struct podnet_port *p); /* the interface's; NULL: none */
PODNET_API enum podnet_kind podnet_port_kind(const struct podnet_port *p); /* the interface's */
PODNET_API const char *podnet_port_device(const struct podnet_port *p); /* PCI address, auxiliary device, or path of the socket */
PODNET_API int podnet_port_mtu(const struct podnet_port *p);            /* bytes; 0: not said, so 1500 */
PODNET_API size_t podnet_port_problem_count(const struct podnet_port *p); /* why EAL will not make the port as things stand */
PODNET_API const struct podnet_problem *podnet_port_problem(const struct podnet_port *p, size_t n);

/* Interfaces and devices that the defaults left out of the ports, with the reasons. */
PODNET_API size_t podnet_eal_left_out_count(const struct podnet_eal *eal);
PODNET_API const struct podnet_problem *podnet_eal_left_out(const struct podnet_eal *eal, size_t n);

#ifdef __cplusplus
}
#endif

#endif /* PODNET_H */
