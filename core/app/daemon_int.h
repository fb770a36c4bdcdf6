/* app/daemon_int.h -- the daemon's parts, for build.c (make), daemon.c (run, stop), threads.c and
 * status.c (what the control socket asks).
 */
#ifndef ZV_APP_DAEMON_INT_H
#define ZV_APP_DAEMON_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "app/clock.h"
#include "app/control.h"
#include "app/daemon.h"
#include "app/engine_thread.h"
#include "app/voice.h"
#include "app/wires.h"
#include "loop/loop.h"
#include "media/prompts.h"
#include "store/lookahead.h"
#include "store/store.h"

enum zv_daemon_thread {
	ZV_TH_STORE, ZV_TH_LOOKAHEAD, ZV_TH_PLUGIN, ZV_TH_ENGINE, ZV_TH_SIP,
	ZV_TH_MEDIA = ZV_TH_SIP + ZV_SHARDS_MAX,
	ZV_TH_MAX = ZV_TH_MEDIA + ZV_MEDIA_THREADS_MAX
};

struct zv_campaign_run {
	uint32_t id;            /* the store's */
	_Atomic bool offered;   /* the lookahead offers its leads */
	_Atomic bool complete;  /* told by the store's thread */
	bool wanted;            /* to be run; main */
	bool resumed;           /* it ran before this process started; main */
	bool dialling;          /* the engine was told so; main */
};

/* A thread's own arguments: which shard of whose. */
struct zv_thread_arg {
	struct zv_daemon *daemon;
	uint32_t index;
};

struct zv_daemon {
	const char *config_path;
	struct zv_config *config;
	struct zv_config *reloaded[16]; /* old ones stay until the end: calls may use them */
	uint32_t n_reloaded;
	struct zv_store *store;
	struct zv_store_boot boot;
	struct zv_open_attempt *open;
	uint32_t n_open;
	struct zv_clock clock;
	struct zv_wires *wires;
	struct zv_slabs slabs;
	struct zv_prompts *prompts;
	struct zv_media *media;
	struct zv_sip *sip;
	struct zv_plugins *plugins;
	struct zv_engine *engine;
	struct zv_engine_thread *engine_thread;
	struct zv_voice *voice;
	struct zv_control *control;
	struct zv_lookahead lookahead;
	struct zv_store_run store_run;
	struct zv_plugin_run plugin_run;
	const char *trunk_names[ZV_TRUNKS_MAX];
	struct zv_campaign_run campaigns[ZV_CAMPAIGNS_MAX];

	pthread_t threads[ZV_TH_MAX];
	bool started[ZV_TH_MAX];
	struct zv_thread_arg args[ZV_TH_MAX];
	_Atomic bool stop_sip, stop_media, stop_engine, stop_rest, stop_store;
	_Atomic bool store_failed;
	int signal_fd;
	struct zv_loop *loop;

	bool draining, quit;
	int64_t started_ms, drain_until_ms; /* monotonic */
	bool overloaded;
	uint64_t late_ticks[ZV_MEDIA_THREADS_MAX]; /* at the last look */
	int64_t load_ms;
	uint64_t rate_dials;                /* dials at the last look, for calls a second */
	int64_t rate_ms;
	double rate_cps;
};

/* threads.c */
enum zv_err zv_daemon_threads_start(struct zv_daemon *d) ZV_MUST_USE;
/* Ends them in the order in which nothing is lost. */
void zv_daemon_threads_stop(struct zv_daemon *d);
/* To the engine; main thread.  False: its ring is full. */
bool zv_daemon_tell_engine(struct zv_daemon *d, const struct zv_event *ev);
uint32_t zv_daemon_campaign_index(const struct zv_daemon *d, uint32_t id); /* UINT32_MAX: none */

/* build.c: errors of configuration go to the log, the first one to whoever asked */
struct zv_told { char *text; size_t size; };
void zv_daemon_tell_line(void *arg, const char *line);

/* daemon.c */
enum zv_err zv_daemon_campaign_run(struct zv_daemon *d, uint32_t campaign, bool on) ZV_MUST_USE;
void zv_daemon_drain(struct zv_daemon *d);
enum zv_err zv_daemon_reload(struct zv_daemon *d, char *text, size_t text_size) ZV_MUST_USE;

/* status.c: handler of the control socket */
enum zv_err zv_daemon_handle(void *arg, const struct zv_control_request *request, json_t *reply,
			     char *text, size_t text_size);

#endif
