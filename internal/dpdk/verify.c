//go:build cgo && !nodpdk

/* Verifiers, apart from the packets that pass. worker.c makes one on EAL's thread
 * before the lcore's loop begins, the loop calls verify_odd on its own thread, and
 * Go reads the times from any thread while it runs. */

#include "verify.h"
#include "worker.h"

#include <rte_byteorder.h>
#include <errno.h>

#include <rte_ether.h>
#include <rte_ip.h>

bool
verify_init(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;
	const size_t flows = c->flows * sizeof(struct verify_flow), windows = (size_t)c->flows * verify_words(c->wide) * sizeof(uint64_t);
	struct verifier *v = worker_zeroed(sizeof(*v) + flows + windows);

	if (v == NULL)
		return false;
	v->wide = c->wide;
	for (uint32_t i = 0; i < c->flows; i++)
		v->flows[i].next = c->first_number;
	v->seen = (uint64_t *)&v->flows[c->flows];
	v->begin = c->earliest != 0 ? c->earliest : rte_rdtsc();
	v->skew = rte_get_tsc_hz() / 1000000 * VERIFY_SKEW_US >> c->stamp_shift;
	v->late = rte_get_tsc_hz() / 1000000 * VERIFY_LATE_US >> c->stamp_shift;
	memcpy(&v->mark, &c->signature, sizeof(v->mark));
	s->seed = stamp_seed(c->signature);
	s->verifier = v;
	return true;
}

/* How far the headers of our frames lie before the stamp. */
#define VERIFY_UDP 8
#define VERIFY_IPV4 (VERIFY_UDP + 20)
#define VERIFY_IPV6 (VERIFY_UDP + 40)

/* verify_type is the Ethernet type of a frame whose L3 header begins there. */
static unsigned
verify_type(const struct rte_mbuf *m, unsigned l3)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3 - 2);

	return p[0] << 8 | p[1];
}

/* verify_pseudo adds up the addresses of the pseudo header; false: our IP
 * header is not before the stamp. A device may have translated the addresses. */
static bool
verify_pseudo(const struct rte_mbuf *m, unsigned stamp, uint32_t *sum)
{
	const uint8_t *at = rte_pktmbuf_mtod_offset(m, const uint8_t *, stamp);

	if (stamp >= RTE_ETHER_HDR_LEN + VERIFY_IPV4 && verify_type(m, stamp - VERIFY_IPV4) == RTE_ETHER_TYPE_IPV4)
		*sum = rte_raw_cksum(at - VERIFY_UDP - 8, 8);
	else if (stamp >= RTE_ETHER_HDR_LEN + VERIFY_IPV6 && verify_type(m, stamp - VERIFY_IPV6) == RTE_ETHER_TYPE_IPV6)
		*sum = rte_raw_cksum(at - VERIFY_UDP - 32, 32);
	else
		return false;
	return true;
}

bool
verify_sum(const struct rte_mbuf *m, unsigned stamp)
{
	const uint8_t *at = rte_pktmbuf_mtod_offset(m, const uint8_t *, stamp);
	const uint64_t driver = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint16_t length, check, rest;
	uint32_t sum;

	/* NONE: the checksum is left to be filled in, and the data is right. */
	if (driver == RTE_MBUF_F_RX_L4_CKSUM_GOOD || driver == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	memcpy(&length, at - 4, sizeof(length));
	memcpy(&check, at - 2, sizeof(check));
	if (check == 0 || !verify_pseudo(m, stamp, &sum)) /* RFC 768, and RFC 6935 for IPv6 */
		return true;
	if (rte_raw_cksum_mbuf(m, stamp - VERIFY_UDP, rte_be_to_cpu_16(length), &rest) != 0)
		return false; /* it is longer than the frame */
	sum += rest + rte_cpu_to_be_16(IPPROTO_UDP) + length;
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16)) == 0xffff;
}

/* The shortest frame on the wire, without the FCS. */
#define VERIFY_MIN_FRAME 60

/* A stamp in a packet that does not pass. */
struct verify_stamp {
	uint32_t number, time;
	uint16_t mark, check, flow;
};

