/* SPDX-License-Identifier: Apache-2.0 */

/* Reads members of the helper's JSON. The answer's constructors call these functions on the
 * thread that owns the handle, the accessors on any thread. */

#include <limits.h>
#include <string.h>

#include "internal.h"

static json_t *get(const void *object, const char *key)
{
	return json_object_get((const json_t *)object, key);
}

const char *pn_string(const void *object, const char *key)
{
	return json_string_value(get(object, key));
}

int64_t pn_int64(const void *object, const char *key, int64_t absent)
{
	json_t *value = get(object, key);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : absent;
}

int pn_int(const void *object, const char *key, int absent)
{
	int64_t value = pn_int64(object, key, absent);

	return value > INT_MAX ? INT_MAX : value < INT_MIN ? INT_MIN : (int)value;
}

bool pn_bool(const void *object, const char *key)
{
	return json_is_true(get(object, key));
}

int pn_tristate(const void *object, const char *key)
{
	json_t *value = get(object, key);

	return json_is_true(value) ? 1 : json_is_false(value) ? 0 : -1;
}

const void *pn_member(const void *object, const char *key)
{
	json_t *value = get(object, key);

	return json_is_null(value) ? NULL : value;
}

size_t pn_count(const void *object, const char *key)
{
	return json_array_size(get(object, key));
}

const void *pn_element(const void *object, const char *key, size_t n)
{
	return json_array_get(get(object, key), n);
}

size_t podnet_strings_count(const struct podnet_strings *list)
{
	return json_array_size((const json_t *)(const void *)list);
}

const char *podnet_strings_get(const struct podnet_strings *list, size_t n)
{
	return json_string_value(json_array_get((const json_t *)(const void *)list, n));
}

enum podnet_kind pn_kind(const char *name)
{
	static const char *const names[] = {
		[PODNET_KIND_KERNEL] = "kernel", [PODNET_KIND_PCI] = "pci",
		[PODNET_KIND_VHOST_USER] = "vhost-user", [PODNET_KIND_MEMIF] = "memif",
		[PODNET_KIND_VDPA] = "vdpa", [PODNET_KIND_AF_XDP] = "af-xdp",
		[PODNET_KIND_AF_PACKET] = "af-packet", [PODNET_KIND_UNKNOWN] = "unknown",
	};

	for (size_t n = 1; name && n < sizeof(names) / sizeof(names[0]); n++)
		if (strcmp(name, names[n]) == 0)
			return (enum podnet_kind)n;
	return PODNET_KIND_OTHER;
}
