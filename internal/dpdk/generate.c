//go:build cgo && !nodpdk

/* Generators, where no packet is sent: worker.c calls these functions on EAL's
 * thread, before the lcore's loop begins and after it has ended. */

#include "generate.h"

/* A template's sum is what its checksum stands for, less what a packet changes. A
 * ones' complement sum may be taken over words in any byte order (RFC 1071), so
 * here they are the machine's own. */
void
generate_init(struct stream *s)
{
	const struct podnet_stream_config *c = &s->cfg;
	unsigned i;

	for (i = 0; i < c->n_sizes; i++) {
		const uint8_t *stamp = c->head[i] + c->stamp_offset;
		uint32_t signature;
		uint16_t port, sum, check;

		memcpy(&signature, stamp, sizeof(signature));
		memcpy(&port, stamp - 8, sizeof(port));
		memcpy(&sum, stamp - 2, sizeof(sum));
		memcpy(&check, stamp + STAMP_CHECK, sizeof(check));
		s->sum[i] = (uint16_t)~sum + (uint16_t)~port + (uint16_t)~check;
		s->seed = stamp_seed(signature); /* the same in all */
	}
	s->next.number = c->first_number;
	s->next.first = (c->first_flow + c->first_number) % c->n_pattern;
	s->next.at = s->next.first;
	s->schedule = (struct schedule){ .flows = c->flows, .first_flow = c->first_flow, .first_number = c->first_number };
	if (c->packets_per_cycle > 0) {
		s->schedule.cycles = 1 / c->packets_per_cycle;
		/* Of a packet in ages the upper bits are cut off, which are cut off each tick. */
		s->schedule.step = (uint64_t)(unsigned __int128)(s->schedule.cycles / (1u << c->stamp_shift) * (1ull << 32));
	}
}
