/* store/request.h -- requests: tasks that a person has to do, with a deadline.
 *
 * Thread: any; each change is one short write transaction, flushed before it returns.  new -> in work
 * -> done; one that is returned is new again.  Given out by priority, then by the earliest deadline.
 * What callbacks get is borrowed until they return.
 */
#ifndef ZV_STORE_REQUEST_H
#define ZV_STORE_REQUEST_H

#include "store/card.h"

enum zv_request_kind { /* stored: append only */
	ZV_REQUEST_VERIFICATION = 1, ZV_REQUEST_NUMBER_CHANGE, ZV_REQUEST_QUESTIONNAIRE,
	ZV_REQUEST_COMPLAINT, ZV_REQUEST_CALL, ZV_REQUEST_OTHER, ZV_REQUEST_KINDS
};
enum zv_request_status { ZV_REQUEST_NEW = 1, ZV_REQUEST_WORK = 2, ZV_REQUEST_DONE = 3 };
enum zv_request_what { /* in the history; stored: append only */
	ZV_REQUEST_CREATED = 1, ZV_REQUEST_TAKEN, ZV_REQUEST_RETURNED, ZV_REQUEST_FINISHED,
	ZV_REQUEST_OVERDUE, ZV_REQUEST_WHATS
};

const char *zv_request_kind_name(uint8_t kind);     /* "verification" ...; "?" */
uint8_t zv_request_kind_parse(const char *name);    /* 0: no such */
const char *zv_request_status_name(uint8_t status); /* "new", "work", "done" */
uint8_t zv_request_status_parse(const char *name);

#define ZV_REQUEST_HISTORY_MAX 24u
#define ZV_REQUEST_TITLE_MAX   300u
#define ZV_REQUEST_WORD_MAX    63u /* skill, form, source */

struct zv_request_step { int64_t at_ms; uint8_t what; const char *who; };

struct zv_request {
	uint64_t id;           /* 1 ... */
	uint8_t kind, status;
	uint8_t priority;      /* 0 first */
	uint8_t escalated;     /* 1: it was told to be overdue */
	uint32_t campaign;     /* 0 none */
	uint64_t lead, person; /* 0 none */
	int64_t created_ms, deadline_ms, taken_ms, done_ms; /* calendar; deadline 0: none */
	const char *agent;     /* who has it or did it; "" nobody */
	const char *skill;     /* who may have it must have this; "" anybody */
	const char *form;      /* name of the form to be filled in; "" none */
	const char *source;    /* "site", "email", "call" ... */
	const char *title;     /* what is to be done */
	const char *fields;    /* JSON object; at most ZV_NOTE_FIELDS_MAX */
	const char *result;    /* what came of it; at most ZV_NOTE_COMMENT_MAX */
	uint32_t n_history;    /* the first ones and the last */
	struct zv_request_step history[ZV_REQUEST_HISTORY_MAX];
};

/* id, status, escalated, agent, times but deadline_ms, and history are the store's.  person 0: the
 * lead's.  who: who asks for it.  ZV_EINVAL, ZV_ENOENT (lead). */
enum zv_err zv_store_request_create(struct zv_store *store, const struct zv_request *request,
				    const char *who, int64_t now_ms, uint64_t *ret_id) ZV_MUST_USE;
/* ZV_ENOENT; ZV_EDENIED: somebody else has it, or it is done.  Taking what one has is ZV_OK. */
enum zv_err zv_store_request_take(struct zv_store *store, uint64_t id, const char *agent,
				  int64_t now_ms) ZV_MUST_USE;
/* By who has it; who "": by whom it was given out to does not matter (a supervisor).  fields NULL:
 * those that stand stay. */
enum zv_err zv_store_request_done(struct zv_store *store, uint64_t id, const char *agent,
				  const char *fields, const char *result, int64_t now_ms) ZV_MUST_USE;
/* comment: for who takes it next; "" keeps the one that stands. */
enum zv_err zv_store_request_return(struct zv_store *store, uint64_t id, const char *agent,
				    const char *comment, int64_t now_ms) ZV_MUST_USE;

typedef bool (*zv_request_fn)(void *arg, const struct zv_request *request);
enum zv_err zv_store_request_get(struct zv_store *store, uint64_t id, zv_request_fn fn, void *arg) ZV_MUST_USE;
/* The first that may (skill) have: one that he has in work already, else the most urgent new one.
 * ZV_ENOENT: none. */
enum zv_err zv_store_request_next(struct zv_store *store, const char *agent,
				  bool (*may)(void *arg, const char *skill), zv_request_fn fn,
				  void *arg) ZV_MUST_USE;

struct zv_request_filter {
	uint8_t status;        /* 0: any */
	uint8_t kind;          /* 0: any */
	const char *agent;     /* NULL: anybody's */
	uint64_t person, lead; /* 0: any */
	int64_t overdue_ms;    /* not done, and the deadline before this; 0: any */
	uint64_t after;        /* ids beyond this one */
};
/* New ones of no person and lead in the order they are given out, others by id. */
enum zv_err zv_store_requests_each(struct zv_store *store, const struct zv_request_filter *filter,
				   zv_request_fn fn, void *arg) ZV_MUST_USE;

struct zv_request_counts { uint64_t fresh, work, done, overdue; };
enum zv_err zv_store_request_counts(struct zv_store *store, int64_t now_ms,
				    struct zv_request_counts *ret_counts) ZV_MUST_USE;
/* Marks those whose deadline is over, once each, and tells them (after the flush). */
enum zv_err zv_store_requests_escalate(struct zv_store *store, int64_t now_ms, zv_request_fn fn,
				       void *arg, uint32_t *ret_n) ZV_MUST_USE;

#endif
