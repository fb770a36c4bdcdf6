/* What the control socket asks: figures as JSON, and the few commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/daemon_int.h"
#include "app/heard_json.h"
#include "base/err.h"
#include "base/log.h"
#include "dial/route/outcome.h"
#include "law/law.h"

static const char *const campaign_states[] = {"ready", "running", "paused", "complete"};
static const char *const trunk_states[] = {"down", "up", "slow"};

static json_t *iso_time(int64_t ms)
{
	char text[40];
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *calls_json(struct zv_daemon *d, const struct zv_engine_view *view)
{
	const struct zv_engine_stats *s = &view->stats;
	json_t *outcomes = json_object();
	int64_t mono_ms = zv_clock_now(&d->clock).mono_ms;

	if (mono_ms - d->rate_ms >= 1000) {
		d->rate_cps = d->rate_ms == 0 ? 0
					      : (double)(s->dials - d->rate_dials) * 1000 /
							(double)(mono_ms - d->rate_ms);
		d->rate_dials = s->dials;
		d->rate_ms = mono_ms;
	}
	for (int i = 1; i < ZV_OUT_MAX; i++)
		json_object_set_new(outcomes, zv_outcome_name((enum zv_outcome)i),
				    json_integer((json_int_t)s->outcomes[i]));
	return json_pack("{s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:f s:o}",
			 "now", (json_int_t)s->calls, "dialing", (json_int_t)s->dialing,
			 "ringing", (json_int_t)s->ringing, "talking", (json_int_t)s->talking,
			 "adopted", (json_int_t)s->adopted, "peak", (json_int_t)s->peak_calls,
			 "peak_talking", (json_int_t)s->peak_talking, "dials", (json_int_t)s->dials,
			 "answered", (json_int_t)s->answered, "failovers", (json_int_t)s->failovers,
			 "not_sent", (json_int_t)s->not_sent, "deferred", (json_int_t)s->deferred,
			 "late_events", (json_int_t)s->late_events, "per_second", d->rate_cps,
			 "outcomes", outcomes);
}

static json_t *trunks_json(struct zv_daemon *d, const struct zv_engine_view *view)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->config->engine.n_trunks; i++) {
		const struct zv_trunk_stats *t = &view->trunks[i];

		json_t *one = json_pack(
			"{s:s s:s s:I s:I s:I s:I s:I s:o}", "name", d->config->engine.trunks[i].name,
			"state", trunk_states[t->state], "calls", (json_int_t)t->calls,
			"unanswered", (json_int_t)t->unanswered, "dials", (json_int_t)t->dials,
			"failed", (json_int_t)t->failed, "machines", (json_int_t)t->machines,
			"detection", zv_heard_json(&t->heard));
		char why[256];

		if (zv_sip_trunk_problem(d->sip, i, why, sizeof(why)))
			json_object_set_new(one, "problem", json_string(why));
		json_array_append_new(list, one);
	}
	return list;
}

/* What the packet I/O counts itself, where there is anything. */
static void add_io(json_t *of, const struct zv_media_stats *s)
{
	const struct { const char *name; uint64_t n; } counts[] = {
		{"io_lost", s->io_lost}, {"io_unresolved", s->io_unresolved}, {"io_full", s->io_full},
		{"io_foreign", s->io_foreign}, {"io_handed", s->io_handed},
		{"io_passed_up", s->io_passed_up}, {"io_passed_down", s->io_passed_down},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i].n > 0)
			(void)json_object_set_new(of, counts[i].name, json_integer((json_int_t)counts[i].n));
}

static json_t *threads_json(struct zv_daemon *d)
{
	json_t *sip = json_array(), *media = json_array();

	for (uint32_t i = 0; i < d->wires->n_shards; i++) {
		struct zv_sip_stats s;

		zv_sip_get_stats(d->sip, i, &s);
		json_array_append_new(sip, json_pack(
			"{s:I s:I s:I s:I s:I s:I s:I}", "invites", (json_int_t)s.invites,
			"retransmits", (json_int_t)s.retransmits, "timeouts",
			(json_int_t)s.timeouts, "received", (json_int_t)s.received, "bad_messages",
			(json_int_t)s.bad_messages, "legs", (json_int_t)s.legs, "lag_us_max",
			(json_int_t)s.loop_lag_us_max));
	}
	for (uint32_t i = 0; i < d->wires->n_media; i++) {
		struct zv_media_stats s;
		json_t *of;

		zv_media_get_stats(d->media, i, &s);
		of = json_pack(
			"{s:s s:I s:I s:I s:I s:I s:I s:I}", "io", zv_media_io_of(d->media, NULL),
			"streams", (json_int_t)s.streams,
			"peak_streams", (json_int_t)s.peak_streams, "tx_packets",
			(json_int_t)s.tx_packets, "rx_packets", (json_int_t)s.rx_packets,
			"rejected", (json_int_t)s.rejected, "late_ticks", (json_int_t)s.late_ticks,
			"send_errors", (json_int_t)s.send_errors);
		add_io(of, &s);
		if (d->secrets != NULL) {
			json_object_set_new(of, "srtp_forged", json_integer((json_int_t)s.srtp_forged));
			json_object_set_new(of, "srtp_replayed", json_integer((json_int_t)s.srtp_replayed));
			json_object_set_new(of, "srtp_unsent", json_integer((json_int_t)s.srtp_unsent));
		}
		json_array_append_new(media, of);
	}
	return json_pack("{s:o s:o}", "sip", sip, "media", media);
}

