/* The carrier's own messages, written by hand. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "carrier.h"

struct writer {
	char *to;
	size_t size, used;
	bool full;
};

static void put(struct writer *w, const char *bytes, size_t n)
{
	if (n == 0)
		return;
	if (w->used + n > w->size) {
		w->full = true;
		return;
	}
	memcpy(w->to + w->used, bytes, n);
	w->used += n;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_fmt(struct writer *w, const char *fmt, ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		w->full = true;
	else
		put(w, text, (size_t)n);
}

static void put_header(struct writer *w, const char *name, struct zvc_str value)
{
	put_text(w, name);
	put(w, ": ", 2);
	put(w, value.p, value.n);
	put(w, "\r\n", 2);
}

/* The topmost Via with what we know of its sender (RFC 3261 18.2.1, RFC 3581 4). */
static void put_top_via(struct writer *w, const struct zvc_msg *msg, const struct sockaddr_in *from)
{
	struct zvc_str value = msg->vias.line[0];
	struct zvc_str rest = {value.p, value.n};
	const char *comma = memchr(value.p, ',', value.n);
	char ip[INET_ADDRSTRLEN];

	(void)inet_ntop(AF_INET, &from->sin_addr, ip, sizeof(ip));
	if (comma != NULL)
		rest.n = (size_t)(comma - value.p);
	put_text(w, "Via: ");
	for (size_t i = 0; i < rest.n; i++) {
		put(w, rest.p + i, 1);
		if (msg->via.rport && i >= 5 && memcmp(rest.p + i - 5, ";rport", 6) == 0 &&
		    (i + 1 == rest.n || rest.p[i + 1] == ';'))
			put_fmt(w, "=%u", ntohs(from->sin_port));
	}
	if (msg->via.rport || !zvc_str_is(msg->via.host, ip))
		put_fmt(w, ";received=%s", ip);
	put(w, value.p + rest.n, value.n - rest.n);
	put(w, "\r\n", 2);
}

size_t zvc_reply_write(const struct zvc_carrier *carrier, const struct zvc_msg *msg,
                       const struct zvc_peer *peer, const char *to_tag,
                       const char *status_and_headers, struct zvc_str body, char *to, size_t size)
{
	struct writer w = {.to = to, .size = size};
	const char *end = strstr(status_and_headers, "\r\n");
	size_t n_status =
	        end != NULL ? (size_t)(end - status_and_headers) : strlen(status_and_headers);

	(void)carrier;
	put_text(&w, "SIP/2.0 ");
	put(&w, status_and_headers, n_status);
	put(&w, "\r\n", 2);
	for (uint32_t i = 0; i < msg->vias.n && i < ZVC_LINES_MAX; i++) {
		if (i == 0)
			put_top_via(&w, msg, &peer->addr);
		else
			put_header(&w, "Via", msg->vias.line[i]);
	}
	for (uint32_t i = 0; i < msg->record_routes.n && i < ZVC_LINES_MAX; i++)
		put_header(&w, "Record-Route", msg->record_routes.line[i]);
	put_header(&w, "From", msg->from.value);
	put_text(&w, "To: ");
	put(&w, msg->to.value.p, msg->to.value.n);
	if (msg->to.tag.n == 0 && to_tag != NULL)
		put_fmt(&w, ";tag=%s", to_tag);
	put(&w, "\r\n", 2);
	put_header(&w, "Call-ID", msg->call_id);
	put_fmt(&w, "CSeq: %u ", msg->cseq);
	put(&w, msg->cseq_method.p, msg->cseq_method.n);
	put(&w, "\r\n", 2);
	if (end != NULL)
		put_text(&w, end + 2);
	put_fmt(&w, "Content-Length: %zu\r\n\r\n", body.n);
	put(&w, body.p, body.n);
	return w.full ? 0 : w.used;
}

/* A numeric host of a URI as an address. */
static bool numeric(struct zvc_str host, uint16_t port, struct sockaddr_in *ret_addr)
{
	char text[INET_ADDRSTRLEN];

	if (host.n == 0 || host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = 0;
	*ret_addr = (struct sockaddr_in){.sin_family = AF_INET,
	                                 .sin_port = htons(port != 0 ? port : 5060)};
	return inet_pton(AF_INET, text, &ret_addr->sin_addr) == 1;
}

size_t zvc_bye_write(struct zvc_call *call, char *to, size_t size)
{
	struct writer w = {.to = to, .size = size};
	const struct sockaddr_in *local = zvc_net_local(call->carrier->net, &call->peer);
	struct sockaddr_in addr;
	char ip[INET_ADDRSTRLEN];

	call->far = call->peer;
	if (numeric(call->invite.contact.host, call->invite.contact.port, &addr))
		call->far.addr = addr;
	(void)inet_ntop(AF_INET, &local->sin_addr, ip, sizeof(ip));
	put_text(&w, "BYE ");
	put(&w, call->invite.contact.uri.p, call->invite.contact.uri.n);
	put_text(&w, " SIP/2.0\r\n");
	put_fmt(&w, "Via: SIP/2.0/%s %s:%u;branch=z9hG4bKzvc%" PRIu64 "b\r\nMax-Forwards: 70\r\n",
	        call->peer.tcp ? "TCP" : "UDP", ip, ntohs(local->sin_port), call->id);
	for (uint32_t i = 0; i < call->invite.record_routes.n && i < ZVC_LINES_MAX; i++)
		put_header(&w, "Route", call->invite.record_routes.line[i]);
	put_text(&w, "From: ");
	put(&w, call->invite.to.value.p, call->invite.to.value.n);
	put_fmt(&w, ";tag=%s\r\n", call->to_tag);
	put_header(&w, "To", call->invite.from.value);
	put_header(&w, "Call-ID", call->invite.call_id);
	put_text(&w, "CSeq: 1 BYE\r\nReason: Q.850;cause=16;text=\"Normal call clearing\"\r\n"
	             "Content-Length: 0\r\n\r\n");
	return w.full ? 0 : w.used;
}

void zvc_reply_address(struct zvc_peer *peer, const struct zvc_msg *msg)
{
	if (!msg->via.rport && !peer->tcp)
		peer->addr.sin_port = htons(msg->via.port != 0 ? msg->via.port : 5060);
}

bool zvc_dropped(struct zvc_carrier *carrier)
{
	if (carrier->conf.loss_ppm == 0)
		return false;
	carrier->dice = zv_mix64(carrier->dice);
	if (carrier->dice % 1000000 >= carrier->conf.loss_ppm)
		return false;
	carrier->stats.dropped++;
	return true;
}

void zvc_send(struct zvc_carrier *carrier, struct zvc_peer *peer, const char *bytes, size_t len)
{
	if (len > 0 && (peer->tcp || !zvc_dropped(carrier)))
		zvc_net_send(carrier->net, peer, bytes, len);
}
