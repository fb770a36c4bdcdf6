/* campaign list, show, start, pause, stop. */
#include <string.h>

#include "ctl/whom.h"

struct listing {
	struct zv_out *out;
	const json_t *campaigns; /* what a running zvonard says of them; NULL: none runs */
};

/* What a running zvonard says of it; NULL: nothing. */
static const json_t *daemons_view(const struct listing *l, const char *name)
{
	for (size_t i = 0; i < json_array_size(l->campaigns); i++) {
		const json_t *c = json_array_get(l->campaigns, i);
		const char *is = json_string_value(json_object_get(c, "name"));

		if (is != NULL && strcmp(is, name) == 0)
			return c;
	}
	return NULL;
}

/* "12 in UA: rule UA-FIRST ... wants ...; ..." of contacts that are not called although the
 * campaign is. */
static void put_held_back(struct zv_out *out, const json_t *held)
{
	char text[2048];
	size_t len = 0;
	const char *jur;
	json_t *one;

	text[0] = 0;
	json_object_foreach((json_t *)(uintptr_t)held, jur, one)
	{
		const char *why = json_string_value(json_object_get(one, "why"));
		int n = snprintf(text + len, sizeof(text) - len, "%s%s%lld in %s: %s",
		                 len > 0 ? "; " : "",
		                 json_is_true(json_object_get(one, "at_least")) ? "at least " : "",
		                 (long long)json_integer_value(json_object_get(one, "leads")), jur,
		                 why != NULL ? why : "");

		if (n < 0 || (size_t)n >= sizeof(text) - len) {
			text[len] = 0; /* what finds no room is in `status` */
			break;
		}
		len += (size_t)n;
	}
	if (len > 0)
		zv_out_text(out, text);
	else
		zv_out_none(out);
}

static void list_row(void *arg, const struct zv_campaign_info *info)
{
	struct listing *l = arg;
	struct zv_out *out = l->out;
	const json_t *view = daemons_view(l, info->name);
	const char *why = json_string_value(json_object_get(view, "not_started"));

	zv_out_text(out, info->name);
	zv_out_text(out, zv_campaign_state_word(info->state));
	zv_out_uint(out, info->leads);
	zv_out_uint(out, info->finals);
	zv_out_share(out, info->finals, info->leads);
	zv_out_time(out, info->started_ms);
	zv_out_time(out, info->completed_ms);
	if (why != NULL)
		zv_out_text(out, why);
	else
		zv_out_none(out);
	put_held_back(out, json_object_get(view, "held_back"));
	zv_out_row(out);
}

int zv_cmd_campaign_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {
	        {"name", false},        {"state", false},   {"leads", true},      {"finals", true},
	        {"done_percent", true}, {"started", false}, {"completed", false},
	        {"not_started", false}, {"held_back", false},
	};
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, false, &status);
	struct listing l;
	json_t *reply;
	enum zv_err err;

	(void)args;
	if (store == NULL)
		return status;
	reply = zv_client_ask(ctl, json_pack("{s:s}", "cmd", "campaign_list"), &status);
	l.campaigns = json_object_get(reply, "campaigns");
	l.out = zv_out_begin(stdout, ctl->format, false, cols, 9);
	err = zv_store_campaign_each(store, list_row, &l);
	zv_out_end(l.out);
	json_decref(reply);
	zv_store_close(store);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "campaign list");
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

static void show_json(const struct zv_campaign_info *info)
{
	char started[80] = "", completed[80] = "";
	bool first = true;

	(void)fputs("{\"name\":\"", stdout);
	zv_put_json(stdout, info->name);
	(void)printf("\",\"state\":\"%s\",\"leads\":%llu,\"finals\":%llu",
	             zv_campaign_state_word(info->state), (unsigned long long)info->leads,
	             (unsigned long long)info->finals);
	if (info->started_ms != 0)
		zv_iso_time(info->started_ms, started, sizeof(started));
	if (info->completed_ms != 0)
		zv_iso_time(info->completed_ms, completed, sizeof(completed));
	(void)printf(",\"started\":%s%s%s,\"completed\":%s%s%s,\"categories\":{",
	             started[0] ? "\"" : "", started[0] ? started : "null", started[0] ? "\"" : "",
	             completed[0] ? "\"" : "", completed[0] ? completed : "null",
	             completed[0] ? "\"" : "");
	for (size_t i = 1; i < 32; i++) {
		if (info->categories[i][0] == 0)
			continue;
		(void)fputs(first ? "\"" : ",\"", stdout);
		first = false;
		zv_put_json(stdout, info->categories[i]);
		(void)printf("\":%llu", (unsigned long long)info->by_category[i]);
	}
	(void)printf("},\"without_category\":%llu}\n", (unsigned long long)info->by_category[0]);
}

