/* A scenario file and the configuration that it names, as the params of a world. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/simul.h"

struct reader {
	struct zv_simul *s;
	const struct zv_simul_read *read;
	const struct zv_conf_node *root;
	struct zv_conf_sink *sink;
};

static int64_t number(const struct reader *r, const char *prefix, const struct zv_conf_node *node,
		      const char *path)
{
	(void)r;
	return zv_conf_number(&zv_simul_schema, prefix, node, path);
}

static const char *text(const char *prefix, const struct zv_conf_node *node, const char *path)
{
	return zv_conf_value(&zv_simul_schema, prefix, node, path);
}

static const struct zv_conf_node *at_or(const struct zv_conf_node *node, const char *path)
{
	const struct zv_conf_node *at = zv_conf_find(node, path);

	return at != NULL ? at : node;
}

bool zv_simul_share(const char *said, double *ret_share)
{
	char *end;
	double v;

	if (said == NULL || (said[0] != '.' && (said[0] < '0' || said[0] > '9')))
		return false;
	v = strtod(said, &end);
	if (*end == '%' && end[1] == 0)
		v /= 100;
	else if (*end != 0)
		return false;
	*ret_share = v;
	return v >= 0 && v <= 1;
}

static double share(struct reader *r, const char *prefix, const struct zv_conf_node *node, const char *path)
{
	double v = 0;

	if (!zv_simul_share(text(prefix, node, path), &v))
		zv_conf_error(r->sink, at_or(node, path), "%s: a share such as 30%% or 0.3", path);
	return v;
}

static uint32_t ppm(struct reader *r, const char *prefix, const struct zv_conf_node *node, const char *path)
{
	return (uint32_t)(share(r, prefix, node, path) * 1e6 + 0.5);
}

static double plain(struct reader *r, const char *prefix, const struct zv_conf_node *node, const char *path,
		    double least, double most)
{
	const char *said = text(prefix, node, path);
	char *end;
	double v = said != NULL ? strtod(said, &end) : 0;

	if (said == NULL || end == said || *end != 0 || !(v >= least && v <= most)) {
		zv_conf_error(r->sink, at_or(node, path), "%s: a number from %g to %g", path, least, most);
		return least;
	}
	return v;
}

/* A folder's file as the scenario means it. */
static void beside(const char *file, const char *said, char *to, size_t size)
{
	const char *slash = strrchr(file, '/');

	if (said[0] == '/' || slash == NULL)
		(void)snprintf(to, size, "%s", said);
	else
		(void)snprintf(to, size, "%.*s/%s", (int)(slash - file), file, said);
}

/* Seconds, one a line. */
static bool read_times(struct zv_simul *s, const char *path, struct zv_dist *ret_dist)
{
	FILE *f = fopen(path, "re");
	double *v = NULL, **all;
	uint32_t n = 0, cap = 0;
	char line[128];
	bool ok = f != NULL;

	while (ok && fgets(line, sizeof(line), f) != NULL) {
		char *end;
		double seconds = strtod(line, &end);

		if (end == line)
			continue; /* a heading, an empty line */
		if (n == cap) {
			double *more = realloc(v, (cap = cap == 0 ? 256 : cap * 2) * sizeof(*v));

			ok = more != NULL;
			v = ok ? more : v;
		}
		if (ok)
			v[n++] = seconds * 1000;
	}
	if (f != NULL)
		(void)fclose(f);
	all = ok ? realloc(s->recorded, (s->n_recorded + 1) * sizeof(*all)) : NULL;
	if (all == NULL || zv_dist_recorded(ret_dist, v, n) != ZV_OK) {
		if (all != NULL)
			s->recorded = all;
		free(v);
		return false;
	}
	s->recorded = all;
	s->recorded[s->n_recorded++] = v;
	return true;
}

