/* How fast a campaign dials: its mode, what its pacer may do, and who is told to be a person. */
#include <string.h>

#include "app/config_build.h"

static int64_t number(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_number(&zv_config_schema, ZV_CAMPAIGN_PATH, node, path);
}

/* A robot alone dials as fast as its lines allow; what leads to agents is paced by them.  Manual
 * calls are begun by agents. */
static uint8_t pace_of(const struct zv_conf_node *node, uint8_t mode)
{
	switch ((enum zv_dial_mode)mode) {
	case ZV_MODE_PREDICTIVE:
		if (number(node, "pace.deadline") != 0)
			return ZV_PACE_DEADLINE;
		return number(node, "pace.ratio") != 0 ? ZV_PACE_RATIO : ZV_PACE_PREDICTIVE;
	case ZV_MODE_PROGRESSIVE:
		return ZV_PACE_PROGRESSIVE;
	case ZV_MODE_PREVIEW:
		return ZV_PACE_PREVIEW;
	case ZV_MODE_ROBOT:
		return number(node, "pace.agents") != 0 ? ZV_PACE_ROBOT : 0;
	case ZV_MODE_MANUAL:
	case ZV_MODE_NONE:
	case ZV_MODES:
	default:
		return 0;
	}
}

static void build_plugin(struct zv_config_build *b, const struct zv_conf_node *node,
			 struct zv_config_campaign *c)
{
	const struct zv_conf_node *at = zv_conf_find(node, "pace.plugin");

	c->pacer = zv_conf_text(at);
	c->pacer_conf = zv_conf_find(node, "pace.conf");
	if (c->pacer == NULL || c->pacer[0] == 0) {
		c->pacer = NULL;
		return;
	}
	for (uint32_t i = 0; i < b->config->n_plugins; i++)
		if (strcmp(c->pacer, b->config->plugins[i].name) == 0)
			return;
	zv_conf_error(b->sink, at, "campaigns.%s.pace.plugin: there is no plugins.%.60s", c->name,
		      c->pacer);
}

void zv_config_build_pace(struct zv_config_build *b, const struct zv_conf_node *node, uint32_t campaign)
{
	struct zv_config_campaign *c = &b->config->campaigns[campaign];
	struct zv_campaign_conf *e = &b->config->engine.campaigns[campaign];
	struct zv_pacer_settings *s = &e->pacing;

	e->pace = pace_of(node, e->mode);
	e->wrapup_max_ms = (uint32_t)number(node, "pace.wrapup_max");
	e->preview_max_ms = (uint32_t)number(node, "pace.preview_max");
	e->preview_dials = number(node, "pace.preview_dials") != 0;
	s->ratio_ppm = (uint32_t)number(node, "pace.ratio") * 10000;
	s->ring_min_ms = (uint32_t)number(node, "pace.ring_min");
	s->patience_ms = (uint32_t)number(node, "pace.patience");
	s->rate_max_mcps = (uint32_t)number(node, "pace.calls_per_second") * 1000;
	s->cancel = number(node, "pace.cancel") != 0;
	s->robot_agents = number(node, "pace.agents") != 0;
	s->n_rules = 1;
	s->rules[0] = (struct zv_pacer_rule){
		.limit_ppm = (uint32_t)number(node, "pace.abandon_limit") * 1000,
		.window = ZV_PACER_DAY};
	e->deadline_ms = number(node, "pace.deadline");
	build_plugin(b, node, c);
	if (e->pace != 0 && s->ring_min_ms > e->ring_ms)
		zv_conf_error(b->sink, zv_conf_find(node, "pace.ring_min"),
			      "campaigns.%s.pace.ring_min is above ring_time", c->name);
}

void zv_config_build_detection(const struct zv_conf_node *node, struct zv_campaign_conf *e)
{
	e->detect = (uint8_t)number(node, "answer_detection");
	e->early_media = (uint8_t)number(node, "early_media");
	e->beep_max_ms = (uint32_t)number(node, "detection.beep_max");
	e->listen = (struct zv_listen){
		.rule = (uint8_t)number(node, "detection.detector"),
		.total_analysis_time = (uint16_t)number(node, "detection.total_analysis_time"),
		.initial_silence = (uint16_t)number(node, "detection.initial_silence"),
		.after_greeting_silence = (uint16_t)number(node, "detection.after_greeting_silence"),
		.greeting = (uint16_t)number(node, "detection.greeting"),
		.min_word_length = (uint16_t)number(node, "detection.min_word_length"),
		.maximum_word_length = (uint16_t)number(node, "detection.maximum_word_length"),
		.between_words_silence = (uint16_t)number(node, "detection.between_words_silence"),
		.maximum_number_of_words = (uint8_t)number(node, "detection.maximum_number_of_words"),
		.silence_threshold = (uint16_t)number(node, "detection.silence_threshold")};
	/* What media's thread and its packets take is no reason to miss a verdict by. */
	e->detect_max_ms = e->listen.total_analysis_time + 200u;
}
