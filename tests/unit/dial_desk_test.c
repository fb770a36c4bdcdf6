/* Agents' phones and what agents ask for at their screens: each action, step by step. */
#include <criterion/criterion.h>

#include "desk_bed.h"

Test(desk, a_predictive_call_reaches_an_agents_ear_and_ends_in_an_outcome)
{
	struct bed *b = bed_create();
	uint32_t slot, card = 0, tone = 0, link = 0, bridge = 0;

	cr_expect_eq(bed_desk(b, 0, ZV_DESK_LOGIN), ZV_ENOENT, "no phone is registered");
	bed_register(b, 0, true);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_LOGIN), ZV_OK);
	cr_expect_eq(b->agent_told[0].u.agent.phone, ZV_PHONE_CALLING);
	bed_answer(b, bed_phone(0));
	cr_expect_eq(bed_state(b, 0), ZV_AG_PAUSED);
	cr_expect_eq(b->agent_told[0].u.agent.phone, ZV_PHONE_UP);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_READY), ZV_OK);
	bed_start(b, 7);
	bed_offer(b, 0, 7);
	slot = bed_dialled(b);
	bed_answer(b, slot);
	for (uint32_t i = 0; i < b->n_log; i++) {
		const struct zv_cmd *cmd = &b->log[i];

		card = cmd->type == ZV_CMD_CARD ? i + 1 : card;
		tone = cmd->type == ZV_CMD_MEDIA_PLAY && cmd->u.play.prompt == ZV_PROMPT_TONE &&
			       cmd->leg.slot == bed_phone(0) ? i + 1 : tone;
		link = cmd->type == ZV_CMD_MEDIA_LINK && link == 0 ? i + 1 : link;
		bridge = cmd->type == ZV_CMD_BRIDGE ? i + 1 : bridge;
	}
	cr_expect(card > 0 && card < tone && tone < link && link < bridge, "%u %u %u %u", card, tone, link, bridge);
	cr_expect(bed_both(b, slot, bed_phone(0)));
	cr_expect_eq(bed_links(b), 2);
	cr_expect(b->legs[slot].records);
	cr_expect_eq(b->agent_told[0].u.agent.number, 79160000000);
	cr_expect_eq(b->agent_told[0].u.agent.kind, ZV_TALK_KIND_DIALLED);
	bed_tick(b, 60000);
	bed_bye(b, slot);
	cr_expect_eq(bed_state(b, 0), ZV_AG_WRAPUP);
	cr_expect_eq(bed_links(b), 0);
	cr_expect_eq(b->agent_told[0].u.agent.limit_ms, 20000);
	cr_expect(b->legs[bed_phone(0)].sip && b->legs[bed_phone(0)].media, "his own leg stays up");
	{
		struct zv_event done = {.code = 0};

		done.u.desk.what = ZV_DESK_DONE;
		done.u.desk.result = 3;
		cr_expect_eq(bed_desk_event(b, done), ZV_OK);
	}
	cr_assert_not_null(bed_cmd(b, ZV_CMD_OUTCOME));
	cr_expect_eq(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ANSWERED);
	cr_expect_eq(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.result, 3);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_eq(bed_stats(b).calls, 0);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

/* ---- phones ---- */

Test(desk, a_lost_leg_takes_him_out_and_brings_him_back_by_itself)
{
	struct bed *b = bed_create();

	bed_ready(b, 0);
	bed_bye(b, bed_phone(0));
	cr_expect_eq(bed_state(b, 0), ZV_AG_OFFLINE, "out at once");
	cr_expect_eq(b->agent_told[0].u.agent.want, ZV_AD_READY, "and the screen says what he will be");
	bed_tick(b, 900);
	cr_expect_null(bed_cmd(b, ZV_CMD_DIAL));
	bed_tick(b, 200);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL), "called again after phone_retry_ms");
	bed_sip_gone(b, bed_phone(0), ZV_EV_SIP_FAILED, 480);
	bed_tick(b, 1);
	bed_tick(b, 950);
	cr_expect_null(bed_cmd(b, ZV_CMD_DIAL));
	bed_tick(b, 100);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	bed_answer(b, bed_phone(0));
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY, "as he was");
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, a_phone_that_comes_back_is_called_at_once_and_one_that_stays_away_logs_him_out)
{
	struct bed *b = bed_create();

	bed_log_in(b, 0);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_PAUSE), ZV_OK);
	bed_register(b, 0, false);
	bed_leg_event(b, ZV_EV_MEDIA_LOST, bed_phone(0), 0);
	cr_expect(b->legs[bed_phone(0)].hung_up, "the softphone crashed: sip is told");
	bed_tick(b, 60000);
	bed_register(b, 0, true);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	bed_answer(b, bed_phone(0));
	cr_expect_eq(bed_state(b, 0), ZV_AG_PAUSED);
	bed_register(b, 0, false);
	bed_leg_event(b, ZV_EV_MEDIA_LOST, bed_phone(0), 0);
	bed_tick(b, 601000);
	cr_expect_eq(b->agent_told[0].u.agent.want, 0, "nobody waits for him any more");
	bed_register(b, 0, true);
	cr_expect_null(bed_cmd(b, ZV_CMD_DIAL));
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_LOGIN), ZV_OK);
	bed_destroy(b);
}

