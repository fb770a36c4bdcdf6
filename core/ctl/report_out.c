/* The report as tables, JSON and CSV. */
#include <jansson.h>
#include <string.h>

#include "base/tz.h"
#include "ctl/ctl.h"
#include "ctl/report.h"

static void day_text(int32_t day, char *buf, size_t size)
{
	int year, month, mday;

	zv_civil_from_day(day, &year, &month, &mday);
	(void)snprintf(buf, size, "%04d-%02d-%02d", year, month, mday);
}

static const char *category_name(const struct zv_report *r, size_t i)
{
	return i == 0 ? "(none yet)" : r->texts.categories[i - 1];
}

/* ---- tables ---- */

static void heading(FILE *to, const char *text, bool color)
{
	(void)fprintf(to, "\n%s%s%s\n", color ? "\033[1m" : "", text, color ? "\033[0m" : "");
}

static void categories_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {
	        {"category", false}, {"contacts", true}, {"percent", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 3);

	for (size_t i = 1; i <= (size_t)r->texts.n_categories + 1; i++) {
		size_t c = i % (r->texts.n_categories +
		                1u); /* none yet: last, and only if there are any */

		if (c == 0 && r->by_category[0] == 0)
			continue;
		zv_out_text(out, category_name(r, c));
		zv_out_uint(out, r->by_category[c]);
		zv_out_share(out, r->by_category[c], r->leads);
		zv_out_row(out);
	}
	zv_out_text(out, "all");
	zv_out_uint(out, r->leads);
	zv_out_share(out, r->leads, r->leads);
	zv_out_row(out);
	zv_out_end(out);
}

static void outcomes_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {
	        {"outcome", false}, {"attempts", true}, {"percent", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 3);
	uint64_t all = r->all.calls + r->all.outcomes[ZV_OUT_NOT_SENT];

	for (uint8_t i = 1; i < ZV_OUT_MAX; i++) {
		if (r->all.outcomes[i] == 0)
			continue;
		zv_out_text(out, zv_outcome_word(i));
		zv_out_uint(out, r->all.outcomes[i]);
		zv_out_share(out, r->all.outcomes[i], all);
		zv_out_row(out);
	}
	zv_out_end(out);
}

static void count_cells(struct zv_out *out, const struct zv_report_count *c)
{
	zv_out_uint(out, c->calls);
	zv_out_uint(out, c->connected);
	zv_out_uint(out, c->answered);
	zv_out_share(out, c->answered, c->calls);
}

static void waves_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {{"attempt", true},          {"calls", true},
	                                         {"connected", true},        {"answered", true},
	                                         {"answered_percent", true}, {"first (UTC)", false},
	                                         {"last (UTC)", false}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 7);

	for (uint32_t i = 0; i < r->n_waves; i++) {
		zv_out_uint(out, i + 1u);
		count_cells(out, &r->waves[i]);
		zv_out_time(out, r->wave_first_ms[i]);
		zv_out_time(out, r->wave_last_ms[i]);
		zv_out_row(out);
	}
	zv_out_end(out);
}

static void days_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {
	        {"calling day", false}, {"part", false},    {"calls", true},
	        {"connected", true},    {"answered", true}, {"answered_percent", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 6);
	char day[24];

	for (uint32_t i = 0; i < r->n_days; i++) {
		day_text(r->days[i].day, day, sizeof(day));
		for (size_t p = 0; p < ZV_REPORT_PARTS; p++) {
			if (r->days[i].parts[p].calls == 0)
				continue;
			zv_out_text(out, day);
			zv_out_text(out, zv_report_parts[p]);
			count_cells(out, &r->days[i].parts[p]);
			zv_out_row(out);
		}
	}
	zv_out_end(out);
}

static void hours_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {{"hour", true},
	                                         {"calls", true},
	                                         {"connected", true},
	                                         {"answered", true},
	                                         {"answered_percent", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 5);

	for (size_t h = 0; h < 24; h++) {
		if (r->by_hour[h].calls == 0)
			continue;
		zv_out_uint(out, h);
		count_cells(out, &r->by_hour[h]);
		zv_out_row(out);
	}
	zv_out_end(out);
}

