/* The types that the packet loops share: a stream's configuration and state, the
 * counters that Go reads, and where a stamp's fields lie.
 *
 * Includes point one way: dpdk.h <- stream.h <- burst.h <- forward.h, txonly.h,
 * generate.h, verify.h, impair.h <- loop.c. These headers hold what runs per
 * packet, so that loop.c compiles it inline once per mode; what runs once per
 * stream is in generate.c, verify.c and impair.c, which worker.c calls. */
#ifndef PODNET_STREAM_H
#define PODNET_STREAM_H

#include "dpdk.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

struct verifier; /* verify.h */
struct impairer; /* impair.h */

/* What the next packet of a generator is. */
struct cursor {
	uint32_t flow;   /* from 0 */
	uint32_t number; /* in its flow */
	uint32_t at;     /* its place in the pattern of sizes */
	uint32_t first;  /* the place of flow 0 with this number */
};

struct stream {
	struct podnet_stream_config cfg;
	struct rte_mbuf *pending[PODNET_BURST]; /* at the maximum rate: what a full ring refused, offered again later */
	uint16_t n_pending;
	struct cursor next;         /* GENERATE */
	uint32_t sum[PODNET_SIZES]; /* GENERATE: checksum's sum of each template, without port and stamp */
	struct verifier *verifier;  /* VERIFY */
	struct impairer *impairer;  /* IMPAIR */
	struct podnet_counters count __rte_cache_aligned; /* written by the loop, read by Go */
} __rte_cache_aligned;

/* Counters have one writer, so adding needs no atomic; storing whole does. */
static __rte_always_inline void
count_set(uint64_t *counter, uint64_t v)
{
	__atomic_store_n(counter, v, __ATOMIC_RELAXED);
}

static __rte_always_inline void
count_add(uint64_t *counter, uint64_t n)
{
	count_set(counter, *counter + n);
}

/* Where the fields lie in a stamp. */
#define STAMP_FLOW 4
#define STAMP_NUMBER 6
#define STAMP_TIME 10
#define STAMP_LEN 14

/* The unit of a stamp's time: 16 cycles, of which 32 bits last for 17 s at 4 GHz. */
#define STAMP_TICK_SHIFT 4

static __rte_always_inline uint32_t
stamp_ticks(uint64_t tsc)
{
	return (uint32_t)(tsc >> STAMP_TICK_SHIFT);
}

#endif
