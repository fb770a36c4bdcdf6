/* dial/engine.h -- THE ENGINE: one event in, commands out.
 *
 * Thread: engine.  Reads no clock, does no I/O, takes no lock, starts no thread; draws
 * randomness only from the seed.  The same events give the same commands, on every machine.
 *
 * A call's way (the state table is in call.c):
 *   OFFER -> due, open, a line free -> RESERVE -> RESERVED -> INTENT -> INTENT_FLUSHED ->
 *   looked at once more -> DIAL (or not_sent) -> TRYING, PROGRESS, ANSWERED -> MEDIA_OPEN, talk
 *   -> HANGUP -> ENDED -> OUTCOME and ASK -> STEP -> STEP (store) -> STEP_FLUSHED -> RELEASE.
 */
#ifndef ZV_DIAL_ENGINE_H
#define ZV_DIAL_ENGINE_H

#include "dial/command.h"
#include "dial/conf.h"
#include "dial/offer.h"
#include "dial/agent/agent.h"
#include "dial/rules/tally.h"

struct zv_engine;

struct zv_engine_params {
	const struct zv_engine_conf *conf; /* borrowed until the next set_conf */
	struct zv_slabs slabs;             /* owned by the shell */
	struct zv_person_slabs persons;    /* owned by the shell; as many as slabs are enough */
	uint16_t node;
	uint32_t epoch;      /* flushed to the store before */
	uint64_t seed;
	uint64_t rules_hash; /* of the configuration; intents carry that of the rule set */
};

/* Boot.  ZV_ENOMEM, ZV_EINVAL (conf out of its limits). */
enum zv_err zv_engine_create(const struct zv_engine_params *params, struct zv_engine **ret_engine) ZV_MUST_USE;
void zv_engine_destroy(struct zv_engine *engine); /* accepts NULL */

/* Room in `out` that a step may need. */
#define ZV_ENGINE_STEP_CMDS 1024u

/* One event.  out->cap - out->n >= ZV_ENGINE_STEP_CMDS.  Events of unknown legs and late ones
 * are counted and ignored. */
void zv_engine_step(struct zv_engine *engine, const struct zv_now *now,
		    const struct zv_event *event, struct zv_cmds *out);

/* Boot: a call that the log shows, so that a caller number's daily cap survives a restart. */
void zv_engine_count_caller(struct zv_engine *engine, uint64_t caller, int64_t cal_ms);

/* Boot: a campaign's counts of one bucket of ZV_TALLY_MS, as the store has them, and when the
 * campaign first started (for blocks). */
void zv_engine_load_tally(struct zv_engine *engine, uint32_t campaign, int64_t bucket,
			  const uint32_t n[ZV_FACTS]);
void zv_engine_load_origin(struct zv_engine *engine, uint32_t campaign, int64_t origin_ms);

/* What a campaign's ratio rule leaves (the pacer, the floor page).  False: none binds. */
bool zv_engine_budget(const struct zv_engine *engine, uint32_t campaign, struct zv_budget *ret_budget);

/* A queue of inbound calls; false: no such. */
struct zv_queue_stats {
	uint32_t waiting, longest_ms, handle_ms; /* handle_ms: talk and wrap-up, smoothed; 0 unknown */
	uint64_t came, served, given_up, called_back;
};
bool zv_engine_queue(const struct zv_engine *engine, uint32_t queue, struct zv_queue_stats *ret_stats);

/* Leads of the campaign whose first call came later than promised, or not yet. */
uint32_t zv_engine_breaches(const struct zv_engine *engine, uint32_t campaign);

/* The next moment the engine wants a TICK at: monotonic ms, INT64_MAX = none. */
int64_t zv_engine_next_tick_ms(const struct zv_engine *engine);

/* A new configuration, between two events; the old one may be freed afterwards.  Other rules
 * hold from the next decision on; leads whose ledger was read for shorter rules go back.
 * ZV_EINVAL: it renumbers or drops what calls in progress use; ZV_ENOMEM: nothing changed. */
enum zv_err zv_engine_set_conf(struct zv_engine *engine, const struct zv_engine_conf *conf) ZV_MUST_USE;

/* Why contacts were refused (refusals, not leads: the same lead may be refused again). */
enum zv_blocked {
	ZV_BLOCKED_HOURS = 0, ZV_BLOCKED_LIMIT, ZV_BLOCKED_SUPPRESSED, ZV_BLOCKED_CONSENT,
	ZV_BLOCKED_FLAG, ZV_BLOCKED_RATIO, ZV_BLOCKED_ZONE, ZV_BLOCKED_JURISDICTION,
	ZV_BLOCKED_OVERFLOW, ZV_BLOCKED_AGENT, ZV_BLOCKED_NO_RULES, ZV_BLOCKED_UNSTATED,
	ZV_BLOCKED_OTHER, ZV_BLOCKED_MAX
};

/* Figures for the status command and metrics; a copy. */
struct zv_engine_stats {
	uint32_t offers_held, calls, dialing, ringing, talking, adopted;
	uint32_t peak_calls, peak_talking;
	uint64_t dials, answered, outcomes[ZV_OUT_MAX], late_events, deferred, not_sent, failovers;
	uint64_t calendar_moves;
	uint64_t pacer_failures; /* decisions that a pacer did not give */
	uint64_t abandoned;
	uint64_t skipped;  /* previews that an agent did not dial */
	uint64_t mended;   /* what the reconciliation of the floor found wrong; 0 unless a bug */
	uint32_t load;      /* who says now that he cannot keep up: EV_LOAD's codes, a bit each */
	uint64_t overloads; /* times that new dials were shed because the machine was late */
	uint64_t blocked[ZV_BLOCKED_MAX];
};
void zv_engine_get_stats(const struct zv_engine *engine, struct zv_engine_stats *ret_stats);

/* What a pacer of this campaign must be opened for. */
struct zv_pacer_shape zv_engine_shape(const struct zv_engine_conf *conf, uint32_t campaign);

/* What the campaign's pacer sees and why it holds back, a second old at most; its agents.
 * False: the campaign is not paced. */
bool zv_engine_pacer(const struct zv_engine *engine, uint32_t campaign,
		     struct zv_pacer_figures *ret_figures);
const struct zv_agent *zv_engine_agent(const struct zv_engine *engine, uint32_t agent); /* NULL: no such */

/* A campaign's calls by what they are doing now. */
struct zv_campaign_calls { uint32_t dialing, ringing, waiting, robot, bridged, wrapup; };
/* What a campaign's people heard since that time (calendar): answered by a person, abandoned. */
void zv_engine_get_answers(const struct zv_engine *engine, uint32_t campaign, int64_t since_ms,
			   uint64_t *ret_live, uint64_t *ret_abandoned);
/* of[]: by campaign's index, as many as the configuration has.  Looks at every slot. */
void zv_engine_get_calls(const struct zv_engine *engine, struct zv_campaign_calls *ret_of);

/* Per trunk: calls now, INVITEs without any response, state (enum zv_trunk_state). */
/* machines: calls that agents said were machines' after the detector had passed them. */
struct zv_trunk_stats {
	uint32_t calls, unanswered, state;
	uint64_t dials, failed, machines;
	struct zv_heard_stats heard;
};
void zv_engine_get_trunk(const struct zv_engine *engine, uint32_t trunk, struct zv_trunk_stats *ret_stats);

#endif
