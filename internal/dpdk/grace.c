//go:build cgo && !nodpdk

/* Grace periods: how long memory and ports must stay while a loop may be using them.
 * munmap runs on the thread that unmaps, mostly EAL's interrupt thread. worker.c calls the
 * other functions on EAL's main thread, and each loop reports on its own thread. */

#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_lcore.h>

struct rte_rcu_qsbr *grace_qsbr;
__thread bool grace_in_loop;

#define GRACE_STEP_US 50

/* The longest time that munmap waits. A loop may hang, or wait for the thread that unmaps:
 * it must not hold that thread up for ever. A CPU quota can keep a loop from its CPU for
 * some tenths of a second. */
#define GRACE_UNMAP_US 1000000

int
podnet_grace(uint32_t microseconds)
{
	uint64_t token;
	uint32_t waited;

	if (grace_qsbr == NULL)
		return 0; /* no loop has run yet */
	token = rte_rcu_qsbr_start(grace_qsbr);
	for (waited = 0; rte_rcu_qsbr_check(grace_qsbr, token, false) == 0; waited += GRACE_STEP_US) {
		if (waited >= microseconds)
			return -ETIMEDOUT;
		usleep(GRACE_STEP_US);
	}
	return 0;
}

/* munmap shadows the C library's, for the drivers. When a memif peer hangs up,
 * EAL's interrupt thread marks the port as disconnected and unmaps the peer's
 * rings at once, while an lcore may be in the middle of a burst on them (as of
 * DPDK 24.11). So the mapping goes only when every loop has ended its current turn; in
 * the next one it sees the mark. */
__attribute__((visibility("default"))) int
munmap(void *addr, size_t len)
{
	if (!grace_in_loop)
		(void)podnet_grace(GRACE_UNMAP_US);
	return syscall(SYS_munmap, addr, len);
}

int
grace_launch(struct podnet_worker *w, unsigned lcore)
{
	int ret;

	if (grace_qsbr == NULL) {
		struct rte_rcu_qsbr *q = worker_zeroed(rte_rcu_qsbr_get_memsize(RTE_MAX_LCORE));

		if (q == NULL || rte_rcu_qsbr_init(q, RTE_MAX_LCORE) != 0)
			return -ENOMEM;
		__atomic_store_n(&grace_qsbr, q, __ATOMIC_RELEASE); /* kept as long as the process */
	}
	if (rte_eal_get_lcore_state(lcore) != WAIT)
		return -EBUSY; /* whose loop must stay registered */
	(void)rte_rcu_qsbr_thread_register(grace_qsbr, lcore);
	ret = rte_eal_remote_launch(loop_of(w), w, lcore);
	if (ret != 0)
		(void)rte_rcu_qsbr_thread_unregister(grace_qsbr, lcore);
	return ret;
}

void
grace_wait(unsigned lcore)
{
	rte_eal_wait_lcore(lcore);
	if (grace_qsbr != NULL)
		(void)rte_rcu_qsbr_thread_unregister(grace_qsbr, lcore);
}
