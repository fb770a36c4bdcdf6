/* attempts export, leads export, notes export, outbox list: rows of the store, streaming. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "store/card.h"

#define CAMPAIGNS_MAX 256

/* What stands beside the rows: names of the campaigns that they mention. */
struct names {
	uint32_t id;
	char name[64];
	struct zv_campaign_texts texts;
};

struct exporter {
	struct zv_store *store;
	struct zv_out *out;
	struct zv_key secret;
	uint32_t campaign; /* 0: every one */
	struct names *names[CAMPAIGNS_MAX];
	size_t n_names;
	enum zv_err err; /* of a look-up inside a walk */
};

static void add_name(void *arg, const struct zv_campaign_info *info)
{
	struct exporter *x = arg;
	struct names *n;

	if (x->n_names == CAMPAIGNS_MAX || (n = calloc(1, sizeof(*n))) == NULL)
		return;
	n->id = info->id;
	memcpy(n->name, info->name, sizeof(n->name));
	x->names[x->n_names++] = n;
}

static const struct names *names_of(const struct exporter *x, uint32_t id)
{
	static const struct names nobody;

	for (size_t i = 0; i < x->n_names; i++) {
		if (x->names[i]->id == id)
			return x->names[i];
	}
	return &nobody;
}

static int open_export(struct zv_ctl *ctl, struct exporter *x)
{
	const char *name = zv_args_opt(ctl->args, "campaign");
	struct zv_campaign_info info;
	struct zv_store_facts facts;
	int status = ZV_EXIT_DONE;
	enum zv_err err;

	*x = (struct exporter){.store = zv_ctl_store(ctl, false, &status)};
	if (x->store == NULL)
		return status;
	if (name != NULL) {
		status = zv_ctl_campaign(x->store, name, &info);
		if (status != ZV_EXIT_DONE)
			return status;
		x->campaign = info.id;
	}
	err = zv_store_facts(x->store, &facts);
	if (err == ZV_OK)
		err = zv_store_campaign_each(x->store, add_name, x);
	for (size_t i = 0; err == ZV_OK && i < x->n_names; i++)
		err = zv_store_campaign_texts(x->store, x->names[i]->id, &x->names[i]->texts);
	if (err != ZV_OK)
		return zv_ctl_fail(err, "names of the campaigns");
	x->secret = facts.secret;
	return -1;
}

static void close_export(struct exporter *x)
{
	for (size_t i = 0; i < x->n_names; i++)
		free(x->names[i]);
	zv_store_close(x->store);
}

static void put_attempt(struct zv_out *out, struct zv_attempt_id id)
{
	char hex[33];

	(void)snprintf(hex, sizeof(hex), "%016" PRIx64 "%016" PRIx64, id.hi, id.lo);
	zv_out_text(out, hex);
}

/* index: 1 + place in the names; 0: none. */
static void put_name(struct zv_out *out, const char names[32][48], uint8_t n, uint8_t index)
{
	if (index == 0)
		zv_out_none(out);
	else if (index <= n)
		zv_out_text(out, names[index - 1]);
	else
		zv_out_uint(out, index);
}

/* ---- the attempt log ---- */

static const struct zv_out_col log_cols[] = {
        {"seq", true},      {"event", false},    {"attempt", false},     {"sub", true},
        {"call_id", false}, {"campaign", false}, {"lead", true},         {"person", true},
        {"number", false},  {"caller", false},   {"number_index", true}, {"trunk", true},
        {"round", true},    {"counts", true},    {"outcome", false},     {"result", false},
        {"sip_code", true}, {"q850", true},      {"ended_by", true},     {"key", false},
        {"amend", true},    {"invite_ms", true}, {"ring_ms", true},      {"answer_ms", true},
        {"end_ms", true},   {"next", false},     {"category", false},    {"due_ms", true},
        {"messages", true}, {"cal_ms", true},    {"time", false},        {"wall_ms", true},
        {"mono_ms", true},   {"agent", true},     {"talk", false},
        {"heard", false},    {"heard_by", false},
};

#define N_LOG_COLS (sizeof(log_cols) / sizeof(log_cols[0]))

