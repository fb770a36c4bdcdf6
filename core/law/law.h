/* law/law.h -- the law as files: rule files (JSON lines) and calendars (YAML) in, a checked set
 * out (dial/rules/rules.h).
 *
 * Thread: main, at boot and reload.  A loaded set is immutable, any thread may read it; it must
 * outlive the last decision made with it.  jansson is seen here for rule files only.
 *
 * A set is loaded whole or not at all, and everything that is wrong is told with file, line and
 * JSON path, not only the first.  The set is not legal advice; where each rule comes from stands
 * in it.
 */
#ifndef ZV_LAW_H
#define ZV_LAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dial/rules/rules.h"
#include "zvonar/err.h"

#define ZV_LAW_FILE_MAX   (1024u * 1024u)      /* bytes of one file */
#define ZV_LAW_BYTES_MAX  (8u * 1024u * 1024u) /* of all files of a set */
#define ZV_LAW_LINE_MAX   (64u * 1024u)
#define ZV_LAW_FILES_MAX  256u
#define ZV_LAW_WARN_DAYS  180 /* a rule seen longer ago: a warning */
#define ZV_LAW_STALE_DAYS 400 /* and longer still: the set is stale */

enum zv_law_level { ZV_LAW_ERROR = 1, ZV_LAW_WARNING = 2 };

/* Where messages go.  file: as it was given or found, "" if none; line from 1, 0: of the whole
 * file; path: a JSON path such as $.freq.windows[0].unit, or "" where there is none; for
 * calendars the line is that of the YAML text.  All borrowed for the call. */
struct zv_law_sink {
	void (*tell)(void *arg, enum zv_law_level level, const char *file, unsigned line,
	             const char *path, const char *text);
	void *arg;
};

struct zv_law_params {
	const char *rules;      /* a file, or a folder whose *.jsonl are read in order of names */
	const char *calendars;  /* a folder of *.yaml, or one such file; NULL: none */
	struct zv_zones *zones; /* borrowed, must outlive the set */
	const char *zoneinfo; /* where the zones come from, for their version; NULL: the system's */
	bool today_known;     /* then the age of `seen` is judged */
	int32_t today;        /* days since 1970 by the wall clock */
	struct zv_law_sink sink;
};

struct zv_law;

/* ZV_EPARSE: something is wrong (told); ZV_ENOENT, ZV_EIO: files (told); ZV_ENOMEM. */
enum zv_err zv_law_load(const struct zv_law_params *params, struct zv_law **ret_law) ZV_MUST_USE;
void zv_law_destroy(struct zv_law *law); /* accepts NULL */

/* Valid until the law is destroyed, as all below. */
const struct zv_rules *zv_law_rules(const struct zv_law *law);

/* What people must know of a rule. */
struct zv_law_text {
	const char *id, *jur, *law, *src, *seen;
	const char *file; /* base name of the file it stood in */
	unsigned line;
	const char *json; /* its line as it was written, json_len bytes, not ended by 0 */
	size_t json_len;
};
/* NULL: no such rule. */
const struct zv_law_text *zv_law_text(const struct zv_law *law, uint32_t rule);
/* One English or Russian sentence of what the rule says; always ended, cut between characters. */
void zv_law_say(const struct zv_law *law, uint32_t rule, char *text, size_t size);
void zv_law_say_ru(const struct zv_law *law, uint32_t rule, char *text, size_t size);

/* The day (since 1970) on which the longest unseen rule was last compared with its source. */
int32_t zv_law_oldest_seen(const struct zv_law *law);
/* A campaign starts on a stale set only if the configuration accepts this very hash. */
bool zv_law_stale(const struct zv_law *law, int32_t today);

/* All files of the set as one text, for the archive: what the hash is made of.  Loaded from it
 * again the set has the same hash and explains decisions of its time. */
const char *zv_law_archive(const struct zv_law *law, size_t *ret_len);
enum zv_err
zv_law_load_text(const char *text, size_t len, const struct zv_law_params *params,
                 struct zv_law **ret_law) ZV_MUST_USE; /* params: rules, calendars unused */

/* ---- parts of it ---- */

/* "2026a" of the zone files below dir (NULL: the system's), from tzdata.zi, else +VERSION, else
 * "h" and eight digits of a hash of some zones; "?" if there is nothing. */
void zv_law_tz_version(const char *dir, char *ret_text, size_t size);

/* Reads one calendar's YAML text into one year of *ret_calendar (n_years 1).  What is wrong goes
 * to the sink.  ZV_EPARSE, ZV_ENOMEM. */
enum zv_err zv_law_calendar(const char *bytes, size_t len, const char *file,
                            const struct zv_law_sink *sink,
                            struct zv_calendar *ret_calendar) ZV_MUST_USE;

/* "2026-11-21" to days since 1970: a day that exists, years 1970..2199. */
bool zv_law_date(const char *text, int32_t *ret_day);
/* ISO 8601 duration of years, months, weeks and days: P3Y, P1Y6M, P30D. */
struct zv_law_span {
	uint16_t years, months, days;
};
bool zv_law_duration(const char *text, struct zv_law_span *ret_span);

#endif
