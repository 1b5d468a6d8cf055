/* Sending packets that carry stamps. */
#ifndef PODNET_GENERATE_H
#define PODNET_GENERATE_H

#include "burst.h"

#include <rte_byteorder.h>
#include <rte_cycles.h>

/* generate_init takes the sums of the templates (generate.c). */
void generate_init(struct stream *s);

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

/* generate_stamp makes the next n packets of the stream. No store into a packet
 * changes the stream, which the compiler would have to fear without restrict and
 * next. */
static __rte_always_inline void
generate_stamp(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now)
{
	const struct podnet_stream_config *restrict c = &s->cfg;
	const uint32_t *restrict sums = s->sum;
	struct cursor next = s->next;
	const uint64_t seed = s->seed;
	const uint32_t time = stamp_ticks(now, c->stamp_shift), time_sum = (time & 0xffff) + (time >> 16);
	const bool all = c->stamp_offset + STAMP_LEN > 64;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];
		uint8_t *eth = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM, *at = eth + c->stamp_offset;
		unsigned size = c->pattern[next.at];
		uint16_t flow = c->first_flow + next.flow, port = rte_cpu_to_be_16(c->src_port + flow);
		uint32_t number = next.number;
		uint16_t check = stamp_check(seed, flow, number, time, c->len[size] - c->stamp_offset), udp;
		uint32_t sum = sums[size] + port + check + flow + (number & 0xffff) + (number >> 16) + time_sum;

		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		udp = ~sum;
		if (unlikely(udp == 0))
			udp = 0xffff; /* zero means that there is no checksum (RFC 768) */

		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->ol_flags = 0;
		m->pkt_len = c->len[size];
		m->data_len = c->len[size];
		generate_copy_head(eth, c->head[size], all);
		memcpy(at - 8, &port, sizeof(port));
		memcpy(at - 2, &udp, sizeof(udp));
		memcpy(at + STAMP_CHECK, &check, sizeof(check));
		memcpy(at + STAMP_FLOW, &flow, sizeof(flow));
		memcpy(at + STAMP_NUMBER, &number, sizeof(number));
		memcpy(at + STAMP_TIME, &time, sizeof(time));
		generate_advance(c, &next);
	}
	s->next = next;
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
	n = RTE_MIN(backlog, (uint64_t)PODNET_BURST);
	generate_note_late(s, now, backlog, n);
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
