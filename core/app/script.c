#include "app/script.h"

#include <stdlib.h>
#include <string.h>

#include "app/template.h"
#include "base/hash.h"
#include "zvonar/outcome.h"

/* path, unit, flags, type, default, min, max, words, help, example */
static const struct zv_conf_row rows[] = {
	{"start", "", 0, ZV_T_NAME, NULL, 0, 0, NULL, "First node; else the first one written", NULL},
	{"abandon_message", "", 0, ZV_T_TEXT, NULL, 1, 4096, NULL,
	 "Said to a person who answered when nobody is there for him; without variables", NULL},
	{"machine_message", "", 0, ZV_T_TEXT, NULL, 1, 4096, NULL,
	 "Left on an answering machine after its beep, where the campaign has answer_detection; without "
	 "variables; none: it is hung up", NULL},
	{"nodes.*.say", "", 0, ZV_T_TEXT, NULL, 1, 4096, NULL, "A text to speak, then next", NULL},
	{"nodes.*.play", "", 0, ZV_T_TEXT, NULL, 1, 1000, NULL, "A WAV file to play, then next", NULL},
	{"nodes.*.ask", "", 0, ZV_T_TEXT, NULL, 1, 4096, NULL, "A question to speak", NULL},
	{"nodes.*.ask_play", "", 0, ZV_T_TEXT, NULL, 1, 1000, NULL, "A question as a WAV file", NULL},
	{"nodes.*.keys.*", "", 0, ZV_T_NAME, NULL, 0, 0, NULL, "Node for a key", NULL},
	{"nodes.*.wait", "", 0, ZV_T_DURATION, "5s", 100, 600000, NULL,
	 "Time for an answer; alone: silence, then next", NULL},
	{"nodes.*.repeat", "", 0, ZV_T_INT, "1", 0, 9, NULL, "How often a question is put again", NULL},
	{"nodes.*.barge_in", "", 0, ZV_T_BOOL, "yes", 0, 0, NULL, "A key ends the prompt: of a question it is the answer, after a `say` the answer to the question "
	 "that follows", NULL},
	{"nodes.*.no_input", "", 0, ZV_T_NAME, NULL, 0, 0, NULL,
	 "Node after the last repetition without a key; none: end as silent", NULL},
	{"nodes.*.wrong_key", "", 0, ZV_T_NAME, NULL, 0, 0, NULL,
	 "Node after the last wrong key; none: as no_input", NULL},
	{"nodes.*.wrong_say", "", 0, ZV_T_TEXT, NULL, 1, 4096, NULL,
	 "Spoken after a wrong key, before the question comes again", NULL},
	{"nodes.*.next", "", 0, ZV_T_NAME, NULL, 0, 0, NULL, "Node that follows", NULL},
	{"nodes.*.end", "", 0, ZV_T_ENUM, NULL, 0, 0, "answered silent", "Hang up with this outcome",
	 NULL},
	{"nodes.*.agent", "", 0, ZV_T_DURATION, NULL, 100, 120 * 1000, NULL,
	 "To an agent, at once or within this time (mode robot with pace.agents)", "20s"},
	{"nodes.*.nobody", "", 0, ZV_T_NAME, NULL, 0, 0, NULL,
	 "Node that follows when no agent is free in time, with agent", NULL},
	{"nodes.*.optout", "", 0, ZV_T_ENUM, NULL, 0, 0, "campaign everywhere",
	 "The person asked not to be called again, with end: by this campaign, or by any", NULL},
	{"nodes.*.result", "", 0, ZV_T_TEXT, NULL, 1, 47, NULL, "Result of the talk, with end", NULL},
};

static const struct zv_conf_schema schema = {rows, sizeof(rows) / sizeof(rows[0]), "a script"};

