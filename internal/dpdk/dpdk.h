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

/* podnet_guard makes an abort or exit inside DPDK end the process with status 1. Before
 * that, it prints the last line that DPDK logged, and removes the files and empty
 * directories that are named (NULL-terminated, never freed). */
void podnet_guard(char **unlink_paths);

/* What podnet_eal_init returns beside 0 and a negative errno. */
enum podnet_eal_failure {
	PODNET_NO_REASON = 1, /* EAL failed and left rte_errno at 0 */
	PODNET_SECONDARY = 2, /* EAL started, attached to the memory of another process */
};
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
	uint16_t max_rx_desc, max_tx_desc; /* of a queue */
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
/* podnet_port_close closes the port. Close ports of net_memif last: the first of them
 * holds EAL's interrupt thread for good, and other drivers need that thread. */
int podnet_port_close(uint16_t port);
int podnet_port_link(uint16_t port, bool *up);
/* podnet_port_speed gives the link's speed in Mbit/s; 0: not known. */
int podnet_port_speed(uint16_t port, uint32_t *mbps);
int podnet_port_stats(uint16_t port, struct podnet_port_stats *out);

struct rte_mempool *podnet_pool_new(const char *name, unsigned mbufs, uint16_t room, int socket);
/* podnet_pool_prepare writes the frame into every mbuf of the pool, for a
 * TXONLY stream to send without touching it again. */
int podnet_pool_prepare(struct rte_mempool *pool, const void *frame, uint16_t len);

struct rte_ring; /* opaque to Go */

/* podnet_ring_new makes a ring of mbufs between one sender and one receiver. */
struct rte_ring *podnet_ring_new(const char *name, unsigned size, int socket);
/* podnet_ring_free frees the ring and the mbufs in it. */
void podnet_ring_free(struct rte_ring *r);

/* podnet_send puts one frame on a queue that no worker uses. */
int podnet_send(uint16_t port, uint16_t queue, struct rte_mempool *pool, const void *frame, uint16_t len);
/* podnet_receive takes one frame from a queue that no worker uses and returns its length,
 * 0 for none. It cuts a longer frame to size. */
int podnet_receive(uint16_t port, uint16_t queue, void *frame, uint16_t size);

/* worker.c: what lcores do. */

enum podnet_mode {
	PODNET_IO,      /* forward as it is */
	PODNET_MAC,     /* forward with the stream's addresses */
	PODNET_MACSWAP, /* forward with its own addresses exchanged */
	PODNET_RXONLY,  /* count and drop */
	PODNET_TXONLY,  /* generate the same frame over and over */
	PODNET_VERIFY,  /* count the packets with the stream's stamps, drop all */
	PODNET_GENERATE, /* generate frames with stamps */
	PODNET_IMPAIR,  /* forward as a device with known faults */
	PODNET_REFLECT, /* send back the packets with the stream's stamps that came to src_mac, drop the rest */
};

#define PODNET_BURST 64 /* mbufs per call */
#define PODNET_SIZES 16 /* sizes of a mix */
#define PODNET_HEAD 96  /* bytes that a template's headers and stamp have room in */
#define PODNET_PATTERN 256

/* A fault strikes every n-th frame, or by chance with a probability times 2^64. */
struct podnet_fault {
	uint64_t every, probability;
};

/* The fields of a packet in which flows can differ. A field with n values has, in flow f,
 * the template's value plus f modulo n; with 0 or 1 it is the same in all flows. In an
 * IPv6 address the last 32 bits vary. */
enum podnet_field { PODNET_SRC_IP, PODNET_DST_IP, PODNET_SRC_PORT, PODNET_DST_PORT, PODNET_VARY };
struct podnet_vary {
	uint32_t values;
};

struct podnet_impairment {
	int mode;            /* IO, MAC or MACSWAP */
	double gap;          /* cycles between two frames; 0: none */
	uint32_t depth;      /* frames that may wait for the gap */
	uint64_t delay, idle; /* cycles; after idle without an arrival, frames held back are released */
	uint32_t reorder_by; /* frames that overtake one that is held back */
	uint32_t capacity;   /* frames that may wait at all, a power of 2 */
	uint64_t seed;
	struct podnet_fault loss, duplicate, reorder;
};

