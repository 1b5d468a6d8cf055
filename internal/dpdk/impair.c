//go:build cgo && !nodpdk

/* Devices with faults, where no frame comes: worker.c calls these functions on
 * EAL's thread, before the lcore's loop begins and after it has ended. */

#include "impair.h"
#include "worker.h"

#include <stdlib.h>

struct impairer *
impair_new(const struct podnet_impairment *c)
{
	struct impairer *d = worker_zeroed(sizeof(*d) + c->capacity * sizeof(struct impair_waiting));

	if (d == NULL)
		return NULL;
	d->mask = c->capacity - 1;
	d->random = c->seed;
	d->begin = rte_rdtsc();
	return d;
}

void
impair_free(struct impairer *d)
{
	if (d == NULL)
		return;
	for (; d->head != d->tail; d->head++)
		rte_pktmbuf_free(d->queue[d->head & d->mask].m);
	for (; d->held_head != d->held_tail; d->held_head++)
		rte_pktmbuf_free(d->held[d->held_head % IMPAIR_MAX_HELD].m);
	free(d);
}
