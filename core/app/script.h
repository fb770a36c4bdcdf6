/* app/script.h -- the robot's script: a YAML file as a checked graph and its list of prompts.
 *
 * Thread: main, at boot and reload; immutable afterwards.  The file's form is in README.md.
 */
#ifndef ZV_APP_SCRIPT_H
#define ZV_APP_SCRIPT_H

#include "conf/conf.h"
#include "dial/offer.h"
#include "dial/talk/talk.h"

/* One of text (a template for the voice) and wav (a path) is set.  The hash of a rendered text is
 * zv_prompt_hash(voice, rate, text), that of a file zv_prompt_hash("wav", 0, path). */
struct zv_script_prompt {
	char *text;
	char *wav;
};

struct zv_script {
	struct zv_talk_graph graph;
	uint32_t n_prompts; /* in the order of struct zv_offer.prompts */
	struct zv_script_prompt prompts[ZV_PROMPTS_MAX];
	uint8_t abandon_prompt; /* said to an answer nobody is there for: an index, its text has no
				   variables; ZV_TALK_NONE */
	uint8_t machine_prompt; /* the same, said to an answering machine after its beep */
	char *file;
	uint64_t hash; /* of graph and prompts: tells a changed script */
};

struct zv_script_params {
	const char *path;
	const char *wav_dir; /* for `play: file.wav` without a leading slash */
	uint32_t n_results;  /* of the campaign: what `result` may name */
	const char *const *results;
	uint32_t n_columns;  /* of the campaign's lists: what {{name}} may name; 0: not known */
	const char *const *columns;
};

/* All that is wrong is told, each with file, line and column.  ZV_ENOENT, ZV_EIO, ZV_EPARSE,
 * ZV_EINVAL, ZV_ENOMEM. */
enum zv_err zv_script_load(const struct zv_script_params *params, struct zv_conf_sink *sink,
			   struct zv_script **ret_script) ZV_MUST_USE;
void zv_script_free(struct zv_script *script); /* accepts NULL */

#endif
