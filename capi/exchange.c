/* SPDX-License-Identifier: Apache-2.0 */

/* One request to the helper and its answer, with the time limit. pn_ask() of request.c
 * calls it, on the thread that owns the handle. */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

/* What of the helper's standard error an error quotes. */
#define MAX_COMPLAINT 300

/* podnet's exit code for wrong usage, which one without the command capi has. */
#define EXIT_USAGE 64

struct talk {
	struct pn_child child;
	const char *request;
	size_t sent, request_length;
	char *answer;
	size_t length, capacity;
	char complaint[MAX_COMPLAINT + 1];
	size_t complained;
	bool err_open;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_retry(int error)
{
	return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

static void send_more(struct talk *t)
{
	ssize_t n = send(t->child.io, t->request + t->sent, t->request_length - t->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		t->sent += (size_t)n;
	else if (!is_retry(errno))
		t->sent = t->request_length; /* it has gone, which reading tells */
}

/* Reads what is there. 1: there may be more; 0: it was all; below 0: an error. */
static int read_more(struct podnet *ctx, struct talk *t)
{
	ssize_t n;

	if (t->length == t->capacity) {
		size_t capacity = t->capacity ? t->capacity * 2 : 16384;
		char *answer;

		if (t->length >= PN_MAX_ANSWER)
			return pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "podnet's answer is above %zu MiB", PN_MAX_ANSWER >> 20);
		answer = realloc(t->answer, capacity);
		if (!answer)
			return pn_fail_memory(ctx);
		t->answer = answer;
		t->capacity = capacity;
	}
	n = recv(t->child.io, t->answer + t->length, t->capacity - t->length, MSG_DONTWAIT);
	if (n < 0)
		return is_retry(errno) ? 1 : 0;
	t->length += (size_t)n;
	return n > 0;
}

/* Takes what the helper complains of, so that it never waits for a reader. */
static void read_complaint(struct talk *t)
{
	char text[1024];
	ssize_t n = recv(t->child.err, text, sizeof(text), MSG_DONTWAIT);

	if (n <= 0) {
		t->err_open = n < 0 && is_retry(errno);
		return;
	}
	for (ssize_t i = 0; i < n && t->complained < MAX_COMPLAINT; i++) {
		unsigned char c = (unsigned char)text[i];

		t->complaint[t->complained++] = c < ' ' || c == 0x7f ? ' ' : (char)c;
	}
}

/* Reads what a helper that has ended left behind. */
static int read_rest(struct podnet *ctx, struct talk *t)
{
	size_t before;
	int more;

	do {
		before = t->length;
		more = read_more(ctx, t);
	} while (more > 0 && t->length > before);
	return more < 0 ? more : PODNET_OK;
}

/* Sends and reads until the helper has ended its answer, or itself: where another thread
 * forks meanwhile, its child has the helper's ends of the sockets, and they stay open. */
static int converse(struct podnet *ctx, struct talk *t, int64_t deadline, int timeout_ms)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = t->child.io, .events = (short)(POLLIN | (t->sent < t->request_length ? POLLOUT : 0)) },
			{ .fd = ctx->cancel_fd, .events = POLLIN },
			{ .fd = t->err_open ? t->child.err : -1, .events = POLLIN },
			{ .fd = t->child.pidfd, .events = POLLIN },
		};
		int64_t left = deadline - now_ms();
		int ready = poll(fds, sizeof(fds) / sizeof(fds[0]), left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);
		int more;

		if (ready < 0 && errno != EINTR)
			return pn_fail_errno(ctx, "waiting for the program podnet", errno);
		if (ready > 0 && fds[1].revents)
			return pn_fail(ctx, PODNET_ERR_CANCELED, "canceled by podnet_cancel: make another handle to ask again");
		if (ready == 0 && left <= 0)
			return pn_fail(ctx, PODNET_ERR_TIMEOUT,
				       "podnet gave no answer within %d ms: see what slows the container down, or raise the option timeout_ms",
				       timeout_ms);
		if (ready <= 0)
			continue;
		if (fds[2].revents)
			read_complaint(t);
		if (fds[3].revents)
			return read_rest(ctx, t);
		if (fds[0].revents & POLLOUT)
			send_more(t);
		if (!(fds[0].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		more = read_more(ctx, t);
		if (more <= 0)
			return more;
	}
}

/* Judges how the helper ended. An answer has to be the work of one that ended well. */
static int judge(struct podnet *ctx, const struct talk *t, const char *path, int status)
{
	const char *colon = t->complained ? ": " : "";

	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE && t->length == 0)
		return pn_fail(ctx, PODNET_ERR_HELPER_VERSION,
			       "%.200s is of another version than the library (%s): install both from one release%s%s", path, podnet_version(),
			       colon, t->complaint);
	if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "%.200s ended with exit code %d: run it by hand%s%s", path, WEXITSTATUS(status),
			       colon, t->complaint);
	/* SIGKILL is ours, for one that had closed its output. */
	if (status >= 0 && WIFSIGNALED(status) && (WTERMSIG(status) != SIGKILL || t->length == 0))
		return pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "%.200s was ended by signal %d: %s%s%s", path, WTERMSIG(status),
			       WTERMSIG(status) == SIGKILL ? "see whether the container is short of memory" : "run it by hand", colon,
			       t->complaint);
	if (t->length == 0)
		return pn_fail(ctx, PODNET_ERR_HELPER_FAILED, "%.200s gave no answer: run it by hand%s%s", path, colon, t->complaint);
	return PODNET_OK;
}

static int talk_to(struct podnet *ctx, const char *path, struct talk *t, int timeout_ms)
{
	int64_t deadline = now_ms() + timeout_ms;
	int result = pn_spawn(ctx, path, &t->child);
	int status;

	if (result < 0)
		return result;
	t->err_open = true;
	result = converse(ctx, t, deadline, timeout_ms);
	while (result == PODNET_OK && t->err_open && t->complained < MAX_COMPLAINT) {
		size_t before = t->complained;

		read_complaint(t);
		if (t->complained == before)
			break;
	}
	status = pn_end(&t->child);
	return result < 0 ? result : judge(ctx, t, path, status);
}

int pn_exchange(struct podnet *ctx, const char *request, int timeout_ms, char **answer, size_t *length)
{
	struct talk t = { .request = request, .request_length = strlen(request) };
	int cancelable, result;
	char *path;

	*answer = NULL;
	result = pn_find_helper(ctx, &path);
	if (result < 0)
		return result;
	/* A thread that is canceled within would leave a child behind. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelable);
	result = talk_to(ctx, path, &t, timeout_ms);
	pthread_setcancelstate(cancelable, NULL);
	free(path);
	if (result < 0) {
		free(t.answer);
		return result;
	}
	*answer = t.answer;
	*length = t.length;
	return PODNET_OK;
}
