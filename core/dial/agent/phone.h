/* dial/agent/phone.h -- the legs of agents' phones.  Private to core/dial.
 *
 * Thread: engine.  Agent i's leg has the slot max_calls + i.  He who logs in is called once, and
 * the leg stays up between calls; a leg that is lost takes him out at once and is called again
 * while he is logged in, with growing pauses, and then he is what he was.  One table (state x
 * event, in phone.c).
 */
#ifndef ZV_DIAL_AGENT_PHONE_H
#define ZV_DIAL_AGENT_PHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "dial/agent/agent.h"
#include "dial/command.h"
#include "zvonar/err.h"

struct zv_engine;

enum zv_phone_leg_state {
	ZV_LEG_IDLE = 0, /* no leg: not wanted, or no phone, or the next try is due at a time */
	ZV_LEG_CALLING,  /* INVITE sent */
	ZV_LEG_UP,       /* answered, media open */
	ZV_LEG_CLOSING,  /* over; sip or media still hold something */
	ZV_LEG_STATES
};

struct zv_phone_leg {
	uint8_t state;      /* enum zv_phone_leg_state */
	bool registered;    /* where calls for him go is known */
	bool wanted;        /* he is logged in */
	bool sip_open, media_open;
	uint8_t back, back_code; /* when the leg is up again: ZV_AD_READY or ZV_AD_PAUSE with a code */
	uint8_t tries;      /* calls in a row that failed */
	uint8_t asked;      /* CLOSING: how often */
	uint32_t gen;

	struct zv_attempt_id attempt;
};

/* engine.c; zv_side_event's neighbour. */
enum zv_err zv_phones_init(struct zv_engine *e) ZV_MUST_USE; /* ZV_ENOMEM */
void zv_phones_fini(struct zv_engine *e);
void zv_phone_event(struct zv_engine *e, const struct zv_event *ev); /* of a leg */
void zv_phone_registered(struct zv_engine *e, const struct zv_event *ev); /* EV_PHONE */
void zv_phone_timeout(struct zv_engine *e, uint32_t slot);

/* He has a leg of his own (in this engine agents have phones, and his index has a slot). */
bool zv_phone_has(const struct zv_engine *e, uint32_t agent);
/* The slot of his leg if it is up, else ZV_SLOT_NONE. */
uint32_t zv_phone_slot(const struct zv_engine *e, uint32_t agent);
/* For CMD_AGENT. */
enum zv_phone zv_phone_shown(const struct zv_engine *e, uint32_t agent);
uint8_t zv_phone_back(const struct zv_engine *e, uint32_t agent); /* 0: nothing to come back to */

/* He logs in: ZV_OK; ZV_ENOENT: no phone is registered. */
enum zv_err zv_phone_login(struct zv_engine *e, uint32_t agent) ZV_MUST_USE;
/* He is logged in, but his leg is lost: what he shall be when it is back (READY, PAUSE with a
 * code; LOGOUT: nothing any more).  False: it is not so. */
bool zv_phone_say_back(struct zv_engine *e, uint32_t agent, enum zv_agent_does what, uint8_t code);
/* His state is OFFLINE: the leg ends, unless it is about to be called again. */
void zv_phone_offline(struct zv_engine *e, uint32_t agent);
/* The reconciliation: the leg of one who should have one is not up, or the reverse. */
bool zv_phone_mend(struct zv_engine *e, uint32_t agent);

#endif
