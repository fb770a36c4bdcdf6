/* Answer detection and early media in the engine: what a verdict leads to, whom it frees, what is
 * counted, and what a call without one becomes. */
#include "dial_bed.h"
#include "dial/route/outcome.h"

#define MACHINE_WORDS 4711u

static struct bed *campaign(uint8_t detect, uint8_t pace)
{
	struct bed *b = bed_create(3);
	struct zv_campaign_conf *c = &b->conf.campaigns[0];

	c->detect = detect;
	c->detect_max_ms = 5200;
	c->pace = pace;
	c->abandon_prompt = 77;
	c->early_media = ZV_EARLY_LISTEN;
	c->listen = (struct zv_listen){.total_analysis_time = 5000, .greeting = 1500, .silence_threshold = 256};
	return b;
}

static void open_with(struct bed *b, uint32_t agents)
{
	bed_open(b);
	bed_start(b, 7);
	for (uint32_t i = 0; i < agents; i++)
		bed_ready(b, i);
}

/* A call is placed; its leg. */
static struct zv_leg_id dialled(struct bed *b, uint32_t lead)
{
	bed_send(b, bed_fill(b, lead, 7));
	for (int i = 0; i < 50 && bed_cmd(b, ZV_CMD_DIAL) == NULL; i++)
		bed_tick(b, 100);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	return bed_cmd(b, ZV_CMD_DIAL)->leg;
}

static void answer(struct bed *b, struct zv_leg_id leg)
{
	struct zv_event ev = bed_leg(ZV_EV_SIP_ANSWERED, leg, 200);

	ev.u.sip.sdp = 1;
	ev.u.sip.payload_type = 8;
	bed_step(b, ev);
}

static void verdict(struct bed *b, struct zv_leg_id leg, enum zv_listen_to to, enum zv_heard heard,
		    enum zv_heard_by by)
{
	struct zv_event ev = bed_leg(ZV_EV_MEDIA_VERDICT, leg, 0);

	ev.u.media.cause = (uint8_t)heard;
	ev.u.media.by = (uint8_t)by;
	ev.u.media.listen = (uint8_t)to;
	ev.u.media.at_ms = 1200;
	bed_step(b, ev);
}

static void machine(struct bed *b, struct zv_leg_id leg)
{
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_MACHINE, ZV_HEARD_BY_LONGGREETING);
}

static void progress(struct bed *b, struct zv_leg_id leg, uint32_t code, bool sdp)
{
	struct zv_event ev = bed_leg(ZV_EV_SIP_PROGRESS, leg, code);

	ev.u.sip.sdp = sdp;
	ev.u.sip.payload_type = 8;
	bed_step(b, ev);
}

static int outcome(const struct bed *b)
{
	return bed_cmd(b, ZV_CMD_OUTCOME) == NULL ? -1 : bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.outcome;
}

static const struct zv_cmd *heard_step(const struct bed *b)
{
	for (uint32_t i = 0; i < b->n_kept; i++)
		if (b->kept[i].type == ZV_CMD_LADDER && b->kept[i].u.ladder.what == ZV_LADDER_HEARD)
			return &b->kept[i];
	return NULL;
}

static struct zv_trunk_stats trunk(const struct bed *b)
{
	struct zv_trunk_stats t;

	zv_engine_get_trunk(b->engine, 0, &t);
	return t;
}

static uint8_t state_of(const struct bed *b, uint32_t agent)
{
	return zv_engine_agent(b->engine, agent)->state;
}

static int failed(struct bed *b, struct zv_leg_id leg, uint32_t code)
{
	struct zv_event ev = bed_leg(ZV_EV_SIP_FAILED, leg, code);

	ev.u.sip.cancelled = code == 487;
	bed_step(b, ev);
	return outcome(b);
}

/* ---- before a bridge ---- */

Test(heard, nobody_is_bridged_before_the_verdict_and_a_person_is_at_once)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	const struct zv_cmd *listen;
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	cr_expect_null(bed_cmd(b, ZV_CMD_BRIDGE));
	listen = bed_cmd(b, ZV_CMD_MEDIA_LISTEN);
	cr_assert_not_null(listen);
	cr_expect_eq(listen->u.listen.to, ZV_LISTEN_ANSWER);
	cr_expect_eq(listen->u.listen.greeting, 1500);
	cr_expect_eq(listen->u.listen.revise, 0, "the first verdict is acted on");
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_BRIDGE));
	cr_assert_not_null(heard_step(b));
	cr_expect_eq(heard_step(b)->u.ladder.code, ZV_HEARD_CODE(ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN));
	cr_expect_eq(trunk(b).heard.n[ZV_HEARD_PERSON][ZV_HEARD_BY_HUMAN], 1);
	cr_expect_eq(trunk(b).heard.ms, 1200);
	bed_destroy(b);
}