static const char *event_word(const struct zv_log_row *r)
{
	static const char *const ladder[] = {
	        [ZV_LADDER_SUB] = "sub",
	        [ZV_LADDER_RING] = "ring",
	        [ZV_LADDER_CONNECT] = "connect",
	        [ZV_LADDER_ABANDON] = "abandon",
	        [ZV_LADDER_CONVERSATION] = "conversation",
	        [ZV_LADDER_INVITE] = "invite",
	        [ZV_LADDER_CLOSED] = "closed",
	        [ZV_LADDER_HEARD] = "heard",
	};

	switch (r->kind) {
	case ZV_LOG_INTENT: return "intent";
	case ZV_LOG_DIALOG: return "dialog";
	case ZV_LOG_OUTCOME: return "outcome";
	case ZV_LOG_STEP: return "step";
	case ZV_LOG_LADDER:
		if (r->what > 0 && r->what < sizeof(ladder) / sizeof(ladder[0]))
			return ladder[r->what];
		break;
	default: break;
	}
	return "?";
}

static void put_outcome_cells(struct exporter *x, const struct names *n, const struct zv_log_row *r)
{
	char key[2] = {(char)r->key, 0};

	if (r->kind != ZV_LOG_OUTCOME) {
		zv_out_none(x->out);
		zv_out_none(x->out);
		zv_out_uint(x->out, r->kind == ZV_LOG_LADDER && r->what != ZV_LADDER_HEARD ? r->code : 0);
		for (int i = 0; i < 8; i++)
			zv_out_none(x->out);
		return;
	}
	zv_out_text(x->out, zv_outcome_word(r->outcome));
	put_name(x->out, n->texts.results, n->texts.n_results, r->result);
	zv_out_uint(x->out, r->sip_code);
	zv_out_uint(x->out, r->q850);
	zv_out_uint(x->out, r->ended_by);
	if (r->key != 0)
		zv_out_text(x->out, key);
	else
		zv_out_none(x->out);
	zv_out_uint(x->out, r->amend);
	zv_out_int(x->out, r->invite_ms);
	zv_out_int(x->out, r->ring_ms);
	zv_out_int(x->out, r->answer_ms);
	zv_out_int(x->out, r->end_ms);
}

static void put_step_cells(struct exporter *x, const struct names *n, const struct zv_log_row *r)
{
	if (r->kind != ZV_LOG_STEP) {
		for (int i = 0; i < 4; i++)
			zv_out_none(x->out);
		return;
	}
	zv_out_text(x->out, r->step == ZV_STEP_FINAL   ? "final"
	                    : r->step == ZV_STEP_RETRY ? "retry"
	                                               : "?");
	put_name(x->out, n->texts.categories, n->texts.n_categories, r->category);
	if (r->due_ms != 0)
		zv_out_int(x->out, r->due_ms);
	else
		zv_out_none(x->out);
	zv_out_uint(x->out, r->n_messages);
}

static void put_talk(struct zv_out *out, uint8_t kind)
{
	static const char *const words[] = {"", "dialled", "preview", "manual", "callback", "inbound",
	                                    "robot", "transfer"};

	if (kind == 0 || kind >= sizeof(words) / sizeof(words[0]))
		zv_out_none(out);
	else
		zv_out_text(out, words[kind]);
}

static void put_heard(struct zv_out *out, const struct zv_log_row *r)
{
	if (r->kind != ZV_LOG_LADDER || r->what != ZV_LADDER_HEARD) {
		zv_out_none(out);
		zv_out_none(out);
		return;
	}
	zv_out_text(out, zv_heard_name((uint8_t)(r->code >> 8)));
	zv_out_text(out, zv_heard_by_name((uint8_t)r->code));
}

static bool log_row(void *arg, const struct zv_log_row *r)
{
	struct exporter *x = arg;
	const struct names *n = names_of(x, r->campaign);
	struct zv_sip_names sip;

	zv_sip_names(&x->secret, r->attempt, r->sub, &sip);
	zv_out_uint(x->out, r->seq);
	zv_out_text(x->out, event_word(r));
	put_attempt(x->out, r->attempt);
	zv_out_uint(x->out, r->sub);
	zv_out_text(x->out, sip.call_id);
	zv_out_text(x->out, n->name);
	zv_out_uint(x->out, r->lead);
	zv_out_uint(x->out, r->person);
	zv_out_number(x->out, r->called);
	zv_out_number(x->out, r->caller);
	zv_out_uint(x->out, r->number);
	zv_out_uint(x->out, r->trunk);
	zv_out_uint(x->out, r->round);
	zv_out_uint(x->out, r->counts);
	put_outcome_cells(x, n, r);
	put_step_cells(x, n, r);
	zv_out_int(x->out, r->cal_ms);
	zv_out_time(x->out, r->cal_ms);
	zv_out_int(x->out, r->wall_ms);
	zv_out_int(x->out, r->mono_ms);
	zv_out_uint(x->out, r->agent);
	put_talk(x->out, r->talk_kind);
	put_heard(x->out, r);
	zv_out_row(x->out);
	return ferror(stdout) == 0;
}

