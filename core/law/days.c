/* One calendar file: which days of a year are working days in a country, and who says so.
 *
 *	id: RU                  # the name that rules use
 *	year: 2026
 *	seen: 2026-11-22        # when it was compared with its source
 *	trust: official         # official, secondary, memory, policy
 *	source: [ ... ]         # a decree, a law, an address
 *	weekend: [sat, sun]
 *	holidays: {2026-01-01: New Year}
 *	days_off: {2026-01-09: moved from Saturday 3 January}
 *	workdays: {2026-02-21: a working Saturday}
 *	doubtful: {2026-12-31: nobody has decreed it yet}
 *
 * A doubtful day is of unknown kind, and what is unknown is closed.
 */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "law/law_in.h"

struct year {
	struct zv_conf_sink sink;
	uint32_t n_warnings; /* told so far */
	const struct zv_law_sink *to;
	const char *file;
	struct zv_calendar *calendar;
	int year;
	int32_t first, last; /* days since 1970 */
	bool off[7];         /* Monday first: days of the weekend */
	bool said[366];
};

/* "file:12:3: text" of core/conf becomes a file, a line and a text. */
static void pass_line(void *arg, const char *line)
{
	static const char warning[] = "warning: ";
	struct year *y = arg;
	size_t len = strlen(y->file);
	enum zv_law_level level = ZV_LAW_ERROR;
	unsigned long number = 0;
	char *end;

	if (strncmp(line, y->file, len) == 0 && line[len] == ':') {
		number = strtoul(line + len + 1, &end, 10);
		if (*end == ':')
			(void)strtoul(end + 1, &end, 10);
		line = strncmp(end, ": ", 2) == 0 ? end + 2 : end;
	}
	if (y->sink.n_warnings > y->n_warnings) { /* counted before it is told */
		y->n_warnings = y->sink.n_warnings;
		level = ZV_LAW_WARNING;
		if (strncmp(line, warning, sizeof(warning) - 1) == 0)
			line += sizeof(warning) - 1;
	}
	if (y->to->tell != NULL)
		y->to->tell(y->to->arg, level, y->file, (unsigned)number, "", line);
}

static void set_day(struct zv_calendar *c, int day_of_year, enum zv_day_type type)
{
	uint8_t *byte = &c->days[0][day_of_year / 4];
	unsigned shift = (unsigned)(day_of_year % 4) * 2;

	*byte = (uint8_t)((*byte & ~(3u << shift)) | (unsigned)type << shift);
}

static int weekday_of(int32_t day)
{
	return (day % 7 + 10) % 7; /* 1970-01-01 was a Thursday */
}

static void take_weekend(struct year *y, const struct zv_conf_node *node)
{
	static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
	static const struct zv_law_words week = {names, 7};

	if (zv_conf_node_kind(node) != ZV_CONF_LIST || zv_conf_count(node) == 0) {
		zv_conf_error(&y->sink, node,
		              "weekend: a list of days must stand here, as [sat, sun]");
		return;
	}
	for (size_t i = 0; i < zv_conf_count(node); i++) {
		const struct zv_conf_node *item = zv_conf_at(node, i);
		int day = zv_conf_text(item) != NULL ? zv_law_word(&week, zv_conf_text(item)) : -1;

		if (day < 0)
			zv_conf_error(&y->sink, item,
			              "weekend: one of mon, tue, wed, thu, fri, sat, sun");
		else
			y->off[day] = true;
	}
}

static void fill_week(struct year *y)
{
	for (int32_t day = y->first; day <= y->last; day++)
		set_day(y->calendar, day - y->first,
		        y->off[weekday_of(day)] ? ZV_DT_WEEKEND : ZV_DT_WORKDAY);
}

/* A map of dates to reasons.  need: what the day must be before (-1: anything). */
struct group {
	const char *key;
	enum zv_day_type type;
	int need;
	const char *else_text;
};

static void take_day(struct year *y, const struct group *g, const char *date,
                     const struct zv_conf_node *reason)
{
	const char *text = zv_conf_text(reason);
	int32_t day;

	if (!zv_law_date(date, &day)) {
		zv_conf_error_key(&y->sink, reason,
		                  "%s: \"%.40s\" is no day that exists (2026-01-31)", g->key, date);
		return;
	}
	if (day < y->first || day > y->last) {
		zv_conf_error_key(&y->sink, reason, "%s: %s is not in the year %d", g->key, date,
		                  y->year);
		return;
	}
	if (text == NULL || *text == 0)
		zv_conf_error_key(&y->sink, reason, "%s: %s: why? a text must stand here", g->key,
		                  date);
	if (y->said[day - y->first]) {
		zv_conf_error_key(&y->sink, reason, "%s: %s stands here already", g->key, date);
		return;
	}
	if (g->need >= 0 && y->off[weekday_of(day)] != (g->need == ZV_DT_WEEKEND)) {
		zv_conf_error_key(&y->sink, reason, "%s: %s %s", g->key, date, g->else_text);
		return;
	}
	y->said[day - y->first] = true;
	set_day(y->calendar, day - y->first, g->type);
}

static void take_group(struct year *y, const struct group *g, const struct zv_conf_node *map)
{
	if (map == NULL)
		return;
	if (zv_conf_node_kind(map) != ZV_CONF_MAP) {
		zv_conf_error(&y->sink, map, "%s: dates with reasons must stand here", g->key);
		return;
	}
	for (size_t i = 0; i < zv_conf_count(map); i++)
		take_day(y, g, zv_conf_key(map, i), zv_conf_at(map, i));
}

