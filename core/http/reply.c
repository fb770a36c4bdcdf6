/* What goes back: JSON, problems (RFC 9457), pages, headers. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/int.h"

const char *zv_status_text(unsigned status)
{
	const char *text = MHD_get_reason_phrase_for(status);

	return text != NULL ? text : "Error";
}

char *zv_problem_text(unsigned status, const char *type, const char *detail, const char *path,
		      size_t *ret_len)
{
	char uri[96], clean[512], instance[ZV_PATH_MAX];
	json_t *body;
	char *text;

	(void)snprintf(uri, sizeof(uri), "urn:problem-type:zvonar:%s", type);
	zv_http_utf8(detail, clean, sizeof(clean));
	zv_http_utf8(path, instance, sizeof(instance));
	body = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", uri, "title", zv_status_text(status),
			 "status", (int)status, "detail", clean, "instance", instance, "code", type);
	text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	*ret_len = text != NULL ? strlen(text) : 0;
	return text;
}

void zv_http_reply(struct zv_http_reply *reply, unsigned status, json_t *body)
{
	if (!reply->set && !reply->later) {
		reply->set = true;
		reply->status = status;
		if (status != 204) {
			reply->text = body != NULL ? json_dumps(body, JSON_COMPACT) : strdup("{}");
			reply->len = reply->text != NULL ? strlen(reply->text) : 0;
			if (reply->text == NULL || reply->len > ZV_HTTP_REPLY_MAX) {
				free(reply->text);
				reply->text = NULL;
				reply->len = 0;
				reply->status = 500;
			}
		}
	}
	json_decref(body);
}

static void set_problem(struct zv_http_reply *reply, unsigned status, const char *type,
			const char *detail)
{
	if (reply->set || reply->later)
		return;
	reply->set = reply->problem = true;
	reply->status = status;
	reply->text = zv_problem_text(status, type, detail, reply->call->path, &reply->len);
}

void zv_http_problem(struct zv_http_reply *reply, unsigned status, const char *type, const char *fmt, ...)
{
	char detail[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	set_problem(reply, status, type, detail);
}

void zv_http_reply_file(struct zv_http_reply *reply, const struct zv_http_file *file)
{
	if (reply->set || reply->later) {
		(void)close(file->fd);
		return;
	}
	reply->set = reply->file = true;
	reply->status = 200;
	reply->fd = file->fd;
	reply->size = file->size;
	(void)snprintf(reply->file_type, sizeof(reply->file_type), "%s", file->type);
	(void)snprintf(reply->etag, sizeof(reply->etag), "\"%s\"", file->etag);
	(void)snprintf(reply->name, sizeof(reply->name), "%s", file->name);
}

void zv_http_later(struct zv_http_reply *reply)
{
	if (!reply->set)
		reply->later = true;
}

static const struct { unsigned status; const char *type; } of_err[] = {
	[ZV_OK] = {200, "ok"},
	[ZV_EINVAL] = {422, "invalid"},
	[ZV_EAGAIN] = {503, "busy"},
	[ZV_EFULL] = {503, "full"},
	[ZV_EIO] = {500, "failed"},
	[ZV_ECORRUPT] = {500, "corrupt"},
	[ZV_ENOENT] = {404, "not-found"},
	[ZV_EEXIST] = {409, "exists"},
	[ZV_ENOMEM] = {503, "busy"},
	[ZV_EVERSION] = {500, "failed"},
	[ZV_EPARSE] = {400, "bad-request"},
	[ZV_EDENIED] = {409, "not-possible"},
	[ZV_ETIMEDOUT] = {504, "timeout"},
};

void zv_http_problem_err(struct zv_http_reply *reply, enum zv_err err, const char *detail)
{
	set_problem(reply, of_err[err].status, of_err[err].type,
		    detail != NULL && detail[0] != 0 ? detail : zv_status_text(of_err[err].status));
}

void zv_http_answer_err(struct zv_http *http, uint64_t ticket, enum zv_err err, const char *detail)
{
	if (err == ZV_OK)
		zv_http_answer(http, ticket, 200, NULL);
	else
		zv_http_answer_problem(http, ticket, of_err[err].status, of_err[err].type,
				       detail != NULL && detail[0] != 0 ? detail :
						zv_status_text(of_err[err].status));
}

/* ---- sending ---- */

static void header(struct MHD_Response *r, const char *name, const char *value)
{
	(void)MHD_add_response_header(r, name, value);
}

static void common_headers(struct MHD_Response *r)
{
	header(r, "X-Content-Type-Options", "nosniff");
	header(r, "Referrer-Policy", "no-referrer");
	header(r, "X-Frame-Options", "DENY");
	header(r, "Cross-Origin-Resource-Policy", "same-origin");
}

static enum MHD_Result queue(struct zv_call *call, unsigned status, struct MHD_Response *r)
{
	struct zv_http *h = call->http;
	enum MHD_Result ok;

