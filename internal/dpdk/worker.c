//go:build cgo && !nodpdk

/* Workers: the streams that an lcore was given. Go makes, launches and waits for workers
 * on EAL's thread, and reads, stops and pauses them from any thread. */

#define _GNU_SOURCE
#include "generate.h"
#include "impair.h"
#include "verify.h"
#include "worker.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

/* It writes to all of the memory, so that a loop meets no page faults. */
void *
worker_zeroed(size_t size)
{
	void *p;

	if (posix_memalign(&p, RTE_CACHE_LINE_SIZE, size) != 0)
		return NULL;
	return memset(p, 0, size);
}

/* worker_stream_init makes what a stream's mode needs. */
static bool
worker_stream_init(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;

	switch (c->mode) {
	case PODNET_GENERATE:
		return generate_init(s);
	case PODNET_VERIFY:
		return verify_init(s);
	case PODNET_IMPAIR:
		s->impairer = impair_new(&c->impair);
		return s->impairer != NULL;
	case PODNET_REFLECT:
		s->seed = stamp_seed(c->signature);
		return true;
	}
	return true;
}

struct podnet_worker *
podnet_worker_new(const struct podnet_stream_config *streams, unsigned n, int socket)
{
	size_t size = sizeof(struct podnet_worker) + n * sizeof(struct stream);
	struct podnet_worker *w = rte_zmalloc_socket("podnet_worker", size, RTE_CACHE_LINE_SIZE, socket);
	unsigned i;

	if (w == NULL) /* no memory on that node */
		w = rte_zmalloc("podnet_worker", size, RTE_CACHE_LINE_SIZE);
	if (w == NULL)
		return NULL;
	w->n = n;
	for (i = 0; i < n; i++) {
		w->streams[i].cfg = streams[i];
		if (!worker_stream_init(&w->streams[i])) {
			podnet_worker_free(w);
			return NULL;
		}
	}
	return w;
}

void
podnet_worker_free(struct podnet_worker *w)
{
	unsigned i;

	for (i = 0; i < w->n; i++) {
		burst_drop_pending(&w->streams[i]);
		impair_free(w->streams[i].impairer);
		free(w->streams[i].verifier);
		free(w->streams[i].flows);
	}
	rte_free(w);
}

static int
worker_nap(void)
{
	return usleep(1);
}

/* worker_leave lets an lcore leave its CPU if it shares it with the main one. Lcores that
 * need each other yield. A single one sleeps for a moment: a thread that yields also loses
 * its place in the queue, and gets 1 % of the CPU beside a process that computes. */
static int (*worker_leave(unsigned lcore))(void)
{
	unsigned other, cpu = podnet_cpu_of(lcore);

	if (lcore == rte_get_main_lcore() || cpu != podnet_cpu_of(rte_get_main_lcore()))
		return NULL;
	RTE_LCORE_FOREACH_WORKER(other) {
		if (other != lcore && podnet_cpu_of(other) == cpu)
			return sched_yield;
	}
	return worker_nap;
}

int
podnet_worker_launch(struct podnet_worker *w, unsigned lcore)
{
	w->leave = worker_leave(lcore);
	return grace_launch(w, lcore);
}

void
podnet_worker_stop_tx(struct podnet_worker *w)
{
	__atomic_store_n(&w->stop_tx, true, __ATOMIC_RELAXED);
}

void
podnet_worker_stop(struct podnet_worker *w)
{
	__atomic_or_fetch(&w->control, WORKER_STOP, __ATOMIC_RELEASE);
}

void
podnet_worker_pause(struct podnet_worker *w, bool pause)
{
	if (pause)
		__atomic_or_fetch(&w->control, WORKER_PAUSE, __ATOMIC_RELEASE);
	else
		__atomic_and_fetch(&w->control, (uint8_t)~WORKER_PAUSE, __ATOMIC_RELEASE);
}

/* worker_uses tells whether a stream calls the port's driver. A stream on a ring
 * does not. */
static bool
worker_uses(const struct podnet_stream_config *c, uint16_t port)
{
	bool sends = c->mode != PODNET_RXONLY && c->mode != PODNET_VERIFY;
	bool receives = c->mode != PODNET_TXONLY && c->mode != PODNET_GENERATE;

	return c->ring == NULL && ((sends && c->tx_port == port) || (receives && c->rx_port == port));
}

