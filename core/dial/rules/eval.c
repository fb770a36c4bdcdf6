#include "dial/rules/eval.h"

/* How long a contact in flight is taken to last when nothing else is known: then ask again. */
#define IN_FLIGHT_MS INT64_C(60000)

void zv_eval_init(struct zv_eval *e, const struct zv_ask *ask)
{
	const struct zv_person_slab *p = e->person;

	e->ask = ask;
	e->free_ms = ask->now_ms + IN_FLIGHT_MS;
	e->made = 0;
	e->looks = 0;
	e->first_open = 0;
	while (e->first_open < p->n_contacts && p->contacts[e->first_open].open == 0)
		e->first_open++;
	zv_eval_move(e, ask->now_ms);
}

void zv_eval_move(struct zv_eval *e, int64_t at_ms)
{
	e->at_ms = at_ms;
	e->n_known = 0;
	e->n_locals = 0;
}

const struct zv_local *zv_eval_local(struct zv_eval *e, const struct zv_tz *tz)
{
	uint32_t i;

	for (i = 0; i < e->n_locals; i++) {
		if (e->locals[i].tz == tz)
			return &e->locals[i].l;
	}
	if (i == ZV_LOCALS_MAX)
		i = 0;
	else
		e->n_locals++;
	e->locals[i].tz = tz;
	zv_tz_to_local(tz, e->at_ms, &e->locals[i].l);
	return &e->locals[i].l;
}

static void add_zone(const struct zv_eval *e, struct zv_candidates *c, uint16_t zone)
{
	const struct zv_tz *tz = zv_zones_get(e->rules->zones, zone);

	if (tz == NULL || c->n == ZV_CANDIDATES_MAX)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		if (c->v[i] == tz)
			return;
	}
	c->v[c->n++] = tz;
}

static void add_residence(const struct zv_eval *e, struct zv_candidates *c)
{
	const struct zv_person_slab *p = e->person;

	for (uint32_t i = 0; i < p->n_residence && i < ZV_SLAB_ZONES_MAX; i++)
		add_zone(e, c, p->residence[i]);
}

static void add_registration(const struct zv_eval *e, struct zv_candidates *c)
{
	const struct zv_person_slab *p = e->person;

	for (uint32_t i = 0; i < p->n_registration && i < ZV_SLAB_ZONES_MAX; i++)
		add_zone(e, c, p->registration[i]);
}

static void add_number(const struct zv_eval *e, struct zv_candidates *c)
{
	const struct zv_person_slab *p = e->person;

	for (uint32_t i = 0; i < p->n_numbers && i < 8; i++) {
		if (p->e164[i] != e->ask->e164 || e->ask->e164 == 0)
			continue;
		for (uint32_t k = 0; k < p->n_zones[i] && k < ZV_SLAB_ZONES_MAX; k++)
			add_zone(e, c, p->zones[i][k]);
	}
}

const struct zv_candidates *zv_eval_zones(struct zv_eval *e, uint8_t tz, uint16_t zone)
{
	struct zv_candidates *c = &e->zones[tz <= ZV_TZ_FIXED ? tz : ZV_TZ_STRICTEST];

	if (tz == ZV_TZ_FIXED) {
		c->n = 0;
		add_zone(e, c, zone);
		return c;
	}
	if ((e->made >> tz & 1) != 0)
		return c;
	e->made |= (uint8_t)(1u << tz);
	c->n = 0;
	if (tz == ZV_TZ_REGISTRATION || tz == ZV_TZ_STRICTEST)
		add_registration(e, c);
	if (tz == ZV_TZ_NUMBER || tz == ZV_TZ_STRICTEST)
		add_number(e, c);
	if (tz == ZV_TZ_RESIDENCE || tz == ZV_TZ_STRICTEST)
		add_residence(e, c);
	/* What is not known is taken from the next best that is. */
	if (c->n == 0)
		add_residence(e, c);
	if (c->n == 0)
		add_number(e, c);
	if (c->n == 0)
		add_registration(e, c);
	if (c->n == 0 && e->ask->default_zone_known)
		add_zone(e, c, e->ask->default_zone);
	return c;
}

const struct zv_candidates *zv_eval_clocks(struct zv_eval *e, const struct zv_rule_window *w)
{
	static const struct zv_candidates none = {1, {NULL}};

	return zv_window_needs_clock(w) ? zv_eval_zones(e, w->tz, w->zone) : &none;
}

const struct zv_bounds *zv_eval_bounds(struct zv_eval *e, const struct zv_rule_window *w,
				       const struct zv_tz *tz, int64_t origin_ms)
{
	uint64_t key = (uint64_t)w->n << 24 | (uint64_t)w->unit << 16 | (uint64_t)w->kind << 8 |
		       w->day_one;
	uint32_t i;

	if (w->kind != ZV_WINDOW_BLOCK)
		origin_ms = 0;
	for (i = 0; i < e->n_known; i++) {
		if (e->known[i].key == key && e->known[i].tz == tz &&
		    e->known[i].origin_ms == origin_ms)
			return &e->known[i].b;
	}
	if (i == ZV_BOUNDS_MAX)
		i = 0;
	else
		e->n_known++;
	e->known[i].tz = tz;
	e->known[i].key = key;
	e->known[i].origin_ms = origin_ms;
	zv_bounds_at(w, tz, tz != NULL ? zv_eval_local(e, tz) : NULL, e->at_ms, origin_ms,
		     &e->known[i].b);
	return &e->known[i].b;
}

