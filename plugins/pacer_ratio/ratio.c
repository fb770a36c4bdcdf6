/* So many calls an idle agent, and nothing more: the oldest way to dial ahead.  See README.md. */
#include <stdlib.h>
#include <string.h>

#include "zvonar/pacer_count.h"

/* What the campaign's section says; 0: the campaign's own ratio (settings.ratio_ppm) counts. */
#define RATIO_MAX_PPM 50000000u

struct self {
	const struct zv_host *host;
};

struct campaign {
	struct zv_pacer_settings settings;
	struct zv_pacer_tally tally;
	uint32_t ratio_ppm;
	uint32_t left_ppm; /* what rounding has left over */
	uint64_t quota;    /* of all idle agents */
	uint8_t *due;      /* calls for each idle agent */
	uint8_t of_logged_in;
	uint8_t bytes[];
};

static enum zv_err open_plugin(const struct zv_host *host, const struct zv_conf_node *conf, void **ret_self)
{
	struct self *self;

	if (host->size < sizeof(*host))
		return ZV_EVERSION;
	if (host->conf_count(host->ctx, conf) != 0) {
		host->conf_error(host->ctx, conf, "pacer_ratio has no settings of its own: they stand in "
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

/* 1, 1.5, 2.25: at most six decimals, in millionths. */
static enum zv_err read_ratio(const char *text, uint32_t *ret_ppm)
{
	uint64_t v = 0, unit = 1000000;
	int seen = 0, point = 0;

	for (; *text != 0; text++) {
		if (*text == '.' && !point) {
			point = 1;
			continue;
		}
		if (*text < '0' || *text > '9' || (point && unit == 1))
			return ZV_EINVAL;
		seen = 1;
		if (point) {
			unit /= 10;
			v += (uint64_t)(*text - '0') * unit;
		} else {
			v = v * 10 + (uint64_t)(*text - '0') * 1000000;
		}
		if (v > RATIO_MAX_PPM)
			return ZV_EINVAL;
	}
	if (!seen || v == 0)
		return ZV_EINVAL;
	*ret_ppm = (uint32_t)v;
	return ZV_OK;
}

static enum zv_err read_section(const struct zv_host *host, const struct zv_conf_node *conf, struct campaign *c)
{
	size_t n = host->conf_count(host->ctx, conf);

	for (size_t i = 0; i < n; i++) {
		const char *key = host->conf_key(host->ctx, conf, i);
		const struct zv_conf_node *at = host->conf_at(host->ctx, conf, i);
		const char *text = host->conf_text(host->ctx, at);
		enum zv_err err = ZV_OK;

		if (key == NULL || strcmp(key, "plugin") == 0)
			continue;
		if (strcmp(key, "ratio") == 0) {
			err = text != NULL ? read_ratio(text, &c->ratio_ppm) : ZV_EINVAL;
			if (err != ZV_OK)
				host->conf_error(host->ctx, at, "want calls an idle agent, above 0 and at most 50, "
								"as in ratio: 1.5");
		} else if (strcmp(key, "of") == 0) {
			if (text != NULL && strcmp(text, "logged_in") == 0)
				c->of_logged_in = 1;
			else if (text == NULL || strcmp(text, "idle") != 0)
				err = ZV_EINVAL;
			if (err != ZV_OK)
				host->conf_error(host->ctx, at, "want idle or logged_in");
		} else {
			host->conf_error(host->ctx, at, "no such setting: ratio and of are known");
			err = ZV_EINVAL;
		}
		if (err != ZV_OK)
			return err;
	}
	return ZV_OK;
}

static enum zv_err open_campaign(void *self, const struct zv_pacer_shape *shape, const struct zv_conf_node *conf,
				 void **ret_campaign)
{
	const struct self *me = self;
	struct campaign *c = calloc(1, sizeof(*c) + shape->calls + 2 * (size_t)shape->agents);
	enum zv_err err;

	if (c == NULL)
		return ZV_ENOMEM;
	zv_tally_init(&c->tally, shape, c->bytes);
	c->due = c->bytes + shape->calls + shape->agents;
	c->settings.ratio_ppm = 1000000;
	err = read_section(me->host, conf, c);
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
	struct campaign *c = campaign;

	if (settings->ratio_ppm == 0 || settings->ratio_ppm > RATIO_MAX_PPM)
		return ZV_EINVAL;
	c->settings = *settings;
	return ZV_OK;
}

static uint32_t ratio(const struct campaign *c)
{
	return c->ratio_ppm != 0 ? c->ratio_ppm : c->settings.ratio_ppm;
}

/* An idle agent gets a whole number of calls; what is left of the ratio goes to the next one, so
 * that 1.5 is one and two by turns. */
static void share(struct campaign *c, uint32_t agent)
{
	uint64_t ppm;

	c->quota -= c->due[agent];
	c->due[agent] = 0;
	if (c->tally.agent[agent] != ZV_AGENT_READY)
		return;
	ppm = (uint64_t)ratio(c) + c->left_ppm;
	c->due[agent] = (uint8_t)(ppm / 1000000);
	c->left_ppm = (uint32_t)(ppm % 1000000);
	c->quota += c->due[agent];
}

static void event(void *campaign, const struct zv_pacer_event *e)
{
	struct campaign *c = campaign;

	zv_tally_event(&c->tally, e, c->settings.mode == ZV_PACE_ROBOT);
	if ((e->kind == ZV_PEV_AGENT || e->kind == ZV_PEV_HANDED) && e->agent < c->tally.agents)
		share(c, e->agent);
}

static enum zv_err decide(void *campaign, const struct zv_pacer_in *in, int figures, struct zv_pacer_out *out)
{
	struct campaign *c = campaign;
	const struct zv_pacer_tally *t = &c->tally;
	uint32_t idle = t->state[ZV_AGENT_READY], talking = t->state[ZV_AGENT_TALKING];
	uint32_t all = idle + talking + t->state[ZV_AGENT_WRAPUP], flight = zv_tally_in_flight(t);
	uint64_t want = c->of_logged_in ? (uint64_t)ratio(c) * all / 1000000 : c->quota;

	if (c->of_logged_in)
		want = want > talking && idle > 0 ? want - talking : 0;
	want = want > flight ? want - flight : 0;
	if (want > in->lines_free)
		want = in->lines_free;
	if (want > in->carrier_room)
		want = in->carrier_room;
	if (want > in->leads_left)
		want = in->leads_left;
	out->place = (uint32_t)want;
	out->n_cancel = 0;
	out->next_ms = in->now_ms + 1000;
	if (figures) {
		memset(&out->figures, 0, sizeof(out->figures));
		out->figures.why = all == 0 ? ZV_WHY_NO_AGENTS : want == 0 ? ZV_WHY_ENOUGH : ZV_WHY_NOTHING;
		out->figures.idle = idle;
		out->figures.busy = all - idle;
		out->figures.in_flight = flight;
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
	.name = "pacer_ratio",
	.version = "1.0",
	.licence = "see LICENSE",
	.ops = &ops,
	.open = open_plugin,
	.close = free,
};
