/* plugin/host.h -- loads plugins, checks them as data before anything is called, and runs the
 * pure ones on the plugin thread.
 *
 * Threads: load, open and close at boot and reload on the main thread; zv_plugin_thread on its
 * own.  A plugin that overruns its deadline: the default (the lead rests one day) is the
 * answer, marked `fallback`; after `strikes` overruns in a row it is disabled, aloud.
 */
#ifndef ZV_PLUGIN_HOST_H
#define ZV_PLUGIN_HOST_H

#include "base/ring.h"
#include "dial/command.h"
#include "dial/conf.h"
#include "dial/offer.h"
#include "zvonar/strategy.h"

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
	const struct zv_engine_conf *engine_conf; /* hours and zones for host services */
	uint32_t deadline_ms; /* 20 */
	uint32_t strikes;     /* 5 */
};

enum zv_err zv_plugins_create(const struct zv_plugins_params *params, struct zv_plugins **ret_plugins) ZV_MUST_USE;
void zv_plugins_destroy(struct zv_plugins *plugins); /* accepts NULL; closes all */

/* Opens path (a file; refused when others may write it).  What is wrong stands in text.
 * ZV_ENOENT, ZV_EVERSION, ZV_EINVAL (no or bad zv_plugin), or what open() said. */
enum zv_err zv_plugins_load(struct zv_plugins *plugins, const char *path,
			    const struct zv_conf_node *conf, char *text, size_t text_size) ZV_MUST_USE;

/* Binds a campaign (its index in zv_engine_conf.campaigns and its store id) to a strategy by
 * plugin name. */
enum zv_err zv_plugins_bind(struct zv_plugins *plugins, const char *plugin,
			    const struct zv_campaign_view *view, const struct zv_conf_node *conf,
			    char *text, size_t text_size) ZV_MUST_USE;

/* One question, inline: for simulators and tests.  offer->n_history > 0.  Never fails: a broken
 * strategy gives the default with fallback = 1. */
void zv_plugins_ask(struct zv_plugins *plugins, const struct zv_offer *offer, int64_t now_cal_ms,
		    struct zv_event *ret_step);

struct zv_plugin_run {
	struct zv_plugins *plugins;
	struct zv_slabs slabs;
	struct zv_ring *commands; /* from the engine: CMD_ASK (cal_ms = now) */
	struct zv_ring *events;   /* to the engine: EV_STEP */
	int wake_fd;
};
enum zv_err zv_plugin_thread(struct zv_plugin_run *run, const _Atomic bool *stop) ZV_MUST_USE;

#endif
