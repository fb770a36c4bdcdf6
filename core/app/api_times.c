/* When a lead may be called back: the same question to the rules as before every contact, asked of
 * each moment of a day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api_in.h"
#include "dial/hours.h"
#include "law/locate.h"
#include "store/read.h"

#define SPANS_MAX 96

struct lead {
	uint64_t person, e164;
	uint32_t campaign, debt, topic;
	uint8_t party;
};

struct question {
	const struct zv_api *api;
	const struct zv_config *config;
	uint32_t campaign; /* index */
	struct lead lead;
	struct zv_ask ask;
	struct zv_person_slab slab;
	struct zv_rule_plan plan;
	const struct zv_tz *tz; /* the person's; NULL: nobody knows */
};

/* What holds from a moment on. */
struct span { int64_t from_ms, to_ms; bool open; char reason[256]; };

static bool keep_lead(void *arg, const struct zv_lead_row *row)
{
	struct lead *l = arg;

	*l = (struct lead){.person = row->person, .campaign = row->campaign, .debt = row->debt,
			   .topic = row->topic, .party = row->party};
	if (row->n_numbers > 0)
		l->e164 = row->numbers[row->number < row->n_numbers ? row->number : 0].brief.e164;
	return false;
}

static bool place(void *arg, const struct zv_place_ask *ask, struct zv_person_slab *slab)
{
	const struct question *q = arg;
	const struct zv_campaign_conf *c = &q->config->engine.campaigns[q->campaign];

	zv_locate(&(struct zv_locate){.numbering = q->config->rules.plan, .zones = q->config->zones,
				      .jur = ask->jur, .zone = ask->zone, .registration = ask->registration,
				      .region = ask->region,
				      .default_jur = q->config->campaigns[q->campaign].jurisdiction,
				      .default_zone = c->zone, .default_zone_known = c->zone_known}, slab);
	return true;
}

static void fill_ask(struct question *q)
{
	const struct zv_campaign_conf *c = &q->config->engine.campaigns[q->campaign];

	q->ask = (struct zv_ask){
		.e164 = q->lead.e164, .campaign = q->lead.campaign, .debt = q->lead.debt,
		.topic = q->lead.topic != 0 ? q->lead.topic : q->config->campaigns[q->campaign].topic,
		.purpose = c->purpose, .channel = c->channel, .mode = c->mode, .actor = c->actor,
		.party = q->lead.party != 0 ? q->lead.party : c->party, .agent_sure = true,
		.caller = c->n_callers > 0 ? zv_rule_caller(c->callers[0]) : 0,
		.dial_s = (uint16_t)((c->ring_ms + 999) / 1000), .default_zone = c->zone,
		.default_zone_known = c->zone_known};
	for (uint8_t i = 0; i < q->slab.n_numbers; i++) {
		if (q->slab.e164[i] == q->ask.e164)
			q->ask.line = q->slab.line[i];
	}
}

/* Reads all that an answer hangs on.  ret: freed by the caller. */
static enum zv_err question_make(const struct zv_times_ask *ask, struct question **ret)
{
	struct question *q = calloc(1, sizeof(*q));
	struct zv_slab_ask slab;
	uint16_t zone;
	enum zv_err err;

	if (q == NULL)
		return ZV_ENOMEM;
	q->api = ask->api;
	q->config = ask->api->config(ask->api->arg);
	err = zv_store_lead_get(ask->api->store, ask->lead, keep_lead, &q->lead);
	if (err != ZV_OK)
		goto fail;
	q->campaign = zv_api_campaign_of_id(q->config, q->lead.campaign);
	if (q->campaign == ZV_API_NONE || (ask->campaign != ZV_API_NONE && ask->campaign != q->campaign)) {
		err = ZV_EINVAL;
		goto fail;
	}
	slab = (struct zv_slab_ask){.person = q->lead.person, .campaign = q->lead.campaign,
				    .now_ms = ask->api->now_ms(ask->api->arg),
				    .rules = q->config->engine.rules, .place = place, .arg = q};
	err = zv_store_person_slab(ask->api->store, &slab, &q->slab);
	if (err != ZV_OK)
		goto fail;
	fill_ask(q);
	if (q->config->engine.rules != NULL)
		zv_rules_plan(q->config->engine.rules, &q->ask, q->slab.jur, &q->plan);
	zone = q->slab.n_residence > 0 ? q->slab.residence[0] : q->ask.default_zone;
	if (q->slab.n_residence > 0 || q->ask.default_zone_known)
		q->tz = zv_zones_get(q->config->zones, zone);
	*ret = q;
	return ZV_OK;
fail:
	free(q);
	return err;
}

/* ---- one moment ---- */

static void campaign_hours(const struct question *q, struct span *s)
{
	const struct zv_campaign_conf *c = &q->config->engine.campaigns[q->campaign];
	int64_t start_ms, end_ms;

	if (q->tz == NULL)
		return;
	if (zv_hours_window(c, q->tz, s->from_ms, &start_ms, &end_ms) != ZV_OK) {
		s->open = false;
		(void)snprintf(s->reason, sizeof(s->reason), "кампания не работает ни в один день");
	} else if (start_ms > s->from_ms) {
		s->open = false;
		s->to_ms = start_ms < s->to_ms ? start_ms : s->to_ms;
		(void)snprintf(s->reason, sizeof(s->reason), "вне часов работы кампании");
	} else if (end_ms < s->to_ms) {
		s->to_ms = end_ms;
	}
}

