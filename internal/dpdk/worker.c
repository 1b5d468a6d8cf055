//go:build cgo && !nodpdk

/* What an lcore has been given to do: made, launched, read and freed by Go. */

#define _GNU_SOURCE
#include "generate.h"
#include "impair.h"
#include "verify.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

/* --- a grace period for memory that a peer shared --- */

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

/* --- what Go calls --- */

struct prepared {
	const void *frame;
	uint16_t len;
};

static void
prepare_one(struct rte_mempool *pool, void *arg, void *obj, unsigned idx)
{
	const struct prepared *p = arg;
	struct rte_mbuf *m = obj;

	(void)pool;
	(void)idx;
	memcpy((char *)m->buf_addr + RTE_PKTMBUF_HEADROOM, p->frame, p->len);
}

int
podnet_pool_prepare(struct rte_mempool *pool, const void *frame, uint16_t len)
{
	struct prepared p = { frame, len };

	if (len > rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM)
		return -EMSGSIZE;
	rte_mempool_obj_iter(pool, prepare_one, &p);
	return 0;
}

/* zeroed allocates memory that no device sees, so that it need not be EAL's,
 * which is scarce. It writes to all of it, lest a loop meet page faults. */
static void *
zeroed(size_t size)
{
	void *p;

	if (posix_memalign(&p, RTE_CACHE_LINE_SIZE, size) != 0)
		return NULL;
	return memset(p, 0, size);
}

/* stream_init makes what a stream's mode needs. */
static bool
stream_init(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;
	uint32_t i;

	switch (c->mode) {
	case PODNET_GENERATE:
		generate_init(s);
		return true;
	case PODNET_VERIFY:
		s->verifier = zeroed(sizeof(struct verifier) + c->flows * sizeof(struct flow));
		for (i = 0; s->verifier != NULL && i < c->flows; i++)
			s->verifier->flows[i].next = c->first_number;
		return s->verifier != NULL;
	case PODNET_IMPAIR:
		s->impairer = zeroed(sizeof(struct impairer) + c->impair.capacity * sizeof(struct waiting));
		if (s->impairer == NULL)
			return false;
		s->impairer->mask = c->impair.capacity - 1;
		s->impairer->random = c->impair.seed;
		s->impairer->begin = rte_rdtsc();
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
		if (!stream_init(&w->streams[i])) {
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
		struct stream *s = &w->streams[i];

		drop_pending(s);
		if (s->impairer != NULL)
			discard(s->impairer);
		free(s->impairer);
		free(s->verifier);
	}
	rte_free(w);
}

int
podnet_worker_launch(struct podnet_worker *w, unsigned lcore)
{
	int ret;

	w->share = rte_get_main_lcore() != lcore && podnet_cpu_of(lcore) == podnet_cpu_of(rte_get_main_lcore());
	pthread_mutex_lock(&running_lock);
	ret = rte_eal_remote_launch(podnet_loop_of(w), w, lcore);
	if (ret == 0)
		running[lcore] = w;
	pthread_mutex_unlock(&running_lock);
	return ret;
}

void
podnet_worker_stop_tx(struct podnet_worker *w)
{
	__atomic_store_n(&w->stop_tx, true, __ATOMIC_RELAXED);
}

void
podnet_worker_stop(struct podnet_worker *w)
{
	__atomic_or_fetch(&w->control, STOP, __ATOMIC_RELEASE);
}

void
podnet_worker_pause(struct podnet_worker *w, bool pause)
{
	if (pause)
		__atomic_or_fetch(&w->control, PAUSE, __ATOMIC_RELEASE);
	else
		__atomic_and_fetch(&w->control, (uint8_t)~PAUSE, __ATOMIC_RELEASE);
}

uint64_t
podnet_worker_turns(const struct podnet_worker *w)
{
	return __atomic_load_n(&w->turns, __ATOMIC_ACQUIRE);
}

void
podnet_worker_wait(unsigned lcore)
{
	rte_eal_wait_lcore(lcore);
	pthread_mutex_lock(&running_lock);
	running[lcore] = NULL;
	pthread_mutex_unlock(&running_lock);
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
		.tx_packets = __atomic_load_n(&c->tx_packets, __ATOMIC_RELAXED),
		.tx_refused = __atomic_load_n(&c->tx_refused, __ATOMIC_RELAXED),
		.rx_bytes = __atomic_load_n(&c->rx_bytes, __ATOMIC_RELAXED),
		.tx_bytes = __atomic_load_n(&c->tx_bytes, __ATOMIC_RELAXED),
		.offered = __atomic_load_n(&c->offered, __ATOMIC_RELAXED),
		.begin = __atomic_load_n(&c->begin, __ATOMIC_RELAXED),
		.end = __atomic_load_n(&c->end, __ATOMIC_RELAXED),
		.late = __atomic_load_n(&c->late, __ATOMIC_RELAXED),
		.max_late = __atomic_load_n(&c->max_late, __ATOMIC_RELAXED),
		.duplicates = __atomic_load_n(&c->duplicates, __ATOMIC_RELAXED),
		.reordered = __atomic_load_n(&c->reordered, __ATOMIC_RELAXED),
		.missing = __atomic_load_n(&c->missing, __ATOMIC_RELAXED),
		.dropped = __atomic_load_n(&c->dropped, __ATOMIC_RELAXED),
		.overflowed = __atomic_load_n(&c->overflowed, __ATOMIC_RELAXED),
		.duplicated = __atomic_load_n(&c->duplicated, __ATOMIC_RELAXED),
		.held = __atomic_load_n(&c->held, __ATOMIC_RELAXED),
	};
}

unsigned
podnet_worker_times(const struct podnet_worker *w, unsigned stream, unsigned *from, struct podnet_time *out, unsigned n)
{
	const struct verifier *v = w->streams[stream].verifier;
	unsigned filled = 0;

	if (v == NULL)
		return 0;
	for (; *from < CLASSES && filled < n; (*from)++) {
		uint64_t packets = __atomic_load_n(&v->times[*from], __ATOMIC_RELAXED);
		unsigned shift = *from >> SUB_BITS;
		uint64_t low = *from;

		if (packets == 0)
			continue;
		if (shift > 0)
			low = (uint64_t)((1u << SUB_BITS) + (*from & ((1u << SUB_BITS) - 1))) << (shift - 1);
		out[filled++] = (struct podnet_time){ low << TICK_SHIFT, packets };
	}
	return filled;
}

/* --- rings --- */

struct rte_ring *
podnet_ring_new(const char *name, unsigned size, int socket)
{
	return rte_ring_create(name, size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

void
podnet_ring_free(struct rte_ring *r)
{
	void *m;

	while (rte_ring_sc_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(r);
}
