#include "ctl/svg.h"

#include "ctl/ctl.h"

#define WIDTH  960.0
#define LEFT   52.0
#define RIGHT  12.0
#define TOP    18.0
#define BOTTOM 38.0

struct span {
	size_t first, last; /* hours with calls, both in */
};

/* Where the outcomes stand in a column, from below: what went well first. */
static const uint8_t stack_order[] = {
        ZV_OUT_ANSWERED, ZV_OUT_SILENT,      ZV_OUT_MACHINE,   ZV_OUT_NO_ANSWER, ZV_OUT_BUSY,
        ZV_OUT_REJECTED, ZV_OUT_UNREACHABLE, ZV_OUT_ABANDONED, ZV_OUT_FAILED,    ZV_OUT_UNKNOWN,
};

#define N_STACK (sizeof(stack_order) / sizeof(stack_order[0]))

void zv_svg_category_var(size_t category, char *buf, size_t size)
{
	(void)snprintf(buf, size, "--k%zu", category == 0 ? 0 : (category - 1) % 8 + 1);
}

void zv_svg_donut(const struct zv_report *r, FILE *to)
{
	double at = 0;
	char var[16];

	(void)fprintf(
	        to,
	        "<svg viewBox=\"0 0 42 42\" role=\"img\" aria-label=\"Shares of the categories\">"
	        "<circle class=\"track\" cx=\"21\" cy=\"21\" r=\"15.9155\" fill=\"none\" "
	        "stroke-width=\"6\"/>");
	for (size_t i = 1; r->leads > 0 && i <= (size_t)r->texts.n_categories + 1; i++) {
		size_t c = i % (r->texts.n_categories + 1u);
		double share = 100.0 * (double)r->by_category[c] / (double)r->leads;

		if (r->by_category[c] == 0)
			continue;
		zv_svg_category_var(c, var, sizeof(var));
		/* the circle is 100 long; it begins at twelve o'clock */
		(void)fprintf(to,
		              "<circle cx=\"21\" cy=\"21\" r=\"15.9155\" fill=\"none\" "
		              "stroke-width=\"6\" "
		              "style=\"stroke:var(%s)\" stroke-dasharray=\"%.3f %.3f\" "
		              "stroke-dashoffset=\"%.3f\"><title>",
		              var, share, 100.0 - share, 25.0 - at);
		zv_put_html(to, c == 0 ? "no category yet" : r->texts.categories[c - 1]);
		(void)fprintf(to, ": %llu (%.1f%%)</title></circle>",
		              (unsigned long long)r->by_category[c], share);
		at += share;
	}
	(void)fprintf(to,
	              "<text class=\"big\" style=\"font-size:6px\" x=\"21\" y=\"21.6\" "
	              "text-anchor=\"middle\">%llu</text><text style=\"font-size:2.6px\" x=\"21\" "
	              "y=\"25.6\" "
	              "text-anchor=\"middle\">contacts</text></svg>\n",
	              (unsigned long long)r->leads);
}

static struct span hours_of(const struct zv_report *r)
{
	struct span s = {23, 0};

	for (size_t h = 0; h < 24; h++) {
		if (r->by_hour[h].calls == 0)
			continue;
		if (h < s.first)
			s.first = h;
		s.last = h;
	}
	if (s.first > s.last)
		s = (struct span){9, 20};
	return s;
}

/* A step of 1, 2 or 5 times a power of ten, so that top is at most five steps. */
static double nice_step(double top)
{
	static const double factors[] = {1, 2, 5};
	double power = 1;

	for (;;) {
		for (size_t i = 0; i < 3; i++) {
			if (factors[i] * power * 5 >= top)
				return factors[i] * power;
		}
		power *= 10;
	}
}

static double chart_open(FILE *to, double height, double top, const char *label, const char *unit)
{
	double step = nice_step(top), full = step;

	while (full < top)
		full += step;
	(void)fprintf(to, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s\">\n", WIDTH,
	              height, label);
	for (double v = 0; v <= full + step / 2; v += step) {
		double y = height - BOTTOM - (height - TOP - BOTTOM) * v / full;

		(void)fprintf(
		        to,
		        "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\"/>"
		        "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%.0f%s</text>\n",
		        LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, v, unit);
	}
	return full;
}

static double slot_width(const struct span *s)
{
	return (WIDTH - LEFT - RIGHT) / (double)(s->last - s->first + 1);
}

static void hour_labels(FILE *to, const struct span *s, double height)
{
	for (size_t h = s->first; h <= s->last; h++)
		(void)fprintf(to,
		              "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%02zu</text>\n",
		              LEFT + slot_width(s) * ((double)(h - s->first) + 0.5),
		              height - BOTTOM + 18, h);
}

