/* A device with known faults: the queue and the faults between receiving and sending.
 * loop.c calls these functions on the lcore's thread; impair.c has those around the loop. */
#ifndef PODNET_IMPAIR_H
#define PODNET_IMPAIR_H

#include "forward.h"

#include <rte_cycles.h>

struct impair_waiting {
	struct rte_mbuf *m;
	uint64_t release; /* TSC at which it is sent */
};

struct impair_held {
	struct rte_mbuf *m;
	uint64_t after; /* it goes behind the frame with this number */
};

#define IMPAIR_MAX_HELD 1024

struct impairer {
	uint64_t frames;   /* that have come */
	uint64_t random;   /* state of the generator */
	uint64_t begin;    /* TSC at which it began */
	double last;       /* release of the last frame that waits or has gone, in cycles from begin */
	uint64_t came;     /* TSC of the last arrival */
	uint64_t held_head, held_tail;
	struct impair_held held[IMPAIR_MAX_HELD];
	uint64_t head, tail; /* of the queue, counted on */
	uint64_t mask;
	struct impair_waiting queue[];
};

/* impair_new makes a device (impair.c); NULL: no memory. */
struct impairer *impair_new(const struct podnet_impairment *c);
/* impair_free frees it, and the frames that still wait in it. */
void impair_free(struct impairer *d);

/* impair_chance draws whether something with that probability, times 2^64, happens
 * (splitmix64: Steele, Lea, Flood 2014). */
static __rte_always_inline bool
impair_chance(struct impairer *d, uint64_t probability)
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
impair_strikes(struct impairer *d, const struct podnet_fault *f)
{
	return (f->every != 0 && d->frames % f->every == 0) || impair_chance(d, f->probability);
}

/* impair_enqueue lets a frame wait for its turn: it arrives at the server after the delay,
 * and is served after the frames before it. */
static inline void
impair_enqueue(struct stream *s, struct rte_mbuf *m, uint64_t now)
{
	const struct podnet_impairment *c = &s->cfg.impair;
	struct impairer *d = s->impairer;
	double arrival = now + c->delay - d->begin;
	double release = RTE_MAX(arrival, d->last + c->gap);

	/* In the second case so many are before it. */
	if (d->tail - d->head > d->mask || release - arrival > c->gap * c->depth) {
		count_add(&s->count.overflowed, 1);
		rte_pktmbuf_free(m);
		return;
	}
	d->last = release;
	d->queue[d->tail++ & d->mask] = (struct impair_waiting){ m, d->begin + (uint64_t)release };
}

/* impair_release enqueues the frames held back whose time has come, or all of them. */
static __rte_always_inline void
impair_release(struct stream *s, uint64_t now, bool all)
{
	struct impairer *d = s->impairer;

	while (d->held_head != d->held_tail && (all || d->held[d->held_head % IMPAIR_MAX_HELD].after <= d->frames))
		impair_enqueue(s, d->held[d->held_head++ % IMPAIR_MAX_HELD].m, now);
}

/* impair_arrive puts a frame through the faults. */
static __rte_always_inline void
impair_arrive(struct stream *s, struct rte_mbuf *m, uint64_t now)
{
	const struct podnet_impairment *c = &s->cfg.impair;
	struct impairer *d = s->impairer;
	bool drop, twice, hold;

	d->frames++;
	drop = impair_strikes(d, &c->loss);
	twice = impair_strikes(d, &c->duplicate);
	hold = impair_strikes(d, &c->reorder);
	if (drop) {
		count_add(&s->count.dropped, 1);
		rte_pktmbuf_free(m);
	} else {
		struct rte_mbuf *copy = twice ? rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX) : NULL;

		if (hold && d->held_tail - d->held_head < IMPAIR_MAX_HELD) {
			count_add(&s->count.held, 1);
			d->held[d->held_tail++ % IMPAIR_MAX_HELD] = (struct impair_held){ m, d->frames + c->reorder_by };
		} else {
			impair_enqueue(s, m, now);
		}
		if (twice)
			count_add(&s->count.duplicated, 1);
		if (copy != NULL)
			impair_enqueue(s, copy, now);
		else if (twice)
			count_add(&s->count.overflowed, 1); /* every mbuf is taken */
	}
	impair_release(s, now, false);
}

/* impair_depart sends the frames that are due. Frames that the ring refuses stay, and are
 * offered again. */
static __rte_always_inline uint16_t
impair_depart(struct stream *s, uint64_t now)
{
	struct impairer *d = s->impairer;
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = 0, sent;

	/* No frame will come to overtake the frames that are held back. */
	if (unlikely(d->held_head != d->held_tail) && now - d->came > s->cfg.impair.idle)
		impair_release(s, now, true);
	while (n < PODNET_BURST && d->head + n != d->tail && d->queue[(d->head + n) & d->mask].release <= now) {
		bufs[n] = d->queue[(d->head + n) & d->mask].m;
		n++;
	}
	if (n == 0)
		return 0;
	sent = burst_tx_counted(s, bufs, n);
	d->head += sent;
	count_add(&s->count.tx_packets, sent);
	return sent;
}

/* impair serves a stream that forwards like a device with faults. A stream that has to
 * end takes no more frames, and sends those that wait. */
static __rte_always_inline uint16_t
impair(struct stream *s, bool ending)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = ending ? 0 : rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST), i;
	uint64_t now = rte_rdtsc();

	if (unlikely(ending))
		impair_release(s, now, true);
	if (n > 0) {
		if (s->cfg.count_bytes)
			count_add(&s->count.rx_bytes, burst_bytes(bufs, n));
		switch (s->cfg.impair.mode) {
		case PODNET_MAC:
			forward_rewrite(s, bufs, n, PODNET_MAC);
			break;
		case PODNET_MACSWAP:
			forward_rewrite(s, bufs, n, PODNET_MACSWAP);
			break;
		}
		count_add(&s->count.rx_packets, n);
		s->impairer->came = now;
		for (i = 0; i < n; i++)
			impair_arrive(s, bufs[i], now);
	}
	return n + impair_depart(s, now);
}

#endif
