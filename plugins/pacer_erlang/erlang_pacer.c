/* Erlang-C alone: the answered calls a second that a team of this size can take, if hardly anybody
 * is to wait longer than people do; dialled at that rate over the answer rate, evenly.  It knows
 * nothing of the calls under way.  See README.md. */
#include <stdlib.h>
#include <string.h>

#include "dial/pacing/erlang.h"
#include "zvonar/pacer_count.h"

#define LOOK_MS   5000  /* the rate is worked out again */
#define MEMORY    20000.0 /* calls after which old ones have faded to 1/e */
#define PRIOR_P   0.2
#define PRIOR_N   4.0
#define PRIOR_S   90.0 /* handling, worth a talk */
#define PRIOR_T   1.0
#define PATIENCE_MIN_S 0.1
#define SPREAD_OF 20.0 /* talks from which their spread is believed */

enum fate { OPEN = 0, NO_ANSWER, ANSWER, NOT_COUNTED };

/* Calls in the order they were placed.  Answers come sooner than the end of a call that nobody
 * answers, so outcomes count in this order: else the answer rate would begin far too high. */
struct order {
	uint32_t head, tail, mask; /* numbers of calls; head is the oldest that is not counted yet */
	uint32_t *number;          /* by slot */
	uint8_t *fate;             /* enum fate, by number & mask */
};

struct self {
	const struct zv_host *host;
};

struct campaign {
	struct zv_pacer_settings settings;
	struct zv_pacer_tally tally;
	double answered, ended;  /* calls, fading */
	double handled_s, talks; /* fading; the time of talks under way counts as well */
	double done_s, done_s2;  /* of the talks that are over, and squared; fading alike */
	double late_max;         /* of the section; 0: the rule's limit */
	double answers_per_s, calls_per_s, due;
	double mean_s;           /* for which calls_per_s was worked out */
	uint32_t team;
	int64_t last_ms, look_ms, busy_ms;
	int started;
	struct order order;
	int64_t *since_ms; /* by agent: a talk, or its wrap-up, is under way since then; 0: none */
	uint8_t bytes[];
};

static enum zv_err open_plugin(const struct zv_host *host, const struct zv_conf_node *conf, void **ret_self)
{
	struct self *self;

	if (host->size < sizeof(*host))
		return ZV_EVERSION;
	if (host->conf_count(host->ctx, conf) != 0) {
		host->conf_error(host->ctx, conf, "pacer_erlang has no settings of its own: they stand in "
						  "the campaign's `pacer` section");
		return ZV_EINVAL;
	}
	self = malloc(sizeof(*self));
	if (self == NULL)
		return ZV_ENOMEM;
	self->host = host;
	*ret_self = self;
	return ZV_OK;
}

/* A per cent value with at most one decimal: 0.1 to 50. */
static enum zv_err read_percent(const char *text, double *ret_share)
{
	int v = 0;

	if (text == NULL || *text < '0' || *text > '9')
		return ZV_EINVAL;
	for (; *text >= '0' && *text <= '9' && v <= 50; text++)
		v = v * 10 + (*text - '0');
	v *= 10;
	if (*text == '.' && text[1] >= '0' && text[1] <= '9') {
		v += text[1] - '0';
		text += 2;
	}
	if (*text != 0 || v < 1 || v > 500)
		return ZV_EINVAL;
	*ret_share = v / 1000.0;
	return ZV_OK;
}

static void close_campaign(void *self, void *campaign)
{
	struct campaign *c = campaign;

	(void)self;
	if (c == NULL)
		return;
	free(c->order.number);
	free(c->order.fate);
	free(c->since_ms);
	free(c);
}

