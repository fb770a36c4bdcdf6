#include "dial/route/route.h"

#include <string.h>

#include "base/hash.h"
#include "dial/event.h"

/* A bucket holds at most this much of a second: what a stall saves up is lost, not caught up. */
#define BUCKET_MS 50
#define BORROW_MS 100 /* what a failed-over attempt may take in advance */

void zv_router_init(struct zv_router *router, const struct zv_engine_conf *conf)
{
	memset(router, 0, sizeof(*router));
	router->conf = conf;
	for (uint32_t i = 0; i < ZV_TRUNKS_MAX; i++)
		router->trunks[i].state = ZV_TRUNK_UP;
}

static void refill(struct zv_trunk *trunk, const struct zv_trunk_conf *conf, int64_t mono_ms)
{
	int64_t max = (int64_t)conf->cps * BUCKET_MS;
	int64_t elapsed_ms = mono_ms - trunk->refilled_ms;

	if (elapsed_ms <= 0)
		return;
	max = max < 1000 ? 1000 : max;
	elapsed_ms = elapsed_ms > 10000 ? 10000 : elapsed_ms;
	trunk->tokens_milli += elapsed_ms * conf->cps;
	if (trunk->tokens_milli > max)
		trunk->tokens_milli = max;
	trunk->refilled_ms = mono_ms;
}

/* Digits of the longest prefix that fits, -1 if the trunk does not serve the number. */
static int prefix_fit(const struct zv_trunk_conf *conf, uint64_t called)
{
	int best = conf->n_prefixes == 0 ? 0 : -1;
	uint8_t digits = 0;

	for (uint64_t n = called; n != 0; n /= 10)
		digits++;
	for (uint32_t i = 0; i < conf->n_prefixes; i++) {
		const struct zv_prefix *p = &conf->prefixes[i];
		uint64_t head = called;

		if (p->digits > digits)
			continue;
		for (uint8_t d = digits; d > p->digits; d--)
			head /= 10;
		if ((p->digits == 0 || head == p->value) && p->digits > best)
			best = p->digits;
	}
	return best;
}

static bool better(const struct zv_trunk_conf *a, int fit_a, const struct zv_trunk_conf *b, int fit_b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	if (fit_a != fit_b)
		return fit_a > fit_b;
	return a->cost < b->cost;
}

/* When the trunk may take a call: 0 = now, INT64_MAX = when something happens, else that time. */
static int64_t ready_at(struct zv_trunk *trunk, const struct zv_trunk_conf *conf,
			const struct zv_route_ask *ask)
{
	int64_t mono_ms = ask->mono_ms;
	int64_t need = ask->borrow ? 1000 - (int64_t)conf->cps * BORROW_MS : 1000;
	uint32_t unanswered_max = conf->unanswered_max != 0 ? conf->unanswered_max : conf->cps;

	if (trunk->state == ZV_TRUNK_DOWN || trunk->calls >= conf->channels ||
	    trunk->unanswered >= unanswered_max || conf->cps == 0)
		return INT64_MAX;
	if (trunk->slow_until_ms > mono_ms)
		return trunk->slow_until_ms;
	refill(trunk, conf, mono_ms);
	if (trunk->tokens_milli >= need)
		return 0;
	return mono_ms + (1000 - trunk->tokens_milli + conf->cps - 1) / conf->cps;
}

/* Of trunks that are equally good, the one whose turn it is by weight. */
static uint16_t by_weight(struct zv_router *router, const uint16_t *ids, uint32_t n)
{
	int64_t sum = 0;
	uint16_t pick = ids[0];

	if (n == 1)
		return pick;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t weight = router->conf->trunks[ids[i]].weight;

		weight = weight == 0 ? 1 : weight;
		sum += weight;
		router->trunks[ids[i]].credit += weight;
		if (router->trunks[ids[i]].credit > router->trunks[pick].credit)
			pick = ids[i];
	}
	router->trunks[pick].credit -= sum;
	return pick;
}

/* The trunks that are free now and equally good. */
static enum zv_route_result find(struct zv_router *router, const struct zv_route_ask *ask,
				 uint16_t equal[ZV_TRUNKS_MAX], uint32_t *ret_n, int64_t *ret_again_ms)
{
	const struct zv_engine_conf *conf = router->conf;
	uint32_t n = 0;
	int best_fit = -1;
	bool served = false;
	int64_t again_ms = INT64_MAX;

	for (uint16_t i = 0; i < conf->n_trunks; i++) {
		const struct zv_trunk_conf *tc = &conf->trunks[i];
		int fit = prefix_fit(tc, ask->called);
		int64_t at_ms;

		if (!tc->enabled || fit < 0)
			continue;
		served = true;
		if (ask->tried >> i & 1)
			continue;
		at_ms = ready_at(&router->trunks[i], tc, ask);
		if (at_ms != 0) {
			again_ms = at_ms < again_ms ? at_ms : again_ms;
			continue;
		}
		if (n > 0 && better(&conf->trunks[equal[0]], best_fit, tc, fit))
			continue;
		if (n > 0 && better(tc, fit, &conf->trunks[equal[0]], best_fit))
			n = 0;
		best_fit = fit;
		equal[n++] = i;
	}
	*ret_n = n;
	if (n > 0)
		return ZV_ROUTE_OK;
	*ret_again_ms = again_ms == INT64_MAX ? 0 : again_ms;
	return served ? ZV_ROUTE_BUSY : ZV_ROUTE_NONE;
}

