/* SPDX-License-Identifier: Apache-2.0 */

/* The C API of app-netutil on top of libpodnet. The program calls these functions, on any
 * thread: each call has a handle of its own, and a lock guards the settings of SetConfig. */

#pragma GCC visibility push(default) /* the library is built with all others hidden */
#include "libnetutil_api.h"
#pragma GCC visibility pop

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../internal.h"

/* The version of device-info's specification where a pod does not name one. */
#define DEVICE_INFO_VERSION "1.1.0"

/* The settings of SetConfig. In app-netutil's API they hold for the whole process. */
static struct {
	pthread_mutex_t lock;
	char *base_dir, *log_file;
	bool log_stderr;
} config = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Frees the settings when the library is unloaded. */
__attribute__((destructor)) static void unload(void)
{
	free(config.base_dir);
	free(config.log_file);
}

/* Replaces a text of the configuration; "" stands for none. */
static bool replace(char **text, const char *with)
{
	char *copy = *with ? strdup(with) : NULL;

	if (*with && !copy)
		return false;
	free(*text);
	*text = copy;
	return true;
}

/* Gives the directory as a path from the root, which the caller frees. */
static char *absolute(const char *dir)
{
	char *cwd, *path;
	size_t size;

	if (dir[0] == '/' || dir[0] == '\0')
		return strdup(dir);
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return NULL;
	size = strlen(cwd) + 1 + strlen(dir) + 1;
	path = malloc(size);
	if (path)
		snprintf(path, size, "%s/%s", cwd, dir);
	free(cwd);
	return path;
}

long long SetConfig(struct AppNetutilConfig *c)
{
	char *dir = NULL;
	bool ok = true;

	if (!c)
		return NETUTIL_ERRNO_FAIL;
	if (c->downwardAPI.baseDir && !(dir = absolute(c->downwardAPI.baseDir)))
		return NETUTIL_ERRNO_FAIL;
	pthread_mutex_lock(&config.lock);
	if (dir)
		ok = replace(&config.base_dir, dir);
	if (c->log.stderr <= 1)
		config.log_stderr = c->log.stderr == 1;
	if (c->log.filename)
		ok = replace(&config.log_file, c->log.filename) && ok;
	pthread_mutex_unlock(&config.lock);
	free(dir);
	return ok ? NETUTIL_ERRNO_SUCCESS : NETUTIL_ERRNO_FAIL;
}

/* Writes why a call fails to where SetConfig said. */
static int fail(const char *call, const char *why)
{
	FILE *file;

	pthread_mutex_lock(&config.lock);
	if (config.log_stderr)
		dprintf(STDERR_FILENO, "%s: %s\n", call, why);
	if (config.log_file && (file = fopen(config.log_file, "ae"))) {
		fprintf(file, "%s: %s\n", call, why);
		fclose(file);
	}
	pthread_mutex_unlock(&config.lock);
	return NETUTIL_ERRNO_FAIL;
}

static int open_handle(struct podnet **ctx)
{
	struct podnet_options options = PODNET_OPTIONS_INIT;
	int result;

	pthread_mutex_lock(&config.lock);
	options.podinfo = config.base_dir;
	result = podnet_new(ctx, &options);
	pthread_mutex_unlock(&config.lock);
	return result;
}

/* Copies a text; NULL and "" give NULL, as app-netutil does for missing values. */
static char *copy(const char *text, bool *ok)
{
	char *copied = text && *text ? strdup(text) : NULL;

	*ok = *ok && (copied || !text || !*text);
	return copied;
}

static void release(char **text)
{
	free(*text);
	*text = NULL;
}

