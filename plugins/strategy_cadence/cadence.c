/* The plugin itself: what happens to a lead next.  See README.md for the section it reads. */
#include "cadence.h"

#include <stdlib.h>

struct self {
	const struct zv_host *host;
};

static enum zv_err open_plugin(const struct zv_host *host, const struct zv_conf_node *conf, void **ret_self)
{
	struct self *self;

	if (host->size < sizeof(*host))
		return ZV_EVERSION;
	if (host->conf_count(host->ctx, conf) != 0) {
		host->conf_error(host->ctx, conf, "strategy_cadence has no settings of its own: a cadence "
						  "stands in the campaign's `strategy` section");
		return ZV_EINVAL;
	}
	self = malloc(sizeof(*self));
	if (self == NULL)
		return ZV_ENOMEM;
	self->host = host;
	*ret_self = self;
	return ZV_OK;
}

static void close_plugin(void *self)
{
	free(self);
}

static enum zv_err open_campaign(void *self, const struct zv_campaign_view *view,
				 const struct zv_conf_node *conf, void **ret_campaign)
{
	const struct self *me = self;
	struct cadence *c = calloc(1, sizeof(*c));
	enum zv_err err;

	if (c == NULL)
		return ZV_ENOMEM;
	err = cadence_read(me->host, view, conf, c);
	if (err != ZV_OK) {
		free(c);
		return err;
	}
	*ret_campaign = c;
	return ZV_OK;
}

static void close_campaign(void *self, void *campaign)
{
	(void)self;
	free(campaign);
}

static void act(const struct then *then, struct zv_strategy_out *out)
{
	out->n_messages = then->n_messages;
	for (uint8_t i = 0; i < then->n_messages; i++)
		out->messages[i] = then->messages[i];
	if (then->invalid_number)
		out->invalid_number = 1;
}

static void finish(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		   const struct then *then, struct zv_strategy_out *out)
{
	act(then, out);
	out->kind = ZV_STEP_FINAL;
	out->category = then->final;
	out->remove = then->remove;
	if (then->has_again_after)
		out->due_ms = place_open(c, in, place_add(c, in->zone, s->last->at_ms, &then->again_after));
}

/* No category came of the days and attempts there were: at_end decides.  A message that the last
 * rule wanted to send is not sent: it would ask for something nobody waits for any more. */
static void give_up(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		    struct zv_strategy_out *out)
{
	out->n_messages = 0;
	finish(c, in, s, &s->end->then, out);
}

/* Consumes no attempt: called again after a rest, longer each time in a row. */
static void rest(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		 struct zv_strategy_out *out)
{
	struct span span = c->rest[s->last->outcome < ZV_OUT_MAX ? s->last->outcome : ZV_OUT_FAILED];

	for (uint8_t i = 1; i < s->idle_row && span.days == 0 && span.ms < DAY_MS; i++)
		span.ms = 2 * span.ms < DAY_MS ? 2 * span.ms : DAY_MS;
	out->due_class = ZV_DUE_NORMAL;
	out->due_ms = place_open(c, in, place_add(c, in->zone, s->last->at_ms, &span));
}

/* The plain course: today while there are calls and room, else the next day.  False: neither. */
static bool schedule(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		     struct zv_strategy_out *out)
{
	uint8_t left = 0;

	out->due_class = ZV_DUE_NORMAL;
	if (s->day_no <= c->n_days && s->day_used < c->day_calls[s->day_no - 1])
		left = (uint8_t)(c->day_calls[s->day_no - 1] - s->day_used);
	if (left > 0 && place_today(c, in, s, left, &out->due_ms))
		return true;
	return s->day_no < c->n_days && place_next_day(c, in, s, c->day_calls[s->day_no], &out->due_ms);
}

/* Busy: again in a little while, if that is still today. */
static bool soon(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		 struct zv_strategy_out *out)
{
	struct zv_local local;

	out->due_class = ZV_DUE_NORMAL;
	out->due_ms = place_open(c, in, s->last->at_ms + c->busy_retry_ms);
	return c->host->to_local(c->host->ctx, in->zone, out->due_ms, &local) == ZV_OK &&
	       local.day == s->today;
}

/* False: there is no next call. */
static bool call_again(const struct cadence *c, const struct zv_strategy_in *in,
		       const struct standing *s, const struct then *then, struct zv_strategy_out *out)
{
	uint8_t next_day_calls = c->day_calls[s->day_no < c->n_days ? s->day_no : c->n_days - 1];

	out->due_class = ZV_DUE_CALLBACK;
	switch ((enum again)then->again) {
	case AGAIN_AFTER:
		out->due_ms = place_open(c, in, place_add(c, in->zone, s->last->at_ms, &then->after));
		return true;
	case AGAIN_AT:
		out->due_ms = place_open(c, in, place_at(c, in->zone, s->last->at_ms, then->at_s));
		return true;
	case AGAIN_SAME_DAY:
		return place_today(c, in, s, 1, &out->due_ms) ||
		       place_next_day(c, in, s, next_day_calls, &out->due_ms);
	case AGAIN_NEXT_DAY:
		return place_next_day(c, in, s, next_day_calls, &out->due_ms);
	case AGAIN_SCHEDULE:
		break;
	}
	if (s->last_class == CLASS_BUSY && s->day_no <= c->n_days && soon(c, in, s, out))
		return true;
	return schedule(c, in, s, out);
}

static enum zv_err next(void *self, void *campaign, const struct zv_strategy_in *in,
			struct zv_strategy_out *out)
{
	const struct cadence *c = campaign;
	const struct then *then = NULL;
	struct standing s;
	enum zv_err err;
	bool again = true;

	(void)self;
	if (in->size < sizeof(*in) || out->size < sizeof(*out))
		return ZV_EVERSION;
	err = cadence_count(c, in, &s);
	if (err != ZV_OK)
		return err;
	if (s.rule != NULL) {
		then = &s.rule->then;
		act(then, out);
		if (then->final != 0) {
			finish(c, in, &s, then, out);
			return ZV_OK;
		}
	}
	out->kind = ZV_STEP_RETRY;
	if (s.attempts >= c->attempts_max || in->n_history >= ZV_HISTORY_MAX)
		again = false;
	else if (s.last_class == CLASS_NOTHING)
		rest(c, in, &s, out);
	else
		again = call_again(c, in, &s, then != NULL ? then : &(struct then){0}, out);
	if (!again || !number_pick(c, in, &s, then, &out->number)) {
		out->due_class = 0;
		out->due_ms = 0;
		give_up(c, in, &s, out);
	}
	return ZV_OK;
}

static const struct zv_strategy_ops ops = {
	.size = sizeof(ops),
	.open_campaign = open_campaign,
	.close_campaign = close_campaign,
	.next = next,
};

extern const struct zv_plugin zv_plugin;
ZV_PLUGIN_EXPORT const struct zv_plugin zv_plugin = {
	ZV_PLUGIN_HEAD(ZV_KIND_STRATEGY),
	.name = "strategy_cadence",
	.version = "1.0",
	.licence = "see LICENSE",
	.ops = &ops,
	.open = open_plugin,
	.close = close_plugin,
};
