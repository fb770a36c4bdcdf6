/* media/dpdk/netlink.h -- the few questions to the kernel's tables (rtnetlink), answered at once.
 *
 * Thread: the one that follows next hops.  Addresses are IPv4 as they stand in a packet.
 */
#ifndef ZV_MEDIA_DPDK_NETLINK_H
#define ZV_MEDIA_DPDK_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

/* groups: RTMGRP_*; 0 for a socket of questions.  -1: none to be had. */
int zv_netlink_open(uint32_t groups);

struct zv_route {
	int ifindex;
	uint32_t via;   /* the gateway, or the receiver itself */
	bool reachable; /* an ordinary receiver by an ordinary route */
};
bool zv_netlink_route(int fd, uint32_t ip, struct zv_route *ret_route);
/* The kernel looks for the neighbour, or makes sure of him. */
void zv_netlink_probe(int fd, int ifindex, uint32_t ip);
/* true: his address is known.  ret_mac as in hops.h, without the flag.  *ret_fixed: an administrator
 * has written it; to probe it would unmake that. */
bool zv_netlink_neighbour(int fd, int ifindex, uint32_t ip, uint64_t *ret_mac, bool *ret_fixed);
/* Frames that the interface has dropped on their way in. */
bool zv_netlink_dropped(int fd, int ifindex, uint64_t *ret_dropped);

/* A change that was told to a socket with groups. */
struct zv_net_change {
	bool routes;    /* routes, addresses or links: all must be asked anew */
	bool neighbour; /* the one below */
	int ifindex;
	uint32_t ip;
	uint64_t mac;   /* 0: gone */
	bool fixed;
};
/* false: nothing waits.  Lost messages count as a change of routes. */
bool zv_netlink_change(int fd, struct zv_net_change *ret_change);

#endif
