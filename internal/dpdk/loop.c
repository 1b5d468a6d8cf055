//go:build cgo && !nodpdk

/* The packet loops. EAL runs each on the thread of one lcore, from podnet_worker_launch
 * until Go stops it. A loop serves its lcore's streams in turn. It is compiled for one
 * mode, so that inside it the mode is a constant. */

#define _GNU_SOURCE
#include "forward.h"
#include "generate.h"
#include "impair.h"
#include "reflect.h"
#include "txonly.h"
#include "verify.h"
#include "worker.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <rte_lcore.h>

/* loop_parked replaces a stream while one of its ports is stopped. The schedule goes on,
 * and every packet that it asks for counts as refused. */
static __rte_noinline uint16_t
loop_parked(struct podnet_worker *w, struct stream *s)
{
	if (s->cfg.packets_per_cycle == 0 || s->count.begin == 0 || s->count.end != 0 ||
	    __atomic_load_n(&w->stop_tx, __ATOMIC_RELAXED))
		return 0;
	return generate_refuse(s);
}

static __rte_always_inline uint16_t
loop_transmit(struct podnet_worker *w, struct stream *s, const enum podnet_mode mode)
{
	if (unlikely(s->count.begin == 0)) {
		count_set(&s->count.begin, rte_rdtsc());
		__atomic_store_n(&s->schedule.begin, stamp_ticks(s->count.begin, s->cfg.stamp_shift), __ATOMIC_RELAXED);
	}
	if (mode == PODNET_GENERATE && generate_has_answer(s))
		generate_answer(s);
	if (unlikely(__atomic_load_n(&w->stop_tx, __ATOMIC_RELAXED))) {
		if (s->count.end == 0) {
			burst_drop_pending(s);
			count_set(&s->count.end, rte_rdtsc());
		}
		return 0;
	}
	if (mode == PODNET_GENERATE)
		return s->cfg.packets_per_cycle > 0 ? generate_paced(s) : generate_max(s);
	return s->cfg.packets_per_cycle > 0 ? txonly_paced(s) : txonly_max(s);
}

/* loop_serve moves the packets that a stream has to move now, and returns how many there
 * were. */
static __rte_always_inline uint16_t
loop_serve(struct podnet_worker *w, struct stream *s, const enum podnet_mode mode)
{
	if (unlikely(__atomic_load_n(&s->parked, __ATOMIC_ACQUIRE)))
		return loop_parked(w, s);
	switch (mode) {
	case PODNET_TXONLY:
	case PODNET_GENERATE:
		return loop_transmit(w, s, mode);
	case PODNET_VERIFY:
		if (generate_has_answer(s))
			generate_answer(s);
		return verify(s);
	case PODNET_IMPAIR:
		return impair(s, __atomic_load_n(&w->stop_tx, __ATOMIC_RELAXED));
	case PODNET_REFLECT:
		return reflect(s);
	default:
		return forward(s, mode);
	}
}

/* How often a paused loop looks whether it may go on, in microseconds. */
#define LOOP_PAUSE_US 100

/* After so many turns without work, a loop that shares its CPU leaves it, perhaps to the
 * peer that has to make the work. Loops share a CPU in a pod that has only one. */
#define LOOP_IDLE_TURNS 16

#define LOOP(name, mode) \
	static int name(void *arg) \
	{ \
		struct podnet_worker *w = arg; \
		unsigned i, idle = 0, lcore = rte_lcore_id(); \
		struct rte_rcu_qsbr *qsbr = grace_qsbr; \
		grace_in_loop = true; \
		rte_rcu_qsbr_thread_online(qsbr, lcore); \
		__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELAXED); \
		if (w->leave != NULL) \
			prctl(PR_SET_TIMERSLACK, 1UL); /* of a nap: no longer than asked */ \
		for (;;) { \
			uint8_t control = __atomic_load_n(&w->control, __ATOMIC_ACQUIRE); \
			uint16_t work = 0; \
			if (unlikely(control & WORKER_STOP)) \
				break; \
			if (unlikely(control & WORKER_PAUSE)) \
				usleep(LOOP_PAUSE_US); \
			else \
				for (i = 0; i < w->n; i++) \
					work |= loop_serve(w, &w->streams[i], mode); \
			if (work == 0 && unlikely(w->leave != NULL) && ++idle == LOOP_IDLE_TURNS) { \
				idle = 0; \
				w->leave(); \
			} \
			rte_rcu_qsbr_quiescent(qsbr, lcore); \
			count_add(&w->turns, 1); \
		} \
		rte_rcu_qsbr_thread_offline(qsbr, lcore); \
		grace_in_loop = false; \
		return 0; \
	}

LOOP(loop_io, PODNET_IO)
LOOP(loop_mac, PODNET_MAC)
LOOP(loop_macswap, PODNET_MACSWAP)
LOOP(loop_rxonly, PODNET_RXONLY)
LOOP(loop_txonly, PODNET_TXONLY)
LOOP(loop_verify, PODNET_VERIFY)
LOOP(loop_generate, PODNET_GENERATE)
LOOP(loop_impair, PODNET_IMPAIR)
LOOP(loop_reflect, PODNET_REFLECT)
/* An lcore that both generates and verifies asks each stream what it does. */
LOOP(loop_mixed, (w->streams[i].cfg.mode == PODNET_GENERATE ? PODNET_GENERATE : PODNET_VERIFY))

lcore_function_t *
loop_of(const struct podnet_worker *w)
{
	static lcore_function_t *const loops[] = {
		[PODNET_IO] = loop_io, [PODNET_MAC] = loop_mac, [PODNET_MACSWAP] = loop_macswap,
		[PODNET_RXONLY] = loop_rxonly, [PODNET_TXONLY] = loop_txonly, [PODNET_VERIFY] = loop_verify,
		[PODNET_GENERATE] = loop_generate, [PODNET_IMPAIR] = loop_impair,
		[PODNET_REFLECT] = loop_reflect,
	};
	unsigned i;

	for (i = 1; i < w->n; i++)
		if (w->streams[i].cfg.mode != w->streams[0].cfg.mode)
			return loop_mixed;
	return loops[w->streams[0].cfg.mode];
}
