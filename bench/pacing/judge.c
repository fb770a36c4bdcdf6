#include "judge.h"

#include <stdio.h>

#include "base/num.h"

enum claim {
	HONEST_WORLD, HONEST_BOUND, LAWFUL_DAYS, LAWFUL_BLOCKS, FAST_REFERENCE, FAST_REFERENCE_BOUND, FAST_RATIO,
	FAST_BOUND, FAST_LARGE, PAST_BOUND, CLAIMS
};

static const struct { const char *column, *says; } claims[CLAIMS] = {
	[HONEST_WORLD] = {"world", "honest: each baseline within a point of another program's"},
	[HONEST_BOUND] = {"bound", "honest: the informed bound within a point of another program's"},
	[LAWFUL_DAYS] = {"days", "lawful: at most one day in a hundred over the limit"},
	[LAWFUL_BLOCKS] = {"blocks", "lawful: at most one block of 30 days in a hundred over the limit"},
	[FAST_REFERENCE] = {"refer.", "fast: at least the other program's conditional pacer"},
	[FAST_REFERENCE_BOUND] = {"ref-1", "fast: within a point of the other program's informed bound"},
	[FAST_RATIO] = {"ratio", "fast: at least the best fixed ratio in hindsight"},
	[FAST_BOUND] = {"ours-1", "fast: within a point of our informed bound"},
	[FAST_LARGE] = {">=95", "fast: 95 % at 100 agents"},
	[PAST_BOUND] = {"past", "past the bound that knows averages only"},
};

struct tally {
	int held[CLAIMS], asked[CLAIMS];
	int days, over; /* of all cells */
};

/* Of one claim in one cell, the worst: by how much it holds, and what it is. */
struct verdict {
	bool asked;
	double is, want, by; /* by < 0: missed by so much */
};

static void ask(struct verdict *v, double is, double want, double by)
{
	if (v->asked && v->by <= by)
		return;
	*v = (struct verdict){true, is, want, by};
}

static void at_least(struct verdict *v, double is, double want)
{
	ask(v, is, want, is - want + 0.005); /* as printed */
}

static void over(struct verdict *v, const struct measured *m)
{
	if (m != NULL)
		ask(v, 100.0 * m->days_over / m->days, 1, m->days - 100.0 * m->days_over);
}

static void judge_cell(const struct judged_cell *j, struct verdict v[CLAIMS])
{
	const struct cell *c = j->cell;
	const float *ref = c->reference.of;
	const struct measured *z = j->of[PACER_ZVONAR], *informed = j->of[PACER_INFORMED], *ratio = j->of[PACER_RATIO];

	for (int p = PACER_PROGRESSIVE; p <= PACER_ERLANG; p++) {
		if (j->of[p] != NULL && ref[p] > 0)
			ask(&v[HONEST_WORLD], j->of[p]->occupancy, (double)ref[p],
			    1.005 - zv_abs(j->of[p]->occupancy - (double)ref[p]));
	}
	if (informed != NULL && ref[PACER_INFORMED] > 0)
		ask(&v[HONEST_BOUND], informed->occupancy, (double)ref[PACER_INFORMED],
		    1.005 - zv_abs(informed->occupancy - (double)ref[PACER_INFORMED]));
	over(&v[LAWFUL_DAYS], z);
	over(&v[LAWFUL_BLOCKS], j->of[PACER_BLOCK]);
	if (z == NULL)
		return;
	if (ref[PACER_ZVONAR] > 0)
		at_least(&v[FAST_REFERENCE], z->occupancy, (double)ref[PACER_ZVONAR]);
	if (ref[PACER_INFORMED] > 0)
		at_least(&v[FAST_REFERENCE_BOUND], z->occupancy, (double)ref[PACER_INFORMED] - 1);
	if (ratio != NULL)
		at_least(&v[FAST_RATIO], z->occupancy, ratio->occupancy);
	if (informed != NULL && c->group == CELL_GRID)
		at_least(&v[FAST_BOUND], z->occupancy, informed->occupancy - 1);
	else if (c->group == CELL_GRID && j->of[PACER_CLAIRVOYANT] != NULL) /* which no bound passes */
		at_least(&v[FAST_BOUND], z->occupancy, j->of[PACER_CLAIRVOYANT]->occupancy - 1);
	if (c->group != CELL_HARD && c->conf.agents == 100)
		at_least(&v[FAST_LARGE], z->occupancy, 95);
	if (informed != NULL && c->group == CELL_PAST)
		ask(&v[PAST_BOUND], z->occupancy, informed->occupancy, z->occupancy - informed->occupancy);
}

static void print_line(const struct judged_cell *j, const struct verdict v[CLAIMS])
{
	char text[16];

	printf("%-22s", j->cell->name);
	for (int k = 0; k < CLAIMS; k++) {
		(void)snprintf(text, sizeof(text), "%s", !v[k].asked ? "-" : v[k].by >= 0 ? "ok" : "MISS");
		printf(" %6s", text);
	}
	puts("");
}

static int print_misses(const struct judged_cell *cells, int n, struct tally *t)
{
	int misses = 0;

	for (int i = 0; i < n; i++) {
		struct verdict v[CLAIMS] = {{.asked = false}};
		const struct measured *z = cells[i].of[PACER_ZVONAR];

		judge_cell(&cells[i], v);
		t->days += z != NULL ? z->days : 0;
		t->over += z != NULL ? z->days_over : 0;
		for (int k = 0; k < CLAIMS; k++) {
			t->asked[k] += v[k].asked;
			t->held[k] += v[k].asked && v[k].by >= 0;
			if (v[k].asked && v[k].by < 0) {
				printf("MISS %-22s %-66s is %.2f, want %.2f\n", cells[i].cell->name, claims[k].says, v[k].is,
				       v[k].want);
				misses++;
			}
		}
	}
	return misses;
}

int judge(const struct judged_cell *cells, int n)
{
	struct tally t = {.days = 0};
	int misses;

	printf("\n%-22s", "cell");
	for (int k = 0; k < CLAIMS; k++)
		printf(" %6s", claims[k].column);
	puts("");
	for (int i = 0; i < n; i++) {
		struct verdict v[CLAIMS] = {{.asked = false}};

		judge_cell(&cells[i], v);
		print_line(&cells[i], v);
	}
	puts("");
	misses = print_misses(cells, n, &t);
	puts("");
	for (int k = 0; k < CLAIMS; k++) {
		if (t.asked[k] > 0)
			printf("%-7s %-66s %3d of %3d cells\n", t.held[k] == t.asked[k] ? "holds" : "MISSED", claims[k].says,
			       t.held[k], t.asked[k]);
	}
	printf("zvonar's days over the limit: %d of %d (%.2f %%)\n", t.over, t.days, 100.0 * t.over / (t.days > 0 ? t.days : 1));
	return misses;
}
