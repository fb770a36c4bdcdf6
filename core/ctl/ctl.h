/* ctl/ctl.h -- zvonarctl: what all commands share.  One thread. */
#ifndef ZV_CTL_CTL_H
#define ZV_CTL_CTL_H

#include <jansson.h>

#include "ctl/args.h"
#include "ctl/out.h"
#include "store/read.h"

struct zv_ctl {
	const struct zv_args *args;
	enum zv_format format; /* TABLE unless told otherwise */
	bool format_given;
	bool color;          /* of standard output */
	char store_dir[512]; /* "" = nobody said */
	char socket[108];
	bool socket_given;
};

/* Store and socket from options, environment and configuration.  -1: go on; else exit status. */
int zv_ctl_init(struct zv_ctl *ctl, const struct zv_args *args);

/* What the configuration says of what nobody said yet.  As zv_ctl_init. */
int zv_ctl_where(struct zv_ctl *ctl, const char *file);

/* Opens the store; on errors says why and gives NULL and the exit status. */
struct zv_store *zv_ctl_store(struct zv_ctl *ctl, bool write, int *ret_status);
/* The campaign by name; on errors says why.  0 or the exit status. */
int zv_ctl_campaign(struct zv_store *store, const char *name, struct zv_campaign_info *ret_info);

/* --format WORD of the command, or a global one; only those in allowed ("json csv").  first is
 * what it is without any.  -1: go on; else exit status. */
int zv_ctl_format(struct zv_ctl *ctl, const char *allowed, enum zv_format first);
/* Standard output, or the file of --output, made new.  NULL: said why. */
FILE *zv_ctl_output(struct zv_ctl *ctl);
/* Ends it: a full disk is an error.  0 or the exit status. */
int zv_ctl_output_end(FILE *to, int status);

/* To standard error: "zvonarctl: ...". */
__attribute__((format(printf, 1, 2))) void zv_ctl_say(const char *fmt, ...);
int zv_ctl_fail(enum zv_err err, const char *what); /* says it; the exit status */

/* ---- the daemon ---- */

/* Sends request (taken), gives the reply's object (the caller frees with json_decref) or NULL
 * and why: 69 nobody listens (nothing said: the caller knows whether that matters), 1 anything
 * else (said). */
json_t *zv_client_ask(struct zv_ctl *ctl, json_t *request, int *ret_status);
/* As zv_client_ask, and a refusal of the daemon is said too.  0 or the exit status.
 * ret_reply may be NULL. */
int zv_client_do(struct zv_ctl *ctl, json_t *request, json_t **ret_reply);
int zv_client_absent(struct zv_ctl *ctl); /* says that nobody listens; 69 */

/* ---- progress of a long command, on standard error ---- */

struct zv_progress {
	const char *what;
	bool tty;
	int64_t began_ms, last_ms; /* monotonic */
};
void zv_progress_begin(struct zv_progress *p, const char *what);
/* total 0: not known.  A bar on a terminal, a line every few seconds otherwise. */
void zv_progress_step(struct zv_progress *p, uint64_t done, uint64_t total, uint64_t units,
                      const char *unit);
void zv_progress_end(struct zv_progress *p);

/* ---- words ---- */
const char *zv_outcome_word(uint8_t outcome);
const char *zv_campaign_state_word(uint8_t state);
const char *zv_lead_state_word(uint8_t state);

/* Wall clock, ms since 1970. */
int64_t zv_wall_ms(void);

/* ---- commands ---- */
int zv_cmd_status(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_campaign_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_campaign_show(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_campaign_start(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_campaign_pause(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_campaign_stop(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_list_import(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_attempts_export(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_leads_export(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_notes_export(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_outbox_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_report(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_store_check(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_store_info(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_log_level(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_reload(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_why(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_suppress_add(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_suppress_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_suppress_remove(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_suppress_import(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_mark_add(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_mark_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_mark_remove(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_registry_load(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_registry_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_person_erase(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_retention(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_numbers_import(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_numbers_show(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_rules_check(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_rules_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_rules_test(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_replay(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_simulate(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_agent_passwd(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_token_new(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_token_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_token_revoke(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_agent_list(struct zv_ctl *ctl, const struct zv_args *args);
int zv_cmd_drain(struct zv_ctl *ctl, const struct zv_args *args);

#endif