Test(heard, not_sure_in_time_is_a_person)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	bed_tick(b, 5100);
	cr_expect_null(bed_cmd(b, ZV_CMD_BRIDGE));
	bed_tick(b, 200);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_BRIDGE));
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_LISTEN));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.to, ZV_LISTEN_OFF);
	cr_expect_eq(trunk(b).heard.late, 1);
	machine(b, leg); /* was on its way */
	cr_expect_eq(state_of(b, 0), ZV_AG_READY, "it is believed all the same");
	bed_destroy(b);
}

Test(heard, a_rules_seconds_end_the_listening_and_what_is_left_is_for_the_wait)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	struct zv_rule *r = set_rule(&b->set, "T-WITHIN", ZV_RULE_TREAT);
	struct zv_leg_id leg;

	r->u.treat.agent_within_ms = 2000;
	r->u.treat.within_from = ZV_FROM_ANSWER;
	open_with(b, 1);
	leg = dialled(b, 1);
	bed_agent(b, 0, ZV_AD_PAUSE);
	answer(b, leg);
	bed_tick(b, 1500);
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	bed_tick(b, 450);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	bed_tick(b, 100);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY), "two seconds after the answer he hears the message");
	bed_destroy(b);

	b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	set_rule(&b->set, "T-WITHIN", ZV_RULE_TREAT)->u.treat.agent_within_ms = 2000;
	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	bed_tick(b, 2050);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_BRIDGE), "no verdict within the rule's seconds: a person");
	bed_destroy(b);
}

Test(heard, a_machine_is_hung_up_and_its_call_is_one_of_machines)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	machine(b, leg);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_HANGUP));
	cr_expect_eq(outcome(b), ZV_OUT_MACHINE);
	cr_expect_eq(state_of(b, 0), ZV_AG_READY);
	cr_expect_eq(trunk(b).heard.n[ZV_HEARD_MACHINE][ZV_HEARD_BY_LONGGREETING], 1);
	bed_destroy(b);
}

Test(heard, a_machine_hears_its_message_after_the_beep_and_no_sooner)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	struct zv_event played;
	struct zv_leg_id leg;

	b->conf.campaigns[0].machine_prompt = MACHINE_WORDS;
	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	machine(b, leg);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_LISTEN));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.to, ZV_LISTEN_BEEP);
	cr_expect_eq(outcome(b), -1);
	bed_tick(b, 3000);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	verdict(b, leg, ZV_LISTEN_BEEP, ZV_HEARD_MACHINE, ZV_HEARD_BY_BEEP);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_PLAY)->u.play.prompt, MACHINE_WORDS);
	played = bed_leg(ZV_EV_MEDIA_PLAYED, leg, 0);
	played.u.media.tag = bed_cmd(b, ZV_CMD_MEDIA_PLAY)->u.play.tag;
	bed_step(b, played);
	cr_expect_eq(outcome(b), ZV_OUT_MACHINE);
	cr_expect(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.facts & ZV_FACT_BIT(ZV_FACT_MESSAGE),
		  "somebody will hear it: it is a message");

	/* one that never beeps is told all the same */
	leg = dialled(b, 2);
	answer(b, leg);
	machine(b, leg);
	bed_tick(b, 19000);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	bed_tick(b, 1100);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, leg, 0));
	cr_expect_eq(outcome(b), ZV_OUT_MACHINE);
	bed_destroy(b);
}

/* ---- while bridged ---- */

Test(heard, a_machine_frees_its_agent_at_once_and_he_writes_nothing_down)
{
	struct bed *b = campaign(ZV_DETECT_WHILE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_BRIDGE), "he hears from the answer on");
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.revise, 1);
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	cr_expect_eq(state_of(b, 0), ZV_AG_TALKING);
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_MACHINE, ZV_HEARD_BY_BEEP); /* it is revised */
	cr_expect_eq(state_of(b, 0), ZV_AG_READY);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_UNBRIDGE));
	cr_expect_not_null(bed_cmd(b, ZV_CMD_HANGUP));
	cr_assert_eq(outcome(b), ZV_OUT_MACHINE);
	cr_expect_eq(bed_cmd(b, ZV_CMD_OUTCOME)->u.outcome.agent, 1 + 100);
	cr_expect_eq(trunk(b).heard.revised, 1);
	bed_destroy(b);
}

