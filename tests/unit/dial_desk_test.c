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
