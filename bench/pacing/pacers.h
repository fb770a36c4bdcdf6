/* bench/pacing/pacers.h -- the pacers that are measured, opened by name. */
#ifndef PACERS_H
#define PACERS_H

#include "floor.h"

enum pacer_name {
	PACER_PROGRESSIVE, PACER_RATIO, PACER_ADAPTIVE, PACER_ERLANG, PACER_ZVONAR, PACER_WARM, PACER_BLOCK, PACER_INFORMED,
	PACER_CLAIRVOYANT,
	PACER_N
};

/* WARM: zvonar with what it learned yesterday.  BLOCK: the same for thirty days, under a limit of
 * all of them; its days are such blocks. */
extern const char *const pacer_names[PACER_N];

struct pacer {
	struct floor_pacer floor;
	void *self;
	void (*close)(void *self);
};

/* knob: of the ratio, calls an idle agent; of the informed bound, theta.  Ends the program when
 * there is no memory or a pacer refuses its settings. */
void pacer_open(struct pacer *pacer, enum pacer_name name, const struct floor_conf *conf, double knob);
void pacer_close(struct pacer *pacer);
/* What the pacer learned goes into another, as at the end of a day and the beginning of the next. */
void pacer_pass_on(const struct pacer *from, const struct pacer *to);
/* Has a knob that is turned in hindsight until the limit is just kept. */
bool pacer_is_tuned(enum pacer_name name);

/* Tells the engine's own pacer the truth about a day. */
void pacer_tell(void *campaign, const struct floor_conf *conf, double theta);

#endif
