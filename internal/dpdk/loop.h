/* What the packet loops share: a stream's configuration and state. */
#ifndef PODNET_LOOP_H
#define PODNET_LOOP_H

#include "dpdk.h"

#include <string.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

struct verifier;
struct impairer;

/* What the next packet of a generator is. */
struct turn {
	uint32_t flow;   /* from 0 */
	uint32_t number; /* in its flow */
	uint32_t at;     /* its place in the pattern */
	uint32_t first;  /* that of this round's first flow */
};

struct stream {
	struct podnet_stream_config cfg;
	struct rte_mbuf *pending[PODNET_BURST]; /* at the maximum rate: what a full ring refused, for the next turn */
	uint16_t n_pending;
	struct turn next;           /* GENERATE */
	uint32_t sum[PODNET_SIZES]; /* GENERATE: checksum's sum of each template, without port and stamp */
	struct verifier *verifier;
	struct impairer *impairer;
	struct podnet_counters count __rte_cache_aligned; /* written by the loop, read by Go */
} __rte_cache_aligned;

/* What a loop is told. */
#define STOP 1
#define PAUSE 2

struct podnet_worker {
	uint8_t control;           /* atomic, written by Go: STOP and PAUSE, or 0 */
	bool stop_tx;              /* atomic, written by Go */
	int tid;                   /* atomic, written by the loop */
	uint64_t turns;            /* atomic, written by the loop: how often it has served all its streams */
	bool share;                /* the CPU is not this lcore's alone */
	unsigned n;
	struct stream streams[] __rte_cache_aligned;
};

/* podnet_loop_of is the loop for what the worker has to do. */
lcore_function_t *podnet_loop_of(const struct podnet_worker *w);

/* Counters have one writer, so adding needs no atomic; storing whole does. */
static __rte_always_inline void
add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static __rte_always_inline void
set(uint64_t *counter, uint64_t v)
{
	__atomic_store_n(counter, v, __ATOMIC_RELAXED);
}

/* The grain of a stamp's time: 16 cycles, of which 32 bits last for 17 s at 4 GHz. */
#define TICK_SHIFT 4

static __rte_always_inline uint32_t
ticks(uint64_t tsc)
{
	return (uint32_t)(tsc >> TICK_SHIFT);
}

/* Where things lie in a stamp. */
#define STAMP_FLOW 4
#define STAMP_NUMBER 6
#define STAMP_TIME 10
#define STAMP_LEN 14

/* put and take move packets through the stream's port, or through the ring that
 * stands in for it in a calibration. */
static __rte_always_inline uint16_t
put(struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	if (likely(s->cfg.ring == NULL))
		return rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);
	return rte_ring_sp_enqueue_burst(s->cfg.ring, (void **)bufs, n, NULL);
}

static __rte_always_inline uint16_t
take(struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	if (likely(s->cfg.ring == NULL))
		return rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, n);
	return rte_ring_sc_dequeue_burst(s->cfg.ring, (void **)bufs, n, NULL);
}

static __rte_always_inline uint64_t
bytes_of(struct rte_mbuf **bufs, uint16_t n)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < n; i++)
		sum += bufs[i]->pkt_len;
	return sum;
}

/* put_counted sends, and counts the bytes if they are counted. */
static __rte_always_inline uint16_t
put_counted(struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	uint64_t bytes = s->cfg.count_bytes ? bytes_of(bufs, n) : 0;
	uint16_t sent = put(s, bufs, n);

	if (s->cfg.count_bytes)
		add(&s->count.tx_bytes, sent < n ? bytes - bytes_of(bufs + sent, n - sent) : bytes);
	return sent;
}

#endif