/* What makes a node what it is, and what may stand beside it. */
static const struct kind {
	const char *key;
	uint8_t op;
	const char *beside; /* with spaces around each */
} kinds[] = {
	{"say", ZV_TALK_SAY, " say next barge_in "},
	{"play", ZV_TALK_SAY, " play next barge_in "},
	{"ask", ZV_TALK_ASK, " ask keys wait repeat barge_in no_input wrong_key wrong_say "},
	{"ask_play", ZV_TALK_ASK, " ask_play keys wait repeat barge_in no_input wrong_key wrong_say "},
	{"end", ZV_TALK_END, " end result optout "},
	{"agent", ZV_TALK_AGENT, " agent nobody "},
	{"wait", ZV_TALK_WAIT, " wait next "}, /* last: a question has a wait too */
};

struct load {
	const struct zv_script_params *params;
	struct zv_conf_sink *sink;
	struct zv_script *script;
	const struct zv_conf_node *nodes; /* the map */
	bool no_memory;
};

static int64_t number(const struct zv_conf_node *node, const char *path)
{
	return zv_conf_number(&schema, "nodes.*", node, path);
}

struct variables {
	struct load *load;
	const struct zv_conf_node *at;
};

/* A column that no list is said to bring: the text will have a hole. */
static void on_variable(void *arg, const char *name, size_t len, int has_default)
{
	struct variables *v = arg;
	const struct zv_script_params *p = v->load->params;

	if (has_default || p->n_columns == 0)
		return;
	for (uint32_t i = 0; i < p->n_columns; i++)
		if (strlen(p->columns[i]) == len && memcmp(p->columns[i], name, len) == 0)
			return;
	zv_conf_warn(v->load->sink, v->at,
		     "{{%.*s}} is no column of the campaign's lists and has no default: "
		     "write {{%.*s|text}}",
		     (int)len, name, (int)len, name);
}

static char *wav_path(struct load *l, const char *name)
{
	size_t n = strlen(l->params->wav_dir) + strlen(name) + 2;
	char *path = malloc(n);

	if (path != NULL)
		(void)snprintf(path, n, "%s%s%s", name[0] == '/' ? "" : l->params->wav_dir,
			       name[0] == '/' ? "" : "/", name);
	return path;
}

/* Number of the prompt of a node, the same for the same text; NONE if it has none. */
static uint8_t prompt_of(struct load *l, const struct zv_conf_node *at, bool is_wav)
{
	const char *said = zv_conf_text(at);
	struct zv_script *s = l->script;
	struct variables v = {l, at};
	struct zv_script_prompt *p;
	const char *wrong;
	char *copy;

	if (said == NULL)
		return ZV_TALK_NONE;
	if (!is_wav && zv_template_check(said, on_variable, &v, &wrong) != ZV_OK)
		zv_conf_error(l->sink, at, "%s", wrong);
	copy = is_wav ? wav_path(l, said) : strdup(said);
	if (copy == NULL) {
		l->no_memory = true;
		return ZV_TALK_NONE;
	}
	for (uint32_t i = 0; i < s->n_prompts; i++) {
		const char *old = is_wav ? s->prompts[i].wav : s->prompts[i].text;

		if (old != NULL && strcmp(old, copy) == 0) {
			free(copy);
			return (uint8_t)i;
		}
	}
	if (s->n_prompts == ZV_PROMPTS_MAX) {
		zv_conf_error(l->sink, at, "a script has at most %d different prompts", ZV_PROMPTS_MAX);
		free(copy);
		return ZV_TALK_NONE;
	}
	p = &s->prompts[s->n_prompts];
	if (is_wav)
		p->wav = copy;
	else
		p->text = copy;
	return (uint8_t)s->n_prompts++;
}

/* Index of the node that the entry `key` names; NONE if there is no entry. */
static uint8_t target(struct load *l, const struct zv_conf_node *at)
{
	const char *name = zv_conf_text(at);

	if (name == NULL)
		return ZV_TALK_NONE;
	for (size_t i = 0; i < zv_conf_count(l->nodes) && i < ZV_TALK_NODES_MAX; i++)
		if (strcmp(zv_conf_key(l->nodes, i), name) == 0)
			return (uint8_t)i;
	zv_conf_error(l->sink, at, "there is no node '%.40s'", name);
	return ZV_TALK_NONE;
}

