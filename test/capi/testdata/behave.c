/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the library in the circumstances that the argument names, and fails if a call
 * leaves something behind or changes the process. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "podnet.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			dprintf(report, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
			exit(1); \
		} \
	} while (0)

/* Where failures are written, even if the standard descriptors are closed. */
static int report;

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = 0;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static int descriptors(void) { return entries("/proc/self/fd"); }
static int threads(void) { return entries("/proc/self/task"); }

static int children(void)
{
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : 1;
}

/* Asks once, and wants this result. */
static void ask(int want)
{
	struct podnet *ctx;
	struct podnet_pod *pod;
	int result;

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	result = podnet_discover(ctx, &pod);
	if (result != want)
		dprintf(report, "result %d: %s\n", result, podnet_error(ctx));
	CHECK(result == want);
	CHECK((want == PODNET_OK) == (pod != NULL));
	CHECK((want == PODNET_OK) == (podnet_error(ctx)[0] == '\0'));
	podnet_pod_free(pod);
	podnet_free(ctx);
}

/* A thousand calls leave no descriptor, thread or child. */
static void many(void)
{
	int fds, tasks;

	ask(PODNET_OK);
	fds = descriptors();
	tasks = threads();
	for (int n = 0; n < 1000; n++)
		ask(PODNET_OK);
	CHECK(descriptors() == fds);
	CHECK(threads() == tasks && tasks == 3); /* the main thread, "." and ".." */
	CHECK(children() == 0);
}

static void ignored(void)
{
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	for (int n = 0; n < 20; n++)
		ask(PODNET_OK);
	CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
	CHECK(children() == 0);
}

static volatile sig_atomic_t reaped;

static void reap(int signal)
{
	int before = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		reaped++;
	errno = before;
}

/* A handler that takes every child, also ours. */
static void handler(void)
{
	struct sigaction action = { .sa_handler = reap }, after;

	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	for (int n = 0; n < 20; n++)
		ask(PODNET_OK);
	CHECK(sigaction(SIGCHLD, NULL, &after) == 0 && after.sa_handler == reap);
	CHECK(children() == 0);
}

/* Another child of the program's is the program's to wait for. */
static void sibling(void)
{
	pid_t child = fork();
	int status;

	CHECK(child >= 0);
	if (child == 0)
		_exit(7);
	ask(PODNET_OK);
	CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
}

static void closed(void)
{
	int high = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);

	CHECK(high >= 100);
	report = high;
	for (int set = 0; set < 8; set++) {
		pid_t child = fork();
		int status;

		CHECK(child >= 0);
		if (child == 0) {
			for (int fd = 0; fd < 3; fd++)
				if (set & 1 << fd)
					close(fd);
			ask(PODNET_OK);
			for (int fd = 0; fd < 3; fd++)
				CHECK((fcntl(fd, F_GETFD) < 0) == ((set & 1 << fd) != 0));
			exit(0);
		}
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
}

/* Without a descriptor to have, the error says so. */
static void exhausted(void)
{
	struct podnet *ctx;
	struct podnet_pod *pod;
	int fds[4096], count = 0;

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	while (count < 4096 && (fds[count] = dup(STDERR_FILENO)) >= 0)
		count++;
	CHECK(count < 4096);
	for (int left = 0; left < 4; left++) {
		CHECK(podnet_discover(ctx, &pod) == PODNET_ERR_SYSTEM && !pod);
		CHECK(strstr(podnet_error(ctx), "open files"));
		close(fds[--count]);
	}
	while (count > 0)
		close(fds[--count]);
	CHECK(podnet_discover(ctx, &pod) == PODNET_OK);
	podnet_pod_free(pod);
	podnet_free(ctx);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *cancel_later(void *ctx)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	podnet_cancel(ctx);
	return NULL;
}

static struct podnet *signaled;

static void on_alarm(int signal)
{
	(void)signal;
	podnet_cancel(signaled);
}

/* Waits for a pod that never is ready, for as long as it is let. */
static void wait_canceled(struct podnet *ctx)
{
	struct podnet_pod *pod;
	double begin = now();

	CHECK(podnet_wait(ctx, 3600000, NULL, &pod) == PODNET_ERR_CANCELED && !pod);
	CHECK(now() - begin < 60);
	CHECK(strstr(podnet_error(ctx), "podnet_cancel"));
	CHECK(podnet_discover(ctx, &pod) == PODNET_ERR_CANCELED); /* it stays so */
	CHECK(children() == 0);
}

