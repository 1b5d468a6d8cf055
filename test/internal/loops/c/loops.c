/* loops runs one of podnet's packet loops on virtual devices, without Go: valgrind
 * counts its instructions, and benchpeers measures its CPU time.
 *
 * loops WORK[:QUEUES] PACKETS -- EAL arguments
 *
 * It ends after so many packets, or with 0 at SIGTERM, and prints what it has moved.
 * The port is the first one that EAL finds. Each queue has an lcore of its own. */

#define _GNU_SOURCE
#include "dpdk.h"
#include "forward.h"
#include "generate.h"
#include "verify.h"
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_ip.h>
#include <rte_lcore.h>

#define MAX_QUEUES 8
#define RING 1024
#define MBUFS 4096
#define ROOM 2048
#define FLOWS 254
#define SIGNATURE 0xdecade5
#define STAMP 42
#define FRAME 60

/* To measure receiving alone, so many bursts are sent first. If receiving takes longer
 * than this time, another process has had the CPU meanwhile. */
#define RECEIVE_BURSTS 8
#define RECEIVE_US 100

#define START_TRIES 100
#define START_US 20000

enum work { FORWARD, FLOOR, RECEIVE, DROP, BUSY_IO, BUSY_MACSWAP, SOURCE };

static const struct {
	const char *name;
	enum work work;
	int mode;
} works[] = {
	{ "io", FORWARD, PODNET_IO },
	{ "mac", FORWARD, PODNET_MAC },
	{ "macswap", FORWARD, PODNET_MACSWAP },
	{ "rxonly", FORWARD, PODNET_RXONLY },
	{ "txonly", FORWARD, PODNET_TXONLY },
	{ "generate", FORWARD, PODNET_GENERATE },
	/* Generate and verify in turn, on one lcore. */
	{ "verify", FORWARD, PODNET_VERIFY },
	/* Send constant mbufs in which nothing is written: the least that sending takes. */
	{ "floor", FLOOR, 0 },
	/* Receive what was sent before, and count the time of receiving alone: with all
	 * checks, or as testpmd's rxonly does, which drops. */
	{ "receive", RECEIVE, PODNET_VERIFY },
	{ "drop", DROP, PODNET_VERIFY },
	/* Forward, and count the time of the turns that had packets, as testpmd does with
	 * --record-core-cycles. */
	{ "busy-io", BUSY_IO, PODNET_IO },
	{ "busy-macswap", BUSY_MACSWAP, PODNET_MACSWAP },
	/* The other end of these: send as FLOOR does, and drop what comes. */
	{ "source", SOURCE, PODNET_IO },
};

struct lane {
	enum work work;
	struct podnet_worker *w;
	struct rte_mempool *pool;
	uint16_t queue;
	volatile bool stop;
	uint64_t packets, cycles; /* of all but FORWARD */
};

static struct lane lanes[MAX_QUEUES];
static volatile sig_atomic_t ended;

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static void
fail(const char *what, int err)
{
	fprintf(stderr, "loops: %s: %s\n", what, podnet_strerror(err));
	exit(1);
}

/* template_of makes a UDP packet whose stamp has its signature alone. */
static void
template_of(uint8_t *frame)
{
	const uint32_t signature = SIGNATURE;
	struct rte_ether_hdr *eth = (void *)frame;
	struct rte_ipv4_hdr *ip = (void *)(eth + 1);
	struct rte_udp_hdr *udp = (void *)(ip + 1);

	memset(frame, 0, FRAME);
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(FRAME - sizeof(*eth));
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = rte_cpu_to_be_32(RTE_IPV4(198, 18, 0, 1));
	ip->dst_addr = rte_cpu_to_be_32(RTE_IPV4(198, 18, 0, 2));
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->src_port = rte_cpu_to_be_16(49184);
	udp->dst_port = rte_cpu_to_be_16(7);
	udp->dgram_len = rte_cpu_to_be_16(FRAME - sizeof(*eth) - sizeof(*ip));
	memcpy(frame + STAMP, &signature, sizeof(signature));
	udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
}

static struct podnet_stream_config
stream_of(int mode, uint16_t port, uint16_t queue, struct rte_mempool *pool, const uint8_t *frame)
{
	struct podnet_stream_config c = {
		.mode = mode, .rx_port = port, .rx_queue = queue, .tx_port = port, .tx_queue = queue,
		.frame_len = FRAME, .pool = pool, .stamp_offset = STAMP, .flows = FLOWS, .signature = SIGNATURE,
		.n_sizes = 1, .n_pattern = 1,
	};

	while (rte_get_tsc_hz() * 20 > 1ull << (32 + c.stamp_shift))
		c.stamp_shift++;
	if (mode == PODNET_VERIFY) {
		c.pool = NULL;
		c.len[0] = FRAME - STAMP;
	} else {
		c.len[0] = FRAME;
		memcpy(c.head[0], frame, FRAME);
	}
	return c;
}

