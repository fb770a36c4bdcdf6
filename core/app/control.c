#include "app/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

struct client {
	int fd;           /* -1: free */
	uint64_t touched; /* running number of the last activity */
	size_t in_len;
	char in[ZV_CONTROL_REQUEST_MAX + 1];
	char *out; /* not yet written; owned; NULL: nothing */
	size_t out_len, out_at;
	bool ending; /* close once out is written */
	uint64_t waits; /* ticket of the request whose answer comes later; 0: none */
};

struct zv_control {
	struct zv_control_params p;
	char path[108];
	dev_t dev;
	ino_t ino;
	int listen_fd, epoll_fd;
	uint64_t activity, tickets;
	struct client clients[ZV_CONTROL_CLIENTS_MAX];
};

#define LISTENER UINT32_MAX /* epoll's data.u32; a client has its index */

static void client_drop(struct zv_control *c, struct client *cl)
{
	if (cl->fd < 0)
		return;
	(void)epoll_ctl(c->epoll_fd, EPOLL_CTL_DEL, cl->fd, NULL);
	(void)close(cl->fd);
	free(cl->out);
	cl->out = NULL;
	cl->fd = -1;
}

/* Waits for what the client owes us next: room for its reply, or its next request; for nothing
 * but its end while we owe it an answer. */
static void client_watch(struct zv_control *c, struct client *cl)
{
	struct epoll_event ev = {
	        .events = cl->out != NULL ? EPOLLOUT : cl->waits != 0 ? 0 : EPOLLIN,
	        .data.u32 = (uint32_t)(cl - c->clients),
	};

	if (epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, cl->fd, &ev) != 0)
		client_drop(c, cl);
}

/* Writes what the socket takes.  false: the client is gone. */
static bool client_flush(struct zv_control *c, struct client *cl)
{
	while (cl->out != NULL) {
		ssize_t n =
		        send(cl->fd, cl->out + cl->out_at, cl->out_len - cl->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			client_drop(c, cl);
			return false;
		}
		cl->out_at += (size_t)n;
		if (cl->out_at == cl->out_len) {
			free(cl->out);
			cl->out = NULL;
		}
	}
	if (cl->out == NULL && cl->ending) {
		client_drop(c, cl);
		return false;
	}
	return true;
}

static const char *error_word(enum zv_err err)
{
	switch (err) {
	case ZV_ENOENT: return "not_found";
	case ZV_EPARSE:
	case ZV_EINVAL: return "bad_request";
	case ZV_EDENIED: return "denied";
	case ZV_EEXIST: return "exists";
	case ZV_EAGAIN: return "again";
	case ZV_OK:
	case ZV_EFULL:
	case ZV_EIO:
	case ZV_ECORRUPT:
	case ZV_ENOMEM:
	case ZV_EVERSION:
	case ZV_ETIMEDOUT: break;
	}
	return "failed";
}

/* Takes reply.  Puts its line into the client's out. */
static void client_reply(struct client *cl, json_t *reply)
{
	size_t len = reply != NULL ? json_dumpb(reply, NULL, 0, JSON_COMPACT) : 0;
	char *line = len > 0 && len < ZV_CONTROL_REPLY_MAX ? malloc(len + 1) : NULL;

	if (line == NULL) {
		static const char sorry[] = "{\"ok\":false,\"error\":\"failed\",\"text\":\"no "
		                            "reply of a sane size\"}\n";

		zv_warn("control", "a reply of %zu bytes was not sent", len);
		cl->out = strdup(sorry);
		cl->out_len = cl->out != NULL ? sizeof(sorry) - 1 : 0;
	} else {
		(void)json_dumpb(reply, line, len, JSON_COMPACT);
		line[len] = '\n';
		cl->out = line;
		cl->out_len = len + 1;
	}
	cl->out_at = 0;
	if (cl->out == NULL)
		cl->ending = true;
	json_decref(reply);
}

static void reply_error(struct client *cl, enum zv_err err, const char *text)
{
	json_t *reply = json_pack("{s:b,s:s,s:s}", "ok", 0, "error", error_word(err), "text",
	                          text[0] != 0 ? text : zv_err_text(err));

	/* text may quote the client; what is not UTF-8 is not packed */
	if (reply == NULL)
		reply = json_pack("{s:b,s:s,s:s}", "ok", 0, "error", error_word(err), "text",
		                  zv_err_text(err));
	client_reply(cl, reply);
}

