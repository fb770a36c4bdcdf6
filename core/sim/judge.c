#include "sim/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/judge_law.h"

#define EPOCHS_MAX 65536u

/* What the judge knows of an attempt. */
struct attempt {
	uint32_t lead, person; /* + 1; 0: never dialled */
	uint32_t past;         /* + 1: its entry in the person's log */
	uint32_t intents, invites; /* bits: sub-attempts */
	uint8_t outcomes, outcome;
	uint16_t campaign;
	bool on_disk, over, owed, served, unknown;
	int64_t over_ms;
};

struct lead { uint32_t busy; int64_t rests_ms; };   /* busy: attempt + 1 under way */
struct person { uint32_t busy, past; bool optout; };

struct zv_judge {
	const struct zv_engine_conf *conf;
	struct attempt *v;
	uint32_t n, cap;
	uint32_t bases[EPOCHS_MAX]; /* of an epoch's attempts */
	uint32_t epoch;
	struct lead *leads;
	struct person *persons;
	struct zv_judge_past *pasts;
	uint32_t n_pasts, cap_pasts;
	struct zv_verdicts r;
	int64_t jump_ms; /* the longest of the calendar */
	bool no_memory;
};

__attribute__((format(printf, 3, 4)))
static void broken(struct zv_judge *j, enum zv_judge_rule rule, const char *fmt, ...)
{
	va_list args;
	int n;

	j->r.broken[rule]++;
	if (j->r.first[0] != 0)
		return;
	n = snprintf(j->r.first, sizeof(j->r.first), "I%d: ", (int)rule);
	va_start(args, fmt);
	(void)vsnprintf(j->r.first + n, sizeof(j->r.first) - (size_t)n, fmt, args);
	va_end(args);
}

enum zv_err zv_judge_create(const struct zv_engine_conf *conf, uint32_t n_leads, uint32_t n_persons,
			    struct zv_judge **ret_judge)
{
	struct zv_judge *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ZV_ENOMEM;
	j->conf = conf;
	j->cap = j->cap_pasts = n_leads + 1024;
	j->v = calloc(j->cap, sizeof(*j->v));
	j->pasts = calloc(j->cap_pasts, sizeof(*j->pasts));
	j->leads = calloc(n_leads, sizeof(*j->leads));
	j->persons = calloc(n_persons, sizeof(*j->persons));
	if (j->v == NULL || j->pasts == NULL || j->leads == NULL || j->persons == NULL) {
		zv_judge_destroy(j);
		return ZV_ENOMEM;
	}
	*ret_judge = j;
	return ZV_OK;
}

void zv_judge_destroy(struct zv_judge *judge)
{
	if (judge == NULL)
		return;
	free(judge->v);
	free(judge->pasts);
	free(judge->leads);
	free(judge->persons);
	free(judge);
}

void zv_judge_clock(struct zv_judge *judge, int64_t by_ms)
{
	by_ms = by_ms < 0 ? -by_ms : by_ms;
	if (by_ms > judge->jump_ms)
		judge->jump_ms = by_ms;
}

void zv_judge_epoch(struct zv_judge *judge, uint32_t epoch)
{
	judge->epoch = epoch;
	judge->bases[epoch % EPOCHS_MAX] = judge->n;
}

/* NULL: no memory; the run's verdict says so. */
static struct attempt *attempt_of(struct zv_judge *j, struct zv_attempt_id id)
{
	uint32_t epoch = (uint32_t)(id.hi >> 16);
	uint64_t i = j->bases[epoch % EPOCHS_MAX] + id.lo - 1;

	if (i >= j->cap) {
		uint64_t cap = i < 2 * (uint64_t)j->cap ? 2 * (uint64_t)j->cap : i + 1;
		struct attempt *v = cap < UINT32_MAX ? realloc(j->v, cap * sizeof(*v)) : NULL;

		if (v == NULL) {
			j->no_memory = true;
			return NULL;
		}
		memset(v + j->cap, 0, (cap - j->cap) * sizeof(*v));
		j->v = v;
		j->cap = (uint32_t)cap;
	}
	if (i >= j->n)
		j->n = (uint32_t)i + 1;
	return &j->v[i];
}

void zv_judge_intent(struct zv_judge *judge, struct zv_attempt_id attempt, uint8_t sub)
{
	struct attempt *a = attempt_of(judge, attempt);

	if (a == NULL)
		return;
	a->on_disk = true;
	a->intents |= UINT32_C(1) << (sub & 31);
}

