/* media/ether.h -- Ethernet frames of IPv4 and UDP, made and read: for kinds of packet I/O that
 * have no kernel below them.  Pure; no VLAN tags, no fragments, no IPv6.
 *
 * Thread: any.  A frame that is read is hostile: every length in it is checked against what came.
 */
#ifndef ZV_MEDIA_ETHER_H
#define ZV_MEDIA_ETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZV_ETHER_HEAD 42u /* Ethernet 14, IPv4 without options 20, UDP 8 */

/* Addresses as they stand in a packet, ports in the machine's order. */
struct zv_ether_ends {
	uint8_t from_mac[6], to_mac[6];
	uint8_t from_ip[4], to_ip[4];
	uint16_t from_port, to_port;
	uint8_t tos; /* the whole byte */
};

/* All that does not change from packet to packet, and its part of both checksums. */
struct zv_ether_head {
	uint8_t bytes[ZV_ETHER_HEAD];
	uint16_t ip_sum;
	uint32_t udp_sum;
};

void zv_ether_make(const struct zv_ether_ends *ends, struct zv_ether_head *ret_head);
/* Another next hop: nothing but the receiver's MAC address changes. */
void zv_ether_set_mac(struct zv_ether_head *head, const uint8_t to_mac[6]);
/* The whole frame, ZV_ETHER_HEAD + len bytes, both checksums right.  len <= 1472. */
void zv_ether_put(const struct zv_ether_head *head, const uint8_t *payload, uint32_t len,
		  uint8_t *ret_frame);

/* The same where the payload stands already, ZV_ETHER_HEAD bytes into the frame. */
void zv_ether_finish(const struct zv_ether_head *head, uint32_t len, uint8_t *frame);

struct zv_datagram {
	uint8_t from_ip[4], to_ip[4];
	uint16_t from_port, to_port;
	const uint8_t *payload; /* within the frame */
	uint32_t len;
};

/* true: a whole UDP datagram over IPv4.  Checksums are not looked at: what a driver or a virtual
 * interface hands on may have them unfinished. */
bool zv_ether_parse(const uint8_t *frame, size_t len, struct zv_datagram *ret_datagram);

#endif
