/* carrier/text.h -- SIP messages (RFC 3261) as views into the bytes that came.  Pure.
 *
 * Parses what a carrier needs, bounds first, and says what is wrong with the first bad line.
 * Views stay valid as long as the bytes do.
 */
#ifndef ZVC_TEXT_H
#define ZVC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zvc_str {
	const char *p;
	size_t n;
};

enum zvc_method {
	ZVC_M_NONE,
	ZVC_M_INVITE,
	ZVC_M_ACK,
	ZVC_M_BYE,
	ZVC_M_CANCEL,
	ZVC_M_OPTIONS,
	ZVC_M_PRACK,
	ZVC_M_UPDATE,
	ZVC_M_INFO,
	ZVC_M_OTHER
};

#define ZVC_LINES_MAX 12

/* A list of whole header values, in the order of the message. */
struct zvc_lines {
	uint32_t n; /* how many there were; the first ZVC_LINES_MAX are kept */
	struct zvc_str line[ZVC_LINES_MAX];
};

struct zvc_addr {   /* From, To, Contact */
	uint32_t n; /* how many such headers */
	struct zvc_str value, uri, user, host, tag;
	uint16_t port; /* of the URI, 0 = none */
};

struct zvc_via {
	struct zvc_str transport, host, branch;
	uint16_t port; /* 0 = none */
	bool rport;    /* asked for, without a value */
};

struct zvc_msg {
	bool request;
	enum zvc_method method; /* of a request; of a response that of its CSeq */
	uint16_t status;        /* 0 for a request */
	struct zvc_str method_name, ruri, ruri_user;
	struct zvc_lines vias, record_routes, routes;
	struct zvc_via via; /* the topmost */
	struct zvc_addr from, to, contact;
	struct zvc_str call_id, cseq_method, content_type, require;
	struct zvc_str authorization, proxy_authorization, www_authenticate, p_asserted, privacy;
	uint32_t n_call_id, n_cseq, n_max_forwards, n_content_length;
	uint32_t cseq, max_forwards, content_length;
	struct zvc_str body; /* all bytes after the empty line that there are */
	const char *fault;   /* NULL, or what the grammar does not allow */
};

/* false: not even a start line, or no empty line; *ret_msg says what was understood and `fault`
 * why.  true with a fault: good enough to answer, but not right. */
bool zvc_msg_parse(const char *bytes, size_t len, struct zvc_msg *ret_msg);

/* Length of the first message in a stream's bytes: 0 = more bytes are needed, -1 = there can be
 * none (no or bad Content-Length, head over 16 KiB, body over 64 KiB).  *ret_skip: line breaks to
 * drop before it. */
long zvc_msg_frame(const char *bytes, size_t len, size_t *ret_skip);

bool zvc_str_is(struct zvc_str s, const char *text);
bool zvc_str_is_nocase(struct zvc_str s, const char *text);
bool zvc_str_eq(struct zvc_str a, struct zvc_str b);
/* Decimal digits only, at most max.  false: not a number. */
bool zvc_str_number(struct zvc_str s, uint64_t max, uint64_t *ret_value);
/* A parameter of a list like `a;b=1;c="x"` or `a=1,b="x"` by name; quotes are taken off.
 * false: it is not there. */
bool zvc_param(struct zvc_str list, char separator, const char *name, struct zvc_str *ret_value);
/* Digits of a phone number with an optional plus.  0: not a number. */
uint64_t zvc_phone(struct zvc_str user);

#endif