static void cancel(void)
{
	struct podnet *ctx;
	pthread_t thread;

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	CHECK(pthread_create(&thread, NULL, cancel_later, ctx) == 0);
	wait_canceled(ctx);
	pthread_join(thread, NULL);
	podnet_free(ctx);

	CHECK(podnet_new(&signaled, NULL) == PODNET_OK);
	CHECK(signal(SIGALRM, on_alarm) != SIG_ERR);
	alarm(1);
	wait_canceled(signaled);
	podnet_free(signaled);

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	podnet_cancel(ctx);
	wait_canceled(ctx);
	podnet_free(ctx);
}

static void *wait_forever(void *unused)
{
	struct podnet *ctx;
	struct podnet_pod *pod;

	(void)unused;
	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	podnet_wait(ctx, 1500, NULL, &pod);
	podnet_pod_free(pod);
	podnet_free(ctx);
	pthread_testcancel();
	return NULL;
}

/* A thread that is canceled within a call ends the call first. */
static void canceled_thread(void)
{
	pthread_t thread;
	void *result;
	int fds = descriptors();

	CHECK(pthread_create(&thread, NULL, wait_forever, NULL) == 0);
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
	CHECK(children() == 0);
	CHECK(descriptors() == fds);
}

static void *ask_often(void *unused)
{
	for (int n = 0; n < 25; n++)
		ask(PODNET_OK);
	return unused;
}

static void eight(void)
{
	pthread_t all[8];
	int fds = descriptors();

	for (int n = 0; n < 8; n++)
		CHECK(pthread_create(&all[n], NULL, ask_often, NULL) == 0);
	for (int n = 0; n < 8; n++)
		CHECK(pthread_join(all[n], NULL) == 0);
	CHECK(descriptors() == fds);
	CHECK(children() == 0);
}

/* Many threads read what one has asked for. */
static void *read_pod(void *shared)
{
	const struct podnet_pod *pod = shared;

	for (int n = 0; n < 1000; n++) {
		CHECK(podnet_cpus_count(podnet_pod_cpus(pod)) > 0);
		CHECK(podnet_pod_json(pod)[0] == '{');
		podnet_pod_find(pod, "net1");
	}
	return NULL;
}

static void readers(void)
{
	struct podnet *ctx;
	struct podnet_pod *pod;
	pthread_t all[8];

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK && podnet_discover(ctx, &pod) == PODNET_OK);
	podnet_free(ctx); /* the pod lives on */
	for (int n = 0; n < 8; n++)
		CHECK(pthread_create(&all[n], NULL, read_pod, pod) == 0);
	for (int n = 0; n < 8; n++)
		CHECK(pthread_join(all[n], NULL) == 0);
	podnet_pod_free(pod);
}

static void timeout(void)
{
	struct podnet *ctx;
	struct podnet_pod *pod;
	double begin = now();

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	CHECK(podnet_wait(ctx, 300, NULL, &pod) == PODNET_ERR_TIMEOUT && !pod);
	CHECK(now() - begin >= 0.3);
	CHECK(strstr(podnet_error(ctx), "still missing"));
	CHECK(podnet_error_problem_count(ctx) > 0);
	CHECK(podnet_problem_code(podnet_error_problem(ctx, 0)) == PODNET_CODE_NO_ANNOTATIONS);
	podnet_free(ctx);
}