long long GetCPUInfo(struct CPUResponse *response)
{
	struct podnet *ctx;
	struct podnet_pod *pod;
	const struct podnet_cpus *cpus;
	bool ok = true;
	int result;

	if (!response)
		return fail("GetCPUInfo", "no response to fill in");
	response->CPUSet = NULL;
	result = open_handle(&ctx);
	if (result < 0)
		return fail("GetCPUInfo", podnet_strerror(result));
	if (podnet_discover(ctx, &pod) < 0)
		fail("GetCPUInfo", podnet_error(ctx));
	cpus = podnet_pod_cpus(pod);
	if (cpus)
		response->CPUSet = copy(podnet_cpus_allowed(cpus), &ok);
	else if (pod)
		fail("GetCPUInfo", "no CPU set: neither a cgroup nor /proc/self/status has one that can be read");
	podnet_pod_free(pod);
	podnet_free(ctx);
	return cpus && ok ? NETUTIL_ERRNO_SUCCESS : NETUTIL_ERRNO_FAIL;
}

/* == Hugepages == */

void NetutilFreeHugepages(struct HugepagesResponse *response)
{
	if (!response)
		return;
	release(&response->MyContainerName);
	for (int n = 0; response->pHugepages && n < response->numStructPopulated; n++)
		release(&response->pHugepages[n].ContainerName);
	response->numStructPopulated = 0;
}

static bool fill_hugepages(struct HugepagesData *to, const void *from)
{
	bool ok = true;

	memset(to, 0, sizeof(*to));
	to->ContainerName = copy(pn_string(from, "ContainerName"), &ok);
	to->Request = pn_int64(from, "Request", 0);
	to->Limit = pn_int64(from, "Limit", 0);
	to->Request1G = pn_int64(from, "Request1G", 0);
	to->Limit1G = pn_int64(from, "Limit1G", 0);
	to->Request2M = pn_int64(from, "Request2M", 0);
	to->Limit2M = pn_int64(from, "Limit2M", 0);
	return ok;
}

long long GetHugepages(struct HugepagesResponse *response)
{
	struct podnet *ctx;
	json_t *answer;
	size_t count;
	bool ok = true;
	int result;

	if (!response)
		return fail("GetHugepages", "no response to fill in");
	response->numStructPopulated = 0;
	response->MyContainerName = NULL;
	if (response->numStructAllocated < 0 || (response->numStructAllocated > 0 && !response->pHugepages))
		return fail("GetHugepages", "pHugepages has no elements: allocate numStructAllocated of them");
	result = open_handle(&ctx);
	if (result < 0)
		return fail("GetHugepages", podnet_strerror(result));
	if (pn_hugepages(ctx, &answer) < 0) {
		fail("GetHugepages", podnet_error(ctx));
		podnet_free(ctx);
		return NETUTIL_ERRNO_FAIL;
	}
	count = pn_count(answer, "Hugepages");
	response->MyContainerName = copy(pn_string(answer, "MyContainerName"), &ok);
	for (size_t n = 0; n < count && n < (size_t)response->numStructAllocated; n++) {
		ok = fill_hugepages(&response->pHugepages[n], pn_element(answer, "Hugepages", n)) && ok;
		response->numStructPopulated++;
	}
	json_decref(answer);
	podnet_free(ctx);
	if (!ok) {
		NetutilFreeHugepages(response);
		return fail("GetHugepages", podnet_strerror(PODNET_ERR_NO_MEMORY));
	}
	if (count <= (size_t)response->numStructAllocated)
		return NETUTIL_ERRNO_SUCCESS;
	fail("GetHugepages", "there are more containers than elements of pHugepages: allocate more");
	return NETUTIL_ERRNO_SIZE_ERROR;
}

/* == Interfaces == */

static void release_all(char **texts, size_t count)
{
	for (size_t n = 0; n < count; n++)
		release(&texts[n]);
}

