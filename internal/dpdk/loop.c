//go:build cgo && !nodpdk

/* The packet loops. Each runs on one lcore until it is told to stop, serves that
 * lcore's streams in turn, and is compiled once a mode, so that inside it the
 * mode is a constant. */

#define _GNU_SOURCE
#include "generate.h"
#include "impair.h"
#include "verify.h"

#include <sched.h>
#include <unistd.h>

#include <rte_ether.h>
#include <rte_launch.h>

/* How often a forwarder offers the rest of a burst to a full ring before it
 * drops it: long enough for a peer that is polling to take some, short enough
 * for one that has gone not to hold up the other streams of the lcore. */
#define TX_TRIES 64

/* --- forwarding --- */

/* send_all sends the burst, whose length in bytes is known if they are counted. */
static __rte_always_inline void
send_all(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t bytes)
{
	uint16_t sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);

	if (unlikely(sent < n)) {
		for (unsigned i = 0; i < TX_TRIES && sent < n; i++) {
			rte_pause();
			sent += rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs + sent, n - sent);
		}
		if (sent < n) {
			if (s->cfg.count_bytes)
				bytes -= bytes_of(bufs + sent, n - sent);
			rte_pktmbuf_free_bulk(bufs + sent, n - sent);
			add(&s->count.tx_refused, n - sent);
		}
	}
	add(&s->count.tx_packets, sent);
	if (s->cfg.count_bytes)
		add(&s->count.tx_bytes, bytes);
}

typedef uint8_t vec16 __attribute__((vector_size(16)));

/* macswap exchanges the addresses by one 16-byte load, shuffle and store, and
 * returns the first octet of what was the destination. */
static __rte_always_inline uint8_t
macswap(uint8_t *eth)
{
	uint8_t first = eth[0];
	vec16 v;

	memcpy(&v, eth, sizeof(v));
	v = __builtin_shufflevector(v, v, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
	memcpy(eth, &v, sizeof(v));
	return first;
}

/* answer_groups corrects what macswap made of frames to a group: a group is no
 * sender, so they are answered from our own address. */
static void
answer_groups(const struct stream *s, uint8_t **eth, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (eth[i][RTE_ETHER_ADDR_LEN] & RTE_ETHER_GROUP_ADDR)
			memcpy(eth[i] + RTE_ETHER_ADDR_LEN, s->cfg.src_mac, RTE_ETHER_ADDR_LEN);
}

static __rte_always_inline void
set_macs(const struct stream *s, uint8_t *eth)
{
	memcpy(eth, s->cfg.dst_mac, RTE_ETHER_ADDR_LEN);
	memcpy(eth + RTE_ETHER_ADDR_LEN, s->cfg.src_mac, RTE_ETHER_ADDR_LEN);
}

static __rte_always_inline void
prefetch(struct rte_mbuf **bufs, uint8_t **data, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		data[i] = rte_pktmbuf_mtod(bufs[i], uint8_t *);
		rte_prefetch0(data[i]);
	}
}

/* rewrite gives a burst the addresses that the mode wants. */
static __rte_always_inline void
rewrite(const struct stream *s, struct rte_mbuf **bufs, uint16_t n, const enum podnet_mode mode)
{
	uint8_t *data[PODNET_BURST], firsts = 0;

	if (mode != PODNET_MAC && mode != PODNET_MACSWAP)
		return;
	prefetch(bufs, data, n);
	for (uint16_t i = 0; i < n; i++) {
		if (mode == PODNET_MACSWAP)
			firsts |= macswap(data[i]);
		else
			set_macs(s, data[i]);
	}
	if (mode == PODNET_MACSWAP && unlikely(firsts & RTE_ETHER_GROUP_ADDR))
		answer_groups(s, data, n);
}

/* receive serves a stream that receives, and returns how many packets came. */
static __rte_always_inline uint16_t
receive(struct stream *s, const enum podnet_mode mode)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = mode == PODNET_VERIFY ? take(s, bufs, PODNET_BURST)
		: rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST);
	uint64_t came = mode == PODNET_VERIFY ? rte_rdtsc() : 0, bytes = 0;

	if (n == 0)
		return 0;
	if (s->cfg.count_bytes) {
		bytes = bytes_of(bufs, n);
		add(&s->count.rx_bytes, bytes);
	}
	if (mode == PODNET_VERIFY) {
		uint8_t *data[PODNET_BURST];

		prefetch(bufs, data, n);
		verify(s, bufs, data, n, came);
	} else {
		rewrite(s, bufs, n, mode);
		add(&s->count.rx_packets, n);
	}
	if (mode == PODNET_RXONLY || mode == PODNET_VERIFY)
		rte_pktmbuf_free_bulk(bufs, n);
	else
		send_all(s, bufs, n, bytes);
	return n;
}

/* impair serves a stream that forwards as a device with faults does. */
static __rte_always_inline uint16_t
impair(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST), i;
	uint64_t now = rte_rdtsc();

	if (n > 0) {
		if (s->cfg.count_bytes)
			add(&s->count.rx_bytes, bytes_of(bufs, n));
		switch (s->cfg.impair.mode) {
		case PODNET_MAC:
			rewrite(s, bufs, n, PODNET_MAC);
			break;
		case PODNET_MACSWAP:
			rewrite(s, bufs, n, PODNET_MACSWAP);
			break;
		}
		add(&s->count.rx_packets, n);
		s->impairer->came = now;
		for (i = 0; i < n; i++)
			arrive(s, bufs[i], now);
	}
	return n + depart(s, now);
}

