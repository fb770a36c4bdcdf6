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
#include "app/desk.h"
#include "app/engine_thread.h"
#include "app/io.h"
#include "app/voice.h"
#include "app/wires.h"
#include "loop/loop.h"
#include "media/prompts.h"
#include "media/ear.h"
#include "media/tape.h"
#include "store/lookahead.h"
#include "store/store.h"

enum zv_daemon_thread {
	ZV_TH_STORE, ZV_TH_TAPE, ZV_TH_EARS, ZV_TH_LOOKAHEAD, ZV_TH_PLUGIN, ZV_TH_ENGINE, ZV_TH_SIP,
	ZV_TH_MEDIA = ZV_TH_SIP + ZV_SHARDS_MAX + 1,
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

/* A request of the control socket whose words are on their way to the disk; n 0: free. */
struct zv_tell_wait {
	uint64_t ticket, first; /* first: token of events[0]; the others follow */
	uint32_t n, pushed, told;
	int64_t until_ms;       /* monotonic */
	bool mark, end;         /* else a suppression; end: one is taken back */
	char name[ZV_CONTROL_NAME_MAX], text[ZV_CONTROL_TEXT_MAX];
	struct zv_event events[ZV_CONTROL_WHOM_MAX];
};
#define ZV_TELLS_MAX   8
#define ZV_RETIRED_MAX 16

/* Does a jurisdiction's treatment allow a campaign?  Asked once a day of the calendar. */
struct zv_treated {
	uint32_t campaign;
	char jur[ZV_JUR_MAX];
	uint64_t generation;
	int32_t day;
	bool good;
	uint64_t held;  /* leads seen that are held back */
	char why[320];  /* the rule, and what to write */
};
#define ZV_TREATED_MAX 64

struct zv_treatment {
	pthread_mutex_t lock;
	struct zv_treated v[ZV_TREATED_MAX];
	uint32_t n, n_leads;
	uint64_t *leads;     /* those that are counted */
	bool more;           /* and others without a place */
	uint64_t generation; /* of the configuration that they are counted for */
};

struct zv_daemon {
	const char *config_path;
	struct zv_config *config; /* of the start: paths, scripts, plugins; lives until the end */
	/* The one in force: rules, limits, what campaigns state.  Written by main; a reload retires
	 * the old one until the lookahead's pass has seen the new. */
	struct zv_config *_Atomic live;
	struct zv_config *retired[ZV_RETIRED_MAX];
	int64_t retired_ms[ZV_RETIRED_MAX]; /* monotonic */
	uint32_t n_retired;
	const struct zv_config *ahead; /* lookahead: live, for one pass */
	_Atomic uint64_t ahead_seen;   /* its generation */
	bool ahead_over;               /* the lookahead has ended */
	struct zv_treatment treatment;
	struct zv_tell_wait tells[ZV_TELLS_MAX];
	uint64_t tokens;
	struct zv_store *store;
	struct zv_store_boot boot;
	struct zv_open_attempt *open;
	uint32_t n_open;
	struct zv_clock clock;
	struct zv_wires *wires;
	struct zv_slabs slabs;
	struct zv_person_slabs persons;
	struct zv_prompts *prompts;
	struct zv_secrets *secrets; /* keys of calls, between sip and media; NULL: no trunk has SRTP */
	struct zv_media *media;
	struct zv_tape *tape;     /* NULL: nothing is recorded */
	struct zv_ears *ears;
	struct zv_sip *sip;
	struct zv_plugins *plugins;
	struct zv_plugin_pacer pacers[ZV_CAMPAIGNS_MAX]; /* of campaigns that name one */
	struct zv_engine *engine;
	struct zv_engine_thread *engine_thread;
	struct zv_recorder *recorder; /* NULL: the day is not recorded */
	struct zv_voice *voice;
	struct zv_control *control;
	struct zv_desks *desks;
	struct zv_lead_putter *missed; /* of callers who gave up; made with the first, io's */
	pthread_mutex_t words;    /* who writes to the engine's ring of http and io */
	struct zv_io *io;         /* short work that waits for the disk */
	int64_t expire_ms;        /* monotonic: when recordings were last looked through */
	struct zv_http *http;     /* NULL: none */
	struct zv_api_state *api; /* api.c's; NULL: none */
	int64_t desks_ms;         /* monotonic: last look */
	struct zv_lookahead lookahead;
	struct zv_store_run store_run;
	struct zv_plugin_run plugin_run;
	const char *trunk_names[ZV_TRUNKS_MAX];
	struct zv_campaign_run campaigns[ZV_CAMPAIGNS_MAX];