int zv_cmd_attempts_export(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct exporter x;
	FILE *to = NULL;
	int status = zv_ctl_format(ctl, "json csv tsv", ZV_FORMAT_JSON);
	enum zv_err err;

	(void)args;
	if (status >= 0)
		return status;
	status = open_export(ctl, &x);
	if (status < 0 && (to = zv_ctl_output(ctl)) == NULL)
		status = ZV_EXIT_FAILED;
	if (status < 0) {
		x.out = zv_out_begin(to, ctl->format, true, log_cols, N_LOG_COLS);
		err = zv_store_log_each(x.store, x.campaign, 0, log_row, &x);
		zv_out_end(x.out);
		status = err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, "attempts export");
		status = zv_ctl_output_end(to, status);
	}
	close_export(&x);
	return status;
}

/* ---- leads ---- */

static const struct zv_out_col lead_cols[] = {
        {"lead", true},      {"external_id", false}, {"campaign", false}, {"status", false},
        {"category", false}, {"attempts", true},     {"round", true},     {"due", false},
        {"imported", false}, {"final", false},       {"row", true},       {"zone", false},
        {"number1", false},  {"number2", false},     {"number3", false},  {"number4", false},
        {"number5", false},  {"number6", false},     {"number7", false},  {"number8", false},
};

#define N_LEAD_COLS (sizeof(lead_cols) / sizeof(lead_cols[0]))

static bool lead_row(void *arg, const struct zv_lead_row *r)
{
	struct exporter *x = arg;
	const struct names *n = names_of(x, r->campaign);

	zv_out_uint(x->out, r->lead);
	zv_out_text(x->out, r->external_id);
	zv_out_text(x->out, n->name);
	zv_out_text(x->out, zv_lead_state_word(r->state));
	put_name(x->out, n->texts.categories, n->texts.n_categories, r->category);
	zv_out_uint(x->out, r->attempts);
	zv_out_uint(x->out, r->round);
	zv_out_time(x->out, r->due_ms);
	zv_out_time(x->out, r->imported_ms);
	zv_out_time(x->out, r->final_ms);
	zv_out_uint(x->out, r->source_row);
	if (r->n_numbers > 0)
		zv_out_text(x->out, r->numbers[0].zone[0] != 0 ? r->numbers[0].zone : n->texts.zone);
	else
		zv_out_none(x->out);
	for (uint8_t i = 0; i < ZV_NUMBERS_MAX; i++)
		zv_out_number(x->out, i < r->n_numbers ? r->numbers[i].brief.e164 : 0);
	zv_out_row(x->out);
	return ferror(stdout) == 0;
}

/* number<TAB>category, a line a contact: what is compared with somebody else's truth. */
static bool lead_pair(void *arg, const struct zv_lead_row *r)
{
	struct exporter *x = arg;
	const struct names *n = names_of(x, r->campaign);

	zv_out_number(x->out, r->n_numbers > 0 ? r->numbers[0].brief.e164 : 0);
	put_name(x->out, n->texts.categories, n->texts.n_categories, r->category);
	zv_out_row(x->out);
	return ferror(stdout) == 0;
}