void NetutilFreeInterfaces(struct InterfaceResponse *response)
{
	if (!response)
		return;
	for (int n = 0; response->pIface && n < response->numIfacePopulated; n++) {
		struct NetworkStatus *s = &response->pIface[n].NetworkStatus;
		struct DeviceInfo *d = &s->DeviceInfo;

		release(&s->Name);
		release(&s->Interface);
		release(&s->Mac);
		release_all(s->IPs, NETUTIL_NUM_IPS);
		release_all(s->DNS.Nameservers, NETUTIL_NUM_DNS_NAMESERVERS);
		release_all(s->DNS.Search, NETUTIL_NUM_DNS_SEARCH);
		release_all(s->DNS.Options, NETUTIL_NUM_DNS_OPTIONS);
		release(&s->DNS.Domain);
		release(&d->Version);
		release(&d->Pci.PciAddress);
		release(&d->Pci.Vhostnet);
		release(&d->Pci.RdmaDevice);
		release(&d->Pci.PfPciAddress);
		release(&d->Vdpa.ParentDevice);
		release(&d->Vdpa.Driver);
		release(&d->Vdpa.Path);
		release(&d->Vdpa.PciAddress);
		release(&d->Vdpa.PfPciAddress);
		release(&d->VhostUser.Path);
		release(&d->Memif.Path);
	}
	response->numIfacePopulated = 0;
}

/* How an interface is filled in: whether memory was enough, and the arrays were. */
struct filling {
	bool ok, fits;
};

static void copy_list(char **to, size_t size, const struct podnet_strings *from, struct filling *f)
{
	size_t count = podnet_strings_count(from);

	for (size_t n = 0; n < count && n < size; n++)
		to[n] = copy(podnet_strings_get(from, n), &f->ok);
	f->fits = f->fits && count <= size;
}

/* Gives a list as app-netutil has it: one text, with commas. */
static char *copy_joined(const struct podnet_strings *list, bool *ok)
{
	size_t count = podnet_strings_count(list), size = 0, length = 0;
	char *joined;

	for (size_t n = 0; n < count; n++)
		size += strlen(podnet_strings_get(list, n)) + 1;
	if (size == 0)
		return NULL;
	joined = malloc(size);
	*ok = *ok && joined;
	for (size_t n = 0; joined && n < count; n++)
		length += (size_t)snprintf(joined + length, size - length, "%s%s", n ? "," : "", podnet_strings_get(list, n));
	return joined;
}

static void fill_pci(struct DeviceInfo *to, const struct podnet_pci *from, const char *address, struct filling *f)
{
	to->Type = NETUTIL_TYPE_PCI;
	to->Pci.PciAddress = copy(address, &f->ok);
	to->Pci.Vhostnet = copy(podnet_pci_vhost_net(from), &f->ok);
	to->Pci.RdmaDevice = copy_joined(podnet_pci_rdma(from), &f->ok);
	to->Pci.PfPciAddress = copy(podnet_pci_pf(from), &f->ok);
}

static void fill_vdpa(struct DeviceInfo *to, const struct podnet_vdpa *from, struct filling *f)
{
	to->Type = NETUTIL_TYPE_VDPA;
	to->Vdpa.ParentDevice = copy(podnet_vdpa_parent(from), &f->ok);
	to->Vdpa.Driver = copy(podnet_vdpa_driver(from), &f->ok);
	to->Vdpa.Path = copy(podnet_vdpa_path(from), &f->ok);
	to->Vdpa.PciAddress = copy(podnet_vdpa_pci_address(from), &f->ok);
	to->Vdpa.PfPciAddress = copy(podnet_vdpa_pf(from), &f->ok);
}

static int memif_mode(const char *mode)
{
	static const char *const modes[] = {
		[NETUTIL_MEMIF_MODE_ETHERNET] = "ethernet",
		[NETUTIL_MEMIF_MODE_IP] = "ip",
		[NETUTIL_MEMIF_MODE_INJECT_PUNT] = "inject-punt",
	};

	for (size_t n = 0; mode && n < sizeof(modes) / sizeof(modes[0]); n++)
		if (strcmp(mode, modes[n]) == 0)
			return (int)n;
	return -1;
}

/* A role in a socket by the numbers of app-netutil, which differ by kind. */
static int role(enum podnet_role role, int client, int server)
{
	return role == PODNET_ROLE_CLIENT ? client : role == PODNET_ROLE_SERVER ? server : -1;
}

