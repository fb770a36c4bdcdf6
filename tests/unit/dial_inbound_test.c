/* Calls that come in: to which queue, in what order they are served, what they hear, and what
 * becomes of those who give up. */
#include "dial_bed.h"

#define LINE_SALES 74951112233
#define LINE_HELP  74959998877
#define GREETING   501
#define CLOSED     502
#define POSITION   600 /* + n */

static uint32_t handles;

static void queues(struct bed *b)
{
	b->queues[0] = (struct zv_queue_conf){
		.name = "sales", .n_numbers = 1, .numbers = {LINE_SALES}, .priority = 1,
		.call_back = 1, .max_wait_ms = 120000, .say_every_ms = 15000, .greeting = GREETING,
		.closed = CLOSED};
	b->queues[1] = (struct zv_queue_conf){.name = "help", .n_numbers = 1, .numbers = {LINE_HELP},
					      .campaign = 1, .priority = 5, .call_back = 1};
	for (uint32_t i = 0; i < 10; i++)
		b->queues[0].positions[i] = POSITION + i + 1;
	b->conf.n_queues = 2;
	b->conf.campaigns[0].priority = 3;
	handles = 0;
}

static struct bed *inbound_bed(uint32_t n_agents)
{
	struct bed *b = bed_create(n_agents);

	queues(b);
	bed_open(b);
	return b;
}

static void ring(struct bed *b, uint64_t caller, uint64_t called)
{
	struct zv_event ev = {.type = ZV_EV_SIP_INCOMING, .code = ++handles};

	ev.u.incoming.caller = caller;
	ev.u.incoming.called = called;
	bed_step(b, ev);
}

static const struct zv_cmd *queued(const struct bed *b, enum zv_queued what, uint64_t caller)
{
	for (uint32_t i = 0; i < b->n_kept; i++)
		if (b->kept[i].type == ZV_CMD_QUEUE && b->kept[i].u.queue.what == what &&
		    b->kept[i].u.queue.caller == caller)
			return &b->kept[i];
	return NULL;
}

/* Rings, is accepted, answered and greeted; its leg. */
static struct zv_leg_id call_in(struct bed *b, uint64_t caller, uint64_t called)
{
	struct zv_leg_id leg;
	struct zv_event played = {.type = ZV_EV_MEDIA_PLAYED};
	const struct zv_cmd *play;

	ring(b, caller, called);
	cr_assert_eq(bed_count(b, ZV_CMD_ACCEPT), 1);
	cr_assert_eq(bed_cmd(b, ZV_CMD_ACCEPT)->u.accept.handle, handles);
	leg = bed_cmd(b, ZV_CMD_ACCEPT)->leg;
	if (queued(b, ZV_QUEUED_CAME, caller) != NULL)
		bed_step(b, (struct zv_event){.type = ZV_EV_CALLER, .leg = leg});
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
	cr_assert_eq(bed_count(b, ZV_CMD_MEDIA_OPEN), 1);
	play = bed_cmd(b, ZV_CMD_MEDIA_PLAY);
	if (play == NULL || play->u.play.prompt != GREETING)
		return leg;
	played.leg = leg;
	played.u.media.tag = play->u.play.tag;
	bed_step(b, played);
	return leg;
}

static const struct zv_cmd *played(const struct bed *b, uint64_t prompt)
{
	for (uint32_t i = 0; i < b->n_kept; i++)
		if (b->kept[i].type == ZV_CMD_MEDIA_PLAY && b->kept[i].u.play.prompt == prompt)
			return &b->kept[i];
	return NULL;
}

static struct zv_queue_stats stats(const struct bed *b, uint32_t queue)
{
	struct zv_queue_stats s;

	cr_assert(zv_engine_queue(b->engine, queue, &s));
	return s;
}

static void hang_up(struct bed *b, struct zv_leg_id leg)
{
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, leg, 0));
}

