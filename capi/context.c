/* SPDX-License-Identifier: Apache-2.0 */

/* Handles: podnet_new() to podnet_free(). They run on the program's thread that owns the
 * handle; podnet_cancel() alone runs on any thread, or in a signal handler. */

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "internal.h"

#ifndef PODNET_VERSION
#define PODNET_VERSION "devel"
#endif

bool pn_copy_options(void *ours, size_t our_size, const void *theirs, size_t their_size)
{
	const unsigned char *bytes = theirs;

	if (their_size < sizeof(size_t) || their_size > PN_MAX_OPTIONS)
		return false;
	for (size_t n = our_size; n < their_size; n++)
		if (bytes[n] != 0)
			return false;
	memcpy(ours, theirs, their_size < our_size ? their_size : our_size);
	return true;
}

bool pn_is_privileged(void)
{
	return getauxval(AT_SECURE) != 0;
}

/* Copies a text, if there is one. */
static bool copy(char **ours, const char *theirs)
{
	return !theirs || (*ours = strdup(theirs));
}

static bool copy_env(struct podnet *ctx, char *const *env)
{
	size_t count = 0;

	if (!env)
		return true;
	while (env[count])
		count++;
	ctx->env = calloc(count + 1, sizeof(*ctx->env));
	if (!ctx->env)
		return false;
	for (size_t n = 0; n < count; n++)
		if (!copy(&ctx->env[n], env[n]))
			return false;
	return true;
}

/* Closes a descriptor. A thread that is canceled meanwhile ends later, and not here. */
static void close_whole(int fd)
{
	int cancelable;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelable);
	close(fd);
	pthread_setcancelstate(cancelable, NULL);
}

/* Makes the descriptor by which podnet_cancel() is heard. It is none of a program's
 * standard ones, even if those are closed. */
static int open_cancel(void)
{
	int low = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fd;

	if (low < 0 || low > STDERR_FILENO)
		return low;
	fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close_whole(low);
	return fd;
}

int podnet_new(struct podnet **out, const struct podnet_options *options)
{
	struct podnet_options o = PODNET_OPTIONS_INIT;
	struct podnet *ctx;

	if (!out)
		return PODNET_ERR_INVALID;
	*out = NULL;
	if (options && !pn_copy_options(&o, sizeof(o), options, options->sz))
		return PODNET_ERR_INVALID;
	if (o.timeout_ms < 0)
		return PODNET_ERR_INVALID;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return PODNET_ERR_NO_MEMORY;
	ctx->timeout_ms = o.timeout_ms ? o.timeout_ms : PN_DEFAULT_TIMEOUT_MS;
	ctx->cancel_fd = open_cancel();
	if (ctx->cancel_fd < 0) {
		podnet_free(ctx);
		return PODNET_ERR_SYSTEM;
	}
	ctx->request = json_object();
	if (!ctx->request || !copy(&ctx->helper, o.helper) || !copy_env(ctx, o.env)) {
		podnet_free(ctx);
		return PODNET_ERR_NO_MEMORY;
	}
	if (pn_set(ctx->request, "schema", PN_SCHEMA) < 0 || pn_set(ctx->request, "root", o.root) < 0 ||
	    pn_set(ctx->request, "podinfo", o.podinfo) < 0 || pn_set_list(ctx->request, "hints", o.hints) < 0) {
		podnet_free(ctx);
		return PODNET_ERR_INVALID;
	}
	*out = ctx;
	return PODNET_OK;
}

void podnet_free(struct podnet *ctx)
{
	if (!ctx)
		return;
	pn_clear_error(ctx);
	if (ctx->cancel_fd >= 0)
		close_whole(ctx->cancel_fd);
	json_decref(ctx->request);
	for (size_t n = 0; ctx->env && ctx->env[n]; n++)
		free(ctx->env[n]);
	free(ctx->env);
	free(ctx->helper);
	free(ctx);
}

void podnet_cancel(struct podnet *ctx)
{
	if (ctx)
		(void)!eventfd_write(ctx->cancel_fd, 1); /* it stays readable */
}

const char *podnet_version(void)
{
	return PODNET_VERSION;
}