static void load_keys(struct load *l, const struct zv_conf_node *from, struct zv_talk_node *to)
{
	const struct zv_conf_node *keys = zv_conf_get(from, "keys");

	for (size_t i = 0; i < zv_conf_count(keys); i++) {
		const char *key = zv_conf_key(keys, i);
		uint8_t k = key[1] == 0 ? zv_talk_key_index(key[0]) : ZV_TALK_NONE;

		if (k == ZV_TALK_NONE)
			zv_conf_error_key(l->sink, zv_conf_at(keys, i),
					  "'%.20s' is no key; allowed: 0 to 9, \"*\", \"#\", A to D", key);
		else
			to->on_key[k] = target(l, zv_conf_at(keys, i));
	}
}

static uint8_t result_of(struct load *l, const struct zv_conf_node *at)
{
	const char *name = zv_conf_text(at);

	if (name == NULL)
		return 0;
	for (uint32_t i = 0; i < l->params->n_results; i++)
		if (strcmp(l->params->results[i], name) == 0)
			return (uint8_t)(i + 1);
	zv_conf_error(l->sink, at, "'%.47s' is none of the campaign's results", name);
	return 0;
}

static const struct kind *kind_of(struct load *l, const struct zv_conf_node *from)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (zv_conf_get(from, kinds[k].key) != NULL)
			return &kinds[k];
	zv_conf_error_key(l->sink, from,
			  "a node needs one of say, play, ask, ask_play, wait, end");
	return NULL;
}

static void load_node(struct load *l, const struct zv_conf_node *from, const char *name,
		      struct zv_talk_node *to)
{
	const struct kind *kind = kind_of(l, from);

	memset(to->on_key, ZV_TALK_NONE, sizeof(to->on_key));
	to->prompt = to->no_input = to->wrong_key = to->wrong_prompt = ZV_TALK_NONE;
	if (kind == NULL)
		return;
	for (size_t i = 0; i < zv_conf_count(from); i++) {
		const char *key = zv_conf_key(from, i);
		char padded[128];

		(void)snprintf(padded, sizeof(padded), " %s ", key);
		if (strstr(kind->beside, padded) == NULL)
			zv_conf_error_key(l->sink, zv_conf_at(from, i),
					  "nodes.%s: '%s' does not go with '%s'; allowed:%s", name, key,
					  kind->key, kind->beside);
	}
	to->op = kind->op;
	if (kind->op == ZV_TALK_SAY || kind->op == ZV_TALK_ASK)
		to->prompt = prompt_of(l, zv_conf_get(from, kind->key),
				       strstr(kind->key, "play") != NULL);
	if (kind->op == ZV_TALK_SAY || kind->op == ZV_TALK_WAIT) {
		to->next = target(l, zv_conf_get(from, "next"));
		if (zv_conf_get(from, "next") == NULL)
			zv_conf_error_key(l->sink, from, "nodes.%s is a dead end: 'next' is missing",
					  name);
	}
	if (kind->op == ZV_TALK_SAY || kind->op == ZV_TALK_ASK)
		to->barge_in = (uint8_t)number(from, "barge_in");
	if (kind->op == ZV_TALK_WAIT || kind->op == ZV_TALK_ASK)
		to->wait_ms = (uint32_t)number(from, "wait");
	if (kind->op == ZV_TALK_AGENT) {
		to->wait_ms = (uint32_t)number(from, "agent");
		to->no_input = target(l, zv_conf_get(from, "nobody"));
	}
	if (kind->op == ZV_TALK_ASK) {
		load_keys(l, from, to);
		to->repeat_max = (uint8_t)number(from, "repeat");
		to->no_input = target(l, zv_conf_get(from, "no_input"));
		to->wrong_key = target(l, zv_conf_get(from, "wrong_key"));
		to->wrong_prompt = prompt_of(l, zv_conf_get(from, "wrong_say"), false);
	}
	if (kind->op == ZV_TALK_END) {
		to->outcome = number(from, "end") == 0 ? ZV_OUT_ANSWERED : ZV_OUT_SILENT;
		to->result = result_of(l, zv_conf_get(from, "result"));
		if (zv_conf_get(from, "optout") != NULL)
			to->optout = number(from, "optout") == 0 ? ZV_TALK_OUT_CAMPAIGN :
								   ZV_TALK_OUT_EVERYWHERE;
	}
}