Test(inbound, a_number_without_a_queue_is_refused_and_a_house_that_is_full_or_drains_is_busy)
{
	struct bed *b = inbound_bed(1);

	ring(b, 79160000001, 74950000001);
	cr_assert_eq(bed_count(b, ZV_CMD_REJECT), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_REJECT)->u.accept.code, 404);
	cr_expect_eq(bed_cmd(b, ZV_CMD_REJECT)->u.accept.handle, handles);
	for (uint32_t i = 0; i < 64; i++)
		(void)call_in(b, 79160000100 + i, LINE_SALES);
	ring(b, 79160000001, LINE_SALES);
	cr_assert_eq(bed_count(b, ZV_CMD_REJECT), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_REJECT)->u.accept.code, 503);
	bed_destroy(b);
	b = inbound_bed(1);
	bed_step(b, (struct zv_event){.type = ZV_EV_DRAIN, .u.state.on = 1});
	ring(b, 79160000001, LINE_SALES);
	cr_assert_eq(bed_count(b, ZV_CMD_REJECT), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_REJECT)->u.accept.code, 503);
	bed_destroy(b);
}

Test(inbound, a_queue_without_numbers_takes_all_others)
{
	struct bed *b = bed_create(1);

	queues(b);
	b->queues[1].n_numbers = 0;
	bed_open(b);
	(void)call_in(b, 79160000001, 74950000001);
	cr_expect_eq(stats(b, 1).waiting, 1);
	(void)call_in(b, 79160000002, LINE_SALES);
	cr_expect_eq(stats(b, 0).waiting, 1);
	bed_destroy(b);
}

Test(inbound, greeted_then_music_then_an_agent_with_the_card_before_the_voice)
{
	struct bed *b = inbound_bed(1);
	struct zv_leg_id leg;
	uint32_t card = 0, bridge = 0;

	leg = call_in(b, 79160000001, LINE_SALES);
	cr_assert_not_null(played(b, ZV_PROMPT_HOLD));
	cr_expect_eq(played(b, ZV_PROMPT_HOLD)->u.play.loop, 1);
	cr_assert_not_null(queued(b, ZV_QUEUED_WAITS, 79160000001));
	cr_expect_eq(queued(b, ZV_QUEUED_WAITS, 79160000001)->u.queue.position, 1);
	bed_tick(b, 5000);
	bed_ready(b, 0);
	for (uint32_t i = 0; i < b->n_kept; i++) {
		card = b->kept[i].type == ZV_CMD_CARD ? i + 1 : card;
		bridge = b->kept[i].type == ZV_CMD_BRIDGE ? i + 1 : bridge;
	}
	cr_assert(card > 0 && card < bridge);
	cr_expect_eq(b->kept[card - 1].u.agent.kind, ZV_TALK_KIND_INBOUND);
	cr_expect_eq(b->kept[card - 1].u.agent.lead, 0);
	cr_expect_eq(b->kept[card - 1].u.agent.number, 79160000001);
	cr_expect_eq(b->kept[card - 1].campaign, 7);
	cr_expect_eq(bed_count(b, ZV_CMD_MEDIA_STOP), 1, "the music");
	cr_assert_not_null(queued(b, ZV_QUEUED_SERVED, 79160000001));
	cr_expect_eq(queued(b, ZV_QUEUED_SERVED, 79160000001)->u.queue.agent, 0);
	cr_expect_eq(queued(b, ZV_QUEUED_SERVED, 79160000001)->u.queue.wait_s, 5);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->call, leg.slot);
	cr_expect_eq(stats(b, 0).waiting, 0);
	cr_expect_eq(stats(b, 0).served, 1);
	bed_destroy(b);
}