bool zv_simul_dist(struct zv_simul *s, const char *file, const char *said, struct zv_dist *ret_dist)
{
	static const struct { const char *word; enum zv_dist_kind kind; } kinds[] = {
		{"fixed", ZV_DIST_FIXED}, {"uniform", ZV_DIST_UNIFORM},
		{"exponential", ZV_DIST_EXPONENTIAL}, {"lognormal", ZV_DIST_LOGNORMAL}};
	char word[16], mean[512], spread[32] = "", path[4096];
	int64_t mean_ms;
	int n = sscanf(said, "%15s %511s %31s", word, mean, spread);
	char *end;
	double v = 0;

	if (n >= 2 && strcmp(word, "recorded") == 0) {
		beside(file, mean, path, sizeof(path));
		return read_times(s, path, ret_dist);
	}
	if (n < 2 || zv_conf_duration(mean, &mean_ms) != ZV_OK)
		return false;
	if (n == 3) {
		v = strtod(spread, &end);
		if (end == spread || *end != 0)
			return false;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i].word) == 0)
			return zv_dist_init(ret_dist, kinds[i].kind, (double)mean_ms, v) == ZV_OK;
	return false;
}

static void times(struct reader *r, const char *prefix, const struct zv_conf_node *node, const char *path,
		  struct zv_dist *ret_dist)
{
	const char *said = text(prefix, node, path);

	if (said == NULL || !zv_simul_dist(r->s, r->read->file, said, ret_dist))
		zv_conf_error(r->sink, at_or(node, path), "%s: fixed 10s, uniform 10s 0.5, exponential 135s, "
			      "lognormal 135s 0.9, or recorded FILE (seconds, one a line)", path);
}

/* ---- people ---- */

#define OF_CAMPAIGN "campaigns.*"

static void read_hours(struct reader *r, const struct zv_conf_node *node, struct zv_people *p)
{
	const struct zv_conf_node *map = zv_conf_get(node, "answer_by_hour");

	for (int h = 0; h < 24; h++)
		p->answer_ppm[h] = ppm(r, OF_CAMPAIGN, node, "answer");
	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const struct zv_conf_node *e = zv_conf_at(map, i);
		uint64_t hour;
		double v = 0;

		if (!zv_args_u64(zv_conf_key(map, i), 0, 23, &hour))
			zv_conf_error_key(r->sink, e, "an hour is 0 to 23");
		else if (!zv_simul_share(zv_conf_text(e), &v))
			zv_conf_error(r->sink, e, "a share such as 30%% or 0.3");
		else
			p->answer_ppm[hour] = (uint32_t)(v * 1e6 + 0.5);
	}
}

static void read_keys(struct reader *r, const struct zv_conf_node *node, struct zv_people *p)
{
	static const char keys[] = "0123456789*#";
	const struct zv_conf_node *map = zv_conf_get(node, "keys");

	memset(p->keys, 0, sizeof(p->keys));
	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const char *key = zv_conf_key(map, i);
		const char *at = key[0] != 0 && key[1] == 0 ? strchr(keys, key[0]) : NULL;
		int64_t weight = 0;

		if (at == NULL)
			zv_conf_error_key(r->sink, zv_conf_at(map, i), "a key is one of 0-9 * #");
		else if (zv_conf_int(zv_conf_text(zv_conf_at(map, i)), &weight) == ZV_OK)
			p->keys[at - keys] = (uint32_t)weight;
	}
	if (zv_conf_count(map) == 0)
		p->keys[1] = p->keys[2] = p->keys[3] = 1;
}

static void read_results(struct reader *r, const struct zv_conf_node *node, uint32_t campaign,
			 struct zv_people *p)
{
	const struct zv_config_campaign *c = &r->s->config->campaigns[campaign];
	const struct zv_conf_node *map = zv_conf_get(node, "results");

	for (size_t i = 0; i < zv_conf_count(map); i++) {
		int64_t weight = 0;
		uint8_t k = 0;

		while (k < c->n_results && strcmp(c->results[k], zv_conf_key(map, i)) != 0)
			k++;
		if (k == c->n_results)
			zv_conf_error_key(r->sink, zv_conf_at(map, i), "campaign %s has no such result", c->name);
		else if (zv_conf_int(zv_conf_text(zv_conf_at(map, i)), &weight) == ZV_OK)
			p->results[k] = (uint32_t)weight;
	}
}