static void remember(struct zv_judge *j, struct attempt *a, const struct zv_judge_call *call)
{
	struct person *p = &j->persons[call->person];

	if (j->n_pasts == j->cap_pasts) {
		struct zv_judge_past *v = realloc(j->pasts, 2 * (size_t)j->cap_pasts * sizeof(*v));

		if (v == NULL) {
			j->no_memory = true;
			return;
		}
		j->pasts = v;
		j->cap_pasts *= 2;
	}
	j->pasts[j->n_pasts] = (struct zv_judge_past){.at_ms = call->cal_ms, .prev = p->past};
	p->past = a->past = ++j->n_pasts;
}

static void look_at_law(struct zv_judge *j, const struct zv_judge_call *call)
{
	struct zv_judge_ask ask = {
		.conf = j->conf, .campaign = call->campaign, .zone = call->zone, .at_ms = call->cal_ms,
		.pool = j->pasts, .newest = j->persons[call->person].past,
	};
	const char *rule;

	j->r.looked[ZV_I6]++;
	if (!zv_judge_hours(&ask))
		broken(j, ZV_I6, "an INVITE to lead %llu at %lld, outside hours",
		       (unsigned long long)call->lead, (long long)call->cal_ms);
	j->r.looked[ZV_I3]++;
	if (j->persons[call->person].optout)
		broken(j, ZV_I3, "an INVITE to person %llu, who asked for none",
		       (unsigned long long)call->person);
	rule = zv_judge_rules(&ask);
	if (rule != NULL)
		broken(j, ZV_I3, "an INVITE to lead %llu at %lld that %s forbids",
		       (unsigned long long)call->lead, (long long)call->cal_ms, rule);
}

static void look_at_order(struct zv_judge *j, const struct attempt *a, uint32_t index,
			  const struct zv_judge_call *call)
{
	uint32_t bit = UINT32_C(1) << (call->sub & 31);
	const struct lead *lead = &j->leads[call->lead];
	const struct person *person = &j->persons[call->person];

	j->r.looked[ZV_I1]++;
	j->r.looked[ZV_I2]++;
	if ((a->intents & bit) == 0)
		broken(j, ZV_I1, "an INVITE to lead %llu without an intent on disk",
		       (unsigned long long)call->lead);
	if ((a->invites & bit) != 0)
		broken(j, ZV_I2, "a second INVITE of one attempt to lead %llu",
		       (unsigned long long)call->lead);
	if (lead->busy != 0 && (lead->busy != index + 1 || !a->over))
		broken(j, ZV_I2, "a second INVITE at once to lead %llu", (unsigned long long)call->lead);
	if (person->busy != 0 && person->busy != lead->busy && !j->v[person->busy - 1].unknown)
		broken(j, ZV_I2, "person %llu is called twice at once", (unsigned long long)call->person);
	if (call->cal_ms + j->jump_ms < lead->rests_ms)
		broken(j, ZV_I2, "an INVITE to lead %llu, whose last attempt a crash left open",
		       (unsigned long long)call->lead);
}

void zv_judge_invite(struct zv_judge *judge, const struct zv_judge_call *call)
{
	struct attempt *a = attempt_of(judge, call->attempt);
	uint32_t index;

	if (a == NULL)
		return;
	index = (uint32_t)(a - judge->v);
	look_at_order(judge, a, index, call);
	if (a->invites == 0)
		remember(judge, a, call);
	look_at_law(judge, call);
	a->invites |= UINT32_C(1) << (call->sub & 31);
	a->lead = (uint32_t)call->lead + 1;
	a->person = (uint32_t)call->person + 1;
	a->campaign = (uint16_t)call->campaign;
	a->over = false;
	judge->leads[call->lead].busy = judge->persons[call->person].busy = index + 1;
}

void zv_judge_over(struct zv_judge *judge, struct zv_attempt_id attempt, int64_t mono_ms)
{
	struct attempt *a = attempt_of(judge, attempt);
	uint32_t index;

	if (a == NULL || a->lead == 0)
		return;
	index = (uint32_t)(a - judge->v);
	a->over = true;
	a->over_ms = mono_ms;
	if (judge->leads[a->lead - 1].busy == index + 1)
		judge->leads[a->lead - 1].busy = 0;
	if (judge->persons[a->person - 1].busy == index + 1)
		judge->persons[a->person - 1].busy = 0;
}

