#include "dial/rules/eval.h"

/* A registry that is too old may be renewed at any time: asked again after so long. */
#define STALE_MS ZV_HOUR_MS

/* The first moment at or after at_ms at which the consent stands; ZV_NEVER_MS.  A consent that
 * was taken back is one whose to_ms has come: that is honoured at once, whatever longer time
 * the law would give. */
static int64_t consent_from(const struct zv_person_slab *p, uint64_t name, int64_t at_ms)
{
	int64_t from_ms = ZV_NEVER_MS;

	for (uint32_t i = 0; i < p->n_marks && i < ZV_MARKS_MAX; i++) {
		const struct zv_mark *m = &p->marks[i];

		if (m->kind != ZV_MARK_CONSENT || m->name != name || m->to_ms <= at_ms ||
		    m->from_ms >= m->to_ms)
			continue;
		if (m->from_ms <= at_ms)
			return at_ms;
		if (m->from_ms < from_ms)
			from_ms = m->from_ms;
	}
	return from_ms;
}

/* Bits of the person's numbers that this contact uses: all of them where it uses none. */
static uint8_t number_bits(const struct zv_eval *e, bool *ret_known)
{
	const struct zv_person_slab *p = e->person;

	*ret_known = true;
	if (e->ask->e164 == 0)
		return 0xff;
	for (uint32_t i = 0; i < p->n_numbers && i < 8; i++) {
		if (p->e164[i] == e->ask->e164)
			return (uint8_t)(1u << i);
	}
	*ret_known = false; /* a number that no registry was asked about */
	return 0;
}

/* Of today by the person's clock, by each that it may be: by UTC it would be of yesterday in an
 * American evening. */
static bool of_today(struct zv_eval *e, int64_t as_of_ms)
{
	const struct zv_candidates *zones = zv_eval_zones(e, ZV_TZ_RESIDENCE, 0);

	for (uint32_t i = 0; i < zones->n; i++) {
		struct zv_local then, now;

		zv_tz_to_local(zones->v[i], as_of_ms, &then);
		zv_tz_to_local(zones->v[i], e->ask->now_ms, &now);
		if (then.day < now.day)
			return false;
	}
	return zones->n > 0;
}

static bool fresh(struct zv_eval *e, const struct zv_rule_scrub *s, int64_t as_of_ms)
{
	if (s->max_age_d == 0)
		return of_today(e, as_of_ms);
	return e->ask->now_ms - as_of_ms <= s->max_age_d * ZV_DAY_MS;
}

/* ZV_DETAIL_NONE: the registry allows it.  Its age is judged now, also when looking ahead:
 * by then it may have been renewed. */
static uint8_t scrub_says(struct zv_eval *e, const struct zv_rule_scrub *s)
{
	const struct zv_person_slab *p = e->person;
	bool known;
	uint8_t bits = number_bits(e, &known);

	for (uint32_t i = 0; i < p->n_scrubbed && i < ZV_RULE_NAMES_MAX; i++) {
		if (p->scrubbed[i].list != s->list)
			continue;
		if ((p->scrubbed[i].numbers & bits) != 0)
			return ZV_DETAIL_LISTED;
		return known && fresh(e, s, p->scrubbed[i].as_of_ms)
			       ? ZV_DETAIL_NONE
			       : ZV_DETAIL_STALE_LIST;
	}
	return ZV_DETAIL_STALE_LIST;
}

static void worse(struct zv_hit *hit, int64_t until_ms, uint8_t detail)
{
	if (until_ms <= hit->until_ms)
		return;
	hit->until_ms = until_ms;
	hit->detail = detail;
}

bool zv_consent_hits(struct zv_eval *e, const struct zv_rule *rule, struct zv_hit *ret_hit)
{
	struct zv_hit hit = {INT64_MIN, ZV_DETAIL_NONE};

	if ((rule->u.consent.forbid_modes >> e->ask->mode & 1) != 0)
		worse(&hit, ZV_NEVER_MS, ZV_DETAIL_MODE);
	for (uint32_t i = 0; i < rule->u.consent.n_scrub && i < ZV_RULE_NAMES_MAX; i++) {
		uint8_t detail = scrub_says(e, &rule->u.consent.scrub[i]);

		if (detail == ZV_DETAIL_LISTED)
			worse(&hit, ZV_NEVER_MS, detail);
		else if (detail != ZV_DETAIL_NONE && e->at_ms < e->ask->now_ms + STALE_MS)
			worse(&hit, e->ask->now_ms + STALE_MS, detail);
	}
	for (uint32_t i = 0; i < rule->u.consent.n_need && i < ZV_RULE_NAMES_MAX; i++) {
		int64_t from_ms = consent_from(e->person, rule->u.consent.need[i], e->at_ms);

		if (from_ms > e->at_ms)
			worse(&hit, from_ms, ZV_DETAIL_NO_CONSENT);
	}
	*ret_hit = hit;
	return hit.until_ms != INT64_MIN;
}
