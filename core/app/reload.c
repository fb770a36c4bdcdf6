/* A configuration loaded again, rules included: told to engine, plugins and lookahead, and the old
 * one freed when none of them uses it any more. */
#include <stdio.h>
#include <string.h>

#include "app/daemon_int.h"
#include "app/dates.h"
#include "base/err.h"
#include "base/log.h"
#include "law/law.h"
#include "store/told.h"

#define RETIRED_REST_MS 30000 /* the longest that a request of the API may take */

static void note_change(void *arg, const char *line)
{
	(void)arg;
	zv_info("conf", "%s", line);
}

static void warn_line(void *arg, const char *line)
{
	(void)arg;
	zv_warn("conf", "%s", line);
}

/* Which campaigns may start, told to the log. */
void zv_daemon_fitness(struct zv_daemon *d, struct zv_config *config)
{
	struct zv_conf_sink sink = {.line = warn_line};

	zv_config_fitness(config, zv_clock_now(&d->clock).cal_ms, &sink);
}

/* A decision can be explained for ever only if its rules are kept: they are on disk before the
 * first one. */
enum zv_err zv_daemon_archive(struct zv_daemon *d, const struct zv_config *config, char *text,
			      size_t text_size)
{
	const char *files;
	enum zv_err err;
	size_t len;

	if (config->rules.law == NULL)
		return ZV_OK;
	files = zv_law_archive(config->rules.law, &len);
	err = zv_store_ruleset_put(d->store, config->engine.rules, zv_clock_now(&d->clock).cal_ms,
				   files, len);
	if (err != ZV_OK)
		snprintf(text, text_size, "the rules cannot be kept in the store: %s", zv_err_text(err));
	return err;
}

static void drop_rules(struct zv_daemon *d, struct zv_config *config)
{
	/* The first configuration stays until the end for its scripts and paths: its rules do not. */
	if (config == d->config)
		zv_config_free_rules(config);
	else
		zv_config_destroy(config);
}

void zv_daemon_free_retired(struct zv_daemon *d)
{
	uint64_t seen = atomic_load(&d->ahead_seen);
	int64_t now_ms = zv_clock_now(&d->clock).mono_ms;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < d->n_retired; i++) {
		if ((d->retired[i]->generation >= seen ||
		     (d->http != NULL && now_ms - d->retired_ms[i] < RETIRED_REST_MS)) &&
		    !d->ahead_over) {
			d->retired_ms[kept] = d->retired_ms[i];
			d->retired[kept++] = d->retired[i];
		}
		else
			drop_rules(d, d->retired[i]);
	}
	d->n_retired = kept;
}

static enum zv_err load(struct zv_daemon *d, struct zv_config **ret_fresh, uint32_t *ret_changes,
			struct zv_told *told)
{
	struct zv_conf_sink sink = {
		.line = zv_daemon_tell_line, .note = note_change, .arg = told};
	struct zv_config *fresh = NULL;
	enum zv_err err = zv_config_reload(d->config_path, d->config, &sink, &fresh, ret_changes);

	if (err != ZV_OK)
		return err;
	if (fresh->engine.n_campaigns != d->config->engine.n_campaigns ||
	    fresh->engine.n_trunks != d->config->engine.n_trunks) {
		snprintf(told->text, told->size, "a new trunk or campaign needs a restart");
		zv_config_destroy(fresh);
		return ZV_EDENIED;
	}
	for (uint32_t i = 0; i < fresh->engine.n_campaigns; i++) {
		/* Prompts of leads that are held belong to the script as it was loaded. */
		fresh->engine.campaigns[i].id = d->campaigns[i].id;
		fresh->engine.campaigns[i].script = d->config->engine.campaigns[i].script;
		fresh->engine.campaigns[i].abandon_prompt =
			d->config->engine.campaigns[i].abandon_prompt;
		fresh->engine.campaigns[i].machine_prompt =
			d->config->engine.campaigns[i].machine_prompt;
	}
	err = zv_daemon_number_agents(d, fresh);
	if (err == ZV_OK)
		err = zv_dates_put(d->store, fresh);
	if (err != ZV_OK) {
		snprintf(told->text, told->size, "the store does not take the agents, or the campaigns' dates");
		zv_config_destroy(fresh);
		return err;
	}
	*ret_fresh = fresh;
	return ZV_OK;
}

static void tell_rules(const struct zv_config *was, const struct zv_config *is)
{
	uint64_t old = was->engine.rules != NULL ? was->engine.rules->hash : 0;

	if (is->engine.rules == NULL)
		zv_warn("law", "there are no rules any more: nobody is called");
	else if (is->engine.rules->hash != old)
		zv_info("law", "rules %016llx in force, %u of them; before: %016llx",
			(unsigned long long)is->engine.rules->hash, is->engine.rules->n,
			(unsigned long long)old);
}

enum zv_err zv_daemon_reload(struct zv_daemon *d, char *text, size_t text_size)
{
	struct zv_told told = {text, text_size};
	struct zv_config *was = atomic_load(&d->live), *fresh = NULL;
	uint32_t changes = 0;
	enum zv_err err;

	text[0] = 0;
	zv_daemon_free_retired(d);
	if (d->n_retired == ZV_RETIRED_MAX) {
		snprintf(text, text_size, "%u reloads are not taken in everywhere yet; try again",
			 d->n_retired);
		return ZV_EFULL;
	}
	err = load(d, &fresh, &changes, &told);
	if (err == ZV_OK) {
		zv_daemon_fitness(d, fresh);
		err = zv_daemon_archive(d, fresh, text, text_size);
	}
	if (err == ZV_OK)
		err = zv_daemon_secrets(fresh, fresh->phones, text, text_size);
	if (err == ZV_OK) {
		err = zv_engine_thread_set_conf(d->engine_thread, &fresh->engine);
		if (err != ZV_OK)
			snprintf(text, text_size, "the engine refuses it: %s", zv_err_text(err));
	}
	if (err != ZV_OK) {
		zv_error("app", "the configuration and the rules stay as they were");
		zv_config_destroy(fresh);
		return err;
	}
	if (fresh->sip.phones.on && zv_sip_set_phones(d->sip, fresh->phones, fresh->engine.n_agents) != ZV_OK)
		zv_error("app", "the phones keep their old secrets");
	if (zv_daemon_http_reload(d, fresh, text, text_size) != ZV_OK)
		zv_error("app", "the pages keep their old users: %s", text);
	zv_plugins_set_conf(d->plugins, NULL, &fresh->engine);
	tell_rules(was, fresh);
	fresh->generation = was->generation + 1;
	atomic_store(&d->live, fresh);
	d->retired_ms[d->n_retired] = zv_clock_now(&d->clock).mono_ms;
	d->retired[d->n_retired++] = was;
	zv_wake(d->wires->lookahead_fd);
	zv_log_set_level(fresh->log.level);
	zv_info("app", "configuration reloaded, %u changes", changes);
	return ZV_OK;
}