static void messages_table(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {
	        {"message", false}, {"written", true}, {"sent", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_TABLE, false, cols, 3);

	for (size_t i = 0; i < r->texts.n_messages && i < 32; i++) {
		zv_out_text(out, r->texts.messages[i]);
		zv_out_uint(out, r->messages[i]);
		zv_out_uint(out, r->messages_sent[i]);
		zv_out_row(out);
	}
	zv_out_end(out);
}

static void figures(const struct zv_report *r, FILE *to)
{
	(void)fprintf(to, "  %-30s %llu (%llu INVITEs with failovers)\n", "attempts",
	              (unsigned long long)r->all.calls, (unsigned long long)r->invites);
	(void)fprintf(to, "  %-30s %llu\n", "attempts still open", (unsigned long long)r->open);
	(void)fprintf(to, "  %-30s %.1f mean, %u in the fullest second\n",
	              "calls a second (real time)", zv_report_mean_cps(r), r->peak_cps);
	(void)fprintf(to, "  %-30s %u, of them talking %u\n", "most calls at once", r->peak_calls,
	              r->peak_talking);
	(void)fprintf(to, "  %-30s %.1f min, mean %.1f s a connected call, longest %.1f s\n",
	              "talk time", (double)r->talk_ms / 60000.0,
	              r->ring_n > 0 ? (double)r->talk_ms / (double)r->ring_n / 1000.0 : 0.0,
	              (double)r->talk_max_ms / 1000.0);
	(void)fprintf(to, "  %-30s %.1f s mean\n", "INVITE to answer",
	              r->ring_n > 0 ? (double)r->ring_ms / (double)r->ring_n / 1000.0 : 0.0);
	(void)fprintf(to, "  %-30s %.1f s\n", "real time, first to last",
	              (double)(r->wall_last_ms - r->wall_first_ms) / 1000.0);
}

void zv_report_table(const struct zv_report *r, FILE *to, bool color)
{
	(void)fprintf(to, "%s", color ? "\033[1m" : "");
	zv_put_plain(to, r->info.name);
	(void)fprintf(to, "%s: %s, %llu of %llu contacts have their category%s\n",
	              color ? "\033[0m" : "", zv_campaign_state_word(r->info.state),
	              (unsigned long long)r->finals, (unsigned long long)r->leads,
	              r->simulated ? " (simulated carrier)" : "");
	heading(to, "Categories", color);
	categories_table(r, to);
	heading(to, "Attempts by outcome", color);
	outcomes_table(r, to);
	heading(to, "Waves: first, second, third ... attempt of contacts", color);
	waves_table(r, to);
	heading(to, "Calling days", color);
	days_table(r, to);
	heading(to, "By local hour", color);
	hours_table(r, to);
	heading(to, "Figures", color);
	figures(r, to);
	if (r->texts.n_messages > 0) {
		heading(to, "Messages in the outbox", color);
		messages_table(r, to);
	}
	if (r->n_refusals > 0) {
		heading(to, "Refused by the law", color);
		zv_report_refusals_table(r, to);
	}
}

/* ---- JSON ---- */

static json_t *text_json(const char *text)
{
	json_t *s = json_string(text);

	return s != NULL ? s : json_string("?"); /* not UTF-8 */
}

static json_t *count_json(const struct zv_report_count *c)
{
	json_t *outcomes = json_object();

	for (uint8_t i = 1; i < ZV_OUT_MAX; i++) {
		if (c->outcomes[i] != 0)
			(void)json_object_set_new(outcomes, zv_outcome_word(i),
			                          json_integer((json_int_t)c->outcomes[i]));
	}
	return json_pack("{s:I,s:I,s:I,s:o}", "calls", (json_int_t)c->calls, "connected",
	                 (json_int_t)c->connected, "answered", (json_int_t)c->answered, "outcomes",
	                 outcomes);
}

static json_t *time_json(int64_t ms)
{
	char buf[80];

	if (ms == 0)
		return json_null();
	zv_iso_time(ms, buf, sizeof(buf));
	return json_string(buf);
}

static json_t *categories_json(const struct zv_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i <= r->texts.n_categories; i++) {
		json_t *item = json_pack("{s:o,s:I,s:f}", "category",
		                         i == 0 ? json_null() : text_json(category_name(r, i)),
		                         "contacts", (json_int_t)r->by_category[i], "share",
		                         r->leads > 0 ? (double)r->by_category[i] / (double)r->leads
		                                      : 0.0);

		(void)json_array_append_new(list, item);
	}
	return list;
}

