/* bench/pacing/main.c -- every pacer on every kind of day, in one table. */
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge.h"

#define ITEMS_MAX (CELLS_MAX * PACER_N)

struct options {
	const char *cell;  /* part of the name; NULL: all */
	const char *pacer; /* NULL: all */
	int seeds;                /* 0: by the size of the floor */
	int processes;
	double share;             /* of the days that a run without options has */
	bool full, decisions_only, progress, json;
};

struct item {
	int cell;
	enum pacer_name pacer;
	int seeds;
	double cost;
};

/* What the processes share. */
struct shared {
	_Atomic int next;
	struct measured results[ITEMS_MAX];
};

static struct cell cells[CELLS_MAX];
static struct item items[ITEMS_MAX];

/* Days of a pacer in a cell.  A rare breach of a limit shows only in many days: those of the
 * engine's own pacer are the most. */
static int days(const struct options *o, const struct cell *c, enum pacer_name pacer)
{
	double calls = o->full ? 1e12 : pacer == PACER_ZVONAR ? 1.2e6 * o->share : pacer_is_tuned(pacer) ? 0.12e6 : 0.4e6 * o->share;
	int most = pacer == PACER_ZVONAR && c->conf.agents <= 50 ? 300 : 20, least = o->full ? most : c->conf.agents >= 500 ? 1 : 2;
	double n = calls / c->calls;

	if (pacer == PACER_CLAIRVOYANT)
		return 20;
	if (pacer == PACER_BLOCK && o->seeds == 0)
		return o->full ? 100 : 8;
	if (o->seeds > 0)
		return o->seeds;
	return n < least ? least : n > most ? most : (int)n;
}

static int by_cost(const void *a, const void *b)
{
	double x = ((const struct item *)a)->cost, y = ((const struct item *)b)->cost;

	return x < y ? 1 : x > y ? -1 : 0;
}

static int fill_items(const struct options *o, int n_cells)
{
	int n = 0;

	for (int c = 0; c < n_cells; c++) {
		for (int p = 0; p < PACER_N; p++) {
			struct item *it = &items[n];

			if ((o->cell != NULL && strstr(cells[c].name, o->cell) == NULL) ||
			    (o->pacer != NULL && strcmp(pacer_names[p], o->pacer) != 0))
				continue;
			/* a warm start is shown where a cold one costs */
			if (p == PACER_WARM && cells[c].group != CELL_TABLE)
				continue;
			if (p == PACER_BLOCK && !cells[c].blocks)
				continue;
			/* a large floor comes close to the clairvoyant, who is bound enough */
			if (!o->full && p == PACER_INFORMED && cells[c].conf.agents >= 500 && o->pacer == NULL)
				continue;
			/* the clairvoyant of a hard day would have to know what is hard */
			if ((p == PACER_CLAIRVOYANT || p == PACER_INFORMED) && cells[c].group == CELL_HARD)
				continue;
			it->cell = c;
			it->pacer = (enum pacer_name)p;
			it->seeds = days(o, &cells[c], it->pacer);
			it->cost = it->seeds * cells[c].calls * (pacer_is_tuned(it->pacer) ? 8 : 1) *
				   (p == PACER_ZVONAR || p == PACER_INFORMED ? 10 : p == PACER_WARM ? 20 : p == PACER_BLOCK ? 300 : 1);
			n++;
		}
	}
	qsort(items, (size_t)n, sizeof(items[0]), by_cost);
	return n;
}

static void print_row(FILE *to, const struct cell *c, enum pacer_name p, const struct measured *m)
{
	char reference[16] = "", knob[16] = "";

	if (c->reference.of[p] > 0)
		(void)snprintf(reference, sizeof(reference), "%.1f", (double)c->reference.of[p]);
	if (pacer_is_tuned(p))
		(void)snprintf(knob, sizeof(knob), "%.3f", m->knob);
	(void)fprintf(to, "%-22s %-11s %6.2f %6s %6.3f +-%5.3f %6.2f %7.2f %7.2f %9.0f %8.0f %4d/%-4d %6s\n", c->name,
	       pacer_names[p], m->occupancy, reference, m->abandoned, m->abandoned_ci, m->worst, m->wait_s, m->wait_p95_s,
	       m->placed, m->cancelled, m->days_over, m->days, knob);
}

static void work(const struct options *o, struct shared *shared, int n)
{
	struct floor *floor = floor_create();

	if (floor == NULL)
		exit(1);
	for (;;) {
		int i = atomic_fetch_add(&shared->next, 1);

		if (i >= n)
			break;
		measure(floor, &cells[items[i].cell], items[i].pacer, items[i].seeds, &shared->results[i]);
		if (o->progress)
			print_row(stderr, &cells[items[i].cell], items[i].pacer, &shared->results[i]);
	}
	floor_destroy(floor);
	(void)fflush(stdout); /* --each-day */
}