Test(desk, a_phone_that_does_not_answer_is_tried_three_times)
{
	struct bed *b = bed_create();
	uint32_t dials = 1;

	bed_register(b, 0, true);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_LOGIN), ZV_OK);
	for (int i = 0; i < 100; i++) {
		bed_sip_gone(b, bed_phone(0), ZV_EV_SIP_FAILED, 486);
		bed_tick(b, 1000);
		dials += bed_cmd(b, ZV_CMD_DIAL) != NULL;
	}
	cr_expect_eq(dials, 3);
	bed_destroy(b);
}

Test(desk, a_customer_whose_agents_phone_breaks_gets_another_one)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_tick(b, 5000);
	bed_bye(b, bed_phone(0));
	cr_expect(b->legs[slot].sip, "he is not hung up");
	cr_expect_eq(b->legs[slot].plays, ZV_PROMPT_HOLD);
	cr_expect_eq(bed_state(b, 0), ZV_AG_OFFLINE);
	bed_ready(b, 1);
	cr_expect(bed_both(b, slot, bed_phone(1)));
	cr_expect_eq(bed_links(b), 2);
	cr_expect_eq(b->legs[slot].plays, 0);
	cr_expect_eq(b->agent_told[1].u.agent.kind, ZV_TALK_KIND_TRANSFER);
	cr_expect_eq(b->abandons, 0);
	bed_bye(b, slot);
	(void)bed_desk(b, 1, ZV_DESK_DONE);
	cr_expect_eq(b->outcomes[ZV_OUT_ANSWERED], 1);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, and_if_nobody_comes_he_hears_the_message_and_is_not_abandoned)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_tick(b, 5000);
	bed_register(b, 0, false);
	bed_bye(b, bed_phone(0));
	bed_tick(b, 29000);
	cr_expect(b->legs[slot].sip);
	bed_tick(b, 2000);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_OUTCOME));
	cr_expect_eq(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ANSWERED);
	cr_expect_not(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.facts & ZV_FACT_BIT(ZV_FACT_ABANDON));
	cr_expect_eq(b->abandons, 0);
	cr_expect_eq(bed_stats(b).calls, 0);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, a_wrap_up_is_finished_without_a_phone)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);
	struct zv_event done = {.code = 0};

	bed_bye(b, slot);
	bed_bye(b, bed_phone(0));
	cr_expect_eq(bed_state(b, 0), ZV_AG_WRAPUP, "what was said is to be written down");
	done.u.desk.what = ZV_DESK_DONE;
	done.u.desk.result = 2;
	cr_expect_eq(bed_desk_event(b, done), ZV_OK);
	cr_expect_eq(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.result, 2);
	cr_expect_eq(bed_state(b, 0), ZV_AG_OFFLINE);
	bed_tick(b, 1100);
	bed_answer(b, bed_phone(0));
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	bed_destroy(b);
}

Test(desk, log_out_ends_the_leg_after_the_talk)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	cr_expect_eq(bed_desk(b, 0, ZV_DESK_LOGOUT), ZV_OK);
	cr_expect_eq(bed_state(b, 0), ZV_AG_TALKING);
	bed_bye(b, slot);
	cr_expect(b->legs[bed_phone(0)].sip);
	(void)bed_desk(b, 0, ZV_DESK_DONE);
	cr_expect_not(b->legs[bed_phone(0)].sip);
	cr_expect_eq(bed_state(b, 0), ZV_AG_OFFLINE);
	bed_tick(b, 60000);
	cr_expect_null(bed_cmd(b, ZV_CMD_DIAL), "and he is not called again");
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, a_leg_whose_media_moved_is_opened_again_and_stays_linked)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_answer(b, bed_phone(0));
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_OPEN));
	cr_expect(bed_both(b, slot, bed_phone(0)));
	cr_expect_eq(bed_state(b, 0), ZV_AG_TALKING);
	bed_destroy(b);
}