	pthread_t threads[ZV_TH_MAX];
	bool started[ZV_TH_MAX];
	struct zv_thread_arg args[ZV_TH_MAX];
	_Atomic bool stop_sip, stop_media, stop_engine, stop_rest, stop_store, stop_tape;
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

/* reload.c */
enum zv_err zv_daemon_reload(struct zv_daemon *d, char *text, size_t text_size) ZV_MUST_USE;
void zv_daemon_fitness(struct zv_daemon *d, struct zv_config *config);
enum zv_err zv_daemon_archive(struct zv_daemon *d, const struct zv_config *config, char *text,
			      size_t text_size) ZV_MUST_USE;
void zv_daemon_free_retired(struct zv_daemon *d);

/* tell.c: suppressions and marks.  ZV_EAGAIN: answered when they are on disk. */
enum zv_err zv_daemon_on_tell(struct zv_daemon *d, const struct zv_control_request *request,
			      json_t *reply, char *text, size_t text_size) ZV_MUST_USE;
void zv_daemon_told(struct zv_daemon *d, struct zv_attempt_id token);
void zv_daemon_look_at_tells(struct zv_daemon *d);

/* status.c: handler of the control socket */
enum zv_err zv_daemon_handle(void *arg, const struct zv_control_request *request, json_t *reply,
			     char *text, size_t text_size);

/* A ticket of http's in a token or a control request: those of the control socket are small. */
#define ZV_HTTP_TICKET (UINT64_C(1) << 63)

/* api.c: pages and API.  Main. */
enum zv_err zv_daemon_http_open(struct zv_daemon *d, char *text, size_t text_size) ZV_MUST_USE;
enum zv_err zv_daemon_http_reload(struct zv_daemon *d, const struct zv_config *fresh, char *text,
				  size_t text_size) ZV_MUST_USE;
void zv_daemon_http_close(struct zv_daemon *d);
/* HA1s of the configuration's agents into phones, as many.  Without a file: none. */
enum zv_err zv_daemon_secrets(const struct zv_config *c, struct zv_sip_phone *phones, char *text,
			      size_t text_size) ZV_MUST_USE;
/* figures.c; http thread */
void zv_daemon_metrics(struct zv_daemon *d, struct zv_metrics *metrics);
/* To the engine; http and io threads.  ZV_EFULL. */
enum zv_err zv_daemon_word(struct zv_daemon *d, const struct zv_event *ev) ZV_MUST_USE;
/* What the http thread left for main. */
void zv_daemon_take_asks(struct zv_daemon *d);
/* Gives config's agents their numbers; before the engine gets it. */
enum zv_err zv_daemon_number_agents(struct zv_daemon *d, struct zv_config *config) ZV_MUST_USE;
/* Now and then: which requests are overdue? */
void zv_daemon_look_at_requests(struct zv_daemon *d);
void zv_daemon_desk_answered(struct zv_daemon *d, const struct zv_cmd *cmd);
/* Answers whoever asked: control socket or HTTP.  reply: taken, may be NULL. */
void zv_daemon_answer(struct zv_daemon *d, uint64_t ticket, enum zv_err err, json_t *reply,
		      const char *text);
bool zv_daemon_is_http(uint64_t ticket); /* a token or ticket of the HTTP server's */

/* missed.c: CMD_MISSED */
void zv_daemon_missed(struct zv_daemon *d, const struct zv_cmd *cmd);
/* A CMD_QUEUE: its agent may have agreed a call back.  Main. */
void zv_daemon_queued(struct zv_daemon *d, const struct zv_cmd *cmd);

/* treated.c: is a lead of that jurisdiction treated as the rules there want it?  One that is not
 * is counted.  Lookahead. */
bool zv_daemon_treats(struct zv_daemon *d, uint32_t campaign, const char *jur, uint64_t lead);
/* {"UA": {"leads": 12, "at_least": false, "why": "..."}}; NULL: none.  Main. */
json_t *zv_daemon_held_back(struct zv_daemon *d, uint32_t campaign);
uint64_t zv_daemon_held_back_all(struct zv_daemon *d);
void zv_daemon_treatment_end(struct zv_daemon *d);

#endif
