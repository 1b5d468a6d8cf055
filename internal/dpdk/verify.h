/* Telling apart what came back: each packet once, twice, late, or not at all. */
#ifndef PODNET_VERIFY_H
#define PODNET_VERIFY_H

#include "burst.h"

#include <rte_cycles.h>

/* The numbers of a flow that have come are kept in a window of this many words,
 * whose bits stand for the last numbers up to the highest. */
#define VERIFY_WORDS 16
#define VERIFY_WINDOW ((VERIFY_WORDS - 1) * 64) /* at least so many are known at any time */

struct verify_flow {
	uint64_t next;    /* the highest number so far, and one */
	uint64_t missing; /* of those below it */
	uint64_t seen[VERIFY_WORDS];
};

/* Times are counted in classes of which each power of two has 1024, so that a
 * class is no wider than a thousandth. */
#define VERIFY_SUB_BITS 10
#define VERIFY_CLASSES ((32 - VERIFY_SUB_BITS + 1) << VERIFY_SUB_BITS)

struct verifier {
	uint64_t begin; /* TSC before the first packet was sent */
	uint32_t skew;  /* VERIFY_SKEW_US in ticks */
	uint16_t mark;  /* that of its stamps */
	bool doubt;     /* a checksum was wrong: add up that of every frame */
	uint64_t times[VERIFY_CLASSES];
	struct verify_flow flows[];
};

/* verify_init makes the stream's verifier (verify.c); false: no memory. */
bool verify_init(struct stream *s);
/* verify_odd counts a packet that does not pass for what it is, unless it is to pass
 * all the same (verify.c). timely: its stamp's time is of this trial. */
bool verify_odd(struct stream *s, const struct rte_mbuf *m, bool timely);
/* verify_sum tells whether the UDP checksum is right, or there is none (verify.c). */
bool verify_sum(const struct rte_mbuf *m, unsigned stamp_offset);

/* verify_class_begin is the shortest time of a class. */
static inline uint64_t
verify_class_begin(unsigned class)
{
	unsigned shift = class >> VERIFY_SUB_BITS;

	if (shift == 0)
		return class;
	return (uint64_t)((1u << VERIFY_SUB_BITS) + (class & ((1u << VERIFY_SUB_BITS) - 1))) << (shift - 1);
}

static __rte_always_inline unsigned
verify_class(uint32_t v)
{
	unsigned shift;

	if (v < 1u << VERIFY_SUB_BITS)
		return v;
	shift = 31 - __builtin_clz(v) - VERIFY_SUB_BITS;
	return ((shift + 1) << VERIFY_SUB_BITS) + ((v >> shift) & ((1u << VERIFY_SUB_BITS) - 1));
}

/* The counts of one burst. */
struct verify_tally {
	uint16_t ours, duplicates, reordered;
	int64_t missing;
};

/* verify_number takes a packet's number into account. */
static __rte_always_inline void
verify_number(struct verify_flow *f, uint32_t number, struct verify_tally *t)
{
	/* The number is cut to 32 bits: it is the one nearest to what is next. */
	int64_t away = (int32_t)(number - (uint32_t)f->next);
	uint64_t n = f->next + away, word = n / 64, bit = 1ull << (n & 63);

	if (likely(away >= 0)) {
		if (unlikely(away >= VERIFY_WORDS * 64))
			memset(f->seen, 0, sizeof(f->seen));
		else /* words that begin between what was next and this number */
			for (uint64_t w = (f->next + 63) / 64; w <= word; w++)
				f->seen[w % VERIFY_WORDS] = 0;
		f->seen[word % VERIFY_WORDS] |= bit;
		f->next = n + 1;
		if (unlikely(away > 0)) {
			f->missing += away;
			t->missing += away;
		}
		t->ours++;
		return;
	}
	if (f->missing == 0 || (-away <= VERIFY_WINDOW && f->seen[word % VERIFY_WORDS] & bit)) {
		t->duplicates++;
		return;
	}
	/* One that is older than the window is taken for one of the missing. */
	if (-away <= VERIFY_WINDOW)
		f->seen[word % VERIFY_WORDS] |= bit;
	f->missing--;
	t->missing--;
	t->ours++;
	t->reordered++;
}

