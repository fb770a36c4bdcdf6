/* dial/call_int.h -- a call's states are walked in call.c; those with an agent in call_agent.c,
 * who is there in call_heard.c, those of before a crash in call_adopt.c.  Private to them. */
#ifndef ZV_DIAL_CALL_INT_H
#define ZV_DIAL_CALL_INT_H

#include "dial/engine_int.h"

#define ZV_CALL_ENDING_MS 60000 /* sip ends each leg by itself well before that */

struct zv_call_ctx {
	struct zv_engine *e;
	struct zv_call *call;
	uint32_t slot;
	const struct zv_event *ev; /* NULL: the deadline passed, or the floor asks */
};

/* ---- call.c ---- */

const struct zv_campaign_conf *zv_call_campaign(const struct zv_call_ctx *c);
struct zv_cmd *zv_call_emit(const struct zv_call_ctx *c, enum zv_cmd_type type);
void zv_call_deadline(const struct zv_call_ctx *c, int64_t mono_ms); /* 0: none */
void zv_call_state(const struct zv_call_ctx *c, enum zv_call_state to);
void zv_call_ladder(const struct zv_call_ctx *c, enum zv_ladder what, uint16_t code);
void zv_call_give_channel(const struct zv_call_ctx *c);
void zv_call_free_if_done(const struct zv_call_ctx *c);
void zv_call_close_media(const struct zv_call_ctx *c);
/* The attempt is over for the lead: outcome to the store, question to the strategy. */
void zv_call_finish(const struct zv_call_ctx *c, enum zv_outcome outcome, uint8_t result);
void zv_call_open_media(const struct zv_call_ctx *c);
struct zv_cmd *zv_call_tell_outcome(const struct zv_call_ctx *c, enum zv_outcome outcome,
				    uint8_t result);
void zv_call_act(const struct zv_call_ctx *c, struct zv_talk_act act);
void zv_call_robot(const struct zv_call_ctx *c); /* the script begins */

/* ---- call_heard.c: handlers of the table in call.c, and what leads there ---- */

/* A 18x: its early media are listened to, if it has any. */
void zv_call_early_media(const struct zv_call_ctx *c);
/* Answered, media are open: detection, then person or robot. */
void zv_call_who_answered(const struct zv_call_ctx *c);
void zv_call_listen_off(const struct zv_call_ctx *c);
void zv_call_on_early(const struct zv_call_ctx *c);
void zv_call_on_verdict(const struct zv_call_ctx *c);
void zv_call_on_listened(const struct zv_call_ctx *c);
void zv_call_on_beep(const struct zv_call_ctx *c);
void zv_call_on_machine_deadline(const struct zv_call_ctx *c);
void zv_call_on_machine_played(const struct zv_call_ctx *c);
void zv_call_on_machine_gone(const struct zv_call_ctx *c);

/* ---- call_agent.c: handlers of the table in call.c ---- */

/* It is a person, as far as anybody knows, in a campaign with agents. */
void zv_call_person(const struct zv_call_ctx *c);
/* How its talk came about: enum zv_talk_kind. */
uint8_t zv_call_kind(const struct zv_engine *e, const struct zv_call *call);
/* The robot's script leads to an agent. */
void zv_call_wants_agent(const struct zv_call_ctx *c);
void zv_call_on_waited(const struct zv_call_ctx *c);
void zv_call_on_wait_ended(const struct zv_call_ctx *c);
void zv_call_on_bridge_ended(const struct zv_call_ctx *c);
void zv_call_on_message_over(const struct zv_call_ctx *c);
void zv_call_on_wrapup_closed(const struct zv_call_ctx *c);
void zv_call_on_wrapup_media(const struct zv_call_ctx *c);

/* ---- call_adopt.c: the same ---- */

void zv_call_on_orphan_answered(const struct zv_call_ctx *c);
void zv_call_on_orphan_over(const struct zv_call_ctx *c);
void zv_call_on_orphan_ended(const struct zv_call_ctx *c);
void zv_call_on_adopted_closed(const struct zv_call_ctx *c);

#endif
