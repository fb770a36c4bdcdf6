#include "dial/talk/talk.h"

#include <stdbool.h>
#include <string.h>

uint8_t zv_talk_key_index(char key)
{
	static const char keys[] = "0123456789*#ABCD";
	const char *at = key == 0 ? NULL : strchr(keys, key);

	return at == NULL ? ZV_TALK_NONE : (uint8_t)(at - keys);
}

/* Calls fn for each node that may follow `node`; the last answer that was not true ends it. */
static bool each_next(const struct zv_talk_node *node, bool (*fn)(void *arg, uint8_t next),
		      void *arg)
{
	if (node->op == ZV_TALK_END)
		return true;
	if (node->op == ZV_TALK_AGENT)
		return node->no_input == ZV_TALK_NONE || fn(arg, node->no_input);
	if (node->op != ZV_TALK_ASK)
		return fn(arg, node->next);
	for (unsigned k = 0; k < ZV_TALK_KEYS; k++)
		if (node->on_key[k] != ZV_TALK_NONE && !fn(arg, node->on_key[k]))
			return false;
	if (node->no_input != ZV_TALK_NONE && !fn(arg, node->no_input))
		return false;
	return node->wrong_key == ZV_TALK_NONE || fn(arg, node->wrong_key);
}

struct visit {
	const struct zv_talk_graph *graph;
	const bool *ends; /* nodes known to reach an END */
	bool *reached;
	bool bad, found;
};

static bool visit_range(void *arg, uint8_t next)
{
	struct visit *v = arg;

	v->bad = v->bad || next >= v->graph->n_nodes;
	return true;
}

static bool visit_reach(void *arg, uint8_t next)
{
	struct visit *v = arg;

	v->found = v->found || !v->reached[next];
	v->reached[next] = true;
	return true;
}

static bool visit_ends(void *arg, uint8_t next)
{
	struct visit *v = arg;

	v->found = v->found || v->ends[next];
	return true;
}

static const char *check_node(const struct zv_talk_graph *graph, const struct zv_talk_node *node)
{
	struct visit v = {.graph = graph};
	bool any_key = false;

	if (node->op < ZV_TALK_SAY || node->op > ZV_TALK_AGENT)
		return "is of no known kind";
	if ((node->op == ZV_TALK_SAY || node->op == ZV_TALK_ASK) &&
	    node->prompt != ZV_TALK_NONE && node->prompt >= graph->n_prompts)
		return "names a prompt that does not exist";
	if (node->op == ZV_TALK_ASK && node->wrong_prompt != ZV_TALK_NONE &&
	    node->wrong_prompt >= graph->n_prompts)
		return "names a prompt that does not exist";
	if (node->op == ZV_TALK_ASK && node->repeat_max == UINT8_MAX)
		return "asks again without end"; /* `asked` would pass over it */
	if (node->op == ZV_TALK_SAY && node->prompt == ZV_TALK_NONE)
		return "says nothing";
	if ((node->op == ZV_TALK_WAIT || node->op == ZV_TALK_AGENT) && node->wait_ms == 0)
		return "waits for no time";
	if (node->op == ZV_TALK_END && (node->outcome == 0 || node->outcome >= ZV_OUT_MAX))
		return "ends without an outcome";
	each_next(node, visit_range, &v);
	if (v.bad)
		return "leads to a node that does not exist";
	if (node->op != ZV_TALK_ASK)
		return NULL;
	for (unsigned k = 0; k < ZV_TALK_KEYS; k++)
		any_key = any_key || node->on_key[k] != ZV_TALK_NONE;
	if (!any_key)
		return "asks but no key is an answer";
	if (node->wait_ms == 0)
		return "asks but waits for no time";
	return NULL;
}

/* Marks what can be reached from the start, or what can reach an end; a fixed point. */
static void spread(const struct zv_talk_graph *graph, bool *mark, bool backwards)
{
	struct visit v = {.graph = graph, .ends = mark, .reached = mark};
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint8_t i = 0; i < graph->n_nodes; i++) {
			const struct zv_talk_node *node = &graph->nodes[i];

			v.found = false;
			if (backwards && !mark[i]) {
				/* A question nobody answers ends by itself when no_input is NONE. */
				v.found = node->op == ZV_TALK_END ||
					  ((node->op == ZV_TALK_ASK || node->op == ZV_TALK_AGENT) &&
					   node->no_input == ZV_TALK_NONE);
				each_next(node, visit_ends, &v);
				mark[i] = v.found;
			} else if (!backwards && mark[i]) {
				each_next(node, visit_reach, &v);
			}
			changed = changed || v.found;
		}
	}
}