void zv_judge_answered(struct zv_judge *judge, struct zv_attempt_id attempt, bool owed)
{
	struct attempt *a = attempt_of(judge, attempt);

	if (a == NULL)
		return;
	a->owed = owed;
	if (a->past != 0)
		judge->pasts[a->past - 1].connected = true;
}

void zv_judge_machine(struct zv_judge *judge, struct zv_attempt_id attempt)
{
	struct attempt *a = attempt_of(judge, attempt);

	if (a != NULL)
		a->owed = false;
}

void zv_judge_served(struct zv_judge *judge, struct zv_attempt_id attempt)
{
	struct attempt *a = attempt_of(judge, attempt);

	if (a != NULL)
		a->served = true;
}

void zv_judge_optout(struct zv_judge *judge, uint64_t person, bool unsay)
{
	judge->persons[person].optout = !unsay;
}

void zv_judge_outcome(struct zv_judge *judge, struct zv_attempt_id attempt, uint8_t outcome, bool amend)
{
	struct attempt *a = attempt_of(judge, attempt);

	if (a == NULL)
		return;
	if (amend) {
		if (a->past != 0 && outcome == ZV_OUT_ABANDONED)
			judge->pasts[a->past - 1].conversation = false; /* now it is known */
		if (!a->unknown)
			broken(judge, ZV_I4, "an outcome is amended that was not unknown");
		return;
	}
	if (a->outcomes < UINT8_MAX)
		a->outcomes++;
	a->outcome = outcome;
	if (!a->on_disk)
		broken(judge, ZV_I4, "an outcome of an attempt that has no intent");
	if (a->past != 0 && outcome == ZV_OUT_ANSWERED)
		judge->pasts[a->past - 1].conversation = true;
}

void zv_judge_crash(struct zv_judge *judge, int64_t cal_ms)
{
	for (uint32_t i = 0; i < judge->n; i++) {
		struct attempt *a = &judge->v[i];

		if (!a->on_disk || a->outcomes > 0)
			continue;
		a->unknown = true;
		a->outcomes = 1;
		a->outcome = ZV_OUT_UNKNOWN;
		if (a->past != 0)
			judge->pasts[a->past - 1].connected = judge->pasts[a->past - 1].conversation = true;
		if (a->lead != 0)
			judge->leads[a->lead - 1].rests_ms =
				cal_ms + (int64_t)judge->conf->campaigns[a->campaign].unknown_rest_s * 1000;
	}
}

/* May the outcome still be on its way?  A wrap-up lasts, and a disk may have stood still. */
static bool pending(const struct attempt *a, int64_t mono_ms)
{
	return !a->over || a->over_ms > mono_ms - (a->served ? 7200000 : 180000);
}

static void look_at_end(struct zv_judge *j, const struct attempt *a, int64_t mono_ms)
{
	bool abandoned = a->owed && !a->served;

	if (a->lead == 0) {
		if (a->outcomes > 1)
			broken(j, ZV_I4, "%u outcomes of an attempt that was never sent", a->outcomes);
		return;
	}
	j->r.looked[ZV_I4]++;
	if (a->outcomes > 1 || (a->outcomes == 0 && !pending(a, mono_ms)))
		broken(j, ZV_I4, "%u outcomes of a call to lead %u", a->outcomes, a->lead - 1);
	else if (a->outcomes == 1 && a->outcome == ZV_OUT_NOT_SENT)
		broken(j, ZV_I4, "a call to lead %u stands as not sent", a->lead - 1);
	if (!a->over || a->unknown || a->outcomes != 1)
		return;
	j->r.looked[ZV_I5]++;
	if ((a->outcome == ZV_OUT_ABANDONED) != abandoned)
		broken(j, ZV_I5, "a call to lead %u that was %s stands as outcome %u", a->lead - 1,
		       abandoned ? "abandoned" : "not abandoned", a->outcome);
}

void zv_judge_end(struct zv_judge *judge, int64_t mono_ms, struct zv_verdicts *ret_verdicts)
{
	for (uint32_t i = 0; i < judge->n; i++)
		look_at_end(judge, &judge->v[i], mono_ms);
	if (judge->no_memory)
		broken(judge, ZV_I4, "the judge had no memory left");
	*ret_verdicts = judge->r;
}
