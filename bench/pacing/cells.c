#include "cells.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000

/* agents, handling, answer rate; occupancy of progressive, adaptive, Erlang-C, best ratio, the
 * conditional pacer (the better of without and with cancelling), informed bound. */
static const float table[18][9] = {
	{10, 60, 0.15f, 31.1f, 37.1f, 49.1f, 71.8f, 77.4f, 78.8f},  {10, 60, 0.3f, 49.4f, 49.1f, 49.4f, 74.4f, 79.1f, 80.4f},
	{10, 60, 0.5f, 64.6f, 63.5f, 49.5f, 77.8f, 81.6f, 82.2f},   {10, 180, 0.15f, 57.8f, 57.1f, 48.6f, 81.2f, 84.8f, 85.8f},
	{10, 180, 0.3f, 74.5f, 73.5f, 48.6f, 83.5f, 86.8f, 87.5f},  {10, 180, 0.5f, 84.5f, 83.6f, 48.9f, 87.1f, 89.4f, 89.7f},
	{30, 60, 0.15f, 31.2f, 76.0f, 68.8f, 82.7f, 88.1f, 90.0f},  {30, 60, 0.3f, 49.3f, 50.5f, 68.9f, 84.4f, 89.1f, 90.5f},
	{30, 60, 0.5f, 64.5f, 64.2f, 68.9f, 86.3f, 90.7f, 91.1f},   {30, 180, 0.15f, 57.4f, 57.4f, 67.4f, 89.5f, 91.7f, 92.3f},
	{30, 180, 0.3f, 74.5f, 73.8f, 67.6f, 90.6f, 92.3f, 92.8f},  {30, 180, 0.5f, 84.5f, 83.8f, 67.7f, 91.8f, 93.1f, 93.5f},
	{100, 60, 0.15f, 31.1f, 76.9f, 83.0f, 88.7f, 95.8f, 96.8f}, {100, 60, 0.3f, 49.3f, 52.2f, 82.9f, 89.7f, 96.2f, 97.0f},
	{100, 60, 0.5f, 64.5f, 65.1f, 83.0f, 91.0f, 96.5f, 97.2f},  {100, 180, 0.15f, 57.4f, 57.0f, 81.5f, 93.8f, 95.9f, 96.6f},
	{100, 180, 0.3f, 74.5f, 74.0f, 81.8f, 94.4f, 96.3f, 96.8f}, {100, 180, 0.5f, 84.5f, 83.9f, 81.4f, 95.2f, 96.8f, 97.0f},
};

static struct floor_conf usual(uint32_t agents, double handle_s, double answer)
{
	return (struct floor_conf){
		.agents = agents, .handle_s = handle_s, .answer = answer, .ring_min_ms = 15000, .limit_ppm = 30000};
}

static void add(struct cell *cells, int *n, enum cell_group group, const char *kind, const struct floor_conf *conf)
{
	struct cell *c = &cells[(*n)++];

	memset(c, 0, sizeof(*c));
	c->group = group;
	c->conf = *conf;
	c->calls = conf->agents * 28800.0 / conf->handle_s / conf->answer;
	(void)snprintf(c->name, sizeof(c->name), "%s/%u/%g/%g%s", kind, conf->agents, conf->handle_s, conf->answer,
		       conf->times == FLOOR_EXPONENTIAL ? "/exp" : "");
}

static void add_table(struct cell *cells, int *n)
{
	for (int i = 0; i < 18; i++) {
		const float *t = table[i];
		struct floor_conf conf = usual((uint32_t)t[0], (double)t[1], 0);
		struct cell_reference *r;

		conf.answer = t[2] < 0.2f ? 0.15 : t[2] < 0.4f ? 0.3 : 0.5;
		add(cells, n, CELL_TABLE, "table", &conf);
		r = &cells[*n - 1].reference;
		r->of[PACER_PROGRESSIVE] = t[3];
		r->of[PACER_ADAPTIVE] = t[4];
		r->of[PACER_ERLANG] = t[5];
		r->of[PACER_RATIO] = t[6];
		r->of[PACER_ZVONAR] = t[7];
		r->of[PACER_INFORMED] = t[8];
	}
}

static void add_grid(struct cell *cells, int *n)
{
	static const uint32_t agents[] = {5, 10, 20, 50, 100, 500};
	static const double answers[] = {0.1, 0.3, 0.5}, handles[] = {60, 180};

	for (int a = 0; a < 6; a++) {
		for (int h = 0; h < 2; h++) {
			for (int p = 0; p < 3; p++) {
				struct floor_conf conf = usual(agents[a], handles[h], answers[p]);

				add(cells, n, CELL_GRID, "grid", &conf);
				conf.times = FLOOR_EXPONENTIAL;
				add(cells, n, CELL_GRID, "grid", &conf);
			}
		}
	}
}

static void add_hard(struct cell *cells, int *n, uint32_t agents)
{
	struct floor_conf conf = usual(agents, 60, 0.1);

	conf.step_at_ms = 4 * HOUR_MS;
	conf.step_answer = 0.5;
	add(cells, n, CELL_HARD, "step", &conf);
	conf = usual(agents, 60, 0.3);
	conf.leave_at_ms = 4 * HOUR_MS;
	conf.leave_percent = 40;
	add(cells, n, CELL_HARD, "leave", &conf);
	conf = usual(agents, 60, 0.3);
	conf.dead_at_ms = 4 * HOUR_MS;
	conf.alive_at_ms = 4 * HOUR_MS + 300000;
	add(cells, n, CELL_HARD, "trunk", &conf);
	conf = usual(agents, 60, 0.2);
	conf.list_answer[0] = 0.1;
	conf.list_answer[1] = 0.5;
	add(cells, n, CELL_HARD, "lists", &conf);
	conf = usual(agents, 90, 0.3);
	conf.slow_at_ms = 6 * HOUR_MS;
	add(cells, n, CELL_HARD, "slow", &conf);
	conf = usual(agents, 60, 0.3);
	conf.one_by_one = true;
	add(cells, n, CELL_HARD, "one_by_one", &conf);
	conf = usual(agents, 120, 0.3);
	conf.robot_k = 5;
	add(cells, n, CELL_HARD, "robot", &conf);
	cells[*n - 1].calls *= 5;
}

static void add_past(struct cell *cells, int *n, uint32_t agents, double handle_s)
{
	struct floor_conf conf = usual(agents, handle_s, 0.3);

	conf.speed_sigma = 0.3;
	conf.scores = true;
	add(cells, n, CELL_PAST, "differ", &conf);
}

int cells_fill(struct cell cells[CELLS_MAX])
{
	int n = 0;

	add_table(cells, &n);
	add_grid(cells, &n);
	add_hard(cells, &n, 5);
	add_hard(cells, &n, 20);
	add_hard(cells, &n, 100);
	add_past(cells, &n, 10, 60);
	add_past(cells, &n, 30, 180);
	add_past(cells, &n, 100, 60);
	for (int i = 0; i < n; i++)
		cells[i].blocks = strcmp(cells[i].name, "table/10/180/0.3") == 0 ||
				  strcmp(cells[i].name, "table/30/60/0.5") == 0;
	return n;
}