/* ---- the talk ---- */

Test(desk, hold_and_resume_and_a_hold_that_is_forgotten)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	cr_expect_eq(bed_desk(b, 0, ZV_DESK_RESUME), ZV_EDENIED);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_HOLD), ZV_OK);
	cr_expect_eq(b->agent_told[0].u.agent.room, ZV_ROOM_HELD);
	cr_expect_eq(bed_links(b), 0);
	cr_expect_eq(b->legs[slot].plays, ZV_PROMPT_HOLD);
	cr_expect(b->legs[slot].records, "the recording goes on");
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_RESUME), ZV_OK);
	cr_expect(bed_both(b, slot, bed_phone(0)));
	cr_expect_eq(b->legs[slot].plays, 0);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_HOLD), ZV_OK);
	bed_tick(b, 600000);
	cr_expect_eq(b->agent_told[0].u.agent.room, ZV_ROOM_LIVE);
	cr_expect(bed_both(b, slot, bed_phone(0)));
	bed_destroy(b);
}

Test(desk, a_blind_transfer_to_a_free_colleague_frees_the_agent_at_once)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_ready(b, 1);
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, 2, 0), ZV_EDENIED, "who is not there");
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, 77, 0), ZV_ENOENT);
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, 1, 0), ZV_OK);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect(bed_both(b, slot, bed_phone(1)));
	cr_expect_eq(bed_links(b), 2);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_CARD));
	bed_bye(b, slot);
	cr_expect_eq(bed_state(b, 1), ZV_AG_WRAPUP, "the last one writes it down");
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, a_transfer_to_a_busy_colleague_waits_for_him_and_then_for_anybody)
{
	struct bed *b = bed_create();
	uint32_t slot, other;

	slot = bed_talk(b, 0, 0);
	other = bed_talk(b, 1, 1);
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, 1, 0), ZV_OK);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_eq(b->legs[slot].plays, ZV_PROMPT_HOLD, "kept for the other though this one is free");
	bed_bye(b, other);
	(void)bed_desk(b, 1, ZV_DESK_DONE);
	cr_expect(bed_both(b, slot, bed_phone(1)));
	cr_expect_eq(bed_desk_to(b, 1, ZV_DESK_TRANSFER, 0, 0), ZV_OK);
	cr_expect(bed_both(b, slot, bed_phone(0)), "and back");
	bed_offer(b, 2, 7);
	other = bed_dialled(b);
	bed_answer(b, other);
	cr_expect_eq(bed_state(b, 1), ZV_AG_TALKING);
	bed_ready(b, 2);
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, 1, 0), ZV_OK);
	cr_expect_eq(bed_state(b, 2), ZV_AG_READY);
	bed_tick(b, 15100);
	cr_expect(bed_both(b, slot, bed_phone(2)) || bed_both(b, slot, bed_phone(0)), "kept long enough");
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

static uint32_t side_of(const struct bed *b)
{
	for (uint32_t i = BED_CALLS + BED_PHONES; i < BED_SLOTS; i++)
		if (b->legs[i].sip)
			return i;
	return 0;
}

