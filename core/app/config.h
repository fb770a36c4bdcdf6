/* app/config.h -- all that zvonard is told, from its configuration file, conf.d, campaign files
 * and scripts, checked and resolved.
 *
 * Thread: main.  Immutable once loaded; the engine, plugins and adapters borrow from it, so a
 * replaced one is destroyed when nobody uses it any more.
 */
#ifndef ZV_APP_CONFIG_H
#define ZV_APP_CONFIG_H

#include "app/script.h"
#include "conf/conf.h"
#include "dial/conf.h"
#include "media/dpdk/dpdk.h"
#include "media/media.h"
#include "plugin/host.h"
#include "sip/sip.h"

#define ZV_CONFIG_NAMES_MAX 31 /* categories, results, messages of a campaign, each */
#define ZV_CONFIG_PLUGINS_MAX 32
#define ZV_CONFIG_NUMBERING_MAX 16

struct zv_law;
struct zv_numbering;

/* Beside engine.campaigns[i]. */
struct zv_config_campaign {
	const char *name;
	const char *title;       /* for people; "" */
	const char *zone;        /* of leads that bring none, "Europe/Moscow" */
	uint16_t zone_number; /* the same in config->zones */
	uint8_t n_categories, n_results, n_messages, n_columns;
	const char *categories[ZV_CONFIG_NAMES_MAX];
	const char *results[ZV_CONFIG_NAMES_MAX];
	const char *messages[ZV_CONFIG_NAMES_MAX];      /* names */
	const char *message_texts[ZV_CONFIG_NAMES_MAX]; /* templates */
	const char *columns[ZV_CONFIG_NAMES_MAX];       /* of its lists, as far as told */
	struct zv_script *script;
	/* What the law must know of it, beside the same in engine.campaigns. */
	const char *jurisdiction; /* of leads whose place nobody knows; "" */
	uint32_t topic;           /* hash; of leads that bring none; 0 = none */
	uint8_t n_announces, n_abandon_announces;
	const char *announces[ZV_CONFIG_NAMES_MAX], *abandon_announces[ZV_CONFIG_NAMES_MAX];
	uint8_t cli;              /* bits ZV_CLI_* that are true of its calls */
	const char *label;        /* "" */
	const struct zv_conf_node *node; /* where it stands, for messages */
	/* 1 + index of the category of a lead that is paid, cancelled, withdrawn; 0: not told */
	uint8_t on_paid, on_cancelled, on_withdrawn;
	const char *form;         /* name; "": none */
	char unfit[320];          /* why it does not start (zv_config_fitness); "": it may */
	const struct zv_conf_node *desk;          /* what agents see: script, titles, reasons, topics; NULL */
	const char *strategy;                     /* plugin name */
	const char *pacer;                        /* plugin name; NULL: the engine's own */
	const struct zv_conf_node *pacer_conf;
	const struct zv_conf_node *strategy_conf; /* the campaign's own section for it */
	/* called by a date of the lead: "" no; at_s -1: the date's own time */
	const char *date_column;
	int64_t date_before_ms;
	int32_t date_at_s;
	bool start;                               /* run when zvonard starts, without being told */
};

struct zv_config_plugin {
	const char *name, *path;
	const struct zv_conf_node *conf; /* its own section; may be NULL */
};

#define ZV_CONFIG_SKILLS_MAX 255
#define ZV_CONFIG_PAUSES_MAX 32
#define ZV_CONFIG_OUTSIDE_MAX 64

/* Beside engine.agents[i]. */
struct zv_config_agent {
	const char *user, *title;
	uint8_t role;      /* 1 << role = enum zv_role of http/http.h */
	bool has_phone;
};

/* A form: what is to be filled in, in that order. */
#define ZV_FORM_FIELDS_MAX  48
#define ZV_FORM_CHOICES_MAX 32
enum zv_field_type { ZV_FIELD_TEXT = 0, ZV_FIELD_NUMBER, ZV_FIELD_DATE, ZV_FIELD_CHOICE, ZV_FIELD_PHONE, ZV_FIELD_BOOL };
struct zv_config_field {
	const char *name, *title;
	uint8_t type;      /* enum zv_field_type */
	bool required;
	uint8_t n_choices;
	const char *choices[ZV_FORM_CHOICES_MAX];
};
struct zv_config_form {
	const char *name, *title;
	uint8_t n_fields;
	struct zv_config_field fields[ZV_FORM_FIELDS_MAX];
};

/* Beside engine.queues[i]: what its prompts say; "" = nothing. */
struct zv_config_queue { const char *greeting, *closed, *position; };

