/* why NUMBER: may it be called, and if not, which rule says so, until when, and what was decided
 * before. */
#include "ctl/why.h"

#include <string.h>

#include "ctl/whom.h"
#include "law/locate.h"

/* ---- reading ---- */

static bool keep_lead(void *arg, const struct zv_lead_row *row)
{
	struct zv_why *w = arg;

	w->leads[w->n_leads++] = (struct zv_why_lead){
		.lead = row->lead, .person = row->person, .campaign = row->campaign, .debt = row->debt,
		.topic = row->topic, .party = row->party, .state = row->state,
		.category = row->category};
	return false;
}

static bool find_lead(void *arg, uint64_t lead, uint64_t person)
{
	struct zv_why *w = arg;

	(void)person;
	/* One that cannot be read is not asked about; `store check` tells of it. */
	return w->n_leads < ZV_WHY_LEADS_MAX &&
	       (zv_store_lead_get(w->store, lead, keep_lead, w) != ZV_EIO);
}

static int read_persons(struct zv_why *w)
{
	enum zv_err err = zv_store_persons_of(w->store, w->e164, w->persons, ZV_WHY_PERSONS_MAX,
	                                      &w->n_persons);

	if (err == ZV_OK && w->n_persons > 0)
		err = zv_store_number_each(w->store, w->e164, find_lead, w);
	if (err != ZV_OK && err != ZV_ENOENT)
		return zv_ctl_fail(err, "why");
	if (w->n_persons == 0) {
		zv_ctl_say("nobody in the store has the number +%llu", (unsigned long long)w->e164);
		return ZV_EXIT_NOT_FOUND;
	}
	return -1;
}

static void on_numbering(void *arg, enum zv_law_level level, const char *file, unsigned line,
                         const char *path, const char *text)
{
	(void)arg;
	(void)path;
	if (level == ZV_LAW_ERROR)
		zv_ctl_say("%s:%u: %s", file, line, text);
}

static int read_numbering(struct zv_why *w)
{
	const char *tables[ZV_STATEMENT_TABLES_MAX];
	struct zv_numbering_params params = {.tables = tables, .n_tables = w->statements.n_tables,
	                                     .zones = w->zones, .sink = {.tell = on_numbering}};
	enum zv_err err;

	for (uint32_t i = 0; i < w->statements.n_tables; i++)
		tables[i] = w->statements.tables[i];
	err = zv_numbering_load(&params, &w->numbering);
	return err == ZV_OK ? -1 : zv_ctl_fail(err, "numbering");
}

/* The set in force; a store that zvonard never ran on has none. */
static int read_rules(struct zv_why *w)
{
	w->sets.store = w->store;
	w->sets.zones = w->zones;
	w->set = zv_lawset_at(&w->sets, w->at_ms);
	if (w->set != NULL)
		return -1;
	zv_ctl_say("the store keeps no rules%s: zvonard puts them there at its start",
	           w->asked_at ? " of that time" : "");
	return ZV_EXIT_FAILED;
}

/* ---- asking ---- */

static bool place(void *arg, const struct zv_place_ask *ask, struct zv_person_slab *slab)
{
	const struct zv_why_case *c = arg;
	struct zv_locate told = {.numbering = c->why->numbering, .zones = c->why->zones,
	                         .jur = ask->jur, .zone = ask->zone,
	                         .registration = ask->registration, .region = ask->region,
	                         .default_jur = c->statement != NULL ? c->statement->jur : ""};

	if (c->statement != NULL && c->statement->zone[0] != 0)
		told.default_zone_known = zv_zones_intern(c->why->zones, c->statement->zone,
		                                          &told.default_zone) == ZV_OK;
	zv_locate(&told, slab);
	return true;
}

static bool add_tally(void *arg, uint32_t campaign, int64_t bucket, const uint32_t n[ZV_FACTS])
{
	(void)campaign;
	zv_tally_load(arg, bucket, n);
	return true;
}

static const struct zv_tally *tally_of(struct zv_why *w, const struct zv_why_case *c)
{
	static struct zv_tally tally;
	struct zv_campaign_info info;

	memset(&tally, 0, sizeof(tally));
	if (zv_store_campaign_get(w->store, c->campaign, &info) == ZV_OK)
		tally.origin_ms = info.started_ms;
	if (zv_store_tallies_each(w->store, c->lead->campaign,
	                          w->at_ms / ZV_TALLY_MS - ZV_TALLY_SLOTS, add_tally, &tally) != ZV_OK)
		zv_ctl_say("the counts of %s cannot be read", c->campaign);
	return &tally;
}