enum zv_route_result zv_route_look(struct zv_router *router, const struct zv_route_ask *ask,
				   int64_t *ret_again_ms)
{
	uint16_t equal[ZV_TRUNKS_MAX];
	uint32_t n;

	return find(router, ask, equal, &n, ret_again_ms);
}

enum zv_route_result zv_route_take(struct zv_router *router, const struct zv_route_ask *ask,
				   uint16_t *ret_trunk, int64_t *ret_again_ms)
{
	uint16_t equal[ZV_TRUNKS_MAX];
	uint32_t n;
	struct zv_trunk *t;
	enum zv_route_result result = find(router, ask, equal, &n, ret_again_ms);

	if (result != ZV_ROUTE_OK)
		return result;
	*ret_trunk = by_weight(router, equal, n);
	t = &router->trunks[*ret_trunk];
	t->tokens_milli -= 1000;
	t->calls++;
	t->unanswered++;
	t->dials++;
	return ZV_ROUTE_OK;
}

void zv_route_heard(struct zv_router *router, uint16_t trunk)
{
	if (router->trunks[trunk].unanswered > 0)
		router->trunks[trunk].unanswered--;
}

void zv_route_give(struct zv_router *router, uint16_t trunk)
{
	if (router->trunks[trunk].calls > 0)
		router->trunks[trunk].calls--;
}

void zv_route_untake(struct zv_router *router, uint16_t trunk)
{
	struct zv_trunk *t = &router->trunks[trunk];

	zv_route_heard(router, trunk);
	zv_route_give(router, trunk);
	t->tokens_milli += 1000;
	if (t->dials > 0)
		t->dials--;
}

void zv_route_state(struct zv_router *router, uint16_t trunk, uint32_t state,
		    uint32_t retry_after_s, int64_t mono_ms)
{
	struct zv_trunk *t = &router->trunks[trunk];

	if (state == ZV_TRUNK_SLOW) {
		/* An hour at most: a trunk that wants longer will say so again. */
		int64_t wait_s = retry_after_s > 3600 ? 3600 : retry_after_s;

		if (mono_ms + wait_s * 1000 > t->slow_until_ms)
			t->slow_until_ms = mono_ms + wait_s * 1000;
		return;
	}
	t->state = (uint8_t)state;
	if (state == ZV_TRUNK_UP) {
		t->tokens_milli = 0;
		t->refilled_ms = mono_ms;
	}
}

static struct zv_caller_use *caller_use(struct zv_router *router, uint64_t number)
{
	for (uint64_t i = zv_mix64(number);; i++) {
		struct zv_caller_use *use = &router->callers[i % ZV_CALLER_USES];

		if (use->number == number)
			return use;
		if (use->number != 0)
			continue;
		if (router->n_callers >= ZV_CALLER_USES / 2)
			return NULL; /* more numbers than can be counted */
		router->n_callers++;
		use->number = number;
		return use;
	}
}

static void turn_day(struct zv_router *router, int64_t cal_ms)
{
	int64_t day = cal_ms / 86400000;

	if (day == router->caller_day)
		return;
	memset(router->callers, 0, sizeof(router->callers));
	router->n_callers = 0;
	router->caller_day = day;
}

void zv_route_count_caller(struct zv_router *router, uint64_t number, int64_t cal_ms)
{
	struct zv_caller_use *use;

	if (cal_ms / 86400000 < router->caller_day)
		return;
	turn_day(router, cal_ms);
	use = caller_use(router, number);
	if (use != NULL)
		use->used++;
}

void zv_route_uncount_caller(struct zv_router *router, uint64_t number)
{
	struct zv_caller_use *use = caller_use(router, number);

	if (use != NULL && use->used > 0)
		use->used--;
}

uint64_t zv_route_caller(struct zv_router *router, const struct zv_campaign_conf *campaign,
			 uint16_t trunk, uint64_t person, int64_t cal_ms)
{
	const struct zv_trunk_conf *t = &router->conf->trunks[trunk];
	const uint64_t *pool = campaign->n_callers > 0 ? campaign->callers : t->callers;
	uint32_t n = campaign->n_callers > 0 ? campaign->n_callers : t->n_callers;

	if (n == 0)
		return 0;
	turn_day(router, cal_ms);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = pool[(zv_mix64(person) % n + i) % n];
		struct zv_caller_use *use = caller_use(router, number);

		if (use == NULL)
			return campaign->caller_daily_cap == 0 ? number : 0;
		if (campaign->caller_daily_cap != 0 && use->used >= campaign->caller_daily_cap)
			continue;
		use->used++;
		return number;
	}
	return 0;
}
