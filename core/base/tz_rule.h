/* base/tz_rule.h -- the POSIX TZ string that ends a TZif file ("MSK-3",
 * "CET-1CEST,M3.5.0,M10.5.0/3"), with the extensions of RFC 8536 3.3.1: hours from -167 to 167
 * and names in angle brackets.  Pure.  Inside core/base only.
 */
#ifndef ZV_BASE_TZ_RULE_H
#define ZV_BASE_TZ_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"

/* RFC 8536 3.2: utoff lies strictly between -25 h and 26 h. */
#define ZV_TZ_OFFSET_MIN (-25 * 3600 + 1)
#define ZV_TZ_OFFSET_MAX (26 * 3600 - 1)

/* A yearly moment.  kind 'J': day 1..365, February 29 never counted; 'D': day 0..365;
 * 'M': weekday wday (0 = Sunday) of week (5 = last) of month. */
struct zv_tz_when {
	char kind;
	uint8_t month, week, wday;
	uint16_t day;
	int32_t time_s; /* wall-clock seconds from that day's midnight; may leave the day */
};

struct zv_tz_rule {
	bool has_dst;
	int32_t std_s, dst_s; /* seconds east of UTC */
	struct zv_tz_when start, end;
};

/* text need not end in 0.  ZV_EPARSE. */
enum zv_err zv_tz_rule_parse(const char *text, size_t len, struct zv_tz_rule *ret_rule) ZV_MUST_USE;

/* Offset at utc_s, and the first instant after it at which the rule changes the clock
 * (INT64_MAX: never). */
int32_t zv_tz_rule_offset(const struct zv_tz_rule *rule, int64_t utc_s, int64_t *ret_until_s);

#endif
