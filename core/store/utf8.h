/* store/utf8.h -- UTF-8 one character at a time, bounded.  Pure. */
#ifndef ZV_STORE_UTF8_H
#define ZV_STORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define ZV_UTF8_BAD   UINT32_MAX       /* not UTF-8 (RFC 3629) */
#define ZV_UTF8_SHORT (UINT32_MAX - 1) /* good so far, the end is missing */

/* The character at p, n > 0 bytes left; *ret_len its bytes (1 if bad). */
static inline uint32_t zv_utf8_get(const char *text, size_t n, size_t *ret_len)
{
	const uint8_t *p = (const uint8_t *)text;
	uint32_t c = p[0], least;
	size_t len;

	*ret_len = 1;
	if (c < 0x80)
		return c;
	if (c >= 0xc2 && c <= 0xdf) {
		len = 2;
		c &= 0x1f;
		least = 0x80;
	} else if (c >= 0xe0 && c <= 0xef) {
		len = 3;
		c &= 0x0f;
		least = 0x800;
	} else if (c >= 0xf0 && c <= 0xf4) {
		len = 4;
		c &= 0x07;
		least = 0x10000;
	} else {
		return ZV_UTF8_BAD;
	}
	for (size_t i = 1; i < len; i++) {
		if (i >= n)
			return ZV_UTF8_SHORT;
		if ((p[i] & 0xc0) != 0x80)
			return ZV_UTF8_BAD;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return ZV_UTF8_BAD;
	*ret_len = len;
	return c;
}

/* Small letter of a Latin, Russian or Ukrainian one; others as they are. */
static inline uint32_t zv_utf8_lower(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 32;
	if (c >= 0x410 && c <= 0x42f)
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	return c == 0x490 ? 0x491 : c;
}

#endif
