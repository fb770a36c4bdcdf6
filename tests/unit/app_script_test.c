#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/script.h"
#include "conf_said.h"

static struct said said;
static const char *const results[] = {"yes", "no"};
static const char *const columns[] = {"name"};

static struct zv_script *load(const char *text)
{
	struct zv_script_params p = {
		.wav_dir = "/wavs", .n_results = 2, .results = results, .n_columns = 1, .columns = columns,
	};
	struct zv_conf_sink sink = said_sink(&said);
	char path[] = "/tmp/zv-script-XXXXXX";
	struct zv_script *script = NULL;
	int fd = mkstemp(path);
	enum zv_err err;

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	p.path = path;
	err = zv_script_load(&p, &sink, &script);
	unlink(path);
	cr_assert_eq(err == ZV_OK, sink.n_errors == 0, "%s", said.text);
	return err == ZV_OK ? script : NULL;
}

static void refused(const char *text, const char *why)
{
	cr_assert_null(load(text), "taken: %s", text);
	cr_assert_not_null(strstr(said.text, why), "said: %s", said.text);
}

#define GOOD                                                                                       \
	"start: a\n"                                                                               \
	"abandon_message: Извините\n"                                                              \
	"nodes:\n"                                                                                 \
	"  bye: {end: answered, result: \"no\"}\n"                                                 \
	"  a: {say: \"Привет, {{name}}\", next: b}\n"                                              \
	"  b: {play: x.wav, next: c}\n"                                                            \
	"  c: {wait: 2s, next: q}\n"                                                               \
	"  q:\n"                                                                                   \
	"    ask: Да?\n"                                                                           \
	"    keys: {\"1\": ok, \"*\": bye}\n"                                                      \
	"    wait: 4s\n"                                                                           \
	"    repeat: 2\n"                                                                          \
	"    barge_in: no\n"                                                                       \
	"    no_input: s\n"                                                                        \
	"    wrong_key: bye\n"                                                                     \
	"    wrong_say: \"Привет, {{name}}\"\n"                                                    \
	"  ok: {end: answered, result: \"yes\"}\n"                                                 \
	"  s: {end: silent}\n"

Test(script, a_file_becomes_the_graph_that_it_describes)
{
	struct zv_script *s = load(GOOD);
	const struct zv_talk_node *n;

	cr_assert_not_null(s, "%s", said.text);
	n = s->graph.nodes;
	cr_assert_eq(s->graph.n_nodes, 7);
	cr_assert_eq(s->graph.start, 1);
	cr_assert_eq(n[1].op, ZV_TALK_SAY);
	cr_assert_eq(n[1].next, 2);
	cr_assert_str_eq(s->prompts[n[1].prompt].text, "Привет, {{name}}");
	cr_assert_str_eq(s->prompts[n[2].prompt].wav, "/wavs/x.wav");
	cr_assert_eq(n[3].op, ZV_TALK_WAIT);
	cr_assert_eq(n[3].wait_ms, 2000);
	cr_assert_eq(n[4].op, ZV_TALK_ASK);
	cr_assert_eq(n[4].wait_ms, 4000);
	cr_assert_eq(n[4].repeat_max, 2);
	cr_assert_eq(n[4].barge_in, 0);
	cr_assert_eq(n[4].on_key[zv_talk_key_index('1')], 5);
	cr_assert_eq(n[4].on_key[zv_talk_key_index('*')], 0);
	cr_assert_eq(n[4].on_key[zv_talk_key_index('2')], ZV_TALK_NONE);
	cr_assert_eq(n[4].no_input, 6);
	cr_assert_eq(n[4].wrong_key, 0);
	cr_assert_eq(n[4].wrong_prompt, n[1].prompt, "the same text is one prompt");
	cr_assert_eq(n[0].outcome, ZV_OUT_ANSWERED);
	cr_assert_eq(n[0].result, 2);
	cr_assert_eq(n[5].result, 1);
	cr_assert_eq(n[6].outcome, ZV_OUT_SILENT);
	cr_assert_str_eq(s->prompts[s->abandon_prompt].text, "Извините");
	cr_assert_eq(s->n_prompts, 4);
	zv_script_free(s);
	zv_script_free(NULL);
}

Test(script, a_dead_end_is_told_with_its_line)
{
	refused("nodes:\n  a: {say: hi, next: b}\n  b: {say: lo, next: a}\n", ":2:3: nodes.a is a dead end");
	refused("nodes:\n  a: {say: hi}\n", ":2:3: nodes.a is a dead end: 'next' is missing");
	refused("nodes:\n  a: {end: silent}\n  lost: {end: silent}\n", ":3:3: nodes.lost is never reached");
}

Test(script, names_that_lead_nowhere_are_told_with_their_place)
{
	refused("nodes:\n  a: {say: hi, next: nowhere}\n", ":2:22: there is no node 'nowhere'");
	refused("start: x\nnodes:\n  a: {end: silent}\n", ":1:8: there is no node 'x'");
	refused("nodes:\n  a: {end: answered, result: maybe}\n", "'maybe' is none of the campaign's results");
	refused("nodes:\n  a: {ask: hi, keys: {\"1\": b}}\n", "there is no node 'b'");
	refused("nodes:\n  a: {ask: hi, keys: {\"11\": a, x: a}}\n", "'11' is no key");
}