static uint32_t caller_hash(uint64_t caller)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)caller);

	return caller != 0 ? (uint32_t)zv_rule_name(digits, (size_t)n) : 0;
}

static void fill_ask(struct zv_why *w, struct zv_why_case *c)
{
	const struct zv_statement *s = c->statement;

	c->ask = (struct zv_ask){.now_ms = w->at_ms, .e164 = w->e164, .campaign = c->lead->campaign,
	                         .debt = c->lead->debt, .topic = c->lead->topic,
	                         .party = c->lead->party};
	for (uint8_t i = 0; i < c->slab.n_numbers; i++)
		if (c->slab.e164[i] == w->e164)
			c->ask.line = c->slab.line[i];
	if (s == NULL)
		return;
	c->ask.purpose = s->purpose;
	c->ask.channel = s->channel;
	c->ask.mode = s->mode;
	c->ask.actor = s->actor;
	c->ask.caller = caller_hash(s->caller);
	c->ask.dial_s = (uint16_t)s->ring_s;
	if (c->ask.party == 0)
		c->ask.party = s->party;
	if (c->ask.topic == 0)
		c->ask.topic = s->topic;
	if (s->zone[0] != 0)
		c->ask.default_zone_known = zv_zones_intern(w->zones, s->zone,
		                                            &c->ask.default_zone) == ZV_OK;
}

/* Asks for one contact.  False: it cannot be asked. */
static bool ask(struct zv_why *w, const struct zv_why_lead *lead, struct zv_why_case *c)
{
	const struct zv_rules *rules = zv_law_rules(w->set->law);
	struct zv_slab_ask slab = {.person = lead->person, .campaign = lead->campaign,
	                           .now_ms = w->at_ms, .rules = rules, .place = place, .arg = c};

	*c = (struct zv_why_case){.why = w, .lead = lead};
	zv_campaign_name(w->store, lead->campaign, c->campaign, sizeof(c->campaign));
	c->statement = zv_statement_find(&w->statements, c->campaign);
	if (zv_store_person_slab(w->store, &slab, &c->slab) != ZV_OK)
		return false;
	fill_ask(w, c);
	zv_decide(rules, NULL, &c->slab, tally_of(w, c), &c->ask, &c->verdict);
	return true;
}

/* ---- past decisions ---- */

struct history {
	struct zv_why *why;
	const char *only; /* campaign, or NULL */
	uint32_t n, left_out;
	struct zv_why_past v[ZV_WHY_PAST_MAX];
};

/* Keeps the latest: what is thrown away is the oldest. */
static bool keep_past(void *arg, const struct zv_evidence_row *row)
{
	struct history *h = arg;
	uint32_t at = h->n;

	if (row->at_ms > h->why->at_ms)
		return true;
	if (h->n == ZV_WHY_PAST_MAX) {
		h->left_out++;
		at = 0;
		for (uint32_t i = 1; i < h->n; i++)
			if (h->v[i].row.at_ms < h->v[at].row.at_ms)
				at = i;
		if (row->at_ms < h->v[at].row.at_ms)
			return true;
	} else {
		h->n++;
	}
	h->v[at] = (struct zv_why_past){.row = *row};
	return true;
}

static void sort_past(struct history *h)
{
	for (uint32_t i = 1; i < h->n; i++) {
		struct zv_why_past one = h->v[i];
		uint32_t k = i;

		for (; k > 0 && h->v[k - 1].row.at_ms > one.row.at_ms; k--)
			h->v[k] = h->v[k - 1];
		h->v[k] = one;
	}
}

static void name_past(struct history *h)
{
	for (uint32_t i = 0; i < h->n; i++) {
		struct zv_why_past *p = &h->v[i];
		const struct zv_lawset *set = zv_lawset_of(&h->why->sets, p->row.rules_hash);
		const struct zv_rules *rules = set != NULL ? zv_law_rules(set->law) : NULL;

		zv_campaign_name(h->why->store, p->row.campaign, p->campaign, sizeof(p->campaign));
		p->other_set = p->row.rules_hash != h->why->set->hash;
		for (uint8_t k = 0; k < p->row.n_counts && k < ZV_EVIDENCE_COUNTS; k++) {
			const struct zv_rule *r = rules != NULL && p->row.counts[k].rule < rules->n
			                                  ? &rules->v[p->row.counts[k].rule] : NULL;

			(void)snprintf(p->ids[k], sizeof(p->ids[k]), "%s", r != NULL ? r->id : "?");
			p->limits[k] = r != NULL && r->kind == ZV_RULE_FREQ ? r->u.freq.limit : UINT32_MAX;
		}
	}
}