struct zv_config {
	uint16_t node;
	struct {
		const char *dir;
		uint64_t map_bytes;
		uint32_t intent_wait_ms, outcome_wait_ms;
		uint32_t offers;     /* slabs: leads held by the engine at most */
		uint32_t horizon_ms, ahead; /* lookahead */
	} store;
	struct { enum zv_log_level level; bool json; } log;
	struct {
		const char *files, *calendars;
		uint32_t n_numbering;
		const char *numbering[ZV_CONFIG_NUMBERING_MAX];
		uint64_t accept_stale; /* hash of a set; 0 = none */
		struct zv_law *law;    /* the set of engine.rules; NULL: there is none; owned */
		struct zv_numbering *plan; /* owned */
	} rules;
	struct {
		int64_t start_ms; /* calendar at the first start; 0 = now (fast_forward only) */
	} calendar;           /* fast_forward and until are in engine */
	struct {
		const char *program, *name; /* "espeak-ng", "ru" */
		uint32_t rate;          /* words a minute */
		uint32_t threads;       /* that render */
		uint32_t timeout_ms;    /* of one text */
		const char *wav_dir;    /* recorded prompts */
		const char *cache_dir;  /* rendered ones */
		uint32_t prompts_max;   /* distinct ones */
	} voice;
	const char *control;  /* path of the control socket */
	struct {
		bool on;
		struct zv_ip ip;
		uint16_t port;
		bool open;            /* not on loopback */
		const char *tokens;   /* path */
	} http;
	struct {
		const char *dir;      /* NULL: none */
		int64_t keep_ms;
	} record_talks;
	const char *secrets;          /* path of the HA1 file */
	struct zv_agent_conf *agent_confs;  /* engine.agents; owned, as what follows */
	struct zv_config_agent *agents;
	struct zv_sip_phone *phones;  /* HA1s are the shell's to read */
	struct zv_queue_conf *queue_confs;
	struct zv_config_queue *queues;
	uint32_t n_skills;
	const char *skills[ZV_CONFIG_SKILLS_MAX + 1]; /* [number]; 0 unused */
	uint32_t n_pauses;
	const char *pauses[ZV_CONFIG_PAUSES_MAX];     /* code = 1 + index */
	/* numbers that agents may consult or transfer to, as prefixes: digits without '+' */
	uint32_t n_outside;
	const char *outside[ZV_CONFIG_OUTSIDE_MAX];
	uint32_t n_forms;
	struct zv_config_form *forms; /* owned */
	uint32_t drain_ms;    /* SIGTERM: how long talks may finish */
	uint32_t plugin_deadline_ms, plugin_strikes;
	const char *record;   /* file of the day's record; NULL: none */
	uint64_t seed;        /* of the engine's draws; 0 = from the store's secret */

	/* Ready for zv_engine_create; campaigns[i].id is 0 until the shell has asked the store. */
	struct zv_engine_conf engine;
	struct zv_config_campaign campaigns[ZV_CAMPAIGNS_MAX]; /* engine.n_campaigns */

	/* Same index as engine.trunks. */
	struct zv_sip_trunk sip_trunks[ZV_TRUNKS_MAX];
	struct zv_media_trunk media_trunks[ZV_TRUNKS_MAX];
	struct zv_media_plan plan;
	/* plan, trunks, max_legs are set; secret, n_open and open are the shell's to fill */
	struct zv_sip_params sip;
	/* plan and trunks are set; prompts is the shell's to fill */
	struct zv_media_params media;
	struct zv_dpdk_conf dpdk; /* media.dpdk points to it */

	uint32_t n_plugins;
	struct zv_config_plugin plugins[ZV_CONFIG_PLUGINS_MAX];

	struct zv_zones *zones; /* the campaigns' zones are in it; shared with reloaded ones */
	uint32_t *zones_users;  /* how many configurations hold zones: the last one frees them */
	uint64_t hash;          /* of all texts read: rules_hash of intents */
	uint64_t generation;    /* the shell's: which reload it came from */
	struct zv_config_files *files; /* trees and texts that the above borrows; owned */
};

/* Reads path, then conf.d/ *.yaml beside it in the order of names, then campaigns and scripts.
 * ALL that is wrong is told to sink, not only the first.  ZV_ENOENT, ZV_EIO, ZV_EPARSE, ZV_EINVAL,
 * ZV_ENOMEM. */
enum zv_err zv_config_load(const char *path, struct zv_conf_sink *sink,
			   struct zv_config **ret_config) ZV_MUST_USE;
/* The same, with `over` (taken, also on errors; NULL) joined over all that was read: for what-ifs. */
enum zv_err zv_config_load_over(const char *path, struct zv_conf_tree *over, struct zv_conf_sink *sink,
				struct zv_config **ret_config) ZV_MUST_USE;
/* Loads again beside a running one: trunks and campaigns that are known keep their index and
 * zones their numbers (the zone table is shared).  ZV_EDENIED: a boot-only row changed, or a
 * trunk or campaign is gone (told).  *ret_changes: lines of change told. */
enum zv_err zv_config_reload(const char *path, struct zv_config *running, struct zv_conf_sink *sink,
			     struct zv_config **ret_config, uint32_t *ret_changes) ZV_MUST_USE;
void zv_config_destroy(struct zv_config *config); /* accepts NULL */

/* Which campaigns may start at that time (calendar), under the rules as loaded: fills unfit of
 * each and tells why as warnings, with the rule's id and the place in the campaign's file. */
void zv_config_fitness(struct zv_config *config, int64_t cal_ms, struct zv_conf_sink *sink);
/* The treatment that a jurisdiction's rules ask of a campaign: true if it gives it; else what is
 * missing, in words.  Any thread; reads only. */
bool zv_config_treats(const struct zv_config *config, uint32_t campaign, const char *jur,
		      int64_t cal_ms, char *text, size_t text_size);

/* What a caller at that place of a queue hears (a queue's `position`). */
void zv_config_position_text(const char *template, uint32_t position, char *buf, size_t cap);

/* Frees rules and numbering of one that nobody asks any more, and leaves the rest. */
void zv_config_free_rules(struct zv_config *config);

/* How plugins walk their sections; errors go to sink, which must outlive the plugins' opening. */
struct zv_plugin_conf zv_config_plugin_conf(struct zv_conf_sink *sink);

extern const struct zv_conf_schema zv_config_schema;

/* zvonard --print-conf, --print-man */
void zv_config_print_sample(FILE *to);
void zv_config_print_man(FILE *to);

/* May an agent connect a customer with that number? */
bool zv_config_outside(const struct zv_config *config, uint64_t e164);

/* NULL: there is none of that name. */
const struct zv_config_form *zv_config_form(const struct zv_config *config, const char *name);

#endif
