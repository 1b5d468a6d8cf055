/* Sending packets that carry stamps. */
#ifndef PODNET_GENERATE_H
#define PODNET_GENERATE_H

#include "burst.h"

#include <rte_byteorder.h>
#include <rte_cycles.h>

/* generate_init takes the sums of the templates, and makes the table of the flows
 * (generate.c); false: no memory. */
bool generate_init(struct stream *s);
/* generate_answer sends the frame that Go has left there (generate.c). */
void generate_answer(struct stream *s);
/* generate_stamp_varied is generate_stamp where sizes or addresses vary, or flows are
 * many (generate.c). */
void generate_stamp_varied(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now);

/* generate_advance goes on to the next packet: one of each flow in turn, then the
 * next number of each. */
static __rte_always_inline void
generate_advance(const struct podnet_stream_config *c, struct cursor *t)
{
	if (++t->at == c->n_pattern)
		t->at = 0;
	if (++t->flow == c->flows) {
		t->flow = 0;
		t->number++;
		if (++t->first == c->n_pattern)
			t->first = 0;
		t->at = t->first;
	}
}

/* generate_skip passes over the numbers of n packets that cannot be made. */
static inline void
generate_skip(struct stream *s, uint16_t n)
{
	while (n-- > 0)
		generate_advance(&s->cfg, &s->next);
}

/* generate_copy_head copies how a frame begins, in constant lengths: the bytes
 * behind the stamp are zero in a template as in the mbuf. */
static __rte_always_inline void
generate_copy_head(uint8_t *eth, const uint8_t *head, bool all)
{
	memcpy(eth, head, 64);
	if (all)
		memcpy(eth + 64, head + 64, PODNET_HEAD - 64);
}

/* Where fields of the headers lie before the stamp. IPv6 has the last 32 bits of its
 * source elsewhere. */
#define GENERATE_PORTS 8
#define GENERATE_IP_SUM 18
#define GENERATE_SRC4 16
#define GENERATE_SRC6 28
#define GENERATE_DST 12

/* generate_is_v6 tells whether a packet with its stamp there has an IPv6 header. */
static __rte_always_inline bool
generate_is_v6(uint16_t stamp_offset)
{
	return stamp_offset >= 14 + 40 + 8;
}

/* generate_folded is a ones' complement sum in 16 bits: the upper half takes the lower
 * one, and what that carries. */
static __rte_always_inline uint16_t
generate_folded(uint32_t sum)
{
	return (sum + (sum << 16 | sum >> 16)) >> 16;
}

/* generate_addresses writes the addresses of a flow. */
static __rte_always_inline void
generate_addresses(uint8_t *at, const struct flow *f, const bool v6, uint32_t ip_sum)
{
	uint16_t sum = ~generate_folded(ip_sum + f->ip_sum);

	memcpy(at - (v6 ? GENERATE_SRC6 : GENERATE_SRC4), &f->src, sizeof(f->src));
	memcpy(at - GENERATE_DST, &f->dst, sizeof(f->dst));
	if (!v6)
		memcpy(at - GENERATE_IP_SUM, &sum, sizeof(sum));
}

/* generate_stamp_as makes the next n packets of the stream, whose addresses vary or do
 * not. No store into a packet changes the stream, which the compiler would have to fear
 * without restrict and next. */