enum zv_err zv_talk_check(const struct zv_talk_graph *graph, uint8_t *ret_node,
			  const char **ret_text)
{
	bool reached[ZV_TALK_NODES_MAX] = {false}, ends[ZV_TALK_NODES_MAX] = {false};
	const char *text = NULL;
	uint8_t i = 0;

	if (graph->n_nodes == 0 || graph->n_nodes > ZV_TALK_NODES_MAX ||
	    graph->start >= graph->n_nodes) {
		*ret_node = 0;
		*ret_text = "is not there: a script needs a start";
		return ZV_EINVAL;
	}
	for (i = 0; i < graph->n_nodes && text == NULL; i++)
		text = check_node(graph, &graph->nodes[i]);
	if (text == NULL) {
		reached[graph->start] = true;
		spread(graph, reached, false);
		spread(graph, ends, true);
		for (i = 0; i < graph->n_nodes && text == NULL; i++) {
			if (!ends[i])
				text = "is a dead end: no way leads from it to an end";
			else if (!reached[i])
				text = "is never reached";
		}
	}
	if (text == NULL)
		return ZV_OK;
	*ret_node = (uint8_t)(i - 1);
	*ret_text = text;
	return ZV_EINVAL;
}

static struct zv_talk_act play(struct zv_talk *talk, uint8_t prompt, uint8_t barge_in, bool stop)
{
	talk->playing = 1;
	talk->deadline_ms = 0;
	return (struct zv_talk_act){
		.what = stop ? ZV_TALK_DO_STOP_PLAY : ZV_TALK_DO_PLAY,
		.prompt = prompt,
		.barge_in = barge_in,
		.tag = ++talk->tag,
	};
}

/* Enters node and runs on until something has to be played, waited for or ended. */
static struct zv_talk_act enter(struct zv_talk *talk, const struct zv_talk_graph *graph,
				uint8_t to, int64_t mono_ms)
{
	bool stop = talk->playing != 0;
	const struct zv_talk_node *node = &graph->nodes[to];

	talk->node = to;
	talk->asked = 0;
	talk->in_wrong = 0;
	switch ((enum zv_talk_op)node->op) {
	case ZV_TALK_SAY:
		return play(talk, node->prompt, node->barge_in, stop);
	case ZV_TALK_ASK:
		talk->asked = 1;
		if (node->prompt != ZV_TALK_NONE)
			return play(talk, node->prompt, node->barge_in, stop);
		talk->playing = 0;
		talk->deadline_ms = mono_ms + node->wait_ms;
		break;
	case ZV_TALK_WAIT:
		talk->playing = 0;
		talk->deadline_ms = mono_ms + node->wait_ms;
		break;
	case ZV_TALK_AGENT:
		talk->playing = 0;
		talk->deadline_ms = mono_ms + node->wait_ms;
		return (struct zv_talk_act){.what = ZV_TALK_DO_AGENT};
	case ZV_TALK_END:
		talk->deadline_ms = 0;
		return (struct zv_talk_act){
			.what = ZV_TALK_DO_END, .outcome = node->outcome, .result = node->result,
			.optout = node->optout};
	}
	return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
}

uint8_t zv_talk_optout(const struct zv_talk *talk, const struct zv_talk_graph *graph)
{
	uint8_t at = talk->node;

	/* Texts and pauses may not go in a circle (zv_talk_check), so this ends. */
	for (uint8_t i = 0; talk->heard_key && i < graph->n_nodes; i++) {
		const struct zv_talk_node *node = &graph->nodes[at];

		if (node->op == ZV_TALK_END)
			return node->optout;
		if (node->op == ZV_TALK_ASK)
			break;
		at = node->next;
	}
	return ZV_TALK_STAYS;
}

