/* The adaptive dial level: as many calls as agents times a level, which creeps up while agents
 * wait and falls when people do.  See README.md for the method in words. */
#include <stdlib.h>
#include <string.h>

#include "zvonar/pacer_count.h"

#define SAMPLE_MS  1000
#define LEVEL_MS   15000
#define DROP_MS    60000
#define DIAL_MS    2500
#define CALLS_MIN  50 /* of the day, before its drops count */
#define MINUTE_MIN 20 /* calls of a minute, before its drops count */

enum on_limit { LIMIT_HARD = 0, LIMIT_AVERAGE = 1, LIMIT_TAPERED = 2 };

struct self {
	const struct zv_host *host;
};

struct campaign {
	struct zv_pacer_settings settings;
	struct zv_pacer_tally tally;
	double level, level_max;
	uint8_t on_limit; /* enum on_limit */
	uint8_t started;
	uint8_t held;     /* hard limit: the level stays 1 until the day's drops are below the limit */
	int64_t start_ms, sample_ms, level_ms, drop_ms, dial_ms; /* when next */
	uint64_t idle, waiting, logged_in;                       /* sums over the samples */
	uint32_t day_calls, day_answered, day_dropped, minute_calls, minute_answered, minute_dropped;
	uint8_t bytes[];
};

static enum zv_err open_plugin(const struct zv_host *host, const struct zv_conf_node *conf, void **ret_self)
{
	struct self *self;

