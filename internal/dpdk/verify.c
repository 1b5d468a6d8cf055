//go:build cgo && !nodpdk

/* Verifiers, where no packet comes: worker.c makes one before the lcore's loop
 * begins, on EAL's thread, and Go reads the times from any thread while it runs. */

#include "verify.h"
#include "worker.h"

struct verifier *
verify_new(uint32_t flows, uint32_t first)
{
	struct verifier *v = worker_zeroed(sizeof(*v) + flows * sizeof(struct verify_flow));

	for (uint32_t i = 0; v != NULL && i < flows; i++)
		v->flows[i].next = first;
	return v;
}

unsigned
podnet_worker_times(const struct podnet_worker *w, unsigned stream, unsigned *from, struct podnet_time *out, unsigned n)
{
	const struct verifier *v = w->streams[stream].verifier;
	unsigned filled = 0;

	if (v == NULL)
		return 0;
	for (; *from < VERIFY_CLASSES && filled < n; (*from)++) {
		uint64_t packets = __atomic_load_n(&v->times[*from], __ATOMIC_RELAXED);

		if (packets > 0)
			out[filled++] = (struct podnet_time){ verify_class_begin(*from) << STAMP_TICK_SHIFT, packets };
	}
	return filled;
}
