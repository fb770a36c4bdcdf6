/* bench/pacing/cells.h -- the kinds of days that are measured. */
#ifndef CELLS_H
#define CELLS_H

#include "pacers.h"

enum cell_group { CELL_TABLE, CELL_GRID, CELL_HARD, CELL_PAST };

/* Occupancy in per cent that another program of another author found for the same floor. */
struct cell_reference {
	float of[PACER_N]; /* 0: not known; zvonar: what it must reach, the better conditional column */
};

struct cell {
	char name[40];
	enum cell_group group;
	struct floor_conf conf;
	struct cell_reference reference;
	double calls; /* a day, roughly */
	bool blocks;  /* blocks of 30 days, too */
};

#define CELLS_MAX 160

/* How many; fills cells. */
int cells_fill(struct cell cells[CELLS_MAX]);

#endif
