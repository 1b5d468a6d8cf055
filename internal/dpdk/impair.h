/* A device with known faults: what lies between receiving and sending. */
#ifndef PODNET_IMPAIR_H
#define PODNET_IMPAIR_H

#include "loop.h"

struct waiting {
	struct rte_mbuf *m;
	uint64_t release; /* TSC at which it is sent */
};

struct held {
	struct rte_mbuf *m;
	uint64_t after; /* it goes behind the frame with this number */
};

#define MAX_HELD 1024

struct impairer {
	uint64_t frames;   /* that have come */
	uint64_t random;   /* state of the generator */
	uint64_t begin;    /* TSC at which it began */
	double last;       /* release of the last frame that waits or has gone, in cycles from begin */
	uint64_t came;     /* TSC of the last arrival */
	uint64_t held_head, held_tail;
	struct held held[MAX_HELD];
	uint64_t head, tail; /* of the queue, counted on */
	uint64_t mask;
	struct waiting queue[];
};

/* chance draws whether something with that probability, times 2^64, happens
 * (splitmix64: Steele, Lea, Flood 2014). */
static __rte_always_inline bool
chance(struct impairer *d, uint64_t probability)
{
	uint64_t z;

	if (probability == 0)
		return false;
	z = d->random += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) < probability;
}

static __rte_always_inline bool
strikes(struct impairer *d, const struct podnet_fault *f)
{
	return (f->every != 0 && d->frames % f->every == 0) || chance(d, f->probability);
}

/* enqueue lets a frame wait for its turn: it arrives at the server after the
 * delay, and is served when those before it have been. */
static inline void
enqueue(struct stream *s, struct rte_mbuf *m, uint64_t now)
{
	const struct podnet_impairment *c = &s->cfg.impair;
	struct impairer *d = s->impairer;
	double arrival = now + c->delay - d->begin;
	double release = RTE_MAX(arrival, d->last + c->gap);

	/* In the second case so many are before it. */
	if (d->tail - d->head > d->mask || release - arrival > c->gap * c->depth) {
		add(&s->count.overflowed, 1);
		rte_pktmbuf_free(m);
		return;
	}
	d->last = release;
	d->queue[d->tail++ & d->mask] = (struct waiting){ m, d->begin + (uint64_t)release };
}

/* let_go enqueues the frames held back whose time has come, or all of them. */
static __rte_always_inline void
let_go(struct stream *s, uint64_t now, bool all)
{
	struct impairer *d = s->impairer;

	while (d->held_head != d->held_tail && (all || d->held[d->held_head % MAX_HELD].after <= d->frames))
		enqueue(s, d->held[d->held_head++ % MAX_HELD].m, now);
}

/* arrive puts a frame through the faults. */
static __rte_always_inline void
arrive(struct stream *s, struct rte_mbuf *m, uint64_t now)
{
	const struct podnet_impairment *c = &s->cfg.impair;
	struct impairer *d = s->impairer;
	bool drop, twice, hold;

	d->frames++;
	drop = strikes(d, &c->loss);
	twice = strikes(d, &c->duplicate);
	hold = strikes(d, &c->reorder);
	if (drop) {
		add(&s->count.dropped, 1);
		rte_pktmbuf_free(m);
	} else {
		struct rte_mbuf *copy = twice ? rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX) : NULL;

		if (hold && d->held_tail - d->held_head < MAX_HELD) {
			add(&s->count.held, 1);
			d->held[d->held_tail++ % MAX_HELD] = (struct held){ m, d->frames + c->reorder_by };
		} else {
			enqueue(s, m, now);
		}
		if (twice)
			add(&s->count.duplicated, 1);
		if (copy != NULL)
			enqueue(s, copy, now);
		else if (twice)
			add(&s->count.overflowed, 1); /* every mbuf is taken */
	}
	let_go(s, now, false);
}

/* depart sends what is due. What the ring refuses stays, and is offered again. */
static __rte_always_inline uint16_t
depart(struct stream *s, uint64_t now)
{
	struct impairer *d = s->impairer;
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = 0, sent;

	/* Nothing will come to overtake what is held back. */
	if (unlikely(d->held_head != d->held_tail) && now - d->came > s->cfg.impair.idle)
		let_go(s, now, true);
	while (n < PODNET_BURST && d->head + n != d->tail && d->queue[(d->head + n) & d->mask].release <= now) {
		bufs[n] = d->queue[(d->head + n) & d->mask].m;
		n++;
	}
	if (n == 0)
		return 0;
	sent = put_counted(s, bufs, n);
	d->head += sent;
	add(&s->count.tx_packets, sent);
	return sent;
}

/* discard frees what still waits. */
static inline void
discard(struct impairer *d)
{
	for (; d->head != d->tail; d->head++)
		rte_pktmbuf_free(d->queue[d->head & d->mask].m);
	for (; d->held_head != d->held_tail; d->held_head++)
		rte_pktmbuf_free(d->held[d->held_head % MAX_HELD].m);
}

#endif
