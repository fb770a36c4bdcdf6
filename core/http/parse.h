/* http/parse.h -- what clients send, read with bounds: headers, names, moments, lines.  Pure. */
#ifndef ZV_HTTP_PARSE_H
#define ZV_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

#define ZV_TOKEN_TEXT_MAX 129 /* with its zero */
#define ZV_IDEM_KEY_MAX   129

/* "Bearer TOKEN" (RFC 6750): 1..128 of its characters.  False: no such thing. */
bool zv_http_bearer(const char *header, char ret_token[ZV_TOKEN_TEXT_MAX]);
/* The first cookie of that name (RFC 6265, 5.4). */
bool zv_http_cookie(const char *header, const char *name, char ret_value[ZV_TOKEN_TEXT_MAX]);
/* A Last-Event-ID: decimal, up to 2^63. */
bool zv_http_event_id(const char *text, uint64_t *ret_id);
/* An Idempotency-Key: 1..128 visible ASCII characters; quotes around it are taken off. */
bool zv_http_idem_key(const char *text, char ret_key[ZV_IDEM_KEY_MAX]);
/* Host: "name", "name:port", "[v6]:port"; the name in lower case, without brackets; port 0: none. */
bool zv_http_host(const char *text, char *ret_name, size_t size, uint16_t *ret_port);
/* Origin: "scheme://host[:port]"; gives what stands after ://. */
bool zv_http_origin(const char *text, char *ret_host, size_t size);
/* "application/json", whatever parameters follow; case does not matter. */
bool zv_http_is_type(const char *header, const char *type);
/* Does a list like Accept-Encoding or If-None-Match name it (q=0 is no)? */
bool zv_http_lists(const char *header, const char *item);

/* Range of something that has size bytes (RFC 9110, 14.2): one range of bytes.  NONE: the whole is to be
 * sent (no header, another unit, several ranges, not well-formed); BAD: nothing of it is there. */
enum zv_http_range { ZV_RANGE_NONE = 0, ZV_RANGE_PART = 1, ZV_RANGE_BAD = 2 };
enum zv_http_range zv_http_range(const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_last);

/* Path of a route: segments must be equal, {} takes one that is not empty.  rest: a copy of path
 * that is cut up; ret_params point into it. */
#define ZV_ROUTE_PARAMS_MAX 2
bool zv_http_path(const char *tmpl, char *rest, const char *ret_params[ZV_ROUTE_PARAMS_MAX]);

/* UTF-8 of text, what is none replaced by '?', cut at whole characters. */
void zv_http_utf8(const char *text, char *ret, size_t size);
bool zv_http_is_utf8(const char *bytes, size_t len);

/* ---- lines of a body ---- */

struct zv_line_cutter {
	char *bytes;      /* owned: a line that is not whole yet */
	size_t len, cap;
	uint64_t n;       /* lines handed on */
};
/* Hands each whole line to fn, *ret_taken bytes of data are done with.  ZV_EAGAIN: fn says so, the
 * rest is to be given again.  ZV_EFULL: a line over max.  Other errors: fn's. */
typedef enum zv_err (*zv_line_fn)(void *arg, uint64_t number, const char *line, size_t len);
struct zv_line_sink { zv_line_fn fn; void *arg; size_t max; };
enum zv_err zv_lines_feed(struct zv_line_cutter *cutter, const char *data, size_t len,
			  const struct zv_line_sink *sink, size_t *ret_taken) ZV_MUST_USE;
/* The last line, which has no end. */
enum zv_err zv_lines_last(struct zv_line_cutter *cutter, const struct zv_line_sink *sink) ZV_MUST_USE;
void zv_lines_fini(struct zv_line_cutter *cutter);

#endif
