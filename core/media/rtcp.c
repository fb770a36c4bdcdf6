#include "media/rtcp.h"

#include <string.h>

#include "base/bytes.h"

enum { TYPE_SR = 200, TYPE_RR = 201, TYPE_SDES = 202, TYPE_BYE = 203 };
#define HEADER     4u
#define SENDER     20u
#define BLOCK      24u
#define SDES_CNAME 1

uint64_t zv_ntp_of(int64_t wall_ns)
{
	uint64_t ns = (uint64_t)wall_ns;
	uint64_t s = ns / 1000000000u + 2208988800u;

	return s << 32 | ((ns % 1000000000u) << 32) / 1000000000u;
}

/* len: of the whole packet, a multiple of 4. */
static void put_header(uint8_t *p, uint32_t count, uint8_t type, size_t len)
{
	p[0] = (uint8_t)(0x80 | count);
	p[1] = type;
	zv_put_be16(p + 2, (uint16_t)(len / 4 - 1));
}

static void put_block(uint8_t *p, const struct zv_rtcp_block *b)
{
	zv_put_be32(p, b->ssrc);
	zv_put_be32(p + 4, (uint32_t)b->fraction << 24 | (b->lost & 0xffffff));
	zv_put_be32(p + 8, b->max_seq);
	zv_put_be32(p + 12, b->jitter);
	zv_put_be32(p + 16, b->lsr);
	zv_put_be32(p + 20, b->dlsr);
}

static size_t put_report(uint8_t *p, const struct zv_rtcp_report *r)
{
	bool sr = r->packets > 0;
	size_t len = HEADER + 4 + (sr ? SENDER : 0);

	zv_put_be32(p + 4, r->ssrc);
	if (sr) {
		zv_put_be64(p + 8, r->ntp);
		zv_put_be32(p + 16, r->rtp_timestamp);
		zv_put_be32(p + 20, r->packets);
		zv_put_be32(p + 24, r->octets);
	}
	if (r->has_block) {
		put_block(p + len, &r->block);
		len += BLOCK;
	}
	put_header(p, r->has_block, sr ? TYPE_SR : TYPE_RR, len);
	return len;
}

/* One chunk: ssrc, CNAME item, at least one zero octet, up to the next word. */
static size_t put_sdes(uint8_t *p, const struct zv_rtcp_report *r)
{
	size_t len = (HEADER + 4 + 2 + ZV_RTCP_CNAME + 1 + 3) / 4 * 4;

	memset(p, 0, len);
	put_header(p, 1, TYPE_SDES, len);
	zv_put_be32(p + 4, r->ssrc);
	p[8] = SDES_CNAME;
	p[9] = ZV_RTCP_CNAME;
	memcpy(p + 10, r->cname, ZV_RTCP_CNAME);
	return len;
}

size_t zv_rtcp_write(uint8_t *data, const struct zv_rtcp_report *report)
{
	size_t len = put_report(data, report);

	len += put_sdes(data + len, report);
	if (report->bye) {
		put_header(data + len, 1, TYPE_BYE, 8);
		zv_put_be32(data + len + 4, report->ssrc);
		len += 8;
	}
	return len;
}

void zv_rtcp_block_of(struct zv_rtp_source *s, struct zv_rtcp_block *ret_block)
{
	uint32_t max = s->cycles + s->max_seq, expected = max - s->base + 1;
	uint32_t expected_interval = expected - s->expected_prior;
	uint32_t received_interval = s->received - s->received_prior;
	uint32_t lost = expected > s->received ? expected - s->received : 0;
	uint32_t lost_interval = expected_interval > received_interval ?
					 expected_interval - received_interval : 0;
	uint32_t fraction = lost_interval > 0 ?
				    (uint32_t)(((uint64_t)lost_interval << 8) / expected_interval) : 0;

	s->expected_prior = expected;
	s->received_prior = s->received;
	*ret_block = (struct zv_rtcp_block){
		.ssrc = s->ssrc,
		.fraction = (uint8_t)(fraction > 255 ? 255 : fraction),
		.lost = lost > 0x7fffff ? 0x7fffff : lost,
		.max_seq = max,
		.jitter = s->jitter_q4 >> 4,
	};
}

static void get_blocks(const uint8_t *p, uint32_t n, struct zv_rtcp_in *in)
{
	for (uint32_t i = 0; i < n && in->n_blocks < ZV_RTCP_BLOCKS_MAX; i++, p += BLOCK)
		in->blocks[in->n_blocks++] = (struct zv_rtcp_block){
			.ssrc = zv_get_be32(p),
			.fraction = p[4],
			.lost = zv_get_be32(p + 4) & 0xffffff,
			.max_seq = zv_get_be32(p + 8),
			.jitter = zv_get_be32(p + 12),
			.lsr = zv_get_be32(p + 16),
			.dlsr = zv_get_be32(p + 20),
		};
}

/* One packet of the compound; len is the length that its header says. */
static bool get_packet(const uint8_t *p, size_t len, struct zv_rtcp_in *in)
{
	uint32_t count = p[0] & 0x1f;
	size_t fixed = p[1] == TYPE_SR ? HEADER + 4 + SENDER : HEADER + 4;

	if (p[1] == TYPE_BYE)
		in->bye = true;
	if (p[1] != TYPE_SR && p[1] != TYPE_RR)
		return true;
	if (len < fixed + count * BLOCK)
		return false;
	in->ssrc = zv_get_be32(p + 4);
	if (p[1] == TYPE_SR) {
		in->sr = true;
		in->ntp_middle = zv_get_be32(p + 10);
	}
	get_blocks(p + fixed, count, in);
	return true;
}

bool zv_rtcp_parse(const uint8_t *data, size_t len, struct zv_rtcp_in *ret_in)
{
	memset(ret_in, 0, sizeof(*ret_in));
	if (len < 8 || (data[1] != TYPE_SR && data[1] != TYPE_RR) || data[0] & 0x20)
		return false;
	for (size_t at = 0, one; at < len; at += one) {
		if (len - at < HEADER || data[at] >> 6 != 2)
			return false;
		one = 4u * ((size_t)zv_get_be16(data + at + 2) + 1);
		if (one > len - at || !get_packet(data + at, one, ret_in))
			return false;
	}
	return true;
}