static void read_people(struct reader *r, const struct zv_conf_node *node, struct zv_people *p)
{
	read_hours(r, node, p);
	read_keys(r, node, p);
	times(r, OF_CAMPAIGN, node, "answer_after", &p->answer);
	p->spread = plain(r, OF_CAMPAIGN, node, "spread", 0, 5);
	p->fail_ppm = ppm(r, OF_CAMPAIGN, node, "fails");
	times(r, OF_CAMPAIGN, node, "fail_after", &p->fail);
	p->dead_ppm = ppm(r, OF_CAMPAIGN, node, "dead");
	p->machine_ppm = ppm(r, OF_CAMPAIGN, node, "machines");
	times(r, OF_CAMPAIGN, node, "machine_after", &p->machine);
	times(r, OF_CAMPAIGN, node, "greeting", &p->greeting);
	times(r, OF_CAMPAIGN, node, "patience", &p->patience);
	times(r, OF_CAMPAIGN, node, "detect_after", &p->detect);
	p->false_machine_ppm = ppm(r, OF_CAMPAIGN, node, "false_machines");
	p->missed_machine_ppm = ppm(r, OF_CAMPAIGN, node, "missed_machines");
	times(r, OF_CAMPAIGN, node, "talk", &p->talk);
	times(r, OF_CAMPAIGN, node, "wrapup", &p->wrapup);
	times(r, OF_CAMPAIGN, node, "reading", &p->reading);
	p->hangs_up_ppm = ppm(r, OF_CAMPAIGN, node, "hangs_up");
	p->reacts_ppm = ppm(r, OF_CAMPAIGN, node, "reacts");
	times(r, OF_CAMPAIGN, node, "reaction", &p->reaction);
	p->leaves_ppm = ppm(r, OF_CAMPAIGN, node, "leaves");
	if (zv_people_ready(p) != ZV_OK)
		zv_conf_error(r->sink, node, "shares beyond 100%%");
}

static void read_zones(struct reader *r, const struct zv_conf_node *node, uint32_t i, struct zv_sim_list *l)
{
	const struct zv_conf_node *list = zv_conf_get(node, "zones");

	for (size_t k = 0; k < zv_conf_count(list) && k < ZV_SIM_ZONES_MAX; k++) {
		const struct zv_conf_node *e = zv_conf_at(list, k);

		if (zv_zones_intern(r->s->config->zones, zv_conf_text(e), &l->zones[l->n_zones]) == ZV_OK)
			l->n_zones++;
		else
			zv_conf_error(r->sink, e, "no time zone '%.60s' here", zv_conf_text(e));
	}
	if (l->n_zones == 0)
		l->zones[l->n_zones++] = r->s->config->campaigns[i].zone_number;
}

static bool next_step(void *arg, const struct zv_offer *offer, int64_t cal_ms, struct zv_event *ret_step)
{
	zv_plugins_ask(arg, offer, cal_ms, ret_step);
	return true;
}

static uint32_t campaign_of(const struct zv_simul *s, const char *name)
{
	uint32_t i = 0;

	while (i < s->conf.n_campaigns && strcmp(s->conf.campaigns[i].name, name) != 0)
		i++;
	return i;
}

static void read_campaign(struct reader *r, const char *name, const struct zv_conf_node *node)
{
	struct zv_simul *s = r->s;
	uint32_t i = campaign_of(s, name);
	struct zv_sim_list *l = &s->lists[i];
	const char *jur;

	if (i == s->conf.n_campaigns) {
		zv_conf_error_key(r->sink, node, "the configuration has no campaign '%.60s'", name);
		return;
	}
	if (s->config->campaigns[i].unfit[0] != 0)
		zv_conf_error_key(r->sink, node, "campaign %s could not start: %s", name,
				  s->config->campaigns[i].unfit);
	l->leads = (uint32_t)number(r, OF_CAMPAIGN, node, "leads");
	l->n_numbers = (uint32_t)number(r, OF_CAMPAIGN, node, "numbers");
	l->shared_ppm = ppm(r, OF_CAMPAIGN, node, "shared");
	l->agents = number(r, OF_CAMPAIGN, node, "agents") != 0;
	l->scores = number(r, OF_CAMPAIGN, node, "scores") != 0;
	l->prompt_ms = number(r, OF_CAMPAIGN, node, "prompt");
	jur = s->config->campaigns[i].jurisdiction;
	(void)snprintf(l->jur, sizeof(l->jur), "%s", jur != NULL ? jur : "");
	read_zones(r, node, i, l);
	read_results(r, node, i, &l->people);
	read_people(r, node, &l->people);
	if (number(r, OF_CAMPAIGN, node, "strategy") == 0)
		l->strategy = (struct zv_sim_strategy){.next = next_step, .arg = s};
	s->conf.campaigns[i].enabled = true;
	s->conf.campaigns[i].pace = s->config->engine.campaigns[i].pace;
	if (zv_conf_get(node, "detect") != NULL)
		s->conf.campaigns[i].detect = (uint8_t)number(r, OF_CAMPAIGN, node, "detect");
	if (zv_conf_get(node, "detect_max") != NULL)
		s->conf.campaigns[i].detect_max_ms = (uint32_t)number(r, OF_CAMPAIGN, node, "detect_max");
}

