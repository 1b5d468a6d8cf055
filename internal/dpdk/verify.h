/* Telling apart what came back: each packet once, twice, late, or not at all. */
#ifndef PODNET_VERIFY_H
#define PODNET_VERIFY_H

#include "loop.h"

/* The numbers of a flow that have come are kept in a window of this many words,
 * whose bits stand for the last numbers up to the highest. */
#define WORDS 16
#define WINDOW ((WORDS - 1) * 64) /* at least so many are known at any time */

struct flow {
	uint64_t next;    /* the highest number so far, and one */
	uint64_t missing; /* of those below it */
	uint64_t seen[WORDS];
};

/* Times are counted in classes of which each power of two has 1024, so that a
 * class is no wider than a thousandth. */
#define SUB_BITS 10
#define CLASSES ((32 - SUB_BITS + 1) << SUB_BITS)

struct verifier {
	uint64_t times[CLASSES];
	struct flow flows[];
};

static __rte_always_inline unsigned
class_of(uint32_t v)
{
	unsigned shift;

	if (v < 1u << SUB_BITS)
		return v;
	shift = 31 - __builtin_clz(v) - SUB_BITS;
	return ((shift + 1) << SUB_BITS) + ((v >> shift) & ((1u << SUB_BITS) - 1));
}

/* What became of a burst. */
struct tally {
	uint16_t ours, duplicates, reordered;
	int64_t missing;
};

/* note takes a packet's number into account. */
static __rte_always_inline void
note(struct flow *f, uint32_t number, struct tally *t)
{
	/* The number is cut to 32 bits: it is the one nearest to what is next. */
	int64_t away = (int32_t)(number - (uint32_t)f->next);
	uint64_t n = f->next + away, word = n / 64, bit = 1ull << (n & 63);

	if (likely(away >= 0)) {
		if (unlikely(away >= WORDS * 64))
			memset(f->seen, 0, sizeof(f->seen));
		else /* words that begin between what was next and this number */
			for (uint64_t w = (f->next + 63) / 64; w <= word; w++)
				f->seen[w % WORDS] = 0;
		f->seen[word % WORDS] |= bit;
		f->next = n + 1;
		if (unlikely(away > 0)) {
			f->missing += away;
			t->missing += away;
		}
		t->ours++;
		return;
	}
	if (f->missing == 0 || (-away <= WINDOW && f->seen[word % WORDS] & bit)) {
		t->duplicates++;
		return;
	}
	/* One that is older than the window is taken for one of the missing. */
	if (-away <= WINDOW)
		f->seen[word % WORDS] |= bit;
	f->missing--;
	t->missing--;
	t->ours++;
	t->reordered++;
}

/* verify counts the stream's own packets among those of a burst that came at the
 * time came. */
static __rte_always_inline void
verify(struct stream *s, struct rte_mbuf **bufs, uint8_t **data, uint16_t n, uint64_t came)
{
	struct verifier *v = s->verifier;
	const uint32_t now = ticks(came);
	struct tally t = { 0 };
	uint16_t i;

	for (i = 0; i < n; i++) {
		const uint8_t *at = data[i] + s->cfg.stamp_offset;
		uint32_t signature, number, time;
		uint16_t flow;

		if (unlikely(bufs[i]->data_len < s->cfg.stamp_offset + STAMP_LEN))
			continue;
		memcpy(&signature, at, sizeof(signature));
		memcpy(&flow, at + STAMP_FLOW, sizeof(flow));
		if (unlikely(signature != s->cfg.signature || flow >= s->cfg.flows))
			continue;
		memcpy(&number, at + STAMP_NUMBER, sizeof(number));
		memcpy(&time, at + STAMP_TIME, sizeof(time));
		note(&v->flows[flow], number, &t);
		v->times[class_of(now - time)]++;
	}
	add(&s->count.rx_packets, t.ours);
	if (unlikely(t.ours + t.duplicates < n))
		add(&s->count.rx_other, n - t.ours - t.duplicates);
	if (unlikely(t.missing != 0 || t.reordered != 0 || t.duplicates != 0)) {
		add(&s->count.missing, t.missing);
		add(&s->count.reordered, t.reordered);
		add(&s->count.duplicates, t.duplicates);
	}
}

#endif
