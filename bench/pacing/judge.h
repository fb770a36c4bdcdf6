/* bench/pacing/judge.h -- what the table must show, claim by claim and cell by cell. */
#ifndef JUDGE_H
#define JUDGE_H

#include "measure.h"

/* of: by enum pacer_name; NULL where it was not measured. */
struct judged_cell {
	const struct cell *cell;
	const struct measured *of[PACER_N];
};

/* Prints a line a cell, what is missed, and how many cells hold each claim.  Returns the misses. */
int judge(const struct judged_cell *cells, int n);

#endif
