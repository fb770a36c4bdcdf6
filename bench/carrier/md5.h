/* carrier/md5.h -- MD5 (RFC 1321), for SIP digest authentication only.  Pure. */
#ifndef ZVC_MD5_H
#define ZVC_MD5_H

#include <stddef.h>
#include <stdint.h>

struct zvc_md5 {
	uint32_t state[4];
	uint64_t len_bytes;
	uint8_t block[64];
};

void zvc_md5_init(struct zvc_md5 *md5);
void zvc_md5_add(struct zvc_md5 *md5, const void *data, size_t len);
/* 32 lower-case hex digits and a zero. */
void zvc_md5_hex(struct zvc_md5 *md5, char ret_hex[33]);

#endif
