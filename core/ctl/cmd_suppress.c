/* suppress add, list, remove, import: whom nobody may call.  While a zvonard runs they go through
 * its engine, so that no call begins after they are acknowledged. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/whom.h"
#include "store/phone.h"
#include "store/told.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* What is said of one or of a whole file. */
struct word {
	int64_t until_ms; /* INT64_MAX: for good */
	const char *campaign, *reason;
	bool import;
};

static int read_word(const struct zv_args *args, int64_t now_ms, struct word *w)
{
	const char *until = zv_args_opt(args, "until");

	w->until_ms = INT64_MAX;
	w->campaign = zv_args_opt(args, "campaign");
	w->reason = zv_args_opt(args, "reason");
	if (until != NULL && !zv_moment_read("--until", until, now_ms, &w->until_ms))
		return ZV_EXIT_USAGE;
	if (w->until_ms <= now_ms) {
		zv_ctl_say("--until is over already");
		return ZV_EXIT_USAGE;
	}
	if (w->reason != NULL && strlen(w->reason) > 63) {
		zv_ctl_say("--reason: at most 63 bytes");
		return ZV_EXIT_USAGE;
	}
	return -1;
}

static int put_into_store(struct zv_ctl *ctl, const struct word *w, const struct zv_whom *v, size_t n)
{
	struct zv_suppress_row rows[ZV_WHOM_BATCH];
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, true, &status);
	uint32_t campaign = 0;
	enum zv_err err;

	if (store == NULL)
		return status;
	status = zv_whom_campaign(store, ctl->args, &campaign);
	if (status == ZV_EXIT_DONE) {
		for (size_t i = 0; i < n; i++)
			rows[i] = (struct zv_suppress_row){
				.kind = v[i].e164 != 0 ? ZV_SUPPRESS_NUMBER : ZV_SUPPRESS_PERSON,
				.source = w->import ? ZV_SUPPRESS_IMPORT : ZV_SUPPRESS_OPERATOR,
				.campaign = campaign,
				.id = v[i].e164 != 0 ? v[i].e164 : v[i].person,
				.since_ms = zv_calendar_now(store, NULL),
				.until_ms = w->until_ms, .reason = w->reason};
		err = zv_store_suppress_put_all(store, rows, n);
		if (err != ZV_OK)
			status = zv_ctl_fail(err, "suppress");
	}
	zv_store_close(store);
	return status;
}

static int tell(struct zv_ctl *ctl, const struct word *w, const struct zv_whom *v, size_t n)
{
	json_t *request = zv_whom_request("suppress", v, n);
	int status;

	if (w->campaign != NULL)
		(void)json_object_set_new(request, "campaign", json_string(w->campaign));
	if (w->reason != NULL)
		(void)json_object_set_new(request, "text", json_string(w->reason));
	if (w->until_ms != INT64_MAX)
		(void)json_object_set_new(request, "until", json_integer(w->until_ms));
	(void)json_object_set_new(request, "source", json_string(w->import ? "import" : "operator"));
	status = zv_whom_tell(ctl, request, NULL);
	return status < 0 ? put_into_store(ctl, w, v, n) : status;
}

static int now_of_store(struct zv_ctl *ctl, int64_t *ret_now_ms)
{
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, false, &status);

	if (store == NULL)
		return status;
	*ret_now_ms = zv_calendar_now(store, NULL);
	zv_store_close(store);
	return -1;
}

int zv_cmd_suppress_add(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct word w = {.import = false};
	struct zv_whom whom;
	int64_t now_ms = 0;
	int status = zv_whom_read(args, &whom);

	if (status < 0)
		status = now_of_store(ctl, &now_ms);
	if (status < 0)
		status = read_word(args, now_ms, &w);
	return status < 0 ? tell(ctl, &w, &whom, 1) : status;
}