static json_t *waves_json(const struct zv_report *r)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < r->n_waves; i++) {
		json_t *item = count_json(&r->waves[i]);

		(void)json_object_set_new(item, "attempt", json_integer(i + 1));
		(void)json_object_set_new(item, "first", time_json(r->wave_first_ms[i]));
		(void)json_object_set_new(item, "last", time_json(r->wave_last_ms[i]));
		(void)json_array_append_new(list, item);
	}
	return list;
}

static json_t *days_json(const struct zv_report *r)
{
	json_t *list = json_array();
	char day[24];

	for (uint32_t i = 0; i < r->n_days; i++) {
		day_text(r->days[i].day, day, sizeof(day));
		for (size_t p = 0; p < ZV_REPORT_PARTS; p++) {
			json_t *item = count_json(&r->days[i].parts[p]);

			(void)json_object_set_new(item, "day", json_string(day));
			(void)json_object_set_new(item, "part", json_string(zv_report_parts[p]));
			(void)json_array_append_new(list, item);
		}
	}
	return list;
}

static json_t *named_counts_json(const char names[32][48], size_t n, const uint64_t *counts)
{
	json_t *object = json_object();

	for (size_t i = 0; i < n && i < 32; i++)
		(void)json_object_set_new(object, names[i], json_integer((json_int_t)counts[i]));
	return object;
}

void zv_report_json(const struct zv_report *r, FILE *to)
{
	json_t *hours = json_array(), *o;

	for (size_t h = 0; h < 24; h++) {
		json_t *item = count_json(&r->by_hour[h]);

		(void)json_object_set_new(item, "hour", json_integer((json_int_t)h));
		(void)json_array_append_new(hours, item);
	}
	o = json_pack("{s:o,s:s,s:b,s:o,s:I,s:I,s:I,s:I}", "campaign", text_json(r->info.name),
	              "state", zv_campaign_state_word(r->info.state), "simulated", r->simulated,
	              "made", time_json(r->made_ms), "contacts", (json_int_t)r->leads,
	              "with_category", (json_int_t)r->finals, "removed", (json_int_t)r->removed,
	              "numbers", (json_int_t)r->numbers);
	(void)json_object_set_new(o, "categories", categories_json(r));
	(void)json_object_set_new(o, "attempts", count_json(&r->all));
	(void)json_object_set_new(
	        o, "results",
	        named_counts_json(r->texts.results, r->texts.n_results, r->by_result + 1));
	(void)json_object_set_new(o, "waves", waves_json(r));
	(void)json_object_set_new(o, "days", days_json(r));
	(void)json_object_set_new(o, "hours", hours);
	(void)json_object_set_new(
	        o, "real_time",
	        json_pack("{s:I,s:I,s:I,s:I,s:I,s:f,s:I}", "invites", (json_int_t)r->invites,
	                  "open", (json_int_t)r->open, "peak_calls", (json_int_t)r->peak_calls,
	                  "peak_talking", (json_int_t)r->peak_talking, "peak_calls_a_second",
	                  (json_int_t)r->peak_cps, "mean_calls_a_second", zv_report_mean_cps(r),
	                  "span_ms", (json_int_t)(r->wall_last_ms - r->wall_first_ms)));
	(void)json_object_set_new(
	        o, "talk",
	        json_pack("{s:I,s:I,s:I,s:I,s:I}", "talk_ms", (json_int_t)r->talk_ms, "talk_max_ms",
	                  (json_int_t)r->talk_max_ms, "person_talk_ms",
	                  (json_int_t)r->person_talk_ms, "ring_ms", (json_int_t)r->ring_ms,
	                  "connected", (json_int_t)r->ring_n));
	(void)json_object_set_new(o, "calendar_first", time_json(r->first_ms));
	(void)json_object_set_new(o, "calendar_last", time_json(r->last_ms));
	(void)json_object_set_new(
	        o, "messages",
	        named_counts_json(r->texts.messages, r->texts.n_messages, r->messages));
	(void)json_object_set_new(o, "refusals", zv_report_refusals_json(r));
	(void)json_object_set_new(o, "messages_all", json_integer((json_int_t)r->messages_all));
	(void)json_dumpf(o, to, JSON_COMPACT);
	(void)fputc('\n', to);
	json_decref(o);
}

