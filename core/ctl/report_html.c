/* The report as one HTML page: no script, no network, inline style and charts. */
#include <string.h>

#include "base/tz.h"
#include "ctl/ctl.h"
#include "ctl/report.h"
#include "ctl/svg.h"

/* report.css, as the build turned it into a string */
static const char style[] = {
#include "report_css.h"
};

static double percent(uint64_t part, uint64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static unsigned long long ull(uint64_t v)
{
	return (unsigned long long)v;
}

/* "2 Mar 2026 09:00" */
static void put_time(FILE *to, int64_t ms)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t s = ms / 1000, day = s / 86400;
	int year, month, mday;

	if (ms <= 0)
		return;
	zv_civil_from_day((int32_t)day, &year, &month, &mday);
	(void)fprintf(to, "%d %s %d %02d:%02d", mday, months[(month - 1) % 12], year,
	              (int)(s % 86400 / 3600), (int)(s % 3600 / 60));
}

static void put_head(const struct zv_report *r, FILE *to)
{
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	            "style-src 'unsafe-inline'\">\n<meta name=\"referrer\" "
	            "content=\"no-referrer\">\n<title>",
	            to);
	zv_put_html(to, r->info.name);
	(void)fputs(" - zvonar report</title>\n<style>\n", to);
	(void)fwrite(style, 1, sizeof(style), to);
	(void)fputs("</style>\n</head>\n<body>\n<main>\n<h1>", to);
	zv_put_html(to, r->info.name);
	(void)fprintf(to, "<span class=\"badge\">%s</span>%s</h1>\n<p class=\"dim\">",
	              zv_campaign_state_word(r->info.state),
	              r->simulated ? "<span class=\"badge\">simulated carrier</span>" : "");
	if (r->first_ms != 0) {
		(void)fputs("Calls from ", to);
		put_time(to, r->first_ms);
		(void)fputs(" to ", to);
		put_time(to, r->last_ms);
		(void)fputs(r->simulated ? " UTC by the campaign's calendar. " : " UTC. ", to);
	}
	(void)fputs("Report made ", to);
	put_time(to, r->made_ms);
	(void)fputs(" UTC.</p>\n", to);
}

static void put_tiles(const struct zv_report *r, FILE *to)
{
	(void)fprintf(
	        to,
	        "<div class=\"tiles\">\n"
	        "<div class=\"tile\"><b>%llu</b><span>contacts, %.1f%% have a "
	        "category</span></div>\n"
	        "<div class=\"tile\"><b>%llu</b><span>attempts, %.2f a contact</span></div>\n"
	        "<div class=\"tile\"><b>%.1f%%</b><span>of attempts answered by a "
	        "person</span></div>\n"
	        "<div class=\"tile\"><b>%u</b><span>calls at once at most, %u of them "
	        "connected</span></div>\n"
	        "<div class=\"tile\"><b>%.1f</b><span>calls a second, in the fullest "
	        "%u</span></div>\n"
	        "<div class=\"tile\"><b>%.0f s</b><span>of real time, first intent to last "
	        "outcome</span></div>\n"
	        "<div class=\"tile\"><b>%.1f h</b><span>connected, %.0f s a call</span></div>\n"
	        "<div class=\"tile\"><b>%llu</b><span>messages written to the outbox</span></div>\n"
	        "</div>\n",
	        ull(r->leads), percent(r->finals, r->leads), ull(r->all.calls),
	        r->leads > 0 ? (double)r->all.calls / (double)r->leads : 0.0,
	        percent(r->all.answered, r->all.calls), r->peak_calls, r->peak_talking,
	        zv_report_mean_cps(r), r->peak_cps,
	        (double)(r->wall_last_ms - r->wall_first_ms) / 1000.0,
	        (double)r->talk_ms / 3600000.0,
	        r->ring_n > 0 ? (double)r->talk_ms / (double)r->ring_n / 1000.0 : 0.0,
	        ull(r->messages_all));
}