struct zv_talk_act zv_talk_start(struct zv_talk *talk, const struct zv_talk_graph *graph,
				 int64_t mono_ms)
{
	return enter(talk, graph, graph->start, mono_ms);
}

static struct zv_talk_act give_up(struct zv_talk *talk, const struct zv_talk_graph *graph,
				  uint8_t to, int64_t mono_ms)
{
	if (to != ZV_TALK_NONE)
		return enter(talk, graph, to, mono_ms);
	talk->deadline_ms = 0;
	return (struct zv_talk_act){
		.what = ZV_TALK_DO_END,
		.outcome = talk->heard_key ? ZV_OUT_ANSWERED : ZV_OUT_SILENT};
}

static struct zv_talk_act ask_again(struct zv_talk *talk, const struct zv_talk_node *node,
				    int64_t mono_ms)
{
	talk->asked++;
	talk->in_wrong = 0;
	if (node->prompt != ZV_TALK_NONE)
		return play(talk, node->prompt, node->barge_in, talk->playing != 0);
	talk->playing = 0;
	talk->deadline_ms = mono_ms + node->wait_ms;
	return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
}

struct zv_talk_act zv_talk_key(struct zv_talk *talk, const struct zv_talk_graph *graph, char key,
			       int64_t mono_ms)
{
	const struct zv_talk_node *node = &graph->nodes[talk->node];
	uint8_t k = zv_talk_key_index(key);

	if (k == ZV_TALK_NONE)
		return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
	talk->heard_key = 1;
	talk->last_key = (uint8_t)key;
	if (node->op == ZV_TALK_SAY && node->barge_in && talk->playing) {
		const struct zv_talk_node *next = &graph->nodes[node->next];

		/* Who knows the question already answers it while the offer is still spoken. */
		if (next->op == ZV_TALK_ASK && next->on_key[k] != ZV_TALK_NONE)
			return enter(talk, graph, next->on_key[k], mono_ms);
		return enter(talk, graph, node->next, mono_ms);
	}
	if (node->op != ZV_TALK_ASK || (talk->playing && !node->barge_in && !talk->in_wrong))
		return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
	if (node->on_key[k] != ZV_TALK_NONE)
		return enter(talk, graph, node->on_key[k], mono_ms);
	if (talk->asked > node->repeat_max)
		return give_up(talk, graph,
			       node->wrong_key != ZV_TALK_NONE ? node->wrong_key : node->no_input,
			       mono_ms);
	if (node->wrong_prompt != ZV_TALK_NONE) {
		bool stop = talk->playing != 0;

		talk->in_wrong = 1;
		return play(talk, node->wrong_prompt, node->barge_in, stop);
	}
	return ask_again(talk, node, mono_ms);
}

struct zv_talk_act zv_talk_played(struct zv_talk *talk, const struct zv_talk_graph *graph,
				  uint32_t tag, int64_t mono_ms)
{
	const struct zv_talk_node *node = &graph->nodes[talk->node];

	if (!talk->playing || tag != talk->tag)
		return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
	talk->playing = 0;
	if (node->op == ZV_TALK_SAY)
		return enter(talk, graph, node->next, mono_ms);
	if (node->op == ZV_TALK_ASK && talk->in_wrong)
		return ask_again(talk, node, mono_ms);
	if (node->op == ZV_TALK_ASK)
		talk->deadline_ms = mono_ms + node->wait_ms;
	return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
}

struct zv_talk_act zv_talk_timeout(struct zv_talk *talk, const struct zv_talk_graph *graph,
				   int64_t mono_ms)
{
	const struct zv_talk_node *node = &graph->nodes[talk->node];

	talk->deadline_ms = 0;
	if (node->op == ZV_TALK_WAIT)
		return enter(talk, graph, node->next, mono_ms);
	if (node->op == ZV_TALK_AGENT)
		return give_up(talk, graph, node->no_input, mono_ms);
	if (node->op != ZV_TALK_ASK)
		return (struct zv_talk_act){.what = ZV_TALK_DO_NOTHING};
	if (talk->asked > node->repeat_max)
		return give_up(talk, graph, node->no_input, mono_ms);
	return ask_again(talk, node, mono_ms);
}