int64_t zv_eval_origin(const struct zv_eval *e, uint8_t key)
{
	const struct zv_person_slab *p = e->person;

	if ((key & ZV_KEY_CAMPAIGN) != 0 && e->tally != NULL && e->tally->origin_ms != 0)
		return e->tally->origin_ms;
	if (p->first_ms != 0)
		return p->first_ms;
	return p->n_contacts > 0 ? p->contacts[0].at_ms : 0;
}

int64_t zv_contact_at(const struct zv_contact *c, uint8_t fact)
{
	switch ((enum zv_fact)fact) {
	case ZV_FACT_CONNECT:
	case ZV_FACT_MACHINE:
	case ZV_FACT_LIVE_ANSWER: return c->at_ms + INT64_C(1000) * c->connect_s;
	case ZV_FACT_ABANDON:
	case ZV_FACT_SILENT:
	case ZV_FACT_CONVERSATION:
	case ZV_FACT_REFUSAL: return c->at_ms + INT64_C(1000) * c->end_s;
	case ZV_FACT_INTENT:
	case ZV_FACT_ATTEMPT:
	case ZV_FACT_RING:
	case ZV_FACT_MESSAGE:
	case ZV_FACT_VISIT:
	case ZV_FACT_DIAL_SECONDS:
	case ZV_FACTS: break;
	}
	return c->at_ms;
}

/* The recorded steps that imply each step: who talked was connected, and was rung.  A message or
 * a visit reached the person: where any interaction counts, `ring` is it. */
#define BIT(name) (1u << ZV_FACT_##name)
#define CONNECTED                                                                                  \
	(BIT(CONNECT) | BIT(MACHINE) | BIT(LIVE_ANSWER) | BIT(ABANDON) | BIT(SILENT) |             \
	 BIT(CONVERSATION))
static const uint16_t implied_by[ZV_FACTS] = {
	[ZV_FACT_INTENT] = BIT(INTENT) | BIT(ATTEMPT),
	[ZV_FACT_ATTEMPT] = BIT(ATTEMPT),
	[ZV_FACT_RING] = BIT(RING) | CONNECTED | BIT(MESSAGE) | BIT(VISIT),
	[ZV_FACT_CONNECT] = CONNECTED,
	[ZV_FACT_MACHINE] = BIT(MACHINE),
	[ZV_FACT_LIVE_ANSWER] = BIT(LIVE_ANSWER) | BIT(CONVERSATION),
	[ZV_FACT_ABANDON] = BIT(ABANDON),
	[ZV_FACT_SILENT] = BIT(SILENT),
	[ZV_FACT_CONVERSATION] = BIT(CONVERSATION),
	[ZV_FACT_MESSAGE] = BIT(MESSAGE),
	[ZV_FACT_VISIT] = BIT(VISIT),
	[ZV_FACT_REFUSAL] = BIT(REFUSAL),
	[ZV_FACT_DIAL_SECONDS] = BIT(DIAL_SECONDS) | BIT(ATTEMPT),
};

bool zv_contact_has(const struct zv_contact *c, uint8_t fact)
{
	/* A talk at the door is no call that was answered. */
	if (c->channel == ZV_CHANNEL_VISIT &&
	    (fact == ZV_FACT_CONNECT || fact == ZV_FACT_LIVE_ANSWER))
		return (c->facts & ZV_FACT_BIT(fact)) != 0;
	return (c->facts & implied_by[fact]) != 0;
}

uint16_t zv_channel_facts(uint8_t channel)
{
	const uint16_t all = ZV_FACT_BIT(ZV_FACTS) - 1;
	const uint16_t message = ZV_FACT_BIT(ZV_FACT_MESSAGE), visit = ZV_FACT_BIT(ZV_FACT_VISIT);
	const uint16_t any = ZV_FACT_BIT(ZV_FACT_INTENT) | ZV_FACT_BIT(ZV_FACT_RING) |
			     ZV_FACT_BIT(ZV_FACT_REFUSAL);

	switch ((enum zv_channel)channel) {
	case ZV_CHANNEL_VOICE_AGENT:
	case ZV_CHANNEL_VOICE_AI: return (uint16_t)(all & ~message & ~visit);
	/* A recorded voice message is a message, and a call. */
	case ZV_CHANNEL_VOICE_PREREC: return (uint16_t)(all & ~visit);
	case ZV_CHANNEL_SMS:
	case ZV_CHANNEL_MESSENGER:
	case ZV_CHANNEL_EMAIL: return any | message;
	case ZV_CHANNEL_VISIT: return any | visit | ZV_FACT_BIT(ZV_FACT_CONVERSATION);
	case ZV_CHANNEL_NONE:
	case ZV_CHANNELS: break;
	}
	return all;
}

bool zv_contact_same(const struct zv_contact *c, const struct zv_ask *ask, uint8_t key)
{
	if ((key & ZV_KEY_NUMBER) != 0 && c->e164 != ask->e164 && c->e164 != 0 && ask->e164 != 0)
		return false;
	if ((key & ZV_KEY_CAMPAIGN) != 0 && c->campaign != ask->campaign && c->campaign != 0 &&
	    ask->campaign != 0)
		return false;
	if ((key & ZV_KEY_DEBT) != 0 && c->debt != ask->debt && c->debt != 0 && ask->debt != 0)
		return false;
	if ((key & ZV_KEY_CALLER) != 0 && c->caller != ask->caller && c->caller != 0 &&
	    ask->caller != 0)
		return false;
	return (key & ZV_KEY_TOPIC) == 0 || c->topic == ask->topic || c->topic == 0 ||
	       ask->topic == 0;
}

bool zv_contact_flies(const struct zv_eval *e, const struct zv_contact *c)
{
	/* What is dated in the future (a held message) has its moment, and counts by it. */
	return c->open != 0 && c->at_ms <= e->ask->now_ms;
}
