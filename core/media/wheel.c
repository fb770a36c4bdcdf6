#include "media/wheel.h"

#include <stdlib.h>
#include <string.h>

enum zv_err zv_wheel_init(struct zv_wheel *wheel, uint32_t n_ids)
{
	size_t n = n_ids > 0 ? n_ids : 1;

	memset(wheel, 0, sizeof(*wheel));
	wheel->place = calloc(n, sizeof(*wheel->place));
	wheel->phase = malloc(n);
	if (wheel->place == NULL || wheel->phase == NULL)
		goto fail;
	memset(wheel->phase, ZV_WHEEL_PHASES, n);
	for (uint32_t i = 0; i < ZV_WHEEL_PHASES; i++) {
		wheel->ids[i] = calloc(n, sizeof(**wheel->ids));
		if (wheel->ids[i] == NULL)
			goto fail;
	}
	return ZV_OK;

fail:
	zv_wheel_fini(wheel);
	return ZV_ENOMEM;
}

void zv_wheel_fini(struct zv_wheel *wheel)
{
	for (uint32_t i = 0; i < ZV_WHEEL_PHASES; i++)
		free(wheel->ids[i]);
	free(wheel->place);
	free(wheel->phase);
	memset(wheel, 0, sizeof(*wheel));
}

void zv_wheel_add(struct zv_wheel *wheel, uint32_t id)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < ZV_WHEEL_PHASES; i++)
		if (wheel->n[i] < wheel->n[best])
			best = i;
	wheel->phase[id] = (uint8_t)best;
	wheel->place[id] = wheel->n[best];
	wheel->ids[best][wheel->n[best]++] = id;
}

void zv_wheel_remove(struct zv_wheel *wheel, uint32_t id)
{
	uint32_t phase = wheel->phase[id], last;

	if (phase == ZV_WHEEL_PHASES)
		return;
	last = wheel->ids[phase][--wheel->n[phase]];
	wheel->ids[phase][wheel->place[id]] = last;
	wheel->place[last] = wheel->place[id];
	wheel->phase[id] = ZV_WHEEL_PHASES;
}

uint32_t zv_pace_due(struct zv_pace *pace, int64_t now_ns, int64_t *ret_first, uint32_t *ret_late)
{
	int64_t now = (now_ns - pace->start_ns) / ZV_TICK_NS;
	int64_t due = now - pace->next + 1;

	*ret_late = 0;
	if (now_ns < pace->start_ns || due <= 0)
		return 0;
	*ret_late = due - 1 > UINT32_MAX ? UINT32_MAX : (uint32_t)(due - 1);
	*ret_first = due - 1 > ZV_TICKS_LATE_OK ? now : pace->next;
	pace->next = now + 1;
	return (uint32_t)(now - *ret_first + 1);
}

void zv_pace_skip(struct zv_pace *pace, int64_t now_ns)
{
	int64_t now = (now_ns - pace->start_ns) / ZV_TICK_NS;

	if (now > pace->next)
		pace->next = now;
}