int zv_cmd_suppress_remove(struct zv_ctl *ctl, const struct zv_args *args)
{
	const char *campaign = zv_args_opt(args, "campaign");
	struct zv_store *store;
	json_t *request, *reply = NULL;
	struct zv_whom whom;
	uint32_t id = 0;
	bool kept = false;
	enum zv_err err = ZV_OK;
	int status = zv_whom_read(args, &whom);

	if (status >= 0)
		return status;
	request = zv_whom_request("unsuppress", &whom, 1);
	if (campaign != NULL)
		(void)json_object_set_new(request, "campaign", json_string(campaign));
	status = zv_whom_tell(ctl, request, &reply);
	if (status >= 0) {
		kept = json_integer_value(json_object_get(reply, "kept")) > 0;
		if (status == ZV_EXIT_DONE && !kept &&
		    json_integer_value(json_object_get(reply, "removed")) == 0)
			err = ZV_ENOENT;
		json_decref(reply);
	} else {
		store = zv_ctl_store(ctl, true, &status);
		if (store == NULL)
			return status;
		status = zv_whom_campaign(store, args, &id);
		if (status == ZV_EXIT_DONE)
			err = zv_store_suppress_end(
			        store, &(struct zv_suppress_row){
			                       .kind = whom.e164 != 0 ? ZV_SUPPRESS_NUMBER : ZV_SUPPRESS_PERSON,
			                       .id = whom.e164 != 0 ? whom.e164 : whom.person,
			                       .campaign = id, .until_ms = zv_calendar_now(store, NULL)});
		zv_store_close(store);
	}
	if (kept) {
		zv_ctl_say("not taken back: the same was told again in the meantime");
		return ZV_EXIT_FAILED;
	}
	if (err == ZV_ENOENT) {
		zv_ctl_say("no such suppression%s", campaign == NULL ? " everywhere: one of a campaign "
		           "wants --campaign NAME" : "");
		return ZV_EXIT_NOT_FOUND;
	}
	return err == ZV_OK ? status : zv_ctl_fail(err, "suppress remove");
}

/* ---- list ---- */

struct listing {
	struct zv_store *store;
	struct zv_out *out;
	int64_t now_ms;
	bool all; /* also those that are over */
};

static bool list_row(void *arg, const struct zv_suppress_row *row)
{
	static const char *const sources[] = {"", "operator", "key", "api", "import", "agent"};
	struct listing *l = arg;
	char name[64];

	if (row->until_ms <= l->now_ms && !l->all)
		return true;
	zv_out_text(l->out, row->kind == ZV_SUPPRESS_PERSON ? "person" : "number");
	if (row->kind == ZV_SUPPRESS_PERSON)
		zv_out_uint(l->out, row->id);
	else
		zv_out_number(l->out, row->id);
	zv_out_text(l->out, row->campaign == 0 ? "everywhere" :
	                    zv_campaign_name(l->store, row->campaign, name, sizeof(name)));
	zv_out_time(l->out, row->since_ms);
	if (row->until_ms == INT64_MAX)
		zv_out_none(l->out);
	else
		zv_out_time(l->out, row->until_ms);
	zv_out_text(l->out, row->source < 6 ? sources[row->source] : "");
	zv_out_text(l->out, row->reason);
	zv_out_row(l->out);
	return true;
}

int zv_cmd_suppress_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {{"kind", false},  {"who", false},
	                                         {"where", false}, {"since", false},
	                                         {"until", false}, {"source", false},
	                                         {"reason", false}};
	struct zv_whom whom = {0};
	struct listing l;
	int status = ZV_EXIT_DONE;
	enum zv_err err;

	if (args->n_args > 0 || zv_args_opt(args, "person") != NULL) {
		status = zv_whom_read(args, &whom);
		if (status >= 0)
			return status;
	}
	l.store = zv_ctl_store(ctl, false, &status);
	if (l.store == NULL)
		return status;
	l.now_ms = zv_calendar_now(l.store, NULL);
	l.all = zv_args_opt(args, "all") != NULL;
	l.out = zv_out_begin(stdout, ctl->format, false, cols, 7);
	err = zv_store_suppressions_each(l.store,
	                                 whom.e164 != 0     ? ZV_SUPPRESS_NUMBER :
	                                 whom.person != 0 ? ZV_SUPPRESS_PERSON :
	                                                      0,
	                                 whom.e164 != 0 ? whom.e164 : whom.person, list_row, &l);
	zv_out_end(l.out);
	zv_store_close(l.store);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "suppress list");
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

