/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The C API of app-netutil, answered by podnet. Programs that were written for
 * app-netutil compile against this header, and those that were built against its
 * library run with this one in its place. New programs are better served by podnet.h,
 * which has no limits on counts.
 *
 * All functions return NETUTIL_ERRNO_SUCCESS, NETUTIL_ERRNO_FAIL, or
 * NETUTIL_ERRNO_SIZE_ERROR if the caller's arrays are too small; entries that fit are
 * filled in and counted. The caller frees the strings. Structs need not be zero before a
 * call, which overwrites them. Any thread may call any function.
 */
#ifndef LIBNETUTIL_API_H
#define LIBNETUTIL_API_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A member of struct LoggingData has this name, which some C libraries define as a macro
 * in parentheses. The variable stays. */
#if defined(stderr) && !defined(__GLIBC__)
#undef stderr
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NETUTIL_ERRNO_SUCCESS 0
#define NETUTIL_ERRNO_FAIL 1
#define NETUTIL_ERRNO_SIZE_ERROR 2

struct CPUResponse {
	char *CPUSet; /* in the kernel's form, such as 4-7,68 */
};

/* How many elements pHugepages usually has. */
#define NETUTIL_NUM_HUGEPAGES_DATA 10

/* One container's. The numbers come from the Downward API volume's files as they are. They
 * are MiB if the network resources injector made the volume. */
struct HugepagesData {
	char *ContainerName;
	int64_t Request; /* of a size that the file does not say */
	int64_t Limit;
	int64_t Request1G;
	int64_t Limit1G;
	int64_t Request2M;
	int64_t Limit2M;
};

struct HugepagesResponse {
	int numStructAllocated; /* elements of pHugepages, by the caller */
	int numStructPopulated; /* elements that have been filled in */
	char *MyContainerName;
	struct HugepagesData *pHugepages;
};

#define NETUTIL_NUM_IPS 10
#define NETUTIL_NUM_NETWORKINTERFACE 10
#define NETUTIL_NUM_DNS_NAMESERVERS 5
#define NETUTIL_NUM_DNS_SEARCH 5
#define NETUTIL_NUM_DNS_OPTIONS 5

struct DNS {
	char *Nameservers[NETUTIL_NUM_DNS_NAMESERVERS];
	char *Domain;
	char *Search[NETUTIL_NUM_DNS_SEARCH];
	char *Options[NETUTIL_NUM_DNS_OPTIONS];
};

struct PciDevice {
	char *PciAddress;
	char *Vhostnet;
	char *RdmaDevice; /* several are separated by commas */
	char *PfPciAddress;
};

struct VdpaDevice {
	char *ParentDevice;
	char *Driver;
	char *Path;
	char *PciAddress;
	char *PfPciAddress;
};

/* Modes and roles are -1 where the pod does not say which. */
#define NETUTIL_VHOST_MODE_CLIENT 0
#define NETUTIL_VHOST_MODE_SERVER 1
struct VhostDevice {
	int Mode;
	char *Path;
};

#define NETUTIL_MEMIF_ROLE_MASTER 0
#define NETUTIL_MEMIF_ROLE_SLAVE 1
#define NETUTIL_MEMIF_MODE_ETHERNET 0
#define NETUTIL_MEMIF_MODE_IP 1
#define NETUTIL_MEMIF_MODE_INJECT_PUNT 2
struct MemifDevice {
	int Role;
	char *Path;
	int Mode;
};

#define NETUTIL_TYPE_UNKNOWN 0
#define NETUTIL_TYPE_HOST 1
#define NETUTIL_TYPE_SRIOV 2
#define NETUTIL_TYPE_PCI 3
#define NETUTIL_TYPE_VHOST 4
#define NETUTIL_TYPE_MEMIF 5
#define NETUTIL_TYPE_VDPA 8

/* Type tells which of the members is filled in; NETUTIL_TYPE_UNKNOWN: there is no
 * device-info. */
struct DeviceInfo {
	int Type;
	char *Version;
	struct PciDevice Pci;
	struct VdpaDevice Vdpa;
	struct VhostDevice VhostUser;
	struct MemifDevice Memif;
};

struct NetworkStatus {
	char *Name;
	char *Interface;
	char *IPs[NETUTIL_NUM_IPS];
	char *Mac;
	int Default;
	struct DNS DNS;
	struct DeviceInfo DeviceInfo;
};

/* An interface or, without a name, a PCI device that was given to the container and that
 * no evidence puts on one interface. Such devices come last, and take elements too. */
struct InterfaceData {
	int DeviceType;
	struct NetworkStatus NetworkStatus;
};

struct InterfaceResponse {
	int numIfaceAllocated; /* elements of pIface, by the caller */
	int numIfacePopulated; /* elements that have been filled in */
	struct InterfaceData *pIface;
};

#define LOG_LEVEL_ERROR 0
#define LOG_LEVEL_WARNING 1
#define LOG_LEVEL_INFO 2
#define LOG_LEVEL_DEBUG 3
#define LOG_LEVEL_MAX 4

/* Where errors are written, from SetConfig on; before, nowhere. */
struct LoggingData {
	uint32_t stderr; /* 1: to standard error, 0: not; others leave it as it is */
	uint32_t level;  /* without effect: there are only errors */
	char *filename;  /* to the end of this file; NULL leaves it as it is */
};

struct DownwardAPIData {
	char *baseDir; /* where the Downward API volume is mounted; NULL leaves it as it is */
};

struct AppNetutilConfig {
	struct DownwardAPIData downwardAPI;
	struct LoggingData log;
};

long long GetCPUInfo(struct CPUResponse *cpuResp);
long long GetHugepages(struct HugepagesResponse *hugepagesResp);
long long GetInterfaces(struct InterfaceResponse *ifaceResp);
long long SetConfig(struct AppNetutilConfig *config);

/* These are podnet's own. They free the strings of a response, all of them, and leave the
 * arrays, which are the caller's. app-netutil left this to copies of its c_util.c, which
 * forgets DeviceInfo.Version. */
void NetutilFreeHugepages(struct HugepagesResponse *hugepagesResp);
void NetutilFreeInterfaces(struct InterfaceResponse *ifaceResp);

#ifdef __cplusplus
}
#endif

#endif /* LIBNETUTIL_API_H */