/* A stamp tells a receiver that a packet was sent to it in this trial, in which flow,
 * with which sequence number, and when. Its check shows whether these and the length are
 * still as they were sent. */
struct podnet_stream_config {
	int mode;
	uint16_t rx_port, rx_queue, tx_port, tx_queue;
	struct rte_ring *ring;          /* GENERATE, VERIFY: in the place of a port */
	uint8_t src_mac[6], dst_mac[6]; /* MAC; src_mac also answers a broadcast in MACSWAP, and is REFLECT's own */
	bool count_bytes;               /* of forwarded, received and stamped frames */
	uint16_t frame_len;             /* TXONLY: bytes without the FCS */
	struct rte_mempool *pool;       /* TXONLY, GENERATE: of prepared frames; VERIFY: of answers, NULL: it sends none */
	double packets_per_cycle;       /* TXONLY, GENERATE: rate by the TSC; 0: as fast as it goes */
	uint64_t limit;                 /* TXONLY, GENERATE: packets to offer; GENERATE as fast as it goes: 0 is no limit */

	uint16_t stamp_offset;          /* GENERATE, VERIFY, REFLECT: bytes */
	uint32_t flows;                 /* GENERATE: of this stream; VERIFY: of all; REFLECT: that are counted */
	uint32_t signature;             /* VERIFY, REFLECT */
	bool elsewhere;                 /* VERIFY: the stamps are of another machine's clock, and tell no times */
	uint8_t stamp_shift;            /* GENERATE, VERIFY: a stamp's time is in 2^stamp_shift cycles */
	uint64_t earliest;              /* VERIFY: TSC before which no stamp was made; 0: before the worker was; other in tests */
	uint16_t vlan;                  /* VERIFY: id of the tag that is to come; 0: none */
	uint32_t first_flow;            /* GENERATE, VERIFY, REFLECT */
	uint32_t first_number;          /* GENERATE, VERIFY: 0 but in tests */
	bool answers;                   /* VERIFY: keep questions for Go */
	bool wide;                      /* GENERATE, VERIFY: the trial has more than 65536 flows */
	struct podnet_vary vary[PODNET_VARY]; /* GENERATE */
	double late_cycles;             /* GENERATE: that make a packet late */
	uint64_t slack_cycles;          /* GENERATE: that catching up may have saved */
	uint16_t n_sizes, n_pattern;    /* GENERATE */
	uint16_t len[PODNET_SIZES];     /* GENERATE: bytes without the FCS; VERIFY: of them, from the stamp on */
	uint8_t pattern[PODNET_PATTERN]; /* GENERATE: a round of sizes */
	uint8_t head[PODNET_SIZES][PODNET_HEAD]; /* GENERATE: how a frame of each size begins */

	struct podnet_impairment impair; /* IMPAIR */
};

struct podnet_counters {
	uint64_t rx_packets;  /* received; VERIFY: the stream's own, each once; REFLECT: the stream's own */
	uint64_t rx_other;    /* VERIFY, REFLECT: of others */
	/* VERIFY: the stream's own packets that came shorter or longer than they were sent,
	 * with a wrong stamp or UDP checksum, or in another VLAN. They are not in
	 * rx_packets. */
	uint64_t rx_truncated, rx_extended, rx_damaged, rx_retagged;
	uint64_t rx_tags;     /* of the last one retagged: how many << 32 | outer id << 16 | inner id */
	uint64_t tx_packets;  /* accepted by the port */
	uint64_t tx_refused;  /* handed to the port, which had no room, and dropped */
	uint64_t rx_bytes, tx_bytes; /* with count_bytes, without the FCS */
	uint64_t offered;     /* TXONLY, GENERATE at a set rate: what the schedule asked for so far */
	uint64_t begin, end;  /* TXONLY, GENERATE: TSC at the first burst and when it stopped */
	uint64_t late, max_late; /* GENERATE: packets offered late, and the most, in cycles */
	/* GENERATE at a set rate: the most packets that were due at once, and the packets
	 * that the port refused from bursts that caught up. */
	uint64_t max_backlog, refused_late;
	uint64_t max_gap;        /* VERIFY, REFLECT: the longest time between two polls, in cycles */
	uint64_t duplicates, reordered, missing; /* VERIFY */
	uint64_t dropped, overflowed, duplicated, held; /* IMPAIR */
};

