#include "media/dpdk/inside.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_version.h>

#define MBUFS      16383u /* a queue: both rings full, and what is under way */
#define MBUF_CACHE 256u

static enum zv_err failed(const char *what, int code, char *text, size_t text_size)
{
	snprintf(text, text_size, "the device: %s: %s", what, rte_strerror(code < 0 ? -code : code));
	if (code == -EPERM || code == -EACCES)
		return ZV_EDENIED;
	return code == -ENOMEM ? ZV_ENOMEM : ZV_EIO;
}

/* The names of virtual devices end at the first comma; a card has its address. */
static uint16_t find_port(const char *device)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t port;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	if (rte_eth_dev_get_port_by_name(name, &port) == 0)
		return port;
	for (port = 0; port < RTE_MAX_ETHPORTS; port++) {
		char other[RTE_ETH_NAME_MAX_LEN];

		if (rte_eth_dev_is_valid_port(port) &&
		    rte_eth_dev_get_name_by_port(port, other) == 0 && strcmp(other, "net_tap0") != 0)
			return port;
	}
	return ZV_DPDK_NO_PORT;
}

static enum zv_err configure(struct dpdk *d, uint16_t port, char *text, size_t text_size)
{
	struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;
	uint16_t n = (uint16_t)d->plan.n_threads, rx = ZV_DPDK_DESCRIPTORS, tx = ZV_DPDK_DESCRIPTORS;
	int got = rte_eth_dev_info_get(port, &info);

	if (got == 0 && (info.max_rx_queues < n || info.max_tx_queues < n)) {
		snprintf(text, text_size,
			 "media.threads: %u, and the device has %u queues: no more threads than queues", n,
			 info.max_rx_queues < info.max_tx_queues ? info.max_rx_queues : info.max_tx_queues);
		return ZV_EINVAL;
	}
	if (n > 1 && (info.flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_UDP) != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
	}
	if (got == 0)
		got = rte_eth_dev_configure(port, n, n, &conf);
	if (got == 0)
		got = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx);
	for (uint16_t i = 0; i < n && got == 0; i++) {
		got = rte_eth_rx_queue_setup(port, i, rx, (unsigned)SOCKET_ID_ANY, NULL, d->queues[i]->pool);
		if (got == 0)
			got = rte_eth_tx_queue_setup(port, i, tx, (unsigned)SOCKET_ID_ANY, NULL);
	}
	if (got == 0)
		got = rte_eth_dev_start(port);
	if (got == 0)
		return ZV_OK;
	if (geteuid() != 0 && strncmp(d->conf.device, "net_af_xdp", 10) == 0) {
		snprintf(text, text_size,
			 "XDP sockets want root, or CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF and CAP_IPC_LOCK: %s",
			 rte_strerror(-got));
		return ZV_EDENIED;
	}
	return failed("its queues", got, text, text_size);
}

/* The tap's driver is told by a signal that something came.  Only the media threads, which ask it,
 * shall be interrupted by that. */
static void keep_signals_away(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		sigaddset(&set, i);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* The kernel's end has the device's own MAC address: it is the host that the device belongs to. */
static enum zv_err join_tap(struct dpdk *d, char *text, size_t text_size)
{
	struct rte_ether_addr mac;
	enum zv_err err = configure(d, d->tap, text, text_size);
	int got;

	if (err != ZV_OK)
		return err;
	keep_signals_away();
	memcpy(mac.addr_bytes, d->mac, 6);
	got = rte_eth_dev_default_mac_addr_set(d->tap, &mac);
	return got == 0 ? ZV_OK : failed("the tap's MAC address", got, text, text_size);
}

static enum zv_err make_pools(struct dpdk *d, char *text, size_t text_size)
{
	for (uint16_t i = 0; i < d->plan.n_threads; i++) {
		char name[32];

		snprintf(name, sizeof(name), "zv_mbufs_%u", i);
		d->queues[i]->pool = rte_pktmbuf_pool_create(name, MBUFS, MBUF_CACHE, 0,
							     RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
		if (d->queues[i]->pool == NULL) {
			snprintf(text, text_size, "media.dpdk.memory: %u MiB are too few for %u queues",
				 d->conf.memory_mb, d->plan.n_threads);
			return ZV_ENOMEM;
		}
		if (d->queues[i]->pool->nb_mem_chunks != 1)
			d->log(1, "the memory of a queue is in pieces: XDP sockets may waste some of it");
	}
	return ZV_OK;
}

enum zv_err zv_device_start(struct dpdk *d, char *text, size_t text_size)
{
	struct rte_ether_addr mac;
	enum zv_err err = ZV_OK;
	int got;

	d->port = find_port(d->conf.device);
	if (d->port == ZV_DPDK_NO_PORT) {
		snprintf(text, text_size,
			 "DPDK has no device %.*s; its own lines say why. Has the interface %u queues, one a media "
			 "thread (ethtool -l)?",
			 (int)strcspn(d->conf.device, ","), d->conf.device, d->plan.n_threads);
		return ZV_ENOENT;
	}
	if (d->conf.steer == ZV_DPDK_EXCEPTION) {
		if (rte_eth_dev_get_port_by_name("net_tap0", &d->tap) != 0) {
			snprintf(text, text_size, "no tap %s to be had", d->conf.interface);
			return ZV_EIO;
		}
	}
	err = make_pools(d, text, text_size);
	if (err == ZV_OK && d->conf.steer == ZV_DPDK_FLOW)
		err = zv_flow_isolate(d->port, text, text_size);
	if (err == ZV_OK)
		err = configure(d, d->port, text, text_size);
	if (err == ZV_OK && d->conf.steer == ZV_DPDK_FLOW)
		err = zv_flow_rules(d->port, &d->plan, (uint16_t)d->plan.n_threads, text, text_size);
	if (err != ZV_OK)
		return err;
	got = rte_eth_macaddr_get(d->port, &mac);
	if (got != 0)
		return failed("its MAC address", got, text, text_size);
	memcpy(d->mac, mac.addr_bytes, 6);
	return d->tap != ZV_DPDK_NO_PORT ? join_tap(d, text, text_size) : ZV_OK;
}

void zv_device_stop(struct dpdk *d)
{
	uint16_t ports[] = {d->tap, d->port};

	for (uint32_t i = 0; i < 2; i++) {
		if (ports[i] == ZV_DPDK_NO_PORT)
			continue;
		(void)rte_eth_dev_stop(ports[i]);
		(void)rte_eth_dev_close(ports[i]);
	}
	d->tap = d->port = ZV_DPDK_NO_PORT;
}