static void put_bar(FILE *to, double share, const char *var)
{
	(void)fprintf(to,
	              "<td class=\"bar\"><div><i "
	              "style=\"width:%.2f%%;background:var(%s)\"></i></div></td>",
	              share, var);
}

static void put_categories(const struct zv_report *r, FILE *to)
{
	char var[16];

	(void)fputs("<section>\n<h2>Categories</h2>\n<div class=\"two\">\n", to);
	zv_svg_donut(r, to);
	(void)fputs("<table>\n<tr><th>category</th><th></th><th class=\"n\">contacts</th>"
	            "<th class=\"n\">share</th></tr>\n",
	            to);
	for (size_t i = 1; i <= (size_t)r->texts.n_categories + 1; i++) {
		size_t c = i % (r->texts.n_categories + 1u);
		double share = percent(r->by_category[c], r->leads);

		if (c == 0 && r->by_category[0] == 0)
			continue;
		zv_svg_category_var(c, var, sizeof(var));
		(void)fprintf(
		        to,
		        "<tr><td class=\"name\"><i class=\"dot\" style=\"background:var(%s)\"></i>",
		        var);
		zv_put_html(to, c == 0 ? "no category yet" : r->texts.categories[c - 1]);
		(void)fputs("</td>", to);
		put_bar(to, share, var);
		(void)fprintf(to, "<td class=\"n\">%llu</td><td class=\"n\">%.1f%%</td></tr>\n",
		              ull(r->by_category[c]), share);
	}
	(void)fputs("</table>\n</div>\n", to);
	if (r->removed > 0)
		(void)fprintf(
		        to,
		        "<p class=\"note\">%llu contacts were removed from the base with their "
		        "category.</p>\n",
		        ull(r->removed));
	(void)fputs("</section>\n", to);
}

static void put_charts(const struct zv_report *r, FILE *to)
{
	(void)fputs("<section>\n<h2>Attempts by hour <span>local time of the contact</span></h2>\n",
	            to);
	zv_svg_hours(r, to);
	(void)fputs("</section>\n<section>\n<h2>Answer rate by hour <span>local time of the "
	            "contact</span></h2>\n",
	            to);
	zv_svg_rate(r, to);
	(void)fputs("<p class=\"note\">Share of attempts that a person answered and reacted to. n: "
	            "attempts "
	            "in that hour; a rate over few attempts says little.</p>\n</section>\n",
	            to);
}

static void count_head(FILE *to, const char *first)
{
	(void)fprintf(
	        to,
	        "<div class=\"scroll\"><table>\n<tr>%s<th class=\"n\">attempts</th><th class=\"n\">"
	        "connected</th><th class=\"n\">answered</th><th "
	        "class=\"n\">rate</th><th></th></tr>\n",
	        first);
}

static void count_row(FILE *to, const struct zv_report_count *c)
{
	(void)fprintf(to,
	              "<td class=\"n\">%llu</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td>"
	              "<td class=\"n\">%.1f%%</td>",
	              ull(c->calls), ull(c->connected), ull(c->answered),
	              percent(c->answered, c->calls));
	put_bar(to, percent(c->answered, c->calls), "--o6");
	(void)fputs("</tr>\n", to);
}

static void put_waves(const struct zv_report *r, FILE *to)
{
	(void)fputs("<section>\n<h2>Waves: first, second, third ... attempt of contacts</h2>\n",
	            to);
	count_head(to, "<th class=\"n\">attempt</th><th>first, UTC</th><th>last, UTC</th>");
	for (uint32_t i = 0; i < r->n_waves; i++) {
		(void)fprintf(to, "<tr><td class=\"n\">%u</td><td class=\"t\">", i + 1);
		put_time(to, r->wave_first_ms[i]);
		(void)fputs("</td><td class=\"t\">", to);
		put_time(to, r->wave_last_ms[i]);
		(void)fputs("</td>", to);
		count_row(to, &r->waves[i]);
	}
	(void)fputs("</table></div>\n</section>\n", to);
}

