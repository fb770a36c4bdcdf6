/* Moments: spacing within a day, the next day, calendars. */
#include "cadence.h"

#define WINDOWS_MAX 16 /* looked at for one placement */

/* splitmix64's finaliser: the same lead and attempt always get the same jitter. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* A moment in [start, end), at most the jitter from its start. */
static int64_t jittered(const struct cadence *c, const struct zv_strategy_in *in,
			const struct standing *s, int64_t start_ms, int64_t end_ms)
{
	int64_t room = smaller(end_ms - start_ms, c->jitter_ms + 1);
	uint64_t draw = mix(mix(in->seed) ^ ((uint64_t)in->round << 8 | s->n));

	return start_ms + (int64_t)(draw % (uint64_t)room);
}

/* The part of the day that an attempt at `second` belongs to; -1: before the first. */
static int part_of(const struct cadence *c, int32_t second)
{
	int part = -1;

	for (int i = 0; i < c->n_parts && c->parts[i].start_s <= second; i++)
		part = i;
	return part;
}

static bool moment(const struct cadence *c, uint16_t zone, int32_t day, int32_t second, int64_t *ret_ms)
{
	return c->host->from_local(c->host->ctx, zone, day, second, ret_ms) == ZV_OK;
}

/* A place within [start, end) of one local day for the first of `calls` calls, in a part of the
 * day from `part` on if that leaves room for the others, else wherever it does; failing that for
 * as many as there is room. */
static bool place(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		  const int64_t day_room[2], int32_t day, int part, uint8_t calls, int64_t *ret_due_ms)
{
	for (; calls > 0; calls--) {
		int64_t latest = day_room[1] - (calls - 1) * c->gap_ms;

		for (int i = part; i < c->n_parts; i++) {
			int64_t start, end;

			if (!moment(c, in->zone, day, c->parts[i].start_s, &start) ||
			    !moment(c, in->zone, day, c->parts[i].end_s, &end))
				return false;
			start = larger(start, day_room[0]);
			end = smaller(end, latest);
			if (start < end) {
				*ret_due_ms = jittered(c, in, s, start, end);
				return true;
			}
		}
		if (day_room[0] < latest) {
			*ret_due_ms = jittered(c, in, s, day_room[0], latest);
			return true;
		}
	}
	return false;
}

bool place_today(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		 uint8_t calls_left, int64_t *ret_due_ms)
{
	int64_t earliest = larger(s->last->at_ms + c->gap_ms, in->now_ms);
	int64_t start, end;
	struct zv_local local;

	if (c->host->window(c->host->ctx, in->campaign, in->zone, earliest, &start, &end) != ZV_OK)
		return false;
	start = larger(start, earliest);
	if (c->host->to_local(c->host->ctx, in->zone, start, &local) != ZV_OK || local.day != s->today)
		return false;
	return place(c, in, s, (const int64_t[2]){start, end - c->keep_clear_ms}, s->today,
		     part_of(c, s->second) + 1, calls_left, ret_due_ms);
}

bool place_next_day(const struct cadence *c, const struct zv_strategy_in *in, const struct standing *s,
		    uint8_t calls, int64_t *ret_due_ms)
{
	int64_t earliest = larger(s->last->at_ms + c->gap_ms, in->now_ms);
	int64_t start, end, midnight;
	struct zv_local local;

	if (!moment(c, in->zone, s->today + 1, 0, &midnight))
		return false;
	earliest = larger(earliest, midnight);
	for (int i = 0; i < WINDOWS_MAX; i++) {
		if (c->host->window(c->host->ctx, in->campaign, in->zone, earliest, &start, &end) != ZV_OK)
			return false;
		start = larger(start, earliest);
		if (c->host->to_local(c->host->ctx, in->zone, start, &local) != ZV_OK)
			return false;
		if (place(c, in, s, (const int64_t[2]){start, end - c->keep_clear_ms}, local.day, 0,
			  calls, ret_due_ms))
			return true;
		earliest = end; /* too little was left of that day */
	}
	return false;
}

int64_t place_add(const struct cadence *c, uint16_t zone, int64_t at_ms, const struct span *span)
{
	struct zv_local local;
	int64_t moved = at_ms;

	if (span->days > 0 && c->host->to_local(c->host->ctx, zone, at_ms, &local) == ZV_OK) {
		if (!moment(c, zone, local.day + span->days, local.second_of_day, &moved))
			moved = at_ms + span->days * DAY_MS;
		else
			moved += (at_ms % SECOND_MS + SECOND_MS) % SECOND_MS;
	}
	return moved + span->ms;
}

int64_t place_open(const struct cadence *c, const struct zv_strategy_in *in, int64_t due_ms)
{
	int64_t start, end;

	due_ms = larger(due_ms, in->now_ms);
	if (c->host->window(c->host->ctx, in->campaign, in->zone, due_ms, &start, &end) != ZV_OK)
		return due_ms; /* never open: the engine holds the lead back, with the reason */
	return larger(due_ms, start);
}

int64_t place_at(const struct cadence *c, uint16_t zone, int64_t at_ms, int32_t second_of_day)
{
	struct zv_local local;
	int64_t due_ms = at_ms;

	if (c->host->to_local(c->host->ctx, zone, at_ms, &local) != ZV_OK)
		return at_ms;
	for (int32_t day = local.day; day <= local.day + 1; day++) {
		if (moment(c, zone, day, second_of_day, &due_ms) && due_ms > at_ms)
			break;
	}
	return due_ms;
}
