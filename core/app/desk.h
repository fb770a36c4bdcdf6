/* app/desk.h -- what agents and supervisors see: the engine's words become events of the pages,
 * and the snapshot of the floor.
 *
 * Threads: main takes the engine's words and looks once a second; the http thread reads.  Held
 * together by one short lock.
 */
#ifndef ZV_APP_DESK_H
#define ZV_APP_DESK_H

#include "app/card.h"
#include "app/config.h"
#include "app/engine_thread.h"
#include "http/http.h"

struct zv_desks;

struct zv_desks_params {
	struct zv_config *_Atomic *live; /* the daemon's */
	struct zv_engine_thread *engine;
	struct zv_store *store;
	int64_t (*now_ms)(void *arg);          /* calendar */
	void *arg;
};

enum zv_err zv_desks_create(const struct zv_desks_params *params, struct zv_desks **ret_desks) ZV_MUST_USE;
void zv_desks_destroy(struct zv_desks *desks); /* accepts NULL */
/* Where events go; NULL: nowhere.  Main. */
void zv_desks_set_http(struct zv_desks *desks, struct zv_http *http);

/* A CMD_AGENT, CARD, BRIDGE, UNBRIDGE, QUEUE.  Main. */
void zv_desks_take(struct zv_desks *desks, const struct zv_cmd *cmd);
/* To an agent whose page has just opened its stream: how he stands, and his card.  Any thread. */
void zv_desks_show(struct zv_desks *desks, uint32_t agent);
/* Adds up times and sends the floor to supervisors.  Main, once a second. */
void zv_desks_look(struct zv_desks *desks);
/* Something that supervisors must know; plain text. */
void zv_desks_alarm(struct zv_desks *desks, const char *text);

/* How many agents are in each state.  Any thread. */
void zv_desks_count(struct zv_desks *desks, uint32_t ret_n[ZV_AG_STATES]);
struct zv_metrics;
/* The histogram of agents' waits between calls, since the start.  Any thread. */
void zv_desks_waits(struct zv_desks *desks, struct zv_metrics *metrics);

/* New references.  Any thread. */
json_t *zv_desks_agent(struct zv_desks *desks, uint32_t agent);
/* All of them, in short: [{agent, state, since_ms, phone, campaign, pause, lost_ms}]. */
json_t *zv_desks_list(struct zv_desks *desks);
json_t *zv_desks_card(struct zv_desks *desks, uint32_t agent); /* NULL: none is on */
json_t *zv_desks_floor(struct zv_desks *desks);

#endif
