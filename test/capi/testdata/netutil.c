/* SPDX-License-Identifier: Apache-2.0 */
/* Calls app-netutil's functions for each job, one JSON object per line of standard input,
 * and prints what they fill in. */
#include "libnetutil_api.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static json_t *text(const char *value)
{
	return json_string(value ? value : "");
}

static json_t *list(char **values, size_t size)
{
	json_t *all = json_array();

	for (size_t n = 0; n < size; n++)
		if (values[n])
			json_array_append_new(all, json_string(values[n]));
	return all;
}

static json_t *interface(const struct InterfaceData *from)
{
	const struct NetworkStatus *s = &from->NetworkStatus;
	const struct DeviceInfo *d = &s->DeviceInfo;
	json_t *o = json_object();

	json_object_set_new(o, "type", json_integer(from->DeviceType));
	json_object_set_new(o, "name", text(s->Name));
	json_object_set_new(o, "interface", text(s->Interface));
	json_object_set_new(o, "ips", list((char **)s->IPs, NETUTIL_NUM_IPS));
	json_object_set_new(o, "mac", text(s->Mac));
	json_object_set_new(o, "default", json_boolean(s->Default));
	json_object_set_new(o, "nameservers", list((char **)s->DNS.Nameservers, NETUTIL_NUM_DNS_NAMESERVERS));
	json_object_set_new(o, "domain", text(s->DNS.Domain));
	json_object_set_new(o, "search", list((char **)s->DNS.Search, NETUTIL_NUM_DNS_SEARCH));
	json_object_set_new(o, "options", list((char **)s->DNS.Options, NETUTIL_NUM_DNS_OPTIONS));
	json_object_set_new(o, "infoType", json_integer(d->Type));
	json_object_set_new(o, "version", text(d->Version));
	json_object_set_new(o, "pci", json_pack("[oooo]", text(d->Pci.PciAddress), text(d->Pci.Vhostnet), text(d->Pci.RdmaDevice),
						text(d->Pci.PfPciAddress)));
	json_object_set_new(o, "vdpa", json_pack("[ooooo]", text(d->Vdpa.ParentDevice), text(d->Vdpa.Driver), text(d->Vdpa.Path),
						 text(d->Vdpa.PciAddress), text(d->Vdpa.PfPciAddress)));
	json_object_set_new(o, "vhost", json_pack("[io]", d->VhostUser.Mode, text(d->VhostUser.Path)));
	json_object_set_new(o, "memif", json_pack("[iio]", d->Memif.Role, d->Memif.Mode, text(d->Memif.Path)));
	return o;
}

/* Fills memory with invalid pointers: a caller need not zero anything before a call. */
static void *dirty(size_t count, size_t size)
{
	void *block = malloc(count * size + 1);

	memset(block, 0xa5, count * size + 1);
	return block;
}

static json_t *interfaces(int allocated, int calls)
{
	struct InterfaceResponse r = { .numIfaceAllocated = allocated, .numIfacePopulated = 77 };
	json_t *o = json_object(), *all = json_array();
	long long result = -1;

	r.pIface = dirty((size_t)allocated, sizeof(*r.pIface));
	for (int n = 0; n < calls; n++) {
		if (n > 0)
			NetutilFreeInterfaces(&r);
		result = GetInterfaces(&r);
	}
	for (int n = 0; n < r.numIfacePopulated; n++)
		json_array_append_new(all, interface(&r.pIface[n]));
	json_object_set_new(o, "result", json_integer(result));
	json_object_set_new(o, "list", all);
	NetutilFreeInterfaces(&r);
	free(r.pIface);
	return o;
}

static json_t *hugepages(int allocated)
{
	struct HugepagesResponse r = { .numStructAllocated = allocated, .numStructPopulated = 77 };
	json_t *o = json_object(), *all = json_array();

	r.MyContainerName = NULL;
	r.pHugepages = dirty((size_t)allocated, sizeof(*r.pHugepages));
	json_object_set_new(o, "result", json_integer(GetHugepages(&r)));
	json_object_set_new(o, "container", text(r.MyContainerName));
	for (int n = 0; n < r.numStructPopulated; n++) {
		const struct HugepagesData *h = &r.pHugepages[n];

		json_array_append_new(all, json_pack("[oIIIIII]", text(h->ContainerName), (json_int_t)h->Request, (json_int_t)h->Limit,
						     (json_int_t)h->Request1G, (json_int_t)h->Limit1G, (json_int_t)h->Request2M,
						     (json_int_t)h->Limit2M));
	}
	json_object_set_new(o, "list", all);
	NetutilFreeHugepages(&r);
	free(r.pHugepages);
	return o;
}

static json_t *answer(const json_t *job)
{
	json_t *o = json_object(), *env = json_object_get(job, "env");
	struct AppNetutilConfig config = { .log = { .stderr = 2 } };
	struct CPUResponse cpus;
	int allocated = (int)json_integer_value(json_object_get(job, "allocated"));
	long long result;

	environ = calloc(json_array_size(env) + 1, sizeof(*environ));
	for (size_t n = 0; n < json_array_size(env); n++)
		environ[n] = (char *)json_string_value(json_array_get(env, n));
	config.downwardAPI.baseDir = (char *)json_string_value(json_object_get(job, "baseDir"));
	config.log.filename = (char *)json_string_value(json_object_get(job, "log"));
	json_object_set_new(o, "config", json_integer(SetConfig(&config)));
	json_object_set_new(o, "interfaces", interfaces(allocated, 1 + (int)json_integer_value(json_object_get(job, "again"))));
	json_object_set_new(o, "hugepages", hugepages(allocated));
	result = GetCPUInfo(&cpus);
	json_object_set_new(o, "cpuResult", json_integer(result));
	json_object_set_new(o, "cpus", text(cpus.CPUSet));
	free(cpus.CPUSet);
	free(environ);
	environ = NULL;
	return o;
}

/* NULL where something is to be filled in. */
static int nothing(void)
{
	struct InterfaceResponse i = { .numIfaceAllocated = 3, .numIfacePopulated = 3 };
	struct HugepagesResponse h = { .numStructAllocated = 3, .numStructPopulated = 3 };
	int failed = 0;

	failed += GetCPUInfo(NULL) == NETUTIL_ERRNO_FAIL;
	failed += GetHugepages(NULL) == NETUTIL_ERRNO_FAIL;
	failed += GetInterfaces(NULL) == NETUTIL_ERRNO_FAIL;
	failed += SetConfig(NULL) == NETUTIL_ERRNO_FAIL;
	failed += GetInterfaces(&i) == NETUTIL_ERRNO_FAIL && i.numIfacePopulated == 0;
	failed += GetHugepages(&h) == NETUTIL_ERRNO_FAIL && h.numStructPopulated == 0;
	i.numIfaceAllocated = h.numStructAllocated = -1;
	failed += GetInterfaces(&i) == NETUTIL_ERRNO_FAIL && i.numIfacePopulated == 0;
	failed += GetHugepages(&h) == NETUTIL_ERRNO_FAIL && h.numStructPopulated == 0;
	NetutilFreeInterfaces(NULL);
	NetutilFreeInterfaces(&i);
	NetutilFreeHugepages(NULL);
	NetutilFreeHugepages(&h);
	printf("%d\n", failed);
	return 0;
}

int main(int argc, char **argv)
{
	json_t *job;

	(void)argv;
	if (argc > 1)
		return nothing();
	while ((job = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL))) {
		json_t *o = answer(job);

		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
		json_decref(job);
	}
	return 0;
}
