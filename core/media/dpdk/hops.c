#include "media/dpdk/hops.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "media/dpdk/netlink.h"
#include "zvonar/plugin.h"

#define BUCKETS    1024u
#define PLACES     8u /* a bucket; a receiver stands in one of these */
#define UNUSED_S   600u
#define PROBE_S    5u  /* the kernel does not see that we send: it is told */
#define AGAIN_MS   100 /* while a neighbour has not answered */
#define LOOK_MS    1000

enum state { NEW, WAITS, KNOWN, NOWHERE };

/* What the thread knows of the place beside it. */
struct known {
	uint32_t ip, via;
	uint32_t probed_s;
	uint8_t state;
};

struct zv_hops {
	struct zv_hop hops[BUCKETS * PLACES];
	struct known known[BUCKETS * PLACES];
	int ifindex;
	int wake_fd, ask_fd, follow_fd;
	void (*log)(int level, const char *text);
	uint64_t dropped_before;
	_Atomic uint64_t lost;
	_Atomic bool stop;
	bool running;
	pthread_t thread;
};

static uint32_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint32_t)ts.tv_sec;
}

static struct zv_hop *find_in(struct zv_hop *bucket, uint32_t ip)
{
	for (uint32_t i = 0; i < PLACES; i++)
		if (atomic_load_explicit(&bucket[i].ip, memory_order_acquire) == ip)
			return &bucket[i];
	return NULL;
}

struct zv_hop *zv_hops_find(struct zv_hops *h, uint32_t ip)
{
	struct zv_hop *bucket = &h->hops[(ip * UINT32_C(2654435761) >> 22) * PLACES];
	struct zv_hop *hop = ip != 0 ? find_in(bucket, ip) : NULL;

	if (hop != NULL || ip == 0)
		return hop;
	for (uint32_t i = 0; i < PLACES; i++) {
		uint32_t none = 0;

		if (!atomic_compare_exchange_strong(&bucket[i].ip, &none, ip)) {
			if (none == ip) /* another media thread's, this moment */
				return &bucket[i];
			continue;
		}
		atomic_store_explicit(&bucket[i].used_s, now_s(), memory_order_relaxed);
		(void)eventfd_write(h->wake_fd, 1);
		return &bucket[i];
	}
	return NULL;
}

uint64_t zv_hops_lost(const struct zv_hops *h)
{
	return atomic_load_explicit(&h->lost, memory_order_relaxed);
}

static void set_mac(struct zv_hops *h, uint32_t i, uint64_t mac)
{
	h->known[i].state = mac != 0 ? KNOWN : WAITS;
	atomic_store_explicit(&h->hops[i].mac, mac != 0 ? mac | ZV_HOP_KNOWN : 0, memory_order_release);
}

static void say_nowhere(struct zv_hops *h, uint32_t ip, const struct zv_route *route, bool found)
{
	char name[INET_ADDRSTRLEN] = "?", device[IF_NAMESIZE] = "?", mine[IF_NAMESIZE] = "?", text[200];

	inet_ntop(AF_INET, &ip, name, sizeof(name));
	if_indextoname((unsigned)h->ifindex, mine);
	if (!found)
		snprintf(text, sizeof(text), "no route to %s: no RTP goes there", name);
	else if (!route->reachable)
		snprintf(text, sizeof(text), "%s is no other machine's address: no RTP goes there by DPDK", name);
	else
		snprintf(text, sizeof(text), "the route to %s leaves by %s, DPDK sends by %s: no RTP goes there",
			 name, if_indextoname((unsigned)route->ifindex, device) != NULL ? device : "?", mine);
	h->log(ZV_LOG_WARN, text);
}

static void look_up_route(struct zv_hops *h, uint32_t i, uint32_t ip)
{
	struct known *k = &h->known[i];
	bool was_nowhere = k->ip == ip && k->state == NOWHERE;
	struct zv_route route = {0};
	bool found = zv_netlink_route(h->ask_fd, ip, &route);

	k->ip = ip;
	if (!found || !route.reachable || route.ifindex != h->ifindex) {
		if (!was_nowhere)
			say_nowhere(h, ip, &route, found);
		set_mac(h, i, 0);
		k->state = NOWHERE;
		k->probed_s = now_s();
		return;
	}
	if (k->via != route.via || k->state != KNOWN) {
		k->via = route.via;
		k->state = NEW;
	}
}

