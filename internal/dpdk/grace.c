//go:build cgo && !nodpdk

/* A grace period before memory goes that a peer shared. munmap runs on whatever
 * thread unmaps, mostly EAL's interrupt thread; worker.c calls the rest on EAL's
 * main thread. */

#define _GNU_SOURCE
#include "worker.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_lcore.h>

/* The workers that are in their loops, by lcore. */
static struct podnet_worker *running[RTE_MAX_LCORE];
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;

/* How long a grace period lasts at most, in steps of 50 us: a worker that is not
 * scheduled for a tenth of a second, or that waits for the very thread that
 * unmaps, must not hold it up for ever. */
#define GRACE_STEPS 2000
#define GRACE_US 50

/* munmap shadows the C library's, for the drivers. When a memif peer hangs up,
 * EAL's interrupt thread marks the port as disconnected and unmaps the peer's
 * rings at once, while an lcore may be in the middle of a burst on them (as of
 * DPDK 24.11). So the mapping goes only when every worker has begun another
 * turn, in which it sees the mark. */
__attribute__((visibility("default"))) int
munmap(void *addr, size_t len)
{
	unsigned self = rte_lcore_id(), lcore, step;

	if (self >= RTE_MAX_LCORE || running[self] == NULL) {
		pthread_mutex_lock(&running_lock);
		for (lcore = 0; lcore < RTE_MAX_LCORE; lcore++) {
			const struct podnet_worker *w = running[lcore];
			uint64_t seen = w != NULL ? __atomic_load_n(&w->turns, __ATOMIC_ACQUIRE) : 0;

			for (step = 0; w != NULL && step < GRACE_STEPS; step++) {
				if (__atomic_load_n(&w->turns, __ATOMIC_ACQUIRE) != seen)
					break;
				usleep(GRACE_US);
			}
		}
		pthread_mutex_unlock(&running_lock);
	}
	return syscall(SYS_munmap, addr, len);
}

int
grace_launch(struct podnet_worker *w, unsigned lcore)
{
	int ret;

	pthread_mutex_lock(&running_lock);
	ret = rte_eal_remote_launch(loop_of(w), w, lcore);
	if (ret == 0)
		running[lcore] = w;
	pthread_mutex_unlock(&running_lock);
	return ret;
}

void
grace_wait(unsigned lcore)
{
	rte_eal_wait_lcore(lcore);
	pthread_mutex_lock(&running_lock);
	running[lcore] = NULL;
	pthread_mutex_unlock(&running_lock);
}