Test(inbound, the_talk_is_told_to_the_ledger_as_theirs_and_its_wrap_up_goes_to_whoever_watches)
{
	struct bed *b = inbound_bed(1);
	struct zv_event done = {.type = ZV_EV_DESK, .attempt = {66, 1}};
	const struct zv_cmd *cmd;
	struct zv_attempt_id talk;
	struct zv_leg_id leg;
	int64_t came_ms;

	bed_ready(b, 0);
	leg = call_in(b, 79160000001, LINE_SALES);
	came_ms = b->now.cal_ms - 3;
	bed_tick(b, 40000);
	hang_up(b, leg);
	cmd = bed_cmd(b, ZV_CMD_CONTACT);
	cr_assert_not_null(cmd);
	cr_expect_eq(cmd->u.contact.e164, 79160000001);
	cr_expect_eq(cmd->u.contact.person, 0);
	cr_expect_eq(cmd->u.contact.channel, ZV_CHANNEL_VOICE_AGENT);
	cr_expect_eq(cmd->u.contact.exclude, ZV_EXCLUDE_INBOUND);
	cr_expect_eq(cmd->u.contact.at_ms, came_ms);
	cr_expect(cmd->u.contact.facts & ZV_FACT_BIT(ZV_FACT_CONVERSATION));
	cr_expect_eq(cmd->campaign, 7);
	talk = cmd->u.contact.of;
	cr_expect(!zv_attempt_is_zero(talk));
	cr_expect_eq(cmd->u.contact.agent, 1 + 100);
	cr_expect_eq(cmd->u.contact.talk_kind, ZV_TALK_KIND_INBOUND);
	cr_expect_eq(cmd->u.contact.end_s - cmd->u.contact.connect_s, 40);
	cr_expect_eq(cmd->u.contact.result, 0);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_WRAPUP);
	cr_expect_null(queued(b, ZV_QUEUED_OVER, 79160000001), "its result is still to be written down");
	bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
	bed_tick(b, 9000);
	done.u.desk.what = ZV_DESK_DONE;
	done.u.desk.result = 2;
	done.u.desk.to = ZV_AGENT_NONE;
	done.u.desk.at_ms = b->now.cal_ms + SET_HOUR_MS;
	bed_step(b, done);
	/* once more, now with its result: the same talk, under the id of its card */
	cmd = bed_cmd(b, ZV_CMD_CONTACT);
	cr_assert_not_null(cmd);
	cr_expect(zv_attempt_eq(cmd->u.contact.of, talk));
	cr_expect_eq(cmd->u.contact.at_ms, came_ms);
	cr_expect_eq(cmd->u.contact.result, 2);
	cr_expect_eq(cmd->u.contact.agent, 1 + 100);
	cmd = queued(b, ZV_QUEUED_OVER, 79160000001);
	cr_assert_not_null(cmd);
	cr_expect(zv_attempt_eq(cmd->attempt, talk));
	cr_expect_eq(cmd->u.queue.result, 2);
	cr_expect_eq(cmd->u.queue.wish_ms, done.u.desk.at_ms);
	cr_expect_eq(cmd->u.queue.wish_owner, 1 + 100);
	cr_expect_eq((cmd->u.queue.talk_ms + 50) / 100, 400);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_READY);
	cr_expect_eq((stats(b, 0).handle_ms + 50) / 100, 490);
	cr_expect_eq(bed_stats(b).mended, 0);
	cr_expect_eq(bed_stats(b).late_events, 0);
	/* The leg may be used again. */
	for (uint32_t i = 0; i < 64; i++)
		(void)call_in(b, 79160000100 + i, LINE_SALES);
	bed_destroy(b);
}

Test(inbound, a_caller_who_is_known_goes_to_his_own_agent_first)
{
	struct bed *b = inbound_bed(2);
	struct zv_event who = {.type = ZV_EV_CALLER};
	struct zv_leg_id leg;
	uint64_t late;

	for (uint32_t owner = 0; owner < 2; owner++) {
		/* agent 0 waits longer, but the second caller is agent 1's */
		bed_ready(b, 0);
		bed_tick(b, 1000);
		bed_ready(b, 1);
		ring(b, 79160000001 + owner, LINE_SALES);
		leg = bed_cmd(b, ZV_CMD_ACCEPT)->leg;
		cr_assert_not_null(queued(b, ZV_QUEUED_CAME, 79160000001 + owner));
		who.leg = leg;
		who.u.caller.lead = 77;
		who.u.caller.person = 78;
		who.u.caller.owner = owner == 1 ? 1 + 101 : 0;
		bed_step(b, who);
		bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
		bed_step(b, (struct zv_event){.type = ZV_EV_MEDIA_PLAYED, .leg = leg, .u.media.tag =
					      bed_cmd(b, ZV_CMD_MEDIA_PLAY)->u.play.tag});
		cr_assert_not_null(bed_cmd(b, ZV_CMD_CARD));
		cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.agent, owner);
		cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.lead, 77);
		cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.person, 78);
		hang_up(b, leg);
		bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
		bed_tick(b, 600000); /* the wrap-up's time */
		/* said too late, it changes nothing */
		late = bed_stats(b).late_events;
		bed_step(b, who);
		cr_expect_eq(bed_stats(b).late_events, late + 1);
	}
	cr_expect_eq(bed_stats(b).mended, 0);
	bed_destroy(b);
}

