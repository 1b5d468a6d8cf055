//go:build cgo && !nodpdk

/* Generators, apart from the usual packets: worker.c calls generate_init on EAL's
 * thread, before the lcore's loop begins, and the loop calls the others on its own. */

#include "generate.h"
#include "worker.h"

/* generate_word is a 16-bit word of a template, as far before its stamp. A ones'
 * complement sum may be taken over words in any byte order (RFC 1071), so here they
 * are the machine's own. */
static uint16_t
generate_word(const uint8_t *stamp, int before)
{
	uint16_t word;

	memcpy(&word, stamp - before, sizeof(word));
	return word;
}

static uint32_t
generate_long(const uint8_t *stamp, int before)
{
	uint32_t value;

	memcpy(&value, stamp - before, sizeof(value));
	return value;
}

static uint32_t
generate_sum_of(uint32_t value)
{
	return (value & 0xffff) + (value >> 16);
}

/* generate_varied is a field of a flow, as it stands in a packet. */
static uint32_t
generate_varied(uint32_t base, const struct podnet_vary *v, uint32_t flow)
{
	return base + (v->values > 1 ? flow % v->values : 0);
}

/* generate_flows makes the table. All templates have the same fields. */
static bool
generate_flows(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;
	const uint8_t *stamp = c->head[0] + c->stamp_offset;
	const uint32_t src = rte_be_to_cpu_32(generate_long(stamp, generate_is_v6(c->stamp_offset) ? GENERATE_SRC6 : GENERATE_SRC4));
	const uint32_t dst = rte_be_to_cpu_32(generate_long(stamp, GENERATE_DST));
	const uint16_t src_port = rte_be_to_cpu_16(generate_word(stamp, GENERATE_PORTS));
	const uint16_t dst_port = rte_be_to_cpu_16(generate_word(stamp, GENERATE_PORTS - 2));

	s->flows = worker_zeroed(c->flows * sizeof(struct flow));
	if (s->flows == NULL)
		return false;
	for (uint32_t i = 0; i < c->flows; i++) {
		struct flow *f = &s->flows[i];
		uint32_t nth = c->first_flow + i, addresses;

		f->src = rte_cpu_to_be_32(generate_varied(src, &c->vary[PODNET_SRC_IP], nth));
		f->dst = rte_cpu_to_be_32(generate_varied(dst, &c->vary[PODNET_DST_IP], nth));
		f->src_port = rte_cpu_to_be_16(generate_varied(src_port, &c->vary[PODNET_SRC_PORT], nth));
		f->dst_port = rte_cpu_to_be_16(generate_varied(dst_port, &c->vary[PODNET_DST_PORT], nth));
		addresses = generate_sum_of(f->src) + generate_sum_of(f->dst);
		f->ip_sum = generate_folded(addresses);
		f->sum = generate_folded(addresses + f->src_port + f->dst_port);
	}
	s->addresses = c->vary[PODNET_SRC_IP].values > 1 || c->vary[PODNET_DST_IP].values > 1;
	return true;
}

/* A template's sum is what its checksum stands for, less what a packet changes. */
static void
generate_sums(struct stream *s, unsigned i)
{
	const uint8_t *stamp = s->cfg.head[i] + s->cfg.stamp_offset;
	const uint32_t src = generate_long(stamp, generate_is_v6(s->cfg.stamp_offset) ? GENERATE_SRC6 : GENERATE_SRC4);
	const uint32_t less = generate_sum_of(~src) + generate_sum_of(~generate_long(stamp, GENERATE_DST));
	const uint16_t check = generate_word(stamp, -STAMP_CHECK);
	uint32_t signature;

	memcpy(&signature, stamp, sizeof(signature));
	s->seed = stamp_seed(signature); /* the same in all */
	s->sum[i] = generate_folded((uint16_t)~generate_word(stamp, 2) + less + (uint16_t)~generate_word(stamp, GENERATE_PORTS) +
				    (uint16_t)~generate_word(stamp, GENERATE_PORTS - 2) + (uint16_t)~check);
	s->ip_sum[i] = generate_folded((uint16_t)~generate_word(stamp, GENERATE_IP_SUM) + less);
}

bool
generate_init(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;

	for (unsigned i = 0; i < c->n_sizes; i++)
		generate_sums(s, i);
	s->next.number = c->first_number;
	s->next.first = (c->first_flow + c->first_number) % c->n_pattern;
	s->next.at = s->next.first;
	s->schedule = (struct schedule){ .flows = c->flows, .first_flow = c->first_flow, .first_number = c->first_number };
	if (c->packets_per_cycle > 0) {
		s->schedule.cycles = 1 / c->packets_per_cycle;
		/* Of a packet in ages the upper bits are cut off, which are cut off each tick. */
		s->schedule.step = (uint64_t)(unsigned __int128)(s->schedule.cycles / (1u << c->stamp_shift) * (1ull << 32));
	}
	return generate_flows(s);
}

void
generate_answer(struct stream *s)
{
	uint8_t frame[PODNET_QUESTION];
	uint16_t len = letters_take(&s->answers, frame);
	struct rte_mbuf *m;

	if (rte_mempool_get(s->cfg.pool, (void **)&m) != 0)
		return; /* who asks, asks again */
	m->data_off = RTE_PKTMBUF_HEADROOM;
	m->ol_flags = 0;
	m->pkt_len = m->data_len = len;
	memcpy(rte_pktmbuf_mtod(m, void *), frame, len);
	if (burst_tx(s, &m, 1) == 0)
		rte_pktmbuf_free(m);
}

void
generate_stamp_varied(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t now)
{
	if (s->addresses)
		generate_stamp_as(s, bufs, n, now, true, s->cfg.wide);
	else if (s->cfg.wide)
		generate_stamp_as(s, bufs, n, now, false, true);
	else
		generate_stamp_as(s, bufs, n, now, false, false);
}
