/* Suppressions that are taken back, and those that are not. */
#include "steps.h"

static void suppress(uint32_t campaign, int64_t to_ms)
{
	struct zv_event ev = {.type = ZV_EV_SUPPRESS, .u.suppress.person = 1, .attempt = {0, 70}};

	ev.u.suppress.campaign = campaign;
	ev.u.suppress.to_ms = to_ms;
	bed_step(b, &ev);
}

static void take_back(uint32_t campaign, int64_t asked_ms)
{
	struct zv_event ev = {.type = ZV_EV_SUPPRESS, .u.suppress.person = 1, .attempt = {0, 71}};

	ev.u.suppress.campaign = campaign;
	ev.u.suppress.to_ms = asked_ms;
	ev.u.suppress.end = 1;
	bed_step(b, &ev);
}

Test(rules_back, a_suppression_taken_back_lets_a_lead_be_called_that_is_held_already)
{
	int64_t asked_ms;

	start(1);
	open_bed();
	fresh(0);
	bed_fill(b, 0, 1, 0, 1);
	b->slabs[0].due_ms = b->now.cal_ms + SET_HOUR_MS;
	bed_offer(b, 0);
	suppress(0, b->now.cal_ms + 90 * SET_DAY_MS);
	asked_ms = b->now.cal_ms += 1000;
	take_back(0, asked_ms);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.end, 1);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.person, 1);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.to_ms, asked_ms);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->attempt.lo, 71);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	b->now.cal_ms += SET_HOUR_MS;
	b->now.mono_ms += SET_HOUR_MS;
	bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	end();
}

Test(rules_back, an_offer_read_before_a_suppression_was_taken_back_learns_of_it)
{
	start(1);
	open_bed();
	suppress(0, INT64_MAX);
	b->now.cal_ms += 1000;
	take_back(0, b->now.cal_ms);
	fresh(0); /* as an old transaction read it: it stands there */
	cr_assert(zv_person_suppress(&b->persons[0], &(struct zv_suppressed){.to_ms = INT64_MAX}));
	offer(0, 0, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	end();
}

Test(rules_back, what_was_told_for_one_campaign_stands_when_that_for_all_is_taken_back)
{
	start(1);
	open_bed();
	fresh(0);
	suppress(2, INT64_MAX);
	suppress(0, INT64_MAX);
	b->now.cal_ms += 1000;
	take_back(0, b->now.cal_ms);
	offer(0, 0, 2);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.refusal, ZV_REFUSED_SUPPRESSED);
	offer(1, 0, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	end();
}

Test(rules_back, a_suppression_told_again_with_an_earlier_end_is_not_shortened)
{
	start(1);
	open_bed();
	fresh(0);
	suppress(0, INT64_MAX);
	suppress(0, b->now.cal_ms + 1000);
	b->now.cal_ms += 2000;
	offer(0, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	end();
}

Test(rules_back, an_opt_out_by_key_is_not_undone_by_what_was_asked_before_it)
{
	struct zv_event key = {.type = ZV_EV_MEDIA_KEY};
	int64_t asked_ms;

	start(1);
	script_with_goodbye();
	open_bed();
	key.leg = to_dial(0, 0);
	event(ZV_EV_SIP_ANSWERED, key.leg, 200);
	asked_ms = b->now.cal_ms; /* by the operator; the key comes before it is heard */
	b->now.cal_ms += 3;
	key.u.media.key = '9';
	bed_step(b, &key);
	cr_assert_not_null(cmd_of(ZV_CMD_SUPPRESS));
	b->now.cal_ms += 3;
	take_back(0, asked_ms);
	cr_assert_null(cmd_of(ZV_CMD_SUPPRESS), "it is not written");
	cr_assert_eq(told(ZV_TELL_TOLD)->attempt.lo, 71, "and who asked is answered");
	/* So it is if 256 others were told since: nobody knows any more. */
	for (uint32_t i = 0; i < 256; i++) {
		struct zv_event ev = {.type = ZV_EV_SUPPRESS, .u.suppress.person = 1000 + i};

		bed_step(b, &ev);
	}
	take_back(0, asked_ms);
	cr_assert_null(cmd_of(ZV_CMD_SUPPRESS));
	event(ZV_EV_SIP_ENDED, key.leg, 0);
	offer(1, 0, 2);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	cr_assert_eq(cmd_of(ZV_CMD_EVIDENCE)->u.evidence.refusal, ZV_REFUSED_SUPPRESSED);
	/* Asked after the key it is meant; the number's own stands all the same. */
	b->now.cal_ms += 1000;
	take_back(0, b->now.cal_ms);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.end, 1);
	cr_assert_eq(cmd_of(ZV_CMD_SUPPRESS)->u.suppress.e164, 0);
	bed_step(b, &(struct zv_event){.type = ZV_EV_TICK});
	offer(2, 0, 1);
	cr_assert_null(cmd_of(ZV_CMD_RESERVE));
	end();
}