static void read_campaigns(struct reader *r)
{
	const struct zv_conf_node *map = zv_conf_get(r->root, "campaigns");
	struct zv_simul *s = r->s;

	for (uint32_t i = 0; i < s->conf.n_campaigns; i++) {
		s->conf.campaigns[i].enabled = false;
		s->conf.campaigns[i].pace = 0; /* it has no part in a pool of agents */
		s->lists[i].n_numbers = s->lists[i].n_zones = 1;
		s->lists[i].zones[0] = s->config->campaigns[i].zone_number;
	}
	if (zv_conf_count(map) == 0)
		zv_conf_error(r->sink, r->root, "campaigns: none: nobody would be called");
	for (size_t i = 0; i < zv_conf_count(map); i++)
		read_campaign(r, zv_conf_key(map, i), zv_conf_at(map, i));
	for (uint32_t i = 0; i < s->conf.n_campaigns; i++)
		if (s->lists[i].n_zones == 0)
			s->lists[i].n_zones = 1; /* told above */
}

/* ---- carriers, staff, events, pacers ---- */

static uint32_t trunk_of(const struct zv_simul *s, const char *name)
{
	uint32_t i = 0;

	while (i < s->conf.n_trunks && strcmp(s->conf.trunks[i].name, name) != 0)
		i++;
	return i;
}

static void read_carriers(struct reader *r)
{
	static const char of[] = "carriers.*";
	const struct zv_conf_node *map = zv_conf_get(r->root, "carriers");

	for (uint32_t t = 0; t < r->s->conf.n_trunks; t++)
		zv_carrier_default(&r->s->carriers[t]);
	for (size_t i = 0; i < zv_conf_count(map); i++) {
		const struct zv_conf_node *node = zv_conf_at(map, i);
		uint32_t t = trunk_of(r->s, zv_conf_key(map, i));
		struct zv_carrier *c = &r->s->carriers[t];

		if (t == r->s->conf.n_trunks) {
			zv_conf_error_key(r->sink, node, "the configuration has no trunk of that name");
			continue;
		}
		times(r, of, node, "trying", &c->trying);
		times(r, of, node, "setup", &c->setup);
		c->cps = (uint32_t)number(r, of, node, "cps");
		c->channels = (uint32_t)number(r, of, node, "channels");
		c->refused_ppm = ppm(r, of, node, "refused");
		c->silent_ppm = ppm(r, of, node, "silent");
	}
}

static void serve(struct reader *r, const struct zv_conf_node *list, struct zv_agent_conf *agent)
{
	for (size_t i = 0; i < zv_conf_count(list); i++) {
		const struct zv_conf_node *e = zv_conf_at(list, i);
		uint32_t c = zv_conf_text(e) != NULL ? campaign_of(r->s, zv_conf_text(e)) : UINT32_MAX;

		if (c < r->s->conf.n_campaigns)
			agent->campaigns[c / 64] |= UINT64_C(1) << (c % 64);
		else
			zv_conf_error(r->sink, e, "no such campaign");
	}
}

