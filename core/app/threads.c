#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/daemon_int.h"
#include "base/log.h"
#include "law/locate.h"

bool zv_daemon_tell_engine(struct zv_daemon *d, const struct zv_event *ev)
{
	return zv_ring_push(d->wires->main_engine, ev) == ZV_OK;
}

uint32_t zv_daemon_campaign_index(const struct zv_daemon *d, uint32_t id)
{
	for (uint32_t i = 0; i < d->config->engine.n_campaigns; i++)
		if (d->campaigns[i].id == id)
			return i;
	return UINT32_MAX;
}

/* ---- what the rooms call back ---- */

static int64_t calendar_ms(void *arg)
{
	struct zv_daemon *d = arg;

	return zv_clock_now(&d->clock).cal_ms;
}

static bool offered(void *arg, uint32_t campaign)
{
	struct zv_daemon *d = arg;
	uint32_t i = zv_daemon_campaign_index(d, campaign);

	return i != UINT32_MAX && atomic_load_explicit(&d->campaigns[i].offered,
						       memory_order_acquire);
}

/* At the begin of each pass: what is read until the next one stays until then. */
static const struct zv_rules *rules_now(void *arg)
{
	struct zv_daemon *d = arg;
	const struct zv_config *live = atomic_load(&d->live);

	d->ahead = live;
	atomic_store(&d->ahead_seen, live->generation);
	return live->engine.rules;
}

static bool place(void *arg, const struct zv_place_ask *ask, struct zv_person_slab *slab)
{
	struct zv_daemon *d = arg;
	uint32_t i = zv_daemon_campaign_index(d, ask->campaign);

	if (i == UINT32_MAX)
		return false;
	zv_locate(&(struct zv_locate){
		.numbering = d->ahead->rules.plan, .zones = d->ahead->zones, .jur = ask->jur,
		.zone = ask->zone, .registration = ask->registration, .region = ask->region,
		.default_jur = d->ahead->campaigns[i].jurisdiction,
		.default_zone = d->ahead->engine.campaigns[i].zone,
		.default_zone_known = d->ahead->engine.campaigns[i].zone_known}, slab);
	return true;
}

static bool prepare(void *arg, struct zv_offer *offer, const char *attrs, size_t attrs_len)
{
	struct zv_daemon *d = arg;
	uint32_t i = zv_daemon_campaign_index(d, offer->campaign);
	const char *jur;

	if (i == UINT32_MAX)
		return false;
	if (offer->topic == 0)
		offer->topic = d->ahead->campaigns[i].topic;
	jur = offer->person_slab < d->persons.n ? d->persons.v[offer->person_slab].jur : "";
	if (jur[0] != 0 && !zv_daemon_treats(d, i, jur, offer->lead))
		return false;
	return zv_voice_prepare(d->voice, i, attrs, attrs_len, offer->prompts);
}

static void complete(void *arg, uint32_t campaign)
{
	struct zv_daemon *d = arg;
	uint32_t i = zv_daemon_campaign_index(d, campaign);

	if (i != UINT32_MAX)
		atomic_store(&d->campaigns[i].complete, true);
	zv_wake(d->wires->main_fd);
}

/* ---- thread bodies ---- */

static void *run_store(void *arg)
{
	struct zv_daemon *d = arg;

	if (zv_store_thread(&d->store_run, &d->stop_store) != ZV_OK) {
		zv_error("store", "the store failed; zvonard ends, a restart settles open calls");
		atomic_store(&d->store_failed, true);
		zv_wake(d->wires->main_fd);
	}
	return NULL;
}

static void *run_lookahead(void *arg)
{
	struct zv_daemon *d = arg;

	if (zv_lookahead_thread(&d->lookahead, &d->stop_rest) != ZV_OK) {
		zv_error("store", "the lookahead cannot read the store");
		atomic_store(&d->store_failed, true);
		zv_wake(d->wires->main_fd);
	}
	return NULL;
}

static void *run_plugin(void *arg)
{
	struct zv_daemon *d = arg;

	if (zv_plugin_thread(&d->plugin_run, &d->stop_rest) != ZV_OK)
		zv_error("plugin", "the plugin thread ended");
	return NULL;
}

static void *run_engine(void *arg)
{
	struct zv_daemon *d = arg;

	zv_engine_thread_run(d->engine_thread, &d->stop_engine);
	return NULL;
}

static void *run_sip(void *arg)
{
	struct zv_thread_arg *a = arg;
	struct zv_wires *w = a->daemon->wires;
	struct zv_sip_rings rings = {
		.commands = w->engine_sip[a->index], .events = w->sip_engine[a->index],
		.dialogs = w->sip_store[a->index], .dialog_acks = w->store_sip[a->index],
		.wake_fd = w->sip_fd[a->index],
	};

	if (zv_sip_thread(a->daemon->sip, a->index, &rings, &a->daemon->stop_sip) != ZV_OK)
		zv_error("sip", "signalling thread %u ended", a->index);
	return NULL;
}

static void *run_media(void *arg)
{
	struct zv_thread_arg *a = arg;
	struct zv_wires *w = a->daemon->wires;
	struct zv_media_rings rings = {
		.commands = w->engine_media[a->index], .events = w->media_engine[a->index],
		.wake_fd = w->media_fd[a->index],
	};

	if (zv_media_thread(a->daemon->media, a->index, &rings, &a->daemon->stop_media) != ZV_OK)
		zv_error("media", "media thread %u ended", a->index);
	return NULL;
}