static void read_past(struct zv_why *w, uint64_t person, struct history *h)
{
	*h = (struct history){.why = w};
	if (zv_store_evidence_each(w->store, person, keep_past, h) != ZV_OK)
		zv_ctl_say("the evidence cannot be read to its end");
	sort_past(h);
	name_past(h);
}

/* ---- telling ---- */

static bool wanted(const struct zv_why *w, const struct zv_why_lead *lead, const char *only)
{
	char name[64];

	return only == NULL ||
	       strcmp(zv_campaign_name(w->store, lead->campaign, name, sizeof(name)), only) == 0;
}

static int tell(struct zv_why *w, const char *only)
{
	static struct zv_why_case c;
	static struct history h;
	bool json = w->ctl->format == ZV_FORMAT_JSON;
	json_t *cases = json_array(), *past = json_array(), *all;
	uint32_t told = 0;

	if (!json)
		zv_why_text_begin(w);
	for (uint32_t i = 0; i < w->n_leads; i++) {
		if (!wanted(w, &w->leads[i], only) || !ask(w, &w->leads[i], &c))
			continue;
		told++;
		if (json)
			(void)json_array_append_new(cases, zv_why_json_case(&c));
		else
			zv_why_text_case(&c);
	}
	if (told == 0)
		zv_ctl_say(only != NULL ? "\"%s\" has no contact with this number" :
		                          "no campaign has a contact with this number", only);
	for (uint32_t i = 0; i < w->n_persons; i++) {
		read_past(w, w->persons[i], &h);
		for (uint32_t k = 0; json && k < h.n; k++)
			(void)json_array_append_new(past, zv_why_json_past(&h.v[k]));
		if (!json && h.n > 0)
			zv_why_text_past(w, w->persons[i], h.v, h.n, h.left_out);
	}
	if (json) {
		char hash[24];

		(void)snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)w->set->hash);
		all = json_pack("{s:I s:I s:s s:o s:o}", "number", (json_int_t)w->e164, "at_ms",
		                (json_int_t)w->at_ms, "rules", hash, "campaigns", cases, "decisions", past);
		(void)json_dumpf(all, stdout, JSON_COMPACT);
		(void)fputc('\n', stdout);
		json_decref(all);
	} else {
		json_decref(cases);
		json_decref(past);
	}
	return zv_ctl_output_end(stdout, told > 0 ? ZV_EXIT_DONE : ZV_EXIT_NOT_FOUND);
}

static int read_options(struct zv_why *w, const struct zv_args *args)
{
	const char *at = zv_args_opt(args, "at");

	if (w->ctl->format != ZV_FORMAT_JSON && w->ctl->format != ZV_FORMAT_TABLE) {
		zv_ctl_say("why: text for people, or --json");
		return ZV_EXIT_USAGE;
	}
	if (!zv_args_russian(args, &w->russian))
		return ZV_EXIT_USAGE;
	w->asked_at = at != NULL;
	w->at_ms = zv_calendar_now(w->store, NULL);
	if (at != NULL && !zv_moment_read("--at", at, w->at_ms, &w->at_ms))
		return ZV_EXIT_USAGE;
	return -1;
}

int zv_cmd_why(struct zv_ctl *ctl, const struct zv_args *args)
{
	static struct zv_why w;
	int status = ZV_EXIT_DONE;

	w = (struct zv_why){.ctl = ctl};
	if (!zv_whom_number(args->arg[0], &w.e164))
		return ZV_EXIT_USAGE;
	w.store = zv_ctl_store(ctl, false, &status);
	if (w.store == NULL)
		return status;
	status = read_options(&w, args);
	if (status < 0)
		status = zv_zones_create(NULL, &w.zones) == ZV_OK ? -1 : zv_ctl_fail(ZV_ENOMEM, "why");
	if (status < 0)
		status = read_persons(&w);
	if (status < 0)
		status = zv_statements_read(ctl, &w.statements);
	if (status < 0)
		status = read_numbering(&w);
	if (status < 0)
		status = read_rules(&w);
	if (status < 0)
		status = tell(&w, zv_args_opt(args, "campaign"));
	zv_lawsets_end(&w.sets);
	zv_numbering_destroy(w.numbering);
	zv_store_close(w.store);
	zv_zones_destroy(w.zones);
	return status;
}
