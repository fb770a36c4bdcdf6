#include "ctl/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/tz.h"
#include "ctl/attempts.h"
#include "ctl/ctl.h"

const char *const zv_report_parts[ZV_REPORT_PARTS] = {"before 12:00", "12:00-17:00", "from 17:00"};

/* Leads whose zone is not the first lead's. */
struct odd_zone {
	uint64_t lead;
	uint16_t zone;
	bool used;
};

struct gather {
	struct zv_report *r;
	struct zv_zones *zones;
	bool have_zone;
	uint16_t usual;
	struct odd_zone *odd;
	size_t n_odd, cap_odd;      /* powers of two, at most half full */
	struct zv_attempts open;    /* between intent and outcome */
	struct zv_attempts unknown; /* ended as unknown: a later row may settle them */
	uint32_t talking;
	int64_t cps_second;
	uint32_t cps;
	enum zv_err err;
};

/* ---- leads ---- */

static size_t slot_of(uint64_t key, size_t cap)
{
	return (size_t)zv_mix64(key) & (cap - 1);
}

static void odd_put(struct odd_zone *v, size_t cap, uint64_t lead, uint16_t zone)
{
	size_t at = slot_of(lead, cap);

	while (v[at].used)
		at = (at + 1) & (cap - 1);
	v[at] = (struct odd_zone){.lead = lead, .zone = zone, .used = true};
}

static enum zv_err odd_add(struct gather *g, uint64_t lead, uint16_t zone)
{
	if ((g->n_odd + 1) * 2 > g->cap_odd) {
		size_t cap = g->cap_odd == 0 ? 1024 : g->cap_odd * 2;
		struct odd_zone *v = calloc(cap, sizeof(*v));

		if (v == NULL)
			return ZV_ENOMEM;
		for (size_t i = 0; i < g->cap_odd; i++) {
			if (g->odd[i].used)
				odd_put(v, cap, g->odd[i].lead, g->odd[i].zone);
		}
		free(g->odd);
		g->odd = v;
		g->cap_odd = cap;
	}
	odd_put(g->odd, g->cap_odd, lead, zone);
	g->n_odd++;
	return ZV_OK;
}

static const struct zv_tz *zone_of(const struct gather *g, uint64_t lead)
{
	for (size_t at = g->cap_odd > 0 ? slot_of(lead, g->cap_odd) : 0;
	     g->cap_odd > 0 && g->odd[at].used; at = (at + 1) & (g->cap_odd - 1)) {
		if (g->odd[at].lead == lead)
			return zv_zones_get(g->zones, g->odd[at].zone);
	}
	return zv_zones_get(g->zones, g->usual);
}

static bool on_lead(void *arg, const struct zv_lead_row *row)
{
	struct gather *g = arg;
	struct zv_report *r = g->r;
	uint16_t zone;

	r->leads++;
	r->finals += row->category != 0;
	r->removed += row->state == ZV_LEAD_REMOVED;
	r->numbers += row->n_numbers;
	if (row->state < 8)
		r->by_state[row->state]++;
	r->by_category[row->category <= 32 ? row->category : 0]++;
	if (row->n_numbers == 0)
		return true;
	/* Without a zone of its own a lead is shown in its campaign's. */
	if (zv_zones_intern(g->zones, row->numbers[0].zone[0] != 0 ? row->numbers[0].zone : r->texts.zone,
			    &zone) != ZV_OK) {
		/* tzdata of this machine lacks it: hours of this lead are shown in UTC */
		if (zv_zones_intern(g->zones, "UTC", &zone) != ZV_OK) {
			g->err = ZV_ENOENT;
			return false;
		}
	}
	if (!g->have_zone) {
		g->have_zone = true;
		g->usual = zone;
	}
	if (zone != g->usual)
		g->err = odd_add(g, row->lead, zone);
	return g->err == ZV_OK;
}

/* ---- attempts ---- */

static struct zv_report_day *day_of(struct gather *g, int32_t day)
{
	struct zv_report *r = g->r;
	uint32_t at = r->n_days;

