/* SPDX-License-Identifier: Apache-2.0 */

/* Finds the program podnet. The first call that needs it does so, on the thread that owns
 * the handle. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#ifndef PODNET_LIBEXECDIR
#define PODNET_LIBEXECDIR "/usr/local/libexec/podnet"
#endif

static const char remedy[] = "install podnet there, or name its path in the option \"helper\" or in PODNET_HELPER";

static const char *variable(const struct podnet *ctx, const char *name)
{
	size_t length = strlen(name);

	if (!ctx->env)
		return getenv(name);
	for (char **v = ctx->env; *v; v++)
		if (strncmp(*v, name, length) == 0 && (*v)[length] == '=')
			return *v + length + 1;
	return NULL;
}

static const char no_file[] = "there is no such file";

/* Gives NULL if the path names a file that this process may run, or else the reason. */
static const char *why_not(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		switch (errno) {
		case EACCES: return "this process may not search a directory of the path";
		case ELOOP: return "its links lead in a circle";
		case ENAMETOOLONG: return "the path is too long";
		}
		return no_file;
	}
	if (!S_ISREG(st.st_mode))
		return "it is not a file";
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return "it is not executable";
	return NULL;
}

/* Takes the path that somebody named. */
static int named(struct podnet *ctx, const char *by, const char *name, char **path)
{
	const char *why;

	if (name[0] != '/')
		return pn_fail(ctx, PODNET_ERR_INVALID, "%s: \"%.200s\" is not an absolute path: give one that begins with /", by, name);
	why = why_not(name);
	if (why)
		return pn_fail(ctx, why == no_file ? PODNET_ERR_NO_HELPER : PODNET_ERR_HELPER_EXEC,
			       "%s: podnet cannot be run as %.200s: %s: correct the path, or the file", by, name, why);
	*path = strdup(name);
	return *path ? PODNET_OK : pn_fail_memory(ctx);
}

/* Looks into the directories of PATH, except those that mean the current directory. */
static int search(struct podnet *ctx, const char *dirs, char **path)
{
	while (dirs && *dirs) {
		size_t length = strcspn(dirs, ":");

		if (dirs[0] == '/') {
			size_t size = length + sizeof("/podnet");

			*path = malloc(size);
			if (!*path)
				return pn_fail_memory(ctx);
			snprintf(*path, size, "%.*s/podnet", (int)length, dirs);
			if (!why_not(*path))
				return PODNET_OK;
			free(*path);
			*path = NULL;
		}
		dirs += length;
		dirs += *dirs == ':';
	}
	return pn_fail(ctx, PODNET_ERR_NO_HELPER, "the program podnet is neither %s/podnet nor in PATH: %s", PODNET_LIBEXECDIR, remedy);
}

int pn_find_helper(struct podnet *ctx, char **path)
{
	static const char configured[] = PODNET_LIBEXECDIR "/podnet";
	/* Whoever starts a program that has more rights than he must not choose what it runs. */
	bool trusted = !pn_is_privileged();
	const char *name = trusted ? variable(ctx, "PODNET_HELPER") : NULL;

	*path = NULL;
	if (ctx->helper)
		return named(ctx, "option helper", ctx->helper, path);
	if (name && *name)
		return named(ctx, "PODNET_HELPER", name, path);
	if (!why_not(configured)) {
		*path = strdup(configured);
		return *path ? PODNET_OK : pn_fail_memory(ctx);
	}
	return search(ctx, trusted ? variable(ctx, "PATH") : NULL, path);
}
