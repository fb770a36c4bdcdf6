#include "media/ether.h"

#include <string.h>

#include "base/bytes.h"

#define IP  14u /* where each header begins */
#define UDP 34u
#define IP_HEAD  20u
#define UDP_HEAD 8u
#define G711_20MS 172u /* with the header of RTP */

/* One's complement sums do not care which byte of a word is first (RFC 1071), so they are made
 * of words as the machine reads them: of eight lanes at a time, which compilers know to do well. */
typedef uint32_t lanes __attribute__((vector_size(16)));

/* No datagram is so long that a lane runs over.  to may be NULL: nothing is copied. */
__attribute__((always_inline)) static inline uint64_t copy_sum(uint8_t *to, const uint8_t *data, uint32_t len)
{
	lanes sum = {0, 0, 0, 0}, four;
	uint32_t word;
	uint64_t all;

	for (; len >= sizeof(four); data += sizeof(four), len -= (uint32_t)sizeof(four)) {
		memcpy(&four, data, sizeof(four));
		if (to != NULL) {
			memcpy(to, &four, sizeof(four));
			to += sizeof(four);
		}
		sum += (four & 0xffff) + (four >> 16);
	}
	all = (uint64_t)sum[0] + sum[1] + sum[2] + sum[3];
	for (; len >= 4; data += 4, len -= 4) {
		memcpy(&word, data, 4);
		if (to != NULL) {
			memcpy(to, &word, 4);
			to += 4;
		}
		all += word;
	}
	if (len == 0)
		return all;
	word = 0; /* what is missing of the last word counts as zero */
	memcpy(&word, data, len);
	if (to != NULL)
		memcpy(to, data, len);
	return all + word;
}

__attribute__((always_inline)) static inline uint64_t sum_of(const uint8_t *data, uint32_t len)
{
	return copy_sum(NULL, data, len);
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & UINT32_MAX) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* A number as it stands in a packet, for a sum. */
static uint16_t word_of(uint32_t value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};
	uint16_t word;

	memcpy(&word, bytes, 2);
	return word;
}

void zv_ether_make(const struct zv_ether_ends *ends, struct zv_ether_head *ret_head)
{
	uint8_t *b = ret_head->bytes;

	memset(ret_head, 0, sizeof(*ret_head));
	memcpy(b, ends->to_mac, 6);
	memcpy(b + 6, ends->from_mac, 6);
	b[12] = 0x08; /* IPv4 */
	b[IP] = 0x45;
	b[IP + 1] = ends->tos;
	b[IP + 6] = 0x40; /* never in fragments, so its number may be 0 (RFC 6864) */
	b[IP + 8] = 64;
	b[IP + 9] = 17;
	memcpy(b + IP + 12, ends->from_ip, 4);
	memcpy(b + IP + 16, ends->to_ip, 4);
	zv_put_be16(b + UDP, ends->from_port);
	zv_put_be16(b + UDP + 2, ends->to_port);
	ret_head->ip_sum = fold(sum_of(b + IP, IP_HEAD));
	ret_head->udp_sum = fold(sum_of(b + IP + 12, 8) + sum_of(b + UDP, 4)) + (uint32_t)word_of(17);
}

void zv_ether_set_mac(struct zv_ether_head *head, const uint8_t to_mac[6])
{
	memcpy(head->bytes, to_mac, 6);
}

static void put_head(const struct zv_ether_head *head, uint32_t len, uint64_t payload_sum, uint8_t *frame)
{
	uint32_t udp_len = len + UDP_HEAD, ip_len = udp_len + IP_HEAD;
	uint16_t sum;

	memcpy(frame, head->bytes, ZV_ETHER_HEAD);
	zv_put_be16(frame + IP + 2, (uint16_t)ip_len);
	sum = (uint16_t)~fold((uint64_t)head->ip_sum + word_of(ip_len));
	memcpy(frame + IP + 10, &sum, 2);
	zv_put_be16(frame + UDP + 4, (uint16_t)udp_len);
	/* The length counts twice: in the header and in the pseudo header (RFC 768). */
	sum = (uint16_t)~fold(head->udp_sum + 2u * (uint64_t)word_of(udp_len) + payload_sum);
	if (sum == 0)
		sum = 0xffff; /* 0 would say that there is none */
	memcpy(frame + UDP + 6, &sum, 2);
}

void zv_ether_put(const struct zv_ether_head *head, const uint8_t *payload, uint32_t len,
		  uint8_t *ret_frame)
{
	put_head(head, len, copy_sum(ret_frame + ZV_ETHER_HEAD, payload, len), ret_frame);
}

void zv_ether_finish(const struct zv_ether_head *head, uint32_t len, uint8_t *frame)
{
	const uint8_t *payload = frame + ZV_ETHER_HEAD;

	/* 20 ms of G.711 by themselves: a known length is summed without a loop. */
	put_head(head, len, len == G711_20MS ? sum_of(payload, G711_20MS) : sum_of(payload, len), frame);
}

bool zv_ether_parse(const uint8_t *frame, size_t len, struct zv_datagram *ret_datagram)
{
	const uint8_t *ip = frame + IP, *udp;
	uint32_t head, ip_len, udp_len;

	if (len < ZV_ETHER_HEAD || zv_get_be16(frame + 12) != 0x0800 || ip[0] >> 4 != 4 || ip[9] != 17)
		return false;
	head = (ip[0] & 0x0fu) * 4u;
	ip_len = zv_get_be16(ip + 2);
	if (head < IP_HEAD || ip_len < head + UDP_HEAD || ip_len > len - IP)
		return false;
	if ((zv_get_be16(ip + 6) & 0x3fff) != 0) /* more fragments, or not the first */
		return false;
	udp = ip + head;
	udp_len = zv_get_be16(udp + 4);
	if (udp_len < UDP_HEAD || udp_len > ip_len - head)
		return false;
	memcpy(ret_datagram->from_ip, ip + 12, 4);
	memcpy(ret_datagram->to_ip, ip + 16, 4);
	ret_datagram->from_port = zv_get_be16(udp);
	ret_datagram->to_port = zv_get_be16(udp + 2);
	ret_datagram->payload = udp + UDP_HEAD;
	ret_datagram->len = udp_len - UDP_HEAD;
	return true;
}