static void show_rows(struct zv_ctl *ctl, const struct zv_campaign_info *info)
{
	static const struct zv_out_col cols[] = {
	        {"category", false}, {"contacts", true}, {"percent", true}};
	struct zv_out *out;

	if (ctl->format == ZV_FORMAT_TABLE) {
		char when[80];

		zv_put_plain(stdout, info->name);
		(void)printf(": %s, %llu of %llu contacts done\n",
		             zv_campaign_state_word(info->state), (unsigned long long)info->finals,
		             (unsigned long long)info->leads);
		if (info->started_ms != 0) {
			zv_iso_time(info->started_ms, when, sizeof(when));
			(void)printf("started    %s\n", when);
		}
		if (info->completed_ms != 0) {
			zv_iso_time(info->completed_ms, when, sizeof(when));
			(void)printf("completed  %s\n", when);
		}
		(void)fputc('\n', stdout);
	}
	out = zv_out_begin(stdout, ctl->format, false, cols, 3);
	for (size_t i = 1; i < 32; i++) {
		if (info->categories[i][0] == 0)
			continue;
		zv_out_text(out, info->categories[i]);
		zv_out_uint(out, info->by_category[i]);
		zv_out_share(out, info->by_category[i], info->leads);
		zv_out_row(out);
	}
	zv_out_text(out, "(none yet)");
	zv_out_uint(out, info->by_category[0]);
	zv_out_share(out, info->by_category[0], info->leads);
	zv_out_row(out);
	zv_out_end(out);
}

int zv_cmd_campaign_show(struct zv_ctl *ctl, const struct zv_args *args)
{
	int status = ZV_EXIT_DONE;
	struct zv_store *store = zv_ctl_store(ctl, false, &status);
	struct zv_campaign_info info;

	if (store == NULL)
		return status;
	status = zv_ctl_campaign(store, args->arg[0], &info);
	zv_store_close(store);
	if (status != ZV_EXIT_DONE)
		return status;
	if (ctl->format == ZV_FORMAT_JSON)
		show_json(&info);
	else
		show_rows(ctl, &info);
	return zv_ctl_output_end(stdout, ZV_EXIT_DONE);
}

/* Through the daemon if one runs, else into the store for the next start. */
static int set_state(struct zv_ctl *ctl, const char *name, const char *cmd,
                     enum zv_campaign_state state)
{
	int status = zv_client_do(ctl, json_pack("{s:s,s:s}", "cmd", cmd, "campaign", name), NULL);
	struct zv_campaign_info info;
	struct zv_store *store;
	bool in_use;
	int64_t now;
	enum zv_err err;

	if (status != ZV_EXIT_NO_DAEMON)
		return status;
	store = zv_ctl_store(ctl, true, &status);
	if (store == NULL)
		return status;
	status = zv_ctl_campaign(store, name, &info);
	if (status != ZV_EXIT_DONE)
		goto out;
	now = zv_calendar_now(store, &in_use);
	if (in_use) {
		zv_ctl_say("a zvonard runs on %s, and not at %s: say where with -s SOCKET",
		           ctl->store_dir, ctl->socket);
		status = ZV_EXIT_NO_DAEMON;
		goto out;
	}
	if (info.state == ZV_CAMP_COMPLETE && state == ZV_CAMP_RUNNING) {
		zv_ctl_say("\"%s\" is complete", name);
		goto out;
	}
	err = zv_store_campaign_state(store, info.id, state, now);
	if (err != ZV_OK)
		status = zv_ctl_fail(err, name);
	else
		zv_ctl_say("no zvonard runs: \"%s\" will be %s at its next start", name,
		           zv_campaign_state_word((uint8_t)state));
out:
	zv_store_close(store);
	return status;
}

int zv_cmd_campaign_start(struct zv_ctl *ctl, const struct zv_args *args)
{
	return set_state(ctl, args->arg[0], "campaign_start", ZV_CAMP_RUNNING);
}

int zv_cmd_campaign_pause(struct zv_ctl *ctl, const struct zv_args *args)
{
	return set_state(ctl, args->arg[0], "campaign_pause", ZV_CAMP_PAUSED);
}

int zv_cmd_campaign_stop(struct zv_ctl *ctl, const struct zv_args *args)
{
	return set_state(ctl, args->arg[0], "campaign_stop", ZV_CAMP_PAUSED);
}