/* NEW and WAITS: ask for the address; KNOWN: tell the kernel that it is in use. */
static void ask_neighbour(struct zv_hops *h, uint32_t i, uint32_t now)
{
	struct known *k = &h->known[i];
	bool fixed = false, found;
	uint64_t mac = 0;

	if (k->state == KNOWN && now - k->probed_s < PROBE_S)
		return;
	found = zv_netlink_neighbour(h->ask_fd, h->ifindex, k->via, &mac, &fixed);
	if (!fixed && (k->state != WAITS || now != k->probed_s)) {
		zv_netlink_probe(h->ask_fd, h->ifindex, k->via);
		found = found || zv_netlink_neighbour(h->ask_fd, h->ifindex, k->via, &mac, &fixed);
	}
	k->probed_s = now;
	if (found)
		set_mac(h, i, mac);
	else if (k->state != KNOWN)
		set_mac(h, i, 0);
	/* A known one that has no answer at this moment is told by a change. */
}

/* true: somebody waits for a neighbour's answer. */
static bool look_all(struct zv_hops *h, bool routes)
{
	uint32_t now = now_s();
	bool waits = false;

	for (uint32_t i = 0; i < BUCKETS * PLACES; i++) {
		uint32_t ip = atomic_load_explicit(&h->hops[i].ip, memory_order_acquire);
		uint32_t used = atomic_load_explicit(&h->hops[i].used_s, memory_order_relaxed);
		struct known *k = &h->known[i];

		if (ip == 0)
			continue;
		if (now - used > UNUSED_S && (int32_t)(now - used) > 0) {
			set_mac(h, i, 0);
			k->ip = 0;
			atomic_store_explicit(&h->hops[i].ip, 0, memory_order_release);
			continue;
		}
		if (k->ip != ip)
			k->state = NEW;
		if (k->ip != ip || routes || (k->state == NOWHERE && now - k->probed_s >= PROBE_S))
			look_up_route(h, i, ip);
		if (k->state == NOWHERE || (k->state == KNOWN && now - used > PROBE_S))
			continue;
		ask_neighbour(h, i, now);
		waits = waits || k->state == WAITS;
	}
	return waits;
}

/* true: routes changed. */
static bool take_changes(struct zv_hops *h)
{
	struct zv_net_change change;
	bool routes = false;

	while (zv_netlink_change(h->follow_fd, &change)) {
		routes = routes || change.routes;
		for (uint32_t i = 0; change.neighbour && change.ifindex == h->ifindex && i < BUCKETS * PLACES; i++)
			if (h->known[i].ip != 0 && h->known[i].via == change.ip && h->known[i].state != NOWHERE)
				set_mac(h, i, change.mac);
	}
	return routes;
}

static void *follow(void *arg)
{
	struct zv_hops *h = arg;
	bool waits = false;

	pthread_setname_np(pthread_self(), "zv-hops");
	while (!atomic_load(&h->stop)) {
		struct pollfd fds[] = {{h->wake_fd, POLLIN, 0}, {h->follow_fd, POLLIN, 0}};
		uint64_t dropped;
		eventfd_t woken;

		(void)poll(fds, 2, waits ? AGAIN_MS : LOOK_MS);
		if ((fds[0].revents & POLLIN) != 0)
			(void)eventfd_read(h->wake_fd, &woken);
		waits = look_all(h, take_changes(h));
		if (zv_netlink_dropped(h->ask_fd, h->ifindex, &dropped))
			atomic_store_explicit(&h->lost, dropped - h->dropped_before, memory_order_relaxed);
	}
	return NULL;
}

enum zv_err zv_hops_create(int ifindex, void (*log)(int level, const char *text), struct zv_hops **ret_hops)
{
	struct zv_hops *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return ZV_ENOMEM;
	h->ifindex = ifindex;
	h->log = log;
	h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->ask_fd = zv_netlink_open(0);
	h->follow_fd = zv_netlink_open(RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_LINK);
	if (h->wake_fd < 0 || h->ask_fd < 0 || h->follow_fd < 0)
		goto fail;
	(void)zv_netlink_dropped(h->ask_fd, ifindex, &h->dropped_before);
	if (pthread_create(&h->thread, NULL, follow, h) != 0)
		goto fail;
	h->running = true;
	*ret_hops = h;
	return ZV_OK;

fail:
	zv_hops_destroy(h);
	return ZV_EIO;
}

void zv_hops_destroy(struct zv_hops *h)
{
	if (h == NULL)
		return;
	if (h->running) {
		atomic_store(&h->stop, true);
		(void)eventfd_write(h->wake_fd, 1);
		pthread_join(h->thread, NULL);
	}
	if (h->wake_fd >= 0)
		close(h->wake_fd);
	if (h->ask_fd >= 0)
		close(h->ask_fd);
	if (h->follow_fd >= 0)
		close(h->follow_fd);
	free(h);
}