Test(heard, a_freed_agent_takes_the_next_while_the_machine_hears_its_message)
{
	struct bed *b = campaign(ZV_DETECT_WHILE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg, next;

	b->conf.campaigns[0].machine_prompt = MACHINE_WORDS;
	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	machine(b, leg);
	cr_expect_eq(state_of(b, 0), ZV_AG_READY);
	cr_expect_null(bed_cmd(b, ZV_CMD_HANGUP));
	next = dialled(b, 2);
	answer(b, next);
	cr_expect_eq(state_of(b, 0), ZV_AG_TALKING);
	verdict(b, leg, ZV_LISTEN_BEEP, ZV_HEARD_MACHINE, ZV_HEARD_BY_BEEP);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_PLAY)->leg.slot, leg.slot);
	bed_tick(b, 1000); /* the reconciliation looks */
	bed_step(b, bed_leg(ZV_EV_SIP_ENDED, leg, 0));
	cr_expect_eq(outcome(b), ZV_OUT_MACHINE);
	cr_expect_eq(state_of(b, 0), ZV_AG_TALKING, "that call ends without him");
	struct zv_engine_stats stats;

	zv_engine_get_stats(b->engine, &stats);
	cr_expect_eq(stats.mended, 0);
	bed_destroy(b);
}

Test(heard, a_machine_that_waits_for_an_agent_is_not_abandoned)
{
	struct bed *b = campaign(ZV_DETECT_WHILE, ZV_PACE_PROGRESSIVE);
	struct zv_engine_stats stats;
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	bed_agent(b, 0, ZV_AD_PAUSE);
	answer(b, leg);
	machine(b, leg);
	cr_expect_eq(outcome(b), ZV_OUT_MACHINE);
	bed_tick(b, 5000);
	zv_engine_get_stats(b->engine, &stats);
	cr_expect_eq(stats.abandoned, 0);
	bed_destroy(b);
}

Test(heard, without_detection_nobody_is_listened_to)
{
	struct bed *b = campaign(ZV_DETECT_OFF, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_LISTEN));
	cr_expect_not_null(bed_cmd(b, ZV_CMD_BRIDGE));
	bed_destroy(b);
}

/* ---- corrections ---- */

static int desk(struct bed *b, enum zv_desk what)
{
	struct zv_event ev = {.type = ZV_EV_DESK, .code = 0, .u.desk = {.what = (uint8_t)what, .to = ZV_AGENT_NONE}};

	bed_step(b, ev);
	return bed_cmd(b, ZV_CMD_DESK) == NULL ? -1 : (int)bed_cmd(b, ZV_CMD_DESK)->u.desk.err;
}

Test(heard, what_agents_correct_is_counted_by_trunk_and_told_to_the_next_listening)
{
	struct bed *b = campaign(ZV_DETECT_WHILE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	cr_expect_eq(desk(b, ZV_DESK_PERSON), ZV_EDENIED, "nothing was taken from him");
	cr_expect_eq(desk(b, ZV_DESK_MACHINE), ZV_OK);
	cr_expect_eq(trunk(b).heard.persons_wrong, 1);
	leg = dialled(b, 2);
	answer(b, leg);
	machine(b, leg);
	cr_expect_eq(desk(b, ZV_DESK_PERSON), ZV_OK);
	cr_expect_eq(desk(b, ZV_DESK_PERSON), ZV_EDENIED, "once");
	cr_expect_eq(trunk(b).heard.machines_wrong, 1);
	leg = dialled(b, 3);
	answer(b, leg);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_LISTEN));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.persons, 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.machines, 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.persons_wrong, 1);
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.machines_wrong, 1);
	bed_destroy(b);
}

/* ---- robots ---- */

static struct bed *robot(uint8_t detect)
{
	struct bed *b = campaign(detect, 0);

	memset(b->graph.nodes[1].on_key, ZV_TALK_NONE, sizeof(b->graph.nodes[1].on_key));
	b->graph.n_nodes = 2;
	b->graph.start = 1;
	b->graph.n_prompts = 1;
	b->graph.nodes[1].op = ZV_TALK_ASK;
	b->graph.nodes[1].wait_ms = 60000;
	b->graph.nodes[1].repeat_max = 1;
	b->graph.nodes[1].no_input = b->graph.nodes[1].wrong_key = b->graph.nodes[1].wrong_prompt = ZV_TALK_NONE;
	b->graph.nodes[1].on_key[1] = 0;
	open_with(b, 0);
	return b;
}

