/* base/sha256.h -- SHA-256 (FIPS 180-4).  Pure. */
#ifndef ZV_BASE_SHA256_H
#define ZV_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

struct zv_sha256 {
	uint32_t state[8];
	uint64_t len;
	uint8_t part[64];
};

void zv_sha256_begin(struct zv_sha256 *sha);
void zv_sha256_add(struct zv_sha256 *sha, const void *data, size_t len);
void zv_sha256_end(struct zv_sha256 *sha, uint8_t ret_sum[32]);
void zv_sha256(const void *data, size_t len, uint8_t ret_sum[32]);

#endif
