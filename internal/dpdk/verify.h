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
	uint64_t missing; /* of those below it; 0: its window is out of date, and all in it have come */
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
	uint64_t *seen; /* the flows' windows, behind the flows */
	struct verify_flow flows[] __rte_cache_aligned;
};

static __rte_always_inline unsigned
verify_words(bool wide)
{
	return wide ? VERIFY_WIDE_WORDS : VERIFY_WORDS;
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
	uint16_t passed, duplicates, reordered;
	int64_t missing;
};

/* verify_open_window brings the window of a flow of which nothing is missing up to date. */
static inline void
verify_open_window(const struct verify_flow *f, uint64_t *seen, unsigned words)
{
	memset(seen, 0xff, words * sizeof(*seen));
	if (f->next % 64 != 0)
		seen[f->next / 64 % words] = (1ull << (f->next % 64)) - 1;
}

/* verify_out_of_turn takes the number of a packet into account that is not its flow's
 * next, or whose flow misses others. */
static __rte_noinline uint64_t
verify_out_of_turn(struct verify_flow *f, uint64_t *seen, uint32_t number, struct verify_tally *t, const bool wide)
{
	const unsigned cut = wide ? 32 - STAMP_WIDE_BITS : 0, words = verify_words(wide);
	const int64_t window = (words - 1) * 64;
	/* The number is cut to 32 or 28 bits: it is the one nearest to what is next. */
	int64_t away = (int32_t)((number - (uint32_t)f->next) << cut) >> cut;
	uint64_t n = f->next + away, word = n / 64, bit = 1ull << (n & 63);

	if (away >= 0) {
		if (f->missing == 0)
			verify_open_window(f, seen, words);
		if (away >= words * 64)
			memset(seen, 0, words * sizeof(*seen));
		else /* words that begin between what was next and this number */
			for (uint64_t w = (f->next + 63) / 64; w <= word; w++)
				seen[w % words] = 0;
		seen[word % words] |= bit;
		f->next = n + 1;
		f->missing += away;
		t->missing += away;
		return n;
	}
	if (f->missing == 0 || (-away <= window && seen[word % words] & bit)) {
		t->duplicates++;
		return n;
	}
	/* One that is older than the window is taken for one of the missing. */
	if (-away <= window)
		seen[word % words] |= bit;
	f->missing--;
	t->missing--;
	t->reordered++;
	return n;
}

/* verify_number takes a packet's number into account, and returns it in full. */
static __rte_always_inline uint64_t
verify_number(struct verifier *v, uint32_t flow, uint32_t number, struct verify_tally *t, const bool wide)
{
	const unsigned cut = wide ? 32 - STAMP_WIDE_BITS : 0;
	struct verify_flow *f = &v->flows[flow];

	if (likely((number - (uint32_t)f->next) << cut == 0 && f->missing == 0))
		return f->next++;
	return verify_out_of_turn(f, v->seen + (size_t)flow * verify_words(wide), number, t, wide);
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

/* verify_moment is what packets have in common that were sent at one time with one
 * number, as those of a burst were that a generator made. */
struct verify_moment {
	uint64_t stamp; /* number and time, as they lie there */
	uint64_t sum;   /* their part of a check's */
	uint32_t number, time, age;
	unsigned class; /* of their time on the way */
	bool timely;    /* they may be of this trial */
	uint16_t before; /* packets of the burst that passed before them */
};

/* verify_count_moment counts the packets that have passed since the moment before. */
static __rte_always_inline void
verify_count_moment(struct verifier *v, struct verify_moment *m, uint16_t passed)
{
	v->times[m->class] += passed - m->before;
	m->before = passed;
}

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
	struct verify_moment m = { 0 };
	struct verify_tally t = { 0 };
	uint16_t i, summed = unlikely(v->doubt) ? n : 1;

	for (i = 0; i < n; i++) {
		const uint8_t *at = data[i] + offset;
		uint16_t its_mark, check, low;
		uint64_t stamp, whole;
		uint32_t flow;

		if (unlikely(bufs[i]->data_len < offset + STAMP_LEN)) {
			verify_odd(s, bufs[i], true);
			continue;
		}
		memcpy(&its_mark, at + STAMP_MARK, sizeof(its_mark));
		memcpy(&check, at + STAMP_CHECK, sizeof(check));
		memcpy(&low, at + STAMP_FLOW, sizeof(low));
		memcpy(&stamp, at + STAMP_NUMBER, sizeof(stamp));
		if (stamp != m.stamp || !m.timely) {
			uint32_t age;

			verify_count_moment(v, &m, t.passed);
			memcpy(&m.number, at + STAMP_NUMBER, sizeof(m.number));
			memcpy(&m.time, at + STAMP_TIME, sizeof(m.time));
			age = now - m.time + skew;
			m.stamp = stamp;
			m.sum = stamp_sum_when(seed, m.number, m.time);
			m.timely = age <= oldest + skew;
			m.age = age > skew ? age - skew : 0;
			m.class = class_of(m.age, VERIFY_BITS);
		}
		flow = verify_whole_flow(low, m.number, wide) - first;
		if (unlikely(its_mark != mark || flow >= flows || !m.timely ||
			     check != (uint16_t)((m.sum + stamp_sum_what(low, bufs[i]->pkt_len - offset)) >> STAMP_CHECK_SHIFT) ||
			     (vlan != 0 && !verify_in_vlan(data[i], vlan)) ||
			     (i < summed && !verify_sum(bufs[i], offset))) &&
		    !verify_odd(s, bufs[i], m.timely)) {
			if (v->doubt)
				summed = n;
			continue;
		}
		whole = verify_number(v, flow, m.number, &t, wide);
		t.passed++;
		if (scheduled)
			verify_schedule(v, first + flow, whole, m.time, m.age);
	}
	verify_count_moment(v, &m, t.passed);
	count_add(&s->count.rx_packets, t.passed - t.duplicates);
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