/* verify_in_vlan tells whether a frame with one tag, or more, is in that VLAN. */
static __rte_always_inline bool
verify_in_vlan(const uint8_t *eth, uint16_t vlan)
{
	return ((eth[14] & 0xf) << 8 | eth[15]) == vlan;
}

/* By how much a packet may seem to come before it was sent, in microseconds. The
 * TSC of two CPUs, and what a CPU does out of order, may differ by less. */
#define VERIFY_SKEW_US 1

/* The longest time on the way, in ticks: what is longer came from the future. */
#define VERIFY_MAX_TICKS (3u << 30)

/* verify_burst counts the stream's own packets among those of a burst that came at
 * the time came. Adding up a long frame takes several times as long as all the rest,
 * so until a checksum is wrong only the first frame of each burst is added up: under
 * load that is one of many, and at low rates each. */
static __rte_always_inline void
verify_burst(struct stream *s, struct rte_mbuf **bufs, uint8_t **data, uint16_t n, uint64_t came)
{
	struct verifier *v = s->verifier;
	const uint64_t seed = s->seed;
	const uint16_t offset = s->cfg.stamp_offset, vlan = s->cfg.vlan, mark = v->mark;
	const uint32_t flows = s->cfg.flows;
	const uint32_t now = stamp_ticks(came, s->cfg.stamp_shift), skew = v->skew;
	const uint32_t oldest = RTE_MIN((came - v->begin) >> s->cfg.stamp_shift, (uint64_t)VERIFY_MAX_TICKS);
	struct verify_tally t = { 0 };
	uint16_t i, summed = unlikely(v->doubt) ? n : 1;

	for (i = 0; i < n; i++) {
		const uint8_t *at = data[i] + offset;
		uint32_t number, time, age;
		uint16_t its_mark, check, flow;

		if (unlikely(bufs[i]->data_len < offset + STAMP_LEN)) {
			verify_odd(s, bufs[i], true);
			continue;
		}
		memcpy(&its_mark, at + STAMP_MARK, sizeof(its_mark));
		memcpy(&check, at + STAMP_CHECK, sizeof(check));
		memcpy(&flow, at + STAMP_FLOW, sizeof(flow));
		memcpy(&number, at + STAMP_NUMBER, sizeof(number));
		memcpy(&time, at + STAMP_TIME, sizeof(time));
		age = now - time + skew;
		if (unlikely(its_mark != mark || flow >= flows || age > oldest + skew ||
			     check != stamp_check(seed, flow, number, time, bufs[i]->pkt_len - offset) ||
			     (vlan != 0 && !verify_in_vlan(data[i], vlan)) ||
			     (i < summed && !verify_sum(bufs[i], offset))) &&
		    !verify_odd(s, bufs[i], age <= oldest + skew)) {
			if (v->doubt)
				summed = n;
			continue;
		}
		verify_number(&v->flows[flow], number, &t);
		v->times[verify_class(age > skew ? age - skew : 0)]++;
	}
	count_add(&s->count.rx_packets, t.ours);
	if (unlikely(t.missing != 0 || t.reordered != 0 || t.duplicates != 0)) {
		count_add(&s->count.missing, t.missing);
		count_add(&s->count.reordered, t.reordered);
		count_add(&s->count.duplicates, t.duplicates);
	}
}

/* verify serves a stream that counts its own packets and drops all that come. */
static __rte_always_inline uint16_t
verify(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint8_t *data[PODNET_BURST];
	uint16_t n = burst_rx(s, bufs, PODNET_BURST);
	uint64_t came = rte_rdtsc();

	if (n == 0)
		return 0;
	if (s->cfg.count_bytes)
		count_add(&s->count.rx_bytes, burst_bytes(bufs, n));
	burst_prefetch(bufs, data, n);
	verify_burst(s, bufs, data, n, came);
	rte_pktmbuf_free_bulk(bufs, n);
	return n;
}

#endif