/* What cannot be is refused, and NULL is no crash. */
static void arguments(void)
{
	struct podnet_options o = PODNET_OPTIONS_INIT;
	struct podnet_eal_options e = PODNET_EAL_OPTIONS_INIT;
	struct {
		struct podnet_options known;
		int later;
	} newer = { PODNET_OPTIONS_INIT, 0 };
	const char *bad[] = { "net\xff=x", NULL };
	static size_t zeros[8192];
	struct podnet *ctx;
	struct podnet_pod *pod;
	struct podnet_eal *eal;

	CHECK(podnet_new(NULL, NULL) == PODNET_ERR_INVALID);
	o.sz = 0;
	CHECK(podnet_new(&ctx, &o) == PODNET_ERR_INVALID && !ctx);
	o.sz = (size_t)-1; /* nobody has set it, and nobody can read as far */
	CHECK(podnet_new(&ctx, &o) == PODNET_ERR_INVALID && !ctx);
	o.sz = sizeof(zeros);
	memcpy(zeros, &o, sizeof(o));
	CHECK(podnet_new(&ctx, (void *)zeros) == PODNET_ERR_INVALID && !ctx);
	o.sz = sizeof(size_t); /* of an older program */
	CHECK(podnet_new(&ctx, &o) == PODNET_OK);
	podnet_free(ctx);
	newer.known.sz = sizeof(newer);
	CHECK(podnet_new(&ctx, &newer.known) == PODNET_OK);
	podnet_free(ctx);
	newer.later = 1;
	CHECK(podnet_new(&ctx, &newer.known) == PODNET_ERR_INVALID);
	o.sz = sizeof(o);
	o.timeout_ms = -1;
	CHECK(podnet_new(&ctx, &o) == PODNET_ERR_INVALID);
	o.timeout_ms = 0;
	o.hints = bad;
	CHECK(podnet_new(&ctx, &o) == PODNET_ERR_INVALID);

	CHECK(podnet_new(&ctx, NULL) == PODNET_OK);
	CHECK(strcmp(podnet_error(ctx), "") == 0);
	CHECK(podnet_discover(ctx, NULL) == PODNET_ERR_INVALID && podnet_error(ctx)[0]);
	CHECK(podnet_discover(NULL, &pod) == PODNET_ERR_INVALID && !pod);
	CHECK(podnet_wait(ctx, 0, NULL, &pod) == PODNET_ERR_INVALID && !pod);
	CHECK(podnet_wait(ctx, 100, bad, &pod) == PODNET_ERR_INVALID && !pod);
	CHECK(podnet_wait(NULL, 100, NULL, &pod) == PODNET_ERR_INVALID && !pod);
	CHECK(podnet_discover(ctx, &pod) == PODNET_OK);
	CHECK(podnet_eal_args(ctx, NULL, NULL, &eal) == PODNET_ERR_INVALID && !eal);
	CHECK(podnet_eal_args(ctx, pod, NULL, NULL) == PODNET_ERR_INVALID);
	e.sz = 0;
	CHECK(podnet_eal_args(ctx, pod, &e, &eal) == PODNET_ERR_INVALID && !eal);
	e.sz = sizeof(e);
	e.memory = (enum podnet_memory)3;
	CHECK(podnet_eal_args(ctx, pod, &e, &eal) == PODNET_ERR_INVALID && strstr(podnet_error(ctx), "memory"));
	e.memory = PODNET_MEMORY_AUTO;
	e.extra = bad;
	CHECK(podnet_eal_args(ctx, pod, &e, &eal) == PODNET_ERR_INVALID && strstr(podnet_error(ctx), "UTF-8"));
	e.extra = NULL;
	e.queues = 100000;
	CHECK(podnet_eal_args(ctx, pod, &e, &eal) == PODNET_ERR_INVALID && strstr(podnet_error(ctx), "100000"));
	CHECK(podnet_eal_args(ctx, pod, NULL, &eal) == PODNET_ERR_NOT_READY);
	CHECK(podnet_problem_code(podnet_error_problem(ctx, 0)) == PODNET_CODE_NO_PORTS);
	podnet_pod_free(pod);
	podnet_free(ctx);

	podnet_free(NULL);
	podnet_cancel(NULL);
	podnet_pod_free(NULL);
	podnet_eal_free(NULL);
	CHECK(strstr(podnet_error(NULL), "no handle"));
	CHECK(podnet_pod_interface_count(NULL) == 0 && !podnet_pod_interface(NULL, 0) && !podnet_pod_find(NULL, "x"));
	CHECK(!podnet_interface_name(NULL) && podnet_interface_mtu(NULL) == 0 && !podnet_interface_is_named(NULL));
	CHECK(podnet_pci_numa_node(NULL) == -1 && !podnet_pci_is_present(NULL) && podnet_socket_exists(NULL) == -1);
	CHECK(podnet_cpus_quota(NULL) < 0 && podnet_cpus_id(NULL, 0) == -1 && !podnet_cpus_allowed_on(NULL, 0));
	CHECK(podnet_hugepages_limit(NULL) == -1 && podnet_hugepages_node(NULL, 3) == -1);
	CHECK(podnet_problem_code(NULL) == PODNET_CODE_OTHER && podnet_interface_kind(NULL) == PODNET_KIND_OTHER);
	CHECK(!podnet_eal_argv(NULL) && podnet_eal_argc(NULL) == 0 && !podnet_eal_port_name(NULL, "x"));
	CHECK(podnet_strings_count(NULL) == 0 && !podnet_strings_get(NULL, 0));
	for (int result = 0; result >= -11; result--)
		CHECK(podnet_strerror(result)[0]);
	CHECK(strcmp(podnet_version(), "0.0.0") == 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "many", many },
	{ "ignored", ignored },
	{ "handler", handler },
	{ "sibling", sibling },
	{ "closed", closed },
	{ "exhausted", exhausted },
	{ "cancel", cancel },
	{ "canceled-thread", canceled_thread },
	{ "eight", eight },
	{ "readers", readers },
	{ "timeout", timeout },
	{ "arguments", arguments },
};

int main(int argc, char **argv)
{
	report = STDERR_FILENO;
	for (size_t n = 0; argc > 1 && n < sizeof(cases) / sizeof(cases[0]); n++) {
		if (strcmp(argv[1], cases[n].name) == 0) {
			cases[n].run();
			return 0;
		}
	}
	return 64;
}