	while (at > 0 && r->days[at - 1].day > day)
		at--;
	if (at > 0 && r->days[at - 1].day == day)
		return &r->days[at - 1];
	if (r->n_days == r->cap_days) {
		uint32_t cap = r->cap_days == 0 ? 16 : r->cap_days * 2;
		struct zv_report_day *more = realloc(r->days, cap * sizeof(*more));

		if (more == NULL) {
			g->err = ZV_ENOMEM;
			return NULL;
		}
		r->days = more;
		r->cap_days = cap;
	}
	memmove(&r->days[at + 1], &r->days[at], (r->n_days - at) * sizeof(r->days[0]));
	r->days[at] = (struct zv_report_day){.day = day};
	r->n_days++;
	return &r->days[at];
}

static void count(struct zv_report_count *c, const struct zv_log_row *row, int by)
{
	uint64_t one = (uint64_t)(int64_t)by; /* -1 takes back what a later row settles */

	c->outcomes[row->outcome] += one;
	if (row->outcome == ZV_OUT_NOT_SENT)
		return;
	c->calls += one;
	/* Abandoned: of an adopted call the times are not known, but it was answered. */
	if (row->answer_ms > 0 || row->outcome == ZV_OUT_ABANDONED)
		c->connected += one;
	if (row->outcome == ZV_OUT_ANSWERED || row->outcome == ZV_OUT_ABANDONED)
		c->answered += one;
}

static void count_everywhere(struct gather *g, const struct zv_log_row *row, uint32_t wave, int by)
{
	struct zv_report *r = g->r;
	int64_t at_ms = row->invite_ms != 0 ? row->invite_ms : row->cal_ms;
	struct zv_local local;
	struct zv_report_day *day;
	uint32_t part;

	count(&r->all, row, by);
	count(&r->waves[wave], row, by);
	zv_tz_to_local(zone_of(g, row->lead), at_ms, &local);
	part = local.second_of_day / 3600 < 12 ? 0 : local.second_of_day / 3600 < 17 ? 1 : 2;
	count(&r->by_hour[(local.second_of_day / 3600) % 24], row, by);
	day = day_of(g, local.day);
	if (day != NULL)
		count(&day->parts[part], row, by);
	if (row->outcome == ZV_OUT_NOT_SENT || by < 0)
		return;
	if (wave + 1 > r->n_waves)
		r->n_waves = wave + 1;
	if (r->wave_first_ms[wave] == 0 || at_ms < r->wave_first_ms[wave])
		r->wave_first_ms[wave] = at_ms;
	if (at_ms > r->wave_last_ms[wave])
		r->wave_last_ms[wave] = at_ms;
	if (r->first_ms == 0 || at_ms < r->first_ms)
		r->first_ms = at_ms;
	if (at_ms > r->last_ms)
		r->last_ms = at_ms;
}

static void on_times(struct zv_report *r, const struct zv_log_row *row)
{
	uint64_t talk;

	if (row->answer_ms <= 0)
		return;
	r->ring_ms += (uint64_t)row->answer_ms;
	r->ring_n++;
	if (row->end_ms < row->answer_ms)
		return;
	talk = (uint64_t)(row->end_ms - row->answer_ms);
	r->talk_ms += talk;
	if (talk > r->talk_max_ms)
		r->talk_max_ms = talk;
	if (row->outcome == ZV_OUT_ANSWERED)
		r->person_talk_ms += talk;
}

static void on_intent(struct gather *g, const struct zv_log_row *row)
{
	struct zv_report *r = g->r;
	uint32_t wave = row->counts < ZV_REPORT_WAVES ? row->counts : ZV_REPORT_WAVES - 1;

	r->intents++;
	r->invites++;
	if (r->wall_first_ms == 0)
		r->wall_first_ms = row->wall_ms;
	if (row->wall_ms / 1000 != g->cps_second) {
		g->cps_second = row->wall_ms / 1000;
		g->cps = 0;
	}
	if (++g->cps > r->peak_cps)
		r->peak_cps = g->cps;
	g->err = zv_attempts_put(&g->open, row->attempt, wave);
	if (g->open.n > r->peak_calls)
		r->peak_calls = (uint32_t)g->open.n;
}