static void put_days(const struct zv_report *r, FILE *to)
{
	(void)fputs("<section>\n<h2>Calling days</h2>\n", to);
	count_head(to, "<th>day, local</th><th>part</th>");
	for (uint32_t i = 0; i < r->n_days; i++) {
		int year, month, mday;

		zv_civil_from_day(r->days[i].day, &year, &month, &mday);
		for (size_t p = 0; p < ZV_REPORT_PARTS; p++) {
			if (r->days[i].parts[p].calls == 0)
				continue;
			(void)fprintf(
			        to,
			        "<tr><td class=\"t\">%04d-%02d-%02d</td><td class=\"t\">%s</td>",
			        year, month, mday, zv_report_parts[p]);
			count_row(to, &r->days[i].parts[p]);
		}
	}
	(void)fputs("</table></div>\n</section>\n", to);
}

static void put_outcomes(const struct zv_report *r, FILE *to)
{
	uint64_t all = r->all.calls + r->all.outcomes[ZV_OUT_NOT_SENT];
	char var[16];

	(void)fputs(
	        "<section>\n<h2>Attempts by outcome</h2>\n<table>\n<tr><th>outcome</th><th></th>"
	        "<th class=\"n\">attempts</th><th class=\"n\">share</th></tr>\n",
	        to);
	for (uint8_t i = 1; i < ZV_OUT_MAX; i++) {
		if (r->all.outcomes[i] == 0)
			continue;
		(void)snprintf(var, sizeof(var), "--o%u", i);
		(void)fprintf(to,
		              "<tr><td class=\"name\"><i class=\"dot\" "
		              "style=\"background:var(%s)\"></i>%s</td>",
		              var, zv_outcome_word(i));
		put_bar(to, percent(r->all.outcomes[i], all), var);
		(void)fprintf(to, "<td class=\"n\">%llu</td><td class=\"n\">%.1f%%</td></tr>\n",
		              ull(r->all.outcomes[i]), percent(r->all.outcomes[i], all));
	}
	(void)fputs("</table>\n", to);
	if (r->open > 0)
		(void)fprintf(to, "<p class=\"note\">%llu attempts have no outcome yet.</p>\n",
		              ull(r->open));
	(void)fputs("</section>\n", to);
}

static void put_messages(const struct zv_report *r, FILE *to)
{
	if (r->texts.n_messages == 0)
		return;
	(void)fputs("<section>\n<h2>Messages</h2>\n<table>\n<tr><th>message</th><th "
	            "class=\"n\">written</th>"
	            "<th class=\"n\">delivered</th></tr>\n",
	            to);
	for (size_t i = 0; i < r->texts.n_messages && i < 32; i++) {
		(void)fputs("<tr><td class=\"name\">", to);
		zv_put_html(to, r->texts.messages[i]);
		(void)fprintf(to, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td></tr>\n",
		              ull(r->messages[i]), ull(r->messages_sent[i]));
	}
	(void)fputs("</table>\n</section>\n", to);
}

void zv_report_html(const struct zv_report *r, FILE *to)
{
	put_head(r, to);
	put_tiles(r, to);
	put_categories(r, to);
	put_charts(r, to);
	put_waves(r, to);
	put_days(r, to);
	put_outcomes(r, to);
	put_messages(r, to);
	zv_report_refusals_html(r, to);
	(void)fputs(
	        "<footer>\n<dl><dt>Attempt</dt><dd>one intent and the calls made for it, also by "
	        "several "
	        "trunks in turn. Withdrawn ones (not_sent) are counted under outcomes only.</dd>\n"
	        "<dt>Connected</dt><dd>the trunk answered 200: a person, voicemail or "
	        "silence.</dd>\n"
	        "<dt>Answered</dt><dd>a person reacted.</dd>\n"
	        "<dt>At once</dt><dd>attempts between their intent and their outcome on disk, in "
	        "real "
	        "time.</dd></dl>\n<p>zvonar " ZV_VERSION
	        "</p>\n</footer>\n</main>\n</body>\n</html>\n",
	        to);
}
