/* Sending back the frames that were sent to us in one trial, and no others. loop.c calls
 * these functions on the lcore's thread. */
#ifndef PODNET_REFLECT_H
#define PODNET_REFLECT_H

#include "forward.h"
#include "generate.h"
#include "verify.h"

/* How far before the stamp the source address of IPv6 begins. */
#define REFLECT_SRC6 40

/* reflect_ours tells whether a frame was sent to the port's own address and has a
 * stamp with the signature that is as it was made, and gives its flow. A switch floods
 * frames to addresses that it does not know, so others' frames come too. Their sender
 * would count a frame from here as one that its own peer carried. */
static __rte_always_inline bool
reflect_ours(const struct stream *s, const struct rte_mbuf *m, const uint8_t *eth, uint16_t *its_flow)
{
	const uint8_t *at = eth + s->cfg.stamp_offset;
	uint16_t check, flow;
	uint32_t number, time;

	if (m->data_len < s->cfg.stamp_offset + STAMP_LEN || memcmp(eth, s->cfg.src_mac, RTE_ETHER_ADDR_LEN) != 0)
		return false;
	memcpy(&check, at + STAMP_CHECK, sizeof(check));
	memcpy(&flow, at + STAMP_FLOW, sizeof(flow));
	memcpy(&number, at + STAMP_NUMBER, sizeof(number));
	memcpy(&time, at + STAMP_TIME, sizeof(time));
	*its_flow = flow;
	return memcmp(at + STAMP_MARK, &s->cfg.signature, STAMP_CHECK) == 0 &&
	       check == stamp_check(s->seed, flow, number, time, m->pkt_len - s->cfg.stamp_offset);
}

/* reflect_swap exchanges two neighbouring fields of len bytes. */
static __rte_always_inline void
reflect_swap(uint8_t *a, unsigned len)
{
	uint8_t tmp[16];

	memcpy(tmp, a, len);
	memcpy(a, a + len, len);
	memcpy(a + len, tmp, len);
}

/* reflect_turn addresses a frame to its sender. It only exchanges fields that the
 * checksums add up, so these stay right. */
static __rte_always_inline void
reflect_turn(const struct stream *s, uint8_t *eth)
{
	uint8_t *stamp = eth + s->cfg.stamp_offset;

	forward_macswap(eth);
	if (generate_is_v6(s->cfg.stamp_offset))
		reflect_swap(stamp - REFLECT_SRC6, 16);
	else
		reflect_swap(stamp - GENERATE_SRC4, 4);
	reflect_swap(stamp - GENERATE_PORTS, 2);
}

/* reflect serves a stream that sends back the frames with its signature and drops all
 * others, and returns how many came. Frames of flows that are not the stream's own, such
 * as a warm-up's, go back too, and count as others'. */
static __rte_always_inline uint16_t
reflect(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint8_t *data[PODNET_BURST];
	uint16_t n = rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST);
	uint16_t kept = 0, ours = 0, flow;

	verify_note_gap(s, rte_rdtsc());
	if (n == 0)
		return 0;
	if (s->cfg.count_bytes)
		count_add(&s->count.rx_bytes, burst_bytes(bufs, n));
	burst_prefetch(bufs, data, n);
	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!reflect_ours(s, bufs[i], data[i], &flow))) {
			rte_pktmbuf_free(bufs[i]);
			continue;
		}
		ours += flow - s->cfg.first_flow < s->cfg.flows;
		reflect_turn(s, data[i]);
		bufs[kept++] = bufs[i];
	}
	count_add(&s->count.rx_packets, ours);
	if (unlikely(ours < n))
		count_add(&s->count.rx_other, n - ours);
	if (kept > 0)
		forward_send(s, bufs, kept, s->cfg.count_bytes ? burst_bytes(bufs, kept) : 0);
	return n;
}

#endif
