/* What a simulation gave, as one page with charts through the day; it needs no network. */
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/simul.h"

static const unsigned char style[] = {
#include "report_css.h"
};

#define WIDTH  960.0
#define HEIGHT 240.0
#define LEFT   52.0
#define RIGHT  12.0
#define TOP    14.0
#define BOTTOM 28.0

struct chart {
	const char *title, *note, *unit;
	double (*value)(const struct zv_sim_measure *m);
	double least_top;
	bool agents; /* says nothing without them */
	bool per_day; /* a count: divided by the days */
	bool empty_breaks; /* a bucket without answers has no value */
};

static double occupancy(const struct zv_sim_measure *m)
{
	return 100 * zv_measure_occupancy(m);
}

static double abandonment(const struct zv_sim_measure *m)
{
	return 100 * zv_measure_abandonment(m);
}

static double wait_s(const struct zv_sim_measure *m)
{
	return zv_measure_wait_ms(m) / 1000;
}

static double calls(const struct zv_sim_measure *m)
{
	return (double)m->dials;
}

static double answered(const struct zv_sim_measure *m)
{
	return (double)m->answered;
}

static const struct chart charts[] = {
	{"Occupancy", "Talk and wrap-up as a share of the time that agents are logged in and not paused.", "%",
	 occupancy, 100, true, false, false},
	{"Abandonment", "People who answered and heard no agent, of all who answered in that stretch; dashed: the limit, which "
	 "holds for the day.", "%", abandonment, 5,
	 true, false, true},
	{"Calls placed for each talk", "The dial ratio.", "", zv_measure_ratio, 2, true, false, true},
	{"Agents' wait between two calls", "Mean of the waits that ended then.", " s", wait_s, 10, true, false,
	 true},
	{"Calls placed", "A day's mean in each stretch of time.", "", calls, 1, false, true, false},
	{"Answered by a person", "A day's mean in each stretch of time.", "", answered, 1, false, true, false},
};
#define N_CHARTS (sizeof(charts) / sizeof(charts[0]))

static double at(const struct chart *ch, const struct zv_simul_case *c, uint32_t i)
{
	double v = ch->value(&c->buckets[i]);

	return ch->per_day && c->n > 0 ? v / c->n : v;
}

static bool drawn(const struct chart *ch, const struct zv_sim_measure *m)
{
	if (ch->agents && m->ready_ms + m->talk_ms + m->wrapup_ms == 0)
		return false;
	return !ch->empty_breaks || m->answered > 0;
}

static double top_of(const struct chart *ch, const struct zv_simul_table *t)
{
	double top = ch->least_top;

	for (uint32_t k = 0; k < t->n; k++)
		for (uint32_t i = 0; i < t->cases[k].n_buckets; i++)
			if (drawn(ch, &t->cases[k].buckets[i]) && at(ch, &t->cases[k], i) > top)
				top = at(ch, &t->cases[k], i);
	return top;
}

/* A step of 1, 2 or 5 times a power of ten: at most five of them. */
static double nice_step(double top)
{
	static const double factors[] = {1, 2, 5};

	for (double power = 0.001;; power *= 10)
		for (size_t i = 0; i < 3; i++)
			if (factors[i] * power * 5 >= top)
				return factors[i] * power;
}

static void put_axes(const struct chart *ch, const struct zv_simul_table *t, double full, double step, FILE *to)
{
	int64_t hours = (t->span_ms + 3599999) / 3600000, every = hours <= 12 ? 1 : (hours + 11) / 12;

	for (double v = 0; v <= full + step / 2; v += step) {
		double y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * v / full;

		(void)fprintf(to, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>"
			      "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%g%s</text>\n",
			      LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, v, ch->unit);
	}
	for (int64_t h = 0; h <= hours; h += every)
		(void)fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%lld h</text>\n",
			      LEFT + (WIDTH - LEFT - RIGHT) * (double)(h * 3600000) / (double)t->span_ms,
			      HEIGHT - BOTTOM + 18, (long long)h);
}

static void put_line(const struct chart *ch, const struct zv_simul_table *t, uint32_t k, double full, FILE *to)
{
	const struct zv_simul_case *c = &t->cases[k];
	bool drawing = false;

	(void)fprintf(to, "<path class=\"rate\" style=\"stroke:var(--k%u)\" d=\"", k % 8 + 1);
	for (uint32_t i = 0; i < c->n_buckets; i++) {
		double x = LEFT + (WIDTH - LEFT - RIGHT) * ((double)i + 0.5) * (double)c->bucket_ms /
					  (double)t->span_ms;

		if (!drawn(ch, &c->buckets[i])) {
			drawing = false;
			continue;
		}
		(void)fprintf(to, "%c%.1f %.2f", drawing ? 'L' : 'M', x,
			      HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * at(ch, c, i) / full);
		drawing = true;
	}
	(void)fputs("\"/>\n", to);
}

static void put_legend(const struct zv_simul_table *t, FILE *to)
{
	(void)fputs("<div class=\"legend\">", to);
	for (uint32_t k = 0; k < t->n; k++) {
		(void)fprintf(to, "<span><i class=\"dot\" style=\"background:var(--k%u)\"></i>", k % 8 + 1);
		zv_put_html(to, t->cases[k].value);
		(void)fputs(t->cases[k].value[0] != 0 ? " " : "", to);
		zv_put_html(to, t->cases[k].pacer);
		(void)fputs("</span>", to);
	}
	(void)fputs("</div>\n", to);
}

