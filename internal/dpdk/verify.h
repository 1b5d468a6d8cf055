/* Telling apart what came back: each packet once, twice, late, or not at all. */
#ifndef PODNET_VERIFY_H
#define PODNET_VERIFY_H

#include "burst.h"

#include <rte_cycles.h>

/* The numbers of a flow that have come are kept in a window of this many words,
 * whose bits stand for the last numbers up to the highest. All but one word of them are
 * known at any time. Of very many flows, each has few packets on their way. */
#define VERIFY_WORDS 16
#define VERIFY_WIDE_WORDS 2

struct verify_flow {
	uint64_t next;    /* the highest number so far, and one */
	uint64_t missing; /* of those below it */
	uint64_t seen[];
};

/* A class of round-trip times is no wider than a thousandth. */
#define VERIFY_BITS 10

struct verifier {
	uint64_t begin; /* TSC before the first packet was sent */
	uint32_t skew;  /* VERIFY_SKEW_US in ticks */
	uint16_t mark;  /* that of its stamps */
	bool doubt;     /* a checksum was wrong: add up that of every frame */
	uint32_t late;  /* VERIFY_LATE_US in ticks */
	/* Of the streams that send to it; without any there is no schedule. */
	const struct schedule *schedules[PODNET_SENDERS];
	unsigned n_schedules;
	uint64_t times[CLASSES(VERIFY_BITS)];
	/* Of the packets that were sent late: their times from when they were sent, which
	 * are in times too, and from when they should have been. */
	uint64_t late_times[CLASSES(VERIFY_BITS)], scheduled_times[CLASSES(VERIFY_BITS)];
	bool wide;
	uint8_t flows[] __rte_cache_aligned; /* verify_flow */
};

/* verify_stride is how far two flows lie apart. */
static __rte_always_inline size_t
verify_stride(bool wide)
{
	return sizeof(struct verify_flow) + (wide ? VERIFY_WIDE_WORDS : VERIFY_WORDS) * sizeof(uint64_t);
}

static __rte_always_inline struct verify_flow *
verify_flow(struct verifier *v, uint32_t flow, bool wide)
{
	return (struct verify_flow *)(v->flows + flow * verify_stride(wide));
}

/* verify_whole_flow is the number of a flow, by what two fields of a stamp have. */
static __rte_always_inline uint32_t
verify_whole_flow(uint16_t flow, uint32_t number, bool wide)
{
	return wide ? flow | number >> STAMP_WIDE_BITS << 16 : flow;
}

/* verify_init makes the stream's verifier (verify.c); false: no memory. */
bool verify_init(struct stream *s);
/* verify_odd counts a packet that does not pass for what it is, unless it is to pass
 * all the same (verify.c). timely: its stamp's time is of this trial. */
bool verify_odd(struct stream *s, const struct rte_mbuf *m, bool timely);
/* verify_sum tells whether the UDP checksum is right, or there is none (verify.c). */
bool verify_sum(const struct rte_mbuf *m, unsigned stamp_offset);

/* The counts of one burst. */
struct verify_tally {
	uint16_t ours, duplicates, reordered;
	int64_t missing;
};

/* verify_number takes a packet's number into account, and returns it in full. */
static __rte_always_inline uint64_t
verify_number(struct verify_flow *f, uint32_t number, struct verify_tally *t, const bool wide)
{
	const unsigned cut = wide ? 32 - STAMP_WIDE_BITS : 0, words = wide ? VERIFY_WIDE_WORDS : VERIFY_WORDS;
	const int64_t window = (words - 1) * 64;
	/* The number is cut to 32 or 28 bits: it is the one nearest to what is next. */
	int64_t away = (int32_t)((number - (uint32_t)f->next) << cut) >> cut;
	uint64_t n = f->next + away, word = n / 64, bit = 1ull << (n & 63);

	if (likely(away >= 0)) {
		if (unlikely(away >= words * 64))
			memset(f->seen, 0, words * sizeof(f->seen[0]));
		else /* words that begin between what was next and this number */
			for (uint64_t w = (f->next + 63) / 64; w <= word; w++)
				f->seen[w % words] = 0;
		f->seen[word % words] |= bit;
		f->next = n + 1;
		if (unlikely(away > 0)) {
			f->missing += away;
			t->missing += away;
		}
		t->ours++;
		return n;
	}
	if (f->missing == 0 || (-away <= window && f->seen[word % words] & bit)) {
		t->duplicates++;
		return n;
	}
	/* One that is older than the window is taken for one of the missing. */
	if (-away <= window)
		f->seen[word % words] |= bit;
	f->missing--;
	t->missing--;
	t->ours++;
	t->reordered++;
	return n;
}

/* A packet that is sent so much later than it should be, in microseconds, counts as
 * punctual: a generator may take as long for a turn. */
#define VERIFY_LATE_US 1

/* verify_late is how much later than it should have been a packet was sent, in ticks,
 * by the schedule of its sender. */
