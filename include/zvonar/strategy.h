/* zvonar/strategy.h -- the plugin kind `strategy`: what happens to a lead next.
 *
 * Manner: pure.  Same input, same output; no I/O, no clock, no own randomness (`seed` is
 * given).  Thread: the plugin thread; in a simulator, inline.  Budget: 1 ms; past it the
 * host's default stands (the lead rests one day) and a plugin that keeps overrunning is
 * disabled.
 */
#ifndef ZVONAR_STRATEGY_H
#define ZVONAR_STRATEGY_H

#include "zvonar/outcome.h"
#include "zvonar/plugin.h"

#define ZV_HISTORY_MAX  62 /* attempts of a lead that are kept at hand */
#define ZV_NUMBERS_MAX  8  /* numbers of a person */
#define ZV_STEP_MESSAGES_MAX 3

/* One attempt as a strategy sees it.  Frozen stride: 16 bytes. */
struct zv_attempt_brief {
	int64_t at_ms;   /* calendar time of the INVITE, UTC */
	uint8_t outcome; /* enum zv_outcome */
	uint8_t result;  /* 1 + index in the campaign's `results`, 0 = the talk gave none */
	uint8_t number;  /* index of the number that was called */
	uint8_t round;   /* grows when a lead re-enters its campaign (a call in a year) */
	uint16_t talk_s;
	uint16_t sip_code;
};

enum zv_number_kind { ZV_NUM_MOBILE = 0, ZV_NUM_HOME = 1, ZV_NUM_WORK = 2, ZV_NUM_OTHER = 3 };
enum zv_number_status { ZV_NUM_OK = 0, ZV_NUM_SUSPECT = 1, ZV_NUM_INVALID = 2 };

/* Frozen stride: 24 bytes. */
struct zv_number_brief {
	uint64_t e164;         /* digits as a number, no plus */
	int32_t valid_from_day, valid_to_day; /* local days since 1970; 0 = open */
	uint16_t zone;
	uint8_t kind;          /* enum zv_number_kind */
	uint8_t status;        /* enum zv_number_status */
	uint8_t order;         /* 0 first */
	uint8_t pad[3];
};

struct zv_strategy_in {
	uint32_t size;
	uint32_t campaign;
	uint64_t lead;
	uint64_t seed;     /* fixed per lead: jitter comes from it and the attempt's number */
	int64_t now_ms;    /* calendar, UTC */
	uint16_t zone;     /* of the lead */
	uint8_t round;     /* only attempts with this round count */
	uint8_t category;  /* 1 + index in the campaign's `categories`, 0 = none yet */
	uint8_t n_numbers;
	uint8_t n_history; /* 1..ZV_HISTORY_MAX + 1, oldest first; the last one just ended */
	uint8_t pad[2];
	const struct zv_number_brief *numbers;
	const struct zv_attempt_brief *history;
};

enum zv_step_kind {
	ZV_STEP_RETRY = 1, /* call again at due_ms */
	ZV_STEP_FINAL = 2, /* the lead has its category; due_ms != 0: it re-enters then */
};

/* Priority classes of the due index; lower goes first. */
enum zv_due_class { ZV_DUE_HOT = 0, ZV_DUE_CALLBACK = 1, ZV_DUE_NORMAL = 2, ZV_DUE_LATER = 3 };

struct zv_strategy_out {
	uint32_t size;
	uint8_t kind;     /* enum zv_step_kind */
	uint8_t category; /* 1 + index in the campaign's `categories`; with FINAL */
	uint8_t number;   /* index into numbers; with RETRY */
	uint8_t due_class; /* enum zv_due_class */
	int64_t due_ms;   /* UTC; earliest moment of the next call */
	uint8_t n_messages;
	uint8_t messages[ZV_STEP_MESSAGES_MAX]; /* indexes into the campaign's `messages` */
	uint8_t invalid_number; /* 1: mark the number just called as invalid */
	uint8_t remove;   /* 1: tombstone the lead («удаляется из базы»); with FINAL */
	uint8_t pad[2];
};

/* The names a campaign file defines; a strategy resolves its own names against them once.
 * Borrowed; valid until open_campaign returns. */
struct zv_campaign_view {
	uint32_t size;
	uint32_t campaign;
	const char *name;
	uint8_t n_categories, n_results, n_messages, pad;
	const char *const *categories;
	const char *const *results;
	const char *const *messages;
};

/* The host never makes two calls into one plugin at once, on whichever thread. */
struct zv_strategy_ops {
	uint32_t size;
	uint32_t pad;
	/* conf: the campaign's `strategy` section.  Errors are told by host->conf_error.
	 * Boot and reload only. */
	enum zv_err (*open_campaign)(void *self, const struct zv_campaign_view *view,
				     const struct zv_conf_node *conf, void **ret_campaign);
	void (*close_campaign)(void *self, void *campaign); /* may be NULL */
	/* out: zero but for its size, which is the host's.  Any value but ZV_OK, and any answer
	 * that does not fit the lead or the campaign: the host's default stands and it is counted. */
	enum zv_err (*next)(void *self, void *campaign, const struct zv_strategy_in *in,
			    struct zv_strategy_out *out);
};

#endif
