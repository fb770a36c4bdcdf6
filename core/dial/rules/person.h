/* dial/rules/person.h -- what the rules must know of a person: one ledger across campaigns,
 * channels, robots and agents.  Pure.
 *
 * A slab is filled by the lookahead from the store (cut to the reach of the loaded rules) and
 * owned by the engine from the first EV_OFFER that names it until the last such lead's
 * CMD_RELEASE; leads of one person that are held at the same time share it.  Every event of the
 * engine reaches slab and store in the same order.
 */
#ifndef ZV_DIAL_RULES_PERSON_H
#define ZV_DIAL_RULES_PERSON_H

#include "dial/ids.h"
#include "dial/rules/rules.h"

#define ZV_CONTACTS_MAX   256 /* events of a person that fit into a slab */
#define ZV_MARKS_MAX      16
#define ZV_SUPPRESSED_MAX 8
#define ZV_SLAB_ZONES_MAX 12

/* One contact or try to make one.  Debt, topic and caller are 32-bit hashes: two that collide
 * count together, which errs on the lawful side. */
struct zv_contact {
	int64_t at_ms;          /* intent, calendar */
	struct zv_attempt_id attempt; /* zero: not a call of ours (message, visit, inbound) */
	uint64_t e164;
	uint32_t campaign, caller, debt, topic;
	uint16_t facts;         /* bits enum zv_fact that have happened */
	uint8_t channel;        /* enum zv_channel */
	uint8_t exclude;        /* bits enum zv_exclude that are true of it */
	uint16_t dial_s;        /* seconds from INVITE to answer or end */
	uint16_t connect_s;     /* from at_ms to answer; ring likewise is not kept apart */
	uint16_t end_s;         /* from at_ms to the end: when a talk or refusal is dated */
	uint8_t open;           /* 1: in flight: counts as whatever it may still become */
	uint8_t pad;
};

enum zv_mark_kind { ZV_MARK_FLAG = 1, ZV_MARK_CONSENT = 2, ZV_MARK_OVERRIDE = 3 };

/* Something that is true of a person from .. to (calendar ms; to INT64_MAX: open). */
struct zv_mark {
	uint64_t name;   /* zv_rule_name: of the flag, the consent, or the rule's id (OVERRIDE;
			    "*" = every rule that allows `by`) */
	int64_t from_ms, to_ms;
	uint8_t kind;    /* enum zv_mark_kind */
	uint8_t by;      /* OVERRIDE: enum zv_rule_override */
	uint8_t pad[6];
};

/* Do not call: campaign 0 = everywhere; e164 0 = the person whatever the number. */
struct zv_suppressed { uint64_t e164; uint32_t campaign; uint32_t pad; int64_t to_ms; };

/* A registry's view of a number: listed says bit i of `numbers` is set for numbers[i]. */
struct zv_scrubbed { uint64_t list; int64_t as_of_ms; uint8_t numbers; uint8_t pad[7]; };

struct zv_person_slab {
	uint64_t person;
	char jur[ZV_JUR_MAX];     /* "" = nobody knows: no call */
	uint8_t n_residence, n_registration;
	uint16_t residence[ZV_SLAB_ZONES_MAX], registration[ZV_SLAB_ZONES_MAX]; /* candidates: all must allow */
	/* Zones that each number may be in, and its kind of line. */
	uint8_t n_numbers;
	uint64_t e164[8];
	uint8_t line[8], n_zones[8];
	uint16_t zones[8][ZV_SLAB_ZONES_MAX];
	uint16_t n_contacts;
	uint8_t n_marks, n_suppressed, n_scrubbed;
	bool overflow;            /* more events, marks or suppressions than fit: no contact
				     before overflow_until_ms */
	int64_t overflow_until_ms;
	int64_t since_ms;         /* events before this were not read */
	int64_t first_ms;         /* the person's first event of all: blocks begin there; 0 none */
	struct zv_mark marks[ZV_MARKS_MAX];
	struct zv_suppressed suppressed[ZV_SUPPRESSED_MAX];
	struct zv_scrubbed scrubbed[ZV_RULE_NAMES_MAX];
	struct zv_contact contacts[ZV_CONTACTS_MAX]; /* oldest first */
};

struct zv_person_slabs { struct zv_person_slab *v; uint32_t n; };

/* Reserve: the contact stands as open from now on.  ZV_EFULL: no room (after dropping what no
 * window of the rules reaches any more): no contact then.  ZV_EEXIST: this attempt is open. */
enum zv_err zv_person_reserve(struct zv_person_slab *person, const struct zv_contact *contact,
			      int64_t reach_ms) ZV_MUST_USE;
/* Adds a contact as it is: one that others made, or a message dated to come.  ZV_EFULL as above:
 * the caller lets the slab overflow. */
enum zv_err zv_person_add(struct zv_person_slab *person, const struct zv_contact *contact,
			  int64_t reach_ms) ZV_MUST_USE;
/* The open contact of this attempt, or NULL. */
struct zv_contact *zv_person_contact(struct zv_person_slab *person, struct zv_attempt_id attempt);
/* Takes a reservation back: nothing was sent. */
void zv_person_drop(struct zv_person_slab *person, struct zv_attempt_id attempt);
/* Adds a suppression or a mark that came in engine order (a mark of the same kind, name and
 * `by` is replaced; a suppression that is told again never ends earlier for it).  False: no room;
 * the slab overflows for good. */
bool zv_person_suppress(struct zv_person_slab *person, const struct zv_suppressed *suppressed);
/* Takes back the one of the same number and campaign. */
void zv_person_unsuppress(struct zv_person_slab *person, const struct zv_suppressed *suppressed);
bool zv_person_mark(struct zv_person_slab *person, const struct zv_mark *mark);

#endif