static void handle_line(struct zv_control *c, struct client *cl, const char *line, size_t len)
{
	struct zv_control_request request;
	char text[512] = "";
	enum zv_err err = zv_control_parse(line, len, &request, text, sizeof(text));
	json_t *reply;

	if (err != ZV_OK) {
		reply_error(cl, err, text);
		return;
	}
	reply = json_pack("{s:b}", "ok", 1);
	if (reply == NULL) {
		reply_error(cl, ZV_ENOMEM, "");
		return;
	}
	request.ticket = ++c->tickets;
	if (request.cmd == ZV_CONTROL_VERSION)
		err = json_object_set_new(reply, "version", json_string(ZV_VERSION)) == 0
		              ? ZV_OK
		              : ZV_ENOMEM;
	else
		err = c->p.handle(c->p.arg, &request, reply, text, sizeof(text));
	if (err == ZV_OK) {
		client_reply(cl, reply);
	} else if (err == ZV_EAGAIN) {
		cl->waits = request.ticket;
		json_decref(reply);
	} else {
		json_decref(reply);
		reply_error(cl, err, text);
	}
}

/* Handles the first whole line, if there is one and the last reply is written. */
static bool take_line(struct zv_control *c, struct client *cl)
{
	char *end = memchr(cl->in, '\n', cl->in_len);
	size_t len;

	if (cl->out != NULL || cl->ending || cl->waits != 0)
		return false;
	if (end == NULL) {
		if (cl->in_len <= ZV_CONTROL_REQUEST_MAX)
			return false;
		/* where the next request would begin is not known: say so and end it */
		reply_error(cl, ZV_EPARSE, "request too long");
		cl->ending = true;
		return true;
	}
	len = (size_t)(end - cl->in);
	handle_line(c, cl, cl->in, len);
	cl->in_len -= len + 1;
	memmove(cl->in, end + 1, cl->in_len);
	return true;
}

/* false: the client is gone. */
static bool take_lines(struct zv_control *c, struct client *cl)
{
	while (take_line(c, cl)) {
		if (!client_flush(c, cl))
			return false;
	}
	return true;
}

static void client_serve(struct zv_control *c, struct client *cl)
{
	cl->touched = ++c->activity;
	if (!client_flush(c, cl) || !take_lines(c, cl))
		return;
	if (cl->out == NULL && cl->waits == 0) {
		/* without a whole line in it, `in` has room for one byte more at least */
		ssize_t n = recv(cl->fd, cl->in + cl->in_len, sizeof(cl->in) - cl->in_len, 0);

		if (n == 0 ||
		    (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
			client_drop(c, cl);
			return;
		}
		if (n > 0)
			cl->in_len += (size_t)n;
	}
	if (take_lines(c, cl))
		client_watch(c, cl);
}

void zv_control_answer(struct zv_control *control, uint64_t ticket, enum zv_err err, json_t *reply,
                       const char *text)
{
	for (size_t i = 0; i < ZV_CONTROL_CLIENTS_MAX; i++) {
		struct client *cl = &control->clients[i];

		if (cl->fd < 0 || cl->waits != ticket)
			continue;
		cl->waits = 0;
		if (err != ZV_OK) {
			reply_error(cl, err, text);
		} else {
			if (reply == NULL)
				reply = json_object();
			(void)json_object_set_new(reply, "ok", json_true());
			client_reply(cl, reply);
			reply = NULL;
		}
		if (client_flush(control, cl) && take_lines(control, cl))
			client_watch(control, cl);
		break;
	}
	json_decref(reply);
}

/* A free place, or that of the client that was quiet for longest. */
static struct client *client_place(struct zv_control *c)
{
	struct client *oldest = &c->clients[0];

	for (size_t i = 0; i < ZV_CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0)
			return &c->clients[i];
		if (c->clients[i].touched < oldest->touched)
			oldest = &c->clients[i];
	}
	client_drop(c, oldest);
	return oldest;
}