static void read_team(struct reader *r, const struct zv_conf_node *node, const char *name)
{
	static const char of[] = "staff.*";
	struct zv_simul *s = r->s;
	struct zv_sim_team *team = &s->params.teams[s->params.n_teams];
	uint32_t n = (uint32_t)number(r, of, node, "agents");

	if (s->conf.n_agents + n > ZV_AGENTS_MAX || s->params.n_teams == ZV_TEAMS_MAX) {
		zv_conf_error(r->sink, node, "at most %u agents in %u teams", ZV_AGENTS_MAX, ZV_TEAMS_MAX);
		return;
	}
	*team = (struct zv_sim_team){
		.first = s->conf.n_agents, .n = n,
		.from_ms = number(r, of, node, "from"), .to_ms = number(r, of, node, "to"),
		.come_apart_ms = number(r, of, node, "come_apart"),
		.lunch_ms = number(r, of, node, "lunch"), .lunch_for_ms = number(r, of, node, "lunch_for"),
		.lunch_apart_ms = number(r, of, node, "lunch_apart"),
		.speed_cv = plain(r, of, node, "speed", 0, 3),
	};
	times(r, of, node, "pause_every", &team->pause_every);
	times(r, of, node, "pause_for", &team->pause_for);
	for (uint32_t a = team->first; a < team->first + n; a++) {
		s->agents[a].id = a + 1;
		(void)snprintf(s->agents[a].name, sizeof(s->agents[a].name), "%.20s-%u", name, a - team->first + 1);
		serve(r, zv_conf_get(node, "campaigns"), &s->agents[a]);
	}
	s->conf.n_agents += n;
	s->params.n_teams++;
}

static enum zv_err read_staff(struct reader *r)
{
	const struct zv_conf_node *map = zv_conf_get(r->root, "staff");
	struct zv_simul *s = r->s;

	s->agents = calloc(ZV_AGENTS_MAX, sizeof(*s->agents));
	if (s->agents == NULL)
		return ZV_ENOMEM;
	s->conf.n_agents = 0;
	s->conf.agents = s->agents;
	for (size_t i = 0; i < zv_conf_count(map); i++)
		read_team(r, zv_conf_at(map, i), zv_conf_key(map, i));
	return ZV_OK;
}

static void read_event(struct reader *r, const struct zv_conf_node *node)
{
	static const char of[] = "events.*";
	struct zv_faults *faults = &r->s->params.faults;
	struct zv_fault *f = &faults->v[faults->n];
	const char *trunk = text(of, node, "trunk"), *campaign = text(of, node, "campaign");
	const char *said = text(of, node, "value");
	double least = -86400, value = 0;

	if (faults->n == ZV_FAULTS_MAX) {
		zv_conf_error(r->sink, node, "at most %d events", ZV_FAULTS_MAX);
		return;
	}
	/* "40%" reads as a share, all else as a number. */
	if (said == NULL || strchr(said, '%') == NULL || !zv_simul_share(said, &value))
		value = plain(r, of, node, "value", least, 1e6);
	*f = (struct zv_fault){.kind = (uint8_t)(number(r, of, node, "what") + 1),
			       .at_ms = number(r, of, node, "at"), .for_ms = number(r, of, node, "for"),
			       .value = value};
	if (f->kind == ZV_FAULT_CLOCK_STEP)
		f->value *= 1000;
	if (f->kind == ZV_FAULT_TRUNK_REFUSES || f->kind == ZV_FAULT_TRUNK_SILENT)
		f->index = trunk == NULL ? 0 : trunk_of(r->s, trunk);
	else if (f->kind == ZV_FAULT_ANSWERS || f->kind == ZV_FAULT_HANDLING)
		f->index = campaign == NULL ? 0 : campaign_of(r->s, campaign);
	if ((trunk != NULL && trunk_of(r->s, trunk) == r->s->conf.n_trunks) ||
	    (campaign != NULL && campaign_of(r->s, campaign) == r->s->conf.n_campaigns)) {
		zv_conf_error(r->sink, node, "no such trunk or campaign");
		return;
	}
	faults->n++;
}