static void hour_column(const struct zv_report_count *c, FILE *to, double x, double width,
                        double scale, double base)
{
	double y = base;

	for (size_t i = 0; i < N_STACK; i++) {
		uint64_t n = c->outcomes[stack_order[i]];
		double h = (double)n * scale;

		if (n == 0)
			continue;
		y -= h;
		(void)fprintf(to,
		              "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\" "
		              "style=\"fill:var(--o%u)\"><title>%s: %llu</title></rect>\n",
		              x, y, width, h, stack_order[i], zv_outcome_word(stack_order[i]),
		              (unsigned long long)n);
	}
	if (c->calls > 0)
		(void)fprintf(to,
		              "<text class=\"val\" x=\"%.1f\" y=\"%.1f\" "
		              "text-anchor=\"middle\">%llu</text>\n",
		              x + width / 2, y - 4, (unsigned long long)c->calls);
}

void zv_svg_hours(const struct zv_report *r, FILE *to)
{
	const double height = 290;
	struct span s = hours_of(r);
	double top = 1, full, slot = slot_width(&s);

	for (size_t h = 0; h < 24; h++) {
		if ((double)r->by_hour[h].calls > top)
			top = (double)r->by_hour[h].calls;
	}
	full = chart_open(to, height, top, "Attempts by local hour, stacked by outcome", "");
	for (size_t h = s.first; h <= s.last; h++)
		hour_column(&r->by_hour[h], to, LEFT + slot * (double)(h - s.first) + slot * 0.16,
		            slot * 0.68, (height - TOP - BOTTOM) / full, height - BOTTOM);
	hour_labels(to, &s, height);
	(void)fputs("</svg>\n<div class=\"legend\">", to);
	for (size_t i = 0; i < N_STACK; i++) {
		if (r->all.outcomes[stack_order[i]] != 0)
			(void)fprintf(to,
			              "<span><i class=\"dot\" "
			              "style=\"background:var(--o%u)\"></i>%s</span>",
			              stack_order[i], zv_outcome_word(stack_order[i]));
	}
	(void)fputs("</div>\n", to);
}

static double rate_of(const struct zv_report_count *c)
{
	return c->calls > 0 ? 100.0 * (double)c->answered / (double)c->calls : 0;
}

/* An hour without calls has no rate: the line breaks there. */
static void rate_line(const struct zv_report *r, FILE *to, const struct span *s, double scale,
                      double base)
{
	bool drawing = false;

	(void)fputs("<path class=\"rate\" d=\"", to);
	for (size_t h = s->first; h <= s->last; h++) {
		if (r->by_hour[h].calls == 0) {
			drawing = false;
			continue;
		}
		(void)fprintf(to, "%c%.1f %.2f", drawing ? 'L' : 'M',
		              LEFT + slot_width(s) * ((double)(h - s->first) + 0.5),
		              base - rate_of(&r->by_hour[h]) * scale);
		drawing = true;
	}
	(void)fputs("\"/>\n", to);
}

void zv_svg_rate(const struct zv_report *r, FILE *to)
{
	const double height = 240;
	struct span s = hours_of(r);
	double top = 10, full, scale;

	for (size_t h = 0; h < 24; h++) {
		if (rate_of(&r->by_hour[h]) > top)
			top = rate_of(&r->by_hour[h]);
	}
	full = chart_open(to, height, top, "Share of answered calls by local hour", "%");
	scale = (height - TOP - BOTTOM) / full;
	rate_line(r, to, &s, scale, height - BOTTOM);
	for (size_t h = s.first; h <= s.last; h++) {
		const struct zv_report_count *c = &r->by_hour[h];
		double x = LEFT + slot_width(&s) * ((double)(h - s.first) + 0.5);
		double y = height - BOTTOM - rate_of(c) * scale;

		if (c->calls == 0)
			continue;
		(void)fprintf(to,
		              "<circle class=\"pt\" cx=\"%.1f\" cy=\"%.2f\" "
		              "r=\"4\"><title>%02zu:00: %llu of "
		              "%llu calls answered</title></circle><text class=\"val\" x=\"%.1f\" "
		              "y=\"%.1f\" "
		              "text-anchor=\"middle\">%.0f%%</text><text x=\"%.1f\" y=\"%.1f\" "
		              "text-anchor=\"middle\" style=\"font-size:10.5px\">n=%llu</text>\n",
		              x, y, h, (unsigned long long)c->answered,
		              (unsigned long long)c->calls, x, y - 10, rate_of(c), x,
		              height - BOTTOM + 32, (unsigned long long)c->calls);
	}
	hour_labels(to, &s, height);
	(void)fputs("</svg>\n", to);
}