static void *run_tape(void *arg)
{
	struct zv_daemon *d = arg;

	if (zv_tape_thread(d->tape, &d->stop_tape) != ZV_OK)
		zv_error("media", "the recordings' thread ended");
	return NULL;
}

static void *run_ears(void *arg)
{
	struct zv_daemon *d = arg;

	if (zv_ears_thread(d->ears, &d->stop_tape) != ZV_OK)
		zv_error("media", "the thread of answer detection ended");
	return NULL;
}

/* ---- start and stop ---- */

static void fill_runs(struct zv_daemon *d)
{
	const struct zv_config *c = d->config;
	struct zv_wires *w = d->wires;

	for (uint32_t i = 0; i < c->engine.n_trunks; i++)
		d->trunk_names[i] = c->engine.trunks[i].name;
	d->store_run = (struct zv_store_run){
		.store = d->store, .commands = w->engine_store, .events = w->store_engine,
		.dialogs = w->sip_store, .dialog_acks = w->store_sip, .n_shards = w->n_shards,
		.wake_fd = w->store_fd, .intent_wait_ms = c->store.intent_wait_ms,
		.outcome_wait_ms = c->store.outcome_wait_ms, .trunk_names = d->trunk_names,
		.campaign_complete = complete, .arg = d,
	};
#ifdef ZV_TEST_HOOKS
	d->store_run.swap_order = getenv("ZVONAR_TEST_SWAP_ORDER") != NULL;
#endif
	d->lookahead = (struct zv_lookahead){
		.store = d->store, .slabs = d->slabs, .persons = d->persons,
		.events = w->lookahead_engine,
		.commands = w->engine_lookahead, .wake_fd = w->lookahead_fd, .zones = c->zones,
		.intern = c->zones, .horizon_ms = c->store.horizon_ms,
		.ahead = c->engine.fast_forward ? c->store.ahead : 0, .calendar_ms = calendar_ms,
		.running = offered, .prepare = prepare, .rules = rules_now, .place = place, .arg = d,
	};
	d->plugin_run = (struct zv_plugin_run){
		.plugins = d->plugins, .slabs = d->slabs, .commands = w->engine_plugin,
		.events = w->plugin_engine, .wake_fd = w->plugin_fd,
	};
}

static enum zv_err start(struct zv_daemon *d, uint32_t which, void *(*body)(void *), void *arg,
			 const char *name)
{
	if (pthread_create(&d->threads[which], NULL, body, arg) != 0)
		return ZV_ENOMEM;
	pthread_setname_np(d->threads[which], name);
	d->started[which] = true;
	return ZV_OK;
}

enum zv_err zv_daemon_threads_start(struct zv_daemon *d)
{
	enum zv_err err;

	fill_runs(d);
	err = start(d, ZV_TH_STORE, run_store, d, "zv-store");
	if (err == ZV_OK)
		err = start(d, ZV_TH_EARS, run_ears, d, "zv-ears");
	if (err == ZV_OK && d->tape != NULL)
		err = start(d, ZV_TH_TAPE, run_tape, d, "zv-tape");
	for (uint32_t i = 0; i < d->wires->n_media && err == ZV_OK; i++) {
		d->args[ZV_TH_MEDIA + i] = (struct zv_thread_arg){d, i};
		err = start(d, ZV_TH_MEDIA + i, run_media, &d->args[ZV_TH_MEDIA + i], "zv-media");
	}
	for (uint32_t i = 0; i < d->wires->n_shards && err == ZV_OK; i++) {
		d->args[ZV_TH_SIP + i] = (struct zv_thread_arg){d, i};
		err = start(d, ZV_TH_SIP + i, run_sip, &d->args[ZV_TH_SIP + i], "zv-sip");
	}
	if (err == ZV_OK)
		err = start(d, ZV_TH_PLUGIN, run_plugin, d, "zv-plugin");
	if (err == ZV_OK)
		err = start(d, ZV_TH_ENGINE, run_engine, d, "zv-engine");
	if (err == ZV_OK)
		err = start(d, ZV_TH_LOOKAHEAD, run_lookahead, d, "zv-lookahead");
	return err;
}

static void join(struct zv_daemon *d, uint32_t which)
{
	if (d->started[which])
		pthread_join(d->threads[which], NULL);
	d->started[which] = false;
}

void zv_daemon_threads_stop(struct zv_daemon *d)
{
	const struct zv_wires *w = d->wires;

	/* Calls first: their ends travel on through engine and store. */
	atomic_store(&d->stop_sip, true);
	for (uint32_t i = 0; i < w->n_shards; i++)
		zv_wake(w->sip_fd[i]);
	for (uint32_t i = 0; i < w->n_shards; i++)
		join(d, ZV_TH_SIP + i);
	atomic_store(&d->stop_media, true);
	for (uint32_t i = 0; i < w->n_media; i++)
		zv_wake(w->media_fd[i]);
	for (uint32_t i = 0; i < w->n_media; i++)
		join(d, ZV_TH_MEDIA + i);
	atomic_store(&d->stop_tape, true);
	join(d, ZV_TH_TAPE);
	join(d, ZV_TH_EARS);
	atomic_store(&d->stop_engine, true);
	zv_wake(w->engine_fd);
	join(d, ZV_TH_ENGINE);
	atomic_store(&d->stop_rest, true);
	zv_wake(w->plugin_fd);
	zv_wake(w->lookahead_fd);
	join(d, ZV_TH_PLUGIN);
	join(d, ZV_TH_LOOKAHEAD);
	d->ahead_over = true;
	atomic_store(&d->stop_store, true);
	zv_wake(w->store_fd);
	join(d, ZV_TH_STORE);
}
