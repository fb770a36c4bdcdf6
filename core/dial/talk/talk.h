/* dial/talk/talk.h -- the robot's script: a graph of prompts, questions and endings, and one
 * walk through it.
 *
 * Thread: engine.  Pure.  The graph is immutable and shared; a walk is a few bytes a call.
 * The file format is checked by core/app/script.c, which maps errors back to file and line.
 */
#ifndef ZV_DIAL_TALK_H
#define ZV_DIAL_TALK_H

#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"
#include "zvonar/outcome.h"

#define ZV_TALK_NODES_MAX 64
#define ZV_TALK_KEYS      16 /* 0-9 * # A-D */
#define ZV_TALK_NONE      0xff

enum zv_talk_op {
	ZV_TALK_SAY = 1,  /* play prompt, then go to next */
	ZV_TALK_ASK = 2,  /* play prompt (barge-in if set), wait wait_ms for a key, go by it */
	ZV_TALK_WAIT = 3, /* silence for wait_ms, then next */
	ZV_TALK_END = 4,  /* outcome and result, hang up */
	ZV_TALK_AGENT = 5, /* to an agent, at once or within wait_ms; else no_input */
};

/* The person asked not to be called again: on this campaign, or at all. */
enum zv_talk_optout { ZV_TALK_STAYS = 0, ZV_TALK_OUT_CAMPAIGN = 1, ZV_TALK_OUT_EVERYWHERE = 2 };

struct zv_talk_node {
	uint8_t op;         /* enum zv_talk_op */
	uint8_t prompt;     /* index into struct zv_offer.prompts; ZV_TALK_NONE: none */
	uint8_t barge_in;   /* 1: a key stops the prompt */
	uint8_t repeat_max; /* ASK: how often no input or a wrong key asks again */
	uint8_t next;       /* SAY, WAIT: node */
	uint8_t on_key[ZV_TALK_KEYS]; /* ASK: node, or ZV_TALK_NONE = a wrong key */
	uint8_t no_input;   /* AGENT: node when nobody is free; ASK: node after the last repetition without a key; NONE: give up */
	uint8_t wrong_key;  /* ASK: node after the last wrong key; NONE: as no_input */
	uint8_t wrong_prompt; /* ASK: said before asking again after a wrong key, or NONE */
	uint8_t outcome;    /* END: enum zv_outcome (ANSWERED, SILENT) */
	uint8_t result;     /* END: 1 + index in the campaign's results, 0 none */
	uint8_t optout;     /* END: enum zv_talk_optout */
	uint32_t wait_ms;
};

struct zv_talk_graph {
	uint8_t n_nodes, start, n_prompts, pad;
	struct zv_talk_node nodes[ZV_TALK_NODES_MAX];
};

/* Finds what is wrong: a node out of range, no way to an END, a node nobody reaches, a silent
 * loop.  ZV_EINVAL with the guilty node and a static phrase. */
enum zv_err zv_talk_check(const struct zv_talk_graph *graph, uint8_t *ret_node,
			  const char **ret_text) ZV_MUST_USE;

/* Index of a key in on_key, or ZV_TALK_NONE. */
uint8_t zv_talk_key_index(char key);

/* One walk.  Zero it, then zv_talk_start. */
struct zv_talk {
	uint8_t node;
	uint8_t asked;    /* times the present question was put */
	uint8_t playing;  /* 1: a prompt is on its way, its tag is in `tag` */
	uint8_t in_wrong; /* 1: the wrong-key prompt plays, the question follows */
	uint8_t last_key;
	uint8_t heard_key; /* 1: the person reacted at least once */
	uint32_t tag;      /* of the prompt in flight: old ends are ignored */
	int64_t deadline_ms; /* monotonic; 0 = none */
};

enum zv_talk_do {
	ZV_TALK_DO_NOTHING = 0,
	ZV_TALK_DO_PLAY = 1, /* prompt, barge_in, tag */
	ZV_TALK_DO_STOP_PLAY = 2, /* stop, then play prompt */
	ZV_TALK_DO_END = 3,  /* outcome, result: hang up */
	ZV_TALK_DO_AGENT = 4, /* the person wants an agent; nobody within the deadline: zv_talk_timeout */
};

struct zv_talk_act {
	uint8_t what; /* enum zv_talk_do */
	uint8_t prompt, barge_in, outcome, result;
	uint8_t optout; /* DO_END: enum zv_talk_optout */
	uint32_t tag;
};

/* Has the person's key led to an opt-out that nothing can avert any more (but a text on the way
 * to it)?  enum zv_talk_optout: who hangs up while it is spoken has opted out all the same. */
uint8_t zv_talk_optout(const struct zv_talk *talk, const struct zv_talk_graph *graph);

struct zv_talk_act zv_talk_start(struct zv_talk *talk, const struct zv_talk_graph *graph,
				 int64_t mono_ms);
/* A key was pressed. */
struct zv_talk_act zv_talk_key(struct zv_talk *talk, const struct zv_talk_graph *graph, char key,
			       int64_t mono_ms);
/* A prompt ended (tag) in whatever way. */
struct zv_talk_act zv_talk_played(struct zv_talk *talk, const struct zv_talk_graph *graph,
				  uint32_t tag, int64_t mono_ms);
/* deadline_ms has passed. */
struct zv_talk_act zv_talk_timeout(struct zv_talk *talk, const struct zv_talk_graph *graph,
				   int64_t mono_ms);

#endif
