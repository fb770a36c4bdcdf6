/* dial/pacing/curve.h -- the curve of calls under way: when does what happen after a beginning.
 *
 * For ringing calls the beginning is the INVITE and the wish is that a person answers; what else
 * may end a call (busy, a dead number, a machine, nobody comes) is the other cause.  The same curve serves
 * a robot's talk, whose wish is that the person wants an agent.
 *
 * Learned as hazards by age: ends of each cause over the calls that were under way at that age,
 * so calls that are still ringing, and those that were cancelled, count for what they are.  Old
 * observations fade.
 *
 * Thread: engine.  No allocation.
 */
#ifndef ZV_DIAL_PACING_CURVE_H
#define ZV_DIAL_PACING_CURVE_H

#include "dial/pacing/grid.h"

#define ZV_CURVE_BINS 180 /* of half a second */

struct zv_curve {
	/* observed, fading */
	float under_way[ZV_CURVE_BINS], wish[ZV_CURVE_BINS], other[ZV_CURVE_BINS];
	/* worked out of it by zv_curve_build */
	float to_wish[ZV_CURVE_BINS + 1];  /* share of the wishes that have come by age: 0..1 */
	float to_other[ZV_CURVE_BINS + 1]; /* the same of other ends */
	float ahead[ZV_CURVE_BINS][ZV_GRID]; /* to_wish(age + grid moment) - to_wish(age) */
	float other_share;  /* of the calls without a wish, those that end by the other cause */
	float mean_ms;      /* until a wish */
	float then_share;   /* of the wishes of a chain, those that come true in its second part; else 1 */
	float weight;       /* wishes seen, faded */
	float fresh;        /* wishes seen since the last build */
	float memory;       /* wishes after which old ones have faded to 1/e */
	uint8_t step;       /* bins a grid half second: 1, or 2 for a slower world */
};

/* mean_ms: what to believe before anything was seen. */
void zv_curve_init(struct zv_curve *curve, float mean_ms, float memory);
/* A call passed through bins from..to-1 without an end. */
void zv_curve_passed(struct zv_curve *curve, uint32_t from, uint32_t to);
void zv_curve_wish(struct zv_curve *curve, uint32_t bin);
void zv_curve_other(struct zv_curve *curve, uint32_t bin);
/* Works the curve out of what was seen.  ring_max: the bin at which the host gives up. */
void zv_curve_build(struct zv_curve *curve, uint32_t ring_max);
/* A curve of first this and then that: a ringing call whose robot's talk follows.  share: of the
 * first wishes, those whose second comes true.  For zv_curve_term and zv_curve_landing only. */
void zv_curve_chain(const struct zv_curve *first, const struct zv_curve *then, float share, struct zv_curve *ret_curve);

static inline uint32_t zv_curve_bin(int64_t age_ms)
{
	return age_ms < 0 ? 0 : age_ms >= ZV_CURVE_BINS * 500 ? ZV_CURVE_BINS - 1 : (uint32_t)(age_ms / 500);
}

/* The chances of one call at an age: p is its chance of a wish from the beginning on. */
struct zv_curve_view {
	float later;    /* that the wish comes at all, now */
	float exposure; /* how much of a no it is by now: 0 at the beginning, 1 at an end */
};
void zv_curve_term(const struct zv_curve *curve, uint32_t bin, float p, struct zv_grid_term *ret_term,
		  struct zv_curve_view *ret_view);
/* Where a wish of a call at that age lands, by grid cell; sums to 1, all 0 when too late. */
void zv_curve_landing(const struct zv_curve *curve, uint32_t bin, float ret_weight[ZV_GRID]);

#endif
