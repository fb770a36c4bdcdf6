#include "dial/pacing/curve.h"

#include <string.h>

/* What is believed beforehand: a hump from nothing to three times the mean, worth so many wishes. */
#define PRIOR_WISHES 12.0f
#define PRIOR_CALLS  40.0f

void zv_curve_init(struct zv_curve *curve, float mean_ms, float memory)
{
	float mean = mean_ms / 500, sum = 0;

	memset(curve, 0, sizeof(*curve));
	curve->memory = memory;
	curve->step = 1;
	curve->then_share = 1;
	curve->mean_ms = mean_ms;
	/* x(1 - x)^2 has its mean at 2/5. */
	for (uint32_t b = 0; b < ZV_CURVE_BINS; b++) {
		float x = ((float)b + 0.5f) / (mean * 2.5f);

		curve->wish[b] = x < 1 ? x * (1 - x) * (1 - x) : 0;
		sum += curve->wish[b];
	}
	for (uint32_t b = 0; b < ZV_CURVE_BINS; b++) {
		curve->wish[b] *= PRIOR_WISHES / sum;
		curve->under_way[b] = PRIOR_CALLS;
		for (uint32_t c = 0; c < b; c++)
			curve->under_way[b] -= curve->wish[c];
	}
	zv_curve_build(curve, ZV_CURVE_BINS);
}

void zv_curve_passed(struct zv_curve *curve, uint32_t from, uint32_t to)
{
	for (uint32_t b = from; b < to && b < ZV_CURVE_BINS; b++)
		curve->under_way[b] += 1;
}

void zv_curve_wish(struct zv_curve *curve, uint32_t bin)
{
	bin = bin < ZV_CURVE_BINS ? bin : ZV_CURVE_BINS - 1;
	curve->under_way[bin] += 1;
	curve->wish[bin] += 1;
	curve->weight += 1;
	curve->fresh += 1;
}

void zv_curve_other(struct zv_curve *curve, uint32_t bin)
{
	bin = bin < ZV_CURVE_BINS ? bin : ZV_CURVE_BINS - 1;
	curve->under_way[bin] += 1;
	curve->other[bin] += 1;
}

static void fade(struct zv_curve *curve)
{
	float f;

	if (curve->weight <= curve->memory)
		return;
	f = curve->memory / curve->weight;
	curve->weight = curve->memory;
	for (int b = 0; b < ZV_CURVE_BINS; b++) {
		curve->under_way[b] *= f;
		curve->wish[b] *= f;
		curve->other[b] *= f;
	}
}

/* to_wish and to_other are sums that end at a total: make them shares. */
static void to_shares(float sums[ZV_CURVE_BINS + 1])
{
	float all = sums[ZV_CURVE_BINS] > 1e-9f ? sums[ZV_CURVE_BINS] : 1;

	for (int b = 0; b <= ZV_CURVE_BINS; b++)
		sums[b] /= all;
}

static void look_ahead(struct zv_curve *curve)
{
	for (int b = 0; b < ZV_CURVE_BINS; b++) {
		for (int g = 0; g < ZV_GRID; g++) {
			/* the call is in the middle of its bin, so between the ends of two */
			int to = b + zv_grid_at_hs[g] * curve->step;
			float here = (curve->to_wish[b] + curve->to_wish[b + 1]) / 2;

			curve->ahead[b][g] = to >= ZV_CURVE_BINS
						    ? 1 - here
						    : (curve->to_wish[to] + curve->to_wish[to + 1]) / 2 - here;
		}
	}
}

void zv_curve_build(struct zv_curve *curve, uint32_t ring_max)
{
	float alive = 1, wishes = 0, others = 0, mean = 0;

	fade(curve);
	curve->fresh = 0;
	for (uint32_t b = 0; b < ZV_CURVE_BINS; b++) {
		float n = curve->under_way[b] > 0.5f ? curve->under_way[b] : 0.5f;
		float w = alive * curve->wish[b] / n, o = alive * curve->other[b] / n;

		curve->to_wish[b] = wishes;
		curve->to_other[b] = others;
		if (b >= ring_max)
			continue;
		wishes += w;
		others += o;
		mean += w * ((float)b + 0.5f) * 500;
		alive -= w + o;
		alive = alive < 0 ? 0 : alive;
	}
	curve->to_wish[ZV_CURVE_BINS] = wishes;
	curve->to_other[ZV_CURVE_BINS] = others;
	curve->mean_ms = wishes > 1e-9f ? mean / wishes : curve->mean_ms;
	curve->other_share = wishes < 1 ? others / (1 - wishes) : 0;
	to_shares(curve->to_wish);
	to_shares(curve->to_other);
	look_ahead(curve);
}

void zv_curve_chain(const struct zv_curve *first, const struct zv_curve *then, float share, struct zv_curve *ret_curve)
{
	*ret_curve = *first;
	ret_curve->then_share = share;
	ret_curve->mean_ms = first->mean_ms + then->mean_ms;
	for (int b = 0; b < ZV_CURVE_BINS; b++) {
		for (int g = 0; g < ZV_GRID; g++) {
			int to = b + zv_grid_at_hs[g] * first->step;
			float sum = 0;

			for (int u = b; u < to && u < ZV_CURVE_BINS; u++) {
				float w = first->to_wish[u + 1] - first->to_wish[u];

				sum += w * (to - u < ZV_CURVE_BINS ? then->to_wish[to - u] : 1);
			}
			ret_curve->ahead[b][g] = sum;
		}
	}
}

void zv_curve_term(const struct zv_curve *curve, uint32_t bin, float p, struct zv_grid_term *ret_term,
		  struct zv_curve_view *ret_view)
{
	float open_wish = 1 - (curve->to_wish[bin] + curve->to_wish[bin + 1]) / 2;
	float open_other = 1 - (curve->to_other[bin] + curve->to_other[bin + 1]) / 2;
	float none = (1 - p) * (1 - curve->other_share), other = (1 - p) * curve->other_share;
	float all = p * open_wish + other * open_other + none, scale;

	if (bin == 0) /* just begun */
		open_wish = open_other = all = 1;
	all = all > 1e-6f ? all : 1e-6f;
	scale = p * curve->then_share / all * ZV_GRID_ONE;
	for (int g = 0; g < ZV_GRID; g++) {
		int32_t q = (int32_t)(curve->ahead[bin][g] * scale + 0.5f);

		ret_term->q[g] = (uint16_t)(q < ZV_GRID_ONE ? q : ZV_GRID_ONE);
	}
	ret_view->later = p * curve->then_share * open_wish / all;
	ret_view->exposure = 1 - open_wish / all;
}

void zv_curve_landing(const struct zv_curve *curve, uint32_t bin, float ret_weight[ZV_GRID])
{
	const float *ahead = curve->ahead[bin];
	float left = 1 - (bin == 0 ? 0 : (curve->to_wish[bin] + curve->to_wish[bin + 1]) / 2), last = 0;

	/* a cell reaches half way to the next moment; what comes after the last belongs to it */
	for (int g = 0; g < ZV_GRID; g++) {
		float upto = g + 1 < ZV_GRID ? (ahead[g] + ahead[g + 1]) / 2 : left;

		ret_weight[g] = left > 1e-4f && upto > last ? (upto - last) / left : 0;
		last = upto > last ? upto : last;
	}
}