static void read_pacers(struct reader *r)
{
	static const char of[] = "pacers.*";
	const struct zv_conf_node *map = zv_conf_get(r->root, "pacers");
	struct zv_simul *s = r->s;

	for (size_t i = 0; i < zv_conf_count(map) && i < ZV_SIMUL_PACERS_MAX; i++) {
		const struct zv_conf_node *node = zv_conf_at(map, i);

		s->pacers[s->n_pacers++] = (struct zv_simul_pacer){
			.name = zv_conf_key(map, i), .given = true,
			.mode = (uint8_t)(number(r, of, node, "mode") + 1),
			.plugin = text(of, node, "plugin"),
			.ratio_ppm = (uint32_t)(plain(r, of, node, "ratio", 0, 100) * 1e6 + 0.5),
			.cancel = number(r, of, node, "cancel") != 0,
		};
	}
	if (zv_conf_count(map) > ZV_SIMUL_PACERS_MAX)
		zv_conf_error(r->sink, map, "at most %d pacers", ZV_SIMUL_PACERS_MAX);
	if (s->n_pacers == 0)
		s->pacers[s->n_pacers++] = (struct zv_simul_pacer){.name = "configured"};
}

/* ---- the configuration ---- */

/* "a.b" and "v" as a tree of their own. */
static enum zv_err what_if(const char *key, const char *value, struct zv_conf_sink *sink,
			   struct zv_conf_tree **ret_tree)
{
	char yaml[2048];
	size_t n = 0;
	int depth = 0;

	while (*key != 0 && n < sizeof(yaml) - 200) {
		size_t len = strcspn(key, ".");

		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n, "%*s\"%.*s\":%s", depth * 2, "",
				      (int)(len > 60 ? 60 : len), key, key[len] == '.' ? "\n" : " ");
		key += len + (key[len] == '.');
		depth++;
	}
	(void)snprintf(yaml + n, sizeof(yaml) - n, "%s\n", value);
	return zv_conf_parse(yaml, strlen(yaml), "what-if", sink, ret_tree);
}

static enum zv_err load_plugins(struct reader *r)
{
	struct zv_simul *s = r->s;
	struct zv_plugins_params params = {
		.conf = zv_config_plugin_conf(r->sink), .engine_conf = &s->conf,
		.deadline_ms = 60000, .strikes = 1000, /* time is not the world's: nobody is late */
	};
	char path[4096], why[400] = "";
	enum zv_err err = zv_plugins_create(&params, &s->plugins);

	for (uint32_t i = 0; i < s->config->n_plugins && err == ZV_OK; i++) {
		const struct zv_config_plugin *p = &s->config->plugins[i];
		const char *base = strrchr(p->path, '/');

		(void)snprintf(path, sizeof(path), "%s%s%s", r->read->plugins != NULL ? r->read->plugins : "",
			       r->read->plugins != NULL ? "/" : "",
			       r->read->plugins != NULL && base != NULL ? base + 1 : p->path);
		err = zv_plugins_load(s->plugins, path, p->conf, why, sizeof(why));
	}
	for (uint32_t i = 0; i < s->conf.n_campaigns && err == ZV_OK; i++) {
		const struct zv_config_campaign *cc = &s->config->campaigns[i];
		struct zv_campaign_view view = {
			.size = sizeof(view), .campaign = s->conf.campaigns[i].id, .name = cc->name,
			.n_categories = cc->n_categories, .n_results = cc->n_results,
			.n_messages = cc->n_messages, .categories = cc->categories,
			.results = cc->results, .messages = cc->messages,
		};

		if (s->lists[i].leads > 0 && s->lists[i].strategy.next != NULL)
			err = zv_plugins_bind(s->plugins, cc->strategy, &view, cc->strategy_conf, why, sizeof(why));
		s->lists[i].strategy.arg = s->plugins;
	}
	if (err != ZV_OK)
		zv_conf_error(r->sink, NULL, "%s%s", why, why[0] == 0 ? "plugins do not load" :
			      r->read->plugins == NULL ? " (--plugins names another folder)" : "");
	return err;
}

static bool wants_plugins(const struct zv_simul *s)
{
	for (uint32_t i = 0; i < s->n_pacers; i++)
		if (s->pacers[i].plugin != NULL)
			return true;
	for (uint32_t i = 0; i < s->conf.n_campaigns; i++)
		if (s->lists[i].strategy.next != NULL ||
		    (s->lists[i].leads > 0 && s->config->campaigns[i].pacer != NULL))
			return true;
	return false;
}

static enum zv_err load_config(struct reader *r, struct zv_conf_tree *over)
{
	const char *said = zv_conf_value(&zv_simul_schema, "", r->root, "conf");
	char path[4096];
	enum zv_err err;