Test(desk, a_transfer_to_a_number_rings_and_is_linked_when_it_answers)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0), side;

	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, ZV_AGENT_NONE, 74951112233), ZV_OK);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	cr_expect_eq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 74951112233);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_eq(b->legs[slot].plays, ZV_PROMPT_RING);
	side = side_of(b);
	bed_answer(b, side);
	cr_expect(bed_both(b, slot, side));
	cr_expect_eq(b->legs[slot].plays, 0);
	bed_bye(b, side);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_OUTCOME), "nobody writes anything down");
	cr_expect_eq(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.outcome, ZV_OUT_ANSWERED);
	cr_expect_eq(bed_stats(b).calls, 0);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, a_number_that_does_not_answer_gives_the_customer_back_to_the_agents)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0), side;

	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, ZV_AGENT_NONE, 74951112233), ZV_OK);
	side = side_of(b);
	bed_sip_gone(b, side, ZV_EV_SIP_FAILED, 486);
	bed_tick(b, 1);
	cr_expect(bed_both(b, slot, bed_phone(0)), "to the same one, who is free");
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_TRANSFER, ZV_AGENT_NONE, 0), ZV_ENOENT);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, consultation_three_way_and_completion_with_a_colleague)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_ready(b, 1);
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_CONSULT, 1, 0), ZV_OK);
	cr_expect(bed_both(b, bed_phone(0), bed_phone(1)));
	cr_expect_eq(bed_links(b), 2);
	cr_expect_eq(b->legs[slot].plays, ZV_PROMPT_HOLD);
	cr_expect_eq(bed_state(b, 1), ZV_AG_TALKING);
	cr_expect_eq(b->agent_told[0].u.agent.with, 1);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_JOIN), ZV_OK);
	cr_expect_eq(bed_links(b), 6);
	cr_expect_eq(b->legs[slot].plays, 0);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_BACK), ZV_OK);
	cr_expect_eq(bed_links(b), 2);
	cr_expect_eq(bed_state(b, 1), ZV_AG_READY, "no wrap-up for him");
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_CONSULT, 1, 0), ZV_OK);
	cr_expect_eq(bed_desk(b, 1, ZV_DESK_HANGUP), ZV_OK, "who is consulted leaves by himself");
	cr_expect_eq(b->agent_told[0].u.agent.room, ZV_ROOM_HELD);
	cr_expect(b->legs[slot].sip);
	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_CONSULT, 1, 0), ZV_OK);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_COMPLETE), ZV_OK);
	cr_expect(bed_both(b, slot, bed_phone(1)));
	cr_expect_eq(bed_links(b), 2);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_eq(b->agent_told[1].u.agent.room, ZV_ROOM_LIVE);
	bed_bye(b, slot);
	cr_expect_eq(bed_state(b, 1), ZV_AG_WRAPUP);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, consultation_with_a_number)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0), side;

	cr_expect_eq(bed_desk_to(b, 0, ZV_DESK_CONSULT, ZV_AGENT_NONE, 74951112233), ZV_OK);
	cr_expect_eq(b->legs[bed_phone(0)].plays, ZV_PROMPT_RING, "the agent hears it ring");
	cr_expect_eq(b->agent_told[0].u.agent.with_number, 74951112233);
	side = side_of(b);
	bed_answer(b, side);
	cr_expect(bed_both(b, side, bed_phone(0)));
	cr_expect_eq(b->legs[bed_phone(0)].plays, 0);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_JOIN), ZV_OK);
	cr_expect_eq(bed_links(b), 6);
	bed_bye(b, bed_phone(0));
	cr_expect(bed_both(b, slot, side), "the two go on when the agent's phone breaks");
	cr_expect_eq(bed_links(b), 2);
	bed_bye(b, slot);
	cr_expect_not(b->legs[side].sip);
	cr_expect_eq(b->outcomes[ZV_OUT_ANSWERED], 1);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, keys_reach_the_customer_and_a_machine_needs_no_wrap_up)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);
	struct zv_event key = {.code = 0};
	struct zv_trunk_stats trunk;

	key.u.desk.what = ZV_DESK_KEY;
	key.u.desk.code = '7';
	cr_expect_eq(bed_desk_event(b, key), ZV_OK);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_KEY));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_KEY)->leg.slot, slot);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_KEY)->u.key.key, '7');
	key.u.desk.code = 'x';
	cr_expect_eq(bed_desk_event(b, key), ZV_EINVAL);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_MACHINE), ZV_OK);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_eq(b->outcomes[ZV_OUT_MACHINE], 1);
	zv_engine_get_trunk(b->engine, 0, &trunk);
	cr_expect_eq(trunk.machines, 1);
	bed_destroy(b);
}

Test(desk, an_agreed_call_back_goes_with_the_outcome_to_the_leads_step)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 3, 0);
	struct zv_event done = {.code = 3};

	(void)slot;
	done.u.desk.what = ZV_DESK_DONE;
	done.u.desk.at_ms = b->now.cal_ms + 7200000;
	done.u.desk.result = 1;
	cr_expect_eq(bed_desk_event(b, done), ZV_OK, "hang up and be done");
	cr_expect_eq(bed_state(b, 3), ZV_AG_READY);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_STEP));
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.due_ms, done.u.desk.at_ms);
	cr_expect_eq(bed_cmd(b, ZV_CMD_STEP)->u.step.owner, 1 + b->agents[3].id);
	bed_destroy(b);
}

