/* What clients of the HTTP server send, and the files of secrets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/htdigest.h"
#include "http/auth.h"
#include "http/parse.h"

static void must(int yes)
{
	if (!yes)
		abort();
}

static void headers(const char *text)
{
	char token[ZV_TOKEN_TEXT_MAX], name[64], clean[100];
	uint16_t port;
	uint64_t id;

	if (zv_http_bearer(text, token))
		must(token[0] != 0 && strpbrk(token, " ;,\"\t\r\n") == NULL);
	if (zv_http_cookie(text, "zvonar", token))
		must(token[0] != 0 && strstr(text, token) != NULL);
	if (zv_http_event_id(text, &id))
		must(id <= INT64_MAX);
	if (zv_http_idem_key(text, token))
		must(token[0] != 0 && strspn(token, " \n") == 0);
	if (zv_http_host(text, name, sizeof(name), &port))
		must(name[0] != 0 && strpbrk(name, "/@ ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
	if (zv_http_origin(text, name, sizeof(name)))
		must(strpbrk(name, "/@ ") == NULL);
	(void)zv_http_is_type(text, "application/json");
	(void)zv_http_lists(text, "gzip");
	zv_http_utf8(text, clean, sizeof(clean));
	must(zv_http_is_utf8(clean, strlen(clean)));
	if (zv_http_is_utf8(text, strlen(text)) && strlen(text) < sizeof(clean))
		must(strcmp(text, clean) == 0);
}

static void paths(const char *text)
{
	static const char *const templates[] = {"/", "/a", "/a/{x}", "/a/{x}/b/{y}", "/{x}", "/{x}/{y}/{z}"};

	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		const char *params[ZV_ROUTE_PARAMS_MAX] = {NULL, NULL};
		char *copy = strdup(text);

		must(copy != NULL);
		if (zv_http_path(templates[i], copy, params)) {
			for (size_t p = 0; p < ZV_ROUTE_PARAMS_MAX; p++)
				must(params[p] == NULL || (params[p][0] != 0 && strchr(params[p], '/') == NULL));
		}
		free(copy);
	}
}

/* ---- lines: however they are cut up, the same ones come out ---- */

struct seen { uint64_t n; size_t bytes; int again; };

static enum zv_err on_line(void *arg, uint64_t number, const char *line, size_t len)
{
	struct seen *s = arg;

	must(len > 0 && memchr(line, '\n', len) == NULL && number > 0);
	if (line[0] == '~' && s->again == 0) {
		s->again = 1;
		return ZV_EAGAIN;
	}
	s->again = 0;
	s->n++;
	s->bytes += len;
	return ZV_OK;
}

static enum zv_err feed(const char *data, size_t len, size_t part, struct seen *ret)
{
	struct zv_line_cutter cutter = {0};
	struct zv_line_sink sink = {.fn = on_line, .arg = ret, .max = 40};
	enum zv_err err = ZV_OK;

	for (size_t at = 0; at < len && err == ZV_OK;) {
		size_t n = len - at < part ? len - at : part, taken = 0;

		err = zv_lines_feed(&cutter, data + at, n, &sink, &taken);
		must(taken <= n && (err != ZV_OK || taken == n));
		at += taken;
		if (err == ZV_EAGAIN)
			err = ZV_OK;
	}
	while (err == ZV_OK && (err = zv_lines_last(&cutter, &sink)) == ZV_EAGAIN)
		err = ZV_OK;
	zv_lines_fini(&cutter);
	return err;
}

static void lines(const char *data, size_t len)
{
	struct seen whole = {0}, cut = {0};
	enum zv_err one = feed(data, len, len + 1, &whole), two = feed(data, len, 3, &cut);

	must(one == two);
	if (one == ZV_OK)
		must(whole.n == cut.n && whole.bytes == cut.bytes);
}

static void files(const char *data, size_t len)
{
	struct zv_machine *machines = NULL;
	struct zv_htdigest *rows = NULL;
	uint32_t n = 0;
	char text[200];

	if (zv_tokens_parse(data, len, "tokens", text, sizeof(text), &machines, &n) == ZV_OK) {
		for (uint32_t i = 0; i < n; i++)
			must(machines[i].name[0] != 0 && machines[i].role != 0);
	}
	free(machines);
	n = 0;
	if (zv_htdigest_parse(data, len, "secrets", "zvonar", text, sizeof(text), &rows, &n) == ZV_OK) {
		for (uint32_t i = 1; i < n; i++)
			must(strcmp(rows[i - 1].user, rows[i].user) < 0);
	}
	free(rows);
}

static void ranges(const char *text, size_t size)
{
	uint64_t first = 0, last = 0;

	if (zv_http_range(text, size, &first, &last) == ZV_RANGE_PART)
		must(first <= last && last < size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = 0;
	headers(text);
	ranges(text, size);
	paths(text);
	lines(text, size);
	files(text, size);
	free(text);
	return 0;
}
