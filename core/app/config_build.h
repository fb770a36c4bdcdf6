/* app/config_build.h -- the parts of the loader; inside core/app/config*.c only. */
#ifndef ZV_APP_CONFIG_BUILD_H
#define ZV_APP_CONFIG_BUILD_H

#include "app/config.h"

/* What the configuration borrows from. */
struct zv_config_files {
	struct zv_conf_tree *tree;
	char **texts;
	size_t n_texts;
};

struct zv_config_build {
	struct zv_config *config;
	const struct zv_config *running; /* NULL at the first load */
	struct zv_conf_tree *over; /* joined last, then freed; NULL */
	struct zv_conf_sink *sink;
};

#define ZV_TRUNK_PATH    "trunks.*"
#define ZV_CAMPAIGN_PATH "campaigns.*"

/* Keeps a copy; NULL: no memory. */
const char *zv_config_keep(struct zv_config *config, const char *text);
/* A path as the file that says it means it: relative to that file's directory. */
const char *zv_config_path(struct zv_config *config, const struct zv_conf_node *node,
			   const char *text);
/* The same for a row at `path` below the root. */
const char *zv_config_path_at(struct zv_config_build *b, const char *path);

struct zv_config_ordered {
	const struct zv_conf_node **nodes;
	const char **names;
	uint32_t n, max;
};

/* Entries of the map `section` in index order: those of `running` first.  Tells names that are
 * gone or bad, and more than max; gives o->n. */
uint32_t zv_config_order(struct zv_config_build *b, const char *section,
			 struct zv_config_ordered *o);

/* Each tells what is wrong to the sink and goes on. */
void zv_config_build_trunks(struct zv_config_build *b);
void zv_config_build_media(struct zv_config_build *b);
enum zv_err zv_config_build_campaigns(struct zv_config_build *b) ZV_MUST_USE; /* ZV_ENOMEM */
/* Rules, calendars and numbering plans; before the campaigns. */
enum zv_err zv_config_build_rules(struct zv_config_build *b) ZV_MUST_USE; /* ZV_ENOMEM */
enum zv_err zv_config_build_law(struct zv_config_build *b, const struct zv_conf_node *node,
				uint32_t campaign) ZV_MUST_USE; /* ZV_ENOMEM */
/* After law: the mode decides. */
/* Answer detection and early media. */
void zv_config_build_detection(const struct zv_conf_node *node, struct zv_campaign_conf *e);
void zv_config_build_pace(struct zv_config_build *b, const struct zv_conf_node *node,
			  uint32_t campaign);
/* Skills are numbered as they are met, those of `running` first.  0: "" or too many (told). */
uint16_t zv_config_skill(struct zv_config_build *b, const struct zv_conf_node *node, const char *name);
/* Phones, pages, recordings, agents, queues; after the campaigns.  ZV_ENOMEM. */
enum zv_err zv_config_build_agents(struct zv_config_build *b) ZV_MUST_USE;
/* Forms, and what a campaign says of them and of events from outside; after the campaigns.
 * ZV_ENOMEM. */
enum zv_err zv_config_build_forms(struct zv_config_build *b) ZV_MUST_USE;
bool zv_config_is_jurisdiction(const char *jur);
/* Joins the files of campaigns_dir into the tree. */
enum zv_err zv_config_read_campaigns(struct zv_config_build *b) ZV_MUST_USE;

static inline struct zv_ip zv_config_ip(const struct zv_conf_ip *from)
{
	struct zv_ip ip = {.family = from->family};

	for (int i = 0; i < 16; i++)
		ip.bytes[i] = from->bytes[i];
	return ip;
}

#endif