static __rte_always_inline int32_t
verify_late(const struct verifier *v, uint32_t flow, uint64_t number, uint32_t sent)
{
	const struct schedule *c = v->schedules[0];

	for (unsigned i = 1; unlikely(flow - c->first_flow >= c->flows); i++) {
		if (i == v->n_schedules)
			return 0; /* nobody's whom it knows */
		c = v->schedules[i];
	}
	return sent - schedule_due(c, (number - c->first_number) * c->flows + flow - c->first_flow);
}

/* verify_schedule counts the round-trip time of a packet, in ticks, from when it should
 * have been sent, if that is another. */
static __rte_always_inline void
verify_schedule(struct verifier *v, uint32_t flow, uint64_t number, uint32_t sent, uint32_t ticks)
{
	int32_t late = verify_late(v, flow, number, sent);

	if (likely(late <= (int32_t)v->late))
		return;
	v->late_times[class_of(ticks, VERIFY_BITS)]++;
	v->scheduled_times[class_of(ticks + late, VERIFY_BITS)]++;
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
 * the time came, by their schedules too if they are scheduled. Adding up a long frame
 * takes several times as long as all the rest, so until a checksum is wrong only the
 * first frame of each burst is added up: under load that is one of many, and at low
 * rates each. */
static __rte_always_inline void
verify_burst(struct stream *s, struct rte_mbuf **bufs, uint8_t **data, uint16_t n, uint64_t came, const bool scheduled, const bool wide)
{
	struct verifier *v = s->verifier;
	const uint64_t seed = s->seed;
	const uint16_t offset = s->cfg.stamp_offset, vlan = s->cfg.vlan, mark = v->mark;
	const uint32_t first = s->cfg.first_flow, flows = s->cfg.flows;
	const uint8_t shift = s->cfg.stamp_shift;
	const uint32_t now = stamp_ticks(came, shift), skew = v->skew;
	const uint32_t oldest = s->cfg.elsewhere ? UINT32_MAX - skew : RTE_MIN((came - v->begin) >> shift, (uint64_t)VERIFY_MAX_TICKS);
	struct verify_tally t = { 0 };
	uint16_t i, summed = unlikely(v->doubt) ? n : 1;

	for (i = 0; i < n; i++) {
		const uint8_t *at = data[i] + offset;
		uint32_t number, time, age;
		uint16_t its_mark, check, low;
		struct verify_flow *f;
		uint32_t flow;
		uint64_t whole;

		if (unlikely(bufs[i]->data_len < offset + STAMP_LEN)) {
			verify_odd(s, bufs[i], true);
			continue;
		}
		memcpy(&its_mark, at + STAMP_MARK, sizeof(its_mark));
		memcpy(&check, at + STAMP_CHECK, sizeof(check));
		memcpy(&low, at + STAMP_FLOW, sizeof(low));
		memcpy(&number, at + STAMP_NUMBER, sizeof(number));
		memcpy(&time, at + STAMP_TIME, sizeof(time));
		flow = verify_whole_flow(low, number, wide) - first;
		age = now - time + skew;
		if (unlikely(its_mark != mark || flow >= flows || age > oldest + skew ||
			     check != stamp_check(seed, low, number, time, bufs[i]->pkt_len - offset) ||
			     (vlan != 0 && !verify_in_vlan(data[i], vlan)) ||
			     (i < summed && !verify_sum(bufs[i], offset))) &&
		    !verify_odd(s, bufs[i], age <= oldest + skew)) {
			if (v->doubt)
				summed = n;
			continue;
		}
		f = verify_flow(v, flow, wide);
		whole = verify_number(f, number, &t, wide);
		age = age > skew ? age - skew : 0;
		v->times[class_of(age, VERIFY_BITS)]++;
		if (scheduled)
			verify_schedule(v, first + flow, whole, time, age);
	}
	count_add(&s->count.rx_packets, t.ours);
	if (unlikely(t.missing != 0 || t.reordered != 0 || t.duplicates != 0)) {
		count_add(&s->count.missing, t.missing);
		count_add(&s->count.reordered, t.reordered);
		count_add(&s->count.duplicates, t.duplicates);
	}
}

/* verify_note_gap keeps the longest time between two polls. What comes meanwhile
 * waits in the ring, as far as that has room. */
static __rte_always_inline void
verify_note_gap(struct stream *s, uint64_t now)
{
	if (unlikely(now - s->polled > s->count.max_gap && s->polled != 0))
		count_set(&s->count.max_gap, now - s->polled);
	s->polled = now;
}

/* verify serves a stream that counts its own packets and drops all that come. */
static __rte_always_inline uint16_t
verify(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint8_t *data[PODNET_BURST];
	uint16_t n = burst_rx(s, bufs, PODNET_BURST);
	uint64_t came = rte_rdtsc();

	verify_note_gap(s, came);
	if (n == 0)
		return 0;
	if (s->cfg.count_bytes)
		count_add(&s->count.rx_bytes, burst_bytes(bufs, n));
	burst_prefetch(bufs, data, n);
	if (unlikely(s->verifier->wide))
		verify_burst(s, bufs, data, n, came, s->verifier->n_schedules > 0, true);
	else if (s->verifier->n_schedules > 0)
		verify_burst(s, bufs, data, n, came, true, false);
	else
		verify_burst(s, bufs, data, n, came, false, false);
	burst_free(bufs, n);
	return n;
}

#endif