	atomic_fetch_add_explicit(&h->requests, 1, memory_order_relaxed);
	if (status < 600)
		atomic_fetch_add_explicit(&h->by_class[status / 100], 1, memory_order_relaxed);
	common_headers(r);
	ok = MHD_queue_response(call->conn, status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result send_page(struct zv_call *call)
{
	const struct zv_static *page = call->page;
	const char *encodings = zv_call_header(call, "Accept-Encoding");
	const char *known = zv_call_header(call, "If-None-Match");
	bool packed = zv_http_lists(encodings, "gzip") && page->gz_len < page->raw_len;
	bool same = zv_http_lists(known, page->etag) || zv_http_lists(known, "*");
	const unsigned char *bytes = packed ? page->gz : page->raw;
	size_t len = same ? 0 : packed ? page->gz_len : page->raw_len;
	/* const memory, which the library does not write to */
	struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes,
								 MHD_RESPMEM_PERSISTENT);

	if (r == NULL)
		return MHD_NO;
	header(r, "Content-Type", page->type);
	header(r, "ETag", page->etag);
	header(r, "Cache-Control", "no-cache"); /* asked for again, and mostly answered with 304 */
	header(r, "Vary", "Accept-Encoding");
	header(r, "Content-Security-Policy",
	       "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
	       "frame-ancestors 'none'");
	header(r, "Cross-Origin-Opener-Policy", "same-origin");
	if (packed && !same)
		header(r, "Content-Encoding", "gzip");
	return queue(call, same ? 304 : 200, r);
}

/* ---- events ---- */

static void sleep_stream(void *connection)
{
	MHD_suspend_connection(connection);
}

static ssize_t read_stream(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct zv_call *call = arg;
	ssize_t n = zv_sse_read(call->stream, buf, max, sleep_stream);

	(void)pos;
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static enum MHD_Result send_stream(struct zv_call *call)
{
	struct MHD_Response *r =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, call, NULL);

	if (r == NULL)
		return MHD_NO;
	header(r, "Content-Type", "text/event-stream");
	header(r, "Cache-Control", "no-store");
	header(r, "X-Accel-Buffering", "no");
	return queue(call, 200, r);
}

static const char *content_type(const struct zv_http_reply *reply)
{
	return reply->problem ? "application/problem+json" :
	       reply->type != NULL ? reply->type : "application/json";
}

static void reply_headers(const struct zv_http_reply *reply, struct MHD_Response *r)
{
	char number[16];

	if (reply->text != NULL)
		header(r, "Content-Type", content_type(reply));
	header(r, "Cache-Control", "no-store");
	header(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
	if (reply->status == 401)
		header(r, "WWW-Authenticate", "Bearer realm=\"zvonar\"");
	if (reply->allow[0] != 0)
		header(r, "Allow", reply->allow);
	if (reply->cookie[0] != 0)
		header(r, "Set-Cookie", reply->cookie);
	if (reply->replayed)
		header(r, "Idempotency-Replayed", "true");
	if (reply->retry_s > 0) {
		(void)snprintf(number, sizeof(number), "%u", reply->retry_s);
		header(r, "Retry-After", number);
	}
}

/* ---- files ---- */

static void file_headers(const struct zv_http_reply *reply, struct MHD_Response *r)
{
	char text[192];

	header(r, "Content-Type", reply->file_type);
	header(r, "Accept-Ranges", "bytes");
	header(r, "ETag", reply->etag);
	header(r, "Cache-Control", "no-store"); /* a person's voice */
	header(r, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
	(void)snprintf(text, sizeof(text), "inline; filename=\"%s\"", reply->name);
	header(r, "Content-Disposition", text);
}

static enum MHD_Result send_file(struct zv_call *call)
{
	struct zv_http_reply *reply = &call->reply;
	const char *wish = zv_call_header(call, "Range"), *only_of = zv_call_header(call, "If-Range");
	uint64_t first = 0, last = reply->size > 0 ? reply->size - 1 : 0, size = reply->size;
	enum zv_http_range range;
	struct MHD_Response *r;
	char text[80];

	/* If-Range needs the same strong tag; dates we give none */
	if (only_of != NULL && strcmp(only_of, reply->etag) != 0)
		wish = NULL;
	range = zv_http_range(wish, size, &first, &last);
	if (range == ZV_RANGE_BAD) {
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
		(void)snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)size);
	} else {
		r = MHD_create_response_from_fd_at_offset64(size > 0 ? last - first + 1 : 0, reply->fd, first);
		(void)snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)first,
			       (unsigned long long)last, (unsigned long long)size);
		reply->file = r == NULL; /* the response's now */
	}
	if (r == NULL)
		return MHD_NO;
	file_headers(reply, r);
	if (range != ZV_RANGE_NONE)
		header(r, "Content-Range", text);
	return queue(call, range == ZV_RANGE_BAD ? 416 : range == ZV_RANGE_PART ? 206 : 200, r);
}

enum MHD_Result zv_call_send(struct zv_call *call)
{
	struct zv_http_reply *reply = &call->reply;
	struct MHD_Response *r;

	if (!reply->set && call->stream != NULL)
		return send_stream(call);
	if (!reply->set && call->page != NULL)
		return send_page(call);
	if (reply->set && reply->file)
		return send_file(call);
	if (!reply->set) /* a handler that says nothing */
		zv_http_problem(reply, 500, "failed", "no answer was made");
	r = MHD_create_response_from_buffer(reply->len, reply->text, MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		return MHD_NO;
	reply_headers(reply, r);
	reply->text = NULL; /* the response's now */
	return queue(call, reply->status, r);
}
