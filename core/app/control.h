/* app/control.h -- the control socket of zvonard: a unix stream socket, one JSON object a line.
 *
 * Thread: main.  Never blocks: one pollable descriptor stands for the listener and all clients;
 * when it is readable the main loop calls zv_control_serve.  The handler runs inside serve and
 * must not block either.
 *
 * A request is {"cmd": NAME, ...}; the answer is {"ok": true, ...} or {"ok": false, "error":
 * WORD, "text": TEXT}.  Everything is bounded: ZV_CONTROL_REQUEST_MAX bytes a request,
 * ZV_CONTROL_REPLY_MAX a reply, ZV_CONTROL_CLIENTS_MAX clients (one more ends the one that was
 * quiet for longest).  A client that does not read its reply is not read from.
 */
#ifndef ZV_APP_CONTROL_H
#define ZV_APP_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zvonar/err.h"
#include "zvonar/plugin.h" /* enum zv_log_level */

#define ZV_CONTROL_REQUEST_MAX 4096u
#define ZV_CONTROL_REPLY_MAX   (1u << 20)
#define ZV_CONTROL_CLIENTS_MAX 16u
#define ZV_CONTROL_NAME_MAX    64u
#define ZV_CONTROL_TEXT_MAX    64u
#define ZV_CONTROL_WHOM_MAX    256u

enum zv_control_cmd {
	ZV_CONTROL_VERSION = 1,
	ZV_CONTROL_STATUS,
	ZV_CONTROL_CAMPAIGN_LIST,
	ZV_CONTROL_CAMPAIGN_SHOW,  /* campaign */
	ZV_CONTROL_CAMPAIGN_START, /* campaign */
	ZV_CONTROL_CAMPAIGN_PAUSE, /* campaign */
	ZV_CONTROL_CAMPAIGN_STOP,  /* campaign: pause, and calls in progress end by themselves */
	ZV_CONTROL_LIST_IMPORTED,  /* campaign: new leads are in the store */
	ZV_CONTROL_LOG_LEVEL,      /* level */
	ZV_CONTROL_RELOAD,
	ZV_CONTROL_DRAIN,
	ZV_CONTROL_SUPPRESS,   /* numbers or persons, campaign ("": everywhere), until_ms, text, source */
	ZV_CONTROL_UNSUPPRESS, /* numbers or persons, campaign */
	ZV_CONTROL_MARK,       /* numbers or persons, kind, name, from_ms, until_ms, text */
	ZV_CONTROL_AGENT_LIST,
};

/* How a mark of a person came about, by the words of the rules. */
enum zv_control_mark {
	ZV_CONTROL_FLAG = 1, ZV_CONTROL_CONSENT, ZV_CONTROL_AGREEMENT, ZV_CONTROL_INITIATIVE,
	ZV_CONTROL_CONSENT_7D
};

struct zv_control_request {
	enum zv_control_cmd cmd;
	char campaign[ZV_CONTROL_NAME_MAX]; /* UTF-8, no control characters; "" if none */
	enum zv_log_level level;
	uint64_t ticket; /* for zv_control_answer, if the handler answers later */
	uint32_t n_numbers, n_persons; /* together at most ZV_CONTROL_WHOM_MAX */
	uint64_t numbers[ZV_CONTROL_WHOM_MAX], persons[ZV_CONTROL_WHOM_MAX];
	int64_t from_ms, until_ms; /* calendar; 0: not told */
	enum zv_control_mark kind;
	bool import; /* source: from a file, else an operator's word */
	char name[ZV_CONTROL_NAME_MAX], text[ZV_CONTROL_TEXT_MAX]; /* as campaign */
};

/* Answers one request: adds what it has to say to reply, an object that holds {"ok": true} and
 * is borrowed.  An error becomes {"ok": false}: text (empty at the call) tells people why.
 * ZV_EAGAIN: the answer comes later by zv_control_answer, and the client waits for it.
 * VERSION never arrives here. */
typedef enum zv_err (*zv_control_fn)(void *arg, const struct zv_control_request *request,
                                     json_t *reply, char *text, size_t text_size);

struct zv_control_params {
	const char *path; /* below 108 bytes; made with mode 0600 */
	zv_control_fn handle;
	void *arg;
};

struct zv_control;

/* A socket file that nobody listens on any more is replaced.  ZV_EEXIST: another daemon
 * listens there; ZV_EINVAL: path too long; ZV_EIO; what went wrong stands in text. */
enum zv_err zv_control_open(const struct zv_control_params *params, char *text, size_t text_size,
                            struct zv_control **ret_control) ZV_MUST_USE;
void zv_control_close(struct zv_control *control); /* removes its file; accepts NULL */

/* Readable when there is something to do.  Valid until close. */
int zv_control_fd(const struct zv_control *control);
/* Does what can be done without waiting. */
void zv_control_serve(struct zv_control *control);

/* The answer to a request that was put off; as the handler's.  reply: taken, an object to which
 * "ok" is added; NULL: none.  A client that is gone is none of anybody's business. */
void zv_control_answer(struct zv_control *control, uint64_t ticket, enum zv_err err, json_t *reply,
                       const char *text);

/* One request of len bytes, without its newline.  Hostile input.  ZV_EPARSE (text says why). */
enum zv_err zv_control_parse(const char *line, size_t len, struct zv_control_request *ret_request,
                             char *text, size_t text_size) ZV_MUST_USE;

#endif