static int
run_floor(void *arg)
{
	struct lane *l = arg;
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t sent = 0;

	while (!l->stop) {
		if (unlikely(rte_mempool_get_bulk(l->pool, (void **)bufs, PODNET_BURST) != 0))
			continue;
		sent = rte_eth_tx_burst(0, l->queue, bufs, PODNET_BURST);
		if (unlikely(sent < PODNET_BURST))
			rte_pktmbuf_free_bulk(bufs + sent, PODNET_BURST - sent);
		l->packets += sent;
	}
	return 0;
}

static __rte_always_inline uint16_t
drop(struct stream *s)
{
	struct rte_mbuf *bufs[PODNET_BURST];
	uint16_t n = rte_eth_rx_burst(s->cfg.rx_port, s->cfg.rx_queue, bufs, PODNET_BURST);

	rte_pktmbuf_free_bulk(bufs, n);
	return n;
}

static __rte_always_inline int
run_receiver(struct lane *l, const bool plain)
{
	const uint64_t limit = rte_get_tsc_hz() / 1000000 * RECEIVE_US;
	struct stream *rx = &l->w->streams[0], *tx = &l->w->streams[1];

	count_set(&tx->count.begin, rte_rdtsc());
	while (!l->stop) {
		uint64_t begin, took, packets = 0;
		uint16_t n;

		for (int i = 0; i < RECEIVE_BURSTS; i++)
			generate_max(tx);
		begin = rte_rdtsc_precise();
		while ((n = plain ? drop(rx) : verify(rx)) > 0)
			packets += n;
		took = rte_rdtsc_precise() - begin;
		if (took < limit) {
			l->cycles += took;
			l->packets += packets;
		}
	}
	return 0;
}

static int
run_receive(void *arg)
{
	return run_receiver(arg, false);
}

static int
run_drop(void *arg)
{
	return run_receiver(arg, true);
}

static __rte_always_inline int
run_busy(struct lane *l, const enum podnet_mode mode)
{
	struct stream *s = &l->w->streams[0];

	while (!l->stop) {
		uint64_t begin = rte_rdtsc();
		uint16_t n = forward(s, mode);

		if (n == 0)
			continue;
		l->cycles += rte_rdtsc() - begin;
		l->packets += n;
	}
	return 0;
}

static int
run_busy_io(void *arg)
{
	return run_busy(arg, PODNET_IO);
}

static int
run_busy_macswap(void *arg)
{
	return run_busy(arg, PODNET_MACSWAP);
}

static int
run_source(void *arg)
{
	struct lane *l = arg;
	struct rte_mbuf *bufs[PODNET_BURST];

	while (!l->stop) {
		uint16_t n, sent;

		if (likely(rte_mempool_get_bulk(l->pool, (void **)bufs, PODNET_BURST) == 0)) {
			for (n = 0; n < PODNET_BURST; n++) {
				bufs[n]->data_off = RTE_PKTMBUF_HEADROOM;
				bufs[n]->data_len = bufs[n]->pkt_len = FRAME;
			}
			sent = rte_eth_tx_burst(0, l->queue, bufs, PODNET_BURST);
			if (sent < PODNET_BURST)
				rte_mempool_put_bulk(l->pool, (void **)(bufs + sent), PODNET_BURST - sent);
			l->packets += sent;
		}
		n = rte_eth_rx_burst(0, l->queue, bufs, PODNET_BURST);
		rte_pktmbuf_free_bulk(bufs, n);
	}
	return 0;
}

static lcore_function_t *const own_loops[] = {
	[FLOOR] = run_floor, [RECEIVE] = run_receive, [DROP] = run_drop,
	[BUSY_IO] = run_busy_io, [BUSY_MACSWAP] = run_busy_macswap, [SOURCE] = run_source,
};

static void
start(struct lane *l, int mode, unsigned lcore, const uint8_t *frame)
{
	struct podnet_stream_config streams[2];
	unsigned n = 0;
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "tx_%u", l->queue);
	l->pool = podnet_pool_new(name, MBUFS, ROOM, SOCKET_ID_ANY);
	if (l->pool == NULL)
		fail("pool", -ENOMEM);
	if ((ret = podnet_pool_prepare(l->pool, frame, FRAME)) != 0)
		fail("prepare", ret);
	streams[n++] = stream_of(mode, 0, l->queue, l->pool, frame);
	if (mode == PODNET_VERIFY)
		streams[n++] = stream_of(PODNET_GENERATE, 0, l->queue, l->pool, frame);
	if ((l->w = podnet_worker_new(streams, n, SOCKET_ID_ANY)) == NULL)
		fail("worker", -ENOMEM);
	if (l->work == FORWARD)
		ret = podnet_worker_launch(l->w, lcore);
	else
		ret = rte_eal_remote_launch(own_loops[l->work], l, lcore);
	if (ret != 0)
		fail("launch", ret);
}