Test(heard, a_robot_begins_when_it_is_a_person_or_stops_when_it_is_a_machine)
{
	struct bed *b = robot(ZV_DETECT_BEFORE);
	struct zv_leg_id leg = dialled(b, 1);

	answer(b, leg);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_UNSURE, ZV_HEARD_BY_TOOLONG);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	bed_destroy(b);

	b = robot(ZV_DETECT_WHILE);
	leg = dialled(b, 1);
	answer(b, leg);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_MEDIA_PLAY));
	machine(b, leg);
	cr_expect_eq(outcome(b), ZV_OUT_MACHINE);
	bed_destroy(b);
}

Test(heard, a_key_says_that_it_is_a_person_whatever_it_sounded_like)
{
	struct bed *b = robot(ZV_DETECT_WHILE);
	struct zv_leg_id leg = dialled(b, 1);
	struct zv_event key = bed_leg(ZV_EV_MEDIA_KEY, leg, 0);

	answer(b, leg);
	key.u.media.key = '5';
	bed_step(b, key);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_LISTEN));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.to, ZV_LISTEN_OFF);
	machine(b, leg);
	cr_expect_eq(outcome(b), -1);
	bed_destroy(b);
}

/* ---- early media ---- */

Test(heard, announcements_are_told_from_ringing)
{
	static const struct {
		uint32_t code;
		enum zv_heard heard;
		enum zv_heard_by by;
		enum zv_outcome want;
	} rows[] = {
		{480, ZV_HEARD_UNREACHABLE, ZV_HEARD_BY_ANNOUNCEMENT, ZV_OUT_UNREACHABLE},
		{480, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK, ZV_OUT_NO_ANSWER},
		{487, ZV_HEARD_UNREACHABLE, ZV_HEARD_BY_SIT, ZV_OUT_UNREACHABLE},
		{487, ZV_HEARD_RINGING, ZV_HEARD_BY_MUSIC, ZV_OUT_NO_ANSWER},
		{487, ZV_HEARD_BUSY, ZV_HEARD_BY_BUSYTONE, ZV_OUT_BUSY},
		{487, ZV_HEARD_CONGESTION, ZV_HEARD_BY_BUSYTONE, ZV_OUT_FAILED},
		{486, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK, ZV_OUT_BUSY},
		{404, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK, ZV_OUT_UNREACHABLE},
		{500, ZV_HEARD_UNREACHABLE, ZV_HEARD_BY_ANNOUNCEMENT, ZV_OUT_UNREACHABLE},
		{500, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK, ZV_OUT_FAILED},
	};
	struct bed *b = campaign(ZV_DETECT_OFF, 0);

	open_with(b, 0);
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct zv_leg_id leg = dialled(b, 1 + i);

		progress(b, leg, 183, true);
		cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_OPEN));
		cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_LISTEN));
		cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.to, ZV_LISTEN_EARLY);
		verdict(b, leg, ZV_LISTEN_EARLY, rows[i].heard, rows[i].by);
		cr_expect_null(bed_cmd(b, ZV_CMD_CANCEL));
		cr_expect_eq(failed(b, leg, rows[i].code), (int)rows[i].want, "row %u", i);
		cr_expect_not_null(bed_cmd(b, ZV_CMD_MEDIA_CLOSE));
		bed_step(b, bed_leg(ZV_EV_SIP_CLOSED, leg, 0));
	}
	cr_expect_eq(trunk(b).heard.n[ZV_HEARD_UNREACHABLE][ZV_HEARD_BY_ANNOUNCEMENT], 2);
	bed_destroy(b);
}

Test(heard, who_rang_for_long_before_the_announcement_does_not_answer)
{
	struct bed *b = campaign(ZV_DETECT_OFF, 0);
	struct zv_leg_id leg;

	open_with(b, 0);
	leg = dialled(b, 1);
	progress(b, leg, 180, false);
	cr_expect_null(bed_cmd(b, ZV_CMD_MEDIA_OPEN));
	bed_tick(b, 20000);
	progress(b, leg, 183, true);
	bed_tick(b, 1200);
	verdict(b, leg, ZV_LISTEN_EARLY, ZV_HEARD_UNREACHABLE, ZV_HEARD_BY_ANNOUNCEMENT);
	cr_expect_eq(failed(b, leg, 480), ZV_OUT_NO_ANSWER);
	bed_destroy(b);
}