int zv_cmd_leads_export(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col pair_cols[] = {{"number", false}, {"category", false}};
	struct exporter x;
	FILE *to = NULL;
	int status = zv_ctl_format(ctl, "json csv tsv", ZV_FORMAT_JSON);
	bool pairs = ctl->format == ZV_FORMAT_TSV;
	enum zv_err err = ZV_OK;

	(void)args;
	if (status >= 0)
		return status;
	if (zv_args_opt(ctl->args, "campaign") == NULL) {
		zv_ctl_say("leads export: which campaign?  --campaign NAME");
		return ZV_EXIT_USAGE;
	}
	status = open_export(ctl, &x);
	if (status < 0 && (to = zv_ctl_output(ctl)) == NULL)
		status = ZV_EXIT_FAILED;
	if (status < 0) {
		x.out = pairs ? zv_out_begin(to, ctl->format, true, pair_cols, 2)
		              : zv_out_begin(to, ctl->format, true, lead_cols, N_LEAD_COLS);
		err = zv_store_leads_each(x.store, x.campaign, pairs ? lead_pair : lead_row, &x);
		zv_out_end(x.out);
		status = err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, "leads export");
		status = zv_ctl_output_end(to, status);
	}
	close_export(&x);
	return status;
}

/* ---- notes ---- */

static bool note_row(void *arg, const struct zv_note *note)
{
	struct exporter *x = arg;

	zv_out_text(x->out, names_of(x, note->campaign)->name);
	put_attempt(x->out, note->attempt);
	zv_out_uint(x->out, note->lead);
	zv_out_uint(x->out, note->person);
	zv_out_time(x->out, note->at_ms);
	zv_out_text(x->out, note->agent);
	zv_out_text(x->out, note->topic);
	zv_out_text(x->out, note->subtopic);
	zv_out_text(x->out, note->reason);
	zv_out_text(x->out, note->comment);
	zv_out_text(x->out, note->fields);
	zv_out_row(x->out);
	return ferror(stdout) == 0;
}

int zv_cmd_notes_export(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {
	        {"campaign", false}, {"attempt", false}, {"lead", true},     {"person", true},
	        {"time", false},     {"agent", false},   {"topic", false},   {"subtopic", false},
	        {"reason", false},   {"comment", false}, {"fields", false},
	};
	struct exporter x;
	FILE *to = NULL;
	int status = zv_ctl_format(ctl, "json csv tsv", ZV_FORMAT_JSON);
	enum zv_err err;

	(void)args;
	if (status >= 0)
		return status;
	status = open_export(ctl, &x);
	if (status < 0 && (to = zv_ctl_output(ctl)) == NULL)
		status = ZV_EXIT_FAILED;
	if (status < 0) {
		x.out = zv_out_begin(to, ctl->format, true, cols, sizeof(cols) / sizeof(cols[0]));
		err = zv_store_notes_each(x.store, x.campaign, note_row, &x);
		zv_out_end(x.out);
		status = err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, "notes export");
		status = zv_ctl_output_end(to, status);
	}
	close_export(&x);
	return status;
}

/* ---- outbox ---- */

static bool outbox_row(void *arg, const struct zv_outbox_row *r)
{
	struct exporter *x = arg;
	const struct names *n = names_of(x, r->campaign);

	zv_out_text(x->out, n->name);
	put_attempt(x->out, r->attempt);
	zv_out_uint(x->out, r->lead);
	zv_out_number(x->out, r->to);
	if (r->message < n->texts.n_messages)
		zv_out_text(x->out, n->texts.messages[r->message]);
	else
		zv_out_uint(x->out, r->message);
	zv_out_text(x->out, r->sent != 0 ? "sent" : "waiting");
	zv_out_time(x->out, r->cal_ms);
	zv_out_text(x->out, r->key);
	zv_out_row(x->out);
	return ferror(stdout) == 0;
}

int zv_cmd_outbox_list(struct zv_ctl *ctl, const struct zv_args *args)
{
	static const struct zv_out_col cols[] = {
	        {"campaign", false}, {"attempt", false}, {"lead", true},  {"to", false},
	        {"message", false},  {"status", false},  {"time", false}, {"key", false},
	};
	struct exporter x;
	int status = open_export(ctl, &x);
	enum zv_err err;

	(void)args;
	if (status < 0) {
		x.out = zv_out_begin(stdout, ctl->format, true, cols, 8);
		err = zv_store_outbox_each(x.store, x.campaign, outbox_row, &x);
		zv_out_end(x.out);
		status = err == ZV_OK ? ZV_EXIT_DONE : zv_ctl_fail(err, "outbox list");
		status = zv_ctl_output_end(stdout, status);
	}
	close_export(&x);
	return status;
}
