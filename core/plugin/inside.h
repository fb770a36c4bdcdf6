/* plugin/inside.h -- what the files of this folder share. */
#ifndef ZV_PLUGIN_INSIDE_H
#define ZV_PLUGIN_INSIDE_H

#include <pthread.h>

#include "plugin/abi.h"
#include "plugin/host.h"

#define ZV_BINDINGS_MAX ZV_CAMPAIGNS_MAX

struct plugin;

/* What a bound campaign lets a strategy answer. */
struct binding {
	struct plugin *plugin;
	uint32_t campaign;
	uint8_t n_categories, n_messages;
	void *state; /* open_campaign's */
};

struct plugin {
	struct zv_plugins *host;
	void *module; /* dlopen's */
	struct zv_plugin head;
	struct zv_strategy_ops ops; /* of a strategy */
	struct zv_pacer_ops pacer;  /* of a pacer */
	struct zv_host services; /* ctx = this plugin */
	void *self;
	char name[ZV_PLUGIN_NAME_MAX];
	char version[32];
	pthread_mutex_t call; /* held during any call into the plugin */
	_Atomic bool disabled;
	_Atomic uint32_t strikes;
	_Atomic uint64_t asked, answered, fallbacks, overruns, late, errors, bad_answers, max_us;
	void *left; /* a worker that is still inside: never unloaded; NULL = none */
};

struct zv_plugins {
	struct zv_plugins_params params;
	pthread_rwlock_t conf_lock; /* params.engine_conf */
	pthread_mutex_t bind_lock;  /* bindings, n_bindings */
	uint32_t n, n_bindings;
	struct plugin *plugins[ZV_PLUGINS_MAX]; /* filled before the thread runs, or under bind_lock */
	struct binding bindings[ZV_BINDINGS_MAX];
	_Atomic uint64_t unbound;
	struct zv_plugins *next_left; /* of those that had to stay */
};

/* services.c: fills plugin->services. */
void zv_services_init(struct plugin *plugin);
/* The campaign's first window in zone that ends after utc_ms. */
enum zv_err zv_services_window(struct zv_plugins *host, uint32_t campaign, uint16_t zone,
			       int64_t utc_ms, int64_t ret_window[2]) ZV_MUST_USE;

/* ask.c */
int64_t zv_mono_ns(void);
/* Takes plugin->call; false: somebody is in a call for longer than that. */
bool zv_ask_lock(struct plugin *plugin, int64_t wait_ms);
/* The binding of a campaign, a copy; false: none. */
bool zv_ask_find(struct zv_plugins *host, uint32_t campaign, struct binding *ret_binding);
/* Counts a question; NULL: nobody to put it to, so the default answers. */
struct plugin *zv_ask_accept(struct zv_plugins *host, const struct zv_offer *offer);
/* Calls next() and checks the answer: false = no use, and counted.  The caller holds
 * plugin->call. */
bool zv_ask_call(struct plugin *plugin, const struct zv_offer *offer, int64_t now_ms,
		 struct zv_event *ret_step);
/* The lead rests one day. */
void zv_ask_default(struct zv_plugins *host, const struct zv_offer *offer, int64_t now_ms,
		    struct zv_event *ret_step);
void zv_ask_took(struct plugin *plugin, int64_t took_ns);
/* One overrun: counts it, disables the plugin at the last strike. */
void zv_ask_strike(struct plugin *plugin, int64_t took_ms);
void zv_ask_disable(struct plugin *plugin, const char *why);

#endif
