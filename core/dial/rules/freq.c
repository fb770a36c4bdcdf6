#include "dial/rules/eval.h"

/* What one window holds. */
struct sum {
	uint64_t used;   /* dated at or before the moment looked at */
	uint64_t ahead;  /* dated after it */
	uint64_t flying; /* not over yet */
};

static bool counts(const struct zv_eval *e, const struct zv_rule *rule, const struct zv_contact *c)
{
	const uint16_t fact = ZV_FACT_BIT(rule->u.freq.fact);
	/* How a contact ends is not known before it ends. */
	const uint8_t ends = ZV_EXCLUDE_NOT_CONNECTED | ZV_EXCLUDE_BUSY | ZV_EXCLUDE_OUT_OF_SERVICE;
	uint8_t exclude = c->open != 0 ? c->exclude & (uint8_t)~ends : c->exclude;

	if (!zv_contact_has(c, rule->u.freq.fact) &&
	    (c->open == 0 || (zv_channel_facts(c->channel) & fact) == 0))
		return false;
	if ((exclude & rule->u.freq.exclude) != 0)
		return false;
	if (rule->u.freq.channels_counted != 0 && c->channel != ZV_CHANNEL_NONE &&
	    (rule->u.freq.channels_counted >> c->channel & 1) == 0)
		return false;
	if (!zv_contact_same(c, e->ask, rule->u.freq.key))
		return false;
	return zv_attempt_is_zero(e->ask->self) || !zv_attempt_eq(c->attempt, e->ask->self);
}

static uint64_t weight(const struct zv_eval *e, const struct zv_rule *rule,
		       const struct zv_contact *c)
{
	if (!rule->u.freq.seconds)
		return 1;
	return c->open != 0 && c->dial_s < e->ask->dial_s ? e->ask->dial_s : c->dial_s;
}

/* What the contact in question would add. */
static uint64_t own_weight(const struct zv_eval *e, const struct zv_rule *rule)
{
	if (!rule->u.freq.seconds)
		return 1;
	return e->ask->dial_s > 0 ? e->ask->dial_s : 1;
}

/* The first contact that may matter to a window from start_ms. */
static uint32_t first_of(const struct zv_eval *e, int64_t start_ms)
{
	const struct zv_person_slab *p = e->person;
	uint32_t low = 0, high = p->n_contacts;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (p->contacts[mid].at_ms < start_ms - ZV_LATE_MS)
			low = mid + 1;
		else
			high = mid;
	}
	return low < e->first_open ? low : e->first_open;
}

/* In which part of the sum the contact stands; NULL: in none. */
static uint64_t *part_of(const struct zv_eval *e, const struct zv_rule *rule,
			 const struct zv_bounds *b, const struct zv_contact *c, struct sum *sum)
{
	int64_t at_ms;

	if (zv_contact_flies(e, c))
		return e->at_ms < e->free_ms && counts(e, rule, c) ? &sum->flying : NULL;
	at_ms = zv_contact_at(c, rule->u.freq.fact);
	if (at_ms < b->start_ms || (at_ms > e->at_ms && at_ms >= b->ahead_ms) ||
	    !counts(e, rule, c))
		return NULL;
	return at_ms <= e->at_ms ? &sum->used : &sum->ahead;
}

bool zv_freq_holds(const struct zv_eval *e, const struct zv_rule *rule, const struct zv_bounds *bounds,
		   const struct zv_contact *c)
{
	struct sum sum = {0};

	return part_of(e, rule, bounds, c, &sum) != NULL;
}

static void sort_by_date(int64_t *dates, uint64_t *weights, uint32_t n)
{
	/* Contacts stand in order of their begin: hardly anything moves. */
	for (uint32_t i = 1; i < n; i++) {
		int64_t date = dates[i];
		uint64_t w = weights[i];
		uint32_t k = i;

		for (; k > 0 && dates[k - 1] > date; k--) {
			dates[k] = dates[k - 1];
			weights[k] = weights[k - 1];
		}
		dates[k] = date;
		weights[k] = w;
	}
}