/* The text at a key; an error if it is missing or no text. */
static const char *need_text(struct year *y, const struct zv_conf_node *root, const char *key)
{
	const struct zv_conf_node *node = zv_conf_get(root, key);
	const char *text = zv_conf_text(node);

	if (text != NULL && *text != 0)
		return text;
	if (node != NULL)
		zv_conf_error(&y->sink, node, "%s: a text must stand here", key);
	else
		zv_conf_error(&y->sink, root, "%s is missing", key);
	return NULL;
}

static void take_head(struct year *y, const struct zv_conf_node *root)
{
	const char *id = need_text(y, root, "id"), *year = need_text(y, root, "year");
	const char *seen = need_text(y, root, "seen"), *trust = need_text(y, root, "trust");
	const struct zv_conf_node *source = zv_conf_get(root, "source");
	int64_t n = 0;
	int32_t day;

	if (id != NULL && strlen(id) >= sizeof(y->calendar->id))
		zv_conf_error(&y->sink, zv_conf_get(root, "id"), "id: 15 bytes at most");
	else if (id != NULL)
		memcpy(y->calendar->id, id, strlen(id) + 1);
	if (year != NULL && (zv_conf_int(year, &n) != ZV_OK || n < 1970 || n > 2199))
		zv_conf_error(&y->sink, zv_conf_get(root, "year"),
		              "year: a year from 1970 to 2199");
	else if (year != NULL)
		y->year = (int)n;
	if (seen != NULL && !zv_law_date(seen, &day))
		zv_conf_error(&y->sink, zv_conf_get(root, "seen"),
		              "seen: a day that exists (2026-01-31)");
	if (trust != NULL && zv_law_word(&zv_law_trusts, trust) < 0)
		zv_conf_error(&y->sink, zv_conf_get(root, "trust"),
		              "trust: one of official, secondary, memory, policy");
	else if (trust != NULL && strcmp(trust, "memory") == 0)
		zv_conf_warn(&y->sink, zv_conf_get(root, "trust"),
		             "this calendar stands on memory alone");
	if (source == NULL)
		zv_conf_error(&y->sink, root, "source is missing: who says so?");
	else if (zv_conf_node_kind(source) == ZV_CONF_MAP ||
	         (zv_conf_node_kind(source) == ZV_CONF_LIST && zv_conf_count(source) == 0))
		zv_conf_error(&y->sink, source,
		              "source: a text or a list of texts must stand here");
	take_weekend(y, zv_conf_get(root, "weekend") != NULL ? zv_conf_get(root, "weekend") : root);
}

static void refuse_others(struct year *y, const struct zv_conf_node *root)
{
	static const char *const names[] = {"id",       "year",     "seen",     "trust",
	                                    "source",   "weekend",  "holidays", "days_off",
	                                    "workdays", "doubtful", "note"};
	static const struct zv_law_words keys = {names, sizeof(names) / sizeof(names[0])};

	for (size_t i = 0; i < zv_conf_count(root); i++)
		if (zv_law_word(&keys, zv_conf_key(root, i)) < 0)
			zv_conf_error_key(&y->sink, zv_conf_at(root, i), "no such key: %.60s",
			                  zv_conf_key(root, i));
}

static void read_year(struct year *y, const struct zv_conf_node *root)
{
	static const struct group groups[] = {
	        {"holidays", ZV_DT_HOLIDAY, -1, NULL},
	        {"days_off", ZV_DT_WEEKEND, ZV_DT_WORKDAY, "is a day of the weekend anyway"},
	        {"workdays", ZV_DT_WORKDAY, ZV_DT_WEEKEND, "is a working day anyway"},
	        {"doubtful", ZV_DT_UNKNOWN, -1, NULL},
	};

	if (zv_conf_node_kind(root) != ZV_CONF_MAP) {
		zv_conf_error(&y->sink, root, "a map must stand here");
		return;
	}
	refuse_others(y, root);
	take_head(y, root);
	if (y->year == 0)
		return;
	y->first = zv_day_from_civil(y->year, 1, 1);
	y->last = zv_day_from_civil(y->year, 12, 31);
	y->calendar->n_years = 1;
	y->calendar->years[0] = (uint16_t)y->year;
	fill_week(y);
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		take_group(y, &groups[i], zv_conf_get(root, groups[i].key));
}

enum zv_err zv_law_calendar(const char *bytes, size_t len, const char *file,
                            const struct zv_law_sink *sink, struct zv_calendar *ret_calendar)
{
	struct zv_calendar calendar = {0};
	struct year y = {
	        .to = sink, .file = file != NULL ? file : "calendar", .calendar = &calendar};
	struct zv_conf_tree *tree = NULL;
	enum zv_err err;

	y.sink = (struct zv_conf_sink){.line = pass_line, .arg = &y};
	err = zv_conf_parse(bytes, len, y.file, &y.sink, &tree);
	if (err != ZV_OK)
		return err;
	read_year(&y, zv_conf_root(tree));
	zv_conf_free(tree);
	if (y.sink.n_errors > 0)
		return ZV_EPARSE;
	*ret_calendar = calendar;
	return ZV_OK;
}