/* What the rules and the campaign's hours say at from_ms, and until when that holds; to_ms at
 * most. */
static void look(struct question *q, int64_t from_ms, int64_t to_ms, struct span *ret)
{
	const struct zv_rules *rules = q->config->engine.rules;
	struct zv_verdict v;
	int64_t until_ms;

	*ret = (struct span){.from_ms = from_ms, .to_ms = to_ms};
	if (rules == NULL) {
		(void)snprintf(ret->reason, sizeof(ret->reason), "правила не загружены");
		return;
	}
	q->ask.now_ms = from_ms;
	zv_decide(rules, &q->plan, &q->slab, NULL, &q->ask, &v);
	ret->open = v.answer != ZV_ANSWER_NO;
	until_ms = ret->open ? v.open_until_ms : v.until_ms;
	if (until_ms > from_ms && until_ms < to_ms)
		ret->to_ms = until_ms;
	if (ret->open)
		campaign_hours(q, ret);
	else
		zv_verdict_text(rules, &v, "ru", ret->reason, sizeof(ret->reason));
}

bool zv_times_lawful(const struct zv_times_ask *ask, int64_t at_ms, char *reason, size_t size)
{
	struct question *q = NULL;
	struct span s;

	if (question_make(ask, &q) != ZV_OK) {
		(void)snprintf(reason, size, "нельзя узнать, разрешено ли это время");
		return false;
	}
	look(q, at_ms, at_ms + 1, &s);
	free(q);
	if (!s.open)
		(void)snprintf(reason, size, "%s", s.reason);
	return s.open;
}

/* ---- a day ---- */

/* ISO 8601 with the offset that the person's clock has then. */
static json_t *moment_json(const struct zv_tz *tz, int64_t ms)
{
	int32_t offset = tz != NULL ? zv_tz_offset(tz, ms / 1000) : 0;
	int64_t local_s = ms / 1000 + offset;
	int32_t day = (int32_t)(local_s / 86400), s = (int32_t)(local_s % 86400);
	int year, month, mday, off = offset < 0 ? -offset : offset;
	char text[48];

	zv_civil_from_day(day, &year, &month, &mday);
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", year, month, mday,
		       s / 3600, s / 60 % 60, s % 60, offset < 0 ? '-' : '+', off / 3600, off / 60 % 60);
	return json_string(text);
}

static void day_bounds(const struct zv_tz *tz, int32_t day, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
	if (tz != NULL) {
		*ret_from_ms = zv_tz_from_local(tz, day, 0);
		*ret_to_ms = zv_tz_from_local(tz, day + 1, 0);
	} else {
		*ret_from_ms = (int64_t)day * 86400000;
		*ret_to_ms = *ret_from_ms + 86400000;
	}
}

/* Spans one after the other; neighbours of the same kind become one. */
static uint32_t walk(struct question *q, int64_t from_ms, int64_t to_ms, struct span *v)
{
	uint32_t n = 0;

	while (from_ms < to_ms && n < SPANS_MAX) {
		struct span *last = n > 0 ? &v[n - 1] : NULL;

		look(q, from_ms, to_ms, &v[n]);
		if (n == SPANS_MAX - 1 && v[n].to_ms < to_ms) {
			/* more than anybody's day has: the rest is not offered */
			v[n].open = false;
			v[n].to_ms = to_ms;
		}
		from_ms = v[n].to_ms;
		if (last != NULL && last->open == v[n].open && strcmp(last->reason, v[n].reason) == 0)
			last->to_ms = v[n].to_ms;
		else
			n++;
	}
	return n;
}

enum zv_err zv_times_json(const struct zv_times_ask *ask, int32_t day, json_t **ret_json)
{
	json_t *open, *closed;
	struct question *q = NULL;
	struct span *v;
	int64_t from_ms, to_ms, now_ms = ask->api->now_ms(ask->api->arg);
	uint32_t n;
	enum zv_err err = question_make(ask, &q);

	if (err != ZV_OK)
		return err;
	v = calloc(SPANS_MAX, sizeof(*v));
	if (v == NULL) {
		free(q);
		return ZV_ENOMEM;
	}
	day_bounds(q->tz, day, &from_ms, &to_ms);
	if (from_ms < now_ms) /* whole minutes: what is past is not offered */
		from_ms = (now_ms + 59999) / 60000 * 60000;
	n = walk(q, from_ms, to_ms, v);
	open = json_array();
	closed = json_array();
	for (uint32_t i = 0; i < n; i++) {
		json_t *one = json_pack("{s:o, s:o}", "from", moment_json(q->tz, v[i].from_ms), "to",
					moment_json(q->tz, v[i].to_ms));

		if (!v[i].open)
			(void)json_object_set_new(one, "reason", json_string(v[i].reason));
		(void)json_array_append_new(v[i].open ? open : closed, one);
	}
	*ret_json = json_pack("{s:o, s:o, s:b}", "open", open, "closed", closed, "zone_known", q->tz != NULL);
	free(v);
	free(q);
	return ZV_OK;
}