Test(inbound, without_a_greeting_a_caller_is_served_when_he_is_known_or_soon_after)
{
	struct bed *b = inbound_bed(2);
	struct zv_event who = {.type = ZV_EV_CALLER, .u.caller = {.lead = 77, .owner = 1 + 101}};

	bed_ready(b, 0);
	bed_tick(b, 1000);
	bed_ready(b, 1);
	ring(b, 79160000001, LINE_HELP);
	who.leg = bed_cmd(b, ZV_CMD_ACCEPT)->leg;
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, who.leg, 200));
	cr_expect_null(bed_cmd(b, ZV_CMD_CARD), "he is not known yet");
	bed_step(b, who);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_CARD));
	cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.agent, 1);
	/* nobody says who it is: anybody takes him a moment later */
	ring(b, 79160000002, LINE_HELP);
	who.leg = bed_cmd(b, ZV_CMD_ACCEPT)->leg;
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, who.leg, 200));
	cr_expect_null(bed_cmd(b, ZV_CMD_CARD));
	bed_tick(b, 250);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_CARD));
	cr_expect_eq(bed_cmd(b, ZV_CMD_CARD)->u.agent.agent, 0);
	bed_destroy(b);
}

Test(inbound, an_agent_may_hang_up_and_his_talk_has_a_wrap_up_like_others)
{
	struct bed *b = inbound_bed(1);
	struct zv_event desk = {.type = ZV_EV_DESK, .attempt = {66, 1}};
	struct zv_leg_id leg;

	bed_ready(b, 0);
	leg = call_in(b, 79160000001, LINE_SALES);
	bed_tick(b, 10000);
	desk.u.desk.what = ZV_DESK_HANGUP;
	desk.u.desk.to = ZV_AGENT_NONE;
	bed_step(b, desk);
	cr_assert_eq(bed_count(b, ZV_CMD_HANGUP), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_HANGUP)->leg.slot, leg.slot);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_WRAPUP);
	bed_tick(b, 21000);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_READY, "its time was over");
	cr_expect_not_null(queued(b, ZV_QUEUED_OVER, 79160000001));
	bed_destroy(b);
}

Test(inbound, a_caller_can_be_held_and_handed_to_another_agent)
{
	struct bed *b = inbound_bed(2);
	struct zv_event desk = {.type = ZV_EV_DESK, .attempt = {66, 1}};
	struct zv_leg_id leg;

	bed_ready(b, 0);
	leg = call_in(b, 79160000001, LINE_SALES);
	cr_assert_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	bed_ready(b, 1);
	desk.u.desk.what = ZV_DESK_HOLD;
	desk.u.desk.to = ZV_AGENT_NONE;
	bed_step(b, desk);
	cr_assert_eq(bed_cmd(b, ZV_CMD_DESK)->u.desk.err, ZV_OK);
	desk.u.desk.what = ZV_DESK_RESUME;
	bed_step(b, desk);
	cr_assert_eq(bed_cmd(b, ZV_CMD_DESK)->u.desk.err, ZV_OK);
	desk.u.desk.what = ZV_DESK_TRANSFER;
	desk.u.desk.to = 1;
	bed_step(b, desk);
	cr_assert_eq(bed_cmd(b, ZV_CMD_DESK)->u.desk.err, ZV_OK);
	cr_expect_eq(zv_engine_agent(b->engine, 1)->state, ZV_AG_TALKING);
	cr_expect_eq(zv_engine_agent(b->engine, 1)->call, leg.slot);
	cr_expect_neq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	cr_expect_null(queued(b, ZV_QUEUED_SERVED, 79160000001), "served once");
	bed_tick(b, 5000);
	hang_up(b, leg);
	cr_expect_eq(zv_engine_agent(b->engine, 1)->state, ZV_AG_WRAPUP);
	bed_tick(b, 2000);
	cr_expect_eq(bed_stats(b).mended, 0);
	bed_destroy(b);
}