Test(desk, more_time_for_the_wrap_up_but_not_for_ever)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0);

	bed_bye(b, slot);
	bed_tick(b, 10000);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_EXTEND), ZV_OK);
	bed_tick(b, 25000);
	cr_expect_eq(bed_state(b, 0), ZV_AG_WRAPUP);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_EXTEND), ZV_OK);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_EXTEND), ZV_EDENIED);
	bed_tick(b, 26000);
	cr_expect_eq(bed_state(b, 0), ZV_AG_READY);
	cr_expect_eq(b->outcomes[ZV_OUT_ANSWERED], 1);
	bed_destroy(b);
}

/* ---- supervisors ---- */

Test(desk, a_supervisor_listens_whispers_and_barges_in)
{
	struct bed *b = bed_create();
	uint32_t slot = bed_talk(b, 0, 0), s = bed_phone(6), a = bed_phone(0);

	bed_log_in(b, 6);
	bed_log_in(b, 1);
	cr_expect_eq(bed_desk_to(b, 1, ZV_DESK_LISTEN, 0, 0), ZV_EDENIED, "he is no supervisor");
	cr_expect_eq(bed_desk_to(b, 6, ZV_DESK_LISTEN, 1, 0), ZV_EAGAIN, "who does not talk");
	cr_expect_eq(bed_desk_to(b, 6, ZV_DESK_LISTEN, 0, 0), ZV_OK);
	cr_expect(b->hears[s][slot] && b->hears[s][a] && !b->hears[a][s] && !b->hears[slot][s]);
	cr_expect_eq(b->agent_told[6].u.agent.room, ZV_ROOM_WATCHES);
	cr_expect_eq(b->agent_told[6].u.agent.with, 0);
	cr_expect_eq(bed_desk_to(b, 6, ZV_DESK_WHISPER, 0, 0), ZV_OK);
	cr_expect(b->hears[a][s] && !b->hears[slot][s]);
	cr_expect_eq(bed_desk_to(b, 6, ZV_DESK_BARGE, 0, 0), ZV_OK);
	cr_expect(b->hears[a][s] && b->hears[slot][s]);
	cr_expect_eq(bed_links(b), 6);
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_HOLD), ZV_OK);
	cr_expect_not(b->hears[slot][s], "a customer on hold hears nobody");
	cr_expect_eq(bed_desk(b, 0, ZV_DESK_RESUME), ZV_OK);
	cr_expect_eq(bed_desk(b, 6, ZV_DESK_LEAVE), ZV_OK);
	cr_expect_eq(bed_links(b), 2);
	cr_expect_eq(bed_desk(b, 6, ZV_DESK_LEAVE), ZV_EDENIED);
	cr_expect_eq(bed_desk_to(b, 6, ZV_DESK_LISTEN, 0, 0), ZV_OK);
	bed_bye(b, slot);
	cr_expect_eq(bed_links(b), 0);
	cr_expect_eq(bed_state(b, 6), ZV_AG_PAUSED);
	cr_expect_eq(b->agent_told[6].u.agent.room, ZV_ROOM_NONE);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

/* ---- calls that agents begin ---- */

Test(desk, a_preview_shows_the_card_first_and_the_answer_is_his)
{
	struct bed *b = bed_create();
	uint32_t slot;

	bed_ready(b, 5);
	bed_start(b, 8);
	bed_offer(b, 0, 8);
	for (int i = 0; i < 20 && bed_state(b, 5) != ZV_AG_RESERVED; i++)
		bed_tick(b, 100);
	cr_assert_eq(bed_state(b, 5), ZV_AG_RESERVED);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_CARD));
	cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.kind, ZV_TALK_KIND_PREVIEW);
	cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.lead, 1);
	cr_expect_eq(bed_stats(b).calls, 0, "nobody is dialled yet");
	cr_expect_eq(bed_desk(b, 5, ZV_DESK_DIAL), ZV_OK);
	slot = bed_dialled(b);
	cr_expect_eq(bed_desk(b, 5, ZV_DESK_DIAL), ZV_EDENIED, "it rings already");
	bed_tick(b, 25000);
	bed_answer(b, slot);
	cr_expect_eq(bed_state(b, 5), ZV_AG_TALKING);
	cr_expect(bed_both(b, slot, bed_phone(5)));
	cr_expect_eq(b->agent_told[5].u.agent.kind, ZV_TALK_KIND_PREVIEW);
	bed_destroy(b);
}

