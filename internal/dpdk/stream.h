/* The types that the packet loops share: a stream's configuration and state, the
 * counters that Go reads, and where a stamp's fields lie.
 *
 * Includes point one way: dpdk.h <- stream.h <- burst.h <- forward.h, txonly.h,
 * generate.h, verify.h, impair.h, reflect.h <- loop.c. These headers have the functions
 * that run per packet on an lcore's thread, so that loop.c compiles them inline once per
 * mode. Functions that run once per stream are in generate.c, verify.c and impair.c;
 * worker.c calls them on EAL's thread. */
#ifndef PODNET_STREAM_H
#define PODNET_STREAM_H

#include "dpdk.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

struct verifier; /* verify.h */
struct impairer; /* impair.h */

/* The position of a generator's next packet. */
struct cursor {
	uint32_t flow;   /* from 0 */
	uint32_t number; /* in its flow */
	uint32_t at;     /* its place in the pattern of sizes */
	uint32_t first;  /* the place of flow 0 with this number */
};

/* When each packet of a GENERATE stream at a set rate is due. A verifier on another
 * lcore reads it per packet, so it has a cache line that nobody writes to meanwhile. */
struct schedule {
	uint32_t begin; /* tick at which the first one was due; atomic */
	uint32_t flows, first_flow, first_number;
	uint64_t step;  /* ticks from one to the next, times 2^32; 0: there is no schedule */
	double cycles;  /* the same in cycles */
};

/* schedule_due is the tick at which the n-th packet is due, from 0. Only the lower 32 bits
 * count, as in a stamp, so the product may overflow. A step that is wrong by half of its
 * last bit is wrong by one tick after 2^33 packets. */
static __rte_always_inline uint32_t
schedule_due(const struct schedule *c, uint64_t n)
{
	return __atomic_load_n(&c->begin, __ATOMIC_RELAXED) + (uint32_t)(n * c->step >> 32);
}

/* Times are counted in classes. Each power of two has 2^bits of them. */
static __rte_always_inline unsigned
class_of(uint32_t v, unsigned bits)
{
	unsigned shift;

	if (v < 1u << bits)
		return v;
	shift = 31 - __builtin_clz(v) - bits;
	return ((shift + 1) << bits) + ((v >> shift) & ((1u << bits) - 1));
}

/* class_begin is the shortest time of a class. */
static inline uint64_t
class_begin(unsigned class, unsigned bits)
{
	unsigned shift = class >> bits;

	if (shift == 0)
		return class;
	return (uint64_t)((1u << bits) + (class & ((1u << bits) - 1))) << (shift - 1);
}

#define CLASSES(bits) ((32 - (bits) + 1) << (bits))

/* Packets' lateness, and the time between them, are known to a sixteenth. */
#define LATENESS_BITS 4

/* The parts of a packet that differ per flow: the values of the fields that vary, in the
 * packet's byte order, and their share in the checksums of UDP and of IPv4's header. */
struct flow {
	uint32_t src, dst;
	uint16_t src_port, dst_port;
	uint16_t sum, ip_sum;
};

/* Frames that Go and a loop hand over to each other, one writing and one reading. */
#define LETTERS 64
struct letters {
	uint32_t written, read; /* atomic: how many so far */
	struct {
		uint16_t len;
		uint8_t frame[PODNET_QUESTION];
	} list[LETTERS];
};

static __rte_always_inline bool
letters_any(const struct letters *l)
{
	return __atomic_load_n(&l->written, __ATOMIC_ACQUIRE) != __atomic_load_n(&l->read, __ATOMIC_RELAXED);
}

/* letters_put adds a frame; false: there is no room. */
static inline bool
letters_put(struct letters *l, const void *frame, uint16_t len)
{
	uint32_t at = __atomic_load_n(&l->written, __ATOMIC_RELAXED);

	if (at - __atomic_load_n(&l->read, __ATOMIC_ACQUIRE) == LETTERS)
		return false;
	l->list[at % LETTERS].len = len;
	memcpy(l->list[at % LETTERS].frame, frame, len);
	__atomic_store_n(&l->written, at + 1, __ATOMIC_RELEASE);
	return true;
}

/* letters_take takes the next frame and returns its length; 0: there is none. */
static inline uint16_t
letters_take(struct letters *l, void *frame)
{
	uint32_t at = __atomic_load_n(&l->read, __ATOMIC_RELAXED);
	uint16_t len;

	if (!letters_any(l))
		return 0;
	len = l->list[at % LETTERS].len;
	memcpy(frame, l->list[at % LETTERS].frame, len);
	__atomic_store_n(&l->read, at + 1, __ATOMIC_RELEASE);
	return len;
}

