/* Agents whose phones send nothing for a moment: a phone that crashed says so in no other way. */
#include <criterion/criterion.h>

#include "desk_bed.h"

static struct bed *bed_of_quiet(void)
{
	struct bed *b = bed_create();

	b->conf.phone_quiet_ms = 600;
	return b;
}

static void quiet(struct bed *b, uint32_t agent, bool on)
{
	bed_leg_event(b, ZV_EV_MEDIA_LOST, bed_phone(agent), on ? ZV_LOST_QUIET : ZV_LOST_HEARD);
}

Test(quiet, media_is_told_to_listen_for_it_on_phones_alone)
{
	struct bed *b = bed_of_quiet();
	const struct zv_cmd *open;
	uint32_t slot;

	bed_register(b, 0, true);
	(void)bed_desk(b, 0, ZV_DESK_LOGIN);
	bed_answer(b, bed_phone(0));
	open = bed_cmd(b, ZV_CMD_MEDIA_OPEN);
	cr_assert_not_null(open);
	cr_expect_eq(open->u.media.quiet_ms, 600);
	(void)bed_desk(b, 0, ZV_DESK_READY);
	slot = bed_talk(b, 0, 0);
	open = bed_cmd(b, ZV_CMD_MEDIA_OPEN);
	cr_assert_not_null(open);
	cr_expect_eq(open->leg.slot, slot);
	cr_expect_eq(open->u.media.quiet_ms, 0);
	bed_destroy(b);
}

Test(quiet, nobody_is_given_to_an_agent_whose_phone_is_quiet_until_it_is_heard_again)
{
	struct bed *b = bed_of_quiet();
	uint32_t slot;

	bed_ready(b, 0);
	bed_ready(b, 1);
	bed_tick(b, 1000); /* 0 is idle the longest */
	bed_start(b, 7);
	bed_offer(b, 0, 7);
	slot = bed_dialled(b);
	quiet(b, 0, true);
	bed_answer(b, slot);
	cr_expect(bed_both(b, slot, bed_phone(1)));
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY, "he is not logged out for a moment of silence");
	bed_offer(b, 1, 7);
	bed_tick(b, 5000);
	cr_expect_null(bed_cmd(b, ZV_CMD_DIAL), "nobody is dialled for him");
	quiet(b, 0, false);
	slot = bed_dialled(b);
	bed_answer(b, slot);
	cr_expect(bed_both(b, slot, bed_phone(0)));
	cr_expect_eq(b->abandons, 0);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(quiet, who_has_not_heard_the_agent_yet_goes_to_another_at_once)
{
	struct bed *b = bed_of_quiet();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_ready(b, 1);
	bed_tick(b, 550);
	cr_expect(bed_both(b, slot, bed_phone(0)));
	quiet(b, 0, true);
	cr_expect(bed_both(b, slot, bed_phone(1)));
	cr_expect_not(b->legs[bed_phone(0)].sip, "the dead leg is ended, to be called again");
	cr_expect_eq(b->abandons, 0);
	bed_bye(b, slot);
	(void)bed_desk(b, 1, ZV_DESK_DONE);
	cr_expect_eq(b->outcomes[ZV_OUT_ANSWERED], 1);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(quiet, and_if_nobody_is_there_in_time_he_counts_as_abandoned)
{
	struct bed *b = bed_of_quiet();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_tick(b, 550);
	bed_register(b, 0, false); /* it does not come back */
	quiet(b, 0, true);
	cr_expect(b->legs[slot].sip);
	cr_expect_eq(b->abandons, 0);
	bed_tick(b, 800);
	cr_expect_eq(b->abandons, 0, "his patience, a second and a half from his answer, is not over");
	bed_tick(b, 300);
	cr_expect_eq(b->abandons, 1);
	bed_tick(b, 30000);
	cr_expect_eq(b->outcomes[ZV_OUT_ABANDONED], 1);
	cr_expect_eq(bed_links(b), 0);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(quiet, a_talk_that_has_begun_goes_on)
{
	struct bed *b = bed_of_quiet();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_ready(b, 1);
	bed_tick(b, 5000);
	quiet(b, 0, true); /* he holds by his phone's own button, or the network is gone for a moment */
	cr_expect(bed_both(b, slot, bed_phone(0)));
	quiet(b, 0, false);
	bed_bye(b, slot);
	(void)bed_desk(b, 0, ZV_DESK_DONE);
	cr_expect_eq(b->outcomes[ZV_OUT_ANSWERED], 1);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(quiet, a_leg_that_breaks_as_the_talk_begins_is_the_same)
{
	struct bed *b = bed_of_quiet();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_register(b, 0, false);
	bed_tick(b, 300);
	bed_bye(b, bed_phone(0));
	cr_expect(b->legs[slot].sip);
	bed_tick(b, 1300);
	cr_expect_eq(b->abandons, 1);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}