static void put_chart(const struct chart *ch, const struct zv_simul_table *t, FILE *to)
{
	double top = top_of(ch, t), step = nice_step(top), full = step;

	while (full < top - step / 1000)
		full += step;
	(void)fprintf(to, "<section>\n<h2>%s</h2>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		      "aria-label=\"%s through the day\">\n", ch->title, WIDTH, HEIGHT, ch->title);
	put_axes(ch, t, full, step, to);
	for (uint32_t k = 0; k < t->n; k++)
		put_line(ch, t, k, full, to);
	if (ch->value == abandonment && 100 * t->limit <= full) {
		double y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * 100 * t->limit / full;

		(void)fprintf(to, "<line class=\"grid\" style=\"stroke:var(--ink);stroke-dasharray:6 5\" x1=\"%.0f\" "
			      "x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT, WIDTH - RIGHT, y, y);
	}
	(void)fputs("</svg>\n", to);
	put_legend(t, to);
	(void)fprintf(to, "<p class=\"note\">%s</p>\n</section>\n", ch->note);
}

static void put_cell(const struct zv_simul_case *c, enum zv_simul_what what, int digits, FILE *to)
{
	struct zv_simul_figure f = zv_simul_figure(c, what);

	(void)fprintf(to, "<td class=\"n\">%.*f", digits, f.mean);
	if (c->n > 1)
		(void)fprintf(to, " <span class=\"dim\">±%.*f</span>", digits, f.half);
	(void)fputs("</td>", to);
}

static void put_table(const struct zv_simul_table *t, FILE *to)
{
	(void)fputs("<section>\n<h2>Side by side</h2>\n<div class=\"scroll\"><table>\n<tr><th>", to);
	zv_put_html(to, t->key[0] != 0 ? t->key : "pacer");
	(void)fputs("</th><th class=\"n\">calls</th><th class=\"n\">answered</th>", to);
	if (t->agents)
		(void)fputs("<th class=\"n\">occupancy %</th><th class=\"n\">abandoned %</th>"
			    "<th class=\"n\">wait s</th><th class=\"n\">p95 s</th><th class=\"n\">days over</th>", to);
	(void)fputs("<th class=\"n\">settled %</th></tr>\n", to);
	for (uint32_t k = 0; k < t->n; k++) {
		const struct zv_simul_case *c = &t->cases[k];

		(void)fprintf(to, "<tr><td class=\"name t\"><i class=\"dot\" style=\"background:var(--k%u)\"></i>",
			      k % 8 + 1);
		zv_put_html(to, c->value);
		(void)fputs(c->value[0] != 0 ? " " : "", to);
		zv_put_html(to, c->pacer);
		(void)fputs("</td>", to);
		put_cell(c, ZV_SIMUL_CALLS, 0, to);
		put_cell(c, ZV_SIMUL_ANSWERED, 0, to);
		if (t->agents) {
			put_cell(c, ZV_SIMUL_OCCUPANCY, 1, to);
			put_cell(c, ZV_SIMUL_ABANDONED, 2, to);
			put_cell(c, ZV_SIMUL_WAIT, 1, to);
			put_cell(c, ZV_SIMUL_WAIT_P95, 1, to);
			(void)fprintf(to, "<td class=\"n\">%u of %u</td>", zv_simul_over(c, t->limit), c->n);
		}
		put_cell(c, ZV_SIMUL_DONE, 1, to);
		(void)fputs("</tr>\n", to);
	}
	(void)fprintf(to, "</table></div>\n<p class=\"note\">%u days, seeds %llu to %llu. ±: half the 95 %% "
		      "interval of the mean. Traces:", t->seeds, (unsigned long long)t->first_seed,
		      (unsigned long long)(t->first_seed + t->seeds - 1));
	for (uint32_t k = 0; k < t->n; k++)
		(void)fprintf(to, " %016llx%s", (unsigned long long)zv_simul_hash(&t->cases[k]), k + 1 < t->n ? "," : "");
	(void)fputs(".</p>\n</section>\n", to);
}

void zv_simul_html(const struct zv_simul_table *t, FILE *to)
{
	const char *title = t->title[0] != 0 ? t->title : "A simulated day";

	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'\">\n<title>", to);
	zv_put_html(to, title);
	(void)fputs("</title>\n<style>\n", to);
	(void)fwrite(style, 1, sizeof(style), to);
	(void)fputs("</style>\n</head>\n<body>\n<main>\n<h1>", to);
	zv_put_html(to, title);
	(void)fputs("<span class=\"badge\">simulated</span></h1>\n", to);
	put_table(t, to);
	for (size_t i = 0; i < N_CHARTS; i++)
		if (t->agents || !charts[i].agents)
			put_chart(&charts[i], t, to);
	(void)fputs("<footer><p>zvonar " ZV_VERSION ": the engine that calls, with people, carriers and "
		    "agents from a seed.</p></footer>\n</main>\n</body>\n</html>\n", to);
}