static void on_outcome(struct gather *g, const struct zv_log_row *row)
{
	struct zv_report *r = g->r;
	struct zv_attempt_mark was = {0};

	if (row->outcome >= ZV_OUT_MAX)
		return;
	if (row->wall_ms > r->wall_last_ms)
		r->wall_last_ms = row->wall_ms;
	if (zv_attempts_take(&g->open, row->attempt, &was))
		g->talking -= was.connected;
	if (row->amend != 0 && zv_attempts_take(&g->unknown, row->attempt, &was)) {
		struct zv_log_row gone = *row;

		gone.outcome = ZV_OUT_UNKNOWN;
		gone.answer_ms = 0;
		count_everywhere(g, &gone, was.wave, -1);
	}
	if (row->outcome == ZV_OUT_UNKNOWN)
		g->err = zv_attempts_put(&g->unknown, row->attempt, was.wave);
	if (row->outcome == ZV_OUT_NOT_SENT)
		r->invites--;
	if (row->result > 0 && row->result <= 32)
		r->by_result[row->result]++;
	on_times(r, row);
	count_everywhere(g, row, was.wave, 1);
}

static bool on_log(void *arg, const struct zv_log_row *row)
{
	struct gather *g = arg;
	struct zv_attempt_mark *open;

	switch (row->kind) {
	case ZV_LOG_INTENT: on_intent(g, row); break;
	case ZV_LOG_LADDER:
		if (row->what == ZV_LADDER_SUB)
			g->r->invites++;
		if (row->what != ZV_LADDER_CONNECT)
			break;
		open = zv_attempts_find(&g->open, row->attempt);
		if (open != NULL && !open->connected) {
			open->connected = true;
			if (++g->talking > g->r->peak_talking)
				g->r->peak_talking = g->talking;
		}
		break;
	case ZV_LOG_OUTCOME: on_outcome(g, row); break;
	default: break;
	}
	return g->err == ZV_OK;
}

static bool on_message(void *arg, const struct zv_outbox_row *row)
{
	struct zv_report *r = ((struct gather *)arg)->r;

	r->messages_all++;
	if (row->message < 32) {
		r->messages[row->message]++;
		r->messages_sent[row->message] += row->sent;
	}
	return true;
}

enum zv_err zv_report_make(struct zv_store *store, const struct zv_campaign_info *info,
                           struct zv_report *ret_report)
{
	struct gather g = {.r = ret_report};
	struct zv_store_facts facts;
	enum zv_err err;

	memset(ret_report, 0, sizeof(*ret_report));
	ret_report->info = *info;
	ret_report->made_ms = zv_wall_ms();
	err = zv_store_facts(store, &facts);
	if (err == ZV_OK)
		err = zv_store_campaign_texts(store, info->id, &ret_report->texts);
	if (err == ZV_OK)
		err = zv_zones_create(NULL, &g.zones);
	if (err == ZV_OK)
		err = zv_zones_intern(g.zones, "UTC", &g.usual);
	if (err == ZV_OK)
		err = zv_store_leads_each(store, info->id, on_lead, &g);
	if (err == ZV_OK && g.err == ZV_OK)
		err = zv_store_log_each(store, info->id, 0, on_log, &g);
	if (err == ZV_OK && g.err == ZV_OK)
		err = zv_store_outbox_each(store, info->id, on_message, &g);
	if (err == ZV_OK && g.err == ZV_OK)
		err = zv_report_refusals(store, ret_report);
	if (err == ZV_OK) {
		err = g.err;
		ret_report->simulated = facts.simulated;
		ret_report->open = g.open.n;
	}
	zv_zones_destroy(g.zones);
	free(g.odd);
	zv_attempts_free(&g.open);
	zv_attempts_free(&g.unknown);
	return err;
}

void zv_report_free(struct zv_report *r)
{
	free(r->days);
	r->days = NULL;
}

double zv_report_mean_cps(const struct zv_report *r)
{
	int64_t span = r->wall_last_ms - r->wall_first_ms;

	return span > 0 ? (double)r->invites * 1000.0 / (double)span : 0;
}
