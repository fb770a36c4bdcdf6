#include "store/ahead.h"

#include "base/log.h"
#include "store/read.h"

static bool suppressed(struct zv_ahead *a, uint64_t e164)
{
	bool yes = true;

	return zv_db_suppressed(a->txn, e164, a->now_cal_ms, &yes) != ZV_OK || yes;
}

/* Number of a zone, from the few names seen before if possible. */
static bool zone_of(struct zv_ahead *a, const char *name, uint16_t *ret_zone)
{
	for (uint32_t i = 0; i < a->n_zones; i++) {
		if (strcmp(a->zones[i].name, name) == 0) {
			*ret_zone = a->zones[i].zone;
			return true;
		}
	}
	if (zv_zones_intern(a->la->intern, name, ret_zone) != ZV_OK)
		return false;
	if (a->n_zones < sizeof(a->zones) / sizeof(a->zones[0])) {
		memcpy(a->zones[a->n_zones].name, name, strlen(name) + 1);
		a->zones[a->n_zones++].zone = *ret_zone;
	}
	return true;
}

/* Its own zone, else what the shell found for the number, else the person's. */
static bool number_zone(struct zv_ahead *a, const struct zv_person_rec *person, uint8_t i,
			struct zv_offer *offer)
{
	uint16_t *zone = &offer->numbers[i].zone;

	if (person->zones[i][0] != 0)
		return zone_of(a, person->zones[i], zone);
	if (a->la->persons.n > 0 && (zv_ahead_number_zone(a, offer->person_slab, i, zone) ||
				     zv_ahead_person_zone(a, offer->person_slab, zone)))
		return true;
	/* Nobody knows: the rules say no, unless the campaign has a zone for such leads. */
	return zone_of(a, "Etc/UTC", zone);
}

static bool fill_numbers(struct zv_ahead *a, const struct zv_person_rec *person,
			 struct zv_offer *offer)
{
	bool ok = false;

	offer->n_numbers = person->n_numbers;
	for (uint8_t i = 0; i < person->n_numbers; i++) {
		struct zv_number_brief *n = &offer->numbers[i];

		*n = person->numbers[i];
		if (!number_zone(a, person, i, offer)) {
			/* Without its zone nobody can tell the hours: doubt means no call. */
			zv_warn("store", "lead %llu: unknown time zone",
				(unsigned long long)offer->lead);
			return false;
		}
		/* With persons' slabs the engine decides, number by number. */
		if (a->la->persons.n == 0 && suppressed(a, n->e164))
			n->status = ZV_NUM_INVALID;
		else if (i == offer->number)
			ok = true;
	}
	return ok;
}

/* The attribute `score`: the chance that a person answers, as "0.27" or "27%"; 0: none told. */
static uint32_t score_ppm(const struct zv_lead_rec *rec)
{
	const char *p = zv_attr_find(rec->attrs, rec->attrs_len, "score");
	uint32_t whole = 0, part = 0, unit = 1000000, ppm;

	if (p == NULL)
		return 0;
	for (; *p >= '0' && *p <= '9' && whole <= 100; p++)
		whole = whole * 10 + (uint32_t)(*p - '0');
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9' && unit > 1; p++) {
			unit /= 10;
			part += (uint32_t)(*p - '0') * unit;
		}
	while (*p >= '0' && *p <= '9')
		p++;
	if (whole > 100 || (*p != 0 && (p[0] != '%' || p[1] != 0)))
		return 0;
	ppm = *p == '%' ? whole * 10000 + part / 100 : whole * 1000000 + part;
	return ppm <= 1000000 ? ppm : 0;
}

static void fill_lead(uint64_t lead, const struct zv_lead_rec *rec, struct zv_offer *offer)
{
	memset(offer, 0, sizeof(*offer));
	offer->lead = lead;
	offer->person = rec->person;
	offer->campaign = zv_lead_campaign(lead);
	offer->due_class = rec->due_class;
	offer->round = rec->round;
	offer->due_ms = rec->due_ms;
	offer->category = rec->category;
	offer->needs_step = rec->needs_step;
	offer->party = rec->party;
	offer->debt = rec->debt;
	offer->topic = rec->topic;
	offer->score_ppm = score_ppm(rec);
	offer->owner = rec->owner;
	/* The promise is of the first call only. */
	offer->sla_ms = rec->sla_s < UINT32_MAX / 1000 ? rec->sla_s * 1000 : UINT32_MAX;
	offer->accepted_ms = rec->first_ms == 0 ? rec->accepted_ms : 0;
	offer->seed = zv_mix64(lead);
	offer->person_slab = UINT32_MAX;
	for (uint8_t i = 0; i < rec->n_history; i++)
		if (rec->history[i].round == rec->round)
			offer->history[offer->n_history++] = rec->history[i];
}

enum zv_filled zv_ahead_fill(struct zv_ahead *a, uint64_t lead, bool ask, struct zv_offer *offer)
{
	struct zv_person_rec person;
	struct zv_lead_rec rec;
	enum zv_filled filled = ZV_FILLED;
	uint16_t zone;
	bool callable;

	if (zv_db_lead_get(a->txn, lead, &rec) != ZV_OK ||
	    zv_db_person_get(a->txn, rec.person, &person) != ZV_OK || person.n_numbers == 0)
		return ZV_FILL_SKIP;
	if (ask ? rec.state != ZV_LEAD_ASKING
		: rec.state != ZV_LEAD_DUE && rec.state != ZV_LEAD_FINAL)
		return ZV_FILL_SKIP;
	fill_lead(lead, &rec, offer);
	offer->number = rec.number < person.n_numbers ? rec.number : 0;
	if (a->la->persons.n > 0)
		filled = zv_ahead_person_take(a, &person, offer);
	if (filled != ZV_FILLED)
		return filled;
	callable = fill_numbers(a, &person, offer);
	offer->zone = offer->numbers[offer->number].zone;
	if (a->la->persons.n > 0 && zv_ahead_person_zone(a, offer->person_slab, &zone))
		offer->zone = zone;
	if (!callable && offer->needs_step == 0)
		filled = ZV_FILL_SKIP;
	else if (offer->needs_step == 0 && a->la->prepare != NULL &&
		 !a->la->prepare(a->la->arg, offer, rec.attrs, rec.attrs_len))
		filled = ZV_FILL_LATER;
	if (filled != ZV_FILLED && offer->person_slab != UINT32_MAX)
		zv_ahead_person_drop(a, offer->person_slab);
	return filled;
}
