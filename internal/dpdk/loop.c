//go:build cgo && !nodpdk

/* The packet loops. Each runs on one lcore until it is told to stop, serves that
 * lcore's streams in turn, and is compiled once a mode, so that inside it the
 * mode is a constant. */

#define _GNU_SOURCE
#include "dpdk.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

/* How often a forwarder offers the rest of a burst to a full ring before it
 * drops it: long enough for a peer that is polling to take some, short enough
 * for one that has gone not to hold up the other streams of the lcore. */
#define TX_TRIES 64

struct stream {
	struct podnet_stream_config cfg;
	struct rte_mbuf *pending[PODNET_BURST]; /* generate_max: what a full ring refused, for the next turn */
	uint16_t n_pending;
	struct podnet_counters count __rte_cache_aligned; /* written by the loop, read by Go */
} __rte_cache_aligned;

/* What a loop is told. */
#define STOP 1
#define PAUSE 2

struct podnet_worker {
	uint8_t control;           /* atomic, written by Go: STOP and PAUSE, or 0 */
	bool stop_tx;              /* atomic, written by Go */
	int tid;                   /* atomic, written by the loop */
	uint64_t turns;            /* atomic, written by the loop: how often it has served all its streams */
	bool share;                /* the CPU is not this lcore's alone */
	unsigned n;
	struct stream streams[] __rte_cache_aligned;
};

/* Counters have one writer, so adding needs no atomic; storing whole does. */
static __rte_always_inline void
add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static __rte_always_inline void
set(uint64_t *counter, uint64_t v)
{
	__atomic_store_n(counter, v, __ATOMIC_RELAXED);
}

/* --- forwarding --- */

static __rte_always_inline uint64_t
bytes_of(struct rte_mbuf **bufs, uint16_t n)
{
	uint64_t sum = 0;

	for (uint16_t i = 0; i < n; i++)
		sum += bufs[i]->pkt_len;
	return sum;
}

/* send_all sends the burst, whose length in bytes is known if they are counted. */
static __rte_always_inline void
send_all(struct stream *s, struct rte_mbuf **bufs, uint16_t n, uint64_t bytes)
{
	uint16_t sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);

	if (unlikely(sent < n)) {
		for (unsigned i = 0; i < TX_TRIES && sent < n; i++) {
			rte_pause();
			sent += rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs + sent, n - sent);
		}
		if (sent < n) {
			if (s->cfg.count_bytes)
				bytes -= bytes_of(bufs + sent, n - sent);
			rte_pktmbuf_free_bulk(bufs + sent, n - sent);
			add(&s->count.tx_refused, n - sent);
		}
	}
	add(&s->count.tx_packets, sent);
	if (s->cfg.count_bytes)
		add(&s->count.tx_bytes, bytes);
}

typedef uint8_t vec16 __attribute__((vector_size(16)));

/* macswap exchanges the addresses by one 16-byte load, shuffle and store, and
 * returns the first octet of what was the destination. */
static __rte_always_inline uint8_t
macswap(uint8_t *eth)
{
	uint8_t first = eth[0];
	vec16 v;

	memcpy(&v, eth, sizeof(v));
	v = __builtin_shufflevector(v, v, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 12, 13, 14, 15);
	memcpy(eth, &v, sizeof(v));
	return first;
}

/* answer_groups corrects what macswap made of frames to a group: a group is no
 * sender, so they are answered from our own address. */
static void
answer_groups(const struct stream *s, uint8_t **eth, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (eth[i][RTE_ETHER_ADDR_LEN] & RTE_ETHER_GROUP_ADDR)
			memcpy(eth[i] + RTE_ETHER_ADDR_LEN, s->cfg.src_mac, RTE_ETHER_ADDR_LEN);
}

static __rte_always_inline void
set_macs(const struct stream *s, uint8_t *eth)
{
	memcpy(eth, s->cfg.dst_mac, RTE_ETHER_ADDR_LEN);
	memcpy(eth + RTE_ETHER_ADDR_LEN, s->cfg.src_mac, RTE_ETHER_ADDR_LEN);
}

static __rte_always_inline bool
carries(const struct stream *s, const struct rte_mbuf *m, const uint8_t *eth)
{
	uint64_t signature;

	if (unlikely(m->data_len < s->cfg.signature_offset + sizeof(signature)))
		return false;
	memcpy(&signature, eth + s->cfg.signature_offset, sizeof(signature));
	return signature == s->cfg.signature;
}