static uint64_t hash_of(const struct zv_script *s)
{
	struct zv_key key = {1, 2};

	key.k0 ^= zv_siphash(&key, &s->graph, sizeof(s->graph));
	for (uint32_t i = 0; i < s->n_prompts; i++) {
		const char *t = s->prompts[i].text != NULL ? s->prompts[i].text : s->prompts[i].wav;

		key.k0 ^= zv_siphash(&key, t, strlen(t) + 1);
	}
	return zv_siphash(&key, &s->n_prompts, sizeof(s->n_prompts));
}

/* A message without variables. */
static uint8_t one_for_all(struct load *l, const struct zv_conf_node *root, const char *key)
{
	const struct zv_conf_node *at = zv_conf_get(root, key);

	if (zv_conf_text(at) != NULL && strstr(zv_conf_text(at), "{{") != NULL)
		zv_conf_error(l->sink, at, "%s has no variables: it is one for all", key);
	return prompt_of(l, at, false);
}

static void load_graph(struct load *l, const struct zv_conf_node *root)
{
	struct zv_talk_graph *g = &l->script->graph;
	uint32_t errors_before = l->sink->n_errors;
	size_t n = zv_conf_count(l->nodes);
	const char *text;
	uint8_t at;

	if (n == 0 || n > ZV_TALK_NODES_MAX) {
		zv_conf_error(l->sink, l->nodes != NULL ? l->nodes : root,
			      "a script has 1 to %d nodes below 'nodes', this one has %zu",
			      ZV_TALK_NODES_MAX, n);
		return;
	}
	g->n_nodes = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		load_node(l, zv_conf_at(l->nodes, i), zv_conf_key(l->nodes, i), &g->nodes[i]);
	l->script->abandon_prompt = one_for_all(l, root, "abandon_message");
	l->script->machine_prompt = one_for_all(l, root, "machine_message");
	if (zv_conf_get(root, "start") != NULL)
		g->start = target(l, zv_conf_get(root, "start"));
	g->n_prompts = (uint8_t)l->script->n_prompts;
	if (l->sink->n_errors != errors_before)
		return;
	if (zv_talk_check(g, &at, &text) != ZV_OK)
		zv_conf_error_key(l->sink, zv_conf_at(l->nodes, at), "nodes.%s %s",
				  zv_conf_key(l->nodes, at), text);
}

enum zv_err zv_script_load(const struct zv_script_params *params, struct zv_conf_sink *sink,
			   struct zv_script **ret_script)
{
	struct load l = {.params = params, .sink = sink};
	uint32_t errors_before = sink->n_errors;
	struct zv_conf_tree *tree = NULL;
	enum zv_err err;

	err = zv_conf_read(params->path, sink, &tree);
	if (err != ZV_OK)
		return err;
	l.script = calloc(1, sizeof(*l.script));
	if (l.script == NULL || (l.script->file = strdup(params->path)) == NULL) {
		err = ZV_ENOMEM;
		goto fail;
	}
	err = zv_conf_check(&schema, "", zv_conf_root(tree), sink);
	l.nodes = zv_conf_get(zv_conf_root(tree), "nodes");
	if (err == ZV_OK)
		load_graph(&l, zv_conf_root(tree));
	if (l.no_memory)
		err = ZV_ENOMEM;
	else if (sink->n_errors != errors_before)
		err = ZV_EINVAL;
	if (err != ZV_OK)
		goto fail;
	l.script->hash = hash_of(l.script);
	zv_conf_free(tree);
	*ret_script = l.script;
	return ZV_OK;

fail:
	zv_conf_free(tree);
	zv_script_free(l.script);
	return err;
}

void zv_script_free(struct zv_script *script)
{
	if (script == NULL)
		return;
	for (uint32_t i = 0; i < script->n_prompts; i++) {
		free(script->prompts[i].text);
		free(script->prompts[i].wav);
	}
	free(script->file);
	free(script);
}