Test(script, keys_that_do_not_go_together_are_refused)
{
	refused("nodes:\n  a: {say: hi, keys: {}}\n", "'keys' does not go with 'say'");
	refused("nodes:\n  a: {end: silent, next: a}\n", "'next' does not go with 'end'");
	refused("nodes:\n  a: {say: hi, play: x, next: a}\n", "'play' does not go with 'say'");
	refused("nodes:\n  a: {next: a}\n", ":2:3: a node needs one of say");
	refused("nodes:\n  a: {sya: hi}\n", "did you mean 'say'?");
	refused("nodes:\n  a: {ask: hi}\n", "nodes.a asks but no key is an answer");
	refused("nodes: {}\n", "1 to 64 nodes");
	refused("", "1 to 64 nodes");
}

Test(script, texts_are_checked_as_templates)
{
	struct zv_script *s;

	refused("nodes:\n  a: {say: \"{{name\", next: b}\n  b: {end: silent}\n", ":2:12: a {{ without its }}");
	refused("abandon_message: \"{{name}}\"\nnodes:\n  a: {end: silent}\n", "has no variables");
	s = load("nodes:\n  a: {say: \"{{city}} {{town|x}} {{name}}\", next: b}\n  b: {end: silent}\n");
	cr_assert_not_null(s, "a hole is a warning");
	cr_assert_not_null(strstr(said.text, "warning: {{city}} is no column"), "%s", said.text);
	cr_assert_null(strstr(said.text, "town"));
	zv_script_free(s);
}

Test(script, more_prompts_or_nodes_than_fit_are_refused)
{
	char *text = malloc(65536);
	size_t n = (size_t)sprintf(text, "nodes:\n");

	for (int i = 0; i < 30; i++)
		n += (size_t)sprintf(text + n, "  n%d: {say: text %d, next: n%d}\n", i, i, i + 1);
	sprintf(text + n, "  n30: {end: silent}\n");
	refused(text, "at most 24 different prompts");
	n = (size_t)sprintf(text, "nodes:\n");
	for (int i = 0; i < 70; i++)
		n += (size_t)sprintf(text + n, "  n%d: {end: silent}\n", i);
	refused(text, "this one has 70");
	free(text);
}

Test(script, a_changed_script_has_another_hash)
{
	struct zv_script *a = load(GOOD), *b = load(GOOD);
	struct zv_script *c = load("nodes:\n  a: {end: silent}\n");

	cr_assert_eq(a->hash, b->hash);
	cr_assert_neq(a->hash, c->hash);
	zv_script_free(a);
	zv_script_free(b);
	zv_script_free(c);
}

Test(script, an_end_may_say_that_the_person_is_called_no_more)
{
	struct zv_script *s = load("nodes:\n"
				   "  a: {ask: Да?, keys: {\"1\": b, \"2\": c}, no_input: d}\n"
				   "  b: {end: answered, result: \"no\", optout: everywhere}\n"
				   "  c: {end: answered, optout: campaign}\n"
				   "  d: {end: silent}\n");

	cr_assert_not_null(s, "%s", said.text);
	cr_assert_eq(s->graph.nodes[1].optout, ZV_TALK_OUT_EVERYWHERE);
	cr_assert_eq(s->graph.nodes[2].optout, ZV_TALK_OUT_CAMPAIGN);
	cr_assert_eq(s->graph.nodes[3].optout, ZV_TALK_STAYS);
	zv_script_free(s);
	refused("nodes:\n  a: {end: silent, optout: yes}\n", "allowed: one of: campaign everywhere");
	refused("nodes:\n  a: {wait: 1s, next: b, optout: campaign}\n  b: {end: silent}\n",
		"'optout' does not go with 'wait'");
}

Test(script, yes_leads_to_an_agent_and_a_node_says_what_happens_when_nobody_is_free)
{
	struct zv_script *s = load("start: q\n"
				   "nodes:\n"
				   "  q: {ask: Да?, keys: {\"1\": a}, wait: 4s}\n"
				   "  a: {agent: 20s, nobody: sorry}\n"
				   "  sorry: {end: answered, result: \"yes\"}\n");
	const struct zv_talk_node *a = NULL;

	cr_assert_not_null(s);
	for (uint8_t i = 0; i < s->graph.n_nodes; i++)
		if (s->graph.nodes[i].op == ZV_TALK_AGENT)
			a = &s->graph.nodes[i];
	cr_assert_not_null(a);
	cr_expect_eq(a->wait_ms, 20000);
	cr_assert_lt(a->no_input, s->graph.n_nodes);
	cr_expect_eq(s->graph.nodes[a->no_input].op, ZV_TALK_END);
	zv_script_free(s);
	refused("start: a\nnodes:\n  a: {agent: 20s, next: b}\n  b: {end: silent}\n",
		"'next' does not go with 'agent'");
}