/* receive serves a stream that receives, and returns how many packets came. */
static __rte_always_inline uint16_t
receive(struct stream *s, const enum podnet_mode mode)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST), i;
	uint16_t ours = 0;
	uint64_t bytes = 0;

	if (n == 0)
		return 0;
	if (s->cfg.count_bytes) {
		bytes = bytes_of(bufs, n);
		add(&s->count.rx_bytes, bytes);
	}
	if (mode == PODNET_MAC || mode == PODNET_MACSWAP || mode == PODNET_VERIFY) {
		uint8_t *data[PODNET_BURST], firsts = 0;

		for (i = 0; i < n; i++) {
			data[i] = rte_pktmbuf_mtod(bufs[i], uint8_t *);
			rte_prefetch0(data[i]);
		}
		for (i = 0; i < n; i++) {
			if (mode == PODNET_MACSWAP)
				firsts |= macswap(data[i]);
			else if (mode == PODNET_MAC)
				set_macs(s, data[i]);
			else
				ours += carries(s, bufs[i], data[i]);
		}
		if (mode == PODNET_MACSWAP && unlikely(firsts & RTE_ETHER_GROUP_ADDR))
			answer_groups(s, data, n);
	}
	if (mode == PODNET_VERIFY) {
		add(&s->count.rx_packets, ours);
		if (unlikely(ours < n))
			add(&s->count.rx_other, n - ours);
	} else {
		add(&s->count.rx_packets, n);
	}
	if (mode == PODNET_RXONLY || mode == PODNET_VERIFY)
		rte_pktmbuf_free_bulk(bufs, n);
	else
		send_all(s, bufs, n, bytes);
	return n;
}

/* --- generating --- */

/* take_prepared gets n mbufs that hold the frame already. Only what sending
 * changes is set again: the place and length of the data. */
static __rte_always_inline bool
take_prepared(const struct stream *s, struct rte_mbuf **bufs, uint16_t n)
{
	uint16_t i;

	if (unlikely(rte_mempool_get_bulk(s->cfg.pool, (void **)bufs, n) != 0))
		return false; /* all in flight */
	for (i = 0; i < n; i++) {
		bufs[i]->data_off = RTE_PKTMBUF_HEADROOM;
		bufs[i]->ol_flags = 0;
		bufs[i]->pkt_len = s->cfg.frame_len;
		bufs[i]->data_len = s->cfg.frame_len;
	}
	return true;
}

/* generate_paced sends what is due by the schedule. What the ring refuses is
 * lost: the schedule does not wait. It returns how many packets were due. */
static __rte_always_inline uint16_t
generate_paced(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint64_t due = (uint64_t)((double)(rte_rdtsc() - s->count.begin) * s->cfg.packets_per_cycle) + 1;
	uint16_t n, sent;

	if (due > s->cfg.limit)
		due = s->cfg.limit;
	if (due == s->count.offered)
		return 0;
	n = RTE_MIN(due - s->count.offered, (uint64_t)PODNET_BURST);
	if (!take_prepared(s, bufs, n)) {
		/* Every mbuf is in a ring that nobody empties. */
		add(&s->count.tx_refused, n);
		add(&s->count.offered, n);
		return n;
	}
	sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, bufs, n);
	if (unlikely(sent < n)) {
		rte_pktmbuf_free_bulk(bufs + sent, n - sent);
		add(&s->count.tx_refused, n - sent);
	}
	add(&s->count.tx_packets, sent);
	add(&s->count.offered, n);
	if (s->count.offered == s->cfg.limit)
		set(&s->count.end, rte_rdtsc());
	return n;
}

/* generate_max sends as fast as the port takes, and returns how much it took. */
static __rte_always_inline uint16_t
generate_max(struct stream *s)
{
	uint16_t sent;

	if (s->n_pending == 0) {
		if (unlikely(!take_prepared(s, s->pending, PODNET_BURST)))
			return 0;
		s->n_pending = PODNET_BURST;
	}
	sent = rte_eth_tx_burst(s->cfg.tx_port, s->cfg.tx_queue, s->pending + PODNET_BURST - s->n_pending, s->n_pending);
	s->n_pending -= sent;
	add(&s->count.tx_packets, sent);
	return sent;
}

