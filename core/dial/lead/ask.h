/* dial/lead/ask.h -- the engine's side of the law: it asks before every contact, keeps each held
 * person's ledger in step with what happens, and says why not.  Private to core/dial.
 *
 * Thread: engine.  ask.c builds the question and gives the evidence; person.c owns the persons'
 * slabs from offer to release; message.c dates the messages of a step; ratio.c counts a
 * campaign's answers and abandons.
 */
#ifndef ZV_LEAD_ASK_H
#define ZV_LEAD_ASK_H

#include "dial/event.h"
#include "dial/lead/recent.h"
#include "dial/rules/decide.h"

struct zv_engine;
struct zv_call;
struct zv_cmd;

#define ZV_NUMBER_NONE 0xff

/* Rules that may bind a campaign's contacts of one channel in one jurisdiction. */
struct zv_plan_slot {
	bool used;
	bool by_caller; /* some rule counts by the caller's number */
	uint8_t channel, mode;
	uint16_t campaign; /* index */
	char jur[ZV_JUR_MAX];
	struct zv_rule_plan plan;
};
#define ZV_PLAN_SLOTS 512u

/* What the ledger of an attempt of before the crash must still be told, when its person is
 * offered. */
struct zv_amend { struct zv_attempt_id attempt; uint64_t e164; uint16_t facts; };
#define ZV_AMENDS_MAX 256u

/* The last suppressions that were told: whoever asked before that one be taken back did not mean
 * them. */
struct zv_optout_told { uint64_t e164, person; uint32_t campaign; int64_t at_ms; };
#define ZV_OPTOUTS_TOLD 256u

/* All that the law needs beside the rules: part of struct zv_engine. */
struct zv_law_state {
	struct zv_plan_slot *plans;    /* [ZV_PLAN_SLOTS], by hash */
	struct zv_rule_plan *ratios;   /* [campaign]: ratio rules of its plans so far */
	struct zv_tally **tallies;     /* [campaign]; NULL: not stated yet */
	int64_t *alarmed_ms, *stopped_ms; /* [campaign]: window of the last alarm and stop, start */
	uint32_t *person_refs;         /* [person slab]: held leads that share it */
	struct zv_recent recent;
	struct zv_amend amends[ZV_AMENDS_MAX];
	uint32_t n_amends;             /* ever; the oldest are overwritten */
	struct zv_optout_told optouts[ZV_OPTOUTS_TOLD];
	uint32_t n_optouts;            /* ever; the oldest are overwritten */
	bool sweep;                    /* the rules changed: give back what reaches too short */
	uint64_t tokens;               /* given by zv_law_token */
};

/* One question: which lead, by which number and channel, when. */
struct zv_contact_ask {
	uint32_t slab;
	uint16_t campaign; /* index */
	uint8_t number;    /* index, or ZV_NUMBER_NONE */
	uint8_t channel;
	uint32_t caller;   /* hash; 0: not known yet, counts as any */
	uint16_t dial_s;
	int64_t at_ms;
	struct zv_attempt_id self;
	uint8_t mode;      /* enum zv_dial_mode; 0: the campaign's */
};

/* ---- ask.c ---- */

enum zv_err zv_law_init(struct zv_engine *e) ZV_MUST_USE;
void zv_law_fini(struct zv_engine *e);
void zv_law_ask(struct zv_engine *e, const struct zv_contact_ask *ask, struct zv_verdict *ret_verdict);
/* Is some rule of the plan behind this question one that counts by caller? */
bool zv_law_by_caller(struct zv_engine *e, const struct zv_contact_ask *ask);
/* attempt: with YES, that of the contact; zero else.  at_ms: when the answer holds or may change. */
void zv_law_evidence(struct zv_engine *e, const struct zv_contact_ask *ask,
		     const struct zv_verdict *verdict, struct zv_attempt_id attempt);
