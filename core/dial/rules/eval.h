/* dial/rules/eval.h -- one look at one person at one moment: what the kinds of rules share.
 * Inside core/dial/rules only.  Pure; lives on the stack of one decision.
 *
 * Each kind has one function that says whether a rule stands in the way at eval->at_ms, and
 * if so the moment until which it does so without a break: looking ahead jumps from one such
 * moment to the next.
 */
#ifndef ZV_DIAL_RULES_EVAL_H
#define ZV_DIAL_RULES_EVAL_H

#include "dial/rules/decide.h"

#define ZV_HOUR_MS INT64_C(3600000)
#define ZV_DAY_MS  INT64_C(86400000)
/* An event may be dated so much later than its contact began (end_s is 16 bits). */
#define ZV_LATE_MS        (INT64_C(65535) * 1000)
#define ZV_CANDIDATES_MAX (3 * ZV_SLAB_ZONES_MAX + 1)
#define ZV_BOUNDS_MAX     32
#define ZV_LOCALS_MAX     4
#define ZV_LOOKS_MAX      1024 /* of one decision */

struct zv_candidates {
	uint8_t n;
	const struct zv_tz *v[ZV_CANDIDATES_MAX];
};

/* A window around one moment: events dated in [start, at] are used up, those in (at, ahead)
 * will fall into a window that holds `at` too. */
struct zv_bounds {
	int64_t start_ms, end_ms, ahead_ms;
};

struct zv_eval {
	const struct zv_rules *rules;
	const struct zv_person_slab *person;
	const struct zv_tally *tally;
	const struct zv_ask *ask;
	int64_t at_ms;       /* the moment looked at, at or after ask->now_ms */
	int64_t free_ms;     /* contacts in flight are looked at as over from here on */
	uint32_t first_open; /* index of the first open contact, n_contacts: none */
	uint32_t looks;      /* moments that single rules looked at so far: bounded */
	uint8_t made;        /* sets of candidates that are filled: bits 1 << enum zv_rule_tz */
	uint8_t n_known;
	struct zv_candidates zones[ZV_TZ_FIXED + 1];
	/* The wall clocks at at_ms, and bounds asked for: many rules share the same. */
	uint8_t n_locals;
	struct {
		const struct zv_tz *tz;
		struct zv_local l;
	} locals[ZV_LOCALS_MAX];
	struct {
		const struct zv_tz *tz;
		uint64_t key;
		int64_t origin_ms;
		struct zv_bounds b;
	} known[ZV_BOUNDS_MAX];
};

/* Why a rule stands in the way, and until when without a break. */
struct zv_hit {
	int64_t until_ms;
	uint8_t detail;
};

void zv_eval_init(struct zv_eval *eval, const struct zv_ask *ask);
/* Looks at another moment. */
void zv_eval_move(struct zv_eval *eval, int64_t at_ms);
/* The zones whose clocks must all allow; n = 0: nobody knows. */
const struct zv_candidates *zv_eval_zones(struct zv_eval *eval, uint8_t tz, uint16_t zone);
const struct zv_bounds *zv_eval_bounds(struct zv_eval *eval, const struct zv_rule_window *window,
				       const struct zv_tz *tz, int64_t origin_ms);
/* The zones of a window; one NULL where no clock is needed. */
const struct zv_candidates *zv_eval_clocks(struct zv_eval *eval,
					   const struct zv_rule_window *window);

/* What a clock shows at at_ms; valid until the next such call or move. */
const struct zv_local *zv_eval_local(struct zv_eval *eval, const struct zv_tz *tz);

/* local: what tz shows at at_ms; both may be NULL where no clock is needed. */
void zv_bounds_at(const struct zv_rule_window *window, const struct zv_tz *tz,
		  const struct zv_local *local, int64_t at_ms, int64_t origin_ms,
		  struct zv_bounds *ret_bounds);
/* The first moment whose window holds an event of event_ms no more. */
int64_t zv_bounds_leave(const struct zv_rule_window *window, const struct zv_tz *tz,
			int64_t event_ms, int64_t origin_ms);
bool zv_window_needs_clock(const struct zv_rule_window *window);
/* The most milliseconds that a window can reach back. */
int64_t zv_window_reach(const struct zv_rule_window *window);

/* When the fact of a contact is dated. */
int64_t zv_contact_at(const struct zv_contact *contact, uint8_t fact);
/* Has it happened, as rules see it: what a recorded step implies has happened too. */
bool zv_contact_has(const struct zv_contact *contact, uint8_t fact);
/* What a contact of this channel may become. */
uint16_t zv_channel_facts(uint8_t channel);
/* Is it the same debt, number, ...?  What is not known counts as the same. */
bool zv_contact_same(const struct zv_contact *contact, const struct zv_ask *ask, uint8_t key);
/* Where blocks begin for a rule of this key. */
int64_t zv_eval_origin(const struct zv_eval *eval, uint8_t key);
/* Open and not the ask's own: whatever it may become, it is not over yet. */
bool zv_contact_flies(const struct zv_eval *eval, const struct zv_contact *contact);

/* Does the rule speak of such a contact (jurisdiction apart)? */
bool zv_rule_binds(const struct zv_rule *rule, const struct zv_ask *ask);
/* Switched off by a mark of the person at at_ms? */
bool zv_rule_overridden(const struct zv_rule *rule, const struct zv_person_slab *person,
			int64_t at_ms);
/* The first moment after at_ms at which such a mark begins; ZV_NEVER_MS. */
int64_t zv_rule_override_from(const struct zv_rule *rule, const struct zv_person_slab *person,
			      int64_t at_ms);

/* Kinds: false: not in the way. */
bool zv_freq_hits(struct zv_eval *eval, const struct zv_rule *rule, struct zv_hit *ret_hit,
		  struct zv_count *ret_count);
/* Does the window count this contact? */
bool zv_freq_holds(const struct zv_eval *eval, const struct zv_rule *rule,
		   const struct zv_bounds *bounds, const struct zv_contact *contact);
bool zv_cooldown_hits(struct zv_eval *eval, const struct zv_rule *rule, struct zv_hit *ret_hit);
bool zv_hours_hits(struct zv_eval *eval, const struct zv_rule *rule, struct zv_hit *ret_hit,
		   int64_t *ret_open_until_ms);
bool zv_consent_hits(struct zv_eval *eval, const struct zv_rule *rule, struct zv_hit *ret_hit);
bool zv_deny_hits(struct zv_eval *eval, const struct zv_rule *rule, struct zv_hit *ret_hit);
bool zv_ratio_hits(struct zv_eval *eval, const struct zv_rule *rule, struct zv_hit *ret_hit,
		   bool *ret_alarm);
/* Suppressed at at_ms: until when. */
bool zv_suppression_hits(const struct zv_eval *eval, struct zv_hit *ret_hit);

/* The strictest of both. */
void zv_treat_merge(struct zv_rule_treat *into, const struct zv_rule_treat *treat);
/* num / den > limit. */
bool zv_share_over(double num, double den, double limit);
/* The window of a ratio rule around now. */
void zv_ratio_bounds(const struct zv_rules *rules, const struct zv_rule *rule,
		     const struct zv_tally *tally, const struct zv_tz *tz, int64_t now_ms,
		     struct zv_bounds *ret_bounds);

#endif
