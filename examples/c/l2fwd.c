/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forwards packets between the pod's interfaces: from the first to the second and back,
 * from the third to the fourth and so on; a last one without a partner gets its own back.
 *
 *   cc -o l2fwd l2fwd.c $(pkg-config --cflags --libs podnet libdpdk)
 *   ./l2fwd [DIRECTORY]     of the Downward API volume, if it is at no usual place
 */
#include <podnet.h>

#include <inttypes.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define BURST 32
#define RING 512
#define MBUFS_PER_PORT 2047

static struct podnet *ctx;
static volatile sig_atomic_t stopped;

/* Ends the loop, and the wait before it. */
static void stop(int signal)
{
	(void)signal;
	stopped = 1;
	podnet_cancel(ctx);
}

static void die(const char *what, const char *why)
{
	fprintf(stderr, "l2fwd: %s: %s\n", what, why);
	exit(1);
}

/* Waits for the pod's networks, and for the sockets of peers that come late, and gives
 * DPDK's arguments. */
static struct podnet_eal *arguments(const char *program, const char *podinfo)
{
	struct podnet_options options = PODNET_OPTIONS_INIT;
	struct podnet_eal_options eal_options = PODNET_EAL_OPTIONS_INIT;
	struct podnet_pod *pod;
	struct podnet_eal *eal;
	int result;

	options.podinfo = podinfo;
	result = podnet_new(&ctx, &options);
	if (result < 0)
		die("podnet_new", podnet_strerror(result));
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	if (podnet_wait(ctx, 60000, NULL, &pod) < 0)
		die("the pod", podnet_error(ctx));
	for (size_t n = 0; n < podnet_pod_warning_count(pod); n++) {
		const struct podnet_problem *w = podnet_pod_warning(pod, n);

		fprintf(stderr, "l2fwd: warning: %s: %s\n", podnet_problem_where(w), podnet_problem_message(w));
	}
	eal_options.program = program;
	eal_options.dpdk_version = rte_version();
	if (podnet_eal_args(ctx, pod, &eal_options, &eal) < 0)
		die("arguments for DPDK", podnet_error(ctx));
	podnet_pod_free(pod);
	return eal;
}

/* Finds the port of an interface by its name, and starts it. */
static uint16_t start(const struct podnet_port *from, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = { 0 };
	const char *name = podnet_port_interface(from);
	uint16_t port;
	int result;

	/* EAL succeeds when a device does not come up: its log says why. */
	if (rte_eth_dev_get_port_by_name(podnet_port_name(from), &port) < 0)
		die(name, "DPDK has not made its port: see EAL's log, and podnet inspect");
	if ((result = rte_eth_dev_configure(port, 1, 1, &conf)) < 0 ||
	    (result = rte_eth_rx_queue_setup(port, 0, RING, rte_eth_dev_socket_id(port), NULL, pool)) < 0 ||
	    (result = rte_eth_tx_queue_setup(port, 0, RING, rte_eth_dev_socket_id(port), NULL)) < 0 ||
	    (result = rte_eth_dev_start(port)) < 0)
		die(name, rte_strerror(-result));
	rte_eth_promiscuous_enable(port); /* not every driver can, and not every one needs to */
	printf("%s is port %u on %s\n", name, port, podnet_port_device(from));
	return port;
}

static void forward(uint16_t from, uint16_t to, uint64_t *count)
{
	struct rte_mbuf *packets[BURST];
	uint16_t received = rte_eth_rx_burst(from, 0, packets, BURST);
	uint16_t sent = rte_eth_tx_burst(to, 0, packets, received);

	*count += sent;
	rte_pktmbuf_free_bulk(packets + sent, received - sent);
}

int main(int argc, char **argv)
{
	struct podnet_eal *eal = arguments(argv[0], argc > 1 ? argv[1] : NULL);
	uint16_t count = (uint16_t)RTE_MIN(podnet_eal_port_count(eal), (size_t)RTE_MAX_ETHPORTS), ports[RTE_MAX_ETHPORTS];
	uint64_t forwarded[RTE_MAX_ETHPORTS] = { 0 };
	struct rte_mempool *pool;

	if (rte_eal_init(podnet_eal_argc(eal), podnet_eal_argv(eal)) < 0)
		die("EAL", rte_strerror(rte_errno));
	pool = rte_pktmbuf_pool_create("packets", MBUFS_PER_PORT * count, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool)
		die("packet buffers", rte_strerror(rte_errno));
	for (uint16_t n = 0; n < count; n++)
		ports[n] = start(podnet_eal_port(eal, n), pool);
	printf("forwarding\n");
	fflush(stdout);

	while (!stopped)
		for (uint16_t n = 0; n < count; n++)
			forward(ports[n], (n ^ 1) < count ? ports[n ^ 1] : ports[n], &forwarded[n]);

	for (uint16_t n = 0; n < count; n++) {
		printf("%s: forwarded %" PRIu64 "\n", podnet_port_interface(podnet_eal_port(eal, n)), forwarded[n]);
		rte_eth_dev_stop(ports[n]);
		rte_eth_dev_close(ports[n]);
	}
	rte_eal_cleanup();
	podnet_eal_free(eal);
	podnet_free(ctx);
	return 0;
}