/* Counts a refusal for the status. */
void zv_law_count(struct zv_engine *e, uint16_t campaign, const struct zv_verdict *verdict);
/* Is it a refusal that no time ends (an opt-out for good, a flag)? */
bool zv_law_for_good(const struct zv_engine *e, const struct zv_verdict *verdict);
/* A token that is no attempt's (their hi is beyond 2^16) and never comes twice: of an event
 * that brought none, or of a message. */
enum { ZV_TOKEN_OWN = 1, ZV_TOKEN_MESSAGE = 2 };
struct zv_attempt_id zv_law_token(struct zv_engine *e, uint64_t kind);
/* `token`, or one of our own if it is zero. */
struct zv_attempt_id zv_law_token_of(struct zv_engine *e, struct zv_attempt_id token);
/* Purpose, channel, mode and actor are said. */
bool zv_law_stated(const struct zv_engine *e, uint16_t campaign);
/* The most seconds that one INVITE of this campaign dials, on top of those behind it. */
uint16_t zv_law_dial_s(uint32_t ring_ms, int64_t behind_ms);

/* ---- person.c ---- */

/* The offered lead's person: false: the slab cannot be believed, give the lead back. */
bool zv_person_hold(struct zv_engine *e, uint32_t slab, uint64_t txn);
void zv_person_let_go(struct zv_engine *e, uint32_t slab);
/* Does the ledger reach as far back as the rules look? */
bool zv_person_reaches(const struct zv_engine *e, uint32_t slab);
struct zv_person_slab *zv_person_of(struct zv_engine *e, uint32_t slab);

/* The call's contact: reserved, given back, and closed with its outcome (`cmd`). */
bool zv_contact_open(struct zv_engine *e, struct zv_call *call);
/* An INVITE leaves, perhaps with another caller's number than the last. */
void zv_contact_dialled(struct zv_engine *e, const struct zv_call *call);
void zv_contact_drop(struct zv_engine *e, const struct zv_call *call);
void zv_contact_close(struct zv_engine *e, const struct zv_call *call, struct zv_cmd *outcome);
/* A call of before the crash was abandoned after all. */
void zv_contact_amend(struct zv_engine *e, const struct zv_call *call, uint16_t facts);

struct zv_optout {
	uint64_t e164, person; /* 0: not meant */
	uint32_t campaign;     /* id; 0: everywhere */
	uint32_t source;       /* enum zv_suppress_source */
	int64_t to_ms;
	struct zv_attempt_id token;
};
void zv_person_optout(struct zv_engine *e, const struct zv_optout *optout);
/* ... or its end, which takes back none that was told since it was asked. */
void zv_person_on_suppress(struct zv_engine *e, const struct zv_event *ev);
void zv_person_on_mark(struct zv_engine *e, const struct zv_event *ev);
void zv_person_on_contact(struct zv_engine *e, const struct zv_event *ev);
/* A contact that is no attempt of ours: counts from now on, and is written down.  attempt zero: it goes by
 * the token (zero: one of our own).  NULL: neither person nor number.  Else its command. */
struct zv_cmd *zv_contact_add(struct zv_engine *e, uint64_t person, struct zv_attempt_id token,
			      const struct zv_contact *contact);
/* Written down only: it counts already, and there is more to say of it. */
struct zv_cmd *zv_contact_tell(struct zv_engine *e, uint64_t person, struct zv_attempt_id token,
			       const struct zv_contact *contact);
void zv_person_on_told(struct zv_engine *e, const struct zv_event *ev);

/* ---- message.c ---- */

/* Asks for the messages of a step, tells the ledger, and dates them in `step`. */
void zv_messages_ask(struct zv_engine *e, uint32_t slab, struct zv_cmd *step);

/* ---- ratio.c ---- */

/* A contact has ended: its facts, each at its date. */
void zv_ratio_count(struct zv_engine *e, uint16_t campaign, const struct zv_contact *contact);

#endif
