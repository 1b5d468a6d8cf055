/* SPDX-License-Identifier: Apache-2.0 */

/* Starts the helper. exchange.c calls it on the thread that owns the handle. */

#define _GNU_SOURCE /* posix_spawn_file_actions_addclosefrom_np */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

/* The kernel's numbers, for C libraries whose headers are older. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#define PN_P_PIDFD 3

extern char **environ;

/* Makes a pair of sockets, neither of them with the number of a standard descriptor: a
 * program that has closed those would write into them. Sockets, since a write to a pipe
 * that nobody reads raises SIGPIPE. */
static int make_pair(int pair[2])
{
	int low[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low) < 0)
		return -1;
	for (int n = 0; n < 2; n++)
		pair[n] = fcntl(low[n], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(low[0]);
	close(low[1]);
	if (pair[0] >= 0 && pair[1] >= 0)
		return 0;
	for (int n = 0; n < 2; n++)
		if (pair[n] >= 0)
			close(pair[n]);
	return -1;
}

/* Closes all other descriptors in the child: it may live for minutes, and must not keep
 * locks and devices of the program's. */
static int close_others(posix_spawn_file_actions_t *actions)
{
#if defined(__GLIBC__) && !defined(PODNET_NO_CLOSEFROM)
#if __GLIBC_PREREQ(2, 34)
#define HAVE_CLOSEFROM
#endif
#endif
#ifdef HAVE_CLOSEFROM
	return posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
#else
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int error = 0;

	if (!dir)
		return 0; /* those that are not for children are marked so */
	while (!error && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(dir))
			error = posix_spawn_file_actions_addclose(actions, fd);
	}
	closedir(dir);
	return error;
#endif
}

static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int io, int err)
{
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	if ((error = posix_spawn_file_actions_adddup2(actions, io, STDIN_FILENO)) ||
	    (error = posix_spawn_file_actions_adddup2(actions, io, STDOUT_FILENO)) ||
	    (error = posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO)) ||
	    (error = close_others(actions)) ||
	    (error = posix_spawnattr_setsigmask(attributes, &none)) ||
	    (error = posix_spawnattr_setsigdefault(attributes, &all)) ||
	    (error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)))
		return error;
	return 0;
}

/* The helper's environment is the program's, because that is the pod's. If the program
 * has more rights than its caller, the variables that change how programs run are left
 * out. */
static char **safe_env(char *const *env)
{
	static const char *const prefixes[] = { "GO", "LD_", "PODNET_" };
	size_t count = 0, kept = 0;
	char **safe;

	while (env[count])
		count++;
	safe = calloc(count + 1, sizeof(*safe));
	for (size_t n = 0; safe && n < count; n++) {
		bool keep = true;

		for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]); p++)
			keep = keep && strncmp(env[n], prefixes[p], strlen(prefixes[p])) != 0;
		if (keep)
			safe[kept++] = env[n];
	}
	return safe;
}

static int spawn(struct podnet *ctx, const char *path, int io, int err, int *pid)
{
	static char *const none[] = { NULL };
	char program[] = "podnet", command[] = "capi";
	char *argv[] = { program, command, NULL };
	char *const *env = ctx->env ? ctx->env : environ ? environ : none;
	char **safe = NULL;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t child = -1;
	int error;

	if (pn_is_privileged()) {
		safe = safe_env(env);
		if (!safe)
			return ENOMEM;
		env = safe;
	}
	if ((error = posix_spawn_file_actions_init(&actions)))
		goto free_env;
	if ((error = posix_spawnattr_init(&attributes)))
		goto destroy_actions;
	if (!(error = set_up(&actions, &attributes, io, err)))
		error = posix_spawn(&child, path, &actions, &attributes, argv, env);
	*pid = (int)child;
	posix_spawnattr_destroy(&attributes);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
free_env:
	free(safe);
	return error;
}

int pn_spawn(struct podnet *ctx, const char *path, struct pn_child *child)
{
	int io[2], err[2], error;
	char text[128];

	if (make_pair(io) < 0)
		return pn_fail_errno(ctx, "a socket to the program podnet", errno);
	if (make_pair(err) < 0) {
		error = errno;
		close(io[0]);
		close(io[1]);
		return pn_fail_errno(ctx, "a socket to the program podnet", error);
	}
	error = spawn(ctx, path, io[1], err[1], &child->pid);
	close(io[1]);
	close(err[1]);
	if (error) {
		close(io[0]);
		close(err[0]);
		if (error == EAGAIN || error == ENOMEM)
			return pn_fail_errno(ctx, "a process for the program podnet", error);
		return pn_fail(ctx, PODNET_ERR_HELPER_EXEC, "%.200s cannot be run: %s: install podnet of this machine's architecture there",
			       path, pn_errno_text(error, text, sizeof(text)));
	}
	child->io = io[0];
	child->err = err[0];
	/* The number of a child that has ended may be another process's, where SIGCHLD is
	 * ignored or somebody waits for all children. The child is waiting for its request,
	 * so now it still is the child's. */
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->pidfd >= 0 && child->pidfd <= STDERR_FILENO) {
		int low = child->pidfd;

		child->pidfd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low);
	}
	return PODNET_OK;
}

/* Waits by the process's descriptor. False: that cannot be. */
static bool wait_pidfd(const struct pn_child *child, int *status)
{
	siginfo_t info;
	int failed;

	if (child->pidfd < 0)
		return false;
	do {
		memset(&info, 0, sizeof(info));
		failed = waitid((idtype_t)PN_P_PIDFD, (id_t)child->pidfd, &info, WEXITED);
	} while (failed && errno == EINTR);
	if (failed && errno == EINVAL) /* Linux 5.3 */
		return false;
	if (failed)
		*status = -1;
	else
		*status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
	return true;
}

int pn_end(struct pn_child *child)
{
	int status = -1;
	pid_t pid;

	/* A process that is ending of its own accord ends as it was going to. */
	if (child->pidfd < 0 || syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0) < 0)
		if (child->pidfd < 0 || errno == ENOSYS || errno == EPERM)
			kill(child->pid, SIGKILL);
	if (!wait_pidfd(child, &status)) {
		do
			pid = waitpid(child->pid, &status, 0);
		while (pid < 0 && errno == EINTR);
		if (pid < 0)
			status = -1;
	}
	if (child->pidfd >= 0)
		close(child->pidfd);
	close(child->io);
	close(child->err);
	return status;
}