static void fill_socket(struct DeviceInfo *to, const struct podnet_socket *from, bool is_memif, struct filling *f)
{
	char *path = copy(podnet_socket_path(from), &f->ok);

	if (is_memif) {
		to->Type = NETUTIL_TYPE_MEMIF;
		to->Memif.Path = path;
		to->Memif.Role = role(podnet_socket_role(from), NETUTIL_MEMIF_ROLE_SLAVE, NETUTIL_MEMIF_ROLE_MASTER);
		to->Memif.Mode = memif_mode(podnet_socket_mode(from));
	} else {
		to->Type = NETUTIL_TYPE_VHOST;
		to->VhostUser.Path = path;
		to->VhostUser.Mode = role(podnet_socket_role(from), NETUTIL_VHOST_MODE_CLIENT, NETUTIL_VHOST_MODE_SERVER);
	}
}

/* Fills in the device, if there is one that device-info has a type for, and gives the
 * interface's type. */
static int fill_device(struct DeviceInfo *to, const struct podnet_interface *from, struct filling *f)
{
	const struct podnet_pci *pci = podnet_interface_pci(from);
	const struct podnet_socket *socket = podnet_interface_socket(from);
	const struct podnet_vdpa *vdpa = podnet_interface_vdpa(from);
	const char *version = podnet_interface_device_info_version(from);
	enum podnet_kind kind = podnet_interface_kind(from);

	if (podnet_pci_address(pci))
		fill_pci(to, pci, podnet_pci_address(pci), f);
	else if (socket)
		fill_socket(to, socket, kind == PODNET_KIND_MEMIF, f);
	else if (vdpa)
		fill_vdpa(to, vdpa, f);
	else /* a netdev is the host's, however DPDK drives it */
		return kind == PODNET_KIND_KERNEL || kind == PODNET_KIND_AF_XDP || kind == PODNET_KIND_AF_PACKET ? NETUTIL_TYPE_HOST
														  : NETUTIL_TYPE_UNKNOWN;
	to->Version = copy(version ? version : DEVICE_INFO_VERSION, &f->ok);
	if (podnet_pci_resource(pci) || podnet_pci_claim(pci))
		return NETUTIL_TYPE_SRIOV;
	return to->Type;
}

static void fill_interface(struct InterfaceData *to, const struct podnet_interface *from, struct filling *f)
{
	struct NetworkStatus *s = &to->NetworkStatus;

	memset(to, 0, sizeof(*to));
	s->Name = copy(podnet_interface_network(from), &f->ok);
	if (podnet_interface_is_named(from))
		s->Interface = copy(podnet_interface_name(from), &f->ok);
	s->Mac = copy(podnet_interface_mac(from), &f->ok);
	s->Default = podnet_interface_is_default(from);
	copy_list(s->IPs, NETUTIL_NUM_IPS, podnet_interface_ips(from), f);
	copy_list(s->DNS.Nameservers, NETUTIL_NUM_DNS_NAMESERVERS, podnet_interface_dns_nameservers(from), f);
	copy_list(s->DNS.Search, NETUTIL_NUM_DNS_SEARCH, podnet_interface_dns_search(from), f);
	copy_list(s->DNS.Options, NETUTIL_NUM_DNS_OPTIONS, podnet_interface_dns_options(from), f);
	s->DNS.Domain = copy(podnet_interface_dns_domain(from), &f->ok);
	to->DeviceType = fill_device(&s->DeviceInfo, from, f);
}

/* The PCI address of a device that is on no interface and could be a network's; NULL: it
 * has none. */
static const char *address_of(const struct podnet_device *d)
{
	const char *id = podnet_device_id(d);

	if (podnet_device_reason(d) == PODNET_CODE_ACCELERATOR || podnet_device_reason(d) == PODNET_CODE_MALFORMED)
		return NULL;
	/* A socket has a path for an id, and an auxiliary device no colons. */
	return id && id[0] != '/' && id[0] != '@' && strchr(id, ':') ? id : NULL;
}

