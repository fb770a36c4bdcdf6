/* ctl/report.h -- the figures of one campaign, from one walk over its leads, its part of the
 * attempt log and its outbox.  Memory: open attempts, days, and a word for each lead whose zone
 * is not the usual one.
 *
 * Words: an attempt is one intent with the calls (sub-attempts by other trunks) made for it.
 * Connected: the trunk said 200.  Answered: a person reacted.  Local times are in the zone of
 * the lead's first number.
 */
#ifndef ZV_CTL_REPORT_H
#define ZV_CTL_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "store/read.h"

#define ZV_REPORT_WAVES 64 /* the last one holds all later attempts too */
#define ZV_REPORT_PARTS 3

/* Before 12:00, before 17:00, later. */
extern const char *const zv_report_parts[ZV_REPORT_PARTS];

struct zv_report_count {
	uint64_t calls; /* attempts that were sent and have ended */
	uint64_t connected;
	uint64_t answered;
	uint64_t outcomes[ZV_OUT_MAX];
};

struct zv_report_day {
	int32_t day; /* local, since 1970 */
	struct zv_report_count parts[ZV_REPORT_PARTS];
};

#define ZV_REPORT_REFUSALS 64
struct zv_report_refusal {
	char what[48]; /* a rule's id, or words */
	uint64_t n;    /* a no stands once for each person, rule and end */
};

struct zv_report {
	struct zv_campaign_info info;
	struct zv_campaign_texts texts;
	int64_t made_ms; /* real time */
	bool simulated;
	uint64_t leads, finals, removed, numbers;
	uint64_t by_state[8];
	uint64_t by_category[33]; /* [0] none yet */
	uint64_t by_result[33];   /* results of talks, 1 + index */

	uint64_t intents, invites, open; /* invites: with failovers */
	struct zv_report_count all;      /* not_sent stands in outcomes only, as everywhere */
	struct zv_report_count by_hour[24];
	struct zv_report_count
	        waves[ZV_REPORT_WAVES]; /* first, second, third ... attempt of leads */
	int64_t wave_first_ms[ZV_REPORT_WAVES], wave_last_ms[ZV_REPORT_WAVES]; /* calendar */
	uint32_t n_waves;
	struct zv_report_day *days;
	uint32_t n_days, cap_days;

	/* calendar of the first and last INVITE */
	int64_t first_ms, last_ms;
	/* real time: when the log was written, so 10 ms late at most */
	int64_t wall_first_ms, wall_last_ms;
	uint32_t peak_calls;           /* from the intent on disk to the outcome on disk */
	uint32_t peak_talking;         /* connected */
	uint32_t peak_cps;             /* intents in one real second */
	uint64_t talk_ms, talk_max_ms; /* connected calls, 200 to end */
	uint64_t person_talk_ms;       /* of them answered ones */
	uint64_t ring_ms, ring_n;      /* INVITE to 200 */

	uint64_t messages[32], messages_sent[32], messages_all;

	uint32_t n_refusals; /* the most frequent first */
	struct zv_report_refusal refusals[ZV_REPORT_REFUSALS];
	uint64_t refusals_other; /* by rules that found no place */
};

/* The caller frees with zv_report_free, also after errors. */
enum zv_err zv_report_make(struct zv_store *store, const struct zv_campaign_info *info,
                           struct zv_report *ret_report) ZV_MUST_USE;
void zv_report_free(struct zv_report *r);

void zv_report_table(const struct zv_report *r, FILE *to, bool color);
void zv_report_json(const struct zv_report *r, FILE *to);
void zv_report_csv(const struct zv_report *r, FILE *to);
void zv_report_html(const struct zv_report *r, FILE *to);

/* The part on the law (report_law.c). */
enum zv_err zv_report_refusals(struct zv_store *store, struct zv_report *r) ZV_MUST_USE;
void zv_report_refusals_table(const struct zv_report *r, FILE *to);
void zv_report_refusals_html(const struct zv_report *r, FILE *to);
json_t *zv_report_refusals_json(const struct zv_report *r);

/* calls a second of real time over the whole span; 0 if there is none */
double zv_report_mean_cps(const struct zv_report *r);

#endif
