#include "http/parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Copies len bytes and a zero if they fit. */
static bool give(const char *p, size_t len, char *ret, size_t size)
{
	if (len == 0 || len >= size)
		return false;
	memcpy(ret, p, len);
	ret[len] = 0;
	return true;
}

bool zv_http_bearer(const char *header, char ret_token[ZV_TOKEN_TEXT_MAX])
{
	const char *p;
	size_t n = 0;

	if (header == NULL || strncasecmp(header, "bearer ", 7) != 0)
		return false;
	p = skip_blanks(header + 7);
	while (is_alnum(p[n]) || (p[n] != 0 && strchr("-._~+/=", p[n]) != NULL))
		n++;
	return *skip_blanks(p + n) == 0 && give(p, n, ret_token, ZV_TOKEN_TEXT_MAX);
}

bool zv_http_cookie(const char *header, const char *name, char ret_value[ZV_TOKEN_TEXT_MAX])
{
	size_t name_len = strlen(name);

	for (const char *p = header; p != NULL && *p != 0; p = *p == ';' ? p + 1 : p) {
		const char *value;
		size_t n;

		p = skip_blanks(p);
		n = strcspn(p, ";");
		value = p + name_len + 1;
		if (n > name_len && strncmp(p, name, name_len) == 0 && p[name_len] == '=') {
			size_t len = n - name_len - 1;

			while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
				len--;
			return give(value, len, ret_value, ZV_TOKEN_TEXT_MAX);
		}
		p += n;
	}
	return false;
}

bool zv_http_event_id(const char *text, uint64_t *ret_id)
{
	uint64_t id = 0;
	size_t n = 0;

	for (; is_digit(text[n]); n++) {
		if (n == 19)
			return false;
		id = id * 10 + (uint64_t)(text[n] - '0');
	}
	if (n == 0 || text[n] != 0 || id > INT64_MAX)
		return false;
	*ret_id = id;
	return true;
}

bool zv_http_idem_key(const char *text, char ret_key[ZV_IDEM_KEY_MAX])
{
	size_t len = strlen(text);

	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return give(text, len, ret_key, ZV_IDEM_KEY_MAX);
}

static bool port(const char *p, uint16_t *ret_port)
{
	uint32_t v = 0;

	*ret_port = 0;
	if (*p == 0)
		return true;
	if (*p++ != ':' || *p == 0)
		return false;
	for (; is_digit(*p); p++) {
		v = v * 10 + (uint32_t)(*p - '0');
		if (v > 65535)
			return false;
	}
	*ret_port = (uint16_t)v;
	return *p == 0 && v > 0;
}

bool zv_http_host(const char *text, char *ret_name, size_t size, uint16_t *ret_port)
{
	bool six = text[0] == '[';
	const char *p = six ? text + 1 : text;
	size_t n = 0;

	while (is_alnum(p[n]) || p[n] == '.' || (six ? p[n] == ':' : p[n] == '-' || p[n] == '_'))
		n++;
	if (!give(p, n, ret_name, size) || (six && p[n] != ']'))
		return false;
	for (size_t i = 0; i < n; i++)
		ret_name[i] = lower(ret_name[i]);
	if (n > 1 && ret_name[n - 1] == '.')
		ret_name[n - 1] = 0;
	return port(p + n + six, ret_port);
}

bool zv_http_origin(const char *text, char *ret_host, size_t size)
{
	const char *after = strncmp(text, "http://", 7) == 0    ? text + 7 :
			    strncmp(text, "https://", 8) == 0 ? text + 8 :
								NULL;

	return after != NULL && strpbrk(after, "/ \t@?#") == NULL &&
	       give(after, strlen(after), ret_host, size);
}

bool zv_http_is_type(const char *header, const char *type)
{
	size_t n = strlen(type);

	if (header == NULL || strncasecmp(header, type, n) != 0)
		return false;
	header = skip_blanks(header + n);
	return *header == 0 || *header == ';';
}

/* `;q=0`, `;q=0.000` behind an item */
static bool refused(const char *p, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		if (lower(p[i]) != 'q' || p[i + 1] != '=')
			continue;
		for (i += 2; i < len; i++) {
			if (p[i] >= '1' && p[i] <= '9')
				return false;
		}
		return true;
	}
	return false;
}

bool zv_http_lists(const char *header, const char *item)
{
	size_t item_len = strlen(item);

	for (const char *p = header; p != NULL && *p != 0; p = *p == ',' ? p + 1 : p) {
		size_t n, name;

		p = skip_blanks(p);
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		n = strcspn(p, ",");
		name = strcspn(p, ",; \t");
		if (name == item_len && strncasecmp(p, item, name) == 0)
			return !refused(p + name, n - name);
		p += n;
	}
	return false;
}

/* Digits, at most up to 2^63 - 1 (more is as much); false: there are none. */
static bool take_bytes(const char **p, uint64_t *ret)
{
	const char *begin = *p;
	uint64_t v = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++)
		v = v > (INT64_MAX - 9) / 10 ? INT64_MAX : v * 10 + (uint64_t)(**p - '0');
	*ret = v;
	return *p != begin;
}

