/* A TZif version 2 file of one type and no change, with a footer: for tests only. */
#ifndef ZV_TEST_ZONE_BYTES_H
#define ZV_TEST_ZONE_BYTES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The length, or 0 if cap is too small. */
static inline size_t zone_bytes(const char *footer, uint8_t *to, size_t cap)
{
	/* "TZif2", 15 zeroes, six counts: one type, four characters; one type, "UTC\0" */
	static const uint8_t block[44 + 10] = {
		'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4, [50] = 'U', [51] = 'T', [52] = 'C',
	};
	size_t n = 2 * sizeof(block) + strlen(footer) + 2;

	if (n > cap)
		return 0;
	memcpy(to, block, sizeof(block));
	memcpy(to + sizeof(block), block, sizeof(block));
	to[2 * sizeof(block)] = '\n';
	memcpy(to + 2 * sizeof(block) + 1, footer, strlen(footer));
	to[n - 1] = '\n';
	return n;
}

#endif
