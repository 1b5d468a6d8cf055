//go:build cgo && !nodpdk

/* Starting and ending EAL. Go calls these functions on EAL's thread, except for
 * log_write, which runs on whatever thread of DPDK's logs, and the signal
 * handlers, which run on the thread at fault. */

#define _GNU_SOURCE
#include "dpdk.h"
#include "interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_version.h>

const char *
podnet_version(void)
{
	return rte_version();
}

const char *
podnet_strerror(int err)
{
	return rte_strerror(err < 0 ? -err : err);
}

/* numa_available shadows libnuma's. Under a seccomp profile that forbids
 * get_mempolicy (RuntimeDefault without CAP_SYS_NICE) libnuma before 2.0.19 says
 * that NUMA is there, and EAL then takes each page for failed because it cannot
 * ask where it lies. Without NUMA, EAL does not ask. */
int numa_available(void);
__attribute__((visibility("default"))) int
numa_available(void)
{
	int mode;

	return syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) < 0 ? -1 : 0;
}

/* --- log --- */

static int log_wfd = -1;
static char last_error[1024]; /* what DPDK logged last at error level or worse */

static ssize_t
log_write(void *cookie, const char *text, size_t len)
{
	char level = '0' + rte_log_cur_msg_loglevel() % 10, end = '\0';
	struct iovec record[] = { { &level, 1 }, { (void *)(uintptr_t)text, len }, { &end, 1 } };

	(void)cookie;
	if (level <= '0' + (int)RTE_LOG_ERR)
		snprintf(last_error, sizeof(last_error), "%.*s", (int)len, text);
	/* The pipe does not block: a reader that fell behind loses records, and
	 * the thread that logs never waits. */
	(void)!writev(log_wfd, record, 3);
	return len;
}

int
podnet_log_open(int wfd)
{
	cookie_io_functions_t io = { .write = log_write };
	FILE *f = fopencookie(NULL, "w", io);

	if (f == NULL)
		return -ENOMEM;
	log_wfd = wfd;
	return rte_openlog_stream(f);
}

/* --- the end that DPDK chooses --- */

static char **guarded_paths;
static volatile sig_atomic_t in_init, eal_thread_known;
static pthread_t eal_thread;

static bool
on_eal_thread(void)
{
	return eal_thread_known && pthread_equal(pthread_self(), eal_thread);
}

/* last_words runs on a process that is about to end, in a signal handler too:
 * what DPDK logged last is the only explanation there will be. */
static void
last_words(const char *how, const char *why, int status)
{
	char **p;

	(void)!write(STDERR_FILENO, how, strlen(how));
	(void)!write(STDERR_FILENO, why, strlen(why));
	for (p = guarded_paths; p != NULL && *p != NULL; p++)
		if (unlink(*p) != 0)
			rmdir(*p);
	_exit(status);
}

static void
on_abort(int sig)
{
	(void)sig;
	last_words("testpmd-wrapper: DPDK aborted: ", last_error, 1);
}

static void
on_exit_in_init(void)
{
	if (in_init)
		last_words("testpmd-wrapper: DPDK ended the process: ", last_error, 1);
}

static struct sigaction go_bus; /* the Go runtime's handler of SIGBUS */

/* on_bus runs where a page cannot be had. On EAL's thread it is one of DPDK's, whose
 * files are mapped before they have room; elsewhere it is for Go. */
static void
on_bus(int sig, siginfo_t *info, void *context)
{
	struct statvfs fs;

	if (!on_eal_thread()) {
		if (go_bus.sa_flags & SA_SIGINFO)
			go_bus.sa_sigaction(sig, info, context);
		else
			signal(sig, SIG_DFL); /* and it comes again */
		return;
	}
	if (statvfs(rte_eal_get_runtime_dir(), &fs) != 0 || fs.f_bavail > 0)
		last_words("testpmd-wrapper: DPDK: a page of its memory cannot be had (SIGBUS): "
			   "give the pod more memory, or fewer ports and queues\n", "", 3);
	(void)!write(STDERR_FILENO, "testpmd-wrapper: ", 17);
	last_words(rte_eal_get_runtime_dir(), ": DPDK's runtime directory is full: make room there, "
		   "or set RUNTIME_DIRECTORY to a directory that has some\n", 3);
}