static __rte_always_inline void
generate_stamp_as(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now, const bool addresses, const bool wide)
{
	const struct podnet_stream_config *restrict c = &s->cfg;
	const uint32_t *restrict sums = s->sum;
	const struct flow *restrict flows = s->flows;
	const bool v6 = addresses && generate_is_v6(c->stamp_offset);
	struct cursor next = s->next;
	const uint64_t seed = s->seed;
	const uint32_t time = stamp_ticks(now, c->stamp_shift), time_sum = (time & 0xffff) + (time >> 16);
	const bool all = c->stamp_offset + STAMP_LEN > 64;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];
		uint8_t *eth = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM, *at = eth + c->stamp_offset;
		unsigned size = c->pattern[next.at];
		const struct flow *f = &flows[next.flow];
		uint32_t whole = c->first_flow + next.flow;
		uint16_t flow = whole;
		uint32_t number = wide ? (next.number & STAMP_WIDE_NUMBER) | whole >> 16 << STAMP_WIDE_BITS : next.number;
		uint16_t check = stamp_check(seed, flow, number, time, c->len[size] - c->stamp_offset), udp;
		uint32_t sum = sums[size] + f->sum + check + flow + (number & 0xffff) + (number >> 16) + time_sum;

		udp = ~generate_folded(sum);
		if (unlikely(udp == 0))
			udp = 0xffff; /* zero means that there is no checksum (RFC 768) */

		burst_renew(m, burst_fresh(c->len[size]));
		generate_copy_head(eth, c->head[size], all);
		memcpy(at - GENERATE_PORTS, &f->src_port, 2 * sizeof(f->src_port));
		if (addresses)
			generate_addresses(at, f, v6, s->ip_sum[size]);
		memcpy(at - 2, &udp, sizeof(udp));
		memcpy(at + STAMP_CHECK, &check, sizeof(check));
		memcpy(at + STAMP_FLOW, &flow, sizeof(flow));
		memcpy(at + STAMP_NUMBER, &number, sizeof(number));
		memcpy(at + STAMP_TIME, &time, sizeof(time));
		generate_advance(c, &next);
	}
	s->next = next;
}

typedef uint8_t generate_vec __attribute__((vector_size(16)));

/* What differs from flow to flow is one word: the checksum, the mark, the check and the
 * flow. The number and the time follow it. */
#define GENERATE_UDP_SUM (-2)
#define GENERATE_PLACE(field) (STAMP_##field - GENERATE_UDP_SUM)

/* generate_stamp_uniform is generate_stamp for one size, ports that vary, and flows
 * that their number tells apart. From one flow to the next of a number little changes:
 * the template stays in registers, and the check's sum grows by a constant. */
static __rte_always_inline void
generate_stamp_uniform(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now)
{
	const struct podnet_stream_config *restrict c = &s->cfg;
	const struct flow *restrict flows = s->flows;
	const unsigned size = c->pattern[0], offset = c->stamp_offset;
	const uint32_t time = stamp_ticks(now, c->stamp_shift);
	const bool all = offset + STAMP_LEN > 64;
	const struct burst_fresh fresh = burst_fresh(c->len[size]);
	uint32_t next = s->next.flow, number = s->next.number;
	uint8_t head[PODNET_HEAD];
	struct rte_mbuf **const end = bufs + n;
	uint16_t mark;

	memcpy(head, c->head[size], PODNET_HEAD);
	memcpy(&mark, c->head[size] + offset + STAMP_MARK, sizeof(mark));
	while (bufs < end) {
		struct rte_mbuf **const stop = bufs + RTE_MIN(end - bufs, (ptrdiff_t)(c->flows - next));
		const struct flow *f = &flows[next];
		const uint16_t flow = c->first_flow + next;
		generate_vec h[4];
		/* What grows from flow to flow. */
		uint64_t check_sum = stamp_sum(s->seed, flow, number, time, c->len[size] - offset);
		uint64_t what = word_place(mark, 2, GENERATE_PLACE(MARK)) | word_place(flow, 2, GENERATE_PLACE(FLOW));
		uint32_t sum = s->sum[size] + (number & 0xffff) + (number >> 16) + (time & 0xffff) + (time >> 16) + flow;

		next += stop - bufs;
		memcpy(head + offset + STAMP_NUMBER, &number, sizeof(number));
		memcpy(head + offset + STAMP_TIME, &time, sizeof(time));
		memcpy(h, head, sizeof(h));
		for (; bufs < stop; bufs++, f++) {
			uint8_t *eth = (uint8_t *)(*bufs)->buf_addr + RTE_PKTMBUF_HEADROOM, *at = eth + offset;
			const uint16_t check = check_sum >> STAMP_CHECK_SHIFT;
			uint16_t udp = ~generate_folded(sum + f->sum + check);
			uint64_t word;

			if (unlikely(udp == 0))
				udp = 0xffff; /* zero means that there is no checksum (RFC 768) */
			word = what | word_place(udp, 2, 0) | word_place(check, 2, GENERATE_PLACE(CHECK));
			burst_renew(*bufs, fresh);
			memcpy(eth, &h[0], sizeof(h[0]));
			memcpy(eth + 16, &h[1], sizeof(h[1]));
			memcpy(eth + 32, &h[2], sizeof(h[2]));
			memcpy(eth + 48, &h[3], sizeof(h[3]));
			if (all)
				memcpy(eth + 64, head + 64, PODNET_HEAD - 64);
			memcpy(at - GENERATE_PORTS, &f->src_port, 2 * sizeof(f->src_port));
			memcpy(at + GENERATE_UDP_SUM, &word, sizeof(word));
			check_sum += STAMP_NEXT_FLOW;
			what += word_place(1, 2, GENERATE_PLACE(FLOW));
			sum++;
		}
		if (next == c->flows) {
			next = 0;
			number++;
		}
	}
	s->next.flow = next;
	s->next.number = number;
}

