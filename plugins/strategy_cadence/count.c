/* From a lead's history to where it stands: one pass, oldest attempt first. */
#include <string.h>

#include "cadence.h"

/* What one rule counts of the attempts that it selects. */
struct tally {
	uint8_t total, in_a_day, in_a_row;
	bool last; /* the attempt just looked at was one of them */
};

struct pass {
	const struct cadence *c;
	struct standing s;
	int32_t cadence_day; /* local day of the last attempt that counted */
	bool cut;            /* that calling day was cut short: an attempt that does not count */
	uint8_t busy_today;
	int32_t busy_day;
	uint8_t calling_days;
	struct tally rules[RULES_MAX];
	struct tally ends[ENDS_MAX];
	bool applied[RULES_MAX]; /* at an earlier attempt */
};

static bool selects(const struct when *w, const struct zv_attempt_brief *a, uint8_t class)
{
	switch ((enum select)w->select) {
	case SELECT_ANY: return true;
	case SELECT_CLASS: return (w->set >> class & 1) != 0;
	case SELECT_OUTCOME: return (w->set >> a->outcome & 1) != 0;
	case SELECT_RESULT:
		return a->outcome == ZV_OUT_ANSWERED && (w->results[a->result / 64] >> a->result % 64 & 1) != 0;
	}
	return false;
}

static void tally(struct tally *t, const struct when *w, const struct zv_attempt_brief *a,
		  uint8_t class, bool new_day)
{
	if (new_day)
		t->in_a_day = 0;
	t->last = selects(w, a, class);
	if (t->last) {
		t->total++;
		t->in_a_day++;
		t->in_a_row++;
	} else {
		t->in_a_row = 0;
	}
}

static bool holds(const struct pass *p, const struct when *w, const struct tally *t)
{
	return t->last && t->total >= w->total && t->in_a_day >= w->in_a_day &&
	       t->in_a_row >= w->in_a_row && p->s.attempts >= w->attempts &&
	       p->calling_days >= w->calling_days && (w->day == 0 || p->s.day_no == w->day) &&
	       (w->after == 0 || p->applied[w->after - 1]) &&
	       (w->most == CLASS_NOTHING || 2 * p->s.by_class[w->most] > p->s.attempts);
}

static const struct rule *first_match(const struct pass *p)
{
	for (uint8_t i = 0; i < p->c->n_rules; i++) {
		const struct rule *r = &p->c->rules[i];

		if (holds(p, &r->when, &p->rules[i]) && !(r->once && p->applied[i]))
			return r;
	}
	return NULL;
}

/* Busy is forgiven a few times a day; then it is as good as nobody answering. */
static uint8_t class_of(struct pass *p, const struct zv_attempt_brief *a, int32_t day)
{
	uint8_t class = a->outcome < ZV_OUT_MAX ? p->c->class_of[a->outcome] : (uint8_t)CLASS_NOTHING;

	if (class == CLASS_ANSWERED && a->result == 0)
		return CLASS_NO_ANSWER; /* somebody lifted, and nothing came of it */
	if (class != CLASS_BUSY)
		return class;
	if (p->busy_day != day) {
		p->busy_day = day;
		p->busy_today = 0;
	}
	p->busy_today++;
	return p->busy_today >= p->c->busy_counts_from ? CLASS_NO_ANSWER : CLASS_BUSY;
}

/* An attempt that counts.  A calling day that was cut short by an attempt that does not count goes
 * on with what it had left. */
static void count(struct pass *p, const struct zv_attempt_brief *a, uint8_t class, int32_t day)
{
	struct standing *s = &p->s;
	bool new_day = s->attempts == 0 || day != p->cadence_day;
	bool goes_on = p->cut && s->day_no > 0 && s->day_no <= p->c->n_days &&
		       s->day_used < p->c->day_calls[s->day_no - 1];

	if (new_day)
		p->calling_days++;
	if (new_day && !goes_on) {
		s->day_no++;
		s->day_used = 0;
	}
	if (class != CLASS_BUSY)
		s->day_used++;
	s->attempts++;
	s->by_class[class]++;
	for (uint8_t i = 0; i < p->c->n_rules; i++)
		tally(&p->rules[i], &p->c->rules[i].when, a, class, new_day);
	for (uint8_t i = 0; i < p->c->n_ends; i++)
		tally(&p->ends[i], &p->c->ends[i].when, a, class, new_day);
	p->cadence_day = day;
	p->cut = false;
}

static enum zv_err look_at(struct pass *p, const struct zv_strategy_in *in,
			   const struct zv_attempt_brief *a)
{
	struct standing *s = &p->s;
	struct zv_local local;
	enum zv_err err;

	err = p->c->host->to_local(p->c->host->ctx, in->zone, a->at_ms, &local);
	if (err != ZV_OK)
		return err;
	if (s->rule != NULL) /* of the attempt before */
		p->applied[s->rule - p->c->rules] = true;
	s->rule = NULL;
	s->last = a;
	s->n++;
	s->today = local.day;
	s->second = local.second_of_day;
	s->last_class = class_of(p, a, local.day);
	if (s->last_class == CLASS_NOTHING) {
		s->idle_row++;
		if (s->attempts > 0 && local.day == p->cadence_day)
			p->cut = true;
		return ZV_OK;
	}
	s->idle_row = 0;
	count(p, a, s->last_class, local.day);
	s->rule = first_match(p);
	return ZV_OK;
}

enum zv_err cadence_count(const struct cadence *cadence, const struct zv_strategy_in *in,
			  struct standing *ret_standing)
{
	struct pass p;

	memset(&p, 0, sizeof(p));
	p.c = cadence;
	for (uint8_t i = 0; i < in->n_history; i++) {
		enum zv_err err;

		if (in->history[i].round != in->round)
			continue;
		err = look_at(&p, in, &in->history[i]);
		if (err != ZV_OK)
			return err;
	}
	if (p.s.n == 0)
		return ZV_EINVAL;
	for (uint8_t i = 0; i < cadence->n_ends && p.s.end == NULL; i++) {
		if (!cadence->ends[i].has_when || holds(&p, &cadence->ends[i].when, &p.ends[i]))
			p.s.end = &cadence->ends[i];
	}
	*ret_standing = p.s;
	return ZV_OK;
}
