/* SPDX-License-Identifier: Apache-2.0 */

/* The last error of a handle. It is set and read on the thread that owns the handle. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

const char *podnet_strerror(int result)
{
	switch (result) {
	case PODNET_OK: return "success";
	case PODNET_ERR_INVALID: return "an argument or an option that cannot be";
	case PODNET_ERR_NO_MEMORY: return "memory is short";
	case PODNET_ERR_SYSTEM: return "the kernel refused a pipe or a process";
	case PODNET_ERR_NO_HELPER: return "the program podnet was not found";
	case PODNET_ERR_HELPER_EXEC: return "the program podnet cannot be run";
	case PODNET_ERR_HELPER_VERSION: return "the program podnet is of another version than the library";
	case PODNET_ERR_HELPER_FAILED: return "the program podnet gave no answer that can be understood";
	case PODNET_ERR_TIMEOUT: return "the time is over";
	case PODNET_ERR_CANCELED: return "canceled";
	case PODNET_ERR_NOT_READY: return "the pod or its node lacks something";
	}
	return "an error that this version of the library does not know";
}

void pn_clear_error(struct podnet *ctx)
{
	free(ctx->error);
	ctx->error = NULL;
	json_decref(ctx->problems);
	ctx->problems = NULL;
	ctx->result = PODNET_OK;
}

int pn_fail(struct podnet *ctx, int result, const char *format, ...)
{
	va_list args;
	int length;

	pn_clear_error(ctx);
	ctx->result = result;
	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0 || !(ctx->error = malloc((size_t)length + 1)))
		return result;
	va_start(args, format);
	vsnprintf(ctx->error, (size_t)length + 1, format, args);
	va_end(args);
	return result;
}

const char *pn_errno_text(int error, char *text, size_t size)
{
	if (strerror_r(error, text, size) != 0)
		snprintf(text, size, "error %d", error);
	return text;
}

int pn_fail_errno(struct podnet *ctx, const char *what, int error)
{
	char text[128];

	return pn_fail(ctx, PODNET_ERR_SYSTEM, "%s: %s", what, pn_errno_text(error, text, sizeof(text)));
}

int pn_fail_memory(struct podnet *ctx)
{
	pn_clear_error(ctx);
	return ctx->result = PODNET_ERR_NO_MEMORY;
}

const char *podnet_error(const struct podnet *ctx)
{
	if (!ctx)
		return "there is no handle: podnet_strerror tells why podnet_new made none, by its result";
	if (ctx->result == PODNET_OK)
		return "";
	return ctx->error ? ctx->error : podnet_strerror(ctx->result);
}

size_t podnet_error_problem_count(const struct podnet *ctx)
{
	return ctx ? json_array_size(ctx->problems) : 0;
}

const struct podnet_problem *podnet_error_problem(const struct podnet *ctx, size_t n)
{
	return ctx ? (const void *)json_array_get(ctx->problems, n) : NULL;
}
