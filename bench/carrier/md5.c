#include "md5.h"

#include <math.h>
#include <string.h>

static const uint8_t shifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/* The table of RFC 1321, 3.4: the integer part of 4294967296 times abs(sin(i)), i in radians. */
static uint32_t sine[64];

static void make_sine(void)
{
	if (sine[0] != 0)
		return;
	for (int i = 63; i >= 0; i--)
		sine[i] = (uint32_t)(uint64_t)(4294967296.0 * fabs(sin(i + 1.0)));
}

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void transform(uint32_t state[4], const uint8_t block[64])
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned i = 0; i < 64; i++) {
		uint32_t f;
		unsigned word;
		uint32_t next;

		if (i < 16) {
			f = (b & c) | (~b & d);
			word = i;
		} else if (i < 32) {
			f = (d & b) | (~d & c);
			word = (5 * i + 1) % 16;
		} else if (i < 48) {
			f = b ^ c ^ d;
			word = (3 * i + 5) % 16;
		} else {
			f = c ^ (b | ~d);
			word = (7 * i) % 16;
		}
		next = b +
		       rotl(a + f + sine[i] + get_le32(block + 4 * word), shifts[i / 16][i % 4]);
		a = d;
		d = c;
		c = b;
		b = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void zvc_md5_init(struct zvc_md5 *md5)
{
	make_sine();
	*md5 = (struct zvc_md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void zvc_md5_add(struct zvc_md5 *md5, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len > 0) {
		size_t used = md5->len_bytes % 64;
		size_t n = 64 - used < len ? 64 - used : len;

		memcpy(md5->block + used, p, n);
		md5->len_bytes += n;
		p += n;
		len -= n;
		if (used + n == 64)
			transform(md5->state, md5->block);
	}
}

void zvc_md5_hex(struct zvc_md5 *md5, char ret_hex[33])
{
	static const char digits[] = "0123456789abcdef";
	static const uint8_t pad[64] = {0x80};
	uint64_t bits = md5->len_bytes * 8;
	uint8_t tail[8];
	size_t used = md5->len_bytes % 64;

	for (int i = 0; i < 8; i++)
		tail[i] = (uint8_t)(bits >> (8 * i));
	zvc_md5_add(md5, pad, used < 56 ? 56 - used : 120 - used);
	zvc_md5_add(md5, tail, 8);
	for (int i = 0; i < 16; i++) {
		uint8_t byte = (uint8_t)(md5->state[i / 4] >> (8 * (i % 4)));

		ret_hex[2 * i] = digits[byte >> 4];
		ret_hex[2 * i + 1] = digits[byte & 15];
	}
	ret_hex[32] = 0;
}