static __rte_always_inline uint16_t
generate(struct podnet_worker *w, struct stream *s)
{
	if (unlikely(s->count.begin == 0))
		set(&s->count.begin, rte_rdtsc());
	if (unlikely(__atomic_load_n(&w->stop_tx, __ATOMIC_RELAXED))) {
		if (s->count.end == 0) {
			rte_pktmbuf_free_bulk(s->pending + PODNET_BURST - s->n_pending, s->n_pending);
			s->n_pending = 0;
			set(&s->count.end, rte_rdtsc());
		}
		return 0;
	}
	return s->cfg.packets_per_cycle > 0 ? generate_paced(s) : generate_max(s);
}

/* --- lcores --- */

static __rte_always_inline uint16_t
serve(struct podnet_worker *w, struct stream *s, const enum podnet_mode mode)
{
	return mode == PODNET_TXONLY ? generate(w, s) : receive(s, mode);
}

/* How often a paused loop looks whether it may go on, in microseconds. */
#define PAUSE_US 100

/* After so many turns without work, a loop that shares its CPU, in a pod that has
 * only one, gives way: to its peer perhaps, which has to make the work. */
#define IDLE_TURNS 16

#define LOOP(name, mode) \
	static int name(void *arg) \
	{ \
		struct podnet_worker *w = arg; \
		unsigned i, idle = 0; \
		__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELAXED); \
		for (;;) { \
			uint8_t control = __atomic_load_n(&w->control, __ATOMIC_ACQUIRE); \
			uint16_t work = 0; \
			if (unlikely(control & STOP)) \
				break; \
			if (unlikely(control & PAUSE)) \
				usleep(PAUSE_US); \
			else \
				for (i = 0; i < w->n; i++) \
					work |= serve(w, &w->streams[i], mode); \
			if (work == 0 && unlikely(w->share) && ++idle == IDLE_TURNS) { \
				idle = 0; \
				sched_yield(); \
			} \
			__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELEASE); \
		} \
		__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELEASE); \
		return 0; \
	}

LOOP(loop_io, PODNET_IO)
LOOP(loop_mac, PODNET_MAC)
LOOP(loop_macswap, PODNET_MACSWAP)
LOOP(loop_rxonly, PODNET_RXONLY)
LOOP(loop_txonly, PODNET_TXONLY)
LOOP(loop_verify, PODNET_VERIFY)
/* An lcore that both generates and verifies asks each stream what it does. */
LOOP(loop_mixed, (w->streams[i].cfg.mode == PODNET_TXONLY ? PODNET_TXONLY : PODNET_VERIFY))

static lcore_function_t *
loop_of(const struct podnet_worker *w)
{
	static lcore_function_t *const loops[] = {
		[PODNET_IO] = loop_io, [PODNET_MAC] = loop_mac, [PODNET_MACSWAP] = loop_macswap,
		[PODNET_RXONLY] = loop_rxonly, [PODNET_TXONLY] = loop_txonly, [PODNET_VERIFY] = loop_verify,
	};
	unsigned i;

	for (i = 1; i < w->n; i++)
		if (w->streams[i].cfg.mode != w->streams[0].cfg.mode)
			return loop_mixed;
	return loops[w->streams[0].cfg.mode];
}

/* --- a grace period for memory that a peer shared --- */

/* The workers that are in their loops, by lcore. */
static struct podnet_worker *running[RTE_MAX_LCORE];
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;

/* How long a grace period lasts at most, in steps of 50 us: a worker that is not
 * scheduled for a tenth of a second, or that waits for the very thread that
 * unmaps, must not hold it up for ever. */
#define GRACE_STEPS 2000
#define GRACE_US 50

/* munmap shadows the C library's, for the drivers. When a memif peer hangs up,
 * EAL's interrupt thread marks the port as disconnected and unmaps the peer's
 * rings at once, while an lcore may be in the middle of a burst on them (as of
 * DPDK 24.11). So the mapping goes only when every worker has begun another
 * turn, in which it sees the mark. */
__attribute__((visibility("default"))) int
munmap(void *addr, size_t len)
{
	unsigned self = rte_lcore_id(), lcore, step;

	if (self >= RTE_MAX_LCORE || running[self] == NULL) {
		pthread_mutex_lock(&running_lock);
		for (lcore = 0; lcore < RTE_MAX_LCORE; lcore++) {
			const struct podnet_worker *w = running[lcore];
			uint64_t seen = w != NULL ? __atomic_load_n(&w->turns, __ATOMIC_ACQUIRE) : 0;

			for (step = 0; w != NULL && step < GRACE_STEPS; step++) {
				if (__atomic_load_n(&w->turns, __ATOMIC_ACQUIRE) != seen)
					break;
				usleep(GRACE_US);
			}
		}
		pthread_mutex_unlock(&running_lock);
	}
	return syscall(SYS_munmap, addr, len);
}