static json_t *campaign_json(struct zv_daemon *d, uint32_t i)
{
	const struct zv_config *live = atomic_load(&d->live);
	struct zv_campaign_info info;
	json_t *categories = json_object();
	json_t *o, *held;

	if (zv_store_campaign_get(d->store, d->config->campaigns[i].name, &info) != ZV_OK) {
		json_decref(categories);
		return json_null();
	}
	for (uint32_t c = 1; c <= d->config->campaigns[i].n_categories; c++)
		json_object_set_new(categories, info.categories[c],
				    json_integer((json_int_t)info.by_category[c]));
	o = json_pack("{s:s s:s s:I s:I s:b s:I s:o}", "name", info.name, "state",
		      campaign_states[info.state & 3], "leads", (json_int_t)info.leads, "finals",
		      (json_int_t)info.finals, "dialling", (int)d->campaigns[i].dialling, "open",
		      (json_int_t)info.by_category[0], "categories", categories);
	json_object_set_new(o, "title", json_string(d->config->campaigns[i].title));
	held = zv_daemon_held_back(d, i);
	if (held != NULL)
		json_object_set_new(o, "held_back", held);
	if (live->campaigns[i].unfit[0] != 0)
		json_object_set_new(o, "not_started", json_string(live->campaigns[i].unfit));
	return o;
}

static json_t *rules_json(struct zv_daemon *d, const struct zv_engine_stats *stats)
{
	static const char *const reasons[ZV_BLOCKED_MAX] = {
		"hours", "limit", "suppressed", "consent", "flag", "ratio", "zone", "jurisdiction",
		"overflow", "agent", "no_rules", "unstated", "other"};
	const struct zv_config *live = atomic_load(&d->live);
	const struct zv_rules *rules = live->engine.rules;
	char hash[24], seen[24];
	int year, month, mday;
	json_t *o, *refused;

	if (rules == NULL)
		return json_string("none: nobody is called");
	refused = json_object();
	for (size_t i = 0; i < ZV_BLOCKED_MAX; i++)
		if (stats->blocked[i] > 0)
			json_object_set_new(refused, reasons[i],
					    json_integer((json_int_t)stats->blocked[i]));
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)rules->hash);
	zv_civil_from_day(zv_law_oldest_seen(live->rules.law), &year, &month, &mday);
	snprintf(seen, sizeof(seen), "%04d-%02d-%02d", year, month, mday);
	o = json_pack("{s:s s:I s:s s:s s:s s:I}", "hash", hash, "number", (json_int_t)rules->n,
		      "files", live->rules.files, "tz_version", rules->tz_version, "oldest_seen", seen,
		      "untreated", (json_int_t)zv_daemon_held_back_all(d));
	json_object_set_new(o, "refused", refused);
	return o;
}