Test(inbound, callers_are_served_by_their_queues_priority_then_by_how_long_they_wait)
{
	struct bed *b = inbound_bed(1);
	struct zv_leg_id help, sales[2], out;

	/* campaign 7 has 3, sales 1, help 5 */
	bed_start(b, 7);
	bed_ready(b, 0);
	bed_send(b, bed_fill(b, 50, 7));
	for (int i = 0; i < 50 && bed_cmd(b, ZV_CMD_DIAL) == NULL; i++)
		bed_tick(b, 100);
	out = bed_cmd(b, ZV_CMD_DIAL)->leg;
	bed_agent(b, 0, ZV_AD_PAUSE);
	help = call_in(b, 79160000001, LINE_HELP);
	bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, out, 200));
	sales[0] = call_in(b, 79160000002, LINE_SALES);
	bed_tick(b, 100);
	sales[1] = call_in(b, 79160000003, LINE_SALES);
	bed_agent(b, 0, ZV_AD_READY);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->call, sales[0].slot);
	hang_up(b, sales[0]);
	bed_agent(b, 0, ZV_AD_DONE);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->call, sales[1].slot);
	hang_up(b, sales[1]);
	bed_agent(b, 0, ZV_AD_DONE);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->call, out.slot, "the person we have called");
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, out, 0));
	bed_agent(b, 0, ZV_AD_DONE);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->call, help.slot);
	bed_destroy(b);
}

Test(inbound, positions_and_expected_waits_are_said_and_told)
{
	struct bed *b = inbound_bed(2);
	struct zv_leg_id legs[3];
	struct zv_event over = {.type = ZV_EV_MEDIA_PLAYED};
	const struct zv_cmd *cmd;

	bed_ready(b, 0);
	bed_ready(b, 1);
	/* One talk of 60 s in all, so that handling time is known; then nobody is free. */
	legs[0] = call_in(b, 79160000009, LINE_SALES);
	bed_tick(b, 50000);
	hang_up(b, legs[0]);
	bed_tick(b, 10000);
	bed_agent(b, 0, ZV_AD_DONE);
	(void)call_in(b, 79160000010, LINE_SALES);
	(void)call_in(b, 79160000011, LINE_SALES);
	cr_assert_eq(stats(b, 0).waiting, 0);
	for (uint32_t i = 0; i < 3; i++)
		legs[i] = call_in(b, 79160000001 + i, LINE_SALES);
	cmd = queued(b, ZV_QUEUED_WAITS, 79160000003);
	cr_assert_not_null(cmd);
	cr_expect_eq(cmd->u.queue.position, 3);
	cr_expect(cmd->u.queue.wait_s >= 89 && cmd->u.queue.wait_s <= 92,
		  "the third of two agents who take 60 s: %u s", cmd->u.queue.wait_s);
	bed_tick(b, 15000);
	cr_assert_not_null(played(b, POSITION + 1));
	cr_assert_not_null(played(b, POSITION + 3));
	cr_expect_eq(played(b, POSITION + 3)->u.play.loop, 0);
	over.leg = legs[2];
	over.u.media.tag = played(b, POSITION + 3)->u.play.tag;
	bed_step(b, over);
	cr_expect_not_null(played(b, ZV_PROMPT_HOLD), "then music again");
	hang_up(b, legs[0]);
	cmd = queued(b, ZV_QUEUED_WAITS, 79160000003);
	cr_assert_not_null(cmd, "he moves up");
	cr_expect_eq(cmd->u.queue.position, 2);
	cr_assert_not_null(queued(b, ZV_QUEUED_OVER, 79160000001));
	cr_expect_eq(queued(b, ZV_QUEUED_OVER, 79160000001)->u.queue.waiting, 2);
	cr_expect_eq(queued(b, ZV_QUEUED_GAVE_UP, 79160000001)->u.queue.waiting, 2);
	bed_destroy(b);
}