/* ---- import ---- */

struct import {
	struct zv_ctl *ctl;
	struct word word;
	FILE *from;
	const char *path;
	uint64_t total_bytes, bytes, line, numbers, bad, first_bad;
	struct zv_whom batch[ZV_WHOM_BATCH];
	size_t n;
	struct zv_progress progress;
};

static int flush(struct import *im)
{
	int status = im->n == 0 ? ZV_EXIT_DONE : tell(im->ctl, &im->word, im->batch, im->n);

	if (status == ZV_EXIT_DONE)
		im->numbers += im->n;
	im->n = 0;
	zv_progress_step(&im->progress, im->bytes, im->total_bytes, im->numbers, "numbers");
	return status;
}

/* The first field of a line: a number.  A first line without digits is a heading. */
static void take_line(struct import *im, char *text)
{
	size_t len = strcspn(text, ";,\t\r\n"), used = 0;
	uint64_t e164;

	im->line++;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	if (len == 0 || (im->line == 1 && strcspn(text, "0123456789") >= len))
		return;
	if (zv_phone_parse(text, len, ZV_COUNTRY_RU, &e164, &used) == ZV_PHONE_OK) {
		im->batch[im->n++] = (struct zv_whom){.e164 = e164};
		return;
	}
	if (im->bad++ == 0)
		im->first_bad = im->line;
}

static int read_lines(struct import *im)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t got;
	int status = ZV_EXIT_DONE;

	while (status == ZV_EXIT_DONE && interrupted == 0 &&
	       (got = getline(&text, &cap, im->from)) >= 0) {
		im->bytes += (uint64_t)got;
		take_line(im, text);
		if (im->n == ZV_WHOM_BATCH)
			status = flush(im);
	}
	free(text);
	if (status == ZV_EXIT_DONE)
		status = flush(im);
	if (status == ZV_EXIT_DONE && ferror(im->from)) {
		zv_ctl_say("%s: %s", im->path, strerror(errno));
		status = ZV_EXIT_FAILED;
	}
	return status;
}

static int end_import(struct import *im, int status)
{
	zv_progress_end(&im->progress);
	if (im->ctl->format == ZV_FORMAT_JSON)
		(void)printf("{\"numbers\":%llu,\"bad\":%llu}\n", (unsigned long long)im->numbers,
		             (unsigned long long)im->bad);
	else
		(void)printf("%llu numbers\n", (unsigned long long)im->numbers);
	if (im->bad > 0)
		zv_ctl_say("%s: %llu lines without a usable number, the first is line %llu", im->path,
		           (unsigned long long)im->bad, (unsigned long long)im->first_bad);
	if (interrupted != 0) {
		zv_ctl_say("interrupted: what was told counts; run it again for the rest");
		status = ZV_EXIT_FAILED;
	}
	return zv_ctl_output_end(stdout, im->bad > 0 && status == ZV_EXIT_DONE ? ZV_EXIT_FAILED
	                                                                       : status);
}

int zv_cmd_suppress_import(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct import im = {.ctl = ctl, .word = {.import = true}, .path = args->arg[0]};
	struct sigaction act = {.sa_handler = on_interrupt};
	bool standard = strcmp(im.path, "-") == 0;
	struct stat st;
	int64_t now_ms = 0;
	int status = now_of_store(ctl, &now_ms);

	if (status < 0)
		status = read_word(args, now_ms, &im.word);
	if (status >= 0)
		return status;
	im.word.import = true;
	im.from = standard ? stdin : fopen(im.path, "rb");
	if (im.from == NULL) {
		zv_ctl_say("%s: %s", im.path, strerror(errno));
		return ZV_EXIT_NOT_FOUND;
	}
	if (fstat(fileno(im.from), &st) == 0 && st.st_size > 0)
		im.total_bytes = (uint64_t)st.st_size;
	(void)sigaction(SIGINT, &act, NULL);
	zv_progress_begin(&im.progress, "suppress");
	status = read_lines(&im);
	if (!standard)
		(void)fclose(im.from);
	return end_import(&im, status);
}