static void add_status(struct zv_daemon *d, json_t *reply)
{
	struct zv_engine_view view;
	struct zv_voice_stats voice;
	json_t *campaigns = json_array();
	int64_t cal_ms = zv_clock_now(&d->clock).cal_ms;
	char *path = realpath(d->config_path, NULL);

	zv_engine_thread_view(d->engine_thread, &view);
	zv_voice_get_stats(d->voice, &voice);
	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++)
		json_array_append_new(campaigns, campaign_json(d, i));
	json_object_set_new(reply, "pid", json_integer((json_int_t)getpid()));
	json_object_set_new(reply, "state", json_string(d->draining ? "draining" : "running"));
	json_object_set_new(reply, "uptime_ms",
			    json_integer(zv_clock_now(&d->clock).mono_ms - d->started_ms));
	json_object_set_new(reply, "config", json_string(path != NULL ? path : d->config_path));
	free(path);
	json_object_set_new(reply, "store", json_string(d->config->store.dir));
	json_object_set_new(reply, "epoch", json_integer((json_int_t)d->boot.epoch));
	json_object_set_new(reply, "fast_forward", json_boolean(d->clock.fast_forward));
	json_object_set_new(reply, "calendar_ms", json_integer(cal_ms));
	json_object_set_new(reply, "calendar", iso_time(cal_ms));
	json_object_set_new(reply, "calendar_moves",
			    json_integer((json_int_t)view.stats.calendar_moves));
	json_object_set_new(reply, "events", json_integer((json_int_t)view.events));
	json_object_set_new(reply, "overloaded", json_boolean(view.stats.load != 0));
	json_object_set_new(reply, "overloads", json_integer((json_int_t)view.stats.overloads));
	json_object_set_new(reply, "spilled", json_integer((json_int_t)view.spilled));
	json_object_set_new(reply, "offers_held", json_integer((json_int_t)view.stats.offers_held));
	json_object_set_new(reply, "calls", calls_json(d, &view));
	json_object_set_new(reply, "trunks", trunks_json(d, &view));
	json_object_set_new(reply, "threads", threads_json(d));
	json_object_set_new(reply, "voice", json_pack("{s:I s:I s:I s:I}", "texts",
		(json_int_t)voice.texts, "done", (json_int_t)voice.done, "failed",
		(json_int_t)voice.failed, "cached", (json_int_t)voice.cached));
	json_object_set_new(reply, "rules", rules_json(d, &view.stats));
	json_object_set_new(reply, "campaigns", campaigns);
}

static enum zv_err on_campaign(struct zv_daemon *d, const struct zv_control_request *request,
			       json_t *reply, char *text, size_t text_size)
{
	const struct zv_config *live = atomic_load(&d->live);

	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++) {
		enum zv_err err = ZV_OK;

		if (strcmp(d->config->campaigns[i].name, request->campaign) != 0)
			continue;
		if (request->cmd == ZV_CONTROL_CAMPAIGN_START && live->campaigns[i].unfit[0] != 0) {
			snprintf(text, text_size, "%s does not start: %s", request->campaign,
				 live->campaigns[i].unfit);
			return ZV_EDENIED;
		}
		if (request->cmd == ZV_CONTROL_CAMPAIGN_START ||
		    request->cmd == ZV_CONTROL_CAMPAIGN_PAUSE ||
		    request->cmd == ZV_CONTROL_CAMPAIGN_STOP)
			err = zv_daemon_campaign_run(d, i, request->cmd == ZV_CONTROL_CAMPAIGN_START);
		else if (request->cmd == ZV_CONTROL_LIST_IMPORTED)
			zv_voice_scan(d->voice, i);
		if (err != ZV_OK) {
			snprintf(text, text_size, "the store: %s", zv_err_text(err));
			return err;
		}
		zv_wake(d->wires->lookahead_fd);
		json_object_set_new(reply, "campaign", campaign_json(d, i));
		return ZV_OK;
	}
	snprintf(text, text_size, "no campaign %s in the configuration", request->campaign);
	return ZV_ENOENT;
}

enum zv_err zv_daemon_handle(void *arg, const struct zv_control_request *request, json_t *reply,
			     char *text, size_t text_size)
{
	struct zv_daemon *d = arg;
	json_t *list;

	switch (request->cmd) {
	case ZV_CONTROL_STATUS:
		add_status(d, reply);
		return ZV_OK;
	case ZV_CONTROL_CAMPAIGN_LIST:
		list = json_array();
		for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++)
			json_array_append_new(list, campaign_json(d, i));
		json_object_set_new(reply, "campaigns", list);
		return ZV_OK;
	case ZV_CONTROL_AGENT_LIST:
		json_object_set_new(reply, "agents", zv_desks_list(d->desks));
		return ZV_OK;
	case ZV_CONTROL_CAMPAIGN_SHOW:
	case ZV_CONTROL_CAMPAIGN_START:
	case ZV_CONTROL_CAMPAIGN_PAUSE:
	case ZV_CONTROL_CAMPAIGN_STOP:
	case ZV_CONTROL_LIST_IMPORTED:
		return on_campaign(d, request, reply, text, text_size);
	case ZV_CONTROL_LOG_LEVEL:
		zv_log_set_level(request->level);
		return ZV_OK;
	case ZV_CONTROL_RELOAD:
		return zv_daemon_reload(d, text, text_size);
	case ZV_CONTROL_DRAIN:
		zv_daemon_drain(d);
		return ZV_OK;
	case ZV_CONTROL_SUPPRESS:
	case ZV_CONTROL_UNSUPPRESS:
	case ZV_CONTROL_MARK:
		return zv_daemon_on_tell(d, request, reply, text, text_size);
	case ZV_CONTROL_VERSION:
		break;
	}
	snprintf(text, text_size, "unknown command");
	return ZV_EINVAL;
}
