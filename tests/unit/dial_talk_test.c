#include <criterion/criterion.h>
#include <string.h>

#include "dial/talk/talk.h"

/* 0 asks (1 -> 1, 2 -> 2), 1 and 2 end. */
static struct zv_talk_graph sound(void)
{
	struct zv_talk_graph g = {.n_nodes = 3, .n_prompts = 2};
	struct zv_talk_node *ask = &g.nodes[0];

	*ask = (struct zv_talk_node){.op = ZV_TALK_ASK, .prompt = 0, .barge_in = 1, .repeat_max = 1,
				     .no_input = ZV_TALK_NONE, .wrong_key = ZV_TALK_NONE,
				     .wrong_prompt = 1, .wait_ms = 3000};
	memset(ask->on_key, ZV_TALK_NONE, sizeof(ask->on_key));
	ask->on_key[1] = 1;
	ask->on_key[2] = 2;
	g.nodes[1] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 1};
	g.nodes[2] = (struct zv_talk_node){.op = ZV_TALK_END, .outcome = ZV_OUT_ANSWERED, .result = 2};
	return g;
}

static const char *complaint(const struct zv_talk_graph *g)
{
	const char *text = "";
	uint8_t node;

	return zv_talk_check(g, &node, &text) == ZV_OK ? "" : text;
}

Test(talk, a_sound_script_passes)
{
	struct zv_talk_graph g = sound();

	cr_assert_str_eq(complaint(&g), "");
}

Test(talk, a_wrong_key_prompt_that_does_not_exist_is_refused)
{
	struct zv_talk_graph g = sound();

	g.nodes[0].wrong_prompt = 2;
	cr_assert_not_null(strstr(complaint(&g), "prompt"));
}

Test(talk, a_question_repeated_for_ever_is_refused)
{
	struct zv_talk_graph g = sound();

	g.nodes[0].repeat_max = UINT8_MAX;
	cr_assert_not_null(strstr(complaint(&g), "again"));
}

Test(talk, a_dead_end_is_refused)
{
	struct zv_talk_graph g = sound();

	g.nodes[2] = (struct zv_talk_node){.op = ZV_TALK_WAIT, .next = 2, .wait_ms = 10};
	cr_assert_not_null(strstr(complaint(&g), "dead end"));
}

Test(talk, asks_again_after_a_wrong_key_and_then_gives_up)
{
	struct zv_talk_graph g = sound();
	struct zv_talk t = {0};
	struct zv_talk_act a = zv_talk_start(&t, &g, 0);

	cr_assert_eq(a.what, ZV_TALK_DO_PLAY);
	a = zv_talk_key(&t, &g, '9', 10);
	cr_assert_eq(a.what, ZV_TALK_DO_STOP_PLAY);
	cr_assert_eq(a.prompt, 1);
	a = zv_talk_played(&t, &g, a.tag, 20);
	cr_assert_eq(a.prompt, 0);
	a = zv_talk_key(&t, &g, '9', 30);
	cr_assert_eq(a.what, ZV_TALK_DO_END);
	cr_assert_eq(a.outcome, ZV_OUT_ANSWERED);
	cr_assert_eq(a.result, 0);
}

Test(talk, silence_ends_as_silent_after_the_repetitions)
{
	struct zv_talk_graph g = sound();
	struct zv_talk t = {0};
	struct zv_talk_act a = zv_talk_start(&t, &g, 0);

	(void)zv_talk_played(&t, &g, a.tag, 1000);
	cr_assert_eq(t.deadline_ms, 4000);
	a = zv_talk_timeout(&t, &g, 4000);
	cr_assert_eq(a.what, ZV_TALK_DO_PLAY);
	(void)zv_talk_played(&t, &g, a.tag, 5000);
	a = zv_talk_timeout(&t, &g, 8000);
	cr_assert_eq(a.what, ZV_TALK_DO_END);
	cr_assert_eq(a.outcome, ZV_OUT_SILENT);
}
