/* Bodies: JSON as a whole, or lines as they come. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/int.h"

#define THROWN_MAX (1u << 20) /* of a body that nobody wants; then the connection is cut */

static enum zv_err on_line(void *arg, uint64_t number, const char *line, size_t len)
{
	const struct zv_call *call = arg;

	return call->request.route->lines->line(call->request.state, number, line, len);
}

static bool open_lines(struct zv_call *call)
{
	if (call->lines_open)
		return true;
	if (!zv_slot_take(call)) {
		zv_http_problem(&call->reply, 503, "busy", "too many requests wait");
		return false;
	}
	call->request.state = call->request.route->lines->begin(call->http->p.arg, &call->request);
	if (call->request.state == NULL) {
		call->reply.retry_s = 1;
		zv_http_problem(&call->reply, 503, "busy", "no room for these lines now");
		return false;
	}
	call->lines_open = true;
	return true;
}

static struct zv_line_sink sink_of(struct zv_call *call)
{
	return (struct zv_line_sink){.fn = on_line, .arg = call, .max = ZV_HTTP_BODY_MAX};
}

static enum MHD_Result throw_away(struct zv_call *call, size_t *len)
{
	call->thrown_away += *len;
	*len = 0;
	return call->thrown_away <= THROWN_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result take_lines(struct zv_call *call, const char *data, size_t *len)
{
	struct zv_line_sink sink = sink_of(call);
	size_t at = 0, taken = 0;

	if (!open_lines(call))
		return throw_away(call, len);
	while (at < *len && call->lines_err == ZV_OK) {
		enum zv_err err = zv_lines_feed(&call->cutter, data + at, *len - at, &sink, &taken);

		at += taken;
		if (err == ZV_EAGAIN) {
			if (zv_slot_sleep(call, ZV_SLOT_LINES))
				break;
		} else if (err != ZV_OK) {
			call->lines_err = err;
		}
	}
	if (call->lines_err != ZV_OK) {
		size_t rest = *len - at;

		*len = 0;
		return throw_away(call, &rest);
	}
	*len -= at;
	return MHD_YES;
}

static bool grow(struct zv_call *call, size_t len)
{
	size_t cap = call->body_cap == 0 ? 1024 : call->body_cap;
	char *more;

	while (cap < len)
		cap *= 2;
	more = cap > call->body_cap ? realloc(call->body, cap) : call->body;
	if (more == NULL)
		return false;
	call->body = more;
	call->body_cap = cap;
	return true;
}

enum MHD_Result zv_call_body(struct zv_call *call, const char *data, size_t *len)
{
	if (call->reply.set || call->request.route == NULL)
		return throw_away(call, len);
	if (call->request.route->lines != NULL)
		return take_lines(call, data, len);
	if (call->body_len + *len > ZV_HTTP_BODY_MAX) {
		zv_http_problem(&call->reply, 413, "too-large", "a body is %u bytes at most", ZV_HTTP_BODY_MAX);
		return throw_away(call, len);
	}
	if (!grow(call, call->body_len + *len))
		return MHD_NO;
	memcpy(call->body + call->body_len, data, *len);
	call->body_len += *len;
	*len = 0;
	return MHD_YES;
}

static bool end_lines(struct zv_call *call)
{
	struct zv_line_sink sink = sink_of(call);

	if (!open_lines(call))
		return false;
	while (call->lines_err == ZV_OK) {
		enum zv_err err = zv_lines_last(&call->cutter, &sink);

		if (err == ZV_OK)
			break;
		if (err != ZV_EAGAIN)
			call->lines_err = err;
		else if (zv_slot_sleep(call, ZV_SLOT_LINES))
			return false;
	}
	/* a line that is too long is ours to tell, the rest is the handler's */
	if (call->lines_err == ZV_EFULL)
		zv_http_problem(&call->reply, 413, "too-large", "line %llu is over %u bytes",
				(unsigned long long)call->cutter.n + 1, ZV_HTTP_BODY_MAX);
	else if (call->lines_err == ZV_ETIMEDOUT)
		zv_http_problem(&call->reply, 503, "busy", "the lines are not taken in time; %llu were",
				(unsigned long long)call->cutter.n);
	return !call->reply.set;
}

bool zv_call_body_end(struct zv_call *call)
{
	const struct zv_http_route *route = call->request.route;
	json_error_t error;

	if (route->lines != NULL)
		return end_lines(call);
	if (call->body_len == 0)
		return true;
	call->json = json_loadb(call->body, call->body_len, JSON_REJECT_DUPLICATES, &error);
	if (call->json == NULL) {
		zv_http_problem(&call->reply, 400, "bad-json", "line %d, column %d: %s", error.line, error.column,
				error.text);
		return false;
	}
	if (!json_is_object(call->json)) {
		zv_http_problem(&call->reply, 400, "bad-json", "the body must be an object");
		return false;
	}
	call->request.json = call->json;
	return true;
}

void zv_call_fini(struct zv_call *call)
{
	if (call->lines_open && call->request.route->lines->end != NULL)
		call->request.route->lines->end(call->request.state);
	zv_slot_drop(call);
	zv_sse_close(call->stream);
	zv_lines_fini(&call->cutter);
	json_decref(call->json);
	free(call->body);
	free(call->reply.text);
	if (call->reply.file)
		(void)close(call->reply.fd);
}
