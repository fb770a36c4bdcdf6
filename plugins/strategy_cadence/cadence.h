/* strategy_cadence/cadence.h -- a campaign's cadence, compiled from its `strategy` section.
 *
 * Thread: read.c and check.c at boot and reload; the rest on the plugin thread.  A cadence is
 * immutable once read.  No clock, no randomness of its own, no memory after open_campaign.
 */
#ifndef CADENCE_H
#define CADENCE_H

#include <stdbool.h>

#include "zvonar/strategy.h"

#define DAYS_MAX     14
#define DAY_CALLS_MAX 20
#define PARTS_MAX    6
#define RULES_MAX    48
#define ENDS_MAX     8
#define NAME_MAX_LEN 32

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define YEAR_DAYS 366

/* How an attempt counts.  NOTHING: it consumes no attempt of the cadence. */
enum class { CLASS_NOTHING = 0, CLASS_UNREACHABLE, CLASS_NO_ANSWER, CLASS_BUSY, CLASS_ANSWERED, CLASS_N };

/* A length of time: whole days go by the contact's calendar, the rest by the clock. */
struct span {
	int32_t days;
	int64_t ms;
};

enum select { SELECT_ANY = 0, SELECT_CLASS, SELECT_OUTCOME, SELECT_RESULT };

/* The condition of a rule.  A count of 0 asks for nothing; all counts are "at least". */
struct when {
	uint8_t select;      /* enum select: which attempts it is about */
	uint32_t set;        /* bits of enum class or enum zv_outcome */
	uint64_t results[4]; /* bits of result numbers (1 + index) */
	uint8_t total, in_a_day, in_a_row; /* of the selected attempts */
	uint8_t attempts, calling_days;    /* of all attempts of the cadence */
	uint8_t day;         /* exactly this calling day */
	uint8_t after;       /* 1 + rule that has applied before */
	uint8_t most;        /* enum class of more than half of the attempts */
};

enum again { AGAIN_SCHEDULE = 0, AGAIN_AFTER, AGAIN_AT, AGAIN_SAME_DAY, AGAIN_NEXT_DAY };
enum number_policy { NUMBER_DEFAULT = 0, NUMBER_SAME, NUMBER_NEXT, NUMBER_ROTATE };

struct then {
	uint8_t final; /* category, 0 = none */
	bool remove;
	bool has_again_after;
	struct span again_after; /* of FINAL: a new round then */
	uint8_t again;           /* enum again */
	struct span after;
	int32_t at_s;            /* second of the local day */
	uint8_t number;          /* enum number_policy */
	bool invalid_number;
	uint8_t n_messages;
	uint8_t messages[ZV_STEP_MESSAGES_MAX];
};

struct rule {
	char name[NAME_MAX_LEN];
	bool once;
	bool has_when;
	struct when when;
	struct then then;
	const struct zv_conf_node *node; /* where it stands; valid until open_campaign returns */
};

struct part {
	int32_t start_s, end_s; /* of the local day */
};

struct cadence {
	const struct zv_host *host;
	uint8_t attempts_max;
	uint8_t n_days;
	uint8_t day_calls[DAYS_MAX];
	uint8_t n_parts;
	struct part parts[PARTS_MAX];
	int64_t gap_ms, jitter_ms, keep_clear_ms;
	uint8_t class_of[ZV_OUT_MAX];
	struct span rest[ZV_OUT_MAX]; /* of outcomes of CLASS_NOTHING */
	int64_t busy_retry_ms;
	uint8_t busy_counts_from; /* the n-th busy of a day and on counts as no answer */
	uint8_t number;           /* enum number_policy */
	uint8_t n_rules, n_ends;
	struct rule rules[RULES_MAX];
	struct rule ends[ENDS_MAX];
};

/* read.c: fills *ret_cadence; everything that is wrong is told by host->conf_error.
 * ZV_EINVAL if anything was. */
enum zv_err cadence_read(const struct zv_host *host, const struct zv_campaign_view *view,
			 const struct zv_conf_node *conf, struct cadence *ret_cadence) ZV_MUST_USE;

/* values.c: texts to values; false: it is none. */
bool read_span(const char *text, struct span *ret_span);
bool read_count(const char *text, uint8_t max, uint8_t *ret_count); /* 1..max */
bool read_bool(const char *text, bool *ret_bool);
bool read_time(const char *text, int32_t *ret_second);              /* 09:00, up to 24:00 */
bool read_times(const char *text, struct part *ret_part);           /* 09:00-12:00 */
bool read_class(const char *text, uint8_t *ret_class);
bool read_outcome(const char *text, uint8_t *ret_outcome);

/* check.c: rules that can never match, results without a rule, ways that do not end.  The number
 * of faults, each told. */
uint32_t cadence_check(const struct cadence *cadence, const struct zv_campaign_view *view,
		       const struct zv_conf_node *conf);

/* Where a lead stands after its last attempt. */
struct standing {
	uint8_t n;            /* attempts of this round, whatever they were */
	uint8_t attempts;     /* those that count in the cadence */
	uint8_t by_class[CLASS_N];
	uint8_t last_class;   /* enum class */
	uint8_t idle_row;     /* attempts of CLASS_NOTHING in a row, now */
	uint8_t day_no;       /* calling day, 1 ...; 0 = none yet */
	uint8_t day_used;     /* of its attempts */
	int32_t today;        /* local day of the last attempt */
	int32_t second;       /* its local second */
	const struct zv_attempt_brief *last;
	const struct rule *rule; /* the first that matches, NULL = none */
	const struct rule *end;  /* the same of at_end */
};

/* count.c.  ZV_EINVAL: no attempt of this round. */
enum zv_err cadence_count(const struct cadence *cadence, const struct zv_strategy_in *in,
			  struct standing *ret_standing) ZV_MUST_USE;

/* place.c: moments.  False: there is no room that day (today), or no window at all. */
bool place_today(const struct cadence *cadence, const struct zv_strategy_in *in,
		 const struct standing *s, uint8_t calls_left, int64_t *ret_due_ms);
bool place_next_day(const struct cadence *cadence, const struct zv_strategy_in *in,
		    const struct standing *s, uint8_t calls, int64_t *ret_due_ms);
/* at_ms plus a span, in the zone's calendar. */
int64_t place_add(const struct cadence *cadence, uint16_t zone, int64_t at_ms, const struct span *span);
/* The same moment, or the start of the next calling window. */
int64_t place_open(const struct cadence *cadence, const struct zv_strategy_in *in, int64_t due_ms);
/* The next time the contact's clock shows second_of_day after at_ms. */
int64_t place_at(const struct cadence *cadence, uint16_t zone, int64_t at_ms, int32_t second_of_day);

/* number.c: the number for the next call.  False: none can be called. */
bool number_pick(const struct cadence *cadence, const struct zv_strategy_in *in,
		 const struct standing *s, const struct then *then, uint8_t *ret_number);

#endif
