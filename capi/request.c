/* SPDX-License-Identifier: Apache-2.0 */

/* Makes requests of the options, and asks the helper. The functions run on the thread that
 * owns the handle. */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int pn_set(json_t *object, const char *key, const char *value)
{
	return value ? json_object_set_new(object, key, json_string(value)) : 0;
}

int pn_set_list(json_t *object, const char *key, const char *const *values)
{
	json_t *list;

	if (!values)
		return 0;
	list = json_array();
	for (; list && *values; values++)
		if (json_array_append_new(list, json_string(*values)) < 0) {
			json_decref(list);
			return -1;
		}
	return json_object_set_new(object, key, list);
}

json_t *pn_request(const struct podnet *ctx, const char *op)
{
	json_t *request = json_copy(ctx->request);

	if (!request || pn_set(request, "op", op) < 0) {
		json_decref(request);
		return NULL;
	}
	return request;
}

/* Whether a text nests no deeper than an answer does. The parser calls itself for each
 * level, and a thread's stack may be small. */
static bool is_flat(const char *text, size_t length)
{
	bool in_string = false;
	int depth = 0;

	for (size_t n = 0; n < length; n++) {
		switch (text[n]) {
		case '\\':
			n += in_string;
			break;
		case '"':
			in_string = !in_string;
			break;
		case '{':
		case '[':
			if (!in_string && ++depth > PN_MAX_DEPTH)
				return false;
			break;
		case '}':
		case ']':
			depth -= !in_string;
			break;
		}
	}
	return true;
}

/* Takes over the error that the helper answers with. */
static int take_error(struct podnet *ctx, const json_t *error)
{
	static const struct {
		const char *kind;
		int result;
	} kinds[] = {
		{ "usage", PODNET_ERR_INVALID },
		{ "not-ready", PODNET_ERR_NOT_READY },
		{ "timeout", PODNET_ERR_TIMEOUT },
		{ "version", PODNET_ERR_HELPER_VERSION },
	};
	const char *kind = pn_string(error, "kind"), *text = pn_string(error, "text");
	int result = PODNET_ERR_HELPER_FAILED;

	for (size_t n = 0; kind && n < sizeof(kinds) / sizeof(kinds[0]); n++)
		if (strcmp(kind, kinds[n].kind) == 0)
			result = kinds[n].result;
	pn_fail(ctx, result, "%s", text ? text : podnet_strerror(result));
	ctx->problems = json_incref(json_object_get(error, "problems"));
	return result;
}

/* Gives a member of an answer. */
static int take(struct podnet *ctx, const char *text, size_t length, const char *member, json_t **answer)
{
	json_error_t why;
	json_t *root, *found;
	const char *schema;
	int result = PODNET_OK;

	if (!is_flat(text, length))
		return pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "podnet's answer nests deeper than %d levels: install podnet again", PN_MAX_DEPTH);
	root = json_loadb(text, length, 0, &why);
	if (!root)
		return pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "podnet's answer is not whole, or not JSON (line %d, column %d): %s", why.line,
			       why.column, why.text);
	schema = pn_string(root, "schema");
	found = json_object_get(root, member);
	if (!schema || strcmp(schema, PN_SCHEMA) != 0)
		result = pn_fail(ctx, PODNET_ERR_HELPER_VERSION, "podnet answers by %.100s, and the library (%s) knows %s: install both from one release",
				 schema ? schema : "no schema", podnet_version(), PN_SCHEMA);
	else if (json_is_object(json_object_get(root, "error")))
		result = take_error(ctx, json_object_get(root, "error"));
	else if (!json_is_object(found))
		result = pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "podnet's answer has no member \"%s\": install podnet again", member);
	else
		*answer = json_incref(found);
	json_decref(root);
	return result;
}

int pn_ask(struct podnet *ctx, json_t *request, int timeout_ms, const char *member, json_t **answer)
{
	int64_t timeout = (int64_t)timeout_ms + ctx->timeout_ms;
	char *text, *reply = NULL;
	size_t length;
	int result;

	*answer = NULL;
	if (!request)
		return pn_fail_memory(ctx);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text)
		return pn_fail_memory(ctx);
	result = pn_exchange(ctx, text, timeout > INT_MAX ? INT_MAX : (int)timeout, &reply, &length);
	free(text);
	if (result == PODNET_OK)
		result = take(ctx, reply, length, member, answer);
	free(reply);
	return result;
}

int pn_hugepages(struct podnet *ctx, json_t **answer)
{
	return pn_ask(ctx, pn_request(ctx, "hugepages"), 0, "hugepages", answer);
}
