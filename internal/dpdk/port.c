//go:build cgo && !nodpdk

/* Ports, their pools and rings. Go calls these functions on EAL's thread, and
 * never for a port that a loop is using. */

#include "dpdk.h"
#include "interrupt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

/* mbufs that an lcore keeps for itself */
#define POOL_CACHE 256

int
podnet_port_find(const char *name, uint16_t *port)
{
	return rte_eth_dev_get_port_by_name(name, port);
}

int
podnet_port_info(uint16_t port, struct podnet_port_info *out)
{
	struct rte_eth_dev_info info;
	struct rte_ether_addr mac;
	int ret;

	if ((ret = rte_eth_dev_info_get(port, &info)) != 0)
		return ret;
	if ((ret = rte_eth_macaddr_get(port, &mac)) != 0)
		return ret;
	memset(out, 0, sizeof(*out));
	snprintf(out->driver, sizeof(out->driver), "%s", info.driver_name);
	memcpy(out->mac, mac.addr_bytes, sizeof(out->mac));
	out->socket = rte_eth_dev_socket_id(port);
	out->max_rx_queues = info.max_rx_queues;
	out->max_tx_queues = info.max_tx_queues;
	out->max_rx_desc = info.rx_desc_lim.nb_max;
	out->max_tx_desc = info.tx_desc_lim.nb_max;
	return 0;
}

int
podnet_port_configure(uint16_t port, const struct podnet_port_config *c, struct rte_mempool *rx)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info info;
	uint16_t rx_desc = c->rx_desc, tx_desc = c->tx_desc, q;
	int socket = rte_eth_dev_socket_id(port), ret;

	if ((ret = rte_eth_dev_info_get(port, &info)) != 0)
		return ret;
	/* All our Tx queues carry unshared mbufs of one pool, which
	 * FAST_FREE requires. */
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	/* Sockets tell by this interrupt that the peer went and came back. */
	conf.intr_conf.lsc = info.dev_flags != NULL && (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0;
	if (c->queues > 1) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
		if (conf.rx_adv_conf.rss_conf.rss_hf == 0)
			conf.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
	}
	if ((ret = rte_eth_dev_configure(port, c->queues, c->queues, &conf)) != 0)
		return ret;
	if (c->mtu > RTE_ETHER_MTU && (ret = rte_eth_dev_set_mtu(port, c->mtu)) != 0) {
		if (ret != -ENOTSUP)
			return ret;
		/* Some drivers, such as the one for igb's VFs, take the MTU only with the
		 * configuration. Drivers of sockets say that they cannot set it, and carry
		 * every frame that fits into their buffers. */
		conf.rxmode.mtu = c->mtu;
		if (c->mtu <= info.max_mtu &&
		    (uint32_t)c->mtu + RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN <= info.max_rx_pktlen &&
		    (ret = rte_eth_dev_configure(port, c->queues, c->queues, &conf)) != 0)
			return ret;
	}
	if ((ret = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx_desc, &tx_desc)) != 0)
		return ret;
	for (q = 0; q < c->queues; q++) {
		if ((ret = rte_eth_rx_queue_setup(port, q, rx_desc, socket, NULL, rx)) != 0)
			return ret;
		if ((ret = rte_eth_tx_queue_setup(port, q, tx_desc, socket, NULL)) != 0)
			return ret;
	}
	return 0;
}

int
podnet_port_start(uint16_t port)
{
	int ret = rte_eth_dev_start(port);

	if (ret != 0)
		return ret;
	/* A reflector answers frames that are not addressed to it. A port that
	 * cannot be promiscuous (an untrusted VF) still gets its own frames. */
	(void)rte_eth_promiscuous_enable(port);
	return 0;
}

/* When its peer hangs up, memif marks the port as down and then frees the rings, on
 * the interrupt thread. A restart that began between the two would free them again. */
int
podnet_port_restart(uint16_t port)
{
	int ret = interrupt_hold();

	if (ret != 0)
		return ret;
	ret = rte_eth_dev_stop(port);
	if (ret == 0)
		ret = rte_eth_dev_start(port);
	interrupt_release();
	return ret;
}

/* memif frees a server's listener but leaves it among EAL's interrupt sources (as of DPDK
 * 25.11), so the interrupt thread must never look at the sources again. */
static int
port_hold_for_memif(uint16_t port)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) != 0 || strcmp(info.driver_name, "net_memif") != 0)
		return 0;
	return interrupt_hold();
}

