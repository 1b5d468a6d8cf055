/* Sending packets that carry stamps. */
#ifndef PODNET_GENERATE_H
#define PODNET_GENERATE_H

#include "loop.h"

/* generate_init takes the sum of each template that its checksum stands for,
 * less what a packet changes. A ones' complement sum may be taken over words in
 * any byte order (RFC 1071), so here they are the machine's own. */
static inline void
generate_init(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;
	unsigned i;

	for (i = 0; i < c->n_sizes; i++) {
		const uint8_t *stamp = c->head[i] + c->stamp_offset;
		uint16_t port, sum;

		memcpy(&port, stamp - 8, sizeof(port));
		memcpy(&sum, stamp - 2, sizeof(sum));
		s->sum[i] = (uint16_t)~sum + (uint16_t)~port;
	}
	s->next.number = c->first_number;
	s->next.first = (c->first_flow + c->first_number) % c->n_pattern;
	s->next.at = s->next.first;
}

/* advance goes on to the next packet: the flows take turns, and in each round
 * every flow's number goes up. */
static __rte_always_inline void
advance(const struct podnet_stream_config *c, struct turn *t)
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

/* skip passes the numbers of n packets that cannot be made. */
static inline void
skip(struct stream *s, uint16_t n)
{
	while (n-- > 0)
		advance(&s->cfg, &s->next);
}

/* copy_head copies how a frame begins, in constant lengths: what lies behind the
 * stamp is zero in a template as in the mbuf. */
static __rte_always_inline void
copy_head(uint8_t *eth, const uint8_t *head, bool all)
{
	memcpy(eth, head, 64);
	if (all)
		memcpy(eth + 64, head + 64, PODNET_HEAD - 64);
}

/* stamp makes the next n packets of the stream. No store into a packet changes
 * the stream, which the compiler would have to fear without restrict and next. */
static __rte_always_inline void
stamp(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now)
{
	const struct podnet_stream_config *restrict c = &s->cfg;
	const uint32_t *restrict sums = s->sum;
	struct turn next = s->next;
	const uint32_t time = ticks(now), time_sum = (time & 0xffff) + (time >> 16);
	const bool all = c->stamp_offset + STAMP_LEN > 64;
	uint16_t i;

	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = bufs[i];
		uint8_t *eth = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM, *at = eth + c->stamp_offset;
		unsigned size = c->pattern[next.at];
		uint16_t flow = c->first_flow + next.flow, port = rte_cpu_to_be_16(c->src_port + flow);
		uint32_t number = next.number;
		uint32_t sum = sums[size] + port + flow + (number & 0xffff) + (number >> 16) + time_sum;
		uint16_t check;

		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		check = ~sum;
		if (unlikely(check == 0))
			check = 0xffff; /* zero means that there is none (RFC 768) */

		m->data_off = RTE_PKTMBUF_HEADROOM;
		m->ol_flags = 0;
		m->pkt_len = c->len[size];
		m->data_len = c->len[size];
		copy_head(eth, c->head[size], all);
		memcpy(at - 8, &port, sizeof(port));
		memcpy(at - 2, &check, sizeof(check));
		memcpy(at + STAMP_FLOW, &flow, sizeof(flow));
		memcpy(at + STAMP_NUMBER, &number, sizeof(number));
		memcpy(at + STAMP_TIME, &time, sizeof(time));
		advance(c, &next);
	}
	s->next = next;
}

/* note_lateness counts those of n packets, offered now, that are late. */
static __rte_always_inline void
note_lateness(struct stream *s, uint64_t now, uint16_t n)
{
	double since = now - s->count.begin, rate = s->cfg.packets_per_cycle;
	double late = since - s->count.offered / rate; /* of the first of them, in cycles */
	double limit = s->cfg.late_cycles;

	if (likely(late <= limit))
		return;
	if (late > s->count.max_late)
		set(&s->count.max_late, late);
	add(&s->count.late, RTE_MIN((uint64_t)((late - limit) * rate) + 1, (uint64_t)n));
}

/* stamped_paced sends what is due by the schedule. What the ring refuses is lost,
 * numbers and all: the schedule does not wait. */
static __rte_always_inline uint16_t
stamped_paced(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint64_t now = rte_rdtsc();
	uint64_t due = (uint64_t)((double)(now - s->count.begin) * s->cfg.packets_per_cycle) + 1;
	uint16_t n, sent = 0;

	if (due > s->cfg.limit)
		due = s->cfg.limit;
	if (due == s->count.offered)
		return 0;
	n = RTE_MIN(due - s->count.offered, (uint64_t)PODNET_BURST);
	note_lateness(s, now, n);
	if (likely(rte_mempool_get_bulk(s->cfg.pool, (void **)bufs, n) == 0)) {
		stamp(s, bufs, n, now);
		sent = put_counted(s, bufs, n);
		if (unlikely(sent < n))
			rte_pktmbuf_free_bulk(bufs + sent, n - sent);
	} else { /* every mbuf is in a ring that nobody empties */
		skip(s, n);
	}
	if (unlikely(sent < n))
		add(&s->count.tx_refused, n - sent);
	add(&s->count.tx_packets, sent);
	add(&s->count.offered, n);
	if (s->count.offered == s->cfg.limit)
		set(&s->count.end, rte_rdtsc());
	return n;
}

/* stamped_max sends as fast as the port takes, up to the limit if there is one. A
 * packet that waits for the ring keeps the time at which it was first offered. */
static __rte_always_inline uint16_t
stamped_max(struct stream *s)
{
	uint16_t sent;

	if (s->n_pending == 0) {
		uint64_t left = s->cfg.limit == 0 ? PODNET_BURST : s->cfg.limit - s->count.tx_packets;
		uint16_t n = RTE_MIN(left, (uint64_t)PODNET_BURST);

		if (unlikely(n == 0)) {
			if (s->count.end == 0)
				set(&s->count.end, rte_rdtsc());
			return 0;
		}
		if (unlikely(rte_mempool_get_bulk(s->cfg.pool, (void **)(s->pending + PODNET_BURST - n), n) != 0))
			return 0;
		stamp(s, s->pending + PODNET_BURST - n, n, rte_rdtsc());
		s->n_pending = n;
	}
	sent = put_counted(s, s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending -= sent;
	add(&s->count.tx_packets, sent);
	return sent;
}

/* drop_pending gives up what still waits for the port. */
static inline void
drop_pending(struct stream *s)
{
	if (s->n_pending > 0)
		rte_pktmbuf_free_bulk(s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending = 0;
}

#endif