Test(desk, a_preview_is_skipped_times_out_or_rings_in_vain)
{
	struct bed *b = bed_create();
	uint32_t slot;

	bed_ready(b, 5);
	bed_start(b, 8);
	bed_offer(b, 0, 8);
	bed_tick(b, 100);
	cr_assert_eq(bed_state(b, 5), ZV_AG_RESERVED);
	cr_expect_eq(bed_desk(b, 5, ZV_DESK_SKIP), ZV_OK);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DEFER));
	cr_expect_eq(bed_state(b, 5), ZV_AG_READY);
	cr_expect_eq(bed_stats(b).skipped, 1);
	bed_offer(b, 1, 8);
	bed_tick(b, 100);
	cr_assert_eq(bed_state(b, 5), ZV_AG_RESERVED);
	bed_tick(b, 31000);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_DEFER), "his time is over: given back");
	cr_expect_eq(bed_state(b, 5), ZV_AG_READY);
	b->conf.campaigns[1].preview_dials = true;
	bed_offer(b, 2, 8);
	bed_tick(b, 100);
	cr_assert_eq(bed_state(b, 5), ZV_AG_RESERVED);
	bed_tick(b, 31000);
	slot = bed_dialled(b);
	bed_sip_gone(b, slot, ZV_EV_SIP_FAILED, 486);
	bed_tick(b, 1);
	cr_expect_eq(bed_state(b, 5), ZV_AG_READY);
	cr_expect_eq(b->outcomes[ZV_OUT_BUSY], 1);
	bed_offer(b, 3, 8);
	bed_tick(b, 100);
	cr_expect_eq(bed_desk(b, 5, ZV_DESK_DIAL), ZV_OK);
	slot = bed_dialled(b);
	bed_bye(b, bed_phone(5));
	cr_expect(b->legs[slot].hung_up, "nobody would be there when it is answered");
	cr_expect_eq(bed_stats(b).offers_held, 0);
	cr_expect_null(b->wrong, "%s", b->wrong);
	bed_destroy(b);
}

Test(desk, a_lead_that_is_killed_is_no_longer_shown)
{
	struct bed *b = bed_create();
	struct zv_event kill = {.type = ZV_EV_KILL};

	bed_ready(b, 5);
	bed_start(b, 8);
	bed_offer(b, 0, 8);
	bed_tick(b, 100);
	cr_assert_eq(bed_state(b, 5), ZV_AG_RESERVED);
	kill.u.kill.lead = 1;
	kill.u.kill.category = 1;
	bed_step(b, kill);
	cr_expect_eq(bed_state(b, 5), ZV_AG_READY);
	cr_expect_eq(bed_stats(b).offers_held, 0);
	bed_destroy(b);
}

Test(desk, an_agent_calls_a_lead_by_hand_from_his_pause)
{
	struct bed *b = bed_create();
	struct zv_event dial = {.type = ZV_EV_DESK, .code = 0};
	uint32_t slot;

	bed_log_in(b, 0);
	bed_start(b, 9);
	dial.u.desk.what = ZV_DESK_DIAL;
	dial.u.desk.number = 5;
	dial.u.desk.code = 2;
	dial.u.desk.to = ZV_AGENT_NONE;
	dial.attempt.lo = 77;
	bed_step(b, dial);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_FETCH));
	cr_expect_eq(bed_cmd(b, ZV_CMD_FETCH)->u.lead.lead, 5);
	cr_expect_null(bed_cmd(b, ZV_CMD_DESK), "the answer comes with the lead");
	bed_offer_event(b, 4, 9);
	b->slabs[4].due_ms += 86400000; /* due tomorrow: he asks for it now */
	bed_step(b, (struct zv_event){.type = ZV_EV_OFFER, .u.offer.slab = 4});
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DESK));
	cr_expect_eq(bed_cmd(b, ZV_CMD_DESK)->u.desk.err, ZV_OK);
	cr_expect_eq(bed_cmd(b, ZV_CMD_DESK)->attempt.lo, 77);
	cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.kind, ZV_TALK_KIND_MANUAL);
	cr_expect_eq(bed_state(b, 0), ZV_AG_RESERVED);
	slot = bed_dialled(b);
	bed_answer(b, slot);
	cr_expect(bed_both(b, slot, bed_phone(0)));
	bed_bye(b, slot);
	(void)bed_desk(b, 0, ZV_DESK_DONE);
	cr_expect_eq(bed_state(b, 0), ZV_AG_PAUSED, "back in his pause");
	dial.u.desk.number = 6;
	bed_step(b, dial);
	bed_tick(b, 5100);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DESK));
	cr_expect_eq(bed_cmd(b, ZV_CMD_DESK)->u.desk.err, ZV_ETIMEDOUT);
	bed_step(b, dial);
	{
		struct zv_event no = {.type = ZV_EV_NO_OFFER, .code = ZV_ENOENT, .u.kill.lead = 6};

		bed_step(b, no);
	}
	cr_expect_eq(bed_cmd(b, ZV_CMD_DESK)->u.desk.err, ZV_ENOENT);
	bed_destroy(b);
}