/* When enough of the dated contacts have left the window for one more. */
static int64_t room_at(const struct zv_eval *e, const struct zv_rule *rule,
		       const struct zv_rule_window *w, const struct zv_tz *tz,
		       const struct zv_bounds *b, uint64_t too_many)
{
	const struct zv_person_slab *p = e->person;
	int64_t dates[ZV_CONTACTS_MAX], leave;
	uint64_t weights[ZV_CONTACTS_MAX];
	struct sum sum = {0};
	uint32_t n = 0;

	for (uint32_t i = first_of(e, b->start_ms); i < p->n_contacts && i < ZV_CONTACTS_MAX; i++) {
		const struct zv_contact *c = &p->contacts[i];

		if (zv_contact_flies(e, c) || part_of(e, rule, b, c, &sum) == NULL)
			continue;
		dates[n] = zv_contact_at(c, rule->u.freq.fact);
		weights[n++] = weight(e, rule, c);
	}
	sort_by_date(dates, weights, n);
	for (uint32_t i = 0; i < n; i++) {
		if (weights[i] < too_many) {
			too_many -= weights[i];
			continue;
		}
		leave = zv_bounds_leave(w, tz, dates[i], zv_eval_origin(e, rule->u.freq.key));
		return leave > e->at_ms ? leave : e->at_ms + 60000;
	}
	return ZV_NEVER_MS;
}

/* One window by one clock.  Not in the way: INT64_MIN. */
static int64_t window_until(struct zv_eval *e, const struct zv_rule *rule,
			    const struct zv_rule_window *w, const struct zv_tz *tz,
			    struct sum *ret_sum)
{
	const struct zv_person_slab *p = e->person;
	struct zv_bounds b = *zv_eval_bounds(e, w, tz, zv_eval_origin(e, rule->u.freq.key));
	struct sum sum = {0};
	uint64_t all, limit = rule->u.freq.limit;
	int64_t until;

	for (uint32_t i = first_of(e, b.start_ms); i < p->n_contacts && i < ZV_CONTACTS_MAX; i++) {
		uint64_t *part = part_of(e, rule, &b, &p->contacts[i], &sum);

		if (part != NULL)
			*part += weight(e, rule, &p->contacts[i]);
	}
	*ret_sum = sum;
	all = sum.used + sum.ahead + sum.flying + own_weight(e, rule);
	if (all <= limit)
		return INT64_MIN;
	until = room_at(e, rule, w, tz, &b, all - limit);
	if (sum.flying == 0 || until <= e->free_ms)
		return until;
	/* Those in flight may come to nothing; what is left may still be too many. */
	if (all - sum.flying <= limit)
		return e->free_ms;
	until = room_at(e, rule, w, tz, &b, all - sum.flying - limit);
	return until > e->free_ms ? until : e->free_ms;
}

static uint16_t clip(uint64_t n)
{
	return n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
}

bool zv_freq_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit,
		  struct zv_count *ret_count)
{
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_LIMIT};
	uint64_t used = 0, in_flight = 0;
	struct sum sum;

	/* What this contact can never become, or what is not counted of its channel. */
	if ((zv_channel_facts(e->ask->channel) & ZV_FACT_BIT(rule->u.freq.fact)) == 0 ||
	    (rule->u.freq.channels_counted != 0 &&
	     (rule->u.freq.channels_counted >> e->ask->channel & 1) == 0)) {
		*ret_count = (struct zv_count){0};
		return false;
	}
	for (uint32_t i = 0; i < rule->u.freq.n_windows && i < ZV_RULE_WINDOWS_MAX; i++) {
		const struct zv_rule_window *w = &rule->u.freq.windows[i];
		const struct zv_candidates *clocks = zv_eval_clocks(e, w);

		if (clocks->n == 0)
			hit.until_ms = ZV_NEVER_MS;
		for (uint32_t k = 0; k < clocks->n; k++) {
			int64_t until = window_until(e, rule, w, clocks->v[k], &sum);

			hit.until_ms = until > hit.until_ms ? until : hit.until_ms;
			if (sum.used + sum.ahead + sum.flying >= used + in_flight) {
				used = sum.used;
				in_flight = sum.ahead + sum.flying;
			}
		}
	}
	ret_count->used = clip(used);
	ret_count->in_flight = clip(in_flight);
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}