enum zv_http_range zv_http_range(const char *header, uint64_t size, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *p = header;
	uint64_t first = 0, last = 0;
	bool from, to;

	if (p == NULL || strncasecmp(p, "bytes=", 6) != 0)
		return ZV_RANGE_NONE;
	p = skip_blanks(p + 6);
	from = take_bytes(&p, &first);
	if (*p++ != '-')
		return ZV_RANGE_NONE;
	to = take_bytes(&p, &last);
	if (*skip_blanks(p) != 0 || (!from && !to) || (from && to && last < first))
		return ZV_RANGE_NONE;
	if (!from) { /* the last so many */
		if (last == 0 || size == 0)
			return ZV_RANGE_BAD;
		first = last < size ? size - last : 0;
		last = size - 1;
	} else if (first >= size) {
		return ZV_RANGE_BAD;
	} else if (!to || last >= size) {
		last = size - 1;
	}
	*ret_first = first;
	*ret_last = last;
	return ZV_RANGE_PART;
}

bool zv_http_path(const char *tmpl, char *rest, const char *ret_params[ZV_ROUTE_PARAMS_MAX])
{
	uint32_t n = 0;

	if (*tmpl++ != '/' || *rest++ != '/')
		return false;
	for (;;) {
		size_t want = strcspn(tmpl, "/"), have = strcspn(rest, "/");
		bool more = rest[have] == '/';

		if ((tmpl[want] == '/') != more)
			return false;
		if (tmpl[0] == '{') {
			if (have == 0 || n == ZV_ROUTE_PARAMS_MAX)
				return false;
			rest[have] = 0;
			ret_params[n++] = rest;
		} else if (want != have || memcmp(tmpl, rest, want) != 0) {
			return false;
		}
		if (!more)
			return true;
		tmpl += want + 1;
		rest += have + 1;
	}
}

/* Length of the character at p, 0: none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 :
		   p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

void zv_http_utf8(const char *text, char *ret, size_t size)
{
	size_t left = strlen(text), out = 0;

	while (left > 0) {
		size_t n = utf8_len((const unsigned char *)text, left);

		if (out + (n > 0 ? n : 1) >= size)
			break;
		if (n == 0) {
			ret[out++] = '?';
			n = 1;
		} else {
			memcpy(ret + out, text, n);
			out += n;
		}
		text += n;
		left -= n;
	}
	ret[out] = 0;
}

bool zv_http_is_utf8(const char *bytes, size_t len)
{
	while (len > 0) {
		size_t n = utf8_len((const unsigned char *)bytes, len);

		if (n == 0)
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

/* ---- lines ---- */

static enum zv_err hand_on(struct zv_line_cutter *c, const char *line, size_t len,
			   const struct zv_line_sink *sink)
{
	enum zv_err err;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > sink->max)
		return ZV_EFULL;
	err = len == 0 ? ZV_OK : sink->fn(sink->arg, c->n + 1, line, len);
	if (err == ZV_OK)
		c->n++;
	return err;
}

/* Keeps a part of a line. */
static enum zv_err keep(struct zv_line_cutter *c, const char *data, size_t len, size_t max)
{
	if (c->len + len > max + 1) /* and a CR */
		return ZV_EFULL;
	if (c->len + len > c->cap) {
		size_t cap = c->cap == 0 ? 4096 : c->cap;
		char *more;

		while (cap < c->len + len)
			cap *= 2;
		more = realloc(c->bytes, cap);
		if (more == NULL)
			return ZV_ENOMEM;
		c->bytes = more;
		c->cap = cap;
	}
	if (len > 0)
		memcpy(c->bytes + c->len, data, len);
	c->len += len;
	return ZV_OK;
}

enum zv_err zv_lines_feed(struct zv_line_cutter *cutter, const char *data, size_t len,
			  const struct zv_line_sink *sink, size_t *ret_taken)
{
	size_t at = 0;
	enum zv_err err = ZV_OK;

	*ret_taken = 0;
	while (at < len) {
		const char *end = memchr(data + at, '\n', len - at);
		size_t n = end != NULL ? (size_t)(end - (data + at)) : len - at;

		if (end == NULL) {
			err = keep(cutter, data + at, n, sink->max);
			if (err == ZV_OK)
				*ret_taken = len;
			return err;
		}
		if (cutter->len > 0) {
			size_t had = cutter->len;

			err = keep(cutter, data + at, n, sink->max);
			if (err == ZV_OK)
				err = hand_on(cutter, cutter->bytes, cutter->len, sink);
			cutter->len = err == ZV_OK ? 0 : had; /* given again, it is whole again */
		} else {
			err = hand_on(cutter, data + at, n, sink);
		}
		if (err != ZV_OK)
			return err;
		at += n + 1;
		*ret_taken = at;
	}
	return ZV_OK;
}

enum zv_err zv_lines_last(struct zv_line_cutter *cutter, const struct zv_line_sink *sink)
{
	enum zv_err err = cutter->len > 0 ? hand_on(cutter, cutter->bytes, cutter->len, sink) : ZV_OK;

	if (err == ZV_OK)
		cutter->len = 0;
	return err;
}

void zv_lines_fini(struct zv_line_cutter *cutter)
{
	free(cutter->bytes);
	*cutter = (struct zv_line_cutter){0};
}
