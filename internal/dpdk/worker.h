/* A worker: the streams that one lcore serves. Its loop (loop.c) runs on the
 * lcore's thread; worker.c and grace.c say which of EAL's and Go's threads call them. */
#ifndef PODNET_WORKER_H
#define PODNET_WORKER_H

#include "stream.h"

#include <rte_launch.h>
#include <rte_rcu_qsbr.h>

/* The commands of podnet_worker.control. */
#define WORKER_STOP 1
#define WORKER_PAUSE 2

struct podnet_worker {
	uint8_t control;           /* atomic, written by Go: WORKER_STOP and WORKER_PAUSE, or 0 */
	bool stop_tx;              /* atomic, written by Go */
	int tid;                   /* atomic, written by the loop */
	uint64_t turns;            /* atomic, written by the loop: how often it has served all its streams */
	int (*leave)(void);        /* leaves the CPU to others for a moment; NULL: it is this lcore's alone */
	unsigned n;
	struct stream streams[] __rte_cache_aligned;
};

/* loop_of is the loop for the modes of the worker's streams (loop.c). */
lcore_function_t *loop_of(const struct podnet_worker *w);

/* worker_zeroed allocates memory that no device sees, so that it need not be
 * EAL's, which is scarce (worker.c). free frees it. */
void *worker_zeroed(size_t size);

/* The loops' quiescent states: a loop touches no port between two turns (grace.c). */
extern struct rte_rcu_qsbr *grace_qsbr;
/* Whether this thread is in a loop, which cannot wait for itself. */
extern __thread bool grace_in_loop;

/* grace_launch launches the worker, and grace_wait waits until its loop has
 * ended; between them the lcore takes part in grace periods (grace.c). */
int grace_launch(struct podnet_worker *w, unsigned lcore);
void grace_wait(unsigned lcore);

#endif