Test(inbound, who_waited_too_long_hears_that_and_is_called_back)
{
	struct bed *b = inbound_bed(1);
	struct zv_leg_id leg = call_in(b, 79160000001, LINE_SALES);
	struct zv_event over = {.type = ZV_EV_MEDIA_PLAYED, .leg = leg};

	bed_tick(b, 119000);
	cr_expect_null(played(b, CLOSED));
	bed_tick(b, 1001);
	cr_assert_not_null(played(b, CLOSED));
	cr_expect_not_null(queued(b, ZV_QUEUED_GAVE_UP, 79160000001));
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MISSED)->u.queue.queue, 0);
	bed_ready(b, 0);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_READY, "he is no longer in the queue");
	over.u.media.tag = 99;
	bed_step(b, over);
	cr_expect_eq(bed_count(b, ZV_CMD_HANGUP), 0, "something else");
	bed_tick(b, 30000);
	cr_expect_eq(bed_count(b, ZV_CMD_HANGUP), 1, "whatever became of the prompt");
	cr_expect_not_null(queued(b, ZV_QUEUED_OVER, 79160000001));
	cr_expect_eq(stats(b, 0).given_up, 1);
	bed_destroy(b);
}

Test(inbound, a_caller_who_gave_up_is_called_back_once_an_hour)
{
	struct bed *b = inbound_bed(1);

	hang_up(b, call_in(b, 79160000001, LINE_SALES));
	cr_assert_eq(bed_count(b, ZV_CMD_MISSED), 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MISSED)->u.queue.caller, 79160000001);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MISSED)->u.queue.called, LINE_SALES);
	bed_tick(b, 1800000);
	hang_up(b, call_in(b, 79160000001, LINE_SALES));
	cr_expect_not_null(queued(b, ZV_QUEUED_GAVE_UP, 79160000001));
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 0);
	hang_up(b, call_in(b, 79160000002, LINE_SALES));
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 1, "another caller");
	bed_tick(b, 1801000);
	hang_up(b, call_in(b, 79160000001, LINE_SALES));
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 1);
	hang_up(b, call_in(b, 0, LINE_SALES));
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 0, "a hidden number");
	cr_expect_eq(stats(b, 0).called_back, 3);
	bed_destroy(b);
}

Test(inbound, nobody_is_called_back_who_waits_again_or_whom_we_are_calling)
{
	struct bed *b = inbound_bed(2);
	struct zv_leg_id first, second;

	first = call_in(b, 79160000001, LINE_SALES);
	second = call_in(b, 79160000001, LINE_SALES);
	hang_up(b, first);
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 0, "he tries again already");
	hang_up(b, second);
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 1);
	first = call_in(b, 79160000050, LINE_SALES);
	bed_start(b, 7);
	bed_send(b, bed_fill(b, 50, 7)); /* his number */
	bed_ready(b, 1); /* takes the caller */
	hang_up(b, first);
	bed_agent(b, 1, ZV_AD_DONE);
	for (int i = 0; i < 50 && bed_cmd(b, ZV_CMD_DIAL) == NULL; i++)
		bed_tick(b, 100);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	cr_assert_eq(bed_cmd(b, ZV_CMD_DIAL)->u.dial.called, 79160000050);
	bed_agent(b, 1, ZV_AD_PAUSE);
	hang_up(b, call_in(b, 79160000050, LINE_SALES));
	cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 0, "our call rings at his phone");
	bed_destroy(b);
}

Test(inbound, who_is_on_the_line_with_us_is_not_called)
{
	struct bed *b = inbound_bed(2);
	struct zv_leg_id leg;

	bed_ready(b, 0);
	bed_ready(b, 1);
	leg = call_in(b, 79160000050, LINE_SALES);
	cr_assert_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	bed_start(b, 7);
	bed_fill(b, 50, 7)->due_class = ZV_DUE_HOT;
	bed_send(b, &b->slabs[0]);
	for (int i = 0; i < 50; i++)
		bed_tick(b, 1000);
	cr_expect_eq(bed_stats(b).dials, 0);
	hang_up(b, leg);
	bed_agent(b, 0, ZV_AD_DONE);
	for (int i = 0; i < 16; i++)
		bed_tick(b, 1000);
	cr_expect_eq(bed_stats(b).dials, 1);
	bed_destroy(b);
}

