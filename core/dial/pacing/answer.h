/* dial/pacing/answer.h -- how likely is it that a person answers a call, by list, attempt, hour
 * and trunk.
 *
 * Cells form a tree: all, list, list and attempt, and hour, and trunk.  Each knows answers over
 * exposure, both fading, and is pulled towards its parent as far as it knows little itself.  A
 * call's exposure runs from 0 when it is placed to 1 when it ended (zv_curve_view), so calls that
 * still ring count for what they tell, and the estimate does not lag by a ring time.
 *
 * Two speeds: beside the long memory, all and each list keep a short one.  When the two differ by
 * more than chance allows, the long one is cut to the short one: a step is noticed within some
 * hundred calls.
 *
 * Thread: engine.  Memory is taken at create only; when there is no room for another cell its
 * calls count in the parent.
 */
#ifndef ZV_DIAL_PACING_ANSWER_H
#define ZV_DIAL_PACING_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "zvonar/pacer.h"

#define ZV_CELLS_MAX 8192
#define ZV_CELL_ROOT 0

struct zv_cell {
	uint64_t key;      /* 0: free, but for the root */
	uint16_t parent;
	uint8_t level;     /* 0 all .. 4 trunk */
	uint8_t dirty;
	float answers, exposure;   /* long memory */
	float short_answers, short_exposure;
	float new_answers, new_exposure; /* not yet told to the tree; exposure weighs scores */
	float p;           /* as of epoch */
	uint32_t epoch;
};

struct zv_answer {
	struct zv_cell *cells; /* ZV_CELLS_MAX */
	uint16_t *dirty;       /* cells with something new */
	uint32_t n_dirty, n_cells;
	uint32_t epoch;  /* grows with each flush */
	uint32_t steps;  /* noticed */
	float memory;    /* exposure after which old answers have faded to 1/e */
	float score_sum, score_n; /* of the scores told, fading: what an average lead has */
};

/* ZV_ENOMEM. */
enum zv_err zv_answer_init(struct zv_answer *answer, float memory) ZV_MUST_USE;
void zv_answer_fini(struct zv_answer *answer);

/* The cell of a call, made if need be. */
uint16_t zv_answer_cell(struct zv_answer *answer, uint16_t trunk, uint16_t list, uint8_t attempt, uint8_t hour);
/* The chance of an average call of a cell. */
float zv_answer_chance(struct zv_answer *answer, uint16_t cell);
/* A lead's score over that of an average lead; 1 without a score. */
float zv_answer_score(struct zv_answer *answer, uint32_t score_ppm);
/* answers 0 or 1, exposure may be negative: a call that did not fail fast is a better one. */
void zv_answer_tell(struct zv_answer *answer, uint16_t cell, float answers, float exposure);
/* Brings what was told into the tree, and looks for steps.  A few times a second. */
void zv_answer_flush(struct zv_answer *answer);
/* Squared relative error of the chance that most calls now have. */
float zv_answer_error(struct zv_answer *answer, uint16_t cell);

#endif
