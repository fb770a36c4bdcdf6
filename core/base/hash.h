/* base/hash.h -- SipHash-2-4 (Aumasson, Bernstein 2012), CRC-32C (RFC 3720 B.4), and a small
 * seeded generator (splitmix64).  Pure. */
#ifndef ZV_BASE_HASH_H
#define ZV_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct zv_key { uint64_t k0, k1; };

/* Keyed hash; unguessable without the key.  Same value on every machine. */
uint64_t zv_siphash(const struct zv_key *key, const void *data, size_t len);

/* CRC-32C over data, continuing from crc (0 to begin). */
uint32_t zv_crc32c(uint32_t crc, const void *data, size_t len);
/* The same without the processor's help, for machines that have none. */
uint32_t zv_crc32c_plain(uint32_t crc, const void *data, size_t len);

/* Mixes one word; a counter fed through it gives a sequence. */
static inline uint64_t zv_mix64(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif
