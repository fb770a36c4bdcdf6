#include "text.h"

#include <string.h>
#include <strings.h>

#define HEAD_MAX 16384u
#define BODY_MAX 65536u

bool zvc_str_is(struct zvc_str s, const char *text)
{
	return strlen(text) == s.n && (s.n == 0 || memcmp(s.p, text, s.n) == 0);
}

bool zvc_str_is_nocase(struct zvc_str s, const char *text)
{
	return strlen(text) == s.n && (s.n == 0 || strncasecmp(s.p, text, s.n) == 0);
}

bool zvc_str_eq(struct zvc_str a, struct zvc_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool zvc_str_number(struct zvc_str s, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (s.n == 0 || s.n > 19)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (value > max)
		return false;
	*ret_value = value;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct zvc_str trim(struct zvc_str s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Takes the part up to the first separator that stands outside quotes and angle brackets. */
static struct zvc_str take_until(struct zvc_str *rest, char separator)
{
	struct zvc_str part = {rest->p, 0};
	bool quoted = false;
	bool angled = false;
	size_t i = 0;

	for (; i < rest->n; i++) {
		char c = rest->p[i];

		if (quoted && c == '\\' && i + 1 < rest->n) {
			i++;
			continue;
		}
		if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == '<')
			angled = true;
		else if (!quoted && c == '>')
			angled = false;
		else if (!quoted && !angled && c == separator)
			break;
	}
	part.n = i;
	if (i < rest->n)
		i++;
	rest->p += i;
	rest->n -= i;
	return trim(part);
}

bool zvc_param(struct zvc_str list, char separator, const char *name, struct zvc_str *ret_value)
{
	while (list.n > 0) {
		struct zvc_str value = take_until(&list, separator);
		struct zvc_str key = value;
		const char *equals = value.n > 0 ? memchr(value.p, '=', value.n) : NULL;

		if (equals != NULL) {
			key.n = (size_t)(equals - value.p);
			value.n -= key.n + 1;
			value.p = equals + 1;
			value = trim(value);
		} else {
			value.p += value.n;
			value.n = 0;
		}
		if (!zvc_str_is_nocase(trim(key), name))
			continue;
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
			value.p++;
			value.n -= 2;
		}
		*ret_value = value;
		return true;
	}
	return false;
}

uint64_t zvc_phone(struct zvc_str user)
{
	uint64_t number = 0;

	if (user.n > 0 && user.p[0] == '+') {
		user.p++;
		user.n--;
	}
	if (user.n < 3 || user.n > 15 || !zvc_str_number(user, UINT64_MAX, &number))
		return 0;
	return number;
}

static enum zvc_method method_of(struct zvc_str name)
{
	static const char *const names[] = {
	        [ZVC_M_INVITE] = "INVITE", [ZVC_M_ACK] = "ACK",         [ZVC_M_BYE] = "BYE",
	        [ZVC_M_CANCEL] = "CANCEL", [ZVC_M_OPTIONS] = "OPTIONS", [ZVC_M_PRACK] = "PRACK",
	        [ZVC_M_UPDATE] = "UPDATE", [ZVC_M_INFO] = "INFO",
	};

	for (unsigned i = ZVC_M_INVITE; i < ZVC_M_OTHER; i++) {
		if (zvc_str_is(name, names[i]))
			return (enum zvc_method)i;
	}
	return ZVC_M_OTHER;
}

/* host, host:port or [v6]:port. */
static bool parse_host(struct zvc_str s, struct zvc_str *ret_host, uint16_t *ret_port)
{
	uint64_t port = 0;
	const char *colon;

	*ret_host = s;
	*ret_port = 0;
	if (s.n == 0)
		return false;
	if (s.p[0] == '[') {
		const char *close = memchr(s.p, ']', s.n);

		if (close == NULL)
			return false;
		ret_host->n = (size_t)(close + 1 - s.p);
		colon = ret_host->n < s.n ? close + 1 : NULL;
		if (colon != NULL && *colon != ':')
			return false;
	} else {
		colon = memchr(s.p, ':', s.n);
		if (colon != NULL)
			ret_host->n = (size_t)(colon - s.p);
	}
	if (colon != NULL) {
		struct zvc_str digits = {colon + 1, (size_t)(s.p + s.n - colon - 1)};

		if (!zvc_str_number(trim(digits), 65535, &port))
			return false;
	}
	*ret_host = trim(*ret_host);
	*ret_port = (uint16_t)port;
	return ret_host->n > 0;
}

/* sip:user@host:port;params */
static bool parse_uri(struct zvc_str uri, struct zvc_str *ret_user, struct zvc_str *ret_host,
                      uint16_t *ret_port)
{
	struct zvc_str rest = uri;
	const char *at;
	size_t end;

	if (uri.n > 5 && strncasecmp(uri.p, "sips:", 5) == 0) {
		rest.p += 5;
		rest.n -= 5;
	} else if (uri.n > 4 && strncasecmp(uri.p, "sip:", 4) == 0) {
		rest.p += 4;
		rest.n -= 4;
	} else {
		return false;
	}
	*ret_user = (struct zvc_str){rest.p, 0};
	at = memchr(rest.p, '@', rest.n);
	if (at != NULL) {
		ret_user->n = (size_t)(at - rest.p);
		rest.n -= ret_user->n + 1;
		rest.p = at + 1;
		for (size_t i = 0; i < ret_user->n; i++) {
			if (ret_user->p[i] == ';' || ret_user->p[i] == ':') {
				ret_user->n = i;
				break;
			}
		}
	}
	for (end = 0; end < rest.n && rest.p[end] != ';' && rest.p[end] != '?'; end++)
		;
	rest.n = end;
	return parse_host(rest, ret_host, ret_port);
}

/* "Name" <uri>;tag=x, or uri;tag=x. */
static bool parse_addr(struct zvc_str value, struct zvc_addr *addr)
{
	struct zvc_str rest = value;
	struct zvc_str first = take_until(&rest, ';');
	struct zvc_str probe = first;
	const char *open = NULL;
	bool quoted = false;

	addr->value = value;
	for (size_t i = 0; i < first.n; i++) {
		if (quoted && first.p[i] == '\\') {
			i++;
		} else if (first.p[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && first.p[i] == '<') {
			open = first.p + i;
			break;
		}
	}
	if (open != NULL) {
		size_t left = (size_t)(first.p + first.n - open);
		const char *close = memchr(open, '>', left);

		if (close == NULL)
			return false;
		probe.p = open + 1;
		probe.n = (size_t)(close - open - 1);
	}
	addr->uri = probe;
	if (zvc_param(rest, ';', "tag", &addr->tag) && addr->tag.n == 0)
		return false;
	return parse_uri(probe, &addr->user, &addr->host, &addr->port);
}

/* SIP/2.0/UDP host:port;branch=... */
static bool parse_via(struct zvc_str value, struct zvc_via *via)
{
	struct zvc_str first = take_until(&value, ',');
	struct zvc_str head = take_until(&first, ';');
	struct zvc_str rport;
	size_t i = 0;

	if (head.n < 8 || strncasecmp(head.p, "SIP/2.0/", 8) != 0)
		return false;
	head.p += 8;
	head.n -= 8;
	while (i < head.n && !is_space(head.p[i]))
		i++;
	via->transport = (struct zvc_str){head.p, i};
	head.p += i;
	head.n -= i;
	(void)zvc_param(first, ';', "branch", &via->branch);
	via->rport = zvc_param(first, ';', "rport", &rport) && rport.n == 0;
	return parse_host(trim(head), &via->host, &via->port);
}

/* CSeq: 1 INVITE */
static bool parse_cseq(struct zvc_str value, struct zvc_msg *msg)
{
	struct zvc_str digits = value;
	uint64_t number;

	for (digits.n = 0; digits.n < value.n && !is_space(value.p[digits.n]); digits.n++)
		;
	if (!zvc_str_number(digits, INT32_MAX, &number))
		return false;
	msg->cseq = (uint32_t)number;
	msg->cseq_method = trim((struct zvc_str){value.p + digits.n, value.n - digits.n});
	return msg->cseq_method.n > 0;
}

static void add_line(struct zvc_lines *lines, struct zvc_str value)
{
	if (lines->n < ZVC_LINES_MAX)
		lines->line[lines->n] = value;
	lines->n++;
}

static bool take_number(struct zvc_str value, uint64_t max, uint32_t *ret_n, uint32_t *ret_value)
{
	uint64_t number;

	(*ret_n)++;
	if (!zvc_str_number(value, max, &number))
		return false;
	*ret_value = (uint32_t)number;
	return true;
}

/* The long name of a compact one (RFC 3261 7.3.3), else the name itself. */
static struct zvc_str long_name(struct zvc_str name)
{
	static const struct {
		char letter;
		const char *name;
	} compact[] = {
	        {'v', "Via"},     {'f', "From"},           {'t', "To"},           {'i', "Call-ID"},
	        {'m', "Contact"}, {'l', "Content-Length"}, {'c', "Content-Type"},
	};

	for (size_t i = 0; name.n == 1 && i < sizeof(compact) / sizeof(compact[0]); i++) {
		if ((name.p[0] | 0x20) == compact[i].letter)
			return (struct zvc_str){compact[i].name, strlen(compact[i].name)};
	}
	return name;
}

/* NULL, or what is wrong with the header. */
static const char *take_header(struct zvc_msg *msg, struct zvc_str name, struct zvc_str value)
{
	name = long_name(name);
	if (zvc_str_is_nocase(name, "Via")) {
		add_line(&msg->vias, value);
		return msg->vias.n > 1 || parse_via(value, &msg->via) ? NULL : "bad Via";
	}
	if (zvc_str_is_nocase(name, "From"))
		return ++msg->from.n == 1 && parse_addr(value, &msg->from) ? NULL : "bad From";
	if (zvc_str_is_nocase(name, "To"))
		return ++msg->to.n == 1 && parse_addr(value, &msg->to) ? NULL : "bad To";
	if (zvc_str_is_nocase(name, "Contact"))
		return ++msg->contact.n == 1 && parse_addr(value, &msg->contact) ? NULL
		                                                                 : "bad Contact";
	if (zvc_str_is_nocase(name, "Call-ID")) {
		msg->call_id = value;
		return ++msg->n_call_id == 1 && value.n > 0 ? NULL : "bad Call-ID";
	}
	if (zvc_str_is_nocase(name, "CSeq"))
		return ++msg->n_cseq == 1 && parse_cseq(value, msg) ? NULL : "bad CSeq";
	if (zvc_str_is_nocase(name, "Max-Forwards"))
		return take_number(value, 255, &msg->n_max_forwards, &msg->max_forwards) &&
		                       msg->n_max_forwards == 1
		               ? NULL
		               : "bad Max-Forwards";
	if (zvc_str_is_nocase(name, "Content-Length"))
		return take_number(value, BODY_MAX, &msg->n_content_length, &msg->content_length) &&
		                       msg->n_content_length == 1
		               ? NULL
		               : "bad Content-Length";
	if (zvc_str_is_nocase(name, "Content-Type"))
		msg->content_type = value;
	else if (zvc_str_is_nocase(name, "Require"))
		msg->require = value;
	else if (zvc_str_is_nocase(name, "Authorization"))
		msg->authorization = value;
	else if (zvc_str_is_nocase(name, "Proxy-Authorization"))
		msg->proxy_authorization = value;
	else if (zvc_str_is_nocase(name, "WWW-Authenticate"))
		msg->www_authenticate = value;
	else if (zvc_str_is_nocase(name, "P-Asserted-Identity"))
		msg->p_asserted = value;
	else if (zvc_str_is_nocase(name, "Privacy"))
		msg->privacy = value;
	else if (zvc_str_is_nocase(name, "Record-Route"))
		add_line(&msg->record_routes, value);
	else if (zvc_str_is_nocase(name, "Route"))
		add_line(&msg->routes, value);
	return NULL;
}

/* Method SP Request-URI SP SIP/2.0, or SIP/2.0 SP code SP reason. */
static bool parse_start(struct zvc_str line, struct zvc_msg *msg)
{
	const char *space = line.n > 0 ? memchr(line.p, ' ', line.n) : NULL;
	struct zvc_str first, second, last;
	uint64_t status;
	uint16_t port;
	struct zvc_str host;

	if (space == NULL)
		return false;
	first = (struct zvc_str){line.p, (size_t)(space - line.p)};
	second = (struct zvc_str){space + 1, line.n - first.n - 1};
	if (zvc_str_is_nocase(first, "SIP/2.0")) {
		if (second.n < 3 || !zvc_str_number((struct zvc_str){second.p, 3}, 699, &status) ||
		    status < 100)
			return false;
		msg->status = (uint16_t)status;
		return true;
	}
	space = second.n > 0 ? memchr(second.p, ' ', second.n) : NULL;
	if (space == NULL)
		return false;
	last = (struct zvc_str){space + 1, (size_t)(second.p + second.n - space - 1)};
	second.n = (size_t)(space - second.p);
	if (!zvc_str_is_nocase(last, "SIP/2.0") || first.n == 0 || second.n == 0)
		return false;
	msg->request = true;
	msg->method_name = first;
	msg->method = method_of(first);
	msg->ruri = second;
	if (!parse_uri(second, &msg->ruri_user, &host, &port))
		msg->fault = "bad Request-URI";
	return true;
}

/* The next line without its end, folded lines joined; *at moves behind it.  false: no CRLF. */
static bool next_line(const char *bytes, size_t len, size_t *at, struct zvc_str *ret_line)
{
	size_t start = *at;
	size_t i = start;

	for (;;) {
		const char *end = i < len ? memchr(bytes + i, '\r', len - i) : NULL;

		if (end == NULL || end + 1 == bytes + len)
			return false;
		i = (size_t)(end - bytes) + 1;
		if (bytes[i] != '\n')
			continue;
		i++;
		if (i - 2 > start && i < len && (bytes[i] == ' ' || bytes[i] == '\t'))
			continue;
		*ret_line = (struct zvc_str){bytes + start, i - 2 - start};
		*at = i;
		return true;
	}
}

static void set_fault(struct zvc_msg *msg, const char *fault)
{
	if (msg->fault == NULL)
		msg->fault = fault;
}

bool zvc_msg_parse(const char *bytes, size_t len, struct zvc_msg *ret_msg)
{
	struct zvc_msg msg = {0};
	struct zvc_str line;
	size_t at = 0;
	bool whole = false;

	if (!next_line(bytes, len, &at, &line) || !parse_start(line, &msg)) {
		msg.fault = "no start line";
		*ret_msg = msg;
		return false;
	}
	while (next_line(bytes, len, &at, &line)) {
		const char *colon;
		struct zvc_str name, value;

		if (line.n == 0) {
			whole = true;
			break;
		}
		colon = memchr(line.p, ':', line.n);
		if (colon == NULL) {
			set_fault(&msg, "a header without a colon");
			continue;
		}
		name = trim((struct zvc_str){line.p, (size_t)(colon - line.p)});
		value = trim((struct zvc_str){colon + 1, (size_t)(line.p + line.n - colon - 1)});
		set_fault(&msg, take_header(&msg, name, value));
		if (memchr(line.p, 0, line.n) != NULL)
			set_fault(&msg, "a zero byte in a header");
	}
	if (whole)
		msg.body = (struct zvc_str){bytes + at, len - at};
	else
		set_fault(&msg, "no empty line after the headers");
	if (!msg.request)
		msg.method = method_of(msg.cseq_method);
	*ret_msg = msg;
	return whole;
}

long zvc_msg_frame(const char *bytes, size_t len, size_t *ret_skip)
{
	struct zvc_msg msg;
	struct zvc_str line;
	size_t skip = 0;
	size_t at;

	while (skip < len && (bytes[skip] == '\r' || bytes[skip] == '\n'))
		skip++;
	*ret_skip = skip;
	bytes += skip;
	len -= skip;
	at = 0;
	do {
		if (!next_line(bytes, len, &at, &line))
			return len > HEAD_MAX ? -1 : 0;
	} while (line.n > 0);
	if (at > HEAD_MAX || !zvc_msg_parse(bytes, at, &msg) || msg.n_content_length != 1 ||
	    msg.content_length > BODY_MAX)
		return -1;
	if (msg.fault != NULL && strcmp(msg.fault, "bad Content-Length") == 0)
		return -1;
	return len - at < msg.content_length ? 0 : (long)(at + msg.content_length);
}