Test(desk, a_manual_call_is_asked_of_the_law_as_every_call)
{
	struct bed *b = bed_create();
	struct zv_event dial = {.type = ZV_EV_DESK, .code = 0};

	b->conf.campaigns[2].hours[0] = b->conf.campaigns[2].hours[1] = b->conf.campaigns[2].hours[2] =
		(struct zv_day_hours){0, 1};
	bed_log_in(b, 0);
	bed_start(b, 9);
	bed_offer_event(b, 0, 9);
	b->slabs[0].due_ms += 3600000;
	bed_step(b, (struct zv_event){.type = ZV_EV_OFFER, .u.offer.slab = 0});
	dial.u.desk.what = ZV_DESK_DIAL;
	dial.u.desk.number = 1;
	dial.u.desk.code = 2;
	dial.u.desk.to = ZV_AGENT_NONE;
	cr_expect_eq(bed_desk_event(b, dial), ZV_EDENIED, "outside of the hours");
	cr_expect_eq(bed_state(b, 0), ZV_AG_PAUSED);
	cr_expect_eq(bed_stats(b).dials, 0);
	bed_destroy(b);
}

Test(desk, a_rule_that_forces_an_agent_is_met_where_one_waits_for_the_answer)
{
	struct bed *b = bed_create();
	struct zv_rule *r = set_hours(&b->set, 0, 1);

	r->effect = ZV_EFFECT_FORCE_AGENT;
	set_finish(&b->set);
	bed_ready(b, 0);
	bed_ready(b, 5);
	bed_start(b, 7);
	bed_start(b, 8);
	bed_offer(b, 0, 7);
	for (int i = 0; i < 20; i++)
		bed_tick(b, 100);
	cr_expect_eq(bed_stats(b).dials, 0, "a paced call may find nobody");
	cr_expect_eq(bed_stats(b).blocked[ZV_BLOCKED_AGENT], 1);
	bed_offer(b, 1, 8);
	bed_tick(b, 100);
	cr_expect_eq(bed_desk(b, 5, ZV_DESK_DIAL), ZV_OK);
	cr_expect_eq(bed_stats(b).dials, 1, "a preview's agent is there");
	bed_destroy(b);
}

Test(desk, leads_of_a_manual_campaign_are_dialled_by_nobody_else)
{
	struct bed *b = bed_create();

	bed_ready(b, 0);
	bed_start(b, 9);
	for (uint32_t i = 0; i < 5; i++)
		bed_offer(b, i, 9);
	for (int i = 0; i < 50; i++)
		bed_tick(b, 100);
	cr_expect_eq(bed_stats(b).dials, 0);
	bed_destroy(b);
}

/* ---- every state, every wish ---- */

enum situation { OFFLINE, CALLED, READY, PAUSED, SHOWN, RINGING, LIVE, HELD, ASKING, CONSULTS, THREE, CONSULTED,
		 WRITES, WATCHES, LOST, SITUATIONS };