/* ---- CSV: one figure a row ---- */

static void figure(struct zv_out *out, const char *section, const char *item, const char *what,
                   uint64_t value)
{
	zv_out_text(out, section);
	zv_out_text(out, item);
	zv_out_text(out, what);
	zv_out_uint(out, value);
	zv_out_row(out);
}

static void count_figures(struct zv_out *out, const char *section, const char *item,
                          const struct zv_report_count *c)
{
	figure(out, section, item, "calls", c->calls);
	figure(out, section, item, "connected", c->connected);
	figure(out, section, item, "answered", c->answered);
	for (uint8_t i = 1; i < ZV_OUT_MAX; i++) {
		if (c->outcomes[i] != 0)
			figure(out, section, item, zv_outcome_word(i), c->outcomes[i]);
	}
}

static void days_figures(struct zv_out *out, const struct zv_report *r)
{
	char item[64], day[24];

	for (uint32_t i = 0; i < r->n_days; i++) {
		day_text(r->days[i].day, day, sizeof(day));
		for (size_t p = 0; p < ZV_REPORT_PARTS; p++) {
			(void)snprintf(item, sizeof(item), "%s %s", day, zv_report_parts[p]);
			if (r->days[i].parts[p].calls != 0)
				count_figures(out, "day", item, &r->days[i].parts[p]);
		}
	}
}

void zv_report_csv(const struct zv_report *r, FILE *to)
{
	static const struct zv_out_col cols[] = {
	        {"section", false}, {"item", false}, {"figure", false}, {"value", true}};
	struct zv_out *out = zv_out_begin(to, ZV_FORMAT_CSV, true, cols, 4);
	char item[24];

	figure(out, "campaign", r->info.name, "contacts", r->leads);
	figure(out, "campaign", r->info.name, "with_category", r->finals);
	figure(out, "campaign", r->info.name, "removed", r->removed);
	for (size_t i = 0; i <= r->texts.n_categories; i++)
		figure(out, "category", category_name(r, i), "contacts", r->by_category[i]);
	count_figures(out, "attempts", "all", &r->all);
	for (uint32_t i = 0; i < r->n_waves; i++) {
		(void)snprintf(item, sizeof(item), "%u", i + 1);
		count_figures(out, "attempt_number", item, &r->waves[i]);
	}
	days_figures(out, r);
	for (unsigned h = 0; h < 24; h++) {
		(void)snprintf(item, sizeof(item), "%02u", h);
		if (r->by_hour[h].calls != 0)
			count_figures(out, "hour", item, &r->by_hour[h]);
	}
	for (size_t i = 0; i < r->texts.n_messages && i < 32; i++)
		figure(out, "message", r->texts.messages[i], "written", r->messages[i]);
	for (uint32_t i = 0; i < r->n_refusals; i++)
		figure(out, "refused", r->refusals[i].what, "times", r->refusals[i].n);
	figure(out, "real_time", "all", "invites", r->invites);
	figure(out, "real_time", "all", "peak_calls", r->peak_calls);
	figure(out, "real_time", "all", "peak_talking", r->peak_talking);
	figure(out, "real_time", "all", "peak_calls_a_second", r->peak_cps);
	figure(out, "real_time", "all", "talk_ms", r->talk_ms);
	zv_out_end(out);
}