static enum zv_err open_campaign(void *self, const struct zv_pacer_shape *shape, const struct zv_conf_node *conf,
				 void **ret_campaign)
{
	const struct zv_host *host = ((const struct self *)self)->host;
	struct campaign *c = calloc(1, sizeof(*c) + shape->calls + shape->agents);
	enum zv_err err = ZV_ENOMEM;

	if (c == NULL)
		return ZV_ENOMEM;
	c->since_ms = calloc(shape->agents + 1, sizeof(*c->since_ms));
	for (c->order.mask = 63; c->order.mask < 2 * shape->calls; c->order.mask = 2 * c->order.mask + 1)
		;
	c->order.fate = calloc(c->order.mask + 1, 1);
	c->order.number = calloc(shape->calls, sizeof(*c->order.number));
	if (c->since_ms == NULL || c->order.fate == NULL || c->order.number == NULL)
		goto fail;
	zv_tally_init(&c->tally, shape, c->bytes);
	c->answered = PRIOR_P * PRIOR_N;
	c->ended = PRIOR_N;
	c->handled_s = PRIOR_S * PRIOR_T;
	c->talks = PRIOR_T;
	c->mean_s = 0;
	for (size_t i = 0; i < host->conf_count(host->ctx, conf); i++) {
		const char *key = host->conf_key(host->ctx, conf, i);
		const struct zv_conf_node *at = host->conf_at(host->ctx, conf, i);

		if (key == NULL || strcmp(key, "plugin") == 0)
			continue;
		err = ZV_EINVAL;
		if (strcmp(key, "late") != 0) {
			host->conf_error(host->ctx, at, "no such setting: late is known");
			goto fail;
		}
		if (read_percent(host->conf_text(host->ctx, at), &c->late_max) != ZV_OK) {
			host->conf_error(host->ctx, at, "want per cent of answered persons who may wait too long, "
							"0.1 to 50, as in late: 3");
			goto fail;
		}
	}
	*ret_campaign = c;
	return ZV_OK;
fail:
	close_campaign(self, c);
	return err;
}

static enum zv_err set(void *campaign, const struct zv_pacer_settings *settings)
{
	struct campaign *c = campaign;

	if (settings->n_rules > ZV_PACER_RULES)
		return ZV_EINVAL;
	c->settings = *settings;
	c->look_ms = 0;
	c->mean_s = 0;
	return ZV_OK;
}

static void count_oldest(struct campaign *c)
{
	uint8_t fate = c->order.fate[c->order.head++ & c->order.mask];

	if (fate == NOT_COUNTED)
		return;
	c->answered += fate == ANSWER;
	c->ended += 1;
	if (c->ended > MEMORY) {
		c->answered *= MEMORY / c->ended;
		c->ended = MEMORY;
	}
}

static void learn_call(struct campaign *c, const struct zv_pacer_event *e)
{
	struct order *o = &c->order;
	uint8_t fate = e->kind == ZV_PEV_ANSWERED  ? ANSWER
		     : e->kind == ZV_PEV_CANCELLED ? NOT_COUNTED
		     : e->kind == ZV_PEV_MACHINE || e->kind == ZV_PEV_FAILED || e->kind == ZV_PEV_NOT_ANSWERED ? NO_ANSWER
															: OPEN;

	if (e->slot >= c->tally.calls)
		return;
	if (e->kind == ZV_PEV_PLACED) {
		if (o->tail - o->head > o->mask) /* one that rings for ever */
			count_oldest(c);
		o->number[e->slot] = o->tail;
		o->fate[o->tail++ & o->mask] = OPEN;
	} else if (fate != OPEN && o->number[e->slot] - o->head < o->tail - o->head &&
		   o->fate[o->number[e->slot] & o->mask] == OPEN) {
		o->fate[o->number[e->slot] & o->mask] = fate;
	}
	while (o->head != o->tail && o->fate[o->head & o->mask] != OPEN)
		count_oldest(c);
}

static void learn_talk(struct campaign *c, const struct zv_pacer_event *e)
{
	double s;

	if (e->agent >= c->tally.agents)
		return;
	if (e->kind == ZV_PEV_HANDED)
		c->since_ms[e->agent] = e->at_ms;
	if (e->kind != ZV_PEV_AGENT || (e->state != ZV_AGENT_READY && e->state != ZV_AGENT_OUT))
		return;
	if (c->since_ms[e->agent] != 0 && e->state == ZV_AGENT_READY) {
		s = (double)(e->at_ms - c->since_ms[e->agent]) / 1000;
		c->done_s += s;
		c->done_s2 += s * s;
		c->talks += 1;
		if (c->talks > MEMORY) {
			c->handled_s *= MEMORY / c->talks;
			c->done_s *= MEMORY / c->talks;
			c->done_s2 *= MEMORY / c->talks;
			c->talks = MEMORY;
		}
	}
	c->since_ms[e->agent] = 0;
}

static uint32_t busy(const struct campaign *c)
{
	return c->tally.state[ZV_AGENT_TALKING] + c->tally.state[ZV_AGENT_WRAPUP];
}

static uint32_t team(const struct campaign *c)
{
	return c->tally.state[ZV_AGENT_READY] + busy(c);
}

static void event(void *campaign, const struct zv_pacer_event *e)
{
	struct campaign *c = campaign;
	uint32_t before = team(c);

	if (e->at_ms > c->busy_ms) {
		c->handled_s += (c->busy_ms != 0 ? (double)(e->at_ms - c->busy_ms) / 1000 : 0) * busy(c);
		c->busy_ms = e->at_ms;
	}
	zv_tally_event(&c->tally, e, c->settings.mode == ZV_PACE_ROBOT);
	if (e->kind == ZV_PEV_AGENT || e->kind == ZV_PEV_HANDED)
		learn_talk(c, e);
	else
		learn_call(c, e);
	if (team(c) != before)
		c->look_ms = 0;
}