/* verify_read reads a stamp; false: the frame ends before. */
static bool
verify_read(const struct rte_mbuf *m, unsigned at, struct verify_stamp *out)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);

	if (m->data_len < at + STAMP_LEN)
		return false;
	memcpy(&out->mark, p + STAMP_MARK, sizeof(out->mark));
	memcpy(&out->check, p + STAMP_CHECK, sizeof(out->check));
	memcpy(&out->flow, p + STAMP_FLOW, sizeof(out->flow));
	memcpy(&out->number, p + STAMP_NUMBER, sizeof(out->number));
	memcpy(&out->time, p + STAMP_TIME, sizeof(out->time));
	return true;
}

static bool
verify_checks(const struct stream *s, const struct verify_stamp *p, uint32_t payload)
{
	return p->check == stamp_check(s->seed, p->flow, p->number, p->time, payload);
}

/* verify_sent_as finds the length, from the stamp on, with which the packet was
 * sent; 0: none of the stream's. */
static uint16_t
verify_sent_as(const struct stream *s, const struct verify_stamp *p)
{
	for (unsigned i = 0; i < s->cfg.n_sizes; i++)
		if (verify_checks(s, p, s->cfg.len[i]))
			return s->cfg.len[i];
	return 0;
}

/* verify_tags are the VLAN tags of a frame, as in rx_tags. */
static uint64_t
verify_tags(const struct rte_mbuf *m)
{
	const uint8_t *eth = rte_pktmbuf_mtod(m, const uint8_t *);
	uint64_t ids = 0;
	unsigned n, at = 2 * RTE_ETHER_ADDR_LEN;

	for (n = 0; at + 4u <= m->data_len; n++, at += 4) {
		unsigned type = eth[at] << 8 | eth[at + 1];

		if (type != RTE_ETHER_TYPE_VLAN && type != RTE_ETHER_TYPE_QINQ && type != RTE_ETHER_TYPE_QINQ1)
			break;
		if (n < 2)
			ids |= (uint64_t)((eth[at + 2] & 0xf) << 8 | eth[at + 3]) << (n == 0 ? 16 : 0);
	}
	return (uint64_t)n << 32 | ids;
}

/* verify_retagged finds the stamp where it lies when a device has put tags on the
 * frame or taken them off. */
static bool
verify_retagged(const struct stream *s, const struct rte_mbuf *m)
{
	for (int shift = -8; shift <= 8; shift += 4) {
		int at = s->cfg.stamp_offset + shift;
		struct verify_stamp p;

		if (shift == 0 || at < RTE_ETHER_HDR_LEN || !verify_read(m, at, &p) || p.mark != s->verifier->mark)
			continue;
		if (verify_checks(s, &p, m->pkt_len - at) || verify_sent_as(s, &p) != 0)
			return true;
	}
	return false;
}

/* verify_mark_damaged tells whether a stamp is right except for a bit or two of its
 * mark. Few of others' packets look like that. */
static bool
verify_mark_damaged(const struct stream *s, const struct verify_stamp *p, uint32_t payload)
{
	return __builtin_popcount(p->mark ^ s->verifier->mark) <= 2 && verify_checks(s, p, payload);
}

/* verify_question keeps a frame for Go to answer that asks for a host: ARP, or a
 * neighbor solicitation. Who is not heard asks again. */
static void
verify_question(struct stream *s, const struct rte_mbuf *m)
{
	const uint8_t *eth = rte_pktmbuf_mtod(m, const uint8_t *);
	unsigned at = 2 * RTE_ETHER_ADDR_LEN, type = 0;
	const unsigned next = 8, icmp = 42; /* of IPv6, from its Ethernet type on */

	if (!s->cfg.answers)
		return;
	for (; at + 2u <= m->data_len; at += 4)
		if ((type = eth[at] << 8 | eth[at + 1]) != RTE_ETHER_TYPE_VLAN)
			break;
	if (type != RTE_ETHER_TYPE_ARP &&
	    (type != RTE_ETHER_TYPE_IPV6 || m->data_len <= at + icmp || eth[at + next] != IPPROTO_ICMPV6 || eth[at + icmp] != 135))
		return;
	letters_put(&s->questions, eth, RTE_MIN(m->data_len, (uint16_t)PODNET_QUESTION));
}