struct podnet_worker; /* what one lcore does */

/* podnet_worker_new copies the configurations; NULL: no memory. */
struct podnet_worker *podnet_worker_new(const struct podnet_stream_config *streams, unsigned n, int socket);
void podnet_worker_free(struct podnet_worker *w);
int podnet_worker_launch(struct podnet_worker *w, unsigned lcore);
/* podnet_worker_stop_tx stops generating and goes on receiving; an IMPAIR stream takes
 * no more frames, and sends those that wait in it. */
void podnet_worker_stop_tx(struct podnet_worker *w);
void podnet_worker_stop(struct podnet_worker *w);
/* podnet_worker_park keeps the streams of a port from it, or lets them use it again. */
void podnet_worker_park(struct podnet_worker *w, uint16_t port, bool park);
/* podnet_grace waits until every loop has ended its current turn. The turns after it see
 * what the caller changed before. It returns -ETIMEDOUT after this long. */
int podnet_grace(uint32_t microseconds);
/* A paused worker goes on taking turns, in which it touches no port. */
void podnet_worker_pause(struct podnet_worker *w, bool pause);
uint64_t podnet_worker_turns(const struct podnet_worker *w);
void podnet_worker_wait(unsigned lcore);
void podnet_worker_read(const struct podnet_worker *w, unsigned stream, struct podnet_counters *out);
/* podnet_worker_follow tells a VERIFY stream which GENERATE stream, of this or another
 * worker, sends it its flows. Call it before either worker is launched, and free the
 * sender last. -ENOSPC: the stream follows PODNET_SENDERS already. */
#define PODNET_SENDERS 64
int podnet_worker_follow(struct podnet_worker *w, unsigned stream, const struct podnet_worker *sender, unsigned from);
/* podnet_worker_question takes the next question (ARP, neighbor solicitation) that
 * came to a VERIFY stream, and returns its length; 0: there is none. */
#define PODNET_QUESTION 128
unsigned podnet_worker_question(struct podnet_worker *w, unsigned stream, uint8_t *frame);
/* podnet_worker_answer lets a VERIFY or GENERATE stream send a frame; false: too many wait
 * already, or the frame is too long. */
bool podnet_worker_answer(struct podnet_worker *w, unsigned stream, const uint8_t *frame, unsigned len);
/* podnet_worker_bursts reads how often a GENERATE stream at a set rate sent n packets at
 * once, for each n from 0 to PODNET_BURST. */
void podnet_worker_bursts(const struct podnet_worker *w, unsigned stream, uint64_t *out);
/* The times of a stream. */
enum podnet_times {
	PODNET_RTT,           /* VERIFY: from when a packet was sent until it came back */
	PODNET_SCHEDULED_RTT, /* VERIFY: from when it should have been sent; without a sender to follow the same as PODNET_RTT */
	PODNET_LATENESS,      /* GENERATE at a set rate: how late each packet was offered */
	PODNET_GAPS,          /* GENERATE at a set rate: from one packet to the next */
};
/* podnet_worker_times reads the times of a stream: it fills at most n entries from
 * the class *from on with those that have packets, moves *from on, and returns how
 * many; 0 at the end. A time is in cycles. */
struct podnet_time {
	uint64_t cycles, packets;
};
unsigned podnet_worker_times(const struct podnet_worker *w, unsigned stream, enum podnet_times of, unsigned *from, struct podnet_time *out, unsigned n);
/* podnet_worker_tid is the kernel's id of the lcore's thread; 0 before it runs. */
int podnet_worker_tid(const struct podnet_worker *w);

#endif
