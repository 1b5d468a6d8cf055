/* What Go sees of DPDK: plain structs and calls, none of DPDK's own types, so
 * that a change of their layout between releases is a matter for the C files.
 * Unless said otherwise a call returns 0 or a negative errno. */
#ifndef PODNET_DPDK_H
#define PODNET_DPDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* eal.c: start, log and end. */

const char *podnet_version(void);
const char *podnet_strerror(int err);

/* podnet_log_open sends DPDK's log to wfd, the non-blocking write end of a pipe,
 * a record as one digit for the level, the text and a NUL. */
int podnet_log_open(int wfd);

/* podnet_guard makes an abort or exit inside DPDK end the process with status 1,
 * after saying what DPDK logged last and removing the files and empty
 * directories named (NULL-terminated, never freed). */
void podnet_guard(char **unlink_paths);

int podnet_eal_init(int argc, char **argv);
int podnet_eal_cleanup(void);

struct podnet_lcore {
	unsigned id, cpu, socket;
	bool main;
};
/* podnet_cpu_of is the CPU that the lcore is pinned to. rte_lcore_to_cpu_id does
 * not know of --lcores' mapping. */
unsigned podnet_cpu_of(unsigned lcore);
/* podnet_lcores fills at most n entries and returns how many lcores there are. */
unsigned podnet_lcores(struct podnet_lcore *out, unsigned n);

/* podnet_clock reads the TSC and CLOCK_MONOTONIC_RAW together. */
void podnet_clock(uint64_t *tsc, uint64_t *nanoseconds);

/* port.c: ports and their pools. */

struct rte_mempool; /* opaque to Go */

struct podnet_port_info {
	char driver[64];
	uint8_t mac[6];
	int socket; /* -1: unknown */
	uint16_t max_rx_queues, max_tx_queues;
};

struct podnet_port_config {
	uint16_t queues;             /* Rx and Tx queues each */
	uint16_t rx_desc, tx_desc;   /* wanted; the driver's limits apply */
	uint16_t mtu;                /* L3 bytes */
};

struct podnet_port_stats {
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_nombuf;
	uint64_t tx_packets, tx_bytes, tx_errors;
};

int podnet_port_find(const char *name, uint16_t *port);
int podnet_port_info(uint16_t port, struct podnet_port_info *out);
int podnet_port_configure(uint16_t port, const struct podnet_port_config *c, struct rte_mempool *rx);
int podnet_port_start(uint16_t port);
/* podnet_port_restart makes a port that has lost its peer connect again. No
 * worker may be using it. */
int podnet_port_restart(uint16_t port);
int podnet_port_close(uint16_t port);
int podnet_port_link(uint16_t port, bool *up);
int podnet_port_stats(uint16_t port, struct podnet_port_stats *out);

struct rte_mempool *podnet_pool_new(const char *name, unsigned mbufs, int socket);

/* podnet_send puts one frame on a queue that no worker uses. */
int podnet_send(uint16_t port, uint16_t queue, struct rte_mempool *pool, const void *frame, uint16_t len);
/* podnet_receive takes one frame from a queue that no worker uses and returns
 * its length, 0 for none; what exceeds size is cut. */
int podnet_receive(uint16_t port, uint16_t queue, void *frame, uint16_t size);

/* loop.c: what lcores do. */

enum podnet_mode {
	PODNET_IO,      /* forward as it is */
	PODNET_MAC,     /* forward with the stream's addresses */
	PODNET_MACSWAP, /* forward with its own addresses exchanged */
	PODNET_RXONLY,  /* count and drop */
	PODNET_TXONLY,  /* generate */
	PODNET_VERIFY,  /* count what carries the stream's signature, drop */
};

#define PODNET_BURST 64 /* mbufs a call */

/* A frame that podnet generates carries a signature at a fixed place, so that a
 * receiver counts what was sent to it in this trial and nothing else. */
struct podnet_stream_config {
	int mode;
	uint16_t rx_port, rx_queue, tx_port, tx_queue;
	uint8_t src_mac[6], dst_mac[6]; /* MAC; src_mac also answers a broadcast in MACSWAP */
	bool count_bytes;               /* of forwarded and received frames */
	uint64_t signature;             /* VERIFY */
	uint16_t signature_offset;      /* VERIFY, bytes */
	uint16_t frame_len;             /* TXONLY: bytes without the FCS */
	struct rte_mempool *pool;       /* TXONLY: of prepared frames */
	double packets_per_cycle;       /* TXONLY: rate by the TSC; 0: as fast as it goes */
	uint64_t limit;                 /* TXONLY: packets to offer at a set rate */
};

struct podnet_counters {
	uint64_t rx_packets;  /* received; VERIFY: with the signature */
	uint64_t rx_other;    /* VERIFY: without */
	uint64_t tx_packets;  /* accepted by the port */
	uint64_t tx_refused;  /* handed to the port, which had no room, and dropped */
	uint64_t rx_bytes, tx_bytes; /* with count_bytes, without the FCS */
	uint64_t offered;     /* TXONLY at a set rate: what the schedule asked for so far */
	uint64_t begin, end;  /* TXONLY: TSC at the first burst and when it stopped */
};

/* podnet_pool_prepare writes the frame into every mbuf of the pool, for a
 * TXONLY stream to send without touching it again. */
int podnet_pool_prepare(struct rte_mempool *pool, const void *frame, uint16_t len);

struct podnet_worker; /* what one lcore does */

struct podnet_worker *podnet_worker_new(const struct podnet_stream_config *streams, unsigned n, int socket);
void podnet_worker_free(struct podnet_worker *w);
int podnet_worker_launch(struct podnet_worker *w, unsigned lcore);
/* podnet_worker_stop_tx stops generating and goes on receiving. */
void podnet_worker_stop_tx(struct podnet_worker *w);
void podnet_worker_stop(struct podnet_worker *w);
/* A paused worker goes on taking turns, in which it touches no port. */
void podnet_worker_pause(struct podnet_worker *w, bool pause);
uint64_t podnet_worker_turns(const struct podnet_worker *w);
void podnet_worker_wait(unsigned lcore);
void podnet_worker_read(const struct podnet_worker *w, unsigned stream, struct podnet_counters *out);
/* podnet_worker_tid is the kernel's id of the lcore's thread; 0 before it runs. */
int podnet_worker_tid(const struct podnet_worker *w);

#endif
