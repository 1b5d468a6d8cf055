/* SPDX-License-Identifier: Apache-2.0 */

/* Pods: podnet_discover() and podnet_wait() run on the thread that owns the handle, the
 * accessors on any thread. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int discover(struct podnet *ctx, json_t *request, int timeout_ms, struct podnet_pod **pod)
{
	struct podnet_pod *found;
	json_t *root;
	int result = pn_ask(ctx, request, timeout_ms, "pod", &root);

	if (result < 0)
		return result;
	found = calloc(1, sizeof(*found));
	if (!found) {
		json_decref(root);
		return pn_fail_memory(ctx);
	}
	found->root = root;
	found->text = json_dumps(root, JSON_COMPACT);
	if (!found->text) {
		podnet_pod_free(found);
		return pn_fail_memory(ctx);
	}
	*pod = found;
	return PODNET_OK;
}

int podnet_discover(struct podnet *ctx, struct podnet_pod **pod)
{
	if (pod)
		*pod = NULL;
	if (!ctx)
		return PODNET_ERR_INVALID;
	pn_clear_error(ctx);
	if (!pod)
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_discover: there is no place for the pod: give the address of a pointer");
	return discover(ctx, pn_request(ctx, "discover"), 0, pod);
}

int podnet_wait(struct podnet *ctx, int timeout_ms, const char *const *interfaces, struct podnet_pod **pod)
{
	json_t *request;

	if (pod)
		*pod = NULL;
	if (!ctx)
		return PODNET_ERR_INVALID;
	pn_clear_error(ctx);
	if (!pod)
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_wait: there is no place for the pod: give the address of a pointer");
	if (timeout_ms <= 0)
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_wait: a time of %d ms: give one above 0", timeout_ms);
	request = pn_request(ctx, "discover");
	if (!request || json_object_set_new(request, "waitMs", json_integer(timeout_ms)) < 0)
		goto no_memory;
	if (pn_set_list(request, "interfaces", interfaces) < 0) {
		json_decref(request);
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_wait: the name of an interface is not UTF-8");
	}
	return discover(ctx, request, timeout_ms, pod);

no_memory:
	json_decref(request);
	return pn_fail_memory(ctx);
}

void podnet_pod_free(struct podnet_pod *pod)
{
	if (!pod)
		return;
	json_decref(pod->root);
	free(pod->text);
	free(pod);
}

const char *podnet_pod_json(const struct podnet_pod *pod)
{
	return pod ? pod->text : NULL;
}

static const void *root_of(const struct podnet_pod *pod)
{
	return pod ? pod->root : NULL;
}

const char *podnet_pod_label(const struct podnet_pod *pod, const char *name)
{
	return name ? pn_string(pn_member(root_of(pod), "labels"), name) : NULL;
}

const struct podnet_cpus *podnet_pod_cpus(const struct podnet_pod *pod)
{
	return pn_member(root_of(pod), "cpus");
}

#define POD_LIST(name, type, key) \
	size_t podnet_pod_##name##_count(const struct podnet_pod *pod) { return pn_count(root_of(pod), key); } \
	const struct podnet_##type *podnet_pod_##name(const struct podnet_pod *pod, size_t n) \
	{ \
		return pn_element(root_of(pod), key, n); \
	}

POD_LIST(interface, interface, "interfaces")
POD_LIST(device, device, "unassigned")
POD_LIST(rdma, rdma, "rdma")
POD_LIST(hugepages, hugepages, "hugepages")
POD_LIST(warning, problem, "warnings")

static const char *name_of(const struct podnet_interface *i)
{
	return podnet_interface_name(i);
}

static const char *network_of(const struct podnet_interface *i)
{
	return podnet_interface_network(i);
}

static const char *short_network_of(const struct podnet_interface *i)
{
	const char *network = podnet_interface_network(i);
	const char *slash = network ? strchr(network, '/') : NULL;

	return slash ? slash + 1 : network;
}

static const char *address_of(const struct podnet_interface *i)
{
	const struct podnet_pci *pci = podnet_interface_pci(i);
	const char *address = podnet_pci_auxiliary(pci);

	if (!address)
		address = podnet_pci_address(pci);
	return address || pci ? address : podnet_vdpa_pci_address(podnet_interface_vdpa(i));
}

/* Pod.Lookup in lib/podnet looks in the same order. */
const struct podnet_interface *podnet_pod_find(const struct podnet_pod *pod, const char *name)
{
	const char *(*const keys[])(const struct podnet_interface *) = { name_of, network_of, short_network_of, address_of };

	for (size_t k = 0; name && *name && k < sizeof(keys) / sizeof(keys[0]); k++) {
		const struct podnet_interface *found = NULL;
		size_t matches = 0;

		for (size_t n = 0; n < podnet_pod_interface_count(pod); n++) {
			const struct podnet_interface *i = podnet_pod_interface(pod, n);
			const char *key = keys[k](i);

			if (key && strcmp(key, name) == 0 && matches++ == 0)
				found = i;
		}
		if (matches > 0)
			return matches == 1 ? found : NULL;
	}
	return NULL;
}
