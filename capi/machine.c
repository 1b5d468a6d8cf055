/* SPDX-License-Identifier: Apache-2.0 */

/* Accessors of CPUs, hugepages and RDMA devices. They read a pod that does not change, on
 * any thread of the program. */

#include <stdlib.h>

#include "internal.h"

PN_STRING(cpus, allowed, "allowed")
PN_COUNT(cpus, numa_node_count, "numaNodes")
PN_COUNT(cpus, memory_node_count, "memoryNodes")
PN_COUNT(cpus, evidence_count, "evidence")
PN_MEMBER(cpus, siblings, "siblings", strings)
PN_ELEMENT(cpus, evidence, "evidence", evidence)

/* Takes one range of a list in the kernel's form, such as 4-7,68, off its front. False: there
 * is no further one. */
static bool next_range(const char **list, unsigned long *first, unsigned long *last)
{
	char *end;

	if (!*list || **list < '0' || **list > '9')
		return false;
	*first = *last = strtoul(*list, &end, 10);
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		*last = strtoul(end + 1, &end, 10);
	*list = *end == ',' ? end + 1 : end;
	return *last >= *first && *last <= INT32_MAX;
}

size_t podnet_cpus_count(const struct podnet_cpus *c)
{
	const char *list = podnet_cpus_allowed(c);
	unsigned long first, last;
	size_t count = 0;

	while (next_range(&list, &first, &last))
		count += last - first + 1;
	return count;
}

int podnet_cpus_id(const struct podnet_cpus *c, size_t n)
{
	const char *list = podnet_cpus_allowed(c);
	unsigned long first, last;

	while (next_range(&list, &first, &last)) {
		if (n <= last - first)
			return (int)(first + n);
		n -= last - first + 1;
	}
	return -1;
}

double podnet_cpus_quota(const struct podnet_cpus *c)
{
	const json_t *quota = pn_member(c, "quota");

	return json_is_number(quota) ? json_number_value(quota) : -1;
}

static int node_at(const void *object, const char *key, size_t n)
{
	const json_t *node = pn_element(object, key, n);

	return json_is_integer(node) ? (int)json_integer_value(node) : -1;
}

int podnet_cpus_numa_node(const struct podnet_cpus *c, size_t n)
{
	return node_at(c, "numaNodes", n);
}

int podnet_cpus_memory_node(const struct podnet_cpus *c, size_t n)
{
	return node_at(c, "memoryNodes", n);
}

const char *podnet_cpus_allowed_on(const struct podnet_cpus *c, int numa_node)
{
	for (size_t n = 0; n < pn_count(c, "nodes"); n++) {
		const void *node = pn_element(c, "nodes", n);

		if (pn_int(node, "node", -1) == numa_node)
			return pn_string(node, "allowed");
	}
	/* The document lists nodes only where there are several. */
	if (podnet_cpus_numa_node_count(c) == 1 && numa_node >= 0 && podnet_cpus_numa_node(c, 0) == numa_node)
		return podnet_cpus_allowed(c);
	return NULL;
}

/* == Hugepages == */

PN_STRING(hugepages, size, "size")
PN_STRING(hugepages, mount, "mount")
PN_INT64(hugepages, limit, "limitBytes", -1)
PN_INT64(hugepages, used, "usedBytes", 0)
PN_INT64(hugepages, request, "requestBytes", -1)
PN_COUNT(hugepages, node_count, "nodes")
PN_COUNT(hugepages, evidence_count, "evidence")
PN_ELEMENT(hugepages, evidence, "evidence", evidence)

int podnet_hugepages_node(const struct podnet_hugepages *h, size_t n)
{
	return pn_int(pn_element(h, "nodes", n), "node", -1);
}

int64_t podnet_hugepages_node_total(const struct podnet_hugepages *h, size_t n)
{
	return pn_int64(pn_element(h, "nodes", n), "totalBytes", 0);
}

int64_t podnet_hugepages_node_free(const struct podnet_hugepages *h, size_t n)
{
	return pn_int64(pn_element(h, "nodes", n), "freeBytes", 0);
}
