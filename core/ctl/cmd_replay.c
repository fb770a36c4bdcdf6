/* replay RECORD: a recorded day through the engine once more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config.h"
#include "base/log.h"
#include "ctl/ctl.h"
#include "sim/record.h"

struct replay {
	FILE *file;
	struct zv_record_head head;
	struct zv_config *config;
	struct zv_plugins *plugins;
	struct zv_plugin_pacer pacers[ZV_CAMPAIGNS_MAX];
	struct zv_slabs slabs;
	struct zv_person_slabs persons;
	struct zv_engine *engine;
	struct zv_cmd *cmds;
	struct zv_sim_trace trace, was;
	bool ended, cut; /* its end was read; another configuration came */
	uint32_t kind;
	size_t n;
	uint8_t payload[ZV_RECORD_MAX];
};

static void say_line(void *arg, const char *text)
{
	(void)arg;
	zv_put_plain(stderr, text);
	(void)fputc('\n', stderr);
}

static void say_nothing(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

/* The next record.  ZV_ENOENT: the file is over. */
static enum zv_err next(struct replay *r)
{
	uint32_t head[2];
	size_t got = fread(head, 1, sizeof(head), r->file);

	if (got == 0 && !ferror(r->file))
		return ZV_ENOENT;
	if (got != sizeof(head) || head[1] > sizeof(r->payload))
		return ZV_ECORRUPT;
	r->kind = head[0];
	r->n = head[1];
	return fread(r->payload, 1, r->n, r->file) == r->n ? ZV_OK : ZV_ECORRUPT;
}

static bool fits(const struct replay *r, void *to, size_t n)
{
	if (r->n != n)
		return false;
	memcpy(to, r->payload, n);
	return true;
}

static enum zv_err read_head(struct replay *r)
{
	enum zv_err err = next(r);
	struct zv_record_campaign c;

	if (err != ZV_OK || r->kind != ZV_RECORD_HEAD || r->n < sizeof(r->head))
		return ZV_ECORRUPT;
	memcpy(&r->head, r->payload, sizeof(r->head));
	if (!zv_record_is_ours(&r->head)) {
		zv_ctl_say("the record was written by another build of zvonard");
		return ZV_EVERSION;
	}
	if (r->head.conf_hash != r->config->hash ||
	    r->head.n_campaigns != r->config->engine.n_campaigns || r->head.n_slabs == 0 ||
	    r->head.n_slabs > 65536 || r->n != sizeof(r->head) + r->head.n_campaigns * sizeof(c)) {
		zv_ctl_say("the configuration is not the one of the record");
		return ZV_EINVAL;
	}
	for (uint32_t i = 0; i < r->head.n_campaigns; i++) {
		memcpy(&c, r->payload + sizeof(r->head) + i * sizeof(c), sizeof(c));
		if (strncmp(c.name, r->config->engine.campaigns[i].name, sizeof(c.name)) != 0)
			return ZV_EINVAL;
		r->config->engine.campaigns[i].id = c.id;
	}
	return ZV_OK;
}

static enum zv_err open_pacers(struct replay *r)
{
	struct zv_conf_sink sink = {.line = say_line, .note = say_nothing};
	struct zv_plugins_params params = {.conf = zv_config_plugin_conf(&sink),
					   .engine_conf = &r->config->engine, .deadline_ms = 60000,
					   .strikes = 1000};
	enum zv_err err = zv_plugins_create(&params, &r->plugins);
	char why[300] = "";

	for (uint32_t i = 0; i < r->config->engine.n_campaigns && err == ZV_OK; i++) {
		const struct zv_config_campaign *cc = &r->config->campaigns[i];
		struct zv_campaign_conf *c = &r->config->engine.campaigns[i];
		struct zv_pacer_shape shape;

		if (cc->pacer == NULL)
			continue;
		for (uint32_t p = 0; p < r->config->n_plugins; p++)
			if (strcmp(r->config->plugins[p].name, cc->pacer) == 0)
				err = zv_plugins_load(r->plugins, r->config->plugins[p].path,
						      r->config->plugins[p].conf, why, sizeof(why));
		if (err != ZV_OK && err != ZV_EEXIST)
			break;
		shape = zv_engine_shape(&r->config->engine, c->id);
		err = zv_plugins_open_pacer(r->plugins, cc->pacer, &shape, cc->pacer_conf, &r->pacers[i],
					    why, sizeof(why));
		c->pacer = r->pacers[i].ops;
		c->pacer_campaign = r->pacers[i].campaign;
	}
	if (err != ZV_OK)
		zv_ctl_say("%s", why);
	return err;
}

static enum zv_err make(struct replay *r)
{
	struct zv_engine_params params = {.conf = &r->config->engine};
	enum zv_err err = open_pacers(r);

	if (err != ZV_OK)
		return err;
	r->slabs = (struct zv_slabs){calloc(r->head.n_slabs, sizeof(*r->slabs.v)), r->head.n_slabs};
	r->persons = (struct zv_person_slabs){calloc(r->head.n_slabs, sizeof(*r->persons.v)), r->head.n_slabs};
	r->cmds = calloc(2 * ZV_ENGINE_STEP_CMDS, sizeof(*r->cmds));
	if (r->slabs.v == NULL || r->persons.v == NULL || r->cmds == NULL)
		return ZV_ENOMEM;
	params.slabs = r->slabs;
	params.persons = r->persons;
	params.node = r->head.node;
	params.epoch = r->head.epoch;
	params.seed = r->head.seed;
	params.rules_hash = r->head.rules_hash;
	if (r->config->engine.rules != NULL && r->config->engine.rules->hash != r->head.rules_hash) {
		zv_ctl_say("the rules are not those of the record");
		return ZV_EINVAL;
	}
	return zv_engine_create(&params, &r->engine);
}

static void step(struct replay *r)
{
	struct zv_cmds out = {.v = r->cmds, .cap = 2 * ZV_ENGINE_STEP_CMDS};
	struct zv_event event;
	struct zv_now now;

	memcpy(&now, r->payload, sizeof(now));
	memcpy(&event, r->payload + sizeof(now), sizeof(event));
	zv_sim_trace_event(&r->trace, &now, &event);
	zv_engine_step(r->engine, &now, &event, &out);
	for (uint32_t i = 0; i < out.n; i++)
		zv_sim_trace_command(&r->trace, &r->cmds[i]);
}

static enum zv_err one(struct replay *r)
{
	struct zv_record_tally tally;
	struct zv_record_told told;
	struct zv_record_zone zone;
	uint16_t number;

	switch (r->kind) {
	case ZV_RECORD_ZONE:
		if (!fits(r, &zone, sizeof(zone)) || memchr(zone.name, 0, sizeof(zone.name)) == NULL ||
		    zv_zones_intern(r->config->zones, zone.name, &number) != ZV_OK || number != zone.number)
			return ZV_ECORRUPT;
		return ZV_OK;
	case ZV_RECORD_EVENT:
		if (r->n != sizeof(struct zv_now) + sizeof(struct zv_event))
			return ZV_ECORRUPT;
		step(r);
		return ZV_OK;
	case ZV_RECORD_OFFER:
		return zv_record_read_offer(r->payload, r->n, &r->slabs, &r->persons);
	case ZV_RECORD_TALLY:
		if (!fits(r, &tally, sizeof(tally)))
			return ZV_ECORRUPT;
		zv_engine_load_tally(r->engine, tally.campaign, tally.bucket, tally.n);
		return ZV_OK;
	case ZV_RECORD_ORIGIN:
	case ZV_RECORD_CALLER:
		if (!fits(r, &told, sizeof(told)))
			return ZV_ECORRUPT;
		if (r->kind == ZV_RECORD_CALLER)
			zv_engine_count_caller(r->engine, told.what, told.at_ms);
		else
			zv_engine_load_origin(r->engine, (uint32_t)told.what, told.at_ms);
		return ZV_OK;
	case ZV_RECORD_CONF:
		r->cut = true;
		return ZV_OK;
	case ZV_RECORD_END:
		r->ended = fits(r, &r->was, sizeof(r->was));
		return r->ended ? ZV_OK : ZV_ECORRUPT;
	default:
		return ZV_ECORRUPT;
	}
}

static enum zv_err run(struct replay *r)
{
	enum zv_err err = read_head(r);

	if (err == ZV_OK)
		err = make(r);
	while (err == ZV_OK && !r->ended && !r->cut) {
		err = next(r);
		if (err == ZV_OK)
			err = one(r);
	}
	return err == ZV_ENOENT ? ZV_OK : err;
}

static int tell(const struct replay *r, struct zv_ctl *ctl)
{
	bool same = r->ended && memcmp(&r->trace, &r->was, sizeof(r->was)) == 0;
	const char *word = same ? "the same" : r->ended ? "DIFFERENT" : r->cut ? "reloaded" : "cut short";

	if (ctl->format == ZV_FORMAT_JSON)
		(void)printf("{\"trace\":\"%016llx\",\"recorded\":\"%016llx\",\"events\":%llu,\"commands\":%llu,"
			     "\"result\":\"%s\"}\n", (unsigned long long)r->trace.hash,
			     (unsigned long long)r->was.hash, (unsigned long long)r->trace.events,
			     (unsigned long long)r->trace.commands, word);
	else
		(void)printf("trace %016llx, %llu events, %llu commands: %s\n", (unsigned long long)r->trace.hash,
			     (unsigned long long)r->trace.events, (unsigned long long)r->trace.commands, word);
	if (r->cut)
		zv_ctl_say("the configuration was reloaded there: what follows cannot be run again");
	else if (!r->ended)
		zv_ctl_say("the record has no end: zvonard was killed, or the disk was too slow");
	return zv_ctl_output_end(stdout, same ? ZV_EXIT_DONE : ZV_EXIT_FAILED);
}

static void free_replay(struct replay *r)
{
	zv_engine_destroy(r->engine);
	for (uint32_t i = 0; i < ZV_CAMPAIGNS_MAX; i++)
		if (r->pacers[i].campaign != NULL)
			zv_plugins_close_pacer(&r->pacers[i]);
	zv_plugins_destroy(r->plugins);
	zv_config_destroy(r->config);
	if (r->file != NULL)
		(void)fclose(r->file);
	free(r->slabs.v);
	free(r->persons.v);
	free(r->cmds);
	free(r);
}

int zv_cmd_replay(struct zv_ctl *ctl, const struct zv_args *args)
{
	struct zv_conf_sink sink = {.line = say_line, .note = say_nothing};
	struct replay *r = calloc(1, sizeof(*r));
	enum zv_err err;
	int status;

	if (r == NULL)
		return zv_ctl_fail(ZV_ENOMEM, args->arg[0]);
	if (args->global[ZV_G_CONF] == NULL) {
		free_replay(r);
		zv_ctl_say("replay: name the configuration with --conf");
		return ZV_EXIT_USAGE;
	}
	zv_log_set_level(ZV_LOG_WARN);
	err = zv_config_load(args->global[ZV_G_CONF], &sink, &r->config);
	if (err == ZV_OK) {
		r->file = fopen(args->arg[0], "re");
		err = r->file == NULL ? (errno == ENOENT ? ZV_ENOENT : ZV_EIO) : run(r);
	}
	status = err != ZV_OK ? zv_ctl_fail(err, args->arg[0]) : tell(r, ctl);
	free_replay(r);
	return status;
}
