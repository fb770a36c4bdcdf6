/* plugin/host.h -- loads plugins, checks them as data before anything is called, and runs the
 * pure ones on the plugin thread.
 *
 * Threads: load, bind, set_conf and destroy on the main thread (boot, reload); ask on any one
 * thread; zv_plugin_thread on its own, with a worker for each plugin.  Calls into one plugin never
 * overlap.  A plugin that overruns its deadline: the default (the lead rests one day, until the
 * next calling window) is the answer, marked `fallback`; after `strikes` overruns in a row it is
 * disabled, aloud, and the default answers for it from then on.
 */
#ifndef ZV_PLUGIN_HOST_H
#define ZV_PLUGIN_HOST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/ring.h"
#include "dial/command.h"
#include "dial/conf.h"
#include "dial/offer.h"
#include "zvonar/pacer.h"
#include "zvonar/strategy.h"

#define ZV_PLUGINS_MAX 32 /* loaded at once */

/* Where a plugin's configuration comes from; the shell fills it from core/conf's tree. */
struct zv_plugin_conf {
	void *ctx;
	size_t (*count)(void *ctx, const struct zv_conf_node *node);
	const struct zv_conf_node *(*at)(void *ctx, const struct zv_conf_node *node, size_t i);
	const char *(*key)(void *ctx, const struct zv_conf_node *node, size_t i);
	const struct zv_conf_node *(*get)(void *ctx, const struct zv_conf_node *node, const char *key);
	const char *(*text)(void *ctx, const struct zv_conf_node *node);
	void (*error)(void *ctx, const struct zv_conf_node *node, const char *text);
};

struct zv_plugins;

struct zv_plugins_params {
	struct zv_plugin_conf conf;
	const struct zv_engine_conf *engine_conf; /* hours and zones; borrowed until set_conf */
	uint32_t deadline_ms; /* 20; 1..60000.  A starved machine needs more, not less */
	uint32_t strikes;     /* 5; 1..1000 */
};

/* ZV_EINVAL (a limit out of range, no engine_conf), ZV_ENOMEM. */
enum zv_err zv_plugins_create(const struct zv_plugins_params *params, struct zv_plugins **ret_plugins) ZV_MUST_USE;
/* Accepts NULL; closes all.  The plugin thread has ended.  A plugin that never came back from a
 * call stays mapped: it cannot be unloaded under its own feet. */
void zv_plugins_destroy(struct zv_plugins *plugins);

/* Opens path (a file; refused when group or others may write it).  What is wrong, which plugin and
 * what to do stand in text; a plugin that half loaded leaves nothing.
 * ZV_ENOENT, ZV_EDENIED (its file's rights), ZV_EVERSION, ZV_EINVAL (no or bad zv_plugin),
 * ZV_EEXIST (the name is taken), ZV_EFULL, or what open() said. */
enum zv_err zv_plugins_load(struct zv_plugins *plugins, const char *path,
			    const struct zv_conf_node *conf, char *text, size_t text_size) ZV_MUST_USE;

/* Binds a campaign to a strategy by plugin name.  view->campaign is the store's number of the
 * campaign, as in zv_campaign_conf.id and zv_offer.campaign.  Binding it again (reload) replaces
 * the old binding only once the new one stands.  ZV_ENOENT (no such plugin), ZV_EFULL, ZV_EAGAIN
 * (the plugin is stuck in a call), or what open_campaign() said. */
enum zv_err zv_plugins_bind(struct zv_plugins *plugins, const char *plugin,
			    const struct zv_campaign_view *view, const struct zv_conf_node *conf,
			    char *text, size_t text_size) ZV_MUST_USE;

/* A pacer opened for a campaign.  Its set, event, decide, save and load are called on the engine's
 * thread alone, straight through ops; the host only opens and closes it, on the main thread, while
 * the engine does not use it. */
struct zv_plugin_pacer {
	const struct zv_pacer_ops *ops; /* borrowed from the host, until it is destroyed */
	void *self, *campaign;
};
/* ZV_ENOENT (no such plugin), ZV_EINVAL (it is not a pacer), or what open_campaign() said. */
enum zv_err zv_plugins_open_pacer(struct zv_plugins *plugins, const char *plugin, const struct zv_pacer_shape *shape,
				  const struct zv_conf_node *conf, struct zv_plugin_pacer *ret_pacer, char *text,
				  size_t text_size) ZV_MUST_USE;
void zv_plugins_close_pacer(struct zv_plugin_pacer *pacer);

/* Another configuration for the host's services (hours, zones); the old one may be freed
 * afterwards.  conf: where the next load and bind read theirs; NULL: as before. */
void zv_plugins_set_conf(struct zv_plugins *plugins, const struct zv_plugin_conf *conf,
			 const struct zv_engine_conf *engine_conf);

/* One question, inline: for simulators and tests.  offer->n_history > 0.  Never fails: a broken
 * strategy gives the default with fallback = 1.  Sets type, campaign's step fields and
 * u.step.kind .. due_ms; leg.slot, attempt and u.step.slab are the caller's to fill.  The
 * deadline is looked at when the plugin is back: one that never returns is a matter for
 * zv_plugin_thread. */
void zv_plugins_ask(struct zv_plugins *plugins, const struct zv_offer *offer, int64_t now_cal_ms,
		    struct zv_event *ret_step);

struct zv_plugin_run {
	struct zv_plugins *plugins;
	struct zv_slabs slabs;
	struct zv_ring *commands; /* from the engine: CMD_ASK (cal_ms = now) */
	struct zv_ring *events;   /* to the engine: EV_STEP; full: waits, nothing is lost */
	int wake_fd;
};
/* Runs until *stop is set; then at most a second goes by for a plugin that is still out.
 * A slab is read between CMD_ASK and EV_STEP only: the plugin works on a copy. */
enum zv_err zv_plugin_thread(struct zv_plugin_run *run, const _Atomic bool *stop) ZV_MUST_USE;

/* What became of the questions to one plugin.  A copy; any thread. */
struct zv_plugin_stats {
	char name[32];
	char version[32];
	uint64_t asked, answered;
	uint64_t fallbacks;   /* defaults given, whatever the cause */
	uint64_t overruns;    /* past the deadline */
	uint64_t late;        /* answers that came after the default had been given */
	uint64_t errors;      /* next() said no */
	uint64_t bad_answers; /* next() said yes, and nonsense */
	uint64_t max_us;      /* the longest call that came back */
	uint32_t strikes;     /* overruns in a row, now */
	bool disabled;
};
/* i = 0, 1, ... in the order of loading; ZV_ENOENT past the last. */
enum zv_err zv_plugins_get_stats(struct zv_plugins *plugins, uint32_t i,
				 struct zv_plugin_stats *ret_stats) ZV_MUST_USE;
/* Questions of campaigns that no strategy is bound to: the default answered. */
uint64_t zv_plugins_unbound(struct zv_plugins *plugins);

#endif
