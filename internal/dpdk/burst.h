/* Moving bursts through a stream's port, or through the ring that stands in for
 * it in a calibration. loop.c calls these functions on the lcore's thread. */
#ifndef PODNET_BURST_H
#define PODNET_BURST_H

#include "stream.h"

#include <rte_ethdev.h>
#include <rte_prefetch.h>

static __rte_always_inline uint16_t
burst_tx(struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	if (likely(s->cfg.ring == NULL))
		return rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);
	return rte_ring_sp_enqueue_burst(s->cfg.ring, (void **)bufs, n, NULL);
}

static __rte_always_inline uint16_t
burst_rx(struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	if (likely(s->cfg.ring == NULL))
		return rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, n);
	return rte_ring_sc_dequeue_burst(s->cfg.ring, (void **)bufs, n, NULL);
}

static __rte_always_inline uint64_t
burst_bytes(struct rte_mbuf **bufs, uint16_t n)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < n; i++)
		sum += bufs[i]->pkt_len;
	return sum;
}

/* burst_tx_counted sends, and counts the bytes if they are counted. */
static __rte_always_inline uint16_t
burst_tx_counted(struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	uint64_t bytes = s->cfg.count_bytes ? burst_bytes(bufs, n) : 0;
	uint16_t sent = burst_tx(s, bufs, n);

	if (s->cfg.count_bytes)
		count_add(&s->count.tx_bytes, sent < n ? bytes - burst_bytes(bufs + sent, n - sent) : bytes);
	return sent;
}

/* burst_free is rte_pktmbuf_free_bulk, which looks at each mbuf several times in a call,
 * for bursts of what nearly all mbufs are: of one pool, of one segment with one user,
 * and with their own data. They are in the state in which a pool has them. */
static __rte_always_inline void
burst_free(struct rte_mbuf **bufs, uint16_t n)
{
	const uint16_t ones[2] = { 1, 1 };
	struct rte_mempool *pool = bufs[0]->pool;
	uint32_t one, users; /* references and segments lie side by side */
	uint64_t odd = 0;

	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, nb_segs) != offsetof(struct rte_mbuf, refcnt) + sizeof(uint16_t));
	memcpy(&one, ones, sizeof(one));
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_mbuf *m = bufs[i];

		memcpy(&users, &m->refcnt, sizeof(users));
		odd |= (users ^ one) | (uintptr_t)m->next | ((uintptr_t)m->pool ^ (uintptr_t)pool) |
		       (m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL));
	}
	if (likely(odd == 0))
		rte_mempool_put_bulk(pool, (void **)bufs, n);
	else
		rte_pktmbuf_free_bulk(bufs, n);
}

/* burst_fresh is what an mbuf of the pool is to have again before it is sent, as it lies
 * there: where its data begins, one user and one segment, no flags; and the data's
 * length. So it takes two stores. */
struct burst_fresh {
	uint64_t state __attribute__((vector_size(16)));
	uint64_t length;
};

/* Where the two begin. */
#define BURST_STATE offsetof(struct rte_mbuf, data_off)
#define BURST_LENGTH offsetof(struct rte_mbuf, pkt_len)

static __rte_always_inline struct burst_fresh
burst_fresh(uint16_t len)
{
	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, refcnt) != BURST_STATE + 2);
	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, nb_segs) != BURST_STATE + 4);
	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, port) != BURST_STATE + 6);
	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, ol_flags) != BURST_STATE + 8);
	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, data_len) != BURST_LENGTH + 4);
	RTE_BUILD_BUG_ON(offsetof(struct rte_mbuf, vlan_tci) != BURST_LENGTH + 6);
	return (struct burst_fresh){
		.state = { word_place(RTE_PKTMBUF_HEADROOM, 2, 0) | word_place(1, 2, 2) | word_place(1, 2, 4) |
			   word_place(RTE_MBUF_PORT_INVALID, 2, 6) },
		.length = word_place(len, 4, 0) | word_place(len, 2, 4),
	};
}

static __rte_always_inline void
burst_renew(struct rte_mbuf *m, struct burst_fresh f)
{
	memcpy((uint8_t *)m + BURST_STATE, &f.state, sizeof(f.state));
	memcpy((uint8_t *)m + BURST_LENGTH, &f.length, sizeof(f.length));
}

/* burst_drop_pending frees what still waits for the port. */
static inline void
burst_drop_pending(struct stream *s)
{
	if (s->n_pending > 0)
		rte_pktmbuf_free_bulk(s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending = 0;
}

/* burst_prefetch finds where each frame begins and fetches it into the cache. */
static __rte_always_inline void
burst_prefetch(struct rte_mbuf **bufs, uint8_t **data, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		data[i] = rte_pktmbuf_mtod(bufs[i], uint8_t *);
		rte_prefetch0(data[i]);
	}
}

#endif