bool
verify_odd(struct stream *s, const struct rte_mbuf *m, bool timely)
{
	struct podnet_counters *c = &s->count;
	const uint8_t *eth = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint16_t offset = s->cfg.stamp_offset;
	const uint32_t payload = m->pkt_len - offset; /* without meaning in a frame that ends before */
	uint64_t *counter = NULL;
	struct verify_stamp p;
	uint32_t sent = 0;

	if (!verify_read(m, offset, &p)) {
		if (m->data_len >= offset + sizeof(p.mark) && memcmp(eth + offset, &s->verifier->mark, sizeof(p.mark)) == 0)
			counter = &c->rx_truncated;
	} else if (p.mark == s->verifier->mark) {
		sent = verify_checks(s, &p, payload) ? payload : verify_sent_as(s, &p);
		if (sent == 0 || !timely)
			counter = &c->rx_damaged;
		else if (verify_whole_flow(p.flow, p.number, s->verifier->wide) - s->cfg.first_flow >= s->cfg.flows)
			counter = &c->rx_other; /* another sender uses the signature, or another trial */
		else if (s->cfg.vlan != 0 && !verify_in_vlan(eth, s->cfg.vlan))
			counter = &c->rx_retagged;
		else if (payload < sent)
			counter = &c->rx_truncated;
		else if (payload == sent) { /* nothing else is wrong with it */
			counter = &c->rx_damaged;
			s->verifier->doubt = true;
		}
		else if (m->pkt_len > VERIFY_MIN_FRAME)
			counter = &c->rx_extended;
		else
			return true; /* a device took its tag off and padded it */
	} else if (verify_mark_damaged(s, &p, payload)) {
		counter = &c->rx_damaged;
	}
	if (counter == NULL)
		counter = verify_retagged(s, m) ? &c->rx_retagged : &c->rx_other;
	if (counter == &c->rx_other)
		verify_question(s, m);
	if (counter == &c->rx_retagged)
		count_set(&c->rx_tags, verify_tags(m));
	count_add(counter, 1);
	return false;
}

int
podnet_worker_follow(struct podnet_worker *w, unsigned stream, const struct podnet_worker *sender, unsigned from)
{
	struct verifier *v = w->streams[stream].verifier;
	const struct schedule *c = &sender->streams[from].schedule;

	if (v == NULL || c->step == 0)
		return 0;
	if (v->n_schedules == PODNET_SENDERS)
		return -ENOSPC;
	v->schedules[v->n_schedules++] = c;
	return 0;
}

/* times_of counts the packets of a stream in a class of times; false: it has no
 * further class. */
static bool
times_of(const struct stream *s, enum podnet_times of, unsigned class, uint64_t *packets)
{
	const struct verifier *v = s->verifier;

	if (of == PODNET_LATENESS || of == PODNET_GAPS) {
		if (class >= RTE_DIM(s->lateness))
			return false;
		*packets = __atomic_load_n(of == PODNET_GAPS ? &s->gaps[class] : &s->lateness[class], __ATOMIC_RELAXED);
		return true;
	}
	if (v == NULL || class >= RTE_DIM(v->times))
		return false;
	*packets = __atomic_load_n(&v->times[class], __ATOMIC_RELAXED);
	if (of == PODNET_SCHEDULED_RTT) {
		/* A loop that still runs may have counted one in one place only. */
		uint64_t late = __atomic_load_n(&v->late_times[class], __ATOMIC_RELAXED);

		*packets -= RTE_MIN(*packets, late);
		*packets += __atomic_load_n(&v->scheduled_times[class], __ATOMIC_RELAXED);
	}
	return true;
}

unsigned
podnet_worker_times(const struct podnet_worker *w, unsigned stream, enum podnet_times of, unsigned *from, struct podnet_time *out, unsigned n)
{
	const struct stream *s = &w->streams[stream];
	const unsigned bits = of == PODNET_LATENESS || of == PODNET_GAPS ? LATENESS_BITS : VERIFY_BITS;
	unsigned filled = 0;
	uint64_t packets;

	for (; filled < n && times_of(s, of, *from, &packets); (*from)++)
		if (packets > 0)
			out[filled++] = (struct podnet_time){ class_begin(*from, bits) << s->cfg.stamp_shift, packets };
	return filled;
}
