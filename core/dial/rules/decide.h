/* dial/rules/decide.h -- may_contact(): one question before every contact.  Pure.
 *
 * Check and reservation are one step: the engine asks and reserves (zv_person_reserve) within
 * one event, so no other decision comes between.  used + in flight + 1 <= limit.
 */
#ifndef ZV_DIAL_RULES_DECIDE_H
#define ZV_DIAL_RULES_DECIDE_H

#include "dial/rules/person.h"
#include "dial/rules/tally.h"

#define ZV_NEVER_MS INT64_MAX /* the answer changes only when something is told */

struct zv_ask {
	int64_t now_ms;      /* calendar */
	uint64_t e164;       /* 0: channels without a number */
	uint32_t campaign, caller, debt, topic;
	uint8_t purpose, channel, mode, actor, party, line; /* enums of rules.h; 0 = not known: a
							       rule that names some binds then */
	bool agent_sure;     /* a live agent is certain (force_agent) */
	uint16_t dial_s;     /* the most seconds of dialling that this contact may take */
	struct zv_attempt_id self; /* its own reservation is not counted (the last look) */
	uint16_t default_zone;     /* the campaign's, when nothing else is known */
	bool default_zone_known;
};

enum zv_answer { ZV_ANSWER_NO = 0, ZV_ANSWER_YES = 1, ZV_ANSWER_AGENT_ONLY = 2 };

/* Why not, apart from rules: these have no rule id. */
enum zv_refusal {
	ZV_REFUSED_BY_RULE = 0, ZV_REFUSED_JURISDICTION, ZV_REFUSED_ZONE, ZV_REFUSED_SUPPRESSED,
	ZV_REFUSED_OVERFLOW, ZV_REFUSED_NO_RULES, ZV_REFUSED_UNSTATED /* purpose, channel, mode or actor */
};

#define ZV_COUNTS_MAX 24
/* What one counting rule saw; stands in the evidence. */
struct zv_count { uint16_t rule, used, in_flight; };

struct zv_verdict {
	uint8_t answer;      /* enum zv_answer */
	uint8_t refusal;     /* enum zv_refusal, with NO */
	uint8_t detail;      /* enum zv_detail: what of the rule, for the words */
	uint16_t rule;       /* index, with NO by a rule: the one that holds longest */
	int64_t until_ms;    /* with NO: earliest moment at which the answer may change, looked
				ahead through all rules that only time changes; ZV_NEVER_MS */
	int64_t open_until_ms; /* with YES: end of the hours that allow it now */
	uint32_t warnings;   /* rules that only warn */
	uint16_t first_warning;
	uint8_t n_counts;
	struct zv_count counts[ZV_COUNTS_MAX];
	struct zv_rule_treat treat; /* merged; what the call must be like */
};

enum zv_detail {
	ZV_DETAIL_NONE = 0, ZV_DETAIL_LIMIT, ZV_DETAIL_COOLDOWN, ZV_DETAIL_CLOSED, ZV_DETAIL_NO_CALENDAR,
	ZV_DETAIL_RATIO, ZV_DETAIL_NO_CONSENT, ZV_DETAIL_LISTED, ZV_DETAIL_STALE_LIST,
	ZV_DETAIL_MODE, ZV_DETAIL_FLAG, ZV_DETAIL_FORCE_AGENT, ZV_DETAIL_TREATMENT
};

/* Rules that may bind this kind of contact, chosen once a campaign and jurisdiction so that a
 * decision looks at those alone. */
struct zv_rule_plan { uint16_t n; uint16_t rules[ZV_RULES_MAX]; };
void zv_rules_plan(const struct zv_rules *rules, const struct zv_ask *ask, const char *jur,
		   struct zv_rule_plan *ret_plan);

/* tallies: of the ask's campaign, NULL: ratio rules see nothing.  plan NULL: made here. */
void zv_decide(const struct zv_rules *rules, const struct zv_rule_plan *plan,
	       const struct zv_person_slab *person, const struct zv_tally *tally,
	       const struct zv_ask *ask, struct zv_verdict *ret_verdict);

/* The window around now_ms: [*ret_start_ms, *ret_end_ms); origin_ms: where blocks begin. */
void zv_window_bounds(const struct zv_rule_window *window, const struct zv_tz *tz, int64_t now_ms,
		      int64_t origin_ms, int64_t *ret_start_ms, int64_t *ret_end_ms);
/* The open span of an hours rule at or after now_ms in one zone.  ZV_ENOENT: none within 400
 * days; *ret_doubt: a day was closed for want of a calendar. */
enum zv_err zv_rule_open(const struct zv_rules *rules, const struct zv_rule_hours *hours,
			 const struct zv_tz *tz, int64_t now_ms, int64_t *ret_start_ms,
			 int64_t *ret_end_ms, bool *ret_doubt) ZV_MUST_USE;

/* Indices of the person's contacts that a counting rule (freq, cooldown) sees now, oldest first;
 * their number. */
uint32_t zv_rule_contacts(const struct zv_rules *rules, uint16_t rule,
			  const struct zv_person_slab *person, const struct zv_ask *ask,
			  uint16_t ret_contacts[ZV_CONTACTS_MAX]);

/* A refusal in words, "en" or "ru": one sentence, at most size bytes, always ended. */
void zv_verdict_text(const struct zv_rules *rules, const struct zv_verdict *verdict,
		     const char *language, char *text, size_t size);

#endif