static void fill_unassigned(struct InterfaceData *to, const struct podnet_device *from, struct filling *f)
{
	memset(to, 0, sizeof(*to));
	to->DeviceType = NETUTIL_TYPE_SRIOV;
	fill_pci(&to->NetworkStatus.DeviceInfo, podnet_device_pci(from), address_of(from), f);
	to->NetworkStatus.DeviceInfo.Version = copy(DEVICE_INFO_VERSION, &f->ok);
}

/* Whether there is an element left to fill in. */
static struct InterfaceData *next_element(struct InterfaceResponse *response, struct filling *f)
{
	if (response->numIfacePopulated < response->numIfaceAllocated)
		return &response->pIface[response->numIfacePopulated++];
	f->fits = false;
	return NULL;
}

static void fill_interfaces(struct InterfaceResponse *response, const struct podnet_pod *pod, struct filling *f)
{
	struct InterfaceData *element;

	for (size_t n = 0; n < podnet_pod_interface_count(pod); n++)
		if ((element = next_element(response, f)))
			fill_interface(element, podnet_pod_interface(pod, n), f);
	for (size_t n = 0; n < podnet_pod_device_count(pod); n++)
		if (address_of(podnet_pod_device(pod, n)) && (element = next_element(response, f)))
			fill_unassigned(element, podnet_pod_device(pod, n), f);
}

/* A pod without an annotations file has no interfaces for app-netutil. */
static bool has_no_annotations(const struct podnet *ctx)
{
	for (size_t n = 0; n < podnet_error_problem_count(ctx); n++)
		if (podnet_problem_code(podnet_error_problem(ctx, n)) == PODNET_CODE_NO_ANNOTATIONS)
			return true;
	return false;
}

/* An annotations file that is there and cannot be read is no pod without networks. */
static const char *unreadable(const struct podnet_pod *pod)
{
	for (size_t n = 0; n < podnet_pod_warning_count(pod); n++) {
		const struct podnet_problem *w = podnet_pod_warning(pod, n);
		const char *source = podnet_problem_source(w), *where = podnet_problem_where(w);
		const char *base = where ? strrchr(where, '/') : NULL;

		if (podnet_problem_code(w) == PODNET_CODE_UNREADABLE && source && strcmp(source, "downward-api") == 0 && base &&
		    strcmp(base, "/annotations") == 0)
			return podnet_problem_message(w);
	}
	return NULL;
}

long long GetInterfaces(struct InterfaceResponse *response)
{
	struct filling f = { .ok = true, .fits = true };
	struct podnet *ctx;
	struct podnet_pod *pod;
	const char *why;
	int result;

	if (!response)
		return fail("GetInterfaces", "no response to fill in");
	response->numIfacePopulated = 0;
	if (response->numIfaceAllocated < 0 || (response->numIfaceAllocated > 0 && !response->pIface))
		return fail("GetInterfaces", "pIface has no elements: allocate numIfaceAllocated of them");
	result = open_handle(&ctx);
	if (result < 0)
		return fail("GetInterfaces", podnet_strerror(result));
	result = podnet_discover(ctx, &pod);
	if (result < 0 && has_no_annotations(ctx))
		result = PODNET_OK;
	else if (result < 0)
		fail("GetInterfaces", podnet_error(ctx));
	else if ((why = unreadable(pod)))
		result = fail("GetInterfaces", why);
	else
		fill_interfaces(response, pod, &f);
	podnet_pod_free(pod);
	podnet_free(ctx);
	if (!f.ok) {
		NetutilFreeInterfaces(response);
		return fail("GetInterfaces", podnet_strerror(PODNET_ERR_NO_MEMORY));
	}
	if (result != PODNET_OK)
		return NETUTIL_ERRNO_FAIL;
	if (f.fits)
		return NETUTIL_ERRNO_SUCCESS;
	fail("GetInterfaces", "there are more interfaces, addresses or DNS entries than elements: allocate more, or use podnet.h");
	return NETUTIL_ERRNO_SIZE_ERROR;
}