/* Time spent over talks.  Those under way have on average (1 + cv^2) / 2 of a handling time still
 * before them (renewal theory: the mean residual life), so of the time that was spent, each counts
 * as (1 - cv^2) / 2 of a talk. */
static double handling_s(const struct campaign *c)
{
	double mean = c->done_s / c->talks, cv2 = c->done_s2 / c->talks / (mean * mean) - 1;
	double part = c->talks < SPREAD_OF || cv2 >= 1 ? 0 : cv2 < 0 ? 0.5 : (1 - cv2) / 2;

	return c->handled_s / (c->talks + part * busy(c));
}

static void look(struct campaign *c)
{
	double late = c->late_max > 0 ? c->late_max
		      : c->settings.n_rules > 0 ? c->settings.rules[0].limit_ppm / 1e6 : 0.03;
	double patience_s = c->settings.patience_ms / 1000.0;
	struct zv_queue queue = {
		.handling_s = handling_s(c),
		.patience_s = __builtin_inf(),
		.servers = team(c),
	};
	double off = queue.handling_s / c->mean_s, p = c->answered / c->ended;

	/* the inverse question costs more than all the rest: asked again when something changed */
	if (team(c) != c->team || !(off > 0.99 && off < 1.01)) {
		c->answers_per_s = 0;
		if (queue.servers > 0)
			c->answers_per_s = zv_queue_rate_for_late(
				&queue, patience_s > PATIENCE_MIN_S ? patience_s : PATIENCE_MIN_S, late < 0.5 ? late : 0.5);
		c->team = team(c);
		c->mean_s = queue.handling_s;
	}
	c->calls_per_s = c->answers_per_s / (p > 0.002 ? p : 0.002);
}

static enum zv_err decide(void *campaign, const struct zv_pacer_in *in, int figures, struct zv_pacer_out *out)
{
	struct campaign *c = campaign;
	uint32_t n;

	if (!c->started) {
		c->started = 1;
		c->last_ms = in->now_ms;
		c->due = 1;
	}
	if (in->now_ms >= c->look_ms) {
		look(c);
		c->look_ms = in->now_ms + LOOK_MS;
	}
	c->due += (double)(in->now_ms - c->last_ms) / 1000 * c->calls_per_s;
	c->last_ms = in->now_ms;
	if (c->due > 1 + c->calls_per_s) /* a stall is never caught up */
		c->due = 1 + c->calls_per_s;
	if (c->calls_per_s <= 0)
		c->due = 0;
	n = (uint32_t)c->due;
	c->due -= n;
	n = n > in->lines_free ? in->lines_free : n;
	n = n > in->carrier_room ? in->carrier_room : n;
	out->place = n > in->leads_left ? (uint32_t)in->leads_left : n;
	out->n_cancel = 0;
	out->next_ms = in->now_ms + 1000;
	if (c->calls_per_s > 0 && (1 - c->due) / c->calls_per_s < 1)
		out->next_ms = in->now_ms + 1 + (int64_t)((1 - c->due) / c->calls_per_s * 1000);
	if (figures) {
		memset(&out->figures, 0, sizeof(out->figures));
		out->figures.why = team(c) == 0 ? ZV_WHY_NO_AGENTS : out->place > 0 ? ZV_WHY_NOTHING : ZV_WHY_ENOUGH;
		out->figures.answer_ppm = (uint32_t)(c->answered / c->ended * 1e6);
		out->figures.handle_ms = (uint32_t)(handling_s(c) * 1000);
		out->figures.idle = c->tally.state[ZV_AGENT_READY];
		out->figures.busy = team(c) - out->figures.idle;
		out->figures.in_flight = zv_tally_in_flight(&c->tally);
	}
	return ZV_OK;
}

static const struct zv_pacer_ops ops = {
	.size = sizeof(ops),
	.open_campaign = open_campaign,
	.close_campaign = close_campaign,
	.set = set,
	.event = event,
	.decide = decide,
};

extern const struct zv_plugin zv_plugin;
ZV_PLUGIN_EXPORT const struct zv_plugin zv_plugin = {
	ZV_PLUGIN_HEAD(ZV_KIND_PACER),
	.name = "pacer_erlang",
	.version = "1.0",
	.licence = "see LICENSE",
	.ops = &ops,
	.open = open_plugin,
	.close = free,
};
