/* tests/sim/steps.h -- one engine driven step by step by hand, for tests that look at each command.
 * Include it once a test; `b` is the bed. */
#ifndef ZV_TESTS_SIM_STEPS_H
#define ZV_TESTS_SIM_STEPS_H

#include <criterion/criterion.h>
#include <string.h>

#include "lawbed.h"

static struct bed *b;

/* The last step's command of a type (of the n-th, from 0), NULL if there was none. */
static inline const struct zv_cmd *cmd_n(enum zv_cmd_type type, uint32_t n)
{
	for (uint32_t i = 0; i < b->out.n; i++)
		if (b->out.v[i].type == type && n-- == 0)
			return &b->out.v[i];
	return NULL;
}

static inline const struct zv_cmd *cmd_of(enum zv_cmd_type type)
{
	return cmd_n(type, 0);
}

static inline const struct zv_cmd *told(enum zv_tell what)
{
	for (uint32_t i = 0; i < b->out.n; i++)
		if (b->out.v[i].type == ZV_CMD_TELL && b->out.v[i].u.tell.what == what)
			return &b->out.v[i];
	return NULL;
}

static inline void start(uint32_t persons)
{
	b = bed_create(persons);
}

static inline void open_bed(void)
{
	bed_open(b, 1);
}

static inline void offer(uint32_t slab, uint32_t person, uint32_t campaign)
{
	bed_fill(b, slab, slab + 1, person, campaign);
	bed_offer(b, slab);
}

static inline void fresh(uint32_t person)
{
	set_person(&b->persons[person], person + 1, bed_number(person), b->zone);
}

static inline void answer(enum zv_cmd_type cmd, enum zv_event_type type)
{
	const struct zv_cmd *c = cmd_of(cmd);
	struct zv_event ev = {.type = (uint16_t)type};

	cr_assert_not_null(c, "no command %d", (int)cmd);
	b->n_waiting = 0; /* this test answers by itself */
	ev.leg = c->leg;
	ev.attempt = c->attempt;
	bed_step(b, &ev);
}

static inline struct zv_leg_id to_intent(uint32_t slab, uint32_t person)
{
	fresh(person);
	offer(slab, person, 1);
	cr_assert_not_null(cmd_of(ZV_CMD_RESERVE));
	answer(ZV_CMD_RESERVE, ZV_EV_RESERVED);
	cr_assert_not_null(cmd_of(ZV_CMD_INTENT));
	return cmd_of(ZV_CMD_INTENT)->leg;
}

static inline struct zv_leg_id to_dial(uint32_t slab, uint32_t person)
{
	struct zv_leg_id leg = to_intent(slab, person);

	answer(ZV_CMD_INTENT, ZV_EV_INTENT_FLUSHED);
	cr_assert_not_null(cmd_of(ZV_CMD_DIAL));
	return leg;
}

static inline void event(enum zv_event_type type, struct zv_leg_id leg, uint32_t code)
{
	struct zv_event ev = {.type = (uint16_t)type, .leg = leg, .code = code};

	ev.u.sip.sdp = type == ZV_EV_SIP_ANSWERED;
	bed_step(b, &ev);
}

static inline void end(void)
{
	bed_destroy(b);
}

static inline int64_t moscow(int day, int minutes)
{
	return BED_START_MS - 9 * SET_HOUR_MS + day * SET_DAY_MS + minutes * INT64_C(60000);
}

/* 9 opts out, everywhere. */
static inline void script_with_goodbye(void)
{
	struct zv_talk_node *n = b->script.nodes;

	b->script = (struct zv_talk_graph){.n_nodes = 3, .start = 0, .n_prompts = 2};
	n[0] = (struct zv_talk_node){.op = ZV_TALK_ASK, .barge_in = 1, .wait_ms = 5000,
				     .no_input = ZV_TALK_NONE, .wrong_key = ZV_TALK_NONE,
				     .wrong_prompt = ZV_TALK_NONE};
	memset(n[0].on_key, ZV_TALK_NONE, sizeof(n[0].on_key));
	n[0].on_key[9] = 1;
	n[1] = (struct zv_talk_node){.op = ZV_TALK_SAY, .prompt = 1, .next = 2};
	n[2] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED,
				     .optout = ZV_TALK_OUT_EVERYWHERE};
}

#endif