struct stream {
	struct podnet_stream_config cfg;
	struct schedule schedule __rte_cache_aligned; /* GENERATE */
	struct rte_mbuf *pending[PODNET_BURST] __rte_cache_aligned; /* at the maximum rate: what a full ring refused, offered again later */
	uint16_t n_pending;
	bool parked;                /* atomic, written by Go: one of its ports is stopped */
	uint64_t seed;              /* GENERATE, VERIFY, REFLECT: stamp_seed of the signature */
	struct cursor next;         /* GENERATE */
	bool full;                  /* GENERATE: the port refused some of the last burst that did not catch up */
	uint64_t polled;            /* VERIFY, REFLECT: TSC of the last poll; 0: none yet */
	/* GENERATE: the checksums' sums of each template, without what a flow has of its own
	 * and the check */
	uint32_t sum[PODNET_SIZES], ip_sum[PODNET_SIZES];
	struct flow *flows;         /* GENERATE */
	bool addresses;             /* GENERATE: they vary */
	uint64_t departed;          /* GENERATE: TSC of the last burst; 0: none yet */
	uint64_t next_at;           /* GENERATE: TSC before which nothing is sent, even if it is late */
	uint64_t lateness[CLASSES(LATENESS_BITS)]; /* GENERATE: packets by how late they were offered */
	uint64_t gaps[CLASSES(LATENESS_BITS)]; /* GENERATE: packets by how long after the one before them */
	uint64_t bursts[PODNET_BURST + 1]; /* GENERATE: how often so many were sent at once */
	struct letters questions;   /* VERIFY: to Go */
	struct letters answers;     /* GENERATE, VERIFY: from Go */
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

/* word_place is a value of so many bytes at its place in a word of eight, as that lies in
 * memory. */
static __rte_always_inline uint64_t
word_place(uint64_t v, unsigned bytes, unsigned at)
{
	return v << 8 * (RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN ? at : 8 - at - bytes);
}

/* Where the fields lie in a stamp. Its mark is the first half of the signature;
 * the whole signature goes into the check. */
#define STAMP_MARK 0   /* 2 bytes */
#define STAMP_CHECK 2  /* 2 */
#define STAMP_FLOW 4   /* 2 */
#define STAMP_NUMBER 6 /* 4 */
#define STAMP_TIME 10  /* 4 */
#define STAMP_LEN 14

/* Where a trial is wide, the upper bits of the flow take the place of the number's. */
#define STAMP_WIDE_BITS 28
#define STAMP_WIDE_NUMBER ((1u << STAMP_WIDE_BITS) - 1)

/* stamp_ticks is a time in a stamp's form: cut to 32 bits, in units so long that 32 bits
 * last longer than a packet can be on its way. */
static __rte_always_inline uint32_t
stamp_ticks(uint64_t tsc, uint8_t shift)
{
	return (uint32_t)(tsc >> shift);
}

/* stamp_seed spreads a signature over the bits of a check. */
static __rte_always_inline uint64_t
stamp_seed(uint32_t signature)
{
	return signature * 0x9e3779b97f4a7c15;
}

/* A check is the upper bits of a sum, and these are the sum's factors. STAMP_WHAT
 * multiplies a word with the flow from bit 16 on, so that the next flow's sum is larger by
 * a constant. */
#define STAMP_WHEN 0xbf58476d1ce4e5b9
#define STAMP_WHAT 0x94d049bb133111eb
#define STAMP_NEXT_FLOW (STAMP_WHAT << 16)
#define STAMP_CHECK_SHIFT 48

static __rte_always_inline uint64_t
stamp_sum_when(uint64_t seed, uint32_t number, uint32_t time)
{
	return (((uint64_t)time << 32 | number) ^ seed) * STAMP_WHEN;
}

static __rte_always_inline uint64_t
stamp_sum_what(uint16_t flow, uint16_t payload)
{
	return ((uint32_t)flow << 16 | payload) * STAMP_WHAT;
}

static __rte_always_inline uint64_t
stamp_sum(uint64_t seed, uint16_t flow, uint32_t number, uint32_t time, uint16_t payload)
{
	return stamp_sum_when(seed, number, time) + stamp_sum_what(flow, payload);
}

/* stamp_check is the check of a packet with so many bytes from the stamp on. The
 * factors are odd and have no sixteen equal bits in a row, so that any one bit of
 * the input changes the upper 16 bits of the sum. */
static __rte_always_inline uint16_t
stamp_check(uint64_t seed, uint16_t flow, uint32_t number, uint32_t time, uint16_t payload)
{
	return stamp_sum(seed, flow, number, time, payload) >> STAMP_CHECK_SHIFT;
}

#endif
