#include "cadence.h"

/* valid_from_day and valid_to_day go by the day of the last attempt: a call in some hours or days
 * is checked again by the engine. */
static bool usable(const struct zv_strategy_in *in, const struct standing *s, const struct then *then,
		   uint8_t i)
{
	const struct zv_number_brief *n = &in->numbers[i];

	if (n->status == ZV_NUM_INVALID || (then != NULL && then->invalid_number && i == s->last->number))
		return false;
	return (n->valid_from_day == 0 || n->valid_from_day <= s->today) &&
	       (n->valid_to_day == 0 || n->valid_to_day >= s->today);
}

static uint32_t place_in_order(const struct zv_strategy_in *in, uint8_t i)
{
	return (uint32_t)in->numbers[i].order << 8 | i;
}

/* The usable number with the smallest place that is at least `from`. */
static bool first_from(const struct zv_strategy_in *in, const struct standing *s,
		       const struct then *then, uint32_t from, uint8_t *ret_number)
{
	uint32_t best = UINT32_MAX;

	for (uint8_t i = 0; i < in->n_numbers; i++) {
		uint32_t at = place_in_order(in, i);

		if (at >= from && at < best && usable(in, s, then, i)) {
			best = at;
			*ret_number = i;
		}
	}
	return best != UINT32_MAX;
}

bool number_pick(const struct cadence *cadence, const struct zv_strategy_in *in,
		 const struct standing *s, const struct then *then, uint8_t *ret_number)
{
	uint8_t policy = then != NULL && then->number != NUMBER_DEFAULT ? then->number : cadence->number;
	uint8_t called = s->last->number;

	if (called >= in->n_numbers) /* numbers changed since */
		return first_from(in, s, then, 0, ret_number);
	if (policy != NUMBER_SAME && first_from(in, s, then, place_in_order(in, called) + 1, ret_number))
		return true;
	if (policy != NUMBER_ROTATE && usable(in, s, then, called)) {
		*ret_number = called;
		return true;
	}
	return first_from(in, s, then, 0, ret_number);
}
