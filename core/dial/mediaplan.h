/* dial/mediaplan.h -- which RTP address and port a leg's slot has: a pure function, so that
 * the SIP thread (which writes the SDP) and the media thread (which owns the socket) agree
 * without asking each other.
 */
#ifndef ZV_DIAL_MEDIAPLAN_H
#define ZV_DIAL_MEDIAPLAN_H

#include <stdint.h>

#define ZV_MEDIA_ADDRS_MAX   8
#define ZV_MEDIA_THREADS_MAX 16

/* An IP address: family 4 or 6; IPv4 stands in the first four bytes. */
struct zv_ip {
	uint8_t family;
	uint8_t bytes[16];
};

struct zv_media_range {
	struct zv_ip ip;
	uint16_t port_first; /* even; RTP ports are port_first, +2, +4 ... */
	uint16_t n_ports;    /* how many such ports */
};

struct zv_media_plan {
	uint32_t n_slots; /* most calls at once = sum of n_ports, or less */
	uint32_t n_ranges;
	uint32_t n_threads;
	struct zv_media_range ranges[ZV_MEDIA_ADDRS_MAX];
	uint16_t rtcp_port[ZV_MEDIA_THREADS_MAX]; /* one RTCP socket a media thread, on ranges[0] */
};

/* slot < plan->n_slots.  Consecutive slots go to consecutive ports of ranges[0], then [1] ... */
static inline void zv_media_addr(const struct zv_media_plan *plan, uint32_t slot,
				 struct zv_ip *ret_ip, uint16_t *ret_port)
{
	uint32_t r = 0;

	while (r + 1 < plan->n_ranges && slot >= plan->ranges[r].n_ports)
		slot -= plan->ranges[r++].n_ports;
	*ret_ip = plan->ranges[r].ip;
	*ret_port = (uint16_t)(plan->ranges[r].port_first + 2 * slot);
}

static inline uint16_t zv_media_rtcp_port(const struct zv_media_plan *plan, uint32_t slot)
{
	return plan->rtcp_port[slot % plan->n_threads];
}

#endif