	if (host->size < sizeof(*host))
		return ZV_EVERSION;
	if (host->conf_count(host->ctx, conf) != 0) {
		host->conf_error(host->ctx, conf, "pacer_adaptive has no settings of its own: they stand in "
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

/* Tenths: 3 or 2.5. */
static enum zv_err read_level(const char *text, double *ret_level)
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
	if (*text != 0 || v < 10 || v > 500)
		return ZV_EINVAL;
	*ret_level = v / 10.0;
	return ZV_OK;
}

static enum zv_err read_one(const struct zv_host *host, const char *key, const struct zv_conf_node *at,
			    struct campaign *c)
{
	static const char *const names[] = {"hard_limit", "average", "tapered"};
	const char *text = host->conf_text(host->ctx, at);

	if (strcmp(key, "max") == 0) {
		if (read_level(text, &c->level_max) == ZV_OK)
			return ZV_OK;
		host->conf_error(host->ctx, at, "want the highest level, 1 to 50, as in max: 3");
		return ZV_EINVAL;
	}
	if (strcmp(key, "on_limit") == 0) {
		for (uint8_t i = 0; text != NULL && i < 3; i++) {
			if (strcmp(text, names[i]) == 0) {
				c->on_limit = i;
				return ZV_OK;
			}
		}
		host->conf_error(host->ctx, at, "want hard_limit, average or tapered");
		return ZV_EINVAL;
	}
	host->conf_error(host->ctx, at, "no such setting: max and on_limit are known");
	return ZV_EINVAL;
}

static enum zv_err open_campaign(void *self, const struct zv_pacer_shape *shape, const struct zv_conf_node *conf,
				 void **ret_campaign)
{
	const struct zv_host *host = ((const struct self *)self)->host;
	struct campaign *c = calloc(1, sizeof(*c) + shape->calls + shape->agents);
	enum zv_err err = ZV_OK;

	if (c == NULL)
		return ZV_ENOMEM;
	zv_tally_init(&c->tally, shape, c->bytes);
	c->level = 1;
	c->level_max = 3;
	for (size_t i = 0; err == ZV_OK && i < host->conf_count(host->ctx, conf); i++) {
		const char *key = host->conf_key(host->ctx, conf, i);

		if (key != NULL && strcmp(key, "plugin") != 0)
			err = read_one(host, key, host->conf_at(host->ctx, conf, i), c);
	}
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

static enum zv_err set(void *campaign, const struct zv_pacer_settings *settings)
{
	if (settings->n_rules > ZV_PACER_RULES)
		return ZV_EINVAL;
	((struct campaign *)campaign)->settings = *settings;
	return ZV_OK;
}

static void event(void *campaign, const struct zv_pacer_event *e)
{
	struct campaign *c = campaign;

	zv_tally_event(&c->tally, e, c->settings.mode == ZV_PACE_ROBOT);
	if (e->kind == ZV_PEV_PLACED) {
		c->day_calls++;
		c->minute_calls++;
	}
	if (e->kind == ZV_PEV_ANSWERED) {
		c->day_answered++;
		c->minute_answered++;
	}
	if (e->kind == ZV_PEV_ABANDONED) {
		c->day_dropped++;
		c->minute_dropped++;
	}
}

static void sample(struct campaign *c)
{
	const struct zv_pacer_tally *t = &c->tally;

	c->idle += t->state[ZV_AGENT_READY];
	c->waiting += t->waiting;
	c->logged_in += t->state[ZV_AGENT_READY] + t->state[ZV_AGENT_TALKING] + t->state[ZV_AGENT_WRAPUP];
}

static void clamp(struct campaign *c)
{
	c->level = c->level < 1 ? 1 : c->level > c->level_max ? c->level_max : c->level;
}

static void adapt(struct campaign *c)
{
	if (c->logged_in > 0)
		c->level *= 1 + ((double)c->idle - (double)c->waiting) / (double)c->logged_in;
	c->idle = c->waiting = c->logged_in = 0;
	if (c->held)
		c->level = 1;
	clamp(c);
}

/* The share of the day that is left; 1 when nobody says when it ends. */
static double left(const struct campaign *c, int64_t now_ms)
{
	int64_t end = c->settings.n_rules > 0 ? c->settings.rules[0].end_ms : 0;

	if (end <= c->start_ms)
		return 1;
	return now_ms < end ? (double)(end - now_ms) / (double)(end - c->start_ms) : 0;
}

static void look_at_drops(struct campaign *c, int64_t now_ms)
{
	uint32_t limit = c->settings.n_rules > 0 ? c->settings.rules[0].limit_ppm : 1000000;

	c->held = 0;
	if (c->day_calls > CALLS_MIN && (uint64_t)c->day_dropped * 1000000 > (uint64_t)limit * c->day_answered) {
		c->held = c->on_limit == LIMIT_HARD;
		if (c->held)
			c->level = 1;
		else
			c->level *= c->on_limit == LIMIT_AVERAGE ? 0.5 : left(c, now_ms);
	}
	if (c->minute_calls > MINUTE_MIN && c->minute_dropped * 2 > c->minute_answered)
		c->level /= 2;
	c->minute_calls = c->minute_answered = c->minute_dropped = 0;
	clamp(c);
}

static uint32_t want(const struct campaign *c, const struct zv_pacer_in *in)
{
	const struct zv_pacer_tally *t = &c->tally;
	double target = c->level * (t->state[ZV_AGENT_READY] + t->state[ZV_AGENT_TALKING]) + 0.5;
	uint64_t has = zv_tally_in_flight(t) + t->state[ZV_AGENT_TALKING], n = (uint64_t)target;

	n = n > has ? n - has : 0;
	n = n > in->lines_free ? in->lines_free : n;
	n = n > in->carrier_room ? in->carrier_room : n;
	return (uint32_t)(n > in->leads_left ? in->leads_left : n);
}

static enum zv_err decide(void *campaign, const struct zv_pacer_in *in, int figures, struct zv_pacer_out *out)
{
	struct campaign *c = campaign;
	int64_t now = in->now_ms;

	if (!c->started) {
		c->started = 1;
		c->start_ms = c->dial_ms = now;
		c->sample_ms = now + SAMPLE_MS;
		c->level_ms = now + LEVEL_MS;
		c->drop_ms = now + DROP_MS;
	}
	out->place = 0;
	out->n_cancel = 0;
	if (now >= c->sample_ms) { /* a late one is one sample, not several */
		sample(c);
		c->sample_ms = now + SAMPLE_MS;
	}
	if (now >= c->level_ms) {
		adapt(c);
		c->level_ms = now + LEVEL_MS;
	}
	if (now >= c->drop_ms) {
		look_at_drops(c, now);
		c->drop_ms = now + DROP_MS;
	}
	if (now >= c->dial_ms) {
		out->place = want(c, in);
		c->dial_ms = now + DIAL_MS;
	}
	out->next_ms = c->sample_ms < c->dial_ms ? c->sample_ms : c->dial_ms;
	if (figures) {
		memset(&out->figures, 0, sizeof(out->figures));
		out->figures.why = out->place > 0 ? ZV_WHY_NOTHING : ZV_WHY_ENOUGH;
		out->figures.idle = c->tally.state[ZV_AGENT_READY];
		out->figures.busy = c->tally.state[ZV_AGENT_TALKING] + c->tally.state[ZV_AGENT_WRAPUP];
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
	.name = "pacer_adaptive",
	.version = "1.0",
	.licence = "see LICENSE",
	.ops = &ops,
	.open = open_plugin,
	.close = free,
};