void
podnet_guard(char **unlink_paths)
{
	struct sigaction sa = { .sa_handler = on_abort, .sa_flags = SA_ONSTACK };
	struct sigaction bus = { .sa_sigaction = on_bus, .sa_flags = SA_ONSTACK | SA_SIGINFO };

	guarded_paths = unlink_paths;
	sigaction(SIGABRT, &sa, NULL);
	sigaction(SIGBUS, &bus, &go_bus);
	atexit(on_exit_in_init);
}

/* --- EAL --- */

/* As long a sleep tells the TSC's frequency. */
#define EAL_TSC_NS 10000000

/* nanosleep shadows the C library's. Where the CPU does not tell the frequency of its TSC
 * (AMD's, and many virtual ones), EAL reads two clocks, sleeps for 100 ms, which is most
 * of a start, and reads them again. A tenth of that gives the same figure, which EAL
 * rounds. Nothing else on its thread sleeps before the frequency is known. */
__attribute__((visibility("default"))) int
nanosleep(const struct timespec *wanted, struct timespec *left)
{
	const struct timespec enough = { .tv_nsec = EAL_TSC_NS };
	int err;

	if (in_init && on_eal_thread() && rte_get_tsc_hz() == 0 && (wanted->tv_sec > 0 || wanted->tv_nsec > EAL_TSC_NS))
		wanted = &enough;
	err = clock_nanosleep(CLOCK_REALTIME, 0, wanted, left);
	if (err != 0)
		errno = err;
	return err == 0 ? 0 : -1;
}

int
podnet_eal_init(int argc, char **argv)
{
	sigset_t all, old;
	FILE *out = stdout, *nowhere = fopen("/dev/null", "w");
	int ret;

	/* On arguments that it does not take EAL prints its usage to stdout, where
	 * results go. */
	if (nowhere != NULL)
		stdout = nowhere;
	/* The threads that EAL makes inherit this mask: signals are for Go's
	 * threads, whose handlers must not run in the middle of a packet loop. */
	sigfillset(&all);
	sigdelset(&all, SIGABRT);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	eal_thread = pthread_self();
	eal_thread_known = 1;
	in_init = 1;
	ret = rte_eal_init(argc, argv);
	in_init = 0;
	stdout = out;
	if (nowhere != NULL)
		fclose(nowhere);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret < 0)
		return rte_errno > 0 ? -rte_errno : PODNET_NO_REASON; /* EAL sets it on some of its ways out only */
	return rte_eal_process_type() == RTE_PROC_PRIMARY ? 0 : PODNET_SECONDARY;
}

/* rte_eal_cleanup unmaps DPDK's memory (unless it is --in-memory) and lets the
 * interrupt thread run on, which then meets sources that are gone. */
int
podnet_eal_cleanup(void)
{
	int ret = interrupt_hold();

	return ret != 0 ? ret : rte_eal_cleanup();
}

unsigned
podnet_cpu_of(unsigned lcore)
{
	rte_cpuset_t set = rte_lcore_cpuset(lcore);
	unsigned cpu;

	for (cpu = 0; cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set); cpu++)
		;
	return cpu;
}

unsigned
podnet_lcores(struct podnet_lcore *out, unsigned n)
{
	unsigned id, i = 0;

	RTE_LCORE_FOREACH(id) {
		if (i < n)
			out[i] = (struct podnet_lcore){
				.id = id,
				.cpu = podnet_cpu_of(id),
				.socket = rte_lcore_to_socket_id(id),
				.main = id == rte_get_main_lcore(),
			};
		i++;
	}
	return i;
}

void
podnet_clock(uint64_t *tsc, uint64_t *nanoseconds)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	*tsc = rte_rdtsc();
	*nanoseconds = (uint64_t)ts.tv_sec * 1000000000u + ts.tv_nsec;
}