static void accept_clients(struct zv_control *c)
{
	/* no more than the table holds in one go, so that a flood cannot keep the loop here */
	for (size_t i = 0; i < ZV_CONTROL_CLIENTS_MAX; i++) {
		int fd = accept4(c->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct client *cl;
		struct epoll_event ev = {.events = EPOLLIN};

		if (fd < 0)
			return;
		cl = client_place(c);
		cl->fd = fd;
		cl->touched = ++c->activity;
		cl->in_len = 0;
		cl->out = NULL;
		cl->ending = false;
		cl->waits = 0;
		ev.data.u32 = (uint32_t)(cl - c->clients);
		if (epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
			client_drop(c, cl);
	}
}

void zv_control_serve(struct zv_control *control)
{
	struct epoll_event ready[ZV_CONTROL_CLIENTS_MAX + 1];
	int n = epoll_wait(control->epoll_fd, ready, ZV_CONTROL_CLIENTS_MAX + 1, 0);
	bool listener = false;

	for (int i = 0; i < n; i++) {
		uint32_t who = ready[i].data.u32;

		if (who == LISTENER)
			listener = true;
		else if (control->clients[who].fd >= 0)
			client_serve(control, &control->clients[who]);
	}
	/* last: a new client may take the place of one whose event stands in ready */
	if (listener)
		accept_clients(control);
}

int zv_control_fd(const struct zv_control *control)
{
	return control->epoll_fd;
}

/* ---- open and close ---- */

/* Somebody listens at addr? */
static bool is_alive(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true; /* in doubt it is not ours to remove */
	alive = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 ||
	        errno != ECONNREFUSED;
	(void)close(fd);
	return alive;
}

static enum zv_err bind_path(struct zv_control *c, char *text, size_t text_size)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct stat st;

	memcpy(addr.sun_path, c->path, sizeof(addr.sun_path));
	/* the mode of an unbound unix socket is the mode its file gets, so that there is no
	 * moment at which others could connect */
	if (fchmod(c->listen_fd, 0600) != 0)
		goto fail;
	if (bind(c->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return ZV_OK;
	if (errno != EADDRINUSE || lstat(c->path, &st) != 0)
		goto fail;
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(text, text_size, "%s is there and is no socket", c->path);
		return ZV_EIO;
	}
	if (is_alive(&addr)) {
		(void)snprintf(text, text_size, "%s: another zvonard listens there", c->path);
		return ZV_EEXIST;
	}
	if (unlink(c->path) == 0 &&
	    bind(c->listen_fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return ZV_OK;
fail:
	(void)snprintf(text, text_size, "%s: %s", c->path, strerror(errno));
	return ZV_EIO;
}

enum zv_err zv_control_open(const struct zv_control_params *params, char *text, size_t text_size,
                            struct zv_control **ret_control)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = LISTENER};
	struct zv_control *c;
	struct stat st;
	enum zv_err err;

	if (strlen(params->path) >= sizeof(c->path)) {
		(void)snprintf(text, text_size,
		               "control socket: a path below 108 bytes, not %.40s...",
		               params->path);
		return ZV_EINVAL;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return ZV_ENOMEM;
	c->p = *params;
	memcpy(c->path, params->path, strlen(params->path));
	for (size_t i = 0; i < ZV_CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->epoll_fd < 0 || c->listen_fd < 0) {
		(void)snprintf(text, text_size, "control socket: %s", strerror(errno));
		err = ZV_EIO;
		goto fail;
	}
	err = bind_path(c, text, text_size);
	if (err != ZV_OK)
		goto fail;
	if (lstat(c->path, &st) == 0) {
		c->dev = st.st_dev;
		c->ino = st.st_ino;
	}
	if (c->ino == 0 || listen(c->listen_fd, 16) != 0 ||
	    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, c->listen_fd, &ev) != 0) {
		(void)snprintf(text, text_size, "%s: %s", c->path, strerror(errno));
		err = ZV_EIO;
		goto fail;
	}
	c->p.path = c->path;
	*ret_control = c;
	return ZV_OK;
fail:
	zv_control_close(c);
	return err;
}

void zv_control_close(struct zv_control *control)
{
	struct stat st;

	if (control == NULL)
		return;
	for (size_t i = 0; i < ZV_CONTROL_CLIENTS_MAX; i++) {
		/* one try: the answer to `drain` or a last status may stand there */
		if (control->clients[i].fd >= 0 && client_flush(control, &control->clients[i]))
			client_drop(control, &control->clients[i]);
	}
	/* the file of a daemon that took our place is not ours */
	if (control->ino != 0 && lstat(control->path, &st) == 0 && st.st_dev == control->dev &&
	    st.st_ino == control->ino)
		(void)unlink(control->path);
	if (control->listen_fd >= 0)
		(void)close(control->listen_fd);
	if (control->epoll_fd >= 0)
		(void)close(control->epoll_fd);
	free(control);
}