	if (r->read->conf == NULL && said == NULL) {
		zv_conf_free(over);
		zv_conf_error(r->sink, r->root, "conf: name zvonard's configuration here or with --conf");
		return ZV_EINVAL;
	}
	if (r->read->conf != NULL)
		(void)snprintf(path, sizeof(path), "%s", r->read->conf);
	else
		beside(r->read->file, said, path, sizeof(path));
	err = zv_config_load_over(path, over, r->sink, &r->s->config);
	if (err != ZV_OK)
		return err;
	r->s->conf = r->s->config->engine;
	for (uint32_t i = 0; i < r->s->conf.n_campaigns; i++)
		r->s->conf.campaigns[i].id = r->s->config->engine.campaigns[i].id = i + 1;
	return ZV_OK;
}

/* Only campaigns of the scenario matter here, and those are told of with its place. */
static void say_nothing(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

static enum zv_err build(struct reader *r)
{
	struct zv_simul *s = r->s;
	const struct zv_conf_node *events = zv_conf_get(r->root, "events");
	struct zv_conf_sink quiet = {.line = say_nothing, .note = say_nothing};
	enum zv_err err;

	s->params.start_ms = number(r, "", r->root, "start");
	s->params.span_ms = number(r, "", r->root, "span");
	s->params.bucket_ms = number(r, "", r->root, "bucket");
	s->seeds = (uint32_t)number(r, "", r->root, "seeds");
	s->limit = share(r, "", r->root, "limit");
	(void)snprintf(s->title, sizeof(s->title), "%s", text("", r->root, "title"));
	s->conf.fast_forward = number(r, "", r->root, "fast_forward") != 0;
	s->conf.fast_forward_until_ms = s->params.start_ms + s->params.span_ms;
	zv_config_fitness(s->config, s->params.start_ms, &quiet);
	read_campaigns(r);
	read_carriers(r);
	err = read_staff(r);
	for (size_t i = 0; i < zv_conf_count(events); i++)
		read_event(r, zv_conf_at(events, i));
	read_pacers(r);
	if (err == ZV_OK && r->sink->n_errors == 0 && wants_plugins(s))
		err = load_plugins(r);
	s->params.slabs = s->config->store.offers;
	s->params.conf = &s->conf;
	s->params.lists = s->lists;
	s->params.carriers = s->carriers;
	return err == ZV_OK && r->sink->n_errors > 0 ? ZV_EINVAL : err;
}

enum zv_err zv_simul_read(const struct zv_simul_read *read, struct zv_simul **ret_simul)
{
	struct reader r = {.read = read, .sink = read->sink};
	struct zv_conf_tree *over = NULL;
	bool of_conf = read->key != NULL && strncmp(read->key, "conf.", 5) == 0;
	enum zv_err err;

	r.s = calloc(1, sizeof(*r.s));
	if (r.s == NULL)
		return ZV_ENOMEM;
	err = zv_conf_read(read->file, read->sink, &r.s->tree);
	if (err == ZV_OK && read->key != NULL)
		err = what_if(of_conf ? read->key + 5 : read->key, read->value, read->sink, &over);
	if (err == ZV_OK && over != NULL && !of_conf) {
		err = zv_conf_merge(r.s->tree, over);
		over = NULL;
	}
	if (err == ZV_OK) {
		r.root = zv_conf_root(r.s->tree);
		err = zv_conf_check(&zv_simul_schema, "", r.root, read->sink);
	}
	if (err == ZV_OK) {
		err = load_config(&r, over);
		over = NULL;
	}
	zv_conf_free(over);
	if (err == ZV_OK)
		err = build(&r);
	if (err != ZV_OK) {
		zv_simul_destroy(r.s);
		return err;
	}
	*ret_simul = r.s;
	return ZV_OK;
}

void zv_simul_destroy(struct zv_simul *simul)
{
	if (simul == NULL)
		return;
	zv_plugins_destroy(simul->plugins);
	for (uint32_t i = 0; i < simul->n_recorded; i++)
		free(simul->recorded[i]);
	free(simul->recorded);
	free(simul->agents);
	zv_config_destroy(simul->config);
	zv_conf_free(simul->tree);
	free(simul);
}
