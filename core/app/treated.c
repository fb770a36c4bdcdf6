/* Contacts whose jurisdiction wants a treatment that their campaign does not give: they are held
 * back when they are read, counted, and shown with the rule and what to write.
 *
 * Threads: the lookahead asks and counts, main shows; one lock, never held for long. */
#include <stdlib.h>
#include <string.h>

#include "app/daemon_int.h"
#include "base/hash.h"
#include "base/log.h"

#define LEADS_MAX 65536u /* a power of two; half of it is used: beyond that "at least" */

/* False: it stands there already, or there is no room. */
static bool add_lead(struct zv_treatment *t, uint64_t lead)
{
	uint32_t i = (uint32_t)zv_mix64(lead) & (LEADS_MAX - 1);

	if (t->leads == NULL)
		t->leads = calloc(LEADS_MAX, sizeof(*t->leads));
	if (t->leads == NULL)
		return false;
	while (t->leads[i] != 0 && t->leads[i] != lead)
		i = (i + 1) & (LEADS_MAX - 1);
	if (t->leads[i] == lead)
		return false;
	if (t->n_leads >= LEADS_MAX / 2) {
		t->more = true;
		return false;
	}
	t->leads[i] = lead;
	t->n_leads++;
	return true;
}

/* The walks to come count again. */
static void count_anew(struct zv_treatment *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		t->v[i].held = 0;
	if (t->leads != NULL)
		memset(t->leads, 0, LEADS_MAX * sizeof(*t->leads));
	t->n_leads = 0;
	t->more = false;
}

static struct zv_treated *entry(struct zv_treatment *t, uint32_t campaign, const char *jur)
{
	struct zv_treated *e;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i].campaign == campaign && strcmp(t->v[i].jur, jur) == 0)
			return &t->v[i];
	e = &t->v[t->n < ZV_TREATED_MAX ? t->n++ : 0];
	*e = (struct zv_treated){.campaign = campaign, .day = -1, .good = true};
	snprintf(e->jur, sizeof(e->jur), "%s", jur);
	return e;
}

/* Once for each set of rules and day. */
static void look(struct zv_daemon *d, struct zv_treated *e, int64_t cal_ms, int32_t day)
{
	bool was_good = e->good;

	e->generation = d->ahead->generation;
	e->day = day;
	e->good = zv_config_treats(d->ahead, e->campaign, e->jur, cal_ms, e->why, sizeof(e->why));
	if (e->good != was_good)
		count_anew(&d->treatment);
	if (was_good && !e->good)
		zv_warn("law", "campaign %s: its contacts in %s are not called: %s",
			d->ahead->campaigns[e->campaign].name, e->jur, e->why);
}

bool zv_daemon_treats(struct zv_daemon *d, uint32_t campaign, const char *jur, uint64_t lead)
{
	int64_t cal_ms = zv_clock_now(&d->clock).cal_ms;
	int32_t day = (int32_t)(cal_ms / 86400000);
	struct zv_treatment *t = &d->treatment;
	struct zv_treated *e;
	bool good;

	pthread_mutex_lock(&t->lock);
	if (t->generation != d->ahead->generation) {
		t->generation = d->ahead->generation;
		count_anew(t);
	}
	e = entry(t, campaign, jur);
	if (e->generation != d->ahead->generation || e->day != day)
		look(d, e, cal_ms, day);
	good = e->good;
	if (!good && add_lead(t, lead))
		e->held++;
	pthread_mutex_unlock(&t->lock);
	return good;
}

json_t *zv_daemon_held_back(struct zv_daemon *d, uint32_t campaign)
{
	struct zv_treatment *t = &d->treatment;
	json_t *all = NULL;

	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct zv_treated *e = &t->v[i];

		if (e->campaign != campaign || e->good || e->held == 0)
			continue;
		if (all == NULL)
			all = json_object();
		json_object_set_new(all, e->jur, json_pack("{s:I, s:b, s:s}", "leads",
			(json_int_t)e->held, "at_least", (int)t->more, "why", e->why));
	}
	pthread_mutex_unlock(&t->lock);
	return all;
}

uint64_t zv_daemon_held_back_all(struct zv_daemon *d)
{
	uint32_t n;

	pthread_mutex_lock(&d->treatment.lock);
	n = d->treatment.n_leads;
	pthread_mutex_unlock(&d->treatment.lock);
	return n;
}

void zv_daemon_treatment_end(struct zv_daemon *d)
{
	free(d->treatment.leads);
	pthread_mutex_destroy(&d->treatment.lock);
}