Test(heard, a_campaign_may_give_up_at_once_and_keeps_what_was_heard)
{
	struct bed *b = campaign(ZV_DETECT_OFF, 0);
	struct zv_leg_id leg;

	b->conf.campaigns[0].early_media = ZV_EARLY_CANCEL;
	open_with(b, 0);
	leg = dialled(b, 1);
	progress(b, leg, 183, true);
	verdict(b, leg, ZV_LISTEN_EARLY, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK);
	cr_expect_null(bed_cmd(b, ZV_CMD_CANCEL));
	verdict(b, leg, ZV_LISTEN_EARLY, ZV_HEARD_UNREACHABLE, ZV_HEARD_BY_SIT);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_CANCEL));
	cr_expect_eq(outcome(b), ZV_OUT_UNREACHABLE, "the bed answers the CANCEL by a 487");
	bed_destroy(b);
}

Test(heard, an_answer_after_early_media_goes_on_with_the_same_stream)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	progress(b, leg, 183, true);
	verdict(b, leg, ZV_LISTEN_EARLY, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK);
	answer(b, leg);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_MEDIA_OPEN));
	cr_expect_eq(bed_cmd(b, ZV_CMD_MEDIA_LISTEN)->u.listen.to, ZV_LISTEN_ANSWER);
	verdict(b, leg, ZV_LISTEN_EARLY, ZV_HEARD_RINGING, ZV_HEARD_BY_RINGBACK); /* was on its way */
	cr_expect_null(bed_cmd(b, ZV_CMD_BRIDGE));
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_PERSON, ZV_HEARD_BY_HUMAN);
	cr_expect_not_null(bed_cmd(b, ZV_CMD_BRIDGE));
	bed_destroy(b);
}

Test(heard, the_next_trunk_waits_until_the_early_media_of_the_first_are_closed)
{
	struct bed *b = campaign(ZV_DETECT_OFF, 0);
	struct zv_event ev;
	struct zv_leg_id leg;

	b->conf.n_trunks = 2;
	b->conf.trunks[1] = b->conf.trunks[0];
	snprintf(b->conf.trunks[1].name, sizeof(b->conf.trunks[1].name), "b");
	open_with(b, 0);
	leg = dialled(b, 1);
	progress(b, leg, 183, true);
	verdict(b, leg, ZV_LISTEN_EARLY, ZV_HEARD_CONGESTION, ZV_HEARD_BY_BUSYTONE);
	ev = bed_leg(ZV_EV_SIP_FAILED, leg, 503);
	b->now.mono_ms++;
	b->n_kept = 0;
	bed_one(b, &ev);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_MEDIA_CLOSE));
	ev = bed_leg(ZV_EV_INTENT_FLUSHED, leg, 0);
	ev.attempt = bed_cmd(b, ZV_CMD_MEDIA_CLOSE)->attempt;
	bed_one(b, &ev);
	ev = bed_leg(ZV_EV_SIP_CLOSED, leg, 0);
	bed_one(b, &ev);
	cr_expect_null(bed_cmd(b, ZV_CMD_DIAL));
	ev = bed_leg(ZV_EV_MEDIA_CLOSED, leg, 0);
	bed_one(b, &ev);
	cr_assert_not_null(bed_cmd(b, ZV_CMD_DIAL));
	cr_expect_neq(bed_cmd(b, ZV_CMD_DIAL)->leg.gen, leg.gen);
	bed_destroy(b);
}

Test(heard, senseless_verdicts_change_nothing)
{
	struct bed *b = campaign(ZV_DETECT_BEFORE, ZV_PACE_PROGRESSIVE);
	struct zv_leg_id leg;

	open_with(b, 1);
	leg = dialled(b, 1);
	answer(b, leg);
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_MAX, ZV_HEARD_BY_HUMAN);
	verdict(b, leg, ZV_LISTEN_ANSWER, ZV_HEARD_MACHINE, ZV_HEARD_BY_MAX);
	cr_expect_null(bed_cmd(b, ZV_CMD_BRIDGE));
	cr_expect_eq(outcome(b), -1);
	cr_expect_str_eq(zv_heard_name(ZV_HEARD_MAX), "none");
	cr_expect_str_eq(zv_heard_by_name(ZV_HEARD_BY_ANNOUNCEMENT), "announcement");
	bed_destroy(b);
}
