/* The reconciliation of the floor: what its tables forbid is put there by hand, and is mended,
 * counted and told within a second. */
#include <criterion/criterion.h>

#include "desk_bed.h"
#include "dial/engine_int.h"

static bool told(const struct bed *b)
{
	for (uint32_t i = 0; i < b->n_log; i++)
		if (b->log[i].type == ZV_CMD_TELL && b->log[i].u.tell.what == ZV_TELL_MENDED)
			return true;
	return false;
}

static void mends(struct bed *b)
{
	uint64_t before = bed_stats(b).mended;

	bed_tick(b, 1000);
	cr_expect(told(b));
	cr_expect_gt(bed_stats(b).mended, before);
	before = bed_stats(b).mended;
	for (int i = 0; i < 40; i++)
		bed_tick(b, 1000);
	cr_expect_eq(bed_stats(b).mended, before, "and all is well then");
}

Test(check, an_agent_who_talks_to_nobody)
{
	struct bed *b = bed_create();

	(void)bed_talk(b, 0, 0);
	bed_tick(b, 1000);
	cr_expect_eq(bed_stats(b).mended, 0);
	b->engine->floor.rooms.v[b->engine->floor.agents.v[0].call].agent = 3;
	mends(b);
	cr_expect_neq(bed_state(b, 0), ZV_AG_TALKING);
	cr_expect_eq(bed_stats(b).calls, 0, "and his customer is not left alone");
	bed_destroy(b);
}

Test(check, a_leg_that_is_up_though_he_is_logged_out)
{
	struct bed *b = bed_create();

	bed_log_in(b, 0);
	b->engine->floor.agents.v[0].state = ZV_AG_OFFLINE;
	b->engine->floor.agents.count[ZV_AG_OFFLINE]++;
	b->engine->floor.agents.count[ZV_AG_PAUSED]--;
	mends(b);
	cr_expect_not(b->legs[bed_phone(0)].sip);
	bed_destroy(b);
}

Test(check, an_agent_who_is_ready_without_a_leg)
{
	struct bed *b = bed_create();

	bed_ready(b, 0);
	b->engine->floor.phones[0].state = ZV_LEG_IDLE;
	b->engine->floor.phones[0].wanted = false;
	mends(b);
	cr_expect_eq(bed_state(b, 0), ZV_AG_OFFLINE);
	bed_destroy(b);
}

Test(check, a_customer_who_waits_where_nobody_looks)
{
	struct bed *b = bed_create();
	uint32_t slot;

	bed_ready(b, 0);
	bed_start(b, 7);
	b->conf.campaigns[0].pacing.patience_ms = 10000;
	bed_offer(b, 0, 7);
	slot = bed_dialled(b);
	(void)bed_desk(b, 0, ZV_DESK_PAUSE);
	bed_answer(b, slot);
	zv_heap_remove(&b->engine->floor.waiting, slot);
	mends(b);
	bed_destroy(b);
}

Test(check, a_side_leg_of_nobody_and_a_state_without_an_end)
{
	struct bed *b = bed_create();

	(void)bed_talk(b, 0, 0);
	(void)bed_desk_to(b, 0, ZV_DESK_CONSULT, ZV_AGENT_NONE, 74951112233);
	b->engine->floor.rooms.v[b->engine->floor.agents.v[0].call].side = ZV_SLOT_NONE;
	bed_tick(b, 1000);
	cr_expect(told(b));
	cr_expect_eq(b->engine->sides.free_n, BED_SIDES);
	zv_heap_remove(&b->engine->floor.limits, 0);
	bed_tick(b, 1000);
	cr_expect(told(b));
	cr_expect(zv_heap_has(&b->engine->floor.limits, 0));
	bed_destroy(b);
}