Test(inbound, a_number_that_wants_no_calls_may_call_us)
{
	struct bed *b = inbound_bed(1);
	struct zv_event ev = {.type = ZV_EV_SUPPRESS, .code = ZV_SUPPRESS_API, .attempt = {77, 1}};

	ev.u.suppress.e164 = 79160000001;
	bed_step(b, ev);
	bed_ready(b, 0);
	(void)call_in(b, 79160000001, LINE_SALES);
	cr_expect_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	bed_destroy(b);
}

Test(inbound, one_who_hangs_up_before_the_answer_or_whose_answer_fails_leaves_nothing_behind)
{
	struct bed *b = inbound_bed(1);
	struct zv_leg_id leg;

	for (uint32_t i = 0; i < 200; i++) {
		ring(b, 79160001000 + i, LINE_SALES);
		cr_assert_eq(bed_count(b, ZV_CMD_ACCEPT), 1, "call %u", i);
		leg = bed_cmd(b, ZV_CMD_ACCEPT)->leg;
		bed_step(b, bed_leg(i % 2 == 0 ? ZV_EV_SIP_FAILED : ZV_EV_SIP_ENDED, leg, 487));
		cr_expect_eq(bed_count(b, ZV_CMD_MISSED), 1);
		if (bed_count(b, ZV_CMD_HANGUP) == 0)
			bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
	}
	ring(b, 79160000001, LINE_SALES);
	bed_tick(b, 33000);
	cr_expect_not_null(queued(b, ZV_QUEUED_OVER, 79160000001), "no word after our 200");
	cr_expect_eq(stats(b, 0).waiting, 0);
	cr_expect_eq(bed_stats(b).late_events, 0);
	bed_destroy(b);
}

Test(inbound, reserved_agents_are_kept_from_outbound_calls_while_nobody_waits)
{
	struct bed *b = bed_create(5);

	queues(b);
	b->queues[0].reserve = 2;
	bed_open(b);
	bed_start(b, 7);
	for (uint32_t i = 0; i < 5; i++)
		bed_ready(b, i);
	for (uint32_t i = 1; i <= 50; i++)
		bed_send(b, bed_fill(b, i, 7));
	bed_tick(b, 500);
	cr_expect_eq(bed_stats(b).dials, 3, "%lu calls", (unsigned long)bed_stats(b).dials);
	(void)call_in(b, 79160009001, LINE_SALES);
	(void)call_in(b, 79160009002, LINE_SALES);
	cr_expect_eq(stats(b, 0).waiting, 0, "they are there at once");
	bed_destroy(b);
}

Test(inbound, an_agent_whose_phone_breaks_leaves_his_caller_to_another)
{
	struct bed *b = inbound_bed(2);
	struct zv_leg_id leg;

	bed_ready(b, 0);
	leg = call_in(b, 79160000001, LINE_SALES);
	cr_assert_eq(zv_engine_agent(b->engine, 0)->state, ZV_AG_TALKING);
	bed_agent(b, 0, ZV_AD_LEG_LOST);
	bed_ready(b, 1);
	bed_tick(b, 100);
	if (zv_engine_agent(b->engine, 1)->state == ZV_AG_TALKING) {
		cr_expect_eq(zv_engine_agent(b->engine, 1)->call, leg.slot);
		hang_up(b, leg);
		cr_expect_eq(zv_engine_agent(b->engine, 1)->state, ZV_AG_WRAPUP);
	}
	cr_expect_eq(stats(b, 0).served, 1);
	cr_expect_eq(bed_stats(b).mended, 0);
	bed_destroy(b);
}

/* ---- many of them ---- */

struct mess {
	uint32_t missed, gave_up, over;
	uint64_t rng;
};

