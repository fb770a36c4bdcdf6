/* base/md5.h -- MD5 (RFC 1321), for what needs it: HTTP digest's HA1.  Pure. */
#ifndef ZV_BASE_MD5_H
#define ZV_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

void zv_md5(const void *data, size_t len, uint8_t ret_sum[16]);

#endif