/* Brings agent 0 (4, a supervisor, to watch; 5 for previews) into the situation; who it is. */
static uint32_t bring(struct bed *b, enum situation to)
{
	switch (to) {
	case OFFLINE:
		bed_register(b, 0, true);
		return 0;
	case CALLED:
		bed_register(b, 0, true);
		(void)bed_desk(b, 0, ZV_DESK_LOGIN);
		return 0;
	case READY: bed_ready(b, 0); return 0;
	case PAUSED: bed_log_in(b, 0); return 0;
	case SHOWN:
	case RINGING:
		bed_ready(b, 5);
		bed_start(b, 8);
		bed_offer(b, 0, 8);
		bed_tick(b, 100);
		if (to == RINGING)
			(void)bed_desk(b, 5, ZV_DESK_DIAL);
		return 5;
	case LIVE: (void)bed_talk(b, 0, 0); return 0;
	case HELD:
		(void)bed_talk(b, 0, 0);
		(void)bed_desk(b, 0, ZV_DESK_HOLD);
		return 0;
	case ASKING:
		(void)bed_talk(b, 0, 0);
		(void)bed_desk_to(b, 0, ZV_DESK_CONSULT, ZV_AGENT_NONE, 74951112233);
		return 0;
	case CONSULTS:
	case THREE:
	case CONSULTED:
		(void)bed_talk(b, 0, 0);
		bed_ready(b, 1);
		(void)bed_desk_to(b, 0, ZV_DESK_CONSULT, 1, 0);
		if (to == THREE)
			(void)bed_desk(b, 0, ZV_DESK_JOIN);
		return to == CONSULTED ? 1 : 0;
	case WRITES:
		bed_bye(b, bed_talk(b, 0, 0));
		return 0;
	case WATCHES:
		(void)bed_talk(b, 0, 0);
		bed_log_in(b, 4);
		(void)bed_desk_to(b, 4, ZV_DESK_LISTEN, 0, 0);
		return 4;
	case LOST:
		bed_ready(b, 0);
		bed_bye(b, bed_phone(0));
		return 0;
	case SITUATIONS:
		break;
	}
	return 0;
}

static void each_wish(enum situation from, uint8_t what, uint32_t to)
{
	struct bed *b = bed_create();
	uint32_t agent = bring(b, from);
	struct zv_event ev = {.code = agent};
	uint64_t err;

	bed_register(b, 2, true);
	bed_ready(b, 2);
	ev.u.desk.what = what;
	ev.u.desk.to = to;
	ev.u.desk.code = what == ZV_DESK_KEY ? '5' : 2;
	ev.u.desk.number = what == ZV_DESK_DIAL ? 200 : 74951112233;
	err = bed_desk_event(b, ev);
	if (err == 99 && bed_cmd(b, ZV_CMD_FETCH) != NULL) {
		bed_tick(b, 6000); /* the lookahead says nothing */
		err = b->answers == b->tokens ? ZV_ETIMEDOUT : 99;
	}
	cr_expect_neq(err, 99, "situation %d, wish %u: %llu answers to %llu wishes", from, what,
		      (unsigned long long)b->answers, (unsigned long long)b->tokens);
	/* All hang up, campaigns stop, and time passes: nobody is stuck. */
	for (uint32_t id = 7; id < 10; id++)
		bed_step(b, (struct zv_event){.type = ZV_EV_CAMPAIGN, .code = id});
	for (int i = 0; i < 8; i++) {
		for (uint32_t slot = 0; slot < BED_SLOTS; slot++)
			if ((slot < BED_CALLS || slot >= BED_CALLS + BED_PHONES) && b->legs[slot].sip)
				bed_bye(b, slot);
		bed_tick(b, 100000);
	}
	for (uint32_t i = 0; i < BED_AGENTS; i++)
		cr_expect(bed_state(b, i) != ZV_AG_RESERVED && bed_state(b, i) != ZV_AG_TALKING &&
			  bed_state(b, i) != ZV_AG_WRAPUP, "situation %d, wish %u: agent %u in %u", from, what,
			  i, bed_state(b, i));
	cr_expect_eq(bed_stats(b).calls, 0, "situation %d, wish %u", from, what);
	cr_expect_eq(bed_stats(b).offers_held, 0, "situation %d, wish %u", from, what);
	cr_expect_eq(bed_stats(b).mended, 0, "situation %d, wish %u", from, what);
	cr_expect_eq(bed_links(b), 0, "situation %d, wish %u", from, what);
	cr_expect_null(b->wrong, "situation %d, wish %u: %s", from, what, b->wrong);
	bed_destroy(b);
}

Test(desk, every_wish_in_every_situation_is_answered_once_and_nobody_is_stuck)
{
	for (int from = 0; from < SITUATIONS; from++) {
		for (uint8_t what = 0; what <= ZV_DESK_MAX; what++) {
			each_wish((enum situation)from, what, 2);
			each_wish((enum situation)from, what, ZV_AGENT_NONE);
		}
	}
}
