/* http/static.h -- the pages' files, made at build time from core/http/pages (embed.py). */
#ifndef ZV_HTTP_STATIC_H
#define ZV_HTTP_STATIC_H

#include <stddef.h>

struct zv_static {
	const char *path, *type, *etag;
	const unsigned char *raw;
	size_t raw_len;
	const unsigned char *gz;
	size_t gz_len;
};
extern const struct zv_static zv_statics[]; /* ends with path NULL */

#endif