/* --- what Go calls --- */

struct prepared {
	const void *frame;
	uint16_t len;
};

static void
prepare_one(struct rte_mempool *pool, void *arg, void *obj, unsigned idx)
{
	const struct prepared *p = arg;
	struct rte_mbuf *m = obj;

	(void)pool;
	(void)idx;
	memcpy((char *)m->buf_addr + RTE_PKTMBUF_HEADROOM, p->frame, p->len);
}

int
podnet_pool_prepare(struct rte_mempool *pool, const void *frame, uint16_t len)
{
	struct prepared p = { frame, len };

	if (len > rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM)
		return -EMSGSIZE;
	rte_mempool_obj_iter(pool, prepare_one, &p);
	return 0;
}

struct podnet_worker *
podnet_worker_new(const struct podnet_stream_config *streams, unsigned n, int socket)
{
	size_t size = sizeof(struct podnet_worker) + n * sizeof(struct stream);
	struct podnet_worker *w = rte_zmalloc_socket("podnet_worker", size, RTE_CACHE_LINE_SIZE, socket);
	unsigned i;

	if (w == NULL) /* no memory on that node */
		w = rte_zmalloc("podnet_worker", size, RTE_CACHE_LINE_SIZE);
	if (w == NULL)
		return NULL;
	w->n = n;
	for (i = 0; i < n; i++)
		w->streams[i].cfg = streams[i];
	return w;
}

void
podnet_worker_free(struct podnet_worker *w)
{
	rte_free(w);
}

int
podnet_worker_launch(struct podnet_worker *w, unsigned lcore)
{
	int ret;

	w->share = rte_get_main_lcore() != lcore && podnet_cpu_of(lcore) == podnet_cpu_of(rte_get_main_lcore());
	pthread_mutex_lock(&running_lock);
	ret = rte_eal_remote_launch(loop_of(w), w, lcore);
	if (ret == 0)
		running[lcore] = w;
	pthread_mutex_unlock(&running_lock);
	return ret;
}

void
podnet_worker_stop_tx(struct podnet_worker *w)
{
	__atomic_store_n(&w->stop_tx, true, __ATOMIC_RELAXED);
}

void
podnet_worker_stop(struct podnet_worker *w)
{
	__atomic_or_fetch(&w->control, STOP, __ATOMIC_RELEASE);
}

void
podnet_worker_pause(struct podnet_worker *w, bool pause)
{
	if (pause)
		__atomic_or_fetch(&w->control, PAUSE, __ATOMIC_RELEASE);
	else
		__atomic_and_fetch(&w->control, (uint8_t)~PAUSE, __ATOMIC_RELEASE);
}

uint64_t
podnet_worker_turns(const struct podnet_worker *w)
{
	return __atomic_load_n(&w->turns, __ATOMIC_ACQUIRE);
}

void
podnet_worker_wait(unsigned lcore)
{
	rte_eal_wait_lcore(lcore);
	pthread_mutex_lock(&running_lock);
	running[lcore] = NULL;
	pthread_mutex_unlock(&running_lock);
}

int
podnet_worker_tid(const struct podnet_worker *w)
{
	return __atomic_load_n(&w->tid, __ATOMIC_RELAXED);
}

void
podnet_worker_read(const struct podnet_worker *w, unsigned stream, struct podnet_counters *out)
{
	const struct podnet_counters *c = &w->streams[stream].count;

	*out = (struct podnet_counters){
		.rx_packets = __atomic_load_n(&c->rx_packets, __ATOMIC_RELAXED),
		.rx_other = __atomic_load_n(&c->rx_other, __ATOMIC_RELAXED),
		.tx_packets = __atomic_load_n(&c->tx_packets, __ATOMIC_RELAXED),
		.tx_refused = __atomic_load_n(&c->tx_refused, __ATOMIC_RELAXED),
		.rx_bytes = __atomic_load_n(&c->rx_bytes, __ATOMIC_RELAXED),
		.tx_bytes = __atomic_load_n(&c->tx_bytes, __ATOMIC_RELAXED),
		.offered = __atomic_load_n(&c->offered, __ATOMIC_RELAXED),
		.begin = __atomic_load_n(&c->begin, __ATOMIC_RELAXED),
		.end = __atomic_load_n(&c->end, __ATOMIC_RELAXED),
	};
}