/* generate_stamp makes the next n packets of the stream. */
static __rte_always_inline void
generate_stamp(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now)
{
	if (likely(s->cfg.n_pattern == 1 && !s->addresses && !s->cfg.wide))
		generate_stamp_uniform(s, bufs, n, now);
	else
		generate_stamp_varied(s, bufs, n, now);
}

/* generate_note_late keeps how late the next n packets are, of which so many as
 * backlog were due by now: all n as late as the first of them. */
static __rte_always_inline void
generate_note_late(struct stream *s, uint64_t now, uint64_t backlog, uint16_t n)
{
	double late = (double)(int64_t)(now - s->count.begin) - (double)(int64_t)s->count.offered * s->schedule.cycles;
	uint64_t cycles = RTE_MAX(late, 0.0);
	double limit = s->cfg.late_cycles;

	count_add(&s->lateness[class_of(RTE_MIN(cycles >> s->cfg.stamp_shift, (uint64_t)UINT32_MAX), LATENESS_BITS)], n);
	if (unlikely(backlog > s->count.max_backlog))
		count_set(&s->count.max_backlog, backlog);
	if (unlikely(cycles > s->count.max_late))
		count_set(&s->count.max_late, cycles);
	if (unlikely(late > limit))
		count_add(&s->count.late, RTE_MIN((uint64_t)((late - limit) * s->cfg.packets_per_cycle) + 1, (uint64_t)n));
}

/* generate_note_refused counts what the port refused of a burst. A burst that
 * catches up is one of which more is due than fits: it may find the ring too small
 * where punctual packets would not have, unless the ring was full before. */
static __rte_always_inline void
generate_note_refused(struct stream *s, uint64_t backlog, uint16_t refused)
{
	bool behind = backlog > PODNET_BURST;

	if (unlikely(refused > 0)) {
		count_add(&s->count.tx_refused, refused);
		if (behind && !s->full)
			count_add(&s->count.refused_late, refused);
	}
	if (likely(!behind))
		s->full = refused > 0;
}

/* A generator that is behind catches up at this multiple of its rate, so that its path
 * is not sent bursts that the schedule does not have; at the other one once the schedule
 * is over, which has an end. */
#define GENERATE_CATCH_UP 2
#define GENERATE_CATCH_UP_AT_END PODNET_BURST
/* generate_allowed is how many packets may be sent now of those that are due. */
static __rte_always_inline uint16_t
generate_allowed(struct stream *s, uint64_t now, uint64_t backlog, bool over)
{
	const double times = unlikely(over) ? GENERATE_CATCH_UP_AT_END : GENERATE_CATCH_UP;
	const double rate = times * s->cfg.packets_per_cycle;
	uint64_t from = now - RTE_MIN(now - s->next_at, s->cfg.slack_cycles), most;

	if ((int64_t)(now - s->next_at) < 0)
		return 0;
	most = RTE_MIN(backlog, (uint64_t)PODNET_BURST);
	most = RTE_MIN(most, (uint64_t)((double)(int64_t)(now - from) * rate) + 1);
	s->next_at = from + (uint64_t)((double)(int64_t)most * s->schedule.cycles / times);
	return most;
}