static uint64_t
moved(const struct lane *l, int mode)
{
	struct podnet_counters c;

	if (l->work != FORWARD)
		return *(const volatile uint64_t *)&l->packets;
	podnet_worker_read(l->w, 0, &c);
	return mode == PODNET_TXONLY || mode == PODNET_GENERATE ? c.tx_packets : c.rx_packets;
}

/* complain reports wrong packets, if there were any: then the loop has not done the work
 * that it is measured for. */
static int
complain(const struct lane *l, uint64_t packets)
{
	struct podnet_counters c;

	podnet_worker_read(l->w, 0, &c);
	if (packets > 0 && c.rx_other + c.rx_damaged + c.rx_truncated + c.duplicates + c.missing == 0)
		return 0;
	fprintf(stderr, "loops: %llu packets: %llu others, %llu damaged, %llu truncated, %llu twice, %llu missing\n",
		(unsigned long long)packets, (unsigned long long)c.rx_other, (unsigned long long)c.rx_damaged,
		(unsigned long long)c.rx_truncated, (unsigned long long)c.duplicates, (unsigned long long)c.missing);
	return 1;
}

int
main(int argc, char **argv)
{
	struct podnet_port_config port = { .queues = 1, .rx_desc = RING, .tx_desc = RING, .mtu = RTE_ETHER_MTU };
	struct rte_mempool *rx;
	uint64_t limit, packets, cycles = 0;
	unsigned lcore, q, i;
	uint8_t frame[FRAME];
	char *colon;
	int ret;

	if (argc < 4 || strcmp(argv[3], "--") != 0) {
		fprintf(stderr, "usage: loops WORK[:QUEUES] PACKETS -- EAL arguments\n");
		return 64;
	}
	if ((colon = strchr(argv[1], ':')) != NULL) {
		*colon = '\0';
		port.queues = atoi(colon + 1);
	}
	limit = strtoull(argv[2], NULL, 10);
	for (i = 0; i < RTE_DIM(works) && strcmp(works[i].name, argv[1]) != 0; i++)
		;
	if (i == RTE_DIM(works) || port.queues < 1 || port.queues > MAX_QUEUES) {
		fprintf(stderr, "loops: no such work\n");
		return 64;
	}
	signal(SIGTERM, on_term);
	argv[3] = argv[0];
	if ((ret = podnet_eal_init(argc - 3, argv + 3)) != 0)
		fail("EAL", ret);
	rx = podnet_pool_new("rx", MBUFS * port.queues, ROOM, SOCKET_ID_ANY);
	if (rx == NULL)
		fail("pool", -ENOMEM);
	if ((ret = podnet_port_configure(0, &port, rx)) != 0)
		fail("port", ret);
	/* A memif client fails until its server listens. */
	for (q = 0; (ret = podnet_port_start(0)) != 0 && q < START_TRIES; q++)
		usleep(START_US);
	if (ret != 0)
		fail("start", ret);
	template_of(frame);
	lcore = rte_get_main_lcore();
	for (q = 0; q < port.queues; q++) {
		lcore = rte_get_next_lcore(lcore, 1, 0);
		if (lcore >= RTE_MAX_LCORE)
			fail("too few lcores", -EINVAL);
		lanes[q].work = works[i].work;
		lanes[q].queue = q;
		start(&lanes[q], works[i].mode, lcore, frame);
	}
	do {
		usleep(1000);
		for (packets = 0, q = 0; q < port.queues; q++)
			packets += moved(&lanes[q], works[i].mode);
	} while (!ended && (limit == 0 || packets < limit));
	for (q = 0; q < port.queues; q++) {
		lanes[q].stop = true;
		podnet_worker_stop(lanes[q].w);
	}
	rte_eal_mp_wait_lcore();
	for (packets = 0, q = 0; q < port.queues; q++) {
		packets += moved(&lanes[q], works[i].mode);
		cycles += lanes[q].cycles;
	}
	printf("packets %llu ns %.3f\n", (unsigned long long)packets, cycles * 1e9 / rte_get_tsc_hz() / packets);
	return complain(&lanes[0], packets);
}
