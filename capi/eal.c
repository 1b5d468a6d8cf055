/* SPDX-License-Identifier: Apache-2.0 */

/* Arguments of EAL. podnet_eal_args() runs on the thread that owns the handle, the
 * accessors on any thread. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int set_number(json_t *object, const char *key, int value)
{
	return value ? json_object_set_new(object, key, json_integer(value)) : 0;
}

/* Gives the options as a request has them; NULL: memory is short, or a text is not
 * UTF-8. */
static json_t *to_json(const struct podnet_eal_options *o)
{
	static const char *const memories[] = { "auto", "hugepages", "none" };
	json_t *json = json_object();

	if (!json || pn_set(json, "memory", memories[o->memory]) < 0 || pn_set(json, "dpdkVersion", o->dpdk_version) < 0 ||
	    pn_set_list(json, "interfaces", o->interfaces) < 0 || pn_set_list(json, "devargs", o->devargs) < 0 ||
	    pn_set_list(json, "vdevs", o->vdevs) < 0 || pn_set_list(json, "extra", o->extra) < 0 ||
	    set_number(json, "queues", o->queues) < 0 || set_number(json, "mtu", o->mtu) < 0 ||
	    pn_set(json, "filePrefix", o->file_prefix) < 0 ||
	    json_object_set_new(json, "multiProcess", json_boolean(o->multi_process)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

/* Makes argv: the strings follow the pointers in one block, which so is freed whatever
 * order rte_eal_init leaves the pointers in. */
static bool make_argv(struct podnet_eal *eal, const char *program)
{
	const json_t *args = json_object_get(eal->root, "args");
	size_t count = json_array_size(args), size = (count + 2) * sizeof(char *) + strlen(program) + 1;
	char *text;

	for (size_t n = 0; n < count; n++)
		size += json_string_length(json_array_get(args, n)) + 1;
	eal->argv = malloc(size);
	if (!eal->argv)
		return false;
	text = (char *)(eal->argv + count + 2);
	for (size_t n = 0; n <= count; n++) {
		const char *arg = n == 0 ? program : json_string_value(json_array_get(args, n - 1));
		size_t length = (arg ? strlen(arg) : 0) + 1;

		memcpy(text, arg ? arg : "", length);
		eal->argv[n] = text;
		text += length;
	}
	eal->argv[count + 1] = NULL;
	eal->argc = (int)count + 1;
	return true;
}

/* Asks for the arguments. */
static int ask(struct podnet *ctx, const struct podnet_pod *pod, const struct podnet_eal_options *o, struct podnet_eal **eal)
{
	json_t *request = pn_request(ctx, "eal"), *options = to_json(o), *root;
	struct podnet_eal *found;
	int result;

	if (!options) {
		json_decref(request);
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_eal_args: an option is not UTF-8, or memory is short: look at the names that you give");
	}
	if (!request || json_object_set_new(request, "eal", options) < 0 || json_object_set(request, "pod", pod->root) < 0) {
		json_decref(request);
		return pn_fail_memory(ctx);
	}
	result = pn_ask(ctx, request, 0, "eal", &root);
	if (result < 0)
		return result;
	found = calloc(1, sizeof(*found));
	if (!found) {
		json_decref(root);
		return pn_fail_memory(ctx);
	}
	found->root = root;
	if (!make_argv(found, o->program)) {
		podnet_eal_free(found);
		return pn_fail_memory(ctx);
	}
	*eal = found;
	return PODNET_OK;
}

int podnet_eal_args(struct podnet *ctx, const struct podnet_pod *pod, const struct podnet_eal_options *options, struct podnet_eal **eal)
{
	struct podnet_eal_options o = PODNET_EAL_OPTIONS_INIT;

	if (eal)
		*eal = NULL;
	if (!ctx)
		return PODNET_ERR_INVALID;
	pn_clear_error(ctx);
	if (!pod || !eal)
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_eal_args: give a pod, and the address of a pointer for the arguments");
	if (options && !pn_copy_options(&o, sizeof(o), options, options->sz))
		return pn_fail(ctx, PODNET_ERR_INVALID,
			       "podnet_eal_args: options of %zu bytes, and the library (%s) knows %zu: set sz, or install a newer library",
			       options->sz, podnet_version(), sizeof(o));
	if (o.memory < PODNET_MEMORY_AUTO || o.memory > PODNET_MEMORY_NONE)
		return pn_fail(ctx, PODNET_ERR_INVALID, "podnet_eal_args: memory is %d: give one of enum podnet_memory", (int)o.memory);
	if (!o.program)
		o.program = "podnet";
	return ask(ctx, pod, &o, eal);
}

void podnet_eal_free(struct podnet_eal *eal)
{
	if (!eal)
		return;
	json_decref(eal->root);
	free(eal->argv);
	free(eal);
}

int podnet_eal_argc(const struct podnet_eal *eal)
{
	return eal ? eal->argc : 0;
}

char **podnet_eal_argv(struct podnet_eal *eal)
{
	return eal ? eal->argv : NULL;
}

static const void *root_of(const struct podnet_eal *eal)
{
	return eal ? eal->root : NULL;
}

size_t podnet_eal_port_count(const struct podnet_eal *eal)
{
	return pn_count(root_of(eal), "ports");
}

const struct podnet_port *podnet_eal_port(const struct podnet_eal *eal, size_t n)
{
	return pn_element(root_of(eal), "ports", n);
}

const char *podnet_eal_port_name(const struct podnet_eal *eal, const char *interface_name)
{
	for (size_t n = 0; interface_name && n < podnet_eal_port_count(eal); n++) {
		const struct podnet_port *port = podnet_eal_port(eal, n);
		const char *name = podnet_port_interface(port);

		if (name && strcmp(name, interface_name) == 0)
			return podnet_port_name(port);
	}
	return NULL;
}

size_t podnet_eal_left_out_count(const struct podnet_eal *eal)
{
	return pn_count(root_of(eal), "leftOut");
}

const struct podnet_problem *podnet_eal_left_out(const struct podnet_eal *eal, size_t n)
{
	return pn_element(root_of(eal), "leftOut", n);
}

PN_STRING(port, name, "name")
PN_STRING(port, interface, "interface")
PN_STRING(port, network, "network")
PN_STRING(port, device, "device")
PN_INT(port, mtu, "mtu", 0)
PN_KIND(port)
PN_COUNT(port, problem_count, "problems")
PN_ELEMENT(port, problem, "problems", problem)