static void see(void *arg, struct bed *b, const struct zv_cmd *cmd)
{
	struct mess *m = arg;

	(void)b;
	m->missed += cmd->type == ZV_CMD_MISSED;
	m->gave_up += cmd->type == ZV_CMD_QUEUE && cmd->u.queue.what == ZV_QUEUED_GAVE_UP;
	m->over += cmd->type == ZV_CMD_QUEUE && cmd->u.queue.what == ZV_QUEUED_OVER;
}

Test(inbound, after_any_order_of_events_nothing_is_left_and_every_call_is_accounted_for)
{
	struct bed *b = bed_create(4);
	struct mess m = {0};
	struct zv_leg_id legs[64] = {{0, 0}}; /* by slot */
	struct zv_queue_stats s;
	uint32_t came = 0;

	queues(b);
	b->judge = see;
	b->arg = &m;
	bed_open(b);
	for (uint32_t i = 0; i < 4; i++)
		bed_ready(b, i);
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t r = zv_mix64(m.rng++);
		struct zv_leg_id leg = legs[r >> 8 & 63];
		static const enum zv_event_type types[] = {
			ZV_EV_SIP_ANSWERED, ZV_EV_SIP_ENDED, ZV_EV_SIP_CLOSED, ZV_EV_MEDIA_PLAYED,
			ZV_EV_MEDIA_LOST, ZV_EV_MEDIA_KEY, ZV_EV_SIP_FAILED};
		static const enum zv_agent_does does[] = {
			ZV_AD_DONE, ZV_AD_READY, ZV_AD_PAUSE, ZV_AD_CALL_OVER, ZV_AD_LOGIN,
			ZV_AD_LEG_LOST, ZV_AD_READY, ZV_AD_DONE};
		struct zv_event ev;

		switch (r % 8) {
		case 0:
		case 1:
			ring(b, 79160000000 + (r >> 16) % 5000, (r >> 32) % 3 ? LINE_SALES : LINE_HELP);
			if (bed_cmd(b, ZV_CMD_ACCEPT) != NULL) {
				leg = bed_cmd(b, ZV_CMD_ACCEPT)->leg;
				legs[leg.slot - b->conf.max_calls] = leg;
				came++;
				bed_step(b, bed_leg(ZV_EV_SIP_ANSWERED, leg, 200));
			}
			break;
		case 2:
		case 3:
			bed_agent(b, (uint32_t)(r >> 20) % 4, does[(r >> 30) % 8]);
			break;
		case 4:
			bed_tick(b, 1 + (int64_t)((r >> 16) % 5000));
			break;
		default:
			ev = bed_leg(types[(r >> 40) % 7], leg, 200);
			ev.u.media.tag = (uint32_t)(r >> 50) % 3;
			bed_step(b, ev);
			break;
		}
	}
	for (uint32_t i = 0; i < 64; i++) {
		bed_step(b, bed_leg(ZV_EV_SIP_ENDED, legs[i], 0));
		bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, legs[i], 0));
	}
	for (uint32_t i = 0; i < 200; i++)
		bed_tick(b, 5000);
	cr_assert_gt(came, 1000);
	cr_expect_eq(m.over, came, "%u of %u have ended", m.over, came);
	s = stats(b, 0);
	cr_expect_eq(s.waiting, 0);
	cr_expect_eq(s.came, s.served + s.given_up, "%lu, %lu, %lu", (unsigned long)s.came,
		     (unsigned long)s.served, (unsigned long)s.given_up);
	cr_expect_gt(s.served, 50);
	cr_expect_gt(m.missed, 50);
	cr_expect_eq(bed_stats(b).mended, 0);
	for (uint32_t i = 0; i < 4; i++)
		cr_expect_neq(zv_engine_agent(b->engine, i)->state, ZV_AG_TALKING);
	for (uint32_t i = 0; i < 64; i++) { /* all legs are free again */
		ring(b, 79169000000 + i, LINE_SALES);
		cr_assert_eq(bed_count(b, ZV_CMD_ACCEPT), 1, "leg %u", i);
	}
	bed_destroy(b);
}