void
podnet_worker_park(struct podnet_worker *w, uint16_t port, bool park)
{
	for (unsigned i = 0; i < w->n; i++)
		if (worker_uses(&w->streams[i].cfg, port))
			__atomic_store_n(&w->streams[i].parked, park, __ATOMIC_RELEASE);
}

uint64_t
podnet_worker_turns(const struct podnet_worker *w)
{
	return __atomic_load_n(&w->turns, __ATOMIC_ACQUIRE);
}

void
podnet_worker_wait(unsigned lcore)
{
	grace_wait(lcore);
}

unsigned
podnet_worker_question(struct podnet_worker *w, unsigned stream, uint8_t *frame)
{
	return letters_take(&w->streams[stream].questions, frame);
}

bool
podnet_worker_answer(struct podnet_worker *w, unsigned stream, const uint8_t *frame, unsigned len)
{
	struct stream *s = &w->streams[stream];
	/* The bytes of an mbuf behind a head that is copied whole stay zero. */
	unsigned most = s->cfg.mode == PODNET_VERIFY || s->cfg.stamp_offset + STAMP_LEN > 64 ? PODNET_HEAD : 64;

	return s->cfg.pool != NULL && len > 0 && len <= most && letters_put(&s->answers, frame, len);
}

void
podnet_worker_bursts(const struct podnet_worker *w, unsigned stream, uint64_t *out)
{
	for (unsigned i = 0; i <= PODNET_BURST; i++)
		out[i] = __atomic_load_n(&w->streams[stream].bursts[i], __ATOMIC_RELAXED);
}

int
podnet_worker_tid(const struct podnet_worker *w)
{
	return __atomic_load_n(&w->tid, __ATOMIC_RELAXED);
}

void
podnet_worker_read(const struct podnet_worker *w, unsigned stream, struct podnet_counters *out)
{
	const struct podnet_counters *c = &w->streams[stream].count;

	*out = (struct podnet_counters){
		.rx_packets = __atomic_load_n(&c->rx_packets, __ATOMIC_RELAXED),
		.rx_other = __atomic_load_n(&c->rx_other, __ATOMIC_RELAXED),
		.rx_truncated = __atomic_load_n(&c->rx_truncated, __ATOMIC_RELAXED),
		.rx_extended = __atomic_load_n(&c->rx_extended, __ATOMIC_RELAXED),
		.rx_damaged = __atomic_load_n(&c->rx_damaged, __ATOMIC_RELAXED),
		.rx_retagged = __atomic_load_n(&c->rx_retagged, __ATOMIC_RELAXED),
		.rx_tags = __atomic_load_n(&c->rx_tags, __ATOMIC_RELAXED),
		.tx_packets = __atomic_load_n(&c->tx_packets, __ATOMIC_RELAXED),
		.tx_refused = __atomic_load_n(&c->tx_refused, __ATOMIC_RELAXED),
		.rx_bytes = __atomic_load_n(&c->rx_bytes, __ATOMIC_RELAXED),
		.tx_bytes = __atomic_load_n(&c->tx_bytes, __ATOMIC_RELAXED),
		.offered = __atomic_load_n(&c->offered, __ATOMIC_RELAXED),
		.begin = __atomic_load_n(&c->begin, __ATOMIC_RELAXED),
		.end = __atomic_load_n(&c->end, __ATOMIC_RELAXED),
		.late = __atomic_load_n(&c->late, __ATOMIC_RELAXED),
		.max_late = __atomic_load_n(&c->max_late, __ATOMIC_RELAXED),
		.max_backlog = __atomic_load_n(&c->max_backlog, __ATOMIC_RELAXED),
		.refused_late = __atomic_load_n(&c->refused_late, __ATOMIC_RELAXED),
		.max_gap = __atomic_load_n(&c->max_gap, __ATOMIC_RELAXED),
		.duplicates = __atomic_load_n(&c->duplicates, __ATOMIC_RELAXED),
		.reordered = __atomic_load_n(&c->reordered, __ATOMIC_RELAXED),
		.missing = __atomic_load_n(&c->missing, __ATOMIC_RELAXED),
		.dropped = __atomic_load_n(&c->dropped, __ATOMIC_RELAXED),
		.overflowed = __atomic_load_n(&c->overflowed, __ATOMIC_RELAXED),
		.duplicated = __atomic_load_n(&c->duplicated, __ATOMIC_RELAXED),
		.held = __atomic_load_n(&c->held, __ATOMIC_RELAXED),
	};
}