static int run_all(const struct options *o, struct shared *shared, int n)
{
	int bad = 0, status;

	for (int i = 0; i < o->processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			work(o, shared, n);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad |= status != 0;
	return bad;
}

/* ---- the table ---- */

static const struct measured *find(const struct shared *s, int n, int cell, enum pacer_name pacer)
{
	for (int i = 0; i < n; i++) {
		if (items[i].cell == cell && items[i].pacer == pacer && s->results[i].done)
			return &s->results[i];
	}
	return NULL;
}

static void print_table(const struct shared *s, int n, int n_cells)
{
	printf("%-22s %-11s %6s %6s %6s   %5s %6s %7s %7s %9s %8s %9s %6s\n", "cell", "pacer", "occ %", "ref %", "aband%",
	       "95 %", "worst", "wait s", "p95 s", "placed", "cancel", "over/days", "knob");
	for (int c = 0; c < n_cells; c++) {
		for (int p = 0; p < PACER_N; p++) {
			const struct measured *m = find(s, n, c, (enum pacer_name)p);

			if (m != NULL)
				print_row(stdout, &cells[c], (enum pacer_name)p, m);
		}
	}
}

static int judge_all(const struct shared *s, int n, int n_cells)
{
	static struct judged_cell judged[CELLS_MAX];
	int n_judged = 0;

	for (int c = 0; c < n_cells; c++) {
		struct judged_cell *j = &judged[n_judged];
		bool any = false;

		j->cell = &cells[c];
		for (int p = 0; p < PACER_N; p++) {
			j->of[p] = find(s, n, c, (enum pacer_name)p);
			any |= j->of[p] != NULL;
		}
		n_judged += any;
	}
	return judge(judged, n_judged);
}

static void usage(void)
{
	puts("usage: pacing_bench [--full] [--cell PART] [--pacer NAME] [--seeds N] [--processes N] [--decisions [--json]] [--share F] [--progress] [--each-day] [--list]");
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {{"full", no_argument, NULL, 'f'}, {"cell", required_argument, NULL, 'c'},
		{"pacer", required_argument, NULL, 'p'}, {"seeds", required_argument, NULL, 's'},
		{"processes", required_argument, NULL, 'j'}, {"decisions", no_argument, NULL, 'd'}, {"json", no_argument, NULL, 'J'},
		{"share", required_argument, NULL, 'a'}, {"progress", no_argument, NULL, 'v'}, {"each-day", no_argument, NULL, 'e'}, {"list", no_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'f': o->full = true; break;
		case 'c': o->cell = optarg; break;
		case 'p': o->pacer = optarg; break;
		case 's': o->seeds = (int)strtol(optarg, NULL, 10); break;
		case 'j': o->processes = (int)strtol(optarg, NULL, 10); break;
		case 'a': o->share = strtod(optarg, NULL); break;
		case 'v': o->progress = true; break;
		case 'e': measure_each_day = true; break;
		case 'd': o->decisions_only = true; break;
		case 'J': o->json = true; break;
		case 'l':
			for (int i = 0, n = cells_fill(cells); i < n; i++)
				puts(cells[i].name);
			exit(0);
		case 'h': usage(); exit(0);
		default: return false;
		}
	}
	return optind == argc && o->share > 0 && o->share <= 100 && o->seeds >= 0 && o->processes >= 1 && o->processes <= 64;
}

int main(int argc, char **argv)
{
	struct options o = {.processes = 2, .share = 1};
	struct shared *shared;
	int n_cells = cells_fill(cells), n, misses;

	if (!read_options(argc, argv, &o)) {
		usage();
		return 2;
	}
	if (o.json && !o.decisions_only) {
		fputs("pacing_bench: --json is for --decisions; days are a table\n", stderr);
		return 2;
	}
	for (uint32_t calls = o.json ? 10 : 10000; calls <= 10000; calls *= 10)
		measure_decisions(calls, o.json);
	(void)fflush(stdout);
	if (o.decisions_only)
		return 0;
	n = fill_items(&o, n_cells);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || run_all(&o, shared, n) != 0) {
		fputs("pacing_bench: a process failed\n", stderr);
		return 1;
	}
	print_table(shared, n, n_cells);
	misses = judge_all(shared, n, n_cells);
	printf("%d missed\n", misses);
	return 0;
}
