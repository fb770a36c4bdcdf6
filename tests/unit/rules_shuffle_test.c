/* Two campaigns, the same persons, a million questions in random interleavings with random ends
 * of calls: no limit is ever passed, by a count that knows nothing of the rules' code. */
#include "rules_bed.h"

#define PERSONS  60u
#define REQUESTS 1000000u
#define EVENTS   1200u
#define MSK_MS   (3 * HOUR_MS) /* Moscow has had one offset since 2014 */

/* Everything that was ever done to a person. */
struct history {
	uint32_t n;
	struct {
		int64_t at_ms, talk_ms; /* talk_ms 0: none */
		uint32_t debt;
		bool gone;
	} v[EVENTS];
};

static struct zv_person_slab slabs[PERSONS];
static struct history histories[PERSONS];
static struct {
	uint32_t person, event;
	uint64_t lo;
	int64_t at_ms;
} open_calls[4096];
static uint32_t n_open;
static uint64_t seed;
static int64_t now_ms;

static uint64_t draw(uint64_t below)
{
	return zv_mix64(seed++) % below;
}

static int64_t day_of(int64_t at_ms)
{
	return (at_ms + MSK_MS) / DAY_MS;
}

static int64_t week_of(int64_t at_ms)
{
	return (day_of(at_ms) + 3) / 7; /* from Monday */
}

/* Counts that must hold whenever something has happened at at_ms. */
static void check_attempts(const struct history *h, int64_t at_ms)
{
	uint32_t day = 0, rolling = 0;

	for (uint32_t i = h->n; i-- > 0 && h->v[i].at_ms > at_ms - 3 * DAY_MS;) {
		if (h->v[i].gone)
			continue;
		day += day_of(h->v[i].at_ms) == day_of(at_ms);
		rolling += h->v[i].at_ms > at_ms - DAY_MS && h->v[i].at_ms <= at_ms;
	}
	cr_assert_leq(day, 4, "%u attempts a day", day);
	cr_assert_leq(rolling, 5, "%u attempts in 24 h", rolling);
}

static void check_talks(const struct history *h, uint32_t event)
{
	int64_t at = h->v[event].talk_ms;
	uint32_t day = 0, week = 0, rolling = 0, debt = 0;

	for (uint32_t i = h->n; i-- > 0 && h->v[i].at_ms > at - 10 * DAY_MS;) {
		int64_t talk = h->v[i].talk_ms;

		if (talk == 0)
			continue;
		day += day_of(talk) == day_of(at);
		week += week_of(talk) == week_of(at);
		rolling += talk > at - 7 * DAY_MS && talk <= at;
		/* three days after a talk about a debt, its day being the first */
		debt += i != event && h->v[i].debt == h->v[event].debt &&
			day_of(at) - day_of(talk) < 3 && day_of(at) >= day_of(talk);
	}
	cr_assert_leq(day, 2, "%u talks a day", day);
	cr_assert_leq(week, 3, "%u talks a week", week);
	cr_assert_leq(rolling, 3, "%u talks in 7 days", rolling);
	cr_assert_eq(debt, 0, "a talk too soon after the last one");
}

static void rules(void)
{
	struct zv_rule *r;

	r = bed_freq(
		ZV_FACT_CONVERSATION, 2,
		(struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1});
	r = bed_freq(
		ZV_FACT_CONVERSATION, 3,
		(struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_WEEK, .n = 1});
	r->u.freq.n_windows = 2;
	r->u.freq.windows[1] =
		(struct zv_rule_window){.kind = ZV_WINDOW_ROLLING, .unit = ZV_UNIT_DAY, .n = 7};
	bed_freq(ZV_FACT_ATTEMPT, 4,
		 (struct zv_rule_window){.kind = ZV_WINDOW_CALENDAR, .unit = ZV_UNIT_DAY, .n = 1});
	bed_freq(ZV_FACT_ATTEMPT, 5,
		 (struct zv_rule_window){.kind = ZV_WINDOW_ROLLING, .unit = ZV_UNIT_HOUR, .n = 24});
	r = bed_cooldown(ZV_FACT_CONVERSATION, (struct zv_rule_window){.kind = ZV_WINDOW_ROLLING,
								       .unit = ZV_UNIT_DAY,
								       .n = 3,
								       .day_one = true});
	r->u.cooldown.key = ZV_KEY_PERSON | ZV_KEY_DEBT;
	bed_hours(ZV_DAY_ANY, 0, 1435);
}