/* generate_note_departure keeps how far n packets are behind those before them. */
static __rte_always_inline void
generate_note_departure(struct stream *s, uint64_t now, uint16_t n)
{
	if (likely(s->departed != 0)) {
		uint64_t ticks = (now - s->departed) >> s->cfg.stamp_shift;

		count_add(&s->gaps[class_of(RTE_MIN(ticks, (uint64_t)UINT32_MAX), LATENESS_BITS)], 1);
	}
	if (n > 1)
		count_add(&s->gaps[0], n - 1);
	count_add(&s->bursts[n], 1);
	s->departed = now;
}

/* generate_has_answer tells whether Go has left one. */
static __rte_always_inline bool
generate_has_answer(const struct stream *s)
{
	return unlikely(letters_any(&s->answers));
}

/* generate_paced sends what is due by the schedule. What the ring refuses is lost,
 * numbers and all: the schedule does not wait. */
static __rte_always_inline uint16_t
generate_paced(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint64_t now = rte_rdtsc();
	uint64_t due = (uint64_t)((double)(now - s->count.begin) * s->cfg.packets_per_cycle) + 1;
	uint64_t backlog;
	uint16_t n, sent = 0;

	if (due > s->cfg.limit)
		due = s->cfg.limit;
	if (due == s->count.offered)
		return 0;
	backlog = due - s->count.offered;
	n = generate_allowed(s, now, backlog, due == s->cfg.limit);
	if (unlikely(n == 0))
		return 0;
	generate_note_late(s, now, backlog, n);
	generate_note_departure(s, now, n);
	if (likely(rte_mempool_get_bulk(s->cfg.pool, (void **)bufs, n) == 0)) {
		generate_stamp(s, bufs, n, now);
		sent = burst_tx_counted(s, bufs, n);
		if (unlikely(sent < n))
			rte_pktmbuf_free_bulk(bufs + sent, n - sent);
	} else { /* every mbuf is in a ring that nobody empties */
		generate_skip(s, n);
	}
	generate_note_refused(s, backlog, n - sent);
	count_add(&s->count.tx_packets, sent);
	count_add(&s->count.offered, n);
	if (s->count.offered == s->cfg.limit)
		count_set(&s->count.end, rte_rdtsc());
	return n;
}

/* generate_refuse lets the schedule go by on a port that is stopped. */
static inline uint16_t
generate_refuse(struct stream *s)
{
	uint64_t due = (uint64_t)((double)(rte_rdtsc() - s->count.begin) * s->cfg.packets_per_cycle) + 1;
	uint16_t n;

	if (due > s->cfg.limit)
		due = s->cfg.limit;
	n = RTE_MIN(due - s->count.offered, (uint64_t)PODNET_BURST);
	if (s->cfg.mode == PODNET_GENERATE)
		generate_skip(s, n);
	count_add(&s->count.tx_refused, n);
	count_add(&s->count.offered, n);
	if (s->count.offered == s->cfg.limit)
		count_set(&s->count.end, rte_rdtsc());
	return n;
}

/* generate_max sends as fast as the port takes, up to the limit if there is one. A
 * packet that waits for the ring keeps the time at which it was first offered. */
static __rte_always_inline uint16_t
generate_max(struct stream *s)
{
	uint16_t sent;

	if (s->n_pending == 0) {
		uint64_t left = s->cfg.limit == 0 ? PODNET_BURST : s->cfg.limit - s->count.tx_packets;
		uint16_t n = RTE_MIN(left, (uint64_t)PODNET_BURST);

		if (unlikely(n == 0)) {
			if (s->count.end == 0)
				count_set(&s->count.end, rte_rdtsc());
			return 0;
		}
		if (unlikely(rte_mempool_get_bulk(s->cfg.pool, (void **)(s->pending + PODNET_BURST - n), n) != 0))
			return 0;
		generate_stamp(s, s->pending + PODNET_BURST - n, n, rte_rdtsc());
		s->n_pending = n;
	}
	sent = burst_tx_counted(s, s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending -= sent;
	count_add(&s->count.tx_packets, sent);
	return sent;
}

#endif