/* --- generating --- */

/* take_prepared gets n mbufs that hold the frame already. Only what sending
 * changes is set again: the place and length of the data. */
static __rte_always_inline bool
take_prepared(const struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	uint16_t i;

	if (unlikely(rte_mempool_get_bulk(s->cfg.pool, (void **)bufs, n) != 0))
		return false; /* all in flight */
	for (i = 0; i < n; i++) {
		bufs[i]->data_off = RTE_PKTMBUF_HEADROOM;
		bufs[i]->ol_flags = 0;
		bufs[i]->pkt_len = s->cfg.frame_len;
		bufs[i]->data_len = s->cfg.frame_len;
	}
	return true;
}

/* generate_paced sends what is due by the schedule. What the ring refuses is
 * lost: the schedule does not wait. It returns how many packets were due. */
static __rte_always_inline uint16_t
generate_paced(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint64_t due = (uint64_t)((double)(rte_rdtsc() - s->count.begin) * s->cfg.packets_per_cycle) + 1;
	uint16_t n, sent;

	if (due > s->cfg.limit)
		due = s->cfg.limit;
	if (due == s->count.offered)
		return 0;
	n = RTE_MIN(due - s->count.offered, (uint64_t)PODNET_BURST);
	if (!take_prepared(s, bufs, n)) {
		/* Every mbuf is in a ring that nobody empties. */
		add(&s->count.tx_refused, n);
		add(&s->count.offered, n);
		return n;
	}
	sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);
	if (unlikely(sent < n)) {
		rte_pktmbuf_free_bulk(bufs + sent, n - sent);
		add(&s->count.tx_refused, n - sent);
	}
	add(&s->count.tx_packets, sent);
	add(&s->count.offered, n);
	if (s->count.offered == s->cfg.limit)
		set(&s->count.end, rte_rdtsc());
	return n;
}

/* generate_max sends as fast as the port takes, and returns how much it took. */
static __rte_always_inline uint16_t
generate_max(struct stream *s)
{
	uint16_t sent;

	if (s->n_pending == 0) {
		if (unlikely(!take_prepared(s, s->pending, PODNET_BURST)))
			return 0;
		s->n_pending = PODNET_BURST;
	}
	sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending -= sent;
	add(&s->count.tx_packets, sent);
	return sent;
}

static __rte_always_inline uint16_t
generate(struct podnet_worker *w, struct stream *s, const enum podnet_mode mode)
{
	if (unlikely(s->count.begin == 0))
		set(&s->count.begin, rte_rdtsc());
	if (unlikely(__atomic_load_n(&w->stop_tx, __ATOMIC_RELAXED))) {
		if (s->count.end == 0) {
			drop_pending(s);
			set(&s->count.end, rte_rdtsc());
		}
		return 0;
	}
	if (mode == PODNET_GENERATE)
		return s->cfg.packets_per_cycle > 0 ? stamped_paced(s) : stamped_max(s);
	return s->cfg.packets_per_cycle > 0 ? generate_paced(s) : generate_max(s);
}

/* --- lcores --- */

static __rte_always_inline uint16_t
serve(struct podnet_worker *w, struct stream *s, const enum podnet_mode mode)
{
	if (mode == PODNET_TXONLY || mode == PODNET_GENERATE)
		return generate(w, s, mode);
	return mode == PODNET_IMPAIR ? impair(s) : receive(s, mode);
}

/* How often a paused loop looks whether it may go on, in microseconds. */
#define PAUSE_US 100

/* After so many turns without work, a loop that shares its CPU, in a pod that has
 * only one, gives way: to its peer perhaps, which has to make the work. */
#define IDLE_TURNS 16

#define LOOP(name, mode) \
	static int name(void *arg) \
	{ \
		struct podnet_worker *w = arg; \
		unsigned i, idle = 0; \
		__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELAXED); \
		for (;;) { \
			uint8_t control = __atomic_load_n(&w->control, __ATOMIC_ACQUIRE); \
			uint16_t work = 0; \
			if (unlikely(control & STOP)) \
				break; \
			if (unlikely(control & PAUSE)) \
				usleep(PAUSE_US); \
			else \
				for (i = 0; i < w->n; i++) \
					work |= serve(w, &w->streams[i], mode); \
			if (work == 0 && unlikely(w->share) && ++idle == IDLE_TURNS) { \
				idle = 0; \
				sched_yield(); \
			} \
			__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELEASE); \
		} \
		__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELEASE); \
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
/* An lcore that both generates and verifies asks each stream what it does. */
LOOP(loop_mixed, (w->streams[i].cfg.mode == PODNET_GENERATE ? PODNET_GENERATE : PODNET_VERIFY))

lcore_function_t *
podnet_loop_of(const struct podnet_worker *w)
{
	static lcore_function_t *const loops[] = {
		[PODNET_IO] = loop_io, [PODNET_MAC] = loop_mac, [PODNET_MACSWAP] = loop_macswap,
		[PODNET_RXONLY] = loop_rxonly, [PODNET_TXONLY] = loop_txonly, [PODNET_VERIFY] = loop_verify,
		[PODNET_GENERATE] = loop_generate, [PODNET_IMPAIR] = loop_impair,
	};
	unsigned i;

	for (i = 1; i < w->n; i++)
		if (w->streams[i].cfg.mode != w->streams[0].cfg.mode)
			return loop_mixed;
	return loops[w->streams[0].cfg.mode];
}