/* Ends one call: nothing was sent, nobody answered, or a talk. */
static void end_call(uint32_t k)
{
	uint32_t person = open_calls[k].person, event = open_calls[k].event;
	struct history *h = &histories[person];
	struct zv_contact *c =
		zv_person_contact(&slabs[person], (struct zv_attempt_id){1, open_calls[k].lo});
	uint64_t what = draw(10);

	cr_assert_not_null(c);
	if (what == 0) {
		zv_person_drop(&slabs[person], c->attempt);
		h->v[event].gone = true;
	} else {
		c->facts = what < 6 ? TRY : TALK;
		c->end_s = (uint16_t)((now_ms - c->at_ms) / 1000);
		c->open = 0;
		if (what >= 6) {
			h->v[event].talk_ms = c->at_ms + c->end_s * INT64_C(1000);
			check_talks(h, event);
		}
	}
	open_calls[k] = open_calls[--n_open];
}

static bool request(uint32_t person, uint32_t number, struct zv_verdict *verdict)
{
	struct history *h = &histories[person];
	struct zv_ask ask = bed.ask;
	struct zv_contact c;

	ask.now_ms = now_ms;
	ask.campaign = 1 + (uint32_t)draw(2);
	ask.debt = 1 + (uint32_t)draw(2);
	zv_decide(&bed.rules, NULL, &slabs[person], NULL, &ask, verdict);
	if (verdict->answer != ZV_ANSWER_YES)
		return false;
	c = (struct zv_contact){.at_ms = now_ms,
				.attempt = {1, number},
				.e164 = ask.e164,
				.campaign = ask.campaign,
				.debt = ask.debt,
				.facts = ZV_FACT_BIT(ZV_FACT_INTENT),
				.channel = ask.channel};
	cr_assert_eq(zv_person_reserve(&slabs[person], &c, bed.rules.reach_ms), ZV_OK);
	cr_assert_lt(h->n, EVENTS);
	h->v[h->n].at_ms = now_ms;
	h->v[h->n].debt = ask.debt;
	open_calls[n_open].person = person;
	open_calls[n_open].event = h->n++;
	open_calls[n_open].at_ms = now_ms;
	open_calls[n_open++].lo = number;
	check_attempts(h, now_ms);
	return true;
}

Test(rules_shuffle, a_million_requests_never_pass_a_limit, .init = bed_start)
{
	uint32_t yes = 0, waits = 0;
	struct zv_verdict verdict;
	const char *env = getenv("ZVONAR_SEED");

	seed = env != NULL ? strtoull(env, NULL, 10) : 20261122;
	rules();
	now_ms = msk("2026-03-11 00:00");
	bed_ask(now_ms); /* finishes the set */
	for (uint32_t p = 0; p < PERSONS; p++)
		slabs[p] = bed.person;
	for (uint32_t i = 1; i <= REQUESTS; i++) {
		now_ms += (int64_t)draw(20) * 1000;
		if (request((uint32_t)draw(PERSONS), i, &verdict)) {
			yes++;
		} else {
			for (uint32_t k = 0; k < verdict.n_counts; k++)
				waits += verdict.counts[k].in_flight > 0;
			cr_assert_gt(verdict.until_ms, now_ms);
		}
		/* Calls end in no order, and none lasts longer than half an hour. */
		while (n_open > 0 && draw(5) == 0)
			end_call((uint32_t)draw(n_open));
		for (uint32_t k = 0; k < n_open;) {
			if (now_ms - open_calls[k].at_ms > 1800000)
				end_call(k);
			else
				k++;
		}
	}
	/* It was a test: calls were made, and some had to wait for others in flight. */
	cr_assert_gt(yes, 5000, "%u calls", yes);
	cr_assert_gt(waits, 1000, "%u waited", waits);
}
