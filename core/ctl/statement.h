/* ctl/statement.h -- what campaigns state for the rules, from the configuration of zvonard, as far
 * as `why` asks.  zvonard itself checks it all (zvonard -t); here what is odd counts as not
 * stated.  One thread. */
#ifndef ZV_CTL_STATEMENT_H
#define ZV_CTL_STATEMENT_H

#include "ctl/ctl.h"
#include "dial/conf.h"

#define ZV_STATEMENT_TABLES_MAX 16

struct zv_statement {
	char name[64];
	uint8_t purpose, channel, mode, actor, party; /* enums of dial/rules/rules.h; 0: not stated */
	char zone[64];      /* "" = none was written */
	char jur[ZV_JUR_MAX];
	uint32_t topic;
	uint64_t caller;    /* the first one; 0: the trunk's */
	uint32_t ring_s;
};

struct zv_statements {
	char file[512];     /* the configuration */
	uint32_t n;
	struct zv_statement v[ZV_CAMPAIGNS_MAX];
	uint32_t n_tables;  /* numbering */
	char tables[ZV_STATEMENT_TABLES_MAX][512];
	char rules[512], calendars[512];
};

struct zv_conf_tree;

/* The configuration of zvonard with its conf.d: from -c, else from where the running zvonard has its
 * own, else /etc/zvonar/zvonar.yaml.  -1: go on, and the caller frees the tree; else the exit
 * status (what is wrong in the file was said); ret_file in any case. */
int zv_ctl_configuration(struct zv_ctl *ctl, char *ret_file, size_t size,
                         struct zv_conf_tree **ret_tree);

/* From -c, else from where the running zvonard has its own, else /etc/zvonar/zvonar.yaml.  -1: go
 * on; else the exit status (said). */
int zv_statements_read(struct zv_ctl *ctl, struct zv_statements *ret_statements);
/* NULL: none of that name. */
const struct zv_statement *zv_statement_find(const struct zv_statements *statements, const char *name);

extern const char *const zv_purpose_words[], *const zv_channel_words[], *const zv_mode_words[],
        *const zv_actor_words[]; /* by enum; [0] is "" */

#endif
