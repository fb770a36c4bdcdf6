#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(enum zv_err err)
{
	if (err != ZV_OK)
		abort();
}

static void make_script(struct zv_talk_graph *g)
{
	struct zv_talk_node *n = g->nodes;

	*g = (struct zv_talk_graph){.n_nodes = 3, .start = 0, .n_prompts = 1};
	n[0] = (struct zv_talk_node){.op = ZV_TALK_ASK, .barge_in = 1, .wait_ms = 3000, .repeat_max = 1,
				     .no_input = 2, .wrong_key = ZV_TALK_NONE, .wrong_prompt = ZV_TALK_NONE};
	memset(n[0].on_key, ZV_TALK_NONE, sizeof(n[0].on_key));
	n[0].on_key[1] = n[0].on_key[2] = n[0].on_key[3] = 1;
	n[1] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 1};
	n[2] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_SILENT};
}

static struct zv_rule *rule(struct scene *s, const char *id, enum zv_rule_kind kind)
{
	struct zv_rule *r = &s->rules_v[s->rules.n++];

	memset(r, 0, sizeof(*r));
	(void)snprintf(r->id, sizeof(r->id), "%s", id);
	(void)snprintf(r->jur, sizeof(r->jur), "RU");
	r->kind = (uint8_t)kind;
	r->from_ms = INT64_MIN;
	r->to_ms = INT64_MAX;
	return r;
}

static void finish_rules(struct scene *s)
{
	const char *text = NULL;
	uint32_t guilty = 0;

	s->rules.reach_ms = 0;
	if (zv_rules_finish(&s->rules, &guilty, &text) != ZV_OK) {
		fprintf(stderr, "rule %u: %s\n", guilty, text);
		abort();
	}
}

static void freq(struct scene *s, const char *id, enum zv_fact fact, uint32_t limit, enum zv_window_unit unit)
{
	struct zv_rule *r = rule(s, id, ZV_RULE_FREQ);

	r->u.freq.fact = (uint8_t)fact;
	r->u.freq.key = ZV_KEY_PERSON;
	r->u.freq.limit = limit;
	r->u.freq.n_windows = 1;
	r->u.freq.windows[0] = (struct zv_rule_window){
		.kind = ZV_WINDOW_CALENDAR, .unit = (uint8_t)unit, .n = 1};
}

void scene_limits(struct scene *s, uint32_t day, uint32_t talks_week)
{
	s->rules.n = 0;
	/* Somebody must have said something about the country at all. */
	rule(s, "T-TREAT", ZV_RULE_TREAT);
	if (day > 0)
		freq(s, "T-DAY", ZV_FACT_ATTEMPT, day, ZV_UNIT_DAY);
	if (talks_week > 0)
		freq(s, "T-TALKS", ZV_FACT_CONVERSATION, talks_week, ZV_UNIT_WEEK);
	finish_rules(s);
}

static void make_campaign(struct scene *s, uint32_t i, uint32_t leads, uint16_t zones[2])
{
	struct zv_campaign_conf *c = &s->conf.campaigns[i];
	struct zv_sim_list *l = &s->lists[i];

	*c = (struct zv_campaign_conf){.id = 7 + i, .enabled = true, .ring_ms = 28000, .talk_max_s = 600,
				       .unknown_rest_s = 86400, .script = &s->script};
	(void)snprintf(c->name, sizeof(c->name), "c%u", i);
	for (int d = 0; d < 7; d++)
		c->hours[d] = (struct zv_day_hours){9 * 60, 21 * 60};
	c->purpose = ZV_PURPOSE_COLLECTION;
	c->channel = ZV_CHANNEL_VOICE_AI;
	c->mode = ZV_MODE_ROBOT;
	c->actor = ZV_ACTOR_COLLECTOR;
	c->party = ZV_PARTY_DEBTOR;
	*l = (struct zv_sim_list){.leads = leads, .zones = {zones[0], zones[1]}, .n_zones = 2, .n_numbers = 1,
				  .shared_ppm = i == 0 ? 0 : 200000, .jur = "RU", .prompt_ms = 6000};
	zv_people_default(&l->people);
	l->people.machine_ppm = 100000;
	need(zv_people_ready(&l->people));
}

struct scene *scene_create(uint64_t seed, uint32_t leads)
{
	struct scene *s = calloc(1, sizeof(*s));
	uint16_t zones[2];

	if (s == NULL)
		abort();
	make_script(&s->script);
	need(zv_zones_create(NULL, &s->zones));
	need(zv_zones_intern(s->zones, "Europe/Moscow", &zones[0]));
	need(zv_zones_intern(s->zones, "Asia/Yekaterinburg", &zones[1]));
	s->rules = (struct zv_rules){.v = s->rules_v, .hash = 0x5e7, .zones = s->zones};
	s->conf = (struct zv_engine_conf){.max_calls = 512, .max_dialing_ms = 60000, .store_wait_ms = 5000,
					  .n_trunks = 2, .n_campaigns = 2, .zones = s->zones,
					  .fast_forward = true, .fast_forward_until_ms = INT64_MAX,
					  .rules = &s->rules};
	for (uint32_t t = 0; t < 2; t++) {
		s->conf.trunks[t] = (struct zv_trunk_conf){.enabled = true, .cps = 20, .channels = 200,
							   .priority = (uint8_t)t, .n_callers = 1,
							   .callers = {74950000001u + t}};
		(void)snprintf(s->conf.trunks[t].name, sizeof(s->conf.trunks[t].name), "t%u", t);
		zv_carrier_default(&s->carriers[t]);
		s->carriers[t].refused_ppm = 2000;
		s->carriers[t].silent_ppm = 500;
	}
	make_campaign(s, 0, leads - leads / 3, zones);
	make_campaign(s, 1, leads / 3, zones);
	scene_limits(s, 3, 2);
	s->params = (struct zv_sim_params){.conf = &s->conf, .seed = seed, .start_ms = SCENE_START_MS,
					   .span_ms = 21 * SCENE_DAY_MS, .mono_max_ms = 12 * SCENE_HOUR_MS,
					   .bucket_ms = SCENE_HOUR_MS, .lists = s->lists,
					   .carriers = s->carriers};
	return s;
}

struct scene *scene_create_floor(uint64_t seed, uint32_t leads, uint32_t agents)
{
	struct scene *s = scene_create(seed, leads);

	s->conf.fast_forward = false;
	s->params.span_ms = 8 * SCENE_HOUR_MS;
	s->params.mono_max_ms = 0;
	s->params.bucket_ms = 300000;
	s->conf.n_agents = agents;
	s->conf.agents = s->agents;
	for (uint32_t a = 0; a < agents; a++) {
		s->agents[a].id = a + 1;
		(void)snprintf(s->agents[a].name, sizeof(s->agents[a].name), "a%u", a);
	}
	s->params.n_teams = 1;
	s->params.teams[0] = (struct zv_sim_team){.n = agents};
	for (uint32_t i = 0; i < 2; i++) {
		struct zv_campaign_conf *c = &s->conf.campaigns[i];

		s->lists[i].agents = true;
		c->channel = ZV_CHANNEL_VOICE_AGENT;
		c->mode = ZV_MODE_PREDICTIVE;
		c->pace = ZV_PACE_PREDICTIVE;
		c->pacing = (struct zv_pacer_settings){.size = sizeof(c->pacing), .mode = ZV_PACE_PREDICTIVE,
						       .patience_ms = 2000};
	}
	return s;
}

void scene_destroy(struct scene *scene)
{
	if (scene == NULL)
		return;
	zv_zones_destroy(scene->zones);
	free(scene);
}
