/* store/codec.h -- bytes of stored values: big-endian, no padding.  Pure.
 *
 * A value is: version byte, fields, CRC-32C.  The checksum covers the key too, so a value under
 * a wrong key is told.  Writers and readers carry a `bad` mark instead of an error a field.
 */
#ifndef ZV_STORE_CODEC_H
#define ZV_STORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"

struct zv_w {
	uint8_t *p;
	size_t n, cap; /* 4 bytes of cap stay free for the checksum */
	bool bad;      /* it did not fit */
};

struct zv_r {
	const uint8_t *p;
	size_t left;
	bool bad; /* read past the end */
	uint8_t version; /* the value's version byte */
};

static inline uint8_t *zv_w_room(struct zv_w *w, size_t n)
{
	uint8_t *p = w->p + w->n;

	if (w->bad || n + 4 > w->cap - w->n) {
		w->bad = true;
		return NULL;
	}
	w->n += n;
	return p;
}

static inline void zv_w_u8(struct zv_w *w, uint8_t v)
{
	uint8_t *p = zv_w_room(w, 1);

	if (p != NULL)
		*p = v;
}

static inline void zv_w_u16(struct zv_w *w, uint16_t v)
{
	uint8_t *p = zv_w_room(w, 2);

	if (p != NULL)
		zv_put_be16(p, v);
}

static inline void zv_w_u32(struct zv_w *w, uint32_t v)
{
	uint8_t *p = zv_w_room(w, 4);

	if (p != NULL)
		zv_put_be32(p, v);
}

static inline void zv_w_u64(struct zv_w *w, uint64_t v)
{
	uint8_t *p = zv_w_room(w, 8);

	if (p != NULL)
		zv_put_be64(p, v);
}

static inline void zv_w_i64(struct zv_w *w, int64_t v)
{
	zv_w_u64(w, (uint64_t)v);
}

static inline void zv_w_bytes(struct zv_w *w, const void *v, size_t n)
{
	uint8_t *p = zv_w_room(w, n);

	if (p != NULL && n > 0)
		memcpy(p, v, n);
}

/* Text of at most 255 bytes (cut there), its length first. */
static inline void zv_w_text(struct zv_w *w, const char *s, size_t max)
{
	size_t n = strnlen(s, max < 255 ? max : 255);

	zv_w_u8(w, (uint8_t)n);
	zv_w_bytes(w, s, n);
}

/* Longer text (cut at max), its length in two bytes first and a zero behind, so that a reader can
 * borrow it where it lies.  NULL is "". */
static inline void zv_w_cstr(struct zv_w *w, const char *s, size_t max)
{
	size_t n = s != NULL ? strnlen(s, max < UINT16_MAX ? max : UINT16_MAX) : 0;

	zv_w_u16(w, (uint16_t)n);
	if (n > 0)
		zv_w_bytes(w, s, n);
	zv_w_u8(w, 0);
}

static inline struct zv_w zv_w_begin(uint8_t *buf, size_t cap, uint8_t version)
{
	struct zv_w w = {.p = buf, .cap = cap};

	zv_w_u8(&w, version);
	return w;
}

static inline const uint8_t *zv_r_take(struct zv_r *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static inline uint8_t zv_r_u8(struct zv_r *r)
{
	const uint8_t *p = zv_r_take(r, 1);

	return p != NULL ? *p : 0;
}

static inline uint16_t zv_r_u16(struct zv_r *r)
{
	const uint8_t *p = zv_r_take(r, 2);

	return p != NULL ? zv_get_be16(p) : 0;
}

static inline uint32_t zv_r_u32(struct zv_r *r)
{
	const uint8_t *p = zv_r_take(r, 4);

	return p != NULL ? zv_get_be32(p) : 0;
}

static inline uint64_t zv_r_u64(struct zv_r *r)
{
	const uint8_t *p = zv_r_take(r, 8);

	return p != NULL ? zv_get_be64(p) : 0;
}

static inline int64_t zv_r_i64(struct zv_r *r)
{
	return (int64_t)zv_r_u64(r);
}

/* Into to[size], ended by a zero; bad if it does not fit or holds a zero. */
static inline void zv_r_text(struct zv_r *r, char *to, size_t size)
{
	size_t n = zv_r_u8(r);
	const uint8_t *p = zv_r_take(r, n);

	to[0] = 0;
	if (p == NULL || n >= size || memchr(p, 0, n) != NULL) {
		r->bad = true;
		return;
	}
	memcpy(to, p, n);
	to[n] = 0;
}

/* Borrowed from the value; "" with bad. */
static inline const char *zv_r_cstr(struct zv_r *r, size_t max)
{
	size_t n = zv_r_u16(r);
	const uint8_t *p = zv_r_take(r, n + 1);

	if (p == NULL || n > max || p[n] != 0 || memchr(p, 0, n) != NULL) {
		r->bad = true;
		return "";
	}
	return (const char *)p;
}

/* Signed times sort as unsigned keys. */
static inline uint64_t zv_time_key(int64_t ms)
{
	return (uint64_t)ms ^ UINT64_C(1) << 63;
}

static inline int64_t zv_key_time(uint64_t key)
{
	return (int64_t)(key ^ UINT64_C(1) << 63);
}

#endif
