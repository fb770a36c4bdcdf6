/* store/charset.h -- a text file of any encoding as UTF-8, streaming.  Thread: any, one source
 * a thread.  The only user of iconv and uchardet. */
#ifndef ZV_STORE_CHARSET_H
#define ZV_STORE_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

struct zv_charset;

/* fd: borrowed, at its beginning.  encoding NULL: UTF-8 if it is that, else as detected, CP1251
 * in doubt.  ZV_EPARSE: iconv does not know the name; ZV_ENOMEM. */
enum zv_err zv_charset_create(int fd, const char *encoding, struct zv_charset **ret_charset) ZV_MUST_USE;
void zv_charset_destroy(struct zv_charset *charset); /* accepts NULL */

/* A zv_csv_source: UTF-8 without its byte order mark.  ZV_EPARSE: bytes that the encoding does
 * not have, see zv_charset_text; ZV_EIO. */
enum zv_err zv_charset_read(void *charset, char *buf, size_t cap, size_t *ret_n);

/* What went wrong, with line and byte; "" = nothing. */
const char *zv_charset_text(const struct zv_charset *charset);
const char *zv_charset_name(const struct zv_charset *charset);
/* Bytes of the file taken in so far. */
uint64_t zv_charset_bytes(const struct zv_charset *charset);

#endif
