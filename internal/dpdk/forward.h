/* Forwarding with the same or with new addresses, and counting received frames. loop.c
 * calls these functions on the lcore's thread. */
#ifndef PODNET_FORWARD_H
#define PODNET_FORWARD_H

#include "burst.h"

#include <rte_ether.h>
#include <rte_pause.h>

/* How often a forwarder offers the rest of a burst to a full ring before it
 * drops it: long enough for a peer that is polling to take some, short enough
 * for one that has gone not to hold up the other streams of the lcore. */
#define FORWARD_TRIES 64

/* forward_send sends the burst, whose length in bytes is known if bytes are counted. */
static __rte_always_inline void
forward_send(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t bytes)
{
	uint16_t sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);

	if (unlikely(sent < n)) {
		for (unsigned i = 0; i < FORWARD_TRIES && sent < n; i++) {
			rte_pause();
			sent += rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs + sent, n - sent);
		}
		if (sent < n) {
			if (s->cfg.count_bytes)
				bytes -= burst_bytes(bufs + sent, n - sent);
			rte_pktmbuf_free_bulk(bufs + sent, n - sent);
			count_add(&s->count.tx_refused, n - sent);
		}
	}
	count_add(&s->count.tx_packets, sent);
	if (s->cfg.count_bytes)
		count_add(&s->count.tx_bytes, bytes);
}

typedef uint8_t forward_vec __attribute__((vector_size(16)));

/* forward_macswap exchanges the addresses by one 16-byte load, shuffle and store, and
 * returns what it stored. */
static __rte_always_inline forward_vec
forward_macswap(uint8_t *eth)
{
	forward_vec v;

	memcpy(&v, eth, sizeof(v));
#ifdef __clang__ /* has no __builtin_shuffle, and GCC has the other one since 12 */
	v = __builtin_shufflevector(v, v, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
#else
	v = __builtin_shuffle(v, (forward_vec){ 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15 });
#endif
	memcpy(eth, &v, sizeof(v));
	return v;
}

/* forward_answer_groups corrects the result of forward_macswap for frames to a
 * group: a group is no sender, so our own address answers them. */
static __rte_noinline void
forward_answer_groups(const struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *src = rte_pktmbuf_mtod_offset(bufs[i], uint8_t *, RTE_ETHER_ADDR_LEN);

		if (*src & RTE_ETHER_GROUP_ADDR)
			memcpy(src, s->cfg.src_mac, RTE_ETHER_ADDR_LEN);
	}
}

/* forward_set_macs writes the addresses by one 16-byte load and store, and returns the 16
 * bytes that it stored. The bytes behind the addresses stay as they were. */
static __rte_always_inline forward_vec
forward_set_macs(uint8_t *eth, forward_vec macs)
{
	const forward_vec keep = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };
	forward_vec v;

	memcpy(&v, eth, sizeof(v));
	v = (v & keep) | macs;
	memcpy(eth, &v, sizeof(v));
	return v;
}

static __rte_always_inline forward_vec
forward_rewrite_one(uint8_t *eth, forward_vec macs, const enum podnet_mode mode)
{
	return mode == PODNET_MACSWAP ? forward_macswap(eth) : forward_set_macs(eth, macs);
}

/* How many frames ahead of the current one are fetched into the cache. */
#define FORWARD_AHEAD 4

/* forward_rewrite gives a burst the addresses that the mode wants. */
static __rte_always_inline void
forward_rewrite(const struct stream *s, struct rte_mbuf **bufs, uint16_t n, const enum podnet_mode mode)
{
	forward_vec macs = { 0 }, seen = { 0 };
	uint8_t *ahead[FORWARD_AHEAD];
	uint16_t i = 0, j;

	if (mode != PODNET_MAC && mode != PODNET_MACSWAP)
		return;
	memcpy(&macs, s->cfg.dst_mac, RTE_ETHER_ADDR_LEN);
	memcpy((uint8_t *)&macs + RTE_ETHER_ADDR_LEN, s->cfg.src_mac, RTE_ETHER_ADDR_LEN);
	if (n >= FORWARD_AHEAD) {
		burst_prefetch(bufs, ahead, FORWARD_AHEAD);
		for (; i + 2 * FORWARD_AHEAD <= n; i += FORWARD_AHEAD) {
#pragma GCC unroll 4
			for (j = 0; j < FORWARD_AHEAD; j++) {
				uint8_t *eth = ahead[j];

				ahead[j] = rte_pktmbuf_mtod(bufs[i + FORWARD_AHEAD + j], uint8_t *);
				rte_prefetch0(ahead[j]);
				seen |= forward_rewrite_one(eth, macs, mode);
			}
		}
	}
	for (; i < n; i++)
		seen |= forward_rewrite_one(rte_pktmbuf_mtod(bufs[i], uint8_t *), macs, mode);
	/* What was the destination is the source now. */
	if (mode == PODNET_MACSWAP && unlikely(seen[RTE_ETHER_ADDR_LEN] & RTE_ETHER_GROUP_ADDR))
		forward_answer_groups(s, bufs, n);
}

/* forward serves a stream that forwards or drops, and returns how many packets came. */
static __rte_always_inline uint16_t
forward(struct stream *s, const enum podnet_mode mode)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST);
	uint64_t bytes = 0;

	if (n == 0)
		return 0;
	if (s->cfg.count_bytes) {
		bytes = burst_bytes(bufs, n);
		count_add(&s->count.rx_bytes, bytes);
	}
	forward_rewrite(s, bufs, n, mode);
	count_add(&s->count.rx_packets, n);
	if (mode == PODNET_RXONLY)
		burst_free(bufs, n);
	else
		forward_send(s, bufs, n, bytes);
	return n;
}

#endif
