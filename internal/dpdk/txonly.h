/* Sending the same frame over and over. loop.c calls these functions on the lcore's
 * thread. */
#ifndef PODNET_TXONLY_H
#define PODNET_TXONLY_H

#include "burst.h"

#include <rte_cycles.h>

/* txonly_take gets n mbufs that hold the frame already. It sets again only what
 * sending changes: the place and length of the data. */
static __rte_always_inline bool
txonly_take(const struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	const struct burst_fresh fresh = burst_fresh(s->cfg.frame_len);
	uint16_t i;

	if (unlikely(rte_mempool_get_bulk(s->cfg.pool, (void **)bufs, n) != 0))
		return false; /* all in flight */
	for (i = 0; i < n; i++)
		burst_renew(bufs[i], fresh);
	return true;
}

/* txonly_paced sends the packets that are due by the schedule. Packets that the ring
 * refuses are lost: the schedule does not wait. It returns how many packets were due. */
static __rte_always_inline uint16_t
txonly_paced(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint64_t due = (uint64_t)((double)(rte_rdtsc() - s->count.begin) * s->cfg.packets_per_cycle) + 1;
	uint16_t n, sent;

	if (due > s->cfg.limit)
		due = s->cfg.limit;
	if (due == s->count.offered)
		return 0;
	n = RTE_MIN(due - s->count.offered, (uint64_t)PODNET_BURST);
	if (!txonly_take(s, bufs, n)) {
		/* Every mbuf is in a ring that nobody empties. */
		count_add(&s->count.tx_refused, n);
		count_add(&s->count.offered, n);
		return n;
	}
	sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);
	if (unlikely(sent < n)) {
		rte_pktmbuf_free_bulk(bufs + sent, n - sent);
		count_add(&s->count.tx_refused, n - sent);
	}
	count_add(&s->count.tx_packets, sent);
	count_add(&s->count.offered, n);
	if (s->count.offered == s->cfg.limit)
		count_set(&s->count.end, rte_rdtsc());
	return n;
}

/* txonly_max sends as fast as the port takes, and returns how much it took. */
static __rte_always_inline uint16_t
txonly_max(struct stream *s)
{
	uint16_t sent;

	if (s->n_pending == 0) {
		if (unlikely(!txonly_take(s, s->pending, PODNET_BURST)))
			return 0;
		s->n_pending = PODNET_BURST;
	}
	sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending -= sent;
	count_add(&s->count.tx_packets, sent);
	return sent;
}

#endif
