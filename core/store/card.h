/* store/card.h -- what an agent sees of a person, and what he writes down of a talk.
 *
 * Thread: any; reads have transactions of their own, a note is one short write transaction, flushed
 * before it returns.  What callbacks get is borrowed until they return.
 */
#ifndef ZV_STORE_CARD_H
#define ZV_STORE_CARD_H

#include "store/read.h"

#define ZV_NOTE_COMMENT_MAX 2000u
#define ZV_NOTE_WORD_MAX    100u  /* topic, subtopic, reason */
#define ZV_NOTE_FIELDS_MAX  8192u /* JSON text of a form */
#define ZV_USER_MAX         31u   /* bytes of a user's name */

/* What an agent wrote of one attempt.  NULL or "" = nothing. */
struct zv_note {
	struct zv_attempt_id attempt;
	uint64_t lead, person;  /* 0: none of ours */
	uint32_t campaign;
	int64_t at_ms;          /* calendar */
	const char *agent;      /* his user name */
	const char *comment, *topic, *subtopic, *reason;
	const char *fields;     /* JSON object of the form */
};
/* A second one for the attempt replaces the first.  person 0: the lead's.  ZV_EINVAL: too long, or
 * no attempt. */
enum zv_err zv_store_note_put(struct zv_store *store, const struct zv_note *note) ZV_MUST_USE;
/* ZV_ENOENT. */
enum zv_err zv_store_note_get(struct zv_store *store, struct zv_attempt_id attempt,
			      bool (*fn)(void *arg, const struct zv_note *note), void *arg) ZV_MUST_USE;
/* In the order of the attempts' ids; campaign 0: every one's. */
enum zv_err zv_store_notes_each(struct zv_store *store, uint32_t campaign,
				bool (*fn)(void *arg, const struct zv_note *note), void *arg) ZV_MUST_USE;

#define ZV_CARD_CONTACTS 50u
#define ZV_CARD_LEADS    16u

struct zv_card_contact {
	struct zv_ledger_row row;
	bool noted, recorded;
	struct zv_note note; /* with noted */
	uint32_t recorded_ms; /* with recorded: how long it is */
};

struct zv_card {
	const struct zv_lead_row *lead;     /* NULL: the number is known, but no lead of it is left */
	const struct zv_person_row *person;
	int64_t callback_ms;                /* of the lead: an agreed call-back; 0 none */
	uint32_t n_leads;                   /* of the person, this one too */
	uint64_t leads[ZV_CARD_LEADS];
	uint32_t n_contacts;                /* in all channels and campaigns, newest first */
	const struct zv_card_contact *contacts;
};
typedef void (*zv_card_fn)(void *arg, const struct zv_card *card);

/* fn is called once.  ZV_ENOENT. */
enum zv_err zv_store_card(struct zv_store *store, uint64_t lead, zv_card_fn fn, void *arg) ZV_MUST_USE;
/* Of who calls us: his lead in the campaign (id; 0: any), else the one that came last. */
enum zv_err zv_store_card_by_number(struct zv_store *store, uint64_t e164, uint32_t campaign,
				    zv_card_fn fn, void *arg) ZV_MUST_USE;

/* Who has that number: his lead in the campaign (id), else the one that came last; whose agent he is
 * counts in all of them.  ZV_ENOENT. */
struct zv_caller {
	uint64_t lead, person; /* lead 0: none is left */
	uint32_t owner;        /* 1 + id of the agent whose lead it is; 0 nobody's */
};
enum zv_err zv_store_caller(struct zv_store *store, uint64_t e164, uint32_t campaign,
			    struct zv_caller *ret_caller) ZV_MUST_USE;

/* An agreed call-back. */
struct zv_callback_row {
	uint64_t lead, person;
	uint32_t campaign, owner; /* owner: 1 + id of the agent who shall call; 0 any */
	int64_t due_ms;           /* calendar */
};
/* campaign, owner 0: every one's; in the order of the leads. */
enum zv_err zv_store_callbacks_each(struct zv_store *store, uint32_t campaign, uint32_t owner,
				    bool (*fn)(void *arg, const struct zv_callback_row *row),
				    void *arg) ZV_MUST_USE;

/* Numbers of agents by their user names (at most ZV_USER_MAX bytes), for good: one who is not known
 * yet gets the next one, from 1 on. */
enum zv_err zv_store_agents_put(struct zv_store *store, const char *const *names, uint32_t n,
				uint32_t *ret_ids) ZV_MUST_USE;

/* What each agent did, from the log. */
struct zv_agent_total {
	uint32_t agent;         /* 1 + id */
	uint64_t talks, talk_ms;
	uint64_t results[33];   /* [0]: without one; else 1 + index in the campaign's results */
	uint64_t kinds[8];      /* enum zv_talk_kind */
};
/* Attempts whose outcome came in [from_ms, to_ms), calendar; campaign 0: of every one.  fn is called
 * once an agent, in the order of their ids. */
enum zv_err zv_store_agent_totals(struct zv_store *store, uint32_t campaign, int64_t from_ms,
				  int64_t to_ms,
				  bool (*fn)(void *arg, const struct zv_agent_total *total),
				  void *arg) ZV_MUST_USE;

#endif
