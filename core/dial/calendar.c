#include "dial/engine_int.h"

/* Fast-forward: when nothing is due and a line is free, the calendar goes on to the next due
 * moment.  It crosses the end of a lead's calling window (and so its midnight) only when no
 * such lead is in flight, and it trusts the lookahead's hint only if the walk behind it has
 * seen every lead we gave back. */
void zv_calendar_step(struct zv_engine *e)
{
	int64_t target_ms = zv_heap_top_key(&e->future);
	struct zv_cmd *cmd;

	if (!e->conf->fast_forward || e->calendar_moving || e->draining || !e->store_on || e->overloaded ||
	    e->paused_until_ms > e->now.mono_ms)
		return;
	if (e->n_ready > 0 || e->n_person_waits > 0 || e->free_n == 0 || e->stats.adopted > 0 ||
	    e->hint_releases != e->releases)
		return;
	if (e->hint_ms != 0 && e->hint_ms < target_ms)
		target_ms = e->hint_ms;
	if (target_ms == INT64_MAX || target_ms <= e->now.cal_ms ||
	    target_ms > e->conf->fast_forward_until_ms)
		return;
	if (e->bounds.n > 0 && target_ms >= zv_heap_top_key(&e->bounds))
		return;
	cmd = zv_emit(e, ZV_CMD_CALENDAR);
	cmd->u.calendar.to_ms = target_ms;
	e->calendar_moving = true;
	e->stats.calendar_moves++;
}