int
podnet_port_close(uint16_t port)
{
	int ret = port_hold_for_memif(port), closed;

	if (ret != 0)
		return ret;
	ret = rte_eth_dev_stop(port);
	closed = rte_eth_dev_close(port);
	return ret != 0 ? ret : closed;
}

int
podnet_port_link(uint16_t port, bool *up)
{
	struct rte_eth_link link;
	int ret = rte_eth_link_get_nowait(port, &link);

	*up = ret == 0 && link.link_status == RTE_ETH_LINK_UP;
	return ret;
}

int
podnet_port_speed(uint16_t port, uint32_t *mbps)
{
	struct rte_eth_link link;
	int ret = rte_eth_link_get_nowait(port, &link);

	*mbps = ret == 0 && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN ? link.link_speed : 0;
	return ret;
}

int
podnet_port_stats(uint16_t port, struct podnet_port_stats *out)
{
	struct rte_eth_stats s;
	int ret = rte_eth_stats_get(port, &s);

	if (ret != 0)
		return ret;
	*out = (struct podnet_port_stats){
		.rx_packets = s.ipackets, .rx_bytes = s.ibytes, .rx_missed = s.imissed,
		.rx_errors = s.ierrors, .rx_nombuf = s.rx_nombuf,
		.tx_packets = s.opackets, .tx_bytes = s.obytes, .tx_errors = s.oerrors,
	};
	return 0;
}

/* --- pools and rings --- */

struct rte_mempool *
podnet_pool_new(const char *name, unsigned mbufs, uint16_t room, int socket)
{
	uint16_t size = RTE_PKTMBUF_HEADROOM + room;
	struct rte_mempool *mp = rte_pktmbuf_pool_create(name, mbufs, POOL_CACHE, 0, size, socket);

	/* EAL's memory may all be on another node: a slow pool is better than none. */
	if (mp == NULL && socket != SOCKET_ID_ANY)
		mp = rte_pktmbuf_pool_create(name, mbufs, POOL_CACHE, 0, size, SOCKET_ID_ANY);
	return mp;
}

struct pool_frame {
	const void *frame;
	uint16_t len;
};

static void
pool_write_frame(struct rte_mempool *pool, void *arg, void *obj, unsigned idx)
{
	const struct pool_frame *p = arg;
	struct rte_mbuf *m = obj;

	(void)pool;
	(void)idx;
	memcpy((char *)m->buf_addr + RTE_PKTMBUF_HEADROOM, p->frame, p->len);
}

int
podnet_pool_prepare(struct rte_mempool *pool, const void *frame, uint16_t len)
{
	struct pool_frame p = { frame, len };

	if (len > rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM)
		return -EMSGSIZE;
	rte_mempool_obj_iter(pool, pool_write_frame, &p);
	return 0;
}

struct rte_ring *
podnet_ring_new(const char *name, unsigned size, int socket)
{
	return rte_ring_create(name, size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

void
podnet_ring_free(struct rte_ring *r)
{
	void *m;

	while (rte_ring_sc_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(r);
}

/* --- single frames --- */

int
podnet_send(uint16_t port, uint16_t queue, struct rte_mempool *pool, const void *frame, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *data;

	if (m == NULL)
		return -ENOBUFS;
	data = rte_pktmbuf_append(m, len);
	if (data == NULL) {
		rte_pktmbuf_free(m);
		return -EMSGSIZE;
	}
	memcpy(data, frame, len);
	if (rte_eth_tx_burst(port, queue, &m, 1) == 0) {
		rte_pktmbuf_free(m);
		return -EAGAIN;
	}
	return 0;
}

int
podnet_receive(uint16_t port, uint16_t queue, void *frame, uint16_t size)
{
	struct rte_mbuf *m;
	uint16_t len;

	/* Vector receive functions return nothing when asked for fewer than four;
	 * the surplus is dropped, which a probe survives. */
	struct rte_mbuf *burst[4];
	uint16_t n = rte_eth_rx_burst(port, queue, burst, RTE_DIM(burst));

	if (n == 0)
		return 0;
	m = burst[0];
	len = RTE_MIN(size, rte_pktmbuf_data_len(m));
	memcpy(frame, rte_pktmbuf_mtod(m, const void *), len);
	rte_pktmbuf_free_bulk(burst, n);
	return len;
}
